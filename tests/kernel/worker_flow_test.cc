// SPDX-License-Identifier: Apache-2.0
//
// Backpressure of a worker on real sockets: who reads slowly slows his own source, and nobody else.
#include <algorithm>

#include "gateway/ws/frame_header.h"
#include "tests/kernel/worker_fixture.h"

namespace ringway::worker {
namespace {

/// Turns in which nothing moves after which everything is taken to stand still.
constexpr int kStillTurns = 30;

std::string Text(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

/// A message of the pattern, sent as fast as the socket takes it; unmasked by a mask of zeros.
class Stream {
 public:
  explicit Stream(size_t bytes) : bytes_(ws::kClientHeaderBytesMax + bytes) {
    const size_t header = ws::BuildClientFrameHeader(ws::Opcode::kBinary, bytes, 0, bytes_);
    const std::vector<uint8_t> payload = loopback::Pattern(0, bytes);
    std::ranges::copy(payload, bytes_.begin() + static_cast<ptrdiff_t>(header));
    bytes_.resize(header + bytes);
  }

  /// Bytes that the socket took now.
  size_t Push(loopback::Socket& socket) {
    const size_t taken = socket.Write({bytes_.data() + at_, bytes_.size() - at_});
    at_ += taken;
    return taken;
  }
  bool done() const { return at_ == bytes_.size(); }

 private:
  std::vector<uint8_t> bytes_;
  size_t at_ = 0;
};

/// What arrives of the pattern at a backend.
class Sink {
 public:
  /// Reads at most `bytes_max` bytes.
  size_t Pull(loopback::Socket& socket, size_t bytes_max) {
    std::vector<uint8_t> piece(bytes_max);
    piece.resize(socket.Read(piece));
    EXPECT_EQ(loopback::FirstDifference(piece, got_), piece.size()) << "behind " << got_;
    got_ += piece.size();
    return piece.size();
  }
  size_t got() const { return got_; }

 private:
  size_t got_ = 0;
};

TEST_P(WorkerTest, ALongMessageReachesTheBackendWhole) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  constexpr size_t kBytes = 8 * 1024 * 1024;
  Stream stream(kBytes);
  Sink sink;
  EXPECT_TRUE(TurnUntil([&] {
    if (!stream.done()) stream.Push(client.socket);
    sink.Pull(backend, 1 << 20);
    return sink.got() == kBytes;
  })) << sink.got();
  EXPECT_EQ(worker_->counters().messages_in.value(), 1U);
}

TEST_P(WorkerTest, ALongAnswerReachesTheClientWhole) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 8 * 1024 * 1024);
  std::string got;
  size_t written = 0;
  while (got.size() < bytes.size() && !HasFailure()) {
    written += backend.Write({bytes.data() + written, bytes.size() - written});
    const Frame frame = ReadFrame(client);
    EXPECT_EQ(frame.opcode, ws::Opcode::kBinary);
    got += frame.payload;
  }
  EXPECT_EQ(got, Text(bytes));
}

TEST_P(WorkerTest, ABackendThatDoesNotReadStopsItsClientAtTheWindow) {
  loopback::SetBuffers(backend_, {.receive = 16 * 1024});
  loopback::SetBuffers(listener_, {.receive = 64 * 1024});
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  constexpr size_t kBytes = 32 * 1024 * 1024;
  Stream stream(kBytes);
  int still = 0;
  for (int turns = 0; still < kStillTurns && turns < kTurnsMax; ++turns) {
    still = stream.Push(client.socket) > 0 ? 0 : still + 1;
    Turn();
  }
  EXPECT_FALSE(stream.done());
  EXPECT_GT(worker_->counters().receives_paused.value(), 0U);
  const uint64_t waiting =
      worker_->counters().client_bytes_in.value() - worker_->counters().backend_bytes_out.value();
  // A kernel with a cap overruns the window by less than a buffer, one without by what a turn
  // delivers: at most every buffer that there is.
  const uint64_t overrun = GetParam() == Offered::kEverything
                               ? 65536
                               : limits_.small_buffers * 4096 + limits_.bulk_buffers * 65536;
  EXPECT_LE(waiting, limits_.window_bytes + overrun);

  Sink sink;
  EXPECT_TRUE(TurnUntil([&] {
    if (!stream.done()) stream.Push(client.socket);
    while (sink.Pull(backend, 1 << 20) > 0) continue;
    return sink.got() == kBytes;
  })) << sink.got();
}

TEST_P(WorkerTest, AClientThatDoesNotReadStopsItsBackend) {
  loopback::SetBuffers(listener_, {.send = 16 * 1024});
  loopback::SetBuffers(backend_, {.send = 64 * 1024});
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 32 * 1024 * 1024);
  size_t written = 0;
  int still = 0;
  for (int turns = 0; still < kStillTurns && turns < kTurnsMax; ++turns) {
    const size_t taken = backend.Write({bytes.data() + written, bytes.size() - written});
    written += taken;
    still = taken > 0 ? 0 : still + 1;
    Turn();
  }
  EXPECT_LT(written, bytes.size());
  EXPECT_GT(worker_->counters().receives_paused.value(), 0U);
  std::string got;
  while (got.size() < written && !HasFailure()) got += ReadFrame(client).payload;
  EXPECT_EQ(got, Text(loopback::Pattern(0, written)));
}

TEST_P(WorkerTest, SessionsOfOneWorkerShareFewBuffersAndAllGoOn) {
  limits_.small_buffers = 8;
  limits_.bulk_buffers = 4;
  ASSERT_NO_FATAL_FAILURE(Open());
  constexpr size_t kSessions = 4;
  constexpr size_t kBytes = 1024 * 1024;
  std::array<loopback::Socket, kSessions> backends;
  std::vector<Client> clients;
  std::vector<Stream> streams;
  std::array<Sink, kSessions> sinks;
  for (loopback::Socket& backend : backends) {
    clients.push_back(OpenSession(&backend));
    streams.emplace_back(kBytes);
  }
  EXPECT_TRUE(TurnUntil([&] {
    bool all = true;
    for (size_t i = 0; i < kSessions; ++i) {
      if (!streams[i].done()) streams[i].Push(clients[i].socket);
      sinks[i].Pull(backends[i], 20'000 * (i + 1));
      all &= sinks[i].got() == kBytes;
    }
    return all;
  }));
  EXPECT_EQ(worker_->counters().pool_exhausted.value(), 0U);
}

TEST_P(WorkerTest, AStalledSessionDoesNotStopItsNeighbour) {
  limits_.small_buffers = 16;
  limits_.bulk_buffers = 4;
  loopback::SetBuffers(backend_, {.receive = 16 * 1024});
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket stalled_backend;
  loopback::Socket busy_backend;
  Client stalled = OpenSession(&stalled_backend);
  Client busy = OpenSession(&busy_backend);
  Stream endless(32 * 1024 * 1024);
  for (int i = 0; i < kStillTurns; ++i) {
    endless.Push(stalled.socket);
    Turn();
  }
  for (int i = 0; i < 50; ++i) {
    SendText(busy, "still served");
    EXPECT_EQ(Read(busy_backend, 12), "still served");
  }
  stalled.socket.Reset();
  stalled_backend.Reset();
}

}  // namespace
}  // namespace ringway::worker
