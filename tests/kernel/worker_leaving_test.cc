// SPDX-License-Identifier: Apache-2.0
//
// Clients that leave while they are not read, on real sockets: it is noticed at once, in every
// phase, without a byte of theirs being read and without the clock.
#include <string>
#include <utility>

#include "tests/kernel/worker_fixture.h"

namespace ringway::worker {
namespace {

using session::EndReason;
using session::EndSide;

constexpr int kStillTurns = 30;

std::string NameOf(const testing::TestParamInfo<Offered>& info) {
  return info.param == Offered::kEverything ? "Everything" : "NothingOptional";
}

class LeavingTest : public WorkerTest {
 protected:
  /// From now on no backend takes a connection.
  void FillBacklog() {
    backend_ = loopback::Listen(AF_INET, 0);
    takes_the_only_place_ = loopback::Dial(backend_);
  }

  /// A client whose backend is dialled and does not answer.
  Client Dialling(std::string_view path, std::string_view behind = "") {
    Client client = Connect();
    client.socket.Write(Request(path) + std::string(behind));
    EXPECT_TRUE(TurnUntil([&] { return worker_->links_open() == 2; }));
    QuietTurns();
    return client;
  }

  void ExpectOneEnd(EndSide side, EndReason reason) {
    AwaitNoSession();
    ASSERT_EQ(record_.ends.size(), 1U);
    EXPECT_EQ(session::Word(record_.ends[0].ending.side), session::Word(side));
    EXPECT_EQ(session::Word(record_.ends[0].ending.reason), session::Word(reason));
    EXPECT_EQ(occupancy_->sessions(), 0U);
    EXPECT_EQ(occupancy_->on_server(0), 0U);
  }

  loopback::Socket takes_the_only_place_;
};

TEST_P(LeavingTest, AResetWhileTheWindowIsFullEndsTheSession) {
  loopback::SetBuffers(backend_, {.receive = 16 * 1024});
  loopback::SetBuffers(listener_, {.receive = 64 * 1024});
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  const std::string frame = FrameOf(ws::Opcode::kBinary, std::string(32 * 1024 * 1024, 'u'));
  size_t written = 0;
  for (int still = 0; still < kStillTurns;) {
    const size_t taken = client.socket.Write(std::string_view(frame).substr(written));
    written += taken;
    still = taken > 0 ? 0 : still + 1;
    Turn();
  }
  ASSERT_LT(written, frame.size());
  const uint64_t bytes_in = worker_->counters().client_bytes_in.value();
  client.socket.Reset();
  EXPECT_TRUE(TurnUntil([&] { return worker_->counters().client_resets.value() == 1; }));
  EXPECT_EQ(worker_->counters().client_bytes_in.value(), bytes_in) << "it was not read";
  backend.Reset();
  ExpectOneEnd(EndSide::kClient, EndReason::kClientGone);
}

TEST_P(LeavingTest, AResetWhileTheBackendIsDialledEndsTheSession) {
  FillBacklog();
  ASSERT_NO_FATAL_FAILURE(Open());
  for (const std::string_view path : {"/echo", "/pass"}) {
    SCOPED_TRACE(path);
    record_.ends.clear();
    Client client = Dialling(path);
    client.socket.Reset();
    ExpectOneEnd(EndSide::kClient, EndReason::kAbandoned);
  }
}

TEST_P(LeavingTest, AResetBehindFramesThatWaitForTheDialEndsTheSession) {
  FillBacklog();
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = Dialling("/echo", FrameOf(ws::Opcode::kText, "early"));
  client.socket.Write(FrameOf(ws::Opcode::kText, "unread"));
  QuietTurns();
  client.socket.Reset();
  ExpectOneEnd(EndSide::kClient, EndReason::kAbandoned);
}

TEST_P(LeavingTest, AFinWhileATcpBackendIsDialledEndsTheSession) {
  FillBacklog();
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = Dialling("/echo");
  client.socket.ShutdownWrite();
  ExpectOneEnd(EndSide::kClient, EndReason::kAbandoned);
}

TEST_P(LeavingTest, AFinBehindUnreadFramesWhileATcpBackendIsDialledDoesNot) {
  FillBacklog();
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = Dialling("/echo");
  client.socket.Write(FrameOf(ws::Opcode::kText, "unread"));
  QuietTurns();
  client.socket.ShutdownWrite();
  QuietTurns();
  EXPECT_EQ(worker_->sessions_open(), 1U);
  client.socket.Reset();
  ExpectOneEnd(EndSide::kClient, EndReason::kAbandoned);
}

TEST_P(LeavingTest, AFinInWebSocketModeLeavesTheRequestInForce) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = Connect();
  client.socket.Write(Request("/pass"));
  Client service{.socket = TakeBackend(), .received = {}};
  EXPECT_EQ(ReadHead(service).substr(0, 9), "GET /pass");
  QuietTurns();
  client.socket.ShutdownWrite();
  QuietTurns();
  EXPECT_EQ(worker_->sessions_open(), 1U);
  service.socket.Write("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_EQ(ReadHead(client).substr(0, 12), "HTTP/1.1 404");
  EXPECT_EQ(Read(client.socket, 2).size() + client.received.size(), 2U);
  client.socket.Close();
  AwaitNoSession();
}

TEST_P(LeavingTest, AResetWhileABackendHasNotAnsweredEndsTheSession) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = Connect();
  client.socket.Write(Request("/pass"));
  Client service{.socket = TakeBackend(), .received = {}};
  EXPECT_EQ(ReadHead(service).substr(0, 9), "GET /pass");
  QuietTurns();
  client.socket.Reset();
  ExpectOneEnd(EndSide::kClient, EndReason::kAbandoned);
}

TEST_P(LeavingTest, AResetWhileAnAnswerIsRelayedEndsTheSession) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = Connect();
  client.socket.Write(Request("/pass"));
  Client service{.socket = TakeBackend(), .received = {}};
  EXPECT_EQ(ReadHead(service).substr(0, 9), "GET /pass");
  service.socket.Write("HTTP/1.1 404 No\r\nContent-Length: 1000\r\n\r\nno");
  EXPECT_EQ(ReadHead(client).substr(0, 12), "HTTP/1.1 404");
  QuietTurns();
  client.socket.Reset();
  AwaitNoSession();
  ASSERT_EQ(record_.ends.size(), 1U);
  EXPECT_EQ(record_.ends[0].ending.side, EndSide::kClient);
}

TEST_P(LeavingTest, AClientWhoseWindowWasFullIsHeardWhenItsBackendHasReset) {
  loopback::SetBuffers(backend_, {.receive = 16 * 1024});
  loopback::SetBuffers(listener_, {.receive = 64 * 1024});
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  const std::string frame = FrameOf(ws::Opcode::kBinary, std::string(32 * 1024 * 1024, 'u'));
  size_t written = 0;
  const auto push = [&] {
    const size_t taken = client.socket.Write(std::string_view(frame).substr(written));
    written += taken;
    return taken;
  };
  for (int still = 0; still < kStillTurns; Turn()) still = push() > 0 ? 0 : still + 1;
  ASSERT_GT(worker_->counters().receives_paused.value(), 0U);
  backend.Reset();
  EXPECT_TRUE(TurnUntil([&] {
    push();
    return written == frame.size();
  }));
  EXPECT_EQ(ReadFrame(client).close_code(), 1011);
  SendClose(client, 1011);
  EXPECT_EQ(AwaitEnd(client.socket), loopback::StreamEnd::kFin);
  client.socket.Close();
  ExpectOneEnd(EndSide::kBackend, EndReason::kBackendReset);
  EXPECT_FALSE(record_.ends[0].cut);
}

/// A backend sends until the client's window is full, and then leaves.
class BackendLeavingTest : public LeavingTest {
 protected:
  void SetUp() override { loopback::SetBuffers(listener_, {.send = 16 * 1024}); }

  /// `leave` says how the backend ends its connection.
  template <typename Leave>
  Client FullWindow(Leave&& leave) {
    loopback::Socket backend;
    Client client = OpenSession(&backend);
    const std::string bytes(64 * 1024, 'd');
    // So little waits in the worker's socket that a FIN has room behind it.
    for (int still = 0; still < kStillTurns; Turn(), ++still) {
      if (worker_->counters().backend_bytes_in.value() < written_) continue;
      written_ += backend.Write(bytes);
      still = 0;
    }
    EXPECT_EQ(worker_->counters().backends_left.value(), 0U);
    leave(backend);
    EXPECT_TRUE(TurnUntil([&] { return worker_->counters().backends_left.value() == 1; }));
    EXPECT_EQ(worker_->links_open(), 2U) << "nothing ends while bytes may still be read";
    return client;
  }

  size_t written_ = 0;
};

TEST_P(BackendLeavingTest, ItsFinIsNotedAndActedOnBehindItsBytes) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = FullWindow([](loopback::Socket& backend) { backend.ShutdownWrite(); });
  size_t received = 0;
  for (Frame frame = ReadFrame(client); frame.opcode != ws::Opcode::kClose && !HasFailure();
       frame = ReadFrame(client)) {
    received += frame.payload.size();
  }
  EXPECT_EQ(received, written_);
  client.socket.Reset();
  ExpectOneEnd(EndSide::kBackend, EndReason::kBackendEnd);
  EXPECT_FALSE(record_.ends[0].backend_left) << "all that it sent was taken";
}

TEST_P(BackendLeavingTest, ItsResetIsNotedWhereTheClientTakesNothingMore) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = FullWindow([](loopback::Socket& backend) { backend.Reset(); });
  // A paced socket may still take something.
  for (int i = 0; i < 10 && worker_->sessions_open() > 0; ++i) Advance(limits_.idle_timeout_ns);
  ExpectOneEnd(EndSide::kGateway, EndReason::kIdle);
  EXPECT_TRUE(record_.ends[0].backend_left);
}

TEST_P(BackendLeavingTest, AndItsClientAtOnceLeaveNothingBehind) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = FullWindow([&](loopback::Socket& leaving) {
    leaving.ShutdownWrite();
    backend = std::move(leaving);
  });
  client.socket.Reset();
  EXPECT_EQ(AwaitEnd(backend), loopback::StreamEnd::kFin);
  ExpectOneEnd(EndSide::kClient, EndReason::kClientGone);
}

INSTANTIATE_TEST_SUITE_P(Kernel, BackendLeavingTest,
                         testing::Values(Offered::kEverything, Offered::kNothingOptional), NameOf);

INSTANTIATE_TEST_SUITE_P(Kernel, LeavingTest,
                         testing::Values(Offered::kEverything, Offered::kNothingOptional), NameOf);

}  // namespace
}  // namespace ringway::worker
