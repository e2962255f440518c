// SPDX-License-Identifier: Apache-2.0
//
// tcp mode: frames in, bytes out; bytes in, frames out.
#include <cstring>
#include <utility>

#include "gateway/session/session.h"
#include "gateway/ws/frame_header.h"

namespace ringway::session {
namespace {

using base::LinkRole;

constexpr size_t kCarryBytesMax = 3;

// What is held back goes in front of the next receive, in its head-room.
static_assert(ws::kHeldBytesMax <= base::kHeadRoomBytes);
static_assert(ws::kHeldBytesMax <= kCellBytes);
static_assert(ws::kServerHeaderBytesMax + kCarryBytesMax <= base::kHeadRoomBytes);

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

bool Session::HoldFront(Environment& environment, std::span<const uint8_t> rest) {
  RINGWAY_CHECK_OP(rest.size(), <=, ws::kHeldBytesMax);
  const auto bytes = static_cast<uint32_t>(rest.size());
  held_.lease = HolderOf(environment.stores).Take(bytes);
  // What was received always has a place, also where the session's cell waits in its queue.
  if (!held_.lease) held_.lease = environment.stores.TakeQueueChunk();
  if (!held_.lease) return false;
  held_.bytes = bytes;
  held_.data = held_.lease.data();
  std::memcpy(held_.data, rest.data(), rest.size());
  return true;
}

void Session::PrependHeld(base::Piece& piece) {
  piece.data -= held_.bytes;
  piece.bytes += held_.bytes;
  std::memcpy(piece.data, held_.data, held_.bytes);
  held_ = {};
}

// Pongs are collected, so a receive full of pings costs one slice. When they do not fit, the older
// ones go: RFC 6455 5.5.3 lets the answer to the latest ping stand for all.
void Session::AnswerPing(Environment& environment, std::span<const uint8_t> payload,
                         std::span<uint8_t> room, uint32_t& pong_bytes) {
  environment.counters.pings_in.Add(1);
  if (close_sent_) return;
  if (pong_bytes + 2 + payload.size() > room.size()) {
    for (uint32_t at = 0; at < pong_bytes; at += 2U + room[at + 1]) {
      environment.counters.pings_skipped.Add(1);
    }
    pong_bytes = 0;
  }
  uint8_t* at = room.data() + pong_bytes;
  const size_t header = ws::BuildFrameHeader(ws::Opcode::kPong, payload.size(), {at, 2});
  std::memcpy(at + header, payload.data(), payload.size());
  pong_bytes += static_cast<uint32_t>(header + payload.size());
}

void Session::ForwardRun(base::Piece piece, uint8_t* run, uint8_t* run_end,
                         Environment& environment, Intents& intents) {
  const auto bytes = static_cast<uint32_t>(run_end - run);
  if (bytes == 0) return;
  if (backend_gone_) {
    environment.counters.bytes_discarded.Add(bytes);
    return;
  }
  piece.data = run;
  piece.bytes = bytes;
  intents.Send(LinkRole::kBackend, std::move(piece));
}

void Session::OnFrames(Environment& environment, base::Piece piece, Intents& intents) {
  if (held_.bytes > 0) PrependHeld(piece);
  std::span<uint8_t> input(piece.data, piece.bytes);
  uint8_t* const run = piece.data;
  uint8_t* run_end = run;
  ws::FrameReader& reader = std::get<Frames>(stream_).reader;
  uint32_t pong_bytes = 0;
  uint64_t messages = 0;
  ws::ReadEvent event;
  bool reading = true;
  while (reading && !input.empty()) {
    event = reader.Next(input, run_end, environment.rules);
    input = input.subspan(event.consumed);
    ++environment.frames_read;
    switch (event.step) {
      case ws::ReadStep::kPayload:
        run_end += event.payload.size();
        messages += event.message_end ? 1 : 0;
        break;
      case ws::ReadStep::kPing:
        AnswerPing(environment, event.payload, intents.pong_room(), pong_bytes);
        break;
      case ws::ReadStep::kPong:
        break;
      case ws::ReadStep::kNeedMore:
      case ws::ReadStep::kClose:
      case ws::ReadStep::kRefused:
        reading = false;
    }
  }
  messages_in_ += messages;
  environment.counters.messages_in.Add(messages);
  // WHY before the payload is forwarded: a Close's reason lies in the same buffer, and `piece`
  // keeps it alive; its intents must come after the data's.
  base::Lease keep = reading ? base::Lease() : piece.lease.Share();
  ForwardRun(std::move(piece), run, run_end, environment, intents);
  if (pong_bytes > 0) intents.Pongs(pong_bytes);
  if (reading) return;
  switch (event.step) {
    case ws::ReadStep::kNeedMore:
      if (!HoldFront(environment, input)) OnPoolExhausted(environment, intents);
      return;
    case ws::ReadStep::kClose:
      return OnClose(environment, event.payload, intents);
    default:
      return Fail(environment, event.refusal, event.refusal_reason, ReasonOf(event.refusal),
                  intents);
  }
}

// RFC 6455 5.5.1: the first Close is answered with its own code. What was received before it is
// already on its way to the backend, which gets a half-close behind it.
void Session::OnClose(Environment& environment, std::span<const uint8_t> payload,
                      Intents& intents) {
  environment.counters.closes_received.Add(1);
  const ws::ClosePayload close = ws::ParseClosePayload(payload);
  client_deaf_ = true;
  if (!close_sent_) SendClose(environment, close.code, close.reason, intents);
  intents.Finish(LinkRole::kBackend);
  intents.Finish(LinkRole::kClient);
  EnterClosing(environment,
               {.side = EndSide::kClient, .reason = EndReason::kClientClose, .code = close.code},
               intents);
}

// With frames = "text" a frame must end at a character's boundary: the front of a character whose
// rest has not come is carried over to the next frame. False: the session was failed, or nothing
// is left to send.
bool Session::CutText(Environment& environment, base::Piece& piece, Intents& intents) {
  auto& frames = std::get<Frames>(stream_);
  if (!frames.backend_text.Push({piece.data, piece.bytes})) {
    Fail(environment, ws::CloseCode::kInvalidPayload, "the backend sent text that is not UTF-8",
         EndReason::kInvalidPayload, intents);
    return false;
  }
  piece.data -= frames.carry_bytes;
  piece.bytes += frames.carry_bytes;
  std::memcpy(piece.data, frames.carry.data(), frames.carry_bytes);
  const size_t tail = ws::IncompleteTailBytes({piece.data, piece.bytes});
  piece.bytes -= static_cast<uint32_t>(tail);
  std::memcpy(frames.carry.data(), piece.data + piece.bytes, tail);
  frames.carry_bytes = static_cast<uint8_t>(tail);
  return piece.bytes > 0;
}

void Session::OnBackendBytes(Environment& environment, base::Piece piece, Intents& intents) {
  if (state_ != State::kOpen || close_sent_) {
    environment.counters.bytes_discarded.Add(piece.bytes);
    return;
  }
  const bool text = route_->frames == config::Frames::kText;
  if (text && !CutText(environment, piece, intents)) return;
  const auto header = static_cast<uint32_t>(ws::BuildFrameHeaderBefore(
      text ? ws::Opcode::kText : ws::Opcode::kBinary, piece.bytes, piece.data));
  piece.data -= header;
  piece.bytes += header;
  ++frames_out_;
  environment.counters.frames_out.Add(1);
  intents.Send(LinkRole::kClient, std::move(piece));
}

}  // namespace ringway::session
