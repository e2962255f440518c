// SPDX-License-Identifier: Apache-2.0
#include "gateway/session/answering.h"

#include <utility>

#include "gateway/http/backend_refusals.h"
#include "gateway/http/forward_head.h"
#include "gateway/http/relayed_response.h"
#include "gateway/http/switching_check.h"
#include "gateway/session/held_head.h"
#include "gateway/session/last_word.h"

namespace ringway::session {
namespace {

using base::BufferClass;
using base::LinkRole;

/// Behind the front of a request in two parts, and not sent.
constexpr uint32_t kBlankLineBytes = 2;

/// 1xx answers in front of one that counts; 103 comes once or twice.
constexpr uint8_t kInterimMax = 8;

Holder HolderOf(const Call& call) {
  return {call.stores(), call.shell.slot, call.stores().backend(call.route().backend_index)};
}

}  // namespace

Next Answering::Begin(const Call& call, Handover&& handover) {
  request_ = std::move(handover.lease);
  request_bytes_ = handover.lease_bytes;
  behind_ = std::move(handover.piece.lease);
  behind_bytes_ = static_cast<uint16_t>(handover.piece.bytes);
  request_keeps_ = handover.keeps_client;
  in_two_parts_ = handover.in_two_parts;
  return call.WaitUntil(DueNs(call));
}

Next Answering::OnBytes(const Call& call, LinkRole from, base::Piece&& piece) {
  if (from == LinkRole::kClient) return call.Discard(piece.bytes);  // it is not read
  while (piece.bytes > 0) {
    const uint32_t bytes_before = head_.bytes;
    base::Piece rest{.lease = piece.lease.Share(), .data = piece.data, .bytes = piece.bytes};
    if (bytes_before == 0) {
      head_ = std::move(piece);
    } else if (!AppendToHeld(HolderOf(call), piece, &head_)) {
      return OnExhausted(call);
    }
    http::ResponseHead head;
    http::Refusal refusal;
    switch (http::ParseResponseHead(TextOf(head_), call.limits().head_bytes_max, &head, &refusal)) {
      case http::HeadResult::kNeedMore:
        if (bytes_before > 0 || Hold(HolderOf(call), head_, &head_)) return Next::kStay;
        return OnExhausted(call);
      case http::HeadResult::kRefused:
        return Refuse(call, refusal);
      case http::HeadResult::kWhole:
        break;
    }
    // The head was not whole without this piece, so what is behind it lies in this piece.
    const auto taken = static_cast<uint32_t>(head.head_bytes - bytes_before);
    rest.data += taken;
    rest.bytes -= taken;
    const base::Piece whole = std::exchange(head_, {});
    if (!head.IsInterim()) return OnAnswer(call, head, TextOf(whole), std::move(rest));
    if (++interim_count_ > kInterimMax) return Refuse(call, http::kBackendInterimTooMany);
    piece = std::move(rest);
  }
  return Next::kStay;
}

Next Answering::OnAnswer(const Call& call, const http::ResponseHead& head, std::string_view raw,
                         base::Piece&& rest) {
  call.shell.answered_status = head.status;
  if (head.status == static_cast<uint16_t>(http::Status::kSwitchingProtocols)) {
    return OnSwitching(call, head, raw, std::move(rest));
  }
  const bool keeps_client = request_keeps_ && head.framing != http::BodyFraming::kUntilClose &&
                            !call.shell.ends_after_answer;
  const Next next = SendHead(
      call, head, raw, keeps_client ? http::AfterAnswer::kKeepOpen : http::AfterAnswer::kClose);
  if (next != Next::kStay) return next;
  return call.Go(Next::kRelaying, {.piece = std::move(rest),
                                   .lease = std::move(behind_),
                                   .body_bytes = head.body_bytes,
                                   .lease_bytes = behind_bytes_,
                                   .framing = head.framing,
                                   .keeps_client = keeps_client});
}

Next Answering::OnSwitching(const Call& call, const http::ResponseHead& head, std::string_view raw,
                            base::Piece&& rest) {
  const uint32_t blank_bytes = in_two_parts_ ? kBlankLineBytes : 0;
  const http::RequestHead request = http::ReadForwardedOffer(
      {reinterpret_cast<const char*>(request_.data()), request_bytes_ + blank_bytes});
  http::Refusal refusal;
  if (http::CheckSwitching(head, request, &refusal) != http::SwitchingResult::kGood) {
    return Refuse(call, refusal);
  }
  const Next next = SendHead(call, head, raw, http::AfterAnswer::kClose);
  if (next != Next::kStay) return next;
  return call.Go(
      Next::kPassage,
      {.piece = std::move(rest), .lease = std::move(behind_), .lease_bytes = behind_bytes_});
}

// Most heads fit into a cell. kStay: it is on its way.
Next Answering::SendHead(const Call& call, const http::ResponseHead& head, std::string_view raw,
                         http::AfterAnswer after) {
  base::Piece piece;
  for (const BufferClass c : {BufferClass::kCell, BufferClass::kChunk}) {
    piece.lease = c == BufferClass::kCell ? call.stores().TakeForQueue(call.shell.slot)
                                          : call.stores().TakeQueueChunk();
    if (!piece.lease) return OnExhausted(call);
    piece.data = piece.lease.data();
    const std::span<char> room{reinterpret_cast<char*>(piece.data),
                               base::kBufferBytes[static_cast<size_t>(c)]};
    piece.bytes = static_cast<uint32_t>(http::BuildRelayedResponse(head, raw, after, room));
    if (piece.bytes > 0) break;
  }
  if (piece.bytes == 0) return Refuse(call, http::kBackendNotRelayable);
  call.intents.Send(LinkRole::kClient, std::move(piece));
  return Next::kStay;
}

Next Answering::Refuse(const Call& call, const http::Refusal& refusal) {
  call.counters().answers_refused.Add(1);
  call.intents.Drop(LinkRole::kBackend);
  return session::Refuse(call, refusal,
                         {.side = EndSide::kBackend,
                          .reason = EndReason::kBadAnswer,
                          .code = static_cast<uint16_t>(refusal.status)});
}

Next Answering::OnEnd(const Call& call, LinkRole from, LinkEnd /*end*/) {
  return from == LinkRole::kClient ? Abandon(call) : Refuse(call, http::kBackendClosedEarly);
}

Next Answering::OnDue(const Call& call, ClientLook /*client*/) {
  if (const uint64_t due = DueNs(call); call.now_ns() < due) return call.WaitUntil(due);
  call.counters().answers_timed_out.Add(1);
  call.intents.Drop(LinkRole::kBackend);
  return session::Refuse(call, http::kBackendAnswerTooSlow,
                         {EndSide::kBackend, EndReason::kAnswerTimeout,
                          static_cast<uint16_t>(http::kBackendAnswerTooSlow.status)});
}

Next Answering::OnDrain(const Call& call) { return RefuseForDrain(call); }

Next Answering::OnExhausted(const Call& call) { return RefuseForMemory(call); }

uint64_t Answering::DueNs(const Call& call) const {
  return After(call.SinceNs(), call.limits().handshake_timeout_ns);
}

}  // namespace ringway::session
