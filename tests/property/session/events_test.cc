// SPDX-License-Identifier: Apache-2.0
//
// Anything that a worker may tell a session, in any order: it neither crashes nor leaks, keeps to
// its states, and ends in time.
#include <gtest/gtest.h>

#include <string>

#include "tests/property/session/pieces.h"
#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

using base::BufferClass;

constexpr HarnessOptions kRoutes[] = {
    {.counts = {2, 1, 2, 2}},
    {.route = "frames = \"text\"", .counts = {2, 1, 2, 2}},
    {.limits = "ping_interval = \"0s\"\nidle_timeout = \"3s\"\nframe_max = \"200B\"",
     .counts = {2, 1, 2, 2}},
    {.route = "frames = \"text\"",
     .limits = "ping_interval = \"1s\"\npong_timeout = \"2s\"\nhead_max = \"1KiB\"",
     .counts = {2, 1, 1, 1}},
};

/// One session's life in a world that draws its events from a seed.
class World {
 public:
  World(uint32_t seed, Harness& harness)
      : maker_(seed), harness_(harness), network_(maker_, maker_.Below(3) * 8000) {
    harness_.Accept();
    drains_ = maker_.Below(4) == 0;
    harsh_ = maker_.Below(3) == 0;
    pending_ = maker_.Below(8) == 0 ? Garbage(300) : std::string(kRequest);
    if (maker_.Below(4) == 0) pending_ += Frames();
  }

  /// Lets something happen. False: the session is over.
  bool Step() {
    const State before = harness_.state();
    const Ending ending = harness_.ending();
    switch (maker_.Below(harsh_ ? 16 : 80)) {
      case 0:
        Pools();
        break;
      case 1:
        if (drains_) harness_.Drain();
        drains_ = false;
        break;
      case 2:
        LetTimePass();
        break;
      case 3:
      case 4:
        EndLink(maker_.Below(2) == 0 ? kClient : kBackend);
        break;
      case 5:
        harness_.session().OnSent(maker_.Below(4) == 0 ? kBackend : kClient, harness_.now_ns());
        break;
      default:
        LetBytesCome();
    }
    if (Sent() && maker_.Below(harsh_ ? 20 : 400) == 0) harness_.Exhaust();
    CheckStep(before, ending);
    return !harness_.over();
  }

  /// No more events but time.
  void Finish() {
    if (harness_.over()) return;
    if (harness_.state() != State::kClosing) harness_.Drain();
    if (!harness_.over() && maker_.Below(4) == 0) harness_.Cut();
    // Bytes that were sent since the timer was set have moved its deadline: once.
    for (int i = 0; i < 2 && !harness_.over(); ++i) harness_.WaitUntilDue();
    EXPECT_TRUE(harness_.over()) << "the deadline drops both links";
    CheckTranscript();
  }

 private:
  std::string Garbage(size_t bytes_max) {
    std::string garbage(1 + maker_.Below(bytes_max), '\0');
    for (char& byte : garbage) byte = static_cast<char>(maker_.Below(256));
    return garbage;
  }

  std::string Frames() {
    if (maker_.Below(30) == 0) return Garbage(50);
    const auto seed = static_cast<uint32_t>(maker_.Below(1U << 30));
    const ws::Bytes bytes = ws::StreamMaker(seed).Make(ws::StreamSize::kSmall).bytes;
    return {bytes.begin(), bytes.end()};
  }

  bool MayRead(base::LinkRole role) const {
    const LinkState& link = harness_.link(role);
    return link.there && !link.connecting && !link.ended &&
           harness_.session().ReadingOf(role) != Reading::kNot;
  }

  bool Sent() const { return harness_.Story().find("send") != std::string::npos; }

  void Pools() {
    harness_.Release();
    for (const BufferClass c : {BufferClass::kChunk, BufferClass::kCell}) {
      if (maker_.Below(2) == 0) harness_.Hoard(c, static_cast<uint32_t>(maker_.Below(2)));
    }
  }

  void LetTimePass() {
    if (maker_.Below(2) == 0 || harness_.due_ns() == UINT64_MAX) {
      harness_.Advance(maker_.Below(2000) * kMs);
      if (harness_.now_ns() >= harness_.due_ns()) harness_.Due(RandomQueue());
      return;
    }
    harness_.WaitUntilDue(RandomQueue());
  }

  ClientLook RandomQueue() {
    return {.queued_bytes = static_cast<uint32_t>(maker_.Below(2) * 1000),
            .is_read = maker_.Below(8) != 0};
  }

  void EndLink(base::LinkRole role) {
    if (!MayRead(role)) return;
    harness_.End(role, maker_.Below(2) == 0 ? LinkEnd::kFin : LinkEnd::kReset);
    EXPECT_EQ(harness_.state(), State::kClosing);
  }

  void LetBytesCome() {
    if (harness_.link(kBackend).connecting) {
      const bool fails = maker_.Below(5) == 0;
      if (!fails) return harness_.Dialed();
      return harness_.DialFailed("the backend refused the connection",
                                 maker_.Below(2) == 0 ? NextServer::kTry : NextServer::kSpare);
    }
    const base::LinkRole role = maker_.Below(2) == 0 ? kClient : kBackend;
    if (!MayRead(role)) return;
    if (role == kBackend) {
      const ws::Bytes text = maker_.Text(1 + maker_.Below(50));
      const std::string bytes =
          maker_.Below(20) == 0 ? Garbage(20) : std::string(text.begin(), text.end());
      return harness_.FromBackend(bytes.substr(0, 1 + maker_.Below(bytes.size())));
    }
    if (pending_.empty()) pending_ = Frames();
    const size_t bytes = network_.NextSmall(pending_.size());
    harness_.FromClient(pending_.substr(0, bytes));
    pending_.erase(0, bytes);
  }

  void CheckStep(State before, const Ending& ending) {
    const State state = harness_.state();
    EXPECT_GE(static_cast<int>(state), static_cast<int>(before));
    EXPECT_EQ(state == State::kClosing, harness_.ending().reason != EndReason::kNone);
    EXPECT_EQ(state == State::kClosing, harness_.ending().side != EndSide::kNobody);
    if (before == State::kClosing) {
      EXPECT_EQ(harness_.ending().side, ending.side);
      EXPECT_EQ(harness_.ending().reason, ending.reason);
      EXPECT_EQ(harness_.ending().code, ending.code);
    }
    if (harness_.over()) {
      EXPECT_EQ(state, State::kClosing);
      return CheckTranscript();
    }
    EXPECT_NE(harness_.due_ns(), UINT64_MAX) << "nothing would end it";
    EXPECT_TRUE(state != State::kClosing || harness_.due_ns() <= harness_.now_ns() + 5 * kSecond);
    EXPECT_LE(harness_.leased(BufferClass::kChunk), 1U);
    EXPECT_LE(harness_.leased(BufferClass::kCell), 1U);
  }

  /// All that the client ever heard is a refusal or a WebSocket with at most one Close, the last.
  void CheckTranscript() {
    std::string_view heard = harness_.ToClient();
    if (!harness_.session().upgraded()) {
      EXPECT_EQ(harness_.ToBackend(), "");
      EXPECT_TRUE(heard.empty() || (heard.starts_with("HTTP/1.1 ") && heard.ends_with("\n")));
      EXPECT_FALSE(heard.starts_with("HTTP/1.1 1"));
      return;
    }
    EXPECT_TRUE(heard.starts_with("HTTP/1.1 101 "));
    heard.remove_prefix(heard.find("\r\n\r\n") + 4);
    bool closed = false;
    for (const ServerFrame& frame : ServerFrames(heard)) {
      EXPECT_FALSE(closed) << "a frame behind the Close: " << frame;
      EXPECT_NE(frame.opcode, 0) << frame;
      closed = frame.opcode == kCloseOpcode;
    }
  }

  ws::StreamMaker maker_;
  Harness& harness_;
  Network network_;
  std::string pending_;  ///< what the client sends next
  bool drains_ = false;
  bool harsh_ = false;
};

TEST(Events, InAnyOrderEndInTimeAndLeakNothing) {
  constexpr uint32_t kSeeds = 4000;
  constexpr int kStepsMax = 150;
  uint64_t opened = 0;
  for (const HarnessOptions& options : kRoutes) {
    Harness harness(options);
    for (uint32_t seed = 0; seed < kSeeds; ++seed) {
      SCOPED_TRACE(testing::Message() << "route " << &options - kRoutes << ", seed " << seed);
      World world(seed, harness);
      int steps = 0;
      while (steps < kStepsMax && world.Step()) ++steps;
      world.Finish();
      ASSERT_FALSE(testing::Test::HasFailure());
    }
    opened += harness.counters().sessions_opened.value();
  }
  EXPECT_GT(opened, std::size(kRoutes) * kSeeds / 3) << "hardly ever is a session open";
}

}  // namespace
}  // namespace ringway::session
