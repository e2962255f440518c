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
    {.counts = {2, 1, 16, 8}},
    {.route = "frames = \"text\"", .counts = {2, 1, 16, 8}},
    {.limits = "ping_interval = \"0s\"\nidle_timeout = \"3s\"\nframe_max = \"200B\"",
     .counts = {2, 1, 16, 8}},
    {.route = "frames = \"text\"",
     .limits = "ping_interval = \"1s\"\npong_timeout = \"2s\"\nhead_max = \"1KiB\"",
     .counts = {2, 1, 4, 8}},
    {.limits = "idle_timeout = \"3s\"", .counts = {2, 1, 32, 9}, .websocket = ""},
    {.limits = "idle_timeout = \"9s\"\nframe_max = \"200B\"\nhead_max = \"1KiB\"",
     .backend = "proxy_protocol = \"v2\"",
     .counts = {2, 1, 32, 9},
     .websocket = "inspect = \"headers\""},
};

/// What a backend in websocket mode says to a request.
constexpr std::string_view kAnswers[] = {
    "HTTP/1.1 401 No\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "HTTP/1.1 204 No\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\nuntil its end",
    "HTTP/1.1 101 No\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\nbroken",
};

/// One session's life in a world that draws its events from a seed.
class World {
 public:
  World(uint32_t seed, const HarnessOptions& options, Harness& harness)
      : maker_(seed), harness_(harness), network_(maker_, maker_.Below(3) * 8000) {
    harness_.Accept();
    is_websocket_ = options.websocket.has_value();
    has_whole_heads_ = is_websocket_ && maker_.Below(4) != 0;
    relayed_before_ = harness_.counters().answers_relayed.value();
    drains_ = maker_.Below(4) == 0;
    harsh_ = maker_.Below(3) == 0;
    pending_ = maker_.Below(8) == 0 ? Garbage(300) : std::string(Request());
    if (is_websocket_ && maker_.Below(4) == 0) pending_ += Request();
    if (maker_.Below(4) == 0) pending_ += Frames();
  }

  /// Lets something happen. False: the session is over.
  bool Step() {
    const State before = harness_.state();
    const Ending ending = harness_.ending();
    if (harness_.below_due() && maker_.Below(2) == 0) harness_.Below();
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
    // Bytes that were sent since the timer was set have moved its deadline: once. An answer that is
    // being relayed has that long before it is given up.
    const int dues = harness_.state() == State::kRelaying ? 4 : 2;
    for (int i = 0; i < dues && !harness_.over(); ++i) harness_.WaitUntilDue();
    EXPECT_TRUE(harness_.over()) << "the deadline drops both links";
    CheckTranscript();
  }

 private:
  std::string Garbage(size_t bytes_max) {
    std::string garbage(1 + maker_.Below(bytes_max), '\0');
    for (char& byte : garbage) byte = static_cast<char>(maker_.Below(256));
    return garbage;
  }

  std::string_view Request() const { return is_websocket_ ? kWsRequest : kRequest; }

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
    if (maker_.Below(2) == 0) harness_.HoardCells();
    const flow::Stores& stores = harness_.stores();
    for (const base::AccountId account : {stores.half_open(), stores.held(), stores.backend(1)}) {
      if (maker_.Below(4) == 0) {
        harness_.HoardHeld(account, static_cast<uint32_t>(maker_.Below(2)));
      }
    }
    if (maker_.Below(4) == 0) {
      harness_.Hoard(BufferClass::kChunk, static_cast<uint32_t>(maker_.Below(4)));
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
    const bool may_half_close = is_websocket_ && harness_.state() == State::kOpen;
    const LinkEnd end = maker_.Below(2) == 0 ? LinkEnd::kFin : LinkEnd::kReset;
    harness_.End(role, end);
    EXPECT_TRUE(harness_.state() == State::kClosing || (may_half_close && end == LinkEnd::kFin));
  }

  void LetBytesCome() {
    if (harness_.link(kBackend).connecting) {
      const bool fails = maker_.Below(5) == 0;
      backend_pending_.clear();
      backend_said_.clear();
      if (!fails) return harness_.Dialed();
      return harness_.DialFailed("the backend refused the connection",
                                 maker_.Below(2) == 0 ? NextServer::kTry : NextServer::kSpare);
    }
    const base::LinkRole role = maker_.Below(2) == 0 ? kClient : kBackend;
    if (!MayRead(role)) return;
    std::string& pending = role == kClient ? pending_ : backend_pending_;
    if (pending.empty()) pending = role == kClient ? ClientBytes() : BackendBytes();
    if (pending.empty()) return;
    const bool is_head = has_whole_heads_ && !harness_.session().upgraded();
    const size_t most = std::min<size_t>(pending.size(), 4096);
    const std::string bytes =
        pending.substr(0, is_head ? most : network_.NextSmall(pending.size()));
    pending.erase(0, bytes.size());
    (role == kClient ? client_said_ : backend_said_) += bytes;
    const LinkState& to = harness_.link(Opposite(role));
    const bool may_splice = harness_.session().CanSplice(role) && to.there && !to.finished;
    if (may_splice && maker_.Below(4) == 0) return harness_.Splice(role, bytes);
    harness_.Feed(role, bytes);
  }

  std::string ClientBytes() {
    if (harness_.state() == State::kHandshake) return std::string(Request());
    return Frames();
  }

  std::string BackendBytes() {
    if (!is_websocket_) {
      const ws::Bytes text = maker_.Text(1 + maker_.Below(50));
      if (maker_.Below(20) == 0) return Garbage(20);
      return {text.begin(), text.end()};
    }
    if (harness_.state() == State::kAnswering) return backend_said_.empty() ? Answer() : "";
    if (harness_.state() == State::kRelaying) return "";
    if (maker_.Below(20) == 0) return Garbage(20);
    const uint8_t first = maker_.Below(20) == 0 ? 0x88 : 0x82;
    return ServerBytes(first, std::string(maker_.Below(120), 'b'));
  }

  std::string Answer() {
    std::string answer = maker_.Below(4) == 0 ? "HTTP/1.1 103 Early Hints\r\n\r\n" : "";
    if (maker_.Below(2) == 0) return answer.append(kSwitching).append(ServerBytes(0x81, "first"));
    if (maker_.Below(10) == 0) return Garbage(100);
    return answer.append(kAnswers[maker_.Below(std::size(kAnswers))]);
  }

  void CheckStep(State before, const Ending& ending) {
    const State state = harness_.state();
    if (static_cast<int>(state) < static_cast<int>(before)) {
      EXPECT_EQ(state, State::kHandshake) << "only for the next request";
      EXPECT_TRUE(before == State::kAnswering || before == State::kRelaying);
    }
    const EndReason reason = harness_.ending().reason;
    const bool is_half_closed = state == State::kOpen && (reason == EndReason::kClientEnd ||
                                                          reason == EndReason::kBackendEnd);
    EXPECT_EQ(state == State::kClosing || is_half_closed, reason != EndReason::kNone);
    EXPECT_EQ(reason != EndReason::kNone, harness_.ending().side != EndSide::kNobody);
    if (ending.reason != EndReason::kNone) {
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
    const bool waits = state == State::kDialing || state == State::kAnswering;
    const uint32_t waiting = is_websocket_ ? 3 : 2;
    // Until the client's Close comes the front of a frame may be held.
    const uint32_t closing = is_websocket_ ? 0 : 1;
    EXPECT_LE(harness_.leased(BufferClass::kChunk) + harness_.leased(BufferClass::kCell),
              state == State::kClosing ? closing
              : waits                  ? waiting
                                       : 1);
    if (is_websocket_ && state == State::kOpen) CheckPassage();
  }

  /// What the client has sent behind the request that was answered with 101.
  std::string_view ClientBytesBehindTheHandshake() const {
    const uint64_t relayed = harness_.counters().answers_relayed.value() - relayed_before_;
    return std::string_view(client_said_).substr((relayed + 1) * kWsRequest.size());
  }
  std::string_view BackendBytesBehindTheHandshake() const {
    const std::string_view said = backend_said_;
    return said.substr(said.find(kSwitching) + kSwitching.size());
  }
  static std::string_view Behind(std::string_view bytes, std::string_view begin) {
    const size_t at = bytes.find("\r\n\r\n", bytes.find(begin));
    return at == std::string_view::npos ? "" : bytes.substr(at + 4);
  }

  /// As long as it is open all that came has passed, in order.
  void CheckPassage() {
    EXPECT_EQ(Behind(harness_.ToBackend(), "GET "), ClientBytesBehindTheHandshake());
    EXPECT_EQ(Behind(harness_.ToClient(), kRelayedSwitching), BackendBytesBehindTheHandshake());
  }

  /// Bytes out are a prefix of bytes in; a Close of the gateway's may stand behind them.
  void CheckWebSocketTranscript() {
    const std::string_view heard = harness_.ToClient();
    const bool has_101 = heard.find("HTTP/1.1 101 ") != std::string_view::npos;
    EXPECT_EQ(has_101, harness_.session().upgraded());
    EXPECT_TRUE(heard.empty() || heard.starts_with("HTTP/1.1 "));
    if (!has_101) return;
    EXPECT_TRUE(ClientBytesBehindTheHandshake().starts_with(Behind(harness_.ToBackend(), "GET ")));
    const std::string_view out = Behind(heard, kRelayedSwitching);
    const std::string_view in = BackendBytesBehindTheHandshake();
    size_t bytes = out.size();
    const auto is_close = [&] {
      const std::vector<ServerFrame> frames = ServerFrames(out.substr(bytes));
      return frames.size() == 1 && frames[0].opcode == kCloseOpcode;
    };
    while (bytes > 0 &&
           !(in.starts_with(out.substr(0, bytes)) && (bytes == out.size() || is_close()))) {
      --bytes;
    }
    EXPECT_TRUE(bytes > 0 || out.empty() || is_close()) << out;
  }

  /// All that the client ever heard is a refusal or a WebSocket with at most one Close, the last.
  void CheckTranscript() {
    if (is_websocket_) return CheckWebSocketTranscript();
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
  std::string pending_;          ///< what the client sends next
  std::string backend_pending_;  ///< the same of the backend
  std::string client_said_;
  std::string backend_said_;  ///< on its last link
  uint64_t relayed_before_ = 0;
  bool is_websocket_ = false;
  bool has_whole_heads_ = false;
  bool drains_ = false;
  bool harsh_ = false;
};

TEST(Events, InAnyOrderEndInTimeAndLeakNothing) {
  constexpr uint32_t kSeeds = 1500;
  for (const HarnessOptions& options : kRoutes) {
    const int steps_max = options.websocket ? 300 : 150;  // two heads may come byte by byte
    Harness harness(options);
    for (uint32_t seed = 0; seed < kSeeds; ++seed) {
      SCOPED_TRACE(testing::Message() << "route " << &options - kRoutes << ", seed " << seed);
      World world(seed, options, harness);
      int steps = 0;
      while (steps < steps_max && world.Step()) ++steps;
      world.Finish();
      ASSERT_FALSE(testing::Test::HasFailure());
    }
    const base::Counters& counters = harness.counters();
    EXPECT_GT(counters.sessions_opened.value(), kSeeds / 4) << "hardly ever is a session open";
    EXPECT_TRUE(!options.websocket || counters.answers_relayed.value() > kSeeds / 10);
  }
}

}  // namespace
}  // namespace ringway::session
