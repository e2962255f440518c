// SPDX-License-Identifier: Apache-2.0
//
// Behind the 101 in websocket mode: bytes pass as they are, ends are passed on, frame headers are
// followed where the route says so.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

constexpr HarnessOptions kOpaque{.limits = "ping_interval = \"5s\"\nidle_timeout = \"60s\"",
                                 .websocket = ""};
constexpr HarnessOptions kInspected{
    .limits = "frame_max = \"200B\"\nmessage_max = \"300B\"\nidle_timeout = \"60s\"",
    .websocket = "inspect = \"headers\""};

TEST(Passage, PassesAnyBytesAsTheyAreAndCreditsTheirSource) {
  Harness harness(kOpaque);
  harness.OpenWebSocket();
  const std::string bytes("\x88\x00\xff no frame\0at all", 20);
  harness.Feed(kClient, bytes, base::BufferClass::kBulk);
  EXPECT_EQ(harness.Story(), "send backend");
  EXPECT_EQ(harness.ToBackend(), bytes);
  harness.FromBackend(bytes);
  EXPECT_EQ(harness.Story(), "send client");
  EXPECT_EQ(harness.ToClient(), bytes);
  EXPECT_EQ(harness.session().messages_in(), 0U);
  EXPECT_EQ(harness.session().frames_out(), 0U);
}

TEST(Passage, PassesAHalfCloseOnAndKeepsTheOtherDirection) {
  for (const base::LinkRole first : {kClient, kBackend}) {
    SCOPED_TRACE(first == kClient ? "client first" : "backend first");
    Harness harness(kOpaque);
    harness.OpenWebSocket();
    const base::LinkRole second = Opposite(first);
    harness.Feed(first, "last words");
    harness.End(first, LinkEnd::kFin);
    EXPECT_EQ(harness.Story(), first == kClient ? "finish backend" : "finish client");
    EXPECT_EQ(harness.link(second).sent, "last words");
    EXPECT_EQ(harness.state(), State::kOpen);
    EXPECT_FALSE(harness.link(first).finished);
    harness.Feed(second, "the answer ");
    harness.Feed(second, "takes longer");
    EXPECT_EQ(harness.link(first).sent, "the answer takes longer");
    harness.End(second, LinkEnd::kFin);
    EXPECT_EQ(harness.Story(), first == kClient ? "finish client, timer" : "finish backend, timer");
    EXPECT_TRUE(harness.over());
    const bool is_client = first == kClient;
    ExpectEnding(harness, is_client ? EndSide::kClient : EndSide::kBackend,
                 is_client ? EndReason::kClientEnd : EndReason::kBackendEnd, 0);
    EXPECT_EQ(harness.counters().client_resets.value(), 0U);
  }
}

TEST(Passage, EndsWithAReservedBitWhereFramesAreFollowed) {
  for (const base::LinkRole from : {kClient, kBackend}) {
    for (const char first : {'\x92', '\xa2', '\xf1'}) {
      Harness harness(kInspected);
      harness.OpenWebSocket();
      std::string frame = from == kClient ? Binary("x") : std::string("\x82\x01x", 3);
      frame[0] = first;
      harness.Feed(from, frame);
      EXPECT_EQ(harness.link(Opposite(from)).sent.find(frame), std::string::npos);
      ASSERT_EQ(harness.FramesToClient().size(), 1U);
      EXPECT_EQ(harness.FramesToClient()[0].payload.substr(0, 2), "\x03\xea");
      EXPECT_EQ(harness.ending().reason, EndReason::kProtocolError);
      EXPECT_EQ(harness.ending().code, 1002);
      EXPECT_EQ(harness.counters().protocol_errors.value(), 1U);
    }
  }
  Harness opaque(kOpaque);
  opaque.OpenWebSocket();
  opaque.FromClient("\xf2");
  EXPECT_EQ(opaque.ToBackend(), "\xf2");
}

TEST(Passage, EndsWithAReset) {
  Harness client(kOpaque);
  client.OpenWebSocket();
  client.FromClient("data");
  client.End(kClient, LinkEnd::kReset);
  EXPECT_TRUE(client.link(kBackend).finished);
  EXPECT_EQ(client.ToBackend(), "data");
  ExpectEnding(client, EndSide::kClient, EndReason::kClientGone, 1006);
  EXPECT_EQ(client.counters().client_resets.value(), 1U);
  client.FromBackend("tail");
  EXPECT_EQ(client.counters().bytes_discarded.value(), 4U);
  client.End(kBackend, LinkEnd::kFin);
  EXPECT_TRUE(client.over());

  Harness backend(kOpaque);
  backend.OpenWebSocket();
  backend.FromBackend("data");
  backend.End(kBackend, LinkEnd::kReset);
  EXPECT_TRUE(backend.link(kClient).finished);
  EXPECT_EQ(backend.ToClient(), "data") << "nobody knows where a Close could stand";
  ExpectEnding(backend, EndSide::kBackend, EndReason::kBackendReset, 1011);
  EXPECT_EQ(backend.counters().backend_resets.value(), 1U);
  backend.FromClient("tail");
  EXPECT_EQ(backend.counters().bytes_discarded.value(), 4U);
}

TEST(Passage, KeepsTheFirstEndAsItsCause) {
  Harness harness(kOpaque);
  harness.OpenWebSocket();
  harness.End(kClient, LinkEnd::kFin);
  harness.End(kBackend, LinkEnd::kReset);
  ExpectEnding(harness, EndSide::kClient, EndReason::kClientEnd, 0);
}

TEST(Passage, IdlesOnlyWhenNeitherDirectionMovesAndIsNeverPinged) {
  Harness harness(kOpaque);
  harness.OpenWebSocket();
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 60 * kSecond);
  harness.Advance(50 * kSecond);
  harness.FromBackend("a");
  harness.WaitUntilDue();
  harness.Advance(30 * kSecond);
  harness.FromClient("b");
  harness.WaitUntilDue();
  harness.Advance(30 * kSecond);
  harness.session().OnSent(kBackend, harness.now_ns());
  harness.WaitUntilDue();
  harness.Advance(30 * kSecond);
  harness.Splice(kBackend, "c");
  const uint64_t last = harness.now_ns();
  while (harness.state() == State::kOpen) harness.WaitUntilDue({.is_read = false});
  EXPECT_EQ(harness.now_ns(), last + 60 * kSecond);
  EXPECT_EQ(harness.Story(), "finish backend, finish client, timer");
  EXPECT_EQ(harness.ToClient(), "ac");
  ExpectEnding(harness, EndSide::kGateway, EndReason::kIdle, 1001);
  EXPECT_EQ(harness.counters().idle_timeouts.value(), 1U);
  EXPECT_EQ(harness.counters().pings_out.value(), 0U);
}

TEST(Passage, IdlesAlsoHalfClosed) {
  Harness harness(kOpaque);
  harness.OpenWebSocket();
  harness.End(kClient, LinkEnd::kFin);
  const uint64_t begin_ns = harness.now_ns();
  while (harness.state() == State::kOpen) harness.WaitUntilDue();
  EXPECT_EQ(harness.now_ns(), begin_ns + 60 * kSecond);
  ExpectEnding(harness, EndSide::kClient, EndReason::kClientEnd, 0);
  harness.End(kBackend, LinkEnd::kFin);
  EXPECT_TRUE(harness.over());
}

TEST(Passage, ThatIsDrainedEndsBehindWhatWasReceived) {
  Harness harness(kOpaque);
  harness.OpenWebSocket();
  harness.FromBackend("queued");
  harness.Drain();
  EXPECT_EQ(harness.Story(), "finish backend, finish client, timer");
  EXPECT_EQ(harness.ToClient(), "queued");
  ExpectEnding(harness, EndSide::kGateway, EndReason::kDrain, 1001);
  harness.FromClient("late");
  harness.FromBackend("late");
  EXPECT_EQ(harness.Story(), "");
  EXPECT_EQ(harness.counters().bytes_discarded.value(), 8U);
  harness.WaitUntilDue();
  EXPECT_TRUE(harness.over());
  EXPECT_TRUE(harness.session().cut());
}

TEST(Passage, WithoutSlicesNothingFollowsTheGap) {
  Harness harness({.websocket = "inspect = \"headers\""});
  harness.OpenWebSocket();
  harness.Exhaust();
  EXPECT_TRUE(harness.over());
  EXPECT_EQ(harness.ToClient(), "");
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 0);
}

TEST(Inspected, CountsFramesAndMessagesHoweverTheyAreCut) {
  const std::string client = Text("one") + Ping("p") + ClientFrame(0x02, "t") + Pong("") +
                             ClientFrame(0x80, "wo") + Close(1000, "");
  const std::string backend = ServerBytes(0x82, std::string(150, 'b')) + ServerBytes(0x89, "");
  for (const size_t step : {size_t{1}, size_t{3}, size_t{4096}}) {
    Harness harness(kInspected);
    harness.OpenWebSocket();
    for (size_t at = 0; at < client.size(); at += step) harness.FromClient(client.substr(at, step));
    for (size_t at = 0; at < backend.size(); at += step) {
      harness.FromBackend(backend.substr(at, step));
    }
    EXPECT_EQ(harness.ToBackend(), client);
    EXPECT_EQ(harness.ToClient(), backend);
    EXPECT_EQ(harness.session().messages_in(), 2U);
    EXPECT_EQ(harness.counters().messages_in.value(), 2U);
    EXPECT_EQ(harness.session().frames_out(), 2U);
    EXPECT_EQ(harness.state(), State::kOpen) << "a Close is the two ends' affair";
  }
}

TEST(Inspected, FollowsFromTheFirstByteBehindTheHandshake) {
  Harness harness(kInspected);
  harness.FromClient(std::string(kWsRequest) + Text("x").substr(0, 3));
  harness.Dialed();
  harness.FromBackend(std::string(kSwitching) + ServerBytes(0x81, "y"));
  harness.FromClient(Text("x").substr(3) + Text("z"));
  EXPECT_EQ(harness.session().messages_in(), 2U);
  EXPECT_EQ(harness.session().frames_out(), 1U);
}

TEST(Inspected, ClosesWith1009OverTheLimitsOfTheClient) {
  const std::string half(190, 'x');
  for (const std::string& bytes : {ClientFrame(0x82, std::string(201, 'x')),
                                   ClientFrame(0x02, half) + ClientFrame(0x80, half)}) {
    Harness harness(kInspected);
    harness.OpenWebSocket();
    harness.FromBackend(ServerBytes(0x81, "whole"));
    harness.FromClient(Text("good") + bytes);
    EXPECT_EQ(harness.Story(), "send backend, send client, finish backend, finish client, timer");
    EXPECT_TRUE(harness.ToBackend().starts_with(Text("good")));
    const std::vector<ServerFrame> frames = harness.FramesToClient();
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_TRUE(frames[1].payload.starts_with("\x03\xf1")) << frames[1];
    ExpectEnding(harness, EndSide::kGateway, EndReason::kTooBig, 1009);
    EXPECT_EQ(harness.counters().too_big.value(), 1U);
    harness.FromClient(bytes);
    EXPECT_EQ(harness.Story(), "") << "nothing more is followed or passed";
    EXPECT_EQ(harness.counters().too_big.value(), 1U);
    EXPECT_GE(harness.counters().bytes_discarded.value(), bytes.size());
  }
}

TEST(Inspected, ClosesWith1002WhereAHeaderIsBroken) {
  Harness harness(kInspected);
  harness.OpenWebSocket();
  harness.FromClient(ServerBytes(0x82, "not masked"));
  EXPECT_EQ(harness.ToBackend(), "");
  EXPECT_EQ(harness.FramesToClient(),
            (std::vector<ServerFrame>{CloseFrame(1002, "frame is not masked")}));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kProtocolError, 1002);
  EXPECT_EQ(harness.counters().protocol_errors.value(), 1U);
}

TEST(Inspected, BlamesTheBackendForItsBrokenHeader) {
  Harness harness(kInspected);
  harness.OpenWebSocket();
  const std::string good = ServerBytes(0x81, "good");
  harness.FromBackend(good + Text("masked"));
  EXPECT_EQ(harness.FramesToClient(),
            (std::vector<ServerFrame>{{kTextOpcode, "good"}, CloseFrame(1002, "frame is masked")}))
      << "what passed ends with a whole frame";
  ExpectEnding(harness, EndSide::kBackend, EndReason::kProtocolError, 1002);
  harness.FromBackend("more");
  EXPECT_EQ(harness.Story(), "");
}

TEST(Inspected, ClosesWith1009OverTheLimitsOfTheBackend) {
  Harness harness(kInspected);
  harness.OpenWebSocket();
  harness.FromBackend(ServerBytes(0x82, std::string(201, 'x')));
  EXPECT_EQ(harness.FramesToClient(),
            (std::vector<ServerFrame>{CloseFrame(1009, "frame is larger than allowed")}));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kTooBig, 1009);
}

TEST(Inspected, SaysNothingInsideAFrame) {
  const std::string frame = ServerBytes(0x82, std::string(150, 'b'));
  for (const size_t bytes : {size_t{1}, size_t{3}, frame.size() - 1}) {
    Harness harness(kInspected);
    harness.OpenWebSocket();
    harness.FromBackend(frame.substr(0, bytes));
    harness.Drain();
    EXPECT_EQ(harness.Story(), "finish backend, finish client, timer");
    EXPECT_EQ(harness.ToClient(), frame.substr(0, bytes));
  }
  Harness broken(kInspected);
  broken.OpenWebSocket();
  broken.FromBackend("\x82");
  broken.FromBackend("\x81");
  EXPECT_EQ(broken.Story(), "finish backend, finish client, timer");
  EXPECT_EQ(broken.ToClient(), "\x82");
  ExpectEnding(broken, EndSide::kBackend, EndReason::kProtocolError, 1002);
}

TEST(Inspected, SaysNothingBehindAClose) {
  const std::string close = ServerBytes(0x88, ClosePayload(1000, ""));
  Harness harness(kInspected);
  harness.OpenWebSocket();
  harness.FromBackend(close);
  harness.Drain();
  EXPECT_EQ(harness.ToClient(), close);
  Harness broken(kInspected);
  broken.OpenWebSocket();
  broken.FromBackend(close + Text("masked"));
  EXPECT_EQ(broken.ToClient(), close);
}

TEST(Inspected, SaysNothingBehindTheBackendsFin) {
  Harness harness(kInspected);
  harness.OpenWebSocket();
  harness.End(kBackend, LinkEnd::kFin);
  harness.Drain();
  EXPECT_EQ(harness.Story(), "finish backend, finish client, timer");
  EXPECT_EQ(harness.ToClient(), "");
}

TEST(Inspected, ClosesWith1001OnDrainAndIdleness) {
  Harness drained(kInspected);
  drained.OpenWebSocket();
  drained.Drain();
  EXPECT_EQ(drained.FramesToClient(),
            (std::vector<ServerFrame>{CloseFrame(1001, "the gateway is shutting down")}));
  Harness idle(kInspected);
  idle.OpenWebSocket();
  idle.WaitUntilDue();
  EXPECT_EQ(idle.FramesToClient(),
            (std::vector<ServerFrame>{CloseFrame(1001, "idle for too long")}));
}

TEST(Inspected, ClosesWith1011WhenTheBackendResets) {
  Harness harness(kInspected);
  harness.OpenWebSocket();
  harness.End(kBackend, LinkEnd::kReset);
  EXPECT_EQ(harness.FramesToClient(),
            (std::vector<ServerFrame>{CloseFrame(1011, "the backend reset the connection")}));
  ExpectEnding(harness, EndSide::kBackend, EndReason::kBackendReset, 1011);
}

TEST(Inspected, SaysNothingToAClientThatHasReset) {
  Harness harness(kInspected);
  harness.OpenWebSocket();
  harness.End(kClient, LinkEnd::kReset);
  EXPECT_EQ(harness.ToClient(), "");
}

TEST(Splice, IsForOpenSessionsThatNobodyLooksInto) {
  Harness opaque(kOpaque);
  EXPECT_FALSE(opaque.session().CanSplice(kClient));
  opaque.FromClient(kWsRequest);
  EXPECT_FALSE(opaque.session().CanSplice(kBackend));
  opaque.Dialed();
  EXPECT_FALSE(opaque.session().CanSplice(kBackend));
  opaque.FromBackend("HTTP/1.1 200 OK\r\n\r\nbody");
  EXPECT_FALSE(opaque.session().CanSplice(kBackend));
  opaque.Accept();
  opaque.OpenWebSocket();
  EXPECT_TRUE(opaque.session().CanSplice(kClient));
  EXPECT_TRUE(opaque.session().CanSplice(kBackend));
  opaque.Drain();
  EXPECT_FALSE(opaque.session().CanSplice(kClient));
  EXPECT_FALSE(opaque.session().CanSplice(kBackend));
  for (const char* lines : {"splice = \"off\"", "inspect = \"headers\""}) {
    Harness harness({.websocket = lines});
    harness.OpenWebSocket();
    EXPECT_FALSE(harness.session().CanSplice(kClient)) << lines;
    EXPECT_FALSE(harness.session().CanSplice(kBackend)) << lines;
  }
}

TEST(Splice, InWebSocketModePutsNothingInFront) {
  Harness harness(kOpaque);
  harness.OpenWebSocket();
  harness.FromClient("a");
  harness.Splice(kClient, "bulk");
  harness.FromClient("b");
  EXPECT_EQ(harness.ToBackend(), "abulkb");
  harness.Splice(kBackend, "back");
  EXPECT_EQ(harness.ToClient(), "back");
  EXPECT_EQ(harness.session().frames_out(), 0U);
}

TEST(Splice, InTcpModeMakesAFrameOfWhatTheBackendSends) {
  Harness harness;
  harness.Open();
  EXPECT_FALSE(harness.session().CanSplice(kClient)) << "its frames have to be unmasked";
  harness.FromBackend("one");
  const std::string bulk(65536, 'x');
  harness.Splice(kBackend, bulk);
  harness.FromBackend("three");
  EXPECT_EQ(harness.FramesToClient(),
            (std::vector<ServerFrame>{
                {kBinaryOpcode, "one"}, {kBinaryOpcode, bulk}, {kBinaryOpcode, "three"}}));
  EXPECT_EQ(harness.session().frames_out(), 3U);
  EXPECT_EQ(harness.counters().frames_out.value(), 3U);
  harness.End(kBackend, LinkEnd::kFin);
  EXPECT_FALSE(harness.session().CanSplice(kBackend));
}

TEST(Splice, InTcpModeIsNotForText) {
  for (const char* lines : {"frames = \"text\"", "splice = \"off\""}) {
    Harness harness({.route = lines});
    harness.Open();
    EXPECT_FALSE(harness.session().CanSplice(kBackend)) << lines;
  }
}

}  // namespace
}  // namespace ringway::session
