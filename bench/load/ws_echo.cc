// SPDX-License-Identifier: Apache-2.0
//
// Echo of WebSocket frames, in place.
#include "bench/load/ws_echo.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/status/statusor.h"
#include "bench/load/handshake.h"

namespace ringway::load {
namespace {

constexpr const char* kRefusal =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

std::span<const uint8_t> AsBytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

FrameHead EchoOf(FrameHead head) {
  if (head.opcode == Opcode::kPing) head.opcode = Opcode::kPong;
  head.masked = false;
  return head;
}

}  // namespace

std::span<const uint8_t> WsEcho::Feed(std::span<uint8_t> input) {
  if (ended_) return {};
  return open_ ? EchoFrames(input) : Shake(input);
}

std::span<const uint8_t> WsEcho::Shake(std::span<uint8_t> input) {
  const size_t before = head_.size();
  head_.append(input.begin(), input.end());
  const size_t head_bytes = HeadBytes(head_);
  if (head_bytes == 0 && head_.size() <= kHandshakeBytesMax) return {};
  absl::StatusOr<std::string> answer = AnswerRequest(head_.substr(0, head_bytes));
  if (!answer.ok()) {
    ended_ = true;
    head_ = kRefusal;
    return AsBytes(head_);
  }
  open_ = true;
  // Frames may follow the request at once; their echo goes behind the answer.
  const std::span<const uint8_t> echo = EchoFrames(input.subspan(head_bytes - before));
  head_ = *std::move(answer);
  head_.append(echo.begin(), echo.end());
  return AsBytes(head_);
}

std::span<const uint8_t> WsEcho::EchoFrames(std::span<uint8_t> input) {
  echo_ = {};
  while (!input.empty() && !ended_) {
    std::array<uint8_t, kFrameHeadBytesMax> head;
    size_t head_bytes = 0;
    if (reader_.payload_left() == 0) {
      const FrameReader::Result result = reader_.TakeHead(input);
      if (result == FrameReader::Result::kNeedMore) break;
      ended_ = result == FrameReader::Result::kViolation;
      if (ended_) break;
      head_bytes = WriteFrameHead(EchoOf(reader_.head()), head);
    }
    const uint64_t offset = reader_.payload_offset();
    const std::span<uint8_t> payload = reader_.TakePayload(input);
    XorMask(payload, reader_.head().key, offset);
    if (reader_.head().opcode != Opcode::kPong) Append({head.data(), head_bytes}, payload);
    ended_ = reader_.head().opcode == Opcode::kClose && reader_.payload_left() == 0;
  }
  return echo_;
}

// The payload lies behind what has been put together so far. The first piece stays where it is and
// its header goes in front of it; what follows is drawn together.
void WsEcho::Append(std::span<const uint8_t> head, std::span<uint8_t> payload) {
  if (echo_.empty()) echo_ = {payload.data() - head.size(), 0};
  uint8_t* out = echo_.data() + echo_.size();
  out = std::copy(head.begin(), head.end(), out);
  if (out != payload.data()) std::memmove(out, payload.data(), payload.size());
  echo_ = {echo_.data(), out + payload.size()};
}

}  // namespace ringway::load
