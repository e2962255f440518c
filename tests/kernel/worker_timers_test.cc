// SPDX-License-Identifier: Apache-2.0
//
// What a worker does as time passes: the clock is the test's, the sockets are real.
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/kernel/worker_fixture.h"

namespace ringway::worker {
namespace {

using base::kNsPerMs;
using loopback::StreamEnd;
using session::EndReason;

TEST_P(WorkerTest, AnswersA408WhenTheRequestDoesNotComeInTime) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = Connect();
  client.socket.Write("GET /echo HTTP/1.1\r\nHo");
  Advance(limits_.handshake_timeout_ns - kNsPerMs);
  EXPECT_EQ(worker_->sessions_open(), 1U);
  EXPECT_EQ(worker_->counters().handshakes_timed_out.value(), 0U);
  Advance(kNsPerMs);
  EXPECT_EQ(ReadHead(client).substr(0, 12), "HTTP/1.1 408");
  EXPECT_EQ(AwaitEnd(client.socket), StreamEnd::kFin);
  client.socket.Close();
  AwaitNoSession();
  ASSERT_EQ(record_.ends.size(), 1U);
  EXPECT_EQ(record_.ends[0].ending.reason, EndReason::kHandshakeTimeout);
  EXPECT_EQ(record_.ends[0].duration_ns, limits_.handshake_timeout_ns);
}

TEST_P(WorkerTest, AnswersA502WhenTheBackendDoesNotAnswerInTime) {
  backend_ = loopback::Listen(AF_INET, 0);
  const loopback::Socket takes_the_only_place = loopback::Dial(backend_);
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = Connect();
  client.socket.Write(Request());
  ASSERT_TRUE(TurnUntil([&] { return worker_->links_open() == 2; }));
  Advance(5 * kSecondNs);
  EXPECT_EQ(ReadHead(client).substr(0, 12), "HTTP/1.1 502");
  EXPECT_EQ(AwaitEnd(client.socket), StreamEnd::kFin);
  client.socket.Close();
  AwaitNoSession();
  ASSERT_EQ(record_.ends.size(), 1U);
  EXPECT_EQ(record_.ends[0].ending.reason, EndReason::kDialFailed);
}

TEST_P(WorkerTest, DialsTheNextAddressWhereOneDoesNotAnswerInTime) {
  const loopback::Socket silent = loopback::Listen(AF_INET, 0);
  const loopback::Socket takes_the_only_place = loopback::Dial(silent);
  dead_addresses_ = {Ipv4AddressOf(silent)};
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = Connect();
  client.socket.Write(Request());
  ASSERT_TRUE(TurnUntil([&] { return worker_->links_open() == 2; }));
  QuietTurns();
  EXPECT_EQ(worker_->counters().dials.value(), 1U);
  Advance(5 * kSecondNs / 4);
  const loopback::Socket backend = TakeBackend();
  EXPECT_EQ(ReadHead(client).substr(0, 12), "HTTP/1.1 101");
  EXPECT_EQ(worker_->counters().dials.value(), 2U);
  EXPECT_EQ(worker_->counters().dials_given_up.value(), 1U);
  EXPECT_EQ(record_.failed_dials, std::vector<std::string>{"the backend did not answer in time"});
}

TEST_P(WorkerTest, PingsAClientThatIsSilentAndIsContentWithItsPong) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  for (int i = 0; i < 3; ++i) {
    Advance(limits_.ping_interval_ns);
    EXPECT_EQ(ReadFrame(client).opcode, ws::Opcode::kPing);
    const uint64_t before = worker_->counters().client_bytes_in.value();
    SendFrame(client, ws::Opcode::kPong, "");
    ASSERT_TRUE(TurnUntil([&] { return worker_->counters().client_bytes_in.value() > before; }));
  }
  EXPECT_EQ(worker_->counters().pings_out.value(), 3U);
  Advance(limits_.pong_timeout_ns);
  EXPECT_TRUE(client.received.empty());
  EXPECT_EQ(worker_->counters().pong_timeouts.value(), 0U);
  EXPECT_EQ(worker_->sessions_open(), 1U);
}

TEST_P(WorkerTest, EndsAClientThatAnswersNoPing) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  Advance(limits_.ping_interval_ns);
  EXPECT_EQ(ReadFrame(client).opcode, ws::Opcode::kPing);
  Advance(limits_.pong_timeout_ns - kNsPerMs);
  EXPECT_EQ(worker_->counters().pong_timeouts.value(), 0U);
  Advance(2 * kNsPerMs);
  EXPECT_EQ(ReadFrame(client).close_code(), 1001);
  EXPECT_EQ(AwaitEnd(client.socket), StreamEnd::kFin);
  EXPECT_EQ(AwaitEnd(backend), StreamEnd::kFin);
  client.socket.Close();
  backend.Close();
  AwaitNoSession();
  ASSERT_EQ(record_.ends.size(), 1U);
  EXPECT_EQ(record_.ends[0].ending.reason, EndReason::kPongTimeout);
  EXPECT_EQ(worker_->counters().pong_timeouts.value(), 1U);
}

TEST_P(WorkerTest, EndsASessionThatIsIdle) {
  limits_.ping_interval_ns = 0;
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  Advance(limits_.idle_timeout_ns - kSecondNs);
  backend.Write("a sign of life");
  EXPECT_EQ(ReadFrame(client).payload, "a sign of life");
  Advance(limits_.idle_timeout_ns - kSecondNs);
  EXPECT_TRUE(client.received.empty());
  Advance(kSecondNs);
  EXPECT_EQ(ReadFrame(client).close_code(), 1001);
  SendClose(client, 1001);
  EXPECT_EQ(AwaitEnd(client.socket), StreamEnd::kFin);
  client.socket.Close();
  backend.Close();
  AwaitNoSession();
  ASSERT_EQ(record_.ends.size(), 1U);
  EXPECT_EQ(record_.ends[0].ending.reason, EndReason::kIdle);
}

TEST_P(WorkerTest, CutsAClosingThatDoesNotEndInTime) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  backend.Close();
  EXPECT_EQ(ReadFrame(client).close_code(), 1000);
  Advance(limits_.close_timeout_ns - kNsPerMs);
  EXPECT_EQ(worker_->sessions_open(), 1U);
  Advance(2 * kNsPerMs);
  AwaitNoSession();
  AwaitEnd(client.socket);
  ASSERT_EQ(record_.ends.size(), 1U);
  EXPECT_TRUE(record_.ends[0].cut);
  EXPECT_EQ(record_.ends[0].ending.reason, EndReason::kBackendEnd);
  EXPECT_EQ(worker_->counters().close_timeouts.value(), 1U);
}

TEST_P(WorkerTest, ADrainClosesEverySessionInOrder) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket first_backend;
  loopback::Socket second_backend;
  Client first = OpenSession(&first_backend);
  Client second = OpenSession(&second_backend);
  SendText(first, "on its way");
  worker_->RequestDrain();
  EXPECT_EQ(Read(first_backend, 10), "on its way");
  for (Client* client : {&first, &second}) {
    EXPECT_EQ(ReadFrame(*client).close_code(), 1001);
    SendClose(*client, 1001);
    EXPECT_EQ(AwaitEnd(client->socket), StreamEnd::kFin);
    client->socket.Close();
  }
  for (loopback::Socket* backend : {&first_backend, &second_backend}) {
    EXPECT_EQ(AwaitEnd(*backend), StreamEnd::kFin);
    EXPECT_FALSE(worker_->finished());
    backend->Close();
  }
  EXPECT_TRUE(TurnUntil([&] { return worker_->finished(); }));
  ASSERT_EQ(record_.ends.size(), 2U);
  for (const Record::End& end : record_.ends) {
    EXPECT_EQ(end.ending.reason, EndReason::kDrain);
    EXPECT_FALSE(end.cut);
  }
}

TEST_P(WorkerTest, ADrainTakesNobodyNew) {
  ASSERT_NO_FATAL_FAILURE(Open());
  worker_->RequestDrain();
  EXPECT_TRUE(TurnUntil([&] { return worker_->finished(); }));
  const loopback::Socket late = loopback::Dial(listener_);
  QuietTurns();
  EXPECT_EQ(worker_->counters().accepted.value(), 0U);
}

TEST_P(WorkerTest, ADrainEndsHandshakesAndDials) {
  backend_ = loopback::Listen(AF_INET, 0);
  const loopback::Socket takes_the_only_place = loopback::Dial(backend_);
  ASSERT_NO_FATAL_FAILURE(Open());
  Client silent = Connect();
  Client dialling = Connect();
  dialling.socket.Write(Request());
  ASSERT_TRUE(TurnUntil([&] { return worker_->links_open() == 3; }));
  worker_->RequestDrain();
  EXPECT_EQ(ReadHead(dialling).substr(0, 12), "HTTP/1.1 503");
  AwaitEnd(silent.socket);
  dialling.socket.Close();
  EXPECT_TRUE(TurnUntil([&] { return worker_->finished(); }));
}

TEST_P(WorkerTest, ADrainCutsWhoDoesNotCloseInTime) {
  limits_.close_timeout_ns = 100 * kSecondNs;
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  worker_->RequestDrain();
  EXPECT_EQ(ReadFrame(client).close_code(), 1001);
  Advance(limits_.drain_timeout_ns - kNsPerMs);
  EXPECT_FALSE(worker_->finished());
  Advance(2 * kNsPerMs);
  EXPECT_TRUE(TurnUntil([&] { return worker_->finished(); }));
  AwaitEnd(client.socket);
  AwaitEnd(backend);
  ASSERT_EQ(record_.ends.size(), 1U);
  EXPECT_EQ(record_.ends[0].ending.reason, EndReason::kDrain);
  EXPECT_TRUE(record_.ends[0].cut);
}

}  // namespace
}  // namespace ringway::worker
