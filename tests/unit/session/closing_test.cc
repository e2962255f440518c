// SPDX-License-Identifier: Apache-2.0
//
// How an open session ends, from each side, and what happens between the first sign and the end.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

TEST(ClientClose, IsEchoedWithItsCodeAndReason) {
  Harness harness;
  harness.Open();
  harness.FromClient(Close(4321, "grüße"));
  EXPECT_EQ(harness.Story(), "send client, finish backend, finish client, timer");
  EXPECT_EQ(harness.FramesToClient(), (std::vector<ServerFrame>{CloseFrame(4321, "grüße")}));
  ExpectEnding(harness, EndSide::kClient, EndReason::kClientClose, 4321);
  EXPECT_EQ(harness.counters().closes_received.value(), 1U);
}

TEST(ClientClose, WithoutACodeIsEchoedWithoutOne) {
  Harness harness;
  harness.Open();
  harness.FromClient(ClientFrame(0x88, ""));
  EXPECT_EQ(harness.FramesToClient(), (std::vector<ServerFrame>{{kCloseOpcode, ""}}));
  ExpectEnding(harness, EndSide::kClient, EndReason::kClientClose, 1005);
}

TEST(ClientClose, MayHaveTheLongestReason) {
  const std::string reason(123, 'r');
  Harness harness;
  harness.Open();
  harness.FromClient(Close(1000, reason));
  EXPECT_EQ(harness.FramesToClient(), (std::vector<ServerFrame>{CloseFrame(1000, reason)}));
}

TEST(ClientClose, ComesBehindTheDataOfItsReceiveAndIgnoresWhatFollows) {
  Harness harness;
  harness.Open();
  harness.FromClient(Binary("last words") + Ping("p") + Close(1000, "") + Binary("ghost"));
  EXPECT_EQ(harness.Story(),
            "send backend, pongs client, send client, finish backend, finish client, timer");
  EXPECT_EQ(harness.ToBackend(), "last words");
  EXPECT_EQ(harness.FramesToClient(),
            (std::vector<ServerFrame>{{kPongOpcode, "p"}, CloseFrame(1000, "")}));
}

TEST(ClientClose, MayCutAMessage) {
  Harness harness;
  harness.Open();
  harness.FromClient(ClientFrame(0x02, "half") + Close(1000, ""));
  EXPECT_EQ(harness.ToBackend(), "half");
  ExpectEnding(harness, EndSide::kClient, EndReason::kClientClose, 1000);
}

TEST(ClientClose, DiscardsAndCountsWhatTheBackendStillSendsUntilItsEnd) {
  Harness harness;
  harness.Open();
  harness.FromClient(Close(1000, ""));
  harness.Forget();
  harness.FromBackend("tail");
  EXPECT_EQ(harness.Story(), "");
  EXPECT_EQ(harness.counters().bytes_discarded.value(), 4U);
  EXPECT_EQ(harness.session().ReadingOf(kBackend), Reading::kContinuous);
  harness.End(kBackend, LinkEnd::kFin);
  EXPECT_FALSE(harness.link(kBackend).there);
  EXPECT_TRUE(harness.link(kClient).there);
  harness.End(kClient, LinkEnd::kFin);
  EXPECT_TRUE(harness.over());
  EXPECT_FALSE(harness.session().cut());
  EXPECT_EQ(harness.counters().client_resets.value(), 0U);
}

TEST(BackendEnd, SendsWhatCameAndThenClose1000) {
  Harness harness;
  harness.Open();
  harness.FromBackend("last words");
  harness.End(kBackend, LinkEnd::kFin);
  EXPECT_EQ(harness.Story(), "send client, timer");
  EXPECT_EQ(harness.FramesToClient(),
            (std::vector<ServerFrame>{{kBinaryOpcode, "last words"}, CloseFrame(1000, "")}));
  ExpectEnding(harness, EndSide::kBackend, EndReason::kBackendEnd, 1000);
}

TEST(BackendEnd, StillHearsTheClientUntilItsClose) {
  Harness harness;
  harness.Open();
  harness.End(kBackend, LinkEnd::kFin);
  harness.Forget();
  harness.FromClient(Binary("for a half-closed backend"));
  EXPECT_EQ(harness.ToBackend(), "for a half-closed backend");
  harness.FromClient(Close(1000, ""));
  EXPECT_EQ(harness.Story(), "finish backend, finish client, timer") << "no second Close";
  EXPECT_FALSE(harness.link(kBackend).there);
  ExpectEnding(harness, EndSide::kBackend, EndReason::kBackendEnd, 1000);
  harness.End(kClient, LinkEnd::kFin);
  EXPECT_TRUE(harness.over());
}

TEST(BackendReset, SendsWhatCameAndThenClose1011) {
  Harness harness;
  harness.Open();
  harness.FromBackend("last words");
  harness.End(kBackend, LinkEnd::kReset);
  EXPECT_EQ(harness.FramesToClient(),
            (std::vector<ServerFrame>{{kBinaryOpcode, "last words"},
                                      CloseFrame(1011, "the backend reset the connection")}));
  ExpectEnding(harness, EndSide::kBackend, EndReason::kBackendReset, 1011);
  EXPECT_EQ(harness.counters().backend_resets.value(), 1U);
}

TEST(BackendReset, DiscardsAndCountsWhatTheClientStillSends) {
  Harness harness;
  harness.Open();
  harness.End(kBackend, LinkEnd::kReset);
  harness.FromClient(Binary("lost"));
  EXPECT_EQ(harness.Story(), "");
  EXPECT_EQ(harness.counters().bytes_discarded.value(), 4U);
}

TEST(ClientGone, WithoutACloseHalfClosesTheBackend) {
  Harness harness;
  harness.Open();
  harness.End(kClient, LinkEnd::kFin);
  EXPECT_EQ(harness.Story(), "finish backend, finish client, timer");
  ExpectEnding(harness, EndSide::kClient, EndReason::kClientGone, 1006);
  EXPECT_EQ(harness.counters().client_resets.value(), 1U);
  harness.FromBackend("tail");
  EXPECT_EQ(harness.counters().bytes_discarded.value(), 4U);
  harness.End(kBackend, LinkEnd::kFin);
  EXPECT_TRUE(harness.over());
}

TEST(ClientGone, ByAResetHalfClosesTheBackend) {
  Harness harness;
  harness.Open();
  harness.FromClient(Binary("data"));
  harness.End(kClient, LinkEnd::kReset);
  EXPECT_EQ(harness.Story(), "finish backend, timer");
  ExpectEnding(harness, EndSide::kClient, EndReason::kClientGone, 1006);
  harness.End(kBackend, LinkEnd::kReset);
  EXPECT_TRUE(harness.over());
}

TEST(ClientGone, InsideAFrameGivesTheHeldBytesBack) {
  Harness harness;
  harness.Open();
  harness.FromClient(Ping("hello").substr(0, 5));
  EXPECT_EQ(harness.leased(base::BufferClass::kCell), 1U);
  harness.End(kClient, LinkEnd::kFin);
  EXPECT_EQ(harness.leased(base::BufferClass::kCell), 0U);
}

TEST(Drain, LeavesAClientThatHasNotAskedYet) {
  Harness harness;
  harness.Drain();
  EXPECT_TRUE(harness.over());
  ExpectEnding(harness, EndSide::kGateway, EndReason::kDrain, 0);
}

TEST(Drain, AnswersAClientThatWaitsForItsBackendWith503) {
  Harness harness;
  harness.FromClient(kRequest);
  harness.Drain();
  EXPECT_EQ(harness.Story(), "drop backend, send client, finish client, timer");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 "));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kDrain, 503);
}

TEST(Drain, ClosesAnOpenSessionWith1001InOrder) {
  Harness harness;
  harness.Open();
  harness.Drain();
  EXPECT_EQ(harness.Story(), "send client, timer");
  EXPECT_EQ(harness.FramesToClient(),
            (std::vector<ServerFrame>{CloseFrame(1001, "the gateway is shutting down")}));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kDrain, 1001);
  harness.FromClient(Binary("in flight") + Close(1001, ""));
  EXPECT_EQ(harness.Story(), "send backend, finish backend, finish client, timer");
  EXPECT_EQ(harness.ToBackend(), "in flight");
}

TEST(Closing, SendsNothingOfTheBackendBehindTheClose) {
  Harness harness;
  harness.Open();
  harness.Drain();
  harness.Forget();
  harness.FromBackend("tail");
  EXPECT_EQ(harness.ToClient(), "");
  EXPECT_EQ(harness.counters().bytes_discarded.value(), 4U);
}

TEST(Closing, StopsListeningToAClientThatBreaksTheRulesMeanwhile) {
  Harness harness;
  harness.Open();
  harness.Drain();
  harness.FromClient(ClientFrame(0x80, "x"));
  EXPECT_EQ(harness.Story(), "finish backend, finish client, timer") << "one Close is enough";
  ExpectEnding(harness, EndSide::kGateway, EndReason::kDrain, 1001);
}

TEST(Closing, CutsBothLinksAtItsDeadline) {
  Harness harness;
  harness.Open();
  harness.Drain();
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 5 * kSecond);
  harness.Advance(3 * kSecond);
  harness.FromClient(Close(1001, ""));
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 2 * kSecond) << "one deadline for all of it";
  harness.WaitUntilDue();
  EXPECT_EQ(harness.Story(), "drop backend, drop client");
  EXPECT_TRUE(harness.over());
  EXPECT_TRUE(harness.session().cut());
  EXPECT_EQ(harness.counters().close_timeouts.value(), 1U);
}

TEST(Closing, IsCutWhereTheTimeForAllSessionsIsOver) {
  Harness harness;
  harness.Open();
  harness.Drain();
  harness.Cut();
  EXPECT_TRUE(harness.over());
  EXPECT_TRUE(harness.session().cut());
  EXPECT_EQ(harness.counters().close_timeouts.value(), 0U);
  ExpectEnding(harness, EndSide::kGateway, EndReason::kDrain, 1001);
}

using Event = std::function<void(Harness&)>;

struct NamedEvent {
  const char* name;
  Event happen;
};

const NamedEvent kEvents[] = {
    {"client close", [](Harness& harness) { harness.FromClient(Close(3000, "")); }},
    {"protocol error", [](Harness& harness) { harness.FromClient(ClientFrame(0x80, "")); }},
    {"client fin", [](Harness& harness) { harness.End(kClient, LinkEnd::kFin); }},
    {"client reset", [](Harness& harness) { harness.End(kClient, LinkEnd::kReset); }},
    {"backend fin", [](Harness& harness) { harness.End(kBackend, LinkEnd::kFin); }},
    {"backend reset", [](Harness& harness) { harness.End(kBackend, LinkEnd::kReset); }},
    {"drain", [](Harness& harness) { harness.Drain(); }},
    {"no buffers", [](Harness& harness) { harness.Exhaust(); }},
    {"due", [](Harness& harness) { harness.WaitUntilDue(); }},
};

std::vector<uint16_t> CloseCodes(const Harness& harness) {
  std::vector<uint16_t> codes;
  for (const ServerFrame& frame : harness.FramesToClient()) {
    if (frame.opcode != kCloseOpcode) continue;
    const auto payload = ws::BytesOf(frame.payload);
    codes.push_back(static_cast<uint16_t>(payload.at(0) << 8 | payload.at(1)));
  }
  return codes;
}

TEST(Closing, KeepsItsFirstCauseWhateverHappensNext) {
  for (const NamedEvent& first : kEvents) {
    for (const NamedEvent& second : kEvents) {
      SCOPED_TRACE(std::string(first.name) + ", then " + second.name);
      Harness harness({.limits = "ping_interval = \"0s\"\nidle_timeout = \"1s\""});
      harness.Open();
      first.happen(harness);
      ASSERT_EQ(harness.state(), State::kClosing);
      const Ending ending = harness.ending();
      const std::vector<uint16_t> codes = CloseCodes(harness);
      EXPECT_LE(codes.size(), 1U);
      second.happen(harness);
      ExpectEnding(harness, ending.side, ending.reason, ending.code);
      EXPECT_EQ(CloseCodes(harness), codes) << "at most one Close is sent, the first";
      if (!harness.over()) harness.WaitUntilDue();
      EXPECT_TRUE(harness.over());
    }
  }
}

TEST(Endings, HaveAWordForEachSideAndReason) {
  EXPECT_EQ(Word(EndSide::kNobody), "nobody");
  EXPECT_EQ(Word(EndSide::kBackend), "backend");
  for (int i = 1; i <= static_cast<int>(EndReason::kPoolExhausted); ++i) {
    EXPECT_NE(Word(static_cast<EndReason>(i)), "none") << i;
  }
  EXPECT_EQ(Word(EndReason::kNone), "none");
}

}  // namespace
}  // namespace ringway::session
