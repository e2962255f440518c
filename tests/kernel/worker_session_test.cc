// SPDX-License-Identifier: Apache-2.0
//
// Sessions of a worker on the real kernel, from accept to their end, and who ended them.
#include <poll.h>

#include <array>
#include <cerrno>

#include "tests/kernel/worker_fixture.h"

namespace ringway::worker {
namespace {

using loopback::StreamEnd;
using session::EndReason;
using session::EndSide;

std::string NameOf(const testing::TestParamInfo<Offered>& info) {
  return info.param == Offered::kEverything ? "Everything" : "NothingOptional";
}

INSTANTIATE_TEST_SUITE_P(Kernel, WorkerTest,
                         testing::Values(Offered::kEverything, Offered::kNothingOptional), NameOf);

void ExpectEnding(const Record::End& end, EndSide side, EndReason reason, uint16_t code) {
  EXPECT_EQ(session::Word(end.ending.side), session::Word(side));
  EXPECT_EQ(session::Word(end.ending.reason), session::Word(reason));
  EXPECT_EQ(end.ending.code, code);
}

/// Where there is no worker any more to take turns.
void ExpectEnd(loopback::Socket& socket) {
  constexpr int kPatienceMs = 10'000;
  std::array<uint8_t, 4096> discarded;
  while (socket.Read(discarded) > 0 || socket.end() == StreamEnd::kOpen) {
    pollfd readable{.fd = socket.fd(), .events = POLLIN};
    ASSERT_EQ(poll(&readable, 1, kPatienceMs), 1) << "the stream does not end";
  }
}

TEST_P(WorkerTest, ARingThatFailsEndsTheWorkerAndItsSessions) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  SendText(client, "half of it");
  kernel_->Break();
  const absl::Status status = worker_->Turn();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.ToString().find("io_uring_enter failed: "), std::string::npos) << status;
  worker_.reset();
  EXPECT_EQ(occupancy_->sessions(), 0U);
  EXPECT_EQ(occupancy_->on_server(0), 0U);
  kernel_.reset();
  ExpectEnd(client.socket);
  ExpectEnd(backend);
}

TEST_P(WorkerTest, CarriesASessionFromItsHandshakeToItsClose) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  EXPECT_EQ(worker_->sessions_open(), 1U);
  EXPECT_EQ(worker_->links_open(), 2U);

  SendText(client, "hello");
  EXPECT_EQ(Read(backend, 5), "hello");
  backend.Write("world!");
  const Frame answer = ReadFrame(client);
  EXPECT_EQ(answer.opcode, ws::Opcode::kBinary);
  EXPECT_EQ(answer.payload, "world!");

  SendClose(client, 1000);
  const Frame close = ReadFrame(client);
  EXPECT_EQ(close.opcode, ws::Opcode::kClose);
  EXPECT_EQ(close.close_code(), 1000);
  EXPECT_EQ(AwaitEnd(client.socket), StreamEnd::kFin);
  EXPECT_EQ(AwaitEnd(backend), StreamEnd::kFin);
  client.socket.Close();
  backend.Close();
  AwaitNoSession();

  ASSERT_EQ(record_.ends.size(), 1U);
  const Record::End& end = record_.ends[0];
  ExpectEnding(end, EndSide::kClient, EndReason::kClientClose, 1000);
  EXPECT_TRUE(end.upgraded);
  EXPECT_FALSE(end.cut);
  EXPECT_EQ(end.route, "echo");
  EXPECT_EQ(end.backend_bytes_in, 6U);
  EXPECT_EQ(end.messages_in, 1U);
  EXPECT_EQ(end.frames_out, 1U);
  EXPECT_EQ(worker_->counters().sessions_opened.value(), 1U);
  EXPECT_EQ(worker_->counters().sessions_ended.value(), 1U);
}

TEST_P(WorkerTest, ATurnEntersTheKernelOnce) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  for (int i = 0; i < 10; ++i) {
    SendText(client, "ping");
    EXPECT_EQ(Read(backend, 4), "ping");
  }
  EXPECT_EQ(kernel_->entered(), worker_->counters().turns.value());
}

TEST_P(WorkerTest, AnIdleSessionHoldsNoBuffer) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  SendText(client, "hello");
  EXPECT_EQ(Read(backend, 5), "hello");
  QuietTurns();
  for (size_t c = 0; c < base::kBufferClasses; ++c) {
    EXPECT_EQ(worker_->arena().leased(static_cast<base::BufferClass>(c)), 0U);
  }
}

TEST_P(WorkerTest, TakesARequestByteByByte) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = Connect();
  for (const char byte : Request()) {
    client.socket.Write({&byte, 1});
    Turn();
  }
  const loopback::Socket backend = TakeBackend();
  EXPECT_EQ(ReadHead(client).substr(0, 12), "HTTP/1.1 101");
}

TEST_P(WorkerTest, ForwardsWhatCameBehindTheRequest) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = Connect();
  client.socket.Write(Request());
  SendText(client, "early");
  loopback::Socket backend = TakeBackend();
  EXPECT_EQ(Read(backend, 5), "early");
}

TEST_P(WorkerTest, AnswersAPingItself) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  SendFrame(client, ws::Opcode::kPing, "are you there");
  const Frame pong = ReadFrame(client);
  EXPECT_EQ(pong.opcode, ws::Opcode::kPong);
  EXPECT_EQ(pong.payload, "are you there");
}

TEST_P(WorkerTest, RefusesAnUnknownPathAndEndsTheConnection) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = Connect();
  client.socket.Write("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(ReadHead(client).substr(0, 12), "HTTP/1.1 404");
  EXPECT_EQ(AwaitEnd(client.socket), StreamEnd::kFin);
  client.socket.Close();
  AwaitNoSession();
  ASSERT_EQ(record_.ends.size(), 1U);
  ExpectEnding(record_.ends[0], EndSide::kGateway, EndReason::kRefused, 404);
  EXPECT_FALSE(record_.ends[0].upgraded);
}

TEST_P(WorkerTest, AnswersA502WhenTheBackendRefuses) {
  backend_ = loopback::Refuse();
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = Connect();
  client.socket.Write(Request());
  EXPECT_EQ(ReadHead(client).substr(0, 12), "HTTP/1.1 502");
  EXPECT_EQ(AwaitEnd(client.socket), StreamEnd::kFin);
  client.socket.Close();
  AwaitNoSession();
  ASSERT_EQ(record_.failed_dials.size(), 1U);
  EXPECT_EQ(record_.failed_dials[0], "the backend refused the connection");
  EXPECT_EQ(record_.dial_errors[0], ECONNREFUSED);
  ASSERT_EQ(record_.ends.size(), 1U);
  ExpectEnding(record_.ends[0], EndSide::kBackend, EndReason::kDialFailed, 502);
}

TEST_P(WorkerTest, DialsTheNextAddressWhereOneRefusesAndTellsOfItOnce) {
  const loopback::Socket dead = loopback::Refuse();
  dead_addresses_ = {Ipv4AddressOf(dead)};
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket first_backend;
  const Client first = OpenSession(&first_backend);
  EXPECT_EQ(worker_->counters().dials_of_next_address.value(), 1U);
  EXPECT_EQ(record_.failed_dials.size(), 1U);
  // The next ones begin with the address that answers, until the other is tried again.
  loopback::Socket second_backend;
  const Client second = OpenSession(&second_backend);
  EXPECT_EQ(worker_->counters().dials_failed.value(), 1U);
  Advance(route::AddressChoice::kRetryNs);
  loopback::Socket third_backend;
  const Client third = OpenSession(&third_backend);
  EXPECT_EQ(worker_->counters().dials_failed.value(), 2U);
  EXPECT_EQ(record_.failed_dials.size(), 1U) << "it is no news";
}

TEST_P(WorkerTest, TellsTheClientWhenTheBackendEnds) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  backend.Write("bye");
  backend.ShutdownWrite();
  EXPECT_EQ(ReadFrame(client).payload, "bye");
  EXPECT_EQ(ReadFrame(client).close_code(), 1000);
  SendClose(client, 1000);
  EXPECT_EQ(AwaitEnd(client.socket), StreamEnd::kFin);
  EXPECT_EQ(AwaitEnd(backend), StreamEnd::kFin);
  client.socket.Close();
  backend.Close();
  AwaitNoSession();
  ASSERT_EQ(record_.ends.size(), 1U);
  ExpectEnding(record_.ends[0], EndSide::kBackend, EndReason::kBackendEnd, 1000);
}

TEST_P(WorkerTest, TellsTheClientWhenTheBackendResets) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  backend.Reset();
  EXPECT_EQ(ReadFrame(client).close_code(), 1011);
  SendClose(client, 1011);
  EXPECT_EQ(AwaitEnd(client.socket), StreamEnd::kFin);
  client.socket.Close();
  AwaitNoSession();
  ASSERT_EQ(record_.ends.size(), 1U);
  ExpectEnding(record_.ends[0], EndSide::kBackend, EndReason::kBackendReset, 1011);
  EXPECT_EQ(worker_->counters().backend_resets.value(), 1U);
}

TEST_P(WorkerTest, EndsTheBackendWhenTheClientResets) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  SendText(client, "last words");
  client.socket.Reset();
  EXPECT_EQ(AwaitEnd(backend), StreamEnd::kFin);
  backend.Close();
  AwaitNoSession();
  ASSERT_EQ(record_.ends.size(), 1U);
  ExpectEnding(record_.ends[0], EndSide::kClient, EndReason::kClientGone, 1006);
}

TEST_P(WorkerTest, DeliversWhatTheClientSentBeforeItsFin) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  SendText(client, "last words");
  client.socket.Close();
  EXPECT_EQ(Read(backend, 100), "last words");
  EXPECT_EQ(backend.end(), StreamEnd::kFin);
  backend.Close();
  AwaitNoSession();
}

TEST_P(WorkerTest, ForgetsAClientThatLeavesBeforeItsRequest) {
  ASSERT_NO_FATAL_FAILURE(Open());
  {
    Client client = Connect();
    client.socket.Write("GET /ec");
    QuietTurns();
  }
  AwaitNoSession();
  ASSERT_EQ(record_.ends.size(), 1U);
  ExpectEnding(record_.ends[0], EndSide::kClient, EndReason::kAbandoned, 0);
  EXPECT_EQ(worker_->counters().handshakes_abandoned.value(), 1U);
}

TEST_P(WorkerTest, RefusesAFrameWithoutMaskWith1002) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  client.socket.Write(std::string_view("\x81\x02hi", 4));
  EXPECT_EQ(ReadFrame(client).close_code(), 1002);
  EXPECT_EQ(AwaitEnd(client.socket), StreamEnd::kFin);
  client.socket.Close();
  backend.Close();
  AwaitNoSession();
  ASSERT_EQ(record_.ends.size(), 1U);
  ExpectEnding(record_.ends[0], EndSide::kGateway, EndReason::kProtocolError, 1002);
}

TEST_P(WorkerTest, AcceptWaitsWhileEverySlotIsTaken) {
  limits_.sessions_per_worker_max = 2;
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket first_backend;
  loopback::Socket second_backend;
  Client first = OpenSession(&first_backend);
  const Client second = OpenSession(&second_backend);
  EXPECT_EQ(record_.pauses.size(), 1U);
  Client third{.socket = loopback::Dial(listener_), .received = {}};
  third.socket.Write(Request());
  QuietTurns();
  EXPECT_EQ(worker_->sessions_open(), 2U);

  first.socket.Close();
  first_backend.Close();
  const loopback::Socket third_backend = TakeBackend();
  EXPECT_EQ(ReadHead(third).substr(0, 12), "HTTP/1.1 101");
  EXPECT_EQ(worker_->sessions_open(), 2U);
  EXPECT_EQ(worker_->counters().accept_errors.value(), 0U);
}

TEST_P(WorkerTest, ManyShortSessionsLeaveNothingBehind) {
  ASSERT_NO_FATAL_FAILURE(Open());
  constexpr size_t kSessions = 40;
  for (size_t i = 0; i < kSessions; ++i) {
    loopback::Socket backend;
    Client client = OpenSession(&backend);
    SendText(client, "x");
    EXPECT_EQ(Read(backend, 1), "x");
    if (i % 3 == 0) client.socket.Reset();
    if (i % 3 == 1) backend.Reset();
  }
  AwaitNoSession();
  EXPECT_EQ(record_.ends.size(), kSessions);
  EXPECT_EQ(worker_->links_open(), 0U);
}

}  // namespace
}  // namespace ringway::worker
