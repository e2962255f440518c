// SPDX-License-Identifier: Apache-2.0
//
// Bytes that pass through a worker unread, on real sockets: through buffers, through pipes, and
// from one to the other; whole, in order, and with the ends of streams behind them.
#include <algorithm>
#include <array>
#include <string>

#include "tests/kernel/worker_fixture.h"

namespace ringway::worker {
namespace {

constexpr size_t kMiB = 1024 * 1024;
/// Turns in which nothing moves after which everything stands still.
constexpr int kStillTurns = 30;

/// A pattern on its way from one socket to another.
class Flow {
 public:
  Flow(loopback::Socket& from, loopback::Socket& to, size_t bytes)
      : from_(from), to_(to), bytes_(loopback::Pattern(0, bytes)) {}

  /// Bytes that the first socket took now.
  size_t Push(size_t bytes_max = kMiB) {
    const size_t offered = std::min(bytes_max, bytes_.size() - sent_);
    const size_t taken = offered == 0 ? 0 : from_.Write({bytes_.data() + sent_, offered});
    sent_ += taken;
    return taken;
  }
  /// Bytes that came out now, which have to be the next ones.
  size_t Pull() {
    std::vector<uint8_t> piece(kMiB);
    piece.resize(to_.Read(piece));
    EXPECT_EQ(loopback::FirstDifference(piece, got_), piece.size()) << "behind " << got_;
    got_ += piece.size();
    return piece.size();
  }
  bool is_sent() const { return sent_ == bytes_.size(); }
  bool is_there() const { return got_ == bytes_.size(); }
  size_t sent() const { return sent_; }
  size_t got() const { return got_; }

 private:
  loopback::Socket& from_;
  loopback::Socket& to_;
  std::vector<uint8_t> bytes_;
  size_t sent_ = 0;
  size_t got_ = 0;
};

class PassageTest : public WorkerTest {
 protected:
  /// Until everything has come.
  void Run(Flow& flow) {
    EXPECT_TRUE(TurnUntil([&] {
      flow.Push();
      flow.Pull();
      return flow.is_there();
    })) << flow.got();
  }
  /// Pushes until nothing moves any more.
  void Fill(Flow& flow) {
    int still = 0;
    for (int turns = 0; still < kStillTurns && turns < kTurnsMax; ++turns) {
      still = flow.Push() > 0 ? 0 : still + 1;
      Turn();
    }
  }
  uint64_t spliced() const { return worker_->counters().bytes_spliced.value(); }
  uint64_t InPipes() const {
    return worker_->gauges().bytes_queued.value() - worker_->queued_bytes();
  }
};

TEST_P(PassageTest, BulkPassesThroughPipesBothWaysAtOnce) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenPassage("/pass", &backend);
  Flow up(client.socket, backend, 16 * kMiB);
  Flow down(backend, client.socket, 16 * kMiB);
  EXPECT_TRUE(TurnUntil([&] {
    up.Push();
    down.Push();
    up.Pull();
    down.Pull();
    return up.is_there() && down.is_there();
  })) << up.got()
      << ", " << down.got();
  EXPECT_GT(spliced(), 16 * kMiB);
  EXPECT_EQ(worker_->pipes_held(), 0U);
}

TEST_P(PassageTest, NothingIsSplicedWhereTheRouteSaysSo) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenPassage("/copy", &backend);
  Flow up(client.socket, backend, 8 * kMiB);
  Run(up);
  EXPECT_EQ(spliced(), 0U);
}

TEST_P(PassageTest, BulkGoesThroughBuffersWhereThereIsNoPipe) {
  limits_.pipes = 0;
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenPassage("/pass", &backend);
  Flow up(client.socket, backend, 8 * kMiB);
  Run(up);
  EXPECT_EQ(spliced(), 0U);
  EXPECT_GT(worker_->counters().pipes_missing.value(), 0U);
}

TEST_P(PassageTest, SmallBytesBehindBulkComeBackToBuffers) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenPassage("/pass", &backend);
  Flow bulk(client.socket, backend, 8 * kMiB);
  Run(bulk);
  const uint64_t after_bulk = spliced();
  EXPECT_GT(after_bulk, 0U);
  for (int i = 0; i < 100; ++i) {
    client.socket.Write("small");
    EXPECT_EQ(Read(backend, 5), "small");
  }
  const uint64_t after_change = spliced();
  EXPECT_LT(after_change, after_bulk + 50 * 5);
  client.socket.Write("last");
  EXPECT_EQ(Read(backend, 4), "last");
  EXPECT_EQ(spliced(), after_change);
}

TEST_P(PassageTest, ATargetThatDoesNotReadStopsItsSourceAndLosesNothing) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenPassage("/pass", &backend);
  Flow down(backend, client.socket, 64 * kMiB);
  while (spliced() == 0 && !HasFailure()) {
    down.Push();
    down.Pull();
    Turn();
  }
  Fill(down);
  EXPECT_FALSE(down.is_sent());
  EXPECT_EQ(worker_->pipes_held(), 1U);
  const uint64_t taken = worker_->counters().backend_bytes_in.value();
  const uint64_t left = worker_->counters().client_bytes_out.value();
  EXPECT_LE(taken, left + splice::kPipeBytes);
  // The other direction goes on meanwhile.
  client.socket.Write("ping");
  EXPECT_EQ(Read(backend, 4), "ping");
  Run(down);
}

TEST_P(PassageTest, APipeWhoseTargetTakesNothingForASecondIsEmptiedIntoTheQueue) {
  limits_.chunks = 4096;  // so that a queue may hold what is in a pipe
  limits_.window_bytes = kMiB;
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenPassage("/pass", &backend);
  Flow down(backend, client.socket, 64 * kMiB);
  while (spliced() == 0 && !HasFailure()) {
    down.Push();
    down.Pull();
    Turn();
  }
  Fill(down);
  ASSERT_EQ(worker_->pipes_held(), 1U);
  EXPECT_EQ(worker_->queued_bytes(), 0U);
  Advance(kSecondNs - 10 * base::kNsPerMs);
  EXPECT_EQ(worker_->pipes_held(), 1U);
  Advance(20 * base::kNsPerMs);
  EXPECT_EQ(worker_->pipes_held(), 0U);
  EXPECT_GT(worker_->queued_bytes(), 0U);
  EXPECT_EQ(worker_->counters().pipes_emptied.value(), 1U);
  Run(down);
  EXPECT_EQ(worker_->queued_bytes(), 0U);
}

TEST_P(PassageTest, WhatIsEmptiedOutOfAPipeStandsInFrontOfWhatHasQueuedBehindIt) {
  limits_.chunks = 4096;
  limits_.window_bytes = kMiB;
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  const std::string bytes(kMiB, 'd');
  size_t written = 0;
  // Whether its last bytes stand in the pipe is by chance.
  for (int tries = 0; tries < 100 && worker_->pipes_held() == 0; ++tries) {
    std::array<uint8_t, 64 * 1024> some;
    const size_t read = client.socket.Read(some);
    client.received.append(some.begin(), some.begin() + read);
    for (int still = 0; still < kStillTurns; Turn()) {
      const size_t taken = backend.Write(bytes);
      written += taken;
      still = taken > 0 ? 0 : still + 1;
    }
  }
  ASSERT_EQ(worker_->pipes_held(), 1U);
  SendFrame(client, ws::Opcode::kPing, "behind the pipe");
  QuietTurns();
  Advance(2 * kSecondNs);
  EXPECT_EQ(worker_->counters().pipes_emptied.value(), 1U);
  size_t before = 0;
  Frame frame = ReadFrame(client);
  for (; frame.opcode == ws::Opcode::kBinary && !HasFailure(); frame = ReadFrame(client)) {
    before += frame.payload.size();
  }
  EXPECT_EQ(frame.opcode, ws::Opcode::kPong);
  EXPECT_EQ(frame.payload, "behind the pipe");
  EXPECT_GT(before, 0U);
  while (before < written && !HasFailure()) before += ReadFrame(client).payload.size();
  EXPECT_EQ(before, written);
}

TEST_P(PassageTest, APipeIsNotEmptiedIntoAQueueWhoseShareIsSmallerAndGoesOnWhenItsTargetTakes) {
  limits_.chunks = 448;  // 96 KiB a queue, and a pipe holds up to 256
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenPassage("/pass", &backend);
  Flow down(backend, client.socket, 64 * kMiB);
  while (spliced() == 0 && !HasFailure()) {
    down.Push();
    down.Pull();
    Turn();
  }
  Fill(down);
  // How much of a fill is left in the pipe is by chance, and a paced socket takes more for a while.
  for (int i = 0; i < 300 && InPipes() <= 128 * 1024; ++i) {
    down.Pull();
    for (int fills = 0; fills < 5; ++fills) Fill(down);
  }
  ASSERT_GT(InPipes(), 128U * 1024);
  ASSERT_EQ(worker_->pipes_held(), 1U);
  for (int i = 0; i < 3; ++i) Advance(2 * kSecondNs);
  EXPECT_EQ(worker_->pipes_held(), 1U);
  EXPECT_EQ(worker_->counters().pipes_emptied.value(), 0U);
  EXPECT_GT(worker_->counters().pipes_stalled.value(), 0U);
  Run(down);
}

TEST_P(PassageTest, AFinIsPassedOnBehindBulkAndTheOtherDirectionGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Open());
  for (const bool client_first : {true, false}) {
    loopback::Socket backend;
    Client client = OpenPassage("/pass", &backend);
    loopback::Socket& first = client_first ? client.socket : backend;
    loopback::Socket& second = client_first ? backend : client.socket;
    Flow there(first, second, 8 * kMiB);
    Flow back(second, first, 8 * kMiB);
    while (!there.is_sent() && !HasFailure()) {
      there.Push();
      there.Pull();
      Turn();
    }
    first.ShutdownWrite();
    Run(there);
    EXPECT_EQ(AwaitEnd(second), loopback::StreamEnd::kFin);
    Run(back);
    second.ShutdownWrite();
    EXPECT_EQ(AwaitEnd(first), loopback::StreamEnd::kFin);
    AwaitNoSession();
    const session::Ending& ending = record_.ends.back().ending;
    EXPECT_EQ(ending.side, client_first ? session::EndSide::kClient : session::EndSide::kBackend);
    EXPECT_GT(record_.ends.back().client_bytes_spliced, 4 * kMiB);
    EXPECT_GT(record_.ends.back().backend_bytes_spliced, 4 * kMiB);
  }
}

TEST_P(PassageTest, AClientThatResetsWhileAPipeIsFullGivesItBack) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenPassage("/pass", &backend);
  Flow down(backend, client.socket, 64 * kMiB);
  while (spliced() == 0 && !HasFailure()) {
    down.Push();
    down.Pull();
    Turn();
  }
  Fill(down);
  EXPECT_EQ(worker_->pipes_held(), 1U);
  client.socket.Reset();
  backend.Close();
  AwaitNoSession();
  EXPECT_EQ(worker_->pipes_held(), 0U);
  EXPECT_EQ(record_.ends.back().ending.reason, session::EndReason::kClientGone);
}

TEST_P(PassageTest, ACutWhileAPipeIsFullGivesItBack) {
  limits_.drain_timeout_ns = kSecondNs / 2;  // before the pipe would be emptied into the queue
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenPassage("/pass", &backend);
  Flow down(backend, client.socket, 64 * kMiB);
  for (int tries = 0; tries < 100 && worker_->pipes_held() == 0; ++tries) {
    down.Pull();
    Fill(down);
  }
  EXPECT_EQ(worker_->pipes_held(), 1U);
  worker_->RequestDrain();
  QuietTurns();
  Advance(limits_.drain_timeout_ns);
  AwaitNoSession();  // and TearDown looks for the pipe
}

TEST_P(PassageTest, ABackendThatResetsIsTheEndBehindWhatItSent) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenPassage("/pass", &backend);
  Flow down(backend, client.socket, 8 * kMiB);
  Run(down);
  EXPECT_GT(spliced(), 0U);
  backend.Reset();
  EXPECT_EQ(AwaitEnd(client.socket), loopback::StreamEnd::kFin);
  client.socket.Close();
  AwaitNoSession();
  EXPECT_EQ(record_.ends.back().ending.reason, session::EndReason::kBackendReset);
}

TEST_P(PassageTest, ABackendsBulkIsFramedAndSpliced) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 16 * kMiB);
  size_t written = 0;
  size_t got = 0;
  while (got < bytes.size() && !HasFailure()) {
    written += backend.Write({bytes.data() + written, std::min(kMiB, bytes.size() - written)});
    const Frame frame = ReadFrame(client);
    EXPECT_EQ(frame.opcode, ws::Opcode::kBinary);
    ASSERT_TRUE(std::equal(frame.payload.begin(), frame.payload.end(), bytes.begin() + got,
                           [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; }));
    got += frame.payload.size();
  }
  EXPECT_GT(spliced(), 4 * kMiB);
  SendClose(client, 1000);
  Frame last = ReadFrame(client);
  EXPECT_EQ(last.opcode, ws::Opcode::kClose);
  EXPECT_EQ(last.close_code(), 1000);
}

TEST_P(PassageTest, ACloseWhileAPipeIsFullComesBehindWhatIsInIt) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 64 * kMiB);
  size_t written = 0;
  for (int still = 0; still < kStillTurns;) {
    const size_t taken =
        backend.Write({bytes.data() + written, std::min(kMiB, bytes.size() - written)});
    written += taken;
    still = taken > 0 ? 0 : still + 1;
    Turn();
  }
  ASSERT_EQ(worker_->pipes_held(), 1U);
  SendClose(client, 1000);
  QuietTurns();
  backend.Reset();  // the backend's end must not take along what is in the pipe
  QuietTurns();
  size_t got = 0;
  Frame frame = ReadFrame(client);
  for (; frame.opcode == ws::Opcode::kBinary && !HasFailure(); frame = ReadFrame(client)) {
    ASSERT_TRUE(std::equal(frame.payload.begin(), frame.payload.end(), bytes.begin() + got,
                           [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; }));
    got += frame.payload.size();
  }
  EXPECT_EQ(frame.opcode, ws::Opcode::kClose);
  EXPECT_EQ(frame.close_code(), 1000);
}

TEST_P(PassageTest, AnEndOfTheGatewaysOwnComesBehindWhatIsInAPipe) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenPassage("/pass", &backend);
  const uint64_t before = worker_->counters().backend_bytes_in.value();
  Flow down(backend, client.socket, 64 * kMiB);
  for (int tries = 0; tries < 100 && worker_->pipes_held() == 0; ++tries) {
    down.Pull();
    Fill(down);
  }
  ASSERT_EQ(worker_->pipes_held(), 1U);
  worker_->RequestDrain();
  QuietTurns();
  const uint64_t taken = worker_->counters().backend_bytes_in.value() - before;
  EXPECT_TRUE(TurnUntil(
      [&] { return down.Pull() == 0 && client.socket.end() != loopback::StreamEnd::kOpen; }));
  EXPECT_EQ(client.socket.end(), loopback::StreamEnd::kFin);
  EXPECT_EQ(down.got(), taken);
}

INSTANTIATE_TEST_SUITE_P(Kernel, PassageTest,
                         testing::Values(Offered::kEverything, Offered::kNothingOptional),
                         [](const auto& instance) {
                           return instance.param == Offered::kEverything ? "Everything"
                                                                         : "NothingOptional";
                         });

}  // namespace
}  // namespace ringway::worker
