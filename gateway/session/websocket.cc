// SPDX-License-Identifier: Apache-2.0
//
// websocket mode: the handshake is forwarded and the backend's answer relayed. Behind a 101 bytes
// pass as they are, in both directions; behind any other answer the client may ask again.
#include <cstring>
#include <utility>

#include "gateway/base/address_range.h"
#include "gateway/http/backend_refusals.h"
#include "gateway/http/forward_head.h"
#include "gateway/http/relayed_response.h"
#include "gateway/http/switching_check.h"
#include "gateway/session/held_head.h"
#include "gateway/session/session.h"

namespace ringway::session {
namespace {

using base::BufferClass;
using base::LinkRole;

/// Behind the front of a request in two parts, and not sent.
constexpr uint32_t kBlankLineBytes = 2;

/// 1xx answers in front of one that counts; 103 comes once or twice.
constexpr uint8_t kInterimMax = 8;

std::span<char> TextRoom(const base::Lease& lease, BufferClass c) {
  return {reinterpret_cast<char*>(lease.data()), base::kBufferBytes[static_cast<size_t>(c)]};
}

}  // namespace

bool Session::PrepareForwarding(Environment& environment, const http::RequestHead& head,
                                Intents& intents) {
  stream_.emplace<Answer>().request_keeps = head.keep_alive;
  flow::Stores& stores = environment.stores;
  answer_ = stores.TakeHeldChunk(stores.backend(route_->backend_index));
  if (!answer_) {
    environment.counters.handshakes_over_share.Add(1);
    RefuseWith(environment, http::kBackendHandshakesTooMany, intents);
    return false;
  }
  const base::SocketAddress sender = SenderOf(environment);
  const bool is_trusted = !sender_is_unknown_ && IsTrusted(environment, sender);
  const http::Forwarding forwarding{
      .backend_host = route_->backend_host,
      .sender = sender,
      .trust = is_trusted ? http::SenderTrust::kTrusted : http::SenderTrust::kNone};
  const std::span<char> out = TextRoom(answer_, BufferClass::kChunk);
  answer_bytes_ =
      static_cast<uint16_t>(http::BuildForwardedRequest(head, TextOf(held_), forwarding, out));
  if (answer_bytes_ > 0) {
    KeepHost(head.host, kChunkBytes);
    return true;
  }
  // In two parts, then. It leaves no room for a host behind it, and what is added fits into a cell
  // but for long lists of a trusted proxy.
  const Holder holder{stores, slot_, stores.backend(route_->backend_index)};
  auto& answer = std::get<Answer>(stream_);
  host_bytes_ = 0;
  for (const uint32_t bytes : {kCellBytes, kChunkBytes}) {
    answer.back = holder.Take(bytes);
    if (!answer.back) {
      environment.counters.handshakes_over_share.Add(1);
      RefuseWith(environment, http::kBackendHandshakesTooMany, intents);
      return false;
    }
    const BufferClass c = stores.arena().ClassOf(answer.back.id());
    const http::ForwardedParts parts =
        http::BuildForwardedParts(head, TextOf(held_), forwarding, out, TextRoom(answer.back, c));
    answer_bytes_ = static_cast<uint16_t>(parts.front_bytes);
    answer.back_bytes = static_cast<uint16_t>(parts.back_bytes);
    if (answer_bytes_ > 0) return true;
  }
  RefuseWith(environment, http::kNotForwardable, intents);
  return false;
}

void Session::SendRequest(Environment& environment, Intents& intents) {
  state_ = State::kAnswering;
  state_since_ns_ = environment.now_ns;
  base::Piece request{.lease = answer_.Share(), .data = answer_.data(), .bytes = answer_bytes_};
  intents.Send(LinkRole::kBackend, std::move(request));
  auto& answer = std::get<Answer>(stream_);
  if (answer.back) {
    base::Piece back{.lease = std::move(answer.back), .bytes = answer.back_bytes};
    back.data = back.lease.data();
    intents.Send(LinkRole::kBackend, std::move(back));
  }
  intents.Timer(NextDueNs(environment));
}

void Session::OnAnswerBytes(Environment& environment, base::Piece piece, Intents& intents) {
  auto& answer = std::get<Answer>(stream_);
  while (piece.bytes > 0) {
    const uint32_t bytes_before = answer.head.bytes;
    base::Piece rest{.lease = piece.lease.Share(), .data = piece.data, .bytes = piece.bytes};
    if (bytes_before == 0) {
      answer.head = std::move(piece);
    } else if (!AppendToHeld(HolderOf(environment.stores), piece, &answer.head)) {
      return OnPoolExhausted(environment, intents);
    }
    http::ResponseHead head;
    http::Refusal refusal;
    const size_t bytes_max = environment.limits.head_bytes_max;
    switch (http::ParseResponseHead(TextOf(answer.head), bytes_max, &head, &refusal)) {
      case http::HeadResult::kNeedMore:
        if (bytes_before == 0 && !Hold(HolderOf(environment.stores), answer.head, &answer.head)) {
          OnPoolExhausted(environment, intents);
        }
        return;
      case http::HeadResult::kRefused:
        return RefuseAnswer(environment, refusal, intents);
      case http::HeadResult::kWhole:
        break;
    }
    // The head was not whole without this piece, so what is behind it lies in this piece.
    const auto taken = static_cast<uint32_t>(head.head_bytes - bytes_before);
    rest.data += taken;
    rest.bytes -= taken;
    const base::Piece whole = std::exchange(answer.head, {});
    if (!head.IsInterim()) {
      return OnAnswer(environment, head, {.head = TextOf(whole), .rest = std::move(rest)}, intents);
    }
    if (++answer.interim_count > kInterimMax) {
      return RefuseAnswer(environment, http::kBackendInterimTooMany, intents);
    }
    piece = std::move(rest);
  }
}

void Session::OnAnswer(Environment& environment, const http::ResponseHead& head, RawAnswer raw,
                       Intents& intents) {
  auto& answer = std::get<Answer>(stream_);
  answered_status_ = head.status;
  if (head.status == static_cast<uint16_t>(http::Status::kSwitchingProtocols)) {
    return OnSwitching(environment, head, std::move(raw), intents);
  }
  answer.keeps_client =
      answer.request_keeps && head.framing != http::BodyFraming::kUntilClose && !ends_after_answer_;
  if (!SendHead(environment, head, raw.head, intents)) return;
  answer_ = {};
  answer.body.Begin(head.framing, head.body_bytes);
  state_ = State::kRelaying;
  state_since_ns_ = environment.now_ns;
  intents.Timer(NextDueNs(environment));
  if (answer.body.IsComplete()) return EndAnswer(environment, intents);
  if (raw.rest.bytes > 0) OnBodyBytes(environment, std::move(raw.rest), intents);
}

void Session::OnSwitching(Environment& environment, const http::ResponseHead& head, RawAnswer raw,
                          Intents& intents) {
  const uint32_t blank_bytes =
      std::get<Answer>(stream_).back_bytes > 0 ? kBlankLineBytes : uint32_t{0};
  const http::RequestHead request = http::ReadForwardedOffer(
      {reinterpret_cast<const char*>(answer_.data()), answer_bytes_ + blank_bytes});
  http::Refusal refusal;
  if (http::CheckSwitching(head, request, &refusal) != http::SwitchingResult::kGood) {
    return RefuseAnswer(environment, refusal, intents);
  }
  if (!SendHead(environment, head, raw.head, intents)) return;
  answer_ = {};
  stream_.emplace<Passage>();
  Open(environment);
  intents.Timer(NextDueNs(environment));
  if (raw.rest.bytes > 0) {
    OnPassing(environment, LinkRole::kBackend, std::move(raw.rest), intents);
  }
  base::Piece leftover = std::exchange(held_, {});
  if (leftover.bytes > 0 && state_ == State::kOpen) {
    OnPassing(environment, LinkRole::kClient, std::move(leftover), intents);
  }
}

// Most heads fit into a cell.
bool Session::SendHead(Environment& environment, const http::ResponseHead& head,
                       std::string_view raw, Intents& intents) {
  const auto* answer = std::get_if<Answer>(&stream_);
  const auto after = answer != nullptr && answer->keeps_client ? http::AfterAnswer::kKeepOpen
                                                               : http::AfterAnswer::kClose;
  base::Piece piece;
  for (const BufferClass c : {BufferClass::kCell, BufferClass::kChunk}) {
    piece.lease = c == BufferClass::kCell ? environment.stores.TakeForQueue(slot_)
                                          : environment.stores.TakeQueueChunk();
    if (!piece.lease) {
      OnPoolExhausted(environment, intents);
      return false;
    }
    piece.data = piece.lease.data();
    piece.bytes = static_cast<uint32_t>(
        http::BuildRelayedResponse(head, raw, after, TextRoom(piece.lease, c)));
    if (piece.bytes > 0) break;
  }
  if (piece.bytes == 0) {
    RefuseAnswer(environment, http::kBackendNotRelayable, intents);
    return false;
  }
  intents.Send(LinkRole::kClient, std::move(piece));
  return true;
}

void Session::OnBodyBytes(Environment& environment, base::Piece piece, Intents& intents) {
  // What is behind the body is nobody's, so the body may be made shorter in the piece itself.
  const std::span<char> text{reinterpret_cast<char*>(piece.data), piece.bytes};
  const http::BodyStep step = std::get<Answer>(stream_).body.Consume(text);
  piece.bytes = static_cast<uint32_t>(step.kept_bytes);
  if (piece.bytes > 0) {
    intents.Send(LinkRole::kClient, std::move(piece));
  }
  switch (step.result) {
    case http::BodyResult::kNeedMore:
      return;
    case http::BodyResult::kComplete:
      return EndAnswer(environment, intents);
    case http::BodyResult::kMalformed:
      return CutAnswer(environment, EndReason::kBadAnswer, intents);
  }
}

void Session::EndAnswer(Environment& environment, Intents& intents) {
  environment.counters.answers_relayed.Add(1);
  const bool keeps_client = std::get<Answer>(stream_).keeps_client && !ends_after_answer_;
  intents.Drop(LinkRole::kBackend);
  if (!keeps_client) {
    client_deaf_ = true;
    held_ = {};
    intents.Finish(LinkRole::kClient);
    return EnterClosing(environment, {EndSide::kBackend, EndReason::kAnswered, answered_status_},
                        intents);
  }
  LeaveServer(environment);
  LeaveRoute(environment);
  LeaveGateway(environment);
  state_ = State::kHandshake;
  state_since_ns_ = environment.now_ns;
  awaits_backend_gone_ = true;
  intents.Timer(NextDueNs(environment));
}

// What came is delivered, and then the end, in front of the one that the head has promised.
void Session::CutAnswer(Environment& environment, EndReason reason, Intents& intents) {
  const bool is_bad = reason == EndReason::kBadAnswer;
  if (is_bad) environment.counters.answers_refused.Add(1);
  client_deaf_ = true;
  held_ = {};
  intents.Drop(LinkRole::kBackend);
  intents.Finish(LinkRole::kClient);
  const EndSide side = is_bad ? EndSide::kBackend : EndSide::kGateway;
  EnterClosing(environment, {side, reason, answered_status_}, intents);
}

void Session::RefuseAnswer(Environment& environment, const http::Refusal& refusal,
                           Intents& intents) {
  environment.counters.answers_refused.Add(1);
  intents.Drop(LinkRole::kBackend);
  Refuse(environment, refusal,
         {.side = EndSide::kBackend,
          .reason = EndReason::kBadAnswer,
          .code = static_cast<uint16_t>(refusal.status)},
         intents);
}

void Session::OnBackendGone(Environment& environment, Intents& intents) {
  if (std::exchange(redials_, false)) {
    return OnDialFailed(environment, http::kBackendTooSlow.reason, NextServer::kTry, intents);
  }
  if (!std::exchange(awaits_backend_gone_, false) || state_ != State::kHandshake) return;
  state_since_ns_ = environment.now_ns;
  base::Piece leftover = std::exchange(held_, {});
  if (leftover.bytes > 0) OnRequestBytes(environment, std::move(leftover), intents);
  if (state_ == State::kHandshake) intents.Timer(NextDueNs(environment));
}

void Session::OnPassing(Environment& environment, LinkRole from, base::Piece piece,
                        Intents& intents) {
  if (state_ != State::kOpen) {
    environment.counters.bytes_discarded.Add(piece.bytes);
    return;
  }
  if (route_->inspect == config::Inspect::kOff) {
    return intents.Send(Opposite(from), std::move(piece));
  }
  auto& passage = std::get<Passage>(stream_);
  ws::HeaderFollower& follower =
      from == LinkRole::kClient ? passage.from_client : passage.from_backend;
  const bool was_between_frames = follower.at_frame_boundary();
  const ws::Followed followed = follower.Follow({piece.data, piece.bytes}, environment.rules);
  environment.frames_read += followed.frames;
  if (from == LinkRole::kClient) {
    messages_in_ += followed.messages;
    environment.counters.messages_in.Add(followed.messages);
  } else {
    frames_out_ += followed.frames;
    environment.counters.frames_out.Add(followed.frames);
  }
  piece.bytes = static_cast<uint32_t>(followed.passed_bytes);
  if (piece.bytes > 0) intents.Send(Opposite(from), std::move(piece));
  if (followed.fault == ws::FollowFault::kNone) return;
  const ws::CloseCode code = ws::RefusalCode(followed.fault);
  const bool is_too_big = code == ws::CloseCode::kTooBig;
  (is_too_big ? environment.counters.too_big : environment.counters.protocol_errors).Add(1);
  const bool is_backend = from == LinkRole::kBackend;
  // The faulty frame is held back whole, so that a Close may stand in its place.
  const bool is_whole = was_between_frames || followed.passed_bytes > 0;
  if (is_backend && is_whole && !follower.close_seen()) {
    follower = ws::HeaderFollower(ws::Direction::kFromBackend);
  }
  EndPassage(environment, code, ws::RefusalReason(followed.fault),
             {.side = is_backend && !is_too_big ? EndSide::kBackend : EndSide::kGateway,
              .reason = is_too_big ? EndReason::kTooBig : EndReason::kProtocolError,
              .code = static_cast<uint16_t>(code)},
             intents);
}

// A FIN is passed on behind the bytes before it, and the other direction goes on.
void Session::OnPassageEnd(Environment& environment, LinkRole from, LinkEnd end, Intents& intents) {
  const bool is_client = from == LinkRole::kClient;
  // Behind the backend's FIN, and to a client that is gone, no Close can be sent any more.
  if (is_client == (end == LinkEnd::kReset)) close_sent_ = true;
  if (end == LinkEnd::kReset) {
    (is_client ? environment.counters.client_resets : environment.counters.backend_resets).Add(1);
    constexpr auto kAbnormal = static_cast<uint16_t>(ws::CloseCode::kAbnormal);
    constexpr auto kCode = ws::CloseCode::kInternalError;
    const Ending ending = is_client ? Ending{EndSide::kClient, EndReason::kClientGone, kAbnormal}
                                    : Ending{EndSide::kBackend, EndReason::kBackendReset,
                                             static_cast<uint16_t>(kCode)};
    return EndPassage(environment, kCode, "the backend reset the connection", ending, intents);
  }
  intents.Finish(Opposite(from));
  const Ending ending = is_client ? Ending{EndSide::kClient, EndReason::kClientEnd, 0}
                                  : Ending{EndSide::kBackend, EndReason::kBackendEnd, 0};
  if (ending_.reason == EndReason::kNone) ending_ = ending;
  if (std::exchange(half_closed_, true)) EnterClosing(environment, ending, intents);
}

// Only where the gateway has followed the frames does it know where one of its own may stand.
void Session::EndPassage(Environment& environment, ws::CloseCode code, std::string_view reason,
                         Ending ending, Intents& intents) {
  const auto* passage = std::get_if<Passage>(&stream_);
  const bool may_close = passage != nullptr && route_->inspect == config::Inspect::kHeaders &&
                         passage->from_backend.at_frame_boundary() &&
                         !passage->from_backend.close_seen() && !close_sent_;
  if (may_close) SendClose(environment, static_cast<uint16_t>(code), reason, intents);
  intents.Finish(LinkRole::kBackend);
  intents.Finish(LinkRole::kClient);
  EnterClosing(environment, ending, intents);
}

bool SessionBytes::CanSplice(LinkRole from) const {
  if (state_ != State::kOpen || route_->splice == config::Splice::kOff) return false;
  if (route_->mode == config::Mode::kWebSocket) return route_->inspect == config::Inspect::kOff;
  return from == LinkRole::kBackend && route_->frames == config::Frames::kBinary && !close_sent_;
}

size_t Session::OnSplice(Environment& environment, LinkRole from, uint32_t bytes,
                         std::span<uint8_t> ahead) {
  (from == LinkRole::kClient ? client_active_ns_ : backend_active_ns_) = environment.now_ns;
  if (route_->mode == config::Mode::kWebSocket) return 0;
  ++frames_out_;
  environment.counters.frames_out.Add(1);
  return ws::BuildFrameHeader(ws::Opcode::kBinary, bytes, ahead);
}

}  // namespace ringway::session
