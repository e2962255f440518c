// SPDX-License-Identifier: Apache-2.0
//
// Whatever a backend sends, and however the network cuts it: the client gets exactly that, in
// frames that keep the rules; with frames = "text" exactly as far as it is text.
#include <gtest/gtest.h>

#include <string>

#include "tests/property/session/pieces.h"
#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

constexpr HarnessOptions kTextRoute{.route = "frames = \"text\""};

/// Feeds all of `bytes` from the backend, or until the session closes; returns how many.
size_t Play(const std::string& bytes, ws::StreamMaker& maker, Harness& harness) {
  Network network(maker, bytes.size());
  size_t at = 0;
  while (at < bytes.size() && harness.state() == State::kOpen) {
    const Receive receive = network.Next(bytes.size() - at);
    harness.Feed(kBackend, std::string_view(bytes).substr(at, receive.bytes), receive.buffer_class);
    at += receive.bytes;
  }
  return at;
}

/// The payload of the data frames, each checked; *close is the frame behind them.
std::string Heard(const Harness& harness, uint8_t opcode, ServerFrame* close) {
  std::string heard;
  std::vector<ServerFrame> frames = harness.FramesToClient();
  if (!frames.empty() && frames.back().opcode == kCloseOpcode) {
    *close = frames.back();
    frames.pop_back();
  }
  for (const ServerFrame& frame : frames) {
    EXPECT_EQ(frame.opcode, opcode) << frame;
    EXPECT_FALSE(frame.payload.empty());
    if (opcode == kTextOpcode) {
      EXPECT_TRUE(ws::IsUtf8(ws::BytesOf(frame.payload))) << frame;
    }
    heard += frame.payload;
  }
  return heard;
}

size_t RandomSize(ws::StreamMaker& maker) {
  constexpr size_t kSizes[] = {1, 2, 3, 50, 400, 5000, 140000};
  return kSizes[maker.Below(std::size(kSizes))];
}

TEST(BackendBytes, AllReachTheClientInBinaryFrames) {
  Harness harness;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    ws::StreamMaker maker(seed);
    std::string bytes(RandomSize(maker), '\0');
    for (char& byte : bytes) byte = static_cast<char>(maker.Below(256));
    harness.Accept();
    harness.Open();
    Play(bytes, maker, harness);
    harness.End(kBackend, LinkEnd::kFin);
    ServerFrame close;
    ASSERT_TRUE(Heard(harness, kBinaryOpcode, &close) == bytes) << "other bytes were heard";
    ASSERT_EQ(close, CloseFrame(1000, ""));
  }
}

TEST(BackendText, ReachesTheClientInFramesOfWholeCharacters) {
  Harness harness(kTextRoute);
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    ws::StreamMaker maker(seed);
    const ws::Bytes text = maker.Text(RandomSize(maker) / 2 + 1);
    const std::string bytes(text.begin(), text.end());
    harness.Accept();
    harness.Open();
    Play(bytes, maker, harness);
    harness.End(kBackend, LinkEnd::kFin);
    ServerFrame close;
    ASSERT_TRUE(Heard(harness, kTextOpcode, &close) == bytes) << "other text was heard";
    ASSERT_EQ(close, CloseFrame(1000, ""));
  }
}

TEST(BackendText, IsBelievedAsFarAsItIsText) {
  Harness harness(kTextRoute);
  int bad = 0;
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    ws::StreamMaker maker(seed);
    ws::Bytes text = maker.Text(1 + maker.Below(100));
    uint8_t& damaged = text[maker.Below(text.size())];
    damaged = static_cast<uint8_t>(damaged ^ (1 << maker.Below(8)));
    if (maker.Below(2) == 0) text.resize(1 + maker.Below(text.size()));
    const ws::oracle::TextVerdict verdict = ws::oracle::JudgeText(text);
    const std::string bytes(text.begin(), text.end());
    harness.Accept();
    harness.Open();
    const size_t fed = Play(bytes, maker, harness);
    const bool refused = harness.state() == State::kClosing;
    ASSERT_EQ(refused, verdict.valid_bytes < bytes.size());
    ASSERT_TRUE(!refused || fed > verdict.valid_bytes);
    harness.End(kBackend, LinkEnd::kFin);
    const bool good = !refused && verdict.unfinished_bytes == 0;
    bad += good ? 0 : 1;
    ServerFrame close;
    const std::string heard = Heard(harness, kTextOpcode, &close);
    ASSERT_TRUE(bytes.substr(0, verdict.valid_bytes).starts_with(heard));
    ASSERT_TRUE(refused || heard.size() == bytes.size() - verdict.unfinished_bytes);
    ASSERT_EQ(close.payload.substr(0, 2), ClosePayload(good ? 1000 : 1007, ""));
  }
  EXPECT_GT(bad, 1000) << "the damage hardly ever shows";
}

}  // namespace
}  // namespace ringway::session
