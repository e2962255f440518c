// SPDX-License-Identifier: Apache-2.0
//
// Client to backend: frames in, bytes out.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

using base::BufferClass;

TEST(FramesIn, BecomeOneSliceForEachReceive) {
  Harness harness;
  harness.Open();
  harness.FromClient(Binary("one ") + Text("two ") + Binary("") + Binary(std::string(300, '3')));
  EXPECT_EQ(harness.Story(), "send backend");
  EXPECT_EQ(harness.ToBackend(), "one two " + std::string(300, '3'));
  EXPECT_EQ(harness.session().messages_in(), 4U);
  EXPECT_EQ(harness.counters().messages_in.value(), 4U);
}

TEST(FramesIn, WithoutPayloadSendNothing) {
  Harness harness;
  harness.Open();
  harness.FromClient(Binary("") + Text(""));
  EXPECT_EQ(harness.Story(), "");
  EXPECT_EQ(harness.session().messages_in(), 2U);
}

TEST(FramesIn, OfAnySizePassThroughWithoutABuffer) {
  Harness harness;
  harness.Open();
  constexpr uint64_t kPayloadBytes = 1ULL << 36;
  std::string header(14, '\0');
  ws::BuildClientFrameHeader(ws::Opcode::kBinary, kPayloadBytes, 0,
                             {reinterpret_cast<uint8_t*>(header.data()), header.size()});
  harness.FromClient(header);
  const std::string piece(65536, 'x');
  for (int i = 0; i < 50; ++i) {
    harness.Feed(kClient, piece, BufferClass::kBulk);
    ASSERT_EQ(harness.Story(), "send backend");
    ASSERT_EQ(harness.ToBackend(), piece);
    ASSERT_EQ(harness.leased(BufferClass::kCell) + harness.leased(BufferClass::kChunk), 0U);
    harness.Forget();
  }
  EXPECT_EQ(harness.session().messages_in(), 0U);
}

TEST(FramesIn, MayBeCutAtAnyByte) {
  const std::string stream = ClientFrame(0x01, "frag") + Ping("a ping") +
                             ClientFrame(0x80, "ment ") + Binary(std::string(130, 'b')) +
                             Pong("ignored") + Text("end");
  const std::string expected = "fragment " + std::string(130, 'b') + "end";
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    SCOPED_TRACE(cut);
    Harness harness;
    harness.Open();
    if (cut > 0) harness.FromClient(stream.substr(0, cut));
    EXPECT_LE(harness.leased(BufferClass::kCell), 1U);
    if (cut < stream.size()) harness.FromClient(stream.substr(cut));
    EXPECT_EQ(harness.ToBackend(), expected);
    EXPECT_EQ(harness.FramesToClient(), (std::vector<ServerFrame>{{kPongOpcode, "a ping"}}));
    EXPECT_EQ(harness.session().messages_in(), 3U);
    EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
  }
}

TEST(FramesIn, MayComeByteByByte) {
  const std::string stream =
      Ping(std::string(125, 'p')) + Binary(std::string(200, 'b')) + Close(1001, "away");
  Harness harness;
  harness.Open();
  for (const char byte : stream) {
    harness.FromClient({&byte, 1});
    ASSERT_LE(harness.leased(BufferClass::kCell), 1U);
  }
  EXPECT_EQ(harness.ToBackend(), std::string(200, 'b'));
  EXPECT_EQ(
      harness.FramesToClient(),
      (std::vector<ServerFrame>{{kPongOpcode, std::string(125, 'p')}, CloseFrame(1001, "away")}));
}

TEST(FramesIn, CloseUpAroundControlFramesBetweenFragments) {
  Harness harness;
  harness.Open();
  harness.FromClient(ClientFrame(0x02, "a") + Ping("1") + ClientFrame(0x00, "b") + Pong("2") +
                     ClientFrame(0x00, "") + Ping("3") + ClientFrame(0x80, "c"));
  EXPECT_EQ(harness.Story(), "send backend, pongs client");
  EXPECT_EQ(harness.ToBackend(), "abc");
  EXPECT_EQ(harness.FramesToClient(),
            (std::vector<ServerFrame>{{kPongOpcode, "1"}, {kPongOpcode, "3"}}));
  EXPECT_EQ(harness.session().messages_in(), 1U);
}

TEST(Pings, OfOneReceiveAreAnsweredInOneSlice) {
  Harness harness;
  harness.Open();
  harness.FromClient(Ping("one") + Ping("") + Ping("three"));
  EXPECT_EQ(harness.Story(), "pongs client");
  EXPECT_EQ(
      harness.FramesToClient(),
      (std::vector<ServerFrame>{{kPongOpcode, "one"}, {kPongOpcode, ""}, {kPongOpcode, "three"}}));
  EXPECT_EQ(harness.counters().pings_in.value(), 3U);
  EXPECT_EQ(harness.counters().pings_skipped.value(), 0U);
}

TEST(Pings, ThatOverflowACellLeaveTheLatestAnswered) {
  Harness harness;
  harness.Open();
  const std::string first(125, '1');
  const std::string last(125, '2');
  harness.FromClient(Ping(first) + Ping(first) + Ping(first) + Ping(first) + Ping(last));
  EXPECT_EQ(harness.FramesToClient(), (std::vector<ServerFrame>{{kPongOpcode, last}}));
  EXPECT_EQ(harness.counters().pings_in.value(), 5U);
  EXPECT_EQ(harness.counters().pings_skipped.value(), 4U);
}

TEST(Pings, ThatFillACellToItsLastByteAreAllAnswered) {
  Harness harness;
  harness.Open();
  const std::string pings = Ping(std::string(125, '1')) + Ping(std::string(125, '2')) +
                            Ping(std::string(125, '3')) + Ping(std::string(125, '4')) +
                            Ping(std::string(2, '5'));
  harness.FromClient(pings);
  EXPECT_EQ(harness.FramesToClient().size(), 5U);
  EXPECT_EQ(harness.ToClient().size(), 512U);
  EXPECT_EQ(harness.counters().pings_skipped.value(), 0U);
}

TEST(Pings, AreNotAnsweredBehindOurClose) {
  Harness harness;
  harness.Open();
  harness.End(kBackend, LinkEnd::kFin);
  harness.FromClient(Ping("late"));
  EXPECT_EQ(harness.Story(), "");
}

TEST(Pings, AreAnsweredWithoutACellOfTheSessions) {
  Harness harness;
  harness.Open();
  harness.HoardCells();
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromClient(Binary("data") + Ping("p"));
  EXPECT_EQ(harness.Story(), "send backend, pongs client");
  EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
}

struct FaultRow {
  const char* name;
  std::string frames;
  uint16_t code;
  EndReason reason;
  const char* words;
};

TEST(Faults, CloseWithTheirCodeBehindWhatWasGood) {
  const FaultRow rows[] = {
      {"no mask", std::string("\x82\x01x", 3), 1002, EndReason::kProtocolError,
       "frame is not masked"},
      {"reserved bit", ClientFrame(0xc2, "x"), 1002, EndReason::kProtocolError,
       "frame has a reserved bit set"},
      {"continuation", ClientFrame(0x80, "x"), 1002, EndReason::kProtocolError,
       "continuation without a message"},
      {"close of one byte", ClientFrame(0x88, "x"), 1002, EndReason::kProtocolError,
       "close payload is one byte"},
      {"close code", Close(1005, ""), 1002, EndReason::kProtocolError, "close code is not allowed"},
      {"close reason", Close(1000, "\xff"), 1007, EndReason::kInvalidPayload,
       "close reason is not UTF-8"},
      {"text", Text("\xc0\x80"), 1007, EndReason::kInvalidPayload, "text is not valid UTF-8"},
      {"size", Binary(std::string(101, 'x')), 1009, EndReason::kTooBig,
       "frame is larger than allowed"},
      {"sum", ClientFrame(0x02, std::string(90, 'x')) + ClientFrame(0x80, std::string(90, 'x')),
       1009, EndReason::kTooBig, "message is larger than allowed"},
  };
  for (const FaultRow& row : rows) {
    SCOPED_TRACE(row.name);
    Harness harness({.limits = "frame_max = \"100B\"\nmessage_max = \"150B\""});
    harness.Open();
    harness.FromClient(Binary("good") + Ping("p") + row.frames + Binary("unheard"));
    EXPECT_EQ(harness.Story(),
              "send backend, pongs client, send client, finish backend, finish client, timer");
    EXPECT_TRUE(harness.ToBackend().starts_with("good"));
    EXPECT_EQ(harness.ToBackend().find("unheard"), std::string::npos);
    EXPECT_EQ(harness.FramesToClient(),
              (std::vector<ServerFrame>{{kPongOpcode, "p"}, CloseFrame(row.code, row.words)}));
    ExpectEnding(harness, EndSide::kGateway, row.reason, row.code);
    const base::Counters& counters = harness.counters();
    EXPECT_EQ(counters.protocol_errors.value(), row.code == 1002 ? 1U : 0U);
    EXPECT_EQ(counters.invalid_payloads.value(), row.code == 1007 ? 1U : 0U);
    EXPECT_EQ(counters.too_big.value(), row.code == 1009 ? 1U : 0U);
  }
}

TEST(Faults, EndTheListening) {
  Harness harness;
  harness.Open();
  harness.FromClient(ClientFrame(0x80, "x"));
  harness.FromClient(Binary("later"));
  EXPECT_EQ(harness.Story(), "");
  EXPECT_EQ(harness.ToBackend(), "");
  EXPECT_EQ(harness.counters().bytes_discarded.value(), Binary("later").size());
}

TEST(Faults, OfATextCutBetweenFragmentsAreFoundAtItsEnd) {
  Harness harness;
  harness.Open();
  harness.FromClient(ClientFrame(0x01, "\xe2\x82"));
  EXPECT_EQ(harness.state(), State::kOpen);
  harness.FromClient(ClientFrame(0x80, ""));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kInvalidPayload, 1007);
}

}  // namespace
}  // namespace ringway::session
