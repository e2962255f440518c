// SPDX-License-Identifier: Apache-2.0
//
// What clients send and hear, as text: a request, frames with a mask, frames without one.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/property/ws/stream_maker.h"

namespace ringway::session {

/// The example of RFC 6455 1.3, on the route of the harness.
inline constexpr std::string_view kRequest =
    "GET /echo HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// The same on the route in websocket mode, with one field that only this hop is meant for.
inline constexpr std::string_view kWsRequest =
    "GET /ws?q=1 HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Keep-Alive: 5\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n\r\n";

/// A backend's answer to it, or to kRequest.
inline constexpr std::string_view kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
/// How the gateway says it.
inline constexpr std::string_view kRelayedSwitching =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// A request's or an answer's head with more fields: whole lines with their ends.
inline std::string HeadWith(std::string_view head, std::string_view fields) {
  std::string longer(head.substr(0, head.size() - 2));
  return longer.append(fields).append("\r\n");
}

/// kRequest with more fields: whole lines with their ends.
inline std::string RequestWith(std::string_view fields) { return HeadWith(kRequest, fields); }

/// An unmasked frame, as a backend in websocket mode sends it; at most 65535 bytes of payload.
inline std::string ServerBytes(uint8_t first, std::string_view payload) {
  std::string bytes{static_cast<char>(first)};
  if (payload.size() < 126) {
    bytes.push_back(static_cast<char>(payload.size()));
  } else {
    bytes.push_back(126);
    bytes.push_back(static_cast<char>(payload.size() >> 8));
    bytes.push_back(static_cast<char>(payload.size()));
  }
  return bytes.append(payload);
}

/// A masked frame; `first` is FIN, RSV and opcode.
inline std::string ClientFrame(uint8_t first, std::string_view payload) {
  ws::Bytes bytes;
  ws::AppendFrame(&bytes, {.first = first, .payload = ws::BytesOf(payload)});
  return {bytes.begin(), bytes.end()};
}

inline std::string Text(std::string_view payload) { return ClientFrame(0x81, payload); }
inline std::string Binary(std::string_view payload) { return ClientFrame(0x82, payload); }
inline std::string Ping(std::string_view payload) { return ClientFrame(0x89, payload); }
inline std::string Pong(std::string_view payload) { return ClientFrame(0x8a, payload); }

/// The payload of a Close frame.
inline std::string ClosePayload(uint16_t code, std::string_view reason) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
  return payload.append(reason);
}
inline std::string Close(uint16_t code, std::string_view reason) {
  return ClientFrame(0x88, ClosePayload(code, reason));
}

/// A frame as a client hears it. Opcode 0: what came is not a whole, unmasked FIN frame with the
/// shortest length.
struct ServerFrame {
  uint8_t opcode = 0;
  std::string payload;

  friend bool operator==(const ServerFrame&, const ServerFrame&) = default;
  friend std::ostream& operator<<(std::ostream& out, const ServerFrame& frame) {
    return out << "opcode " << int{frame.opcode} << ", " << frame.payload.size()
               << " bytes: " << frame.payload.substr(0, 40);
  }
};

inline constexpr uint8_t kTextOpcode = 1;
inline constexpr uint8_t kBinaryOpcode = 2;
inline constexpr uint8_t kCloseOpcode = 8;
inline constexpr uint8_t kPingOpcode = 9;
inline constexpr uint8_t kPongOpcode = 10;

inline ServerFrame CloseFrame(uint16_t code, std::string_view reason) {
  return {kCloseOpcode, ClosePayload(code, reason)};
}

/// Reads one frame from the front of *rest (RFC 6455 5.2), the slow obvious way.
inline ServerFrame TakeServerFrame(std::string_view* rest) {
  const auto byte = [&](size_t at) { return static_cast<uint8_t>((*rest)[at]); };
  const ServerFrame wrong{0, std::string(*rest)};
  if (rest->size() < 2 || (byte(0) & 0xf0) != 0x80 || (byte(1) & 0x80) != 0) return wrong;
  const size_t length_bytes = byte(1) < 126 ? 0 : byte(1) == 126 ? 2 : 8;
  if (rest->size() < 2 + length_bytes) return wrong;
  uint64_t bytes = length_bytes == 0 ? byte(1) : 0;
  for (size_t i = 0; i < length_bytes; ++i) bytes = bytes << 8 | byte(2 + i);
  const uint64_t shortest = length_bytes == 0 ? 0 : length_bytes == 2 ? 126 : 65536;
  if (bytes < shortest || rest->size() - 2 - length_bytes < bytes) return wrong;
  ServerFrame frame{static_cast<uint8_t>(byte(0) & 0x0f),
                    std::string(rest->substr(2 + length_bytes, bytes))};
  rest->remove_prefix(2 + length_bytes + bytes);
  return frame;
}

inline std::vector<ServerFrame> ServerFrames(std::string_view bytes) {
  std::vector<ServerFrame> frames;
  while (!bytes.empty()) {
    frames.push_back(TakeServerFrame(&bytes));
    if (frames.back().opcode == 0) break;
  }
  return frames;
}

}  // namespace ringway::session
