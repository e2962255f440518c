// SPDX-License-Identifier: Apache-2.0
//
// Backend to client: bytes in, frames out; with frames = "text" only whole characters.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

using base::BufferClass;

constexpr HarnessOptions kTextRoute{.route = "frames = \"text\""};

TEST(BytesIn, BecomeOneFrameForEachReceive) {
  for (const size_t bytes : {1UL, 125UL, 126UL, 4096UL, 65535UL, 65536UL}) {
    SCOPED_TRACE(bytes);
    const std::string payload(bytes, 'x');
    Harness harness;
    harness.Open();
    harness.Feed(kBackend, payload, bytes <= 4096 ? BufferClass::kSmall : BufferClass::kBulk);
    EXPECT_EQ(harness.Story(), "send client");
    EXPECT_EQ(harness.FramesToClient(), (std::vector<ServerFrame>{{kBinaryOpcode, payload}}));
    EXPECT_EQ(harness.session().frames_out(), 1U);
    EXPECT_EQ(harness.counters().frames_out.value(), 1U);
  }
}

TEST(BytesIn, MayBeAnythingInBinaryFrames) {
  Harness harness;
  harness.Open();
  harness.FromBackend("\xff\xfe");
  EXPECT_EQ(harness.FramesToClient(), (std::vector<ServerFrame>{{kBinaryOpcode, "\xff\xfe"}}));
}

TEST(TextFrames, AreCutOnlyBetweenCharacters) {
  const std::string text = "aé€😀z";
  for (size_t cut = 1; cut < text.size(); ++cut) {
    SCOPED_TRACE(cut);
    Harness harness(kTextRoute);
    harness.Open();
    harness.FromBackend(text.substr(0, cut));
    harness.FromBackend(text.substr(cut));
    std::string heard;
    for (const ServerFrame& frame : harness.FramesToClient()) {
      EXPECT_EQ(frame.opcode, kTextOpcode);
      const auto bytes = ws::BytesOf(frame.payload);
      EXPECT_TRUE(ws::IsUtf8(bytes)) << frame;
      EXPECT_FALSE(bytes.empty());
      heard += frame.payload;
    }
    EXPECT_EQ(heard, text);
  }
}

TEST(TextFrames, WaitWithACharacterThatComesByteByByte) {
  Harness harness(kTextRoute);
  harness.Open();
  for (const char byte : std::string("\xf0\x9f\x98")) {
    harness.FromBackend({&byte, 1});
    EXPECT_EQ(harness.Story(), "");
  }
  EXPECT_EQ(harness.session().frames_out(), 0U);
  harness.FromBackend("\x80");
  EXPECT_EQ(harness.FramesToClient(), (std::vector<ServerFrame>{{kTextOpcode, "😀"}}));
}

TEST(TextFrames, OfAWholeReceiveBufferTakeTheCarriedBytesInFront) {
  Harness harness(kTextRoute);
  harness.Open();
  harness.FromBackend("\xf0\x9f\x98");
  harness.Feed(kBackend, "\x80" + std::string(65535, 'x'), BufferClass::kBulk);
  EXPECT_EQ(harness.FramesToClient(),
            (std::vector<ServerFrame>{{kTextOpcode, "😀" + std::string(65535, 'x')}}));
}

TEST(TextFrames, CloseWith1007WhereTheBackendSendsNoText) {
  for (const char* bytes : {"a\xff", "\xc0\x80", "\xed\xa0\x80", "\xe2\x82z"}) {
    Harness harness(kTextRoute);
    harness.Open();
    harness.FromBackend("good");
    harness.FromBackend(bytes);
    EXPECT_EQ(harness.Story(), "send client, finish backend, finish client, timer");
    EXPECT_EQ(
        harness.FramesToClient(),
        (std::vector<ServerFrame>{{kTextOpcode, "good"},
                                  CloseFrame(1007, "the backend sent text that is not UTF-8")}));
    ExpectEnding(harness, EndSide::kGateway, EndReason::kInvalidPayload, 1007);
    EXPECT_EQ(harness.counters().invalid_payloads.value(), 1U);
  }
}

TEST(TextFrames, CloseWith1007WhereTheCarriedBytesAreNotContinued) {
  Harness harness(kTextRoute);
  harness.Open();
  harness.FromBackend("a\xe2\x82");
  harness.FromBackend("b");
  EXPECT_EQ(harness.FramesToClient()[0], (ServerFrame{kTextOpcode, "a"}));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kInvalidPayload, 1007);
}

TEST(TextFrames, CloseWith1007WhereTheBackendEndsInsideACharacter) {
  Harness harness(kTextRoute);
  harness.Open();
  harness.FromBackend("a\xe2\x82");
  harness.End(kBackend, LinkEnd::kFin);
  EXPECT_EQ(harness.FramesToClient(),
            (std::vector<ServerFrame>{{kTextOpcode, "a"},
                                      CloseFrame(1007, "the backend ended inside a character")}));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kInvalidPayload, 1007);
}

TEST(TextFrames, CloseWith1011WhereTheBackendIsResetInsideACharacter) {
  Harness harness(kTextRoute);
  harness.Open();
  harness.FromBackend("a\xe2\x82");
  harness.End(kBackend, LinkEnd::kReset);
  ExpectEnding(harness, EndSide::kBackend, EndReason::kBackendReset, 1011);
}

}  // namespace
}  // namespace ringway::session
