// SPDX-License-Identifier: Apache-2.0
#include "gateway/session/client_frames.h"

#include <cstring>
#include <utility>

#include "gateway/session/held_head.h"
#include "gateway/session/last_word.h"
#include "gateway/ws/frame_header.h"

namespace ringway::session {
namespace {

using base::LinkRole;

// What is held back goes in front of the next receive, in its head-room.
static_assert(ws::kHeldBytesMax <= base::kHeadRoomBytes);
static_assert(ws::kHeldBytesMax <= kCellBytes && ws::kHeldBytesMax <= UINT8_MAX);

EndReason ReasonOf(ws::CloseCode code) {
  switch (code) {
    case ws::CloseCode::kInvalidPayload:
      return EndReason::kInvalidPayload;
    case ws::CloseCode::kTooBig:
      return EndReason::kTooBig;
    default:
      return EndReason::kProtocolError;
  }
}

}  // namespace

bool ClientFrames::HoldFront(const Call& call, std::span<const uint8_t> rest) {
  RINGWAY_CHECK_OP(rest.size(), <=, ws::kHeldBytesMax);
  const Holder holder{call.stores(), call.shell.slot, call.stores().held()};
  front_ = holder.Take(static_cast<uint32_t>(rest.size()));
  // What was received always has a place, also where the session's cell waits in its queue.
  if (!front_) front_ = call.stores().TakeQueueChunk();
  if (!front_) return false;
  front_bytes_ = static_cast<uint8_t>(rest.size());
  std::memcpy(front_.data(), rest.data(), rest.size());
  return true;
}

void ClientFrames::Prepend(base::Piece& piece) {
  piece.data -= front_bytes_;
  piece.bytes += front_bytes_;
  std::memcpy(piece.data, front_.data(), front_bytes_);
  front_bytes_ = 0;
  front_ = {};
}

// Pongs are collected, so a receive full of pings costs one slice. When they do not fit, the older
// ones go: RFC 6455 5.5.3 lets the answer to the latest ping stand for all.
void ClientFrames::AnswerPing(const Call& call, std::span<const uint8_t> payload,
                              uint32_t& pong_bytes) const {
  call.counters().pings_in.Add(1);
  if (close_sent_) return;
  const std::span<uint8_t> room = call.intents.pong_room();
  if (pong_bytes + 2 + payload.size() > room.size()) {
    for (uint32_t at = 0; at < pong_bytes; at += 2U + room[at + 1]) {
      call.counters().pings_skipped.Add(1);
    }
    pong_bytes = 0;
  }
  uint8_t* at = room.data() + pong_bytes;
  const size_t header = ws::BuildFrameHeader(ws::Opcode::kPong, payload.size(), {at, 2});
  std::memcpy(at + header, payload.data(), payload.size());
  pong_bytes += static_cast<uint32_t>(header + payload.size());
}

void ClientFrames::ForwardRun(const Call& call, base::Piece&& piece, uint8_t* run,
                              uint8_t* run_end) const {
  const auto bytes = static_cast<uint32_t>(run_end - run);
  if (bytes == 0) return;
  if (backend_gone_) {
    call.counters().bytes_discarded.Add(bytes);
    return;
  }
  piece.data = run;
  piece.bytes = bytes;
  call.intents.Send(LinkRole::kBackend, std::move(piece));
}

Next ClientFrames::Read(const Call& call, base::Piece&& piece) {
  if (front_bytes_ > 0) Prepend(piece);
  std::span<uint8_t> input(piece.data, piece.bytes);
  uint8_t* const run = piece.data;
  uint8_t* run_end = run;
  const ws::ReaderRules& rules = call.snapshot().rules;
  uint32_t pong_bytes = 0;
  uint64_t messages = 0;
  ws::ReadEvent event;
  bool reading = true;
  while (reading && !input.empty()) {
    event = reader_.Next(input, run_end, rules);
    input = input.subspan(event.consumed);
    ++call.environment.frames_read;
    switch (event.step) {
      case ws::ReadStep::kPayload:
        run_end += event.payload.size();
        messages += event.message_end ? 1 : 0;
        break;
      case ws::ReadStep::kPing:
        AnswerPing(call, event.payload, pong_bytes);
        break;
      case ws::ReadStep::kPong:
        break;
      case ws::ReadStep::kNeedMore:
      case ws::ReadStep::kClose:
      case ws::ReadStep::kRefused:
        reading = false;
    }
  }
  call.shell.messages_in += messages;
  call.counters().messages_in.Add(messages);
  // WHY before the payload is forwarded: a Close's reason lies in the same buffer, and `piece`
  // keeps it alive; its intents must come after the data's.
  base::Lease keep = reading ? base::Lease() : piece.lease.Share();
  ForwardRun(call, std::move(piece), run, run_end);
  if (pong_bytes > 0) call.intents.Pongs(pong_bytes);
  if (reading) return Next::kStay;
  switch (event.step) {
    case ws::ReadStep::kNeedMore:
      return HoldFront(call, input) ? Next::kStay : OnExhausted(call);
    case ws::ReadStep::kClose:
      return OnClose(call, event.payload);
    default:
      return Fail(call, event.refusal, event.refusal_reason, ReasonOf(event.refusal));
  }
}

// RFC 6455 5.5.1: the first Close is answered with its own code. What was received before it is
// already on its way to the backend, which gets a half-close behind it.
Next ClientFrames::OnClose(const Call& call, std::span<const uint8_t> payload) {
  call.counters().closes_received.Add(1);
  const ws::ClosePayload close = ws::ParseClosePayload(payload);
  if (!std::exchange(close_sent_, true)) SendClose(call, close.code, close.reason);
  call.intents.Finish(LinkRole::kBackend);
  call.intents.Finish(LinkRole::kClient);
  return Close(call,
               {.side = EndSide::kClient, .reason = EndReason::kClientClose, .code = close.code});
}

Next ClientFrames::Fail(const Call& call, ws::CloseCode code, std::string_view reason,
                        EndReason end_reason) {
  base::Counters& counters = call.counters();
  if (end_reason == EndReason::kProtocolError) counters.protocol_errors.Add(1);
  if (end_reason == EndReason::kInvalidPayload) counters.invalid_payloads.Add(1);
  if (end_reason == EndReason::kTooBig) counters.too_big.Add(1);
  if (!std::exchange(close_sent_, true)) SendClose(call, static_cast<uint16_t>(code), reason);
  call.intents.Finish(LinkRole::kBackend);
  call.intents.Finish(LinkRole::kClient);
  return Close(call, ByGateway(end_reason, code));
}

Next ClientFrames::CloseInOrder(const Call& call, ws::CloseCode code, std::string_view reason,
                                const Ending& ending) {
  if (!std::exchange(close_sent_, true)) SendClose(call, static_cast<uint16_t>(code), reason);
  return Close(call, ending, Hearing::kHears);
}

Next ClientFrames::OnExhausted(const Call& call) {
  call.counters().pool_exhausted.Add(1);
  if (!close_sent_) {
    return Fail(call, ws::CloseCode::kTryAgainLater,
                "the gateway has no memory left for this session", EndReason::kPoolExhausted);
  }
  call.intents.Drop(LinkRole::kBackend);
  call.intents.Drop(LinkRole::kClient);
  return Next::kStay;
}

}  // namespace ringway::session
