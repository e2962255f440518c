// SPDX-License-Identifier: Apache-2.0
//
// The echo service's stream transform, with its input cut at every place.
#include "bench/load/ws_echo.h"

#include <gtest/gtest.h>

#include <vector>

#include "bench/load/handshake.h"

namespace ringway::load {
namespace {

std::string MaskedFrame(Opcode opcode, const std::string& payload) {
  FrameHead head;
  head.opcode = opcode;
  head.masked = true;
  head.key = {0xde, 0xad, 0xbe, 0xef};
  head.payload_bytes = payload.size();
  std::array<uint8_t, kFrameHeadBytesMax> bytes;
  std::string frame(bytes.begin(), bytes.begin() + WriteFrameHead(head, bytes));
  for (size_t i = 0; i < payload.size(); ++i) {
    frame += static_cast<char>(payload[i] ^ static_cast<char>(head.key[i % 4]));
  }
  return frame;
}

std::string PlainFrame(Opcode opcode, const std::string& payload) {
  FrameHead head;
  head.opcode = opcode;
  head.payload_bytes = payload.size();
  std::array<uint8_t, kFrameHeadBytesMax> bytes;
  return std::string(bytes.begin(), bytes.begin() + WriteFrameHead(head, bytes)) + payload;
}

// Feeds `text` with the head-room that the service promises.
std::string Feed(WsEcho& echo, const std::string& text) {
  std::vector<uint8_t> buffer(WsEcho::kHeadRoom + text.size());
  std::copy(text.begin(), text.end(), buffer.begin() + WsEcho::kHeadRoom);
  const std::span<const uint8_t> out = echo.Feed(std::span(buffer).subspan(WsEcho::kHeadRoom));
  return {out.begin(), out.end()};
}

std::string Request() { return BuildRequest(*ParseTarget("ws://127.0.0.1:1/"), MakeKey(1), {}); }

TEST(WsEcho, EchoesTheSameHoweverTheInputIsCut) {
  const std::string large(70'000, 'L');
  const std::string input =
      Request() + MaskedFrame(Opcode::kText, "hello") +
      MaskedFrame(Opcode::kPing, "are you there") + MaskedFrame(Opcode::kBinary, "") +
      MaskedFrame(Opcode::kPong, "ignored") + MaskedFrame(Opcode::kBinary, large) +
      MaskedFrame(Opcode::kClose, "\x03\xe8");
  const std::string expected =
      *AnswerRequest(Request()) + PlainFrame(Opcode::kText, "hello") +
      PlainFrame(Opcode::kPong, "are you there") + PlainFrame(Opcode::kBinary, "") +
      PlainFrame(Opcode::kBinary, large) + PlainFrame(Opcode::kClose, "\x03\xe8");
  for (size_t step : {1u, 2u, 3u, 5u, 64u, 1000u, 69'999u, 200'000u}) {
    WsEcho echo;
    std::string got;
    for (size_t at = 0; at < input.size(); at += step) got += Feed(echo, input.substr(at, step));
    EXPECT_EQ(got, expected) << step;
    EXPECT_TRUE(echo.ended());
  }
}

TEST(WsEcho, EndsOnAViolation) {
  WsEcho echo;
  Feed(echo, Request());
  EXPECT_EQ(Feed(echo, PlainFrame(Opcode::kText, "unmasked")), "");
  EXPECT_TRUE(echo.ended());
}

TEST(WsEcho, RefusesWhatIsNoHandshake) {
  WsEcho echo;
  EXPECT_EQ(Feed(echo, "GET / HTTP/1.1\r\n\r\n").substr(0, 12), "HTTP/1.1 400");
  EXPECT_TRUE(echo.ended());
}

}  // namespace
}  // namespace ringway::load
