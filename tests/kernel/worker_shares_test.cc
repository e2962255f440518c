// SPDX-License-Identifier: Apache-2.0
//
// What is shared has shares: clients and backends that take nothing, or ask for nothing, beside a
// session that has to go on.
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "tests/kernel/worker_fixture.h"

namespace ringway::worker {
namespace {

/// Turns in which nothing moves after which everything is taken to stand still.
constexpr int kStillTurns = 30;

std::string NameOf(const testing::TestParamInfo<Offered>& info) {
  return info.param == Offered::kEverything ? "Everything" : "NothingOptional";
}

/// The same bytes again and again, as fast as a socket takes them.
class Endless {
 public:
  explicit Endless(std::string_view unit) {
    while (bytes_.size() < 256 * 1024) bytes_.append(unit);
  }
  size_t Push(loopback::Socket& socket) {
    const size_t taken = socket.Write(std::string_view(bytes_).substr(at_));
    at_ = (at_ + taken) % bytes_.size();
    return taken;
  }

 private:
  std::string bytes_;
  size_t at_ = 0;
};

class SharesTest : public WorkerTest {
 protected:
  void SetUp() override {
    loopback::SetBuffers(listener_, {.send = 16 * 1024, .receive = 16 * 1024});
    loopback::SetBuffers(backend_, {.send = 16 * 1024, .receive = 16 * 1024});
  }

  /// Messages both ways, each of which arrives.
  void Exchange(Client& client, loopback::Socket& backend) {
    for (int i = 0; i < 20 && !HasFailure(); ++i) {
      SendText(client, "still served");
      EXPECT_EQ(Read(backend, 12), "still served");
      backend.Write("answered");
      EXPECT_EQ(ReadFrame(client).payload, "answered");
    }
  }

  /// Calls push() once a turn until it moves nothing any more.
  template <typename Push>
  void UntilStill(Push&& push) {
    int still = 0;
    for (int turns = 0; still < kStillTurns && turns < kTurnsMax; ++turns) {
      still = push() > 0 ? 0 : still + 1;
      Turn();
    }
    EXPECT_GE(still, kStillTurns) << "it goes on for ever";
  }

  /// What a stalled session may cost: its share, and a chunk and a turn's overrun.
  void ExpectFootprintBelow(uint64_t bytes) const {
    EXPECT_GT(worker_->stores().footprint(), 0U);
    EXPECT_LT(worker_->stores().footprint(), bytes);
  }

  const base::Counters& counters() const { return worker_->counters(); }
};

TEST_P(SharesTest, ClientsThatDoNotReadStopNobodyElse) {
  ASSERT_NO_FATAL_FAILURE(Open());
  std::vector<Client> stalled;
  std::array<loopback::Socket, 5> sources;
  for (loopback::Socket& source : sources) stalled.push_back(OpenSession(&source));
  Endless bytes("bytes that nobody reads ");
  UntilStill([&] {
    size_t moved = 0;
    for (loopback::Socket& source : sources) moved += bytes.Push(source);
    return moved;
  });
  EXPECT_GT(counters().receives_paused.value(), 0U);
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  Exchange(client, backend);
  EXPECT_EQ(counters().pool_exhausted.value(), 0U);
  for (Client& each : stalled) each.socket.Reset();
}

TEST_P(SharesTest, BackendsThatDoNotReadStopNobodyElse) {
  ASSERT_NO_FATAL_FAILURE(Open());
  std::vector<Client> uploading;
  std::array<loopback::Socket, 5> hung;
  std::vector<Endless> uploads;
  for (loopback::Socket& target : hung) {
    uploading.push_back(OpenSession(&target));
    uploads.emplace_back(FrameOf(ws::Opcode::kBinary, std::string(1000, 'u')));
  }
  UntilStill([&] {
    size_t moved = 0;
    for (size_t i = 0; i < uploads.size(); ++i) moved += uploads[i].Push(uploading[i].socket);
    return moved;
  });
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  Exchange(client, backend);
  EXPECT_EQ(counters().pool_exhausted.value(), 0U);
  for (loopback::Socket& each : hung) each.Reset();
  for (Client& each : uploading) each.socket.Reset();
}

TEST_P(SharesTest, PingsAndEchoesThatNobodyReadsCostAShare) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket echo;
  Client zigzag = OpenSession(&echo);
  Endless pairs(FrameOf(ws::Opcode::kPing, "") + FrameOf(ws::Opcode::kBinary, "z"));
  std::array<uint8_t, 4096> piece;
  size_t echoed = 0;
  for (int turns = 0; turns < 3000 && echoed < 300'000; ++turns) {
    pairs.Push(zigzag.socket);
    Turn();
    for (size_t read = echo.Read(piece); read > 0; read = echo.Read(piece)) {
      echo.Write({piece.data(), read});
      echoed += read;
    }
  }
  ExpectFootprintBelow(2 * limits_.window_bytes);
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  Exchange(client, backend);
  EXPECT_EQ(counters().pool_exhausted.value(), 0U);
  zigzag.socket.Reset();
  echo.Reset();
}

TEST_P(SharesTest, PingsThatNobodyReadsTheAnswersOfCostACell) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket unused;
  Client pinging = OpenSession(&unused);
  Endless pings(FrameOf(ws::Opcode::kPing, std::string(122, 'p')));
  for (int turns = 0; turns < 3000 && counters().pongs_replaced.value() < 1000; ++turns) {
    pings.Push(pinging.socket);
    Turn();
  }
  EXPECT_GE(counters().pongs_replaced.value(), 1000U) << "its pings are read all the time";
  ExpectFootprintBelow(4 * 16'416);
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  Exchange(client, backend);
  pinging.socket.Reset();
}

// ---- Sockets without room

TEST_P(SharesTest, ASocketWithoutRoomIsPolledAndGoesOnWhenThereIsSome) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket source;
  Client slow = OpenSession(&source);
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 2 * 1024 * 1024);
  size_t written = 0;
  const auto push = [&] {
    const size_t taken = source.Write({bytes.data() + written, bytes.size() - written});
    written += taken;
    return taken;
  };
  UntilStill(push);
  EXPECT_GT(counters().sends_short.value() + counters().sends_full.value(), 0U);
  const uint64_t sends = counters().sends.value();
  QuietTurns();
  // One more at most: what has left may still make room on its way.
  EXPECT_LE(counters().sends.value(), sends + 1) << "nothing is tried while there is no room";
  std::string got;
  while (got.size() < bytes.size() && !HasFailure()) {
    if (push() == 0) Turn();
    if (got.size() < written) got += ReadFrame(slow).payload;
  }
  EXPECT_EQ(got.size(), bytes.size());
  EXPECT_EQ(loopback::FirstDifference({reinterpret_cast<uint8_t*>(got.data()), got.size()}),
            got.size());
}

TEST_P(SharesTest, ASocketWithoutRoomWhoseOtherEndHasSentItsFinIsNotTriedAgainAndAgain) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket source;
  Client slow = OpenSession(&source);
  Endless bytes("bytes that nobody reads ");
  UntilStill([&] { return bytes.Push(source); });
  slow.socket.ShutdownWrite();
  source.ShutdownWrite();
  QuietTurns();
  const uint64_t sends = counters().sends.value();
  for (int i = 0; i < 10; ++i) QuietTurns();
  EXPECT_LE(counters().sends.value(), sends + 1);
  slow.socket.Reset();
  source.Reset();
}

// ---- Slots

TEST_P(SharesTest, SilentConnectionsMakeRoomForThoseThatAsk) {
  ASSERT_NO_FATAL_FAILURE(Open());
  loopback::Socket first_backend;
  Client first = OpenSession(&first_backend);
  std::vector<Client> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(Connect());
  QuietTurns();
  EXPECT_EQ(worker_->sessions_open(), 6U) << "a quarter of eight slots is kept free";
  EXPECT_EQ(worker_->half_open(), 5U);
  EXPECT_EQ(counters().half_open_evicted.value(), 15U);
  EXPECT_EQ(AwaitEnd(silent.front().socket), loopback::StreamEnd::kFin) << "the oldest";
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  Exchange(client, backend);
  Exchange(first, first_backend);
}

TEST_P(SharesTest, OldHeadsThatHaveOutgrownTheirCellMakeRoomForNewOnes) {
  limits_.chunks = 32;  // of which heads hold four
  ASSERT_NO_FATAL_FAILURE(Open());
  const std::string front = "GET /echo HTTP/1.1\r\nLong: " + std::string(600, 'x');
  std::vector<Client> slow;
  for (int i = 0; i < 5; ++i) {
    slow.push_back(Connect());
    slow.back().socket.Write(front);
    QuietTurns();
    EXPECT_LE(worker_->arena().held(worker_->stores().half_open()), 4U);
  }
  EXPECT_GT(counters().half_open_evicted.value(), 0U);
  EXPECT_EQ(AwaitEnd(slow.front().socket), loopback::StreamEnd::kFin) << "the oldest";
  slow.back().socket.Write("\r\nHost: x\r\n\r\n");
  EXPECT_EQ(ReadHead(slow.back()).substr(0, 12), "HTTP/1.1 426") << "the newest is answered";
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  Exchange(client, backend);
}

TEST_P(SharesTest, HandshakesThatABackendDoesNotAnswerLeaveOthersAlone) {
  limits_.chunks = 32;  // of which one backend's handshakes hold four
  ASSERT_NO_FATAL_FAILURE(Open());
  std::vector<Client> waiting;
  std::vector<loopback::Socket> hung;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(Connect());
    waiting.back().socket.Write(Request("/pass"));
    hung.push_back(TakeBackend());
  }
  Client refused = Connect();
  refused.socket.Write(Request("/pass"));
  EXPECT_EQ(ReadHead(refused).substr(0, 12), "HTTP/1.1 503");
  EXPECT_EQ(counters().handshakes_over_share.value(), 1U);
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  Exchange(client, backend);
}

// ---- Requests

TEST_P(SharesTest, AClientThatPipelinesRequestsAndReadsNoAnswerCostsAShare) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Client pipelining = Connect();
  Endless requests(Request("/pass"));
  const std::string answer =
      "HTTP/1.1 404 Not Found\r\nContent-Length: 4000\r\n\r\n" + std::string(4000, 'n');
  std::vector<loopback::Socket> services;
  int answered = 0;
  UntilStill([&] {
    size_t moved = requests.Push(pipelining.socket);
    if (loopback::Socket service = loopback::Accept(backend_)) {
      services.push_back(std::move(service));
      ++moved;
    }
    for (loopback::Socket& service : services) {
      std::array<uint8_t, 4096> request;
      if (service.Read(request) == 0) continue;
      EXPECT_EQ(service.Write(answer), answer.size());
      service.ShutdownWrite();
      ++answered;
    }
    return moved;
  });
  EXPECT_GT(answered, 10) << "they are answered until the share is used";
  ExpectFootprintBelow(limits_.window_bytes + 3 * 16'416);
  loopback::Socket backend;
  Client client = OpenSession(&backend);
  Exchange(client, backend);
  pipelining.socket.Reset();
}

// ---- Turns

TEST_P(SharesTest, ADrainOfMoreSessionsThanATurnTakesEndsAllOfThem) {
  constexpr uint32_t kSessions = 1100;
  constexpr rlim_t kDescriptors = 2 * kSessions + 100;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit raised{.rlim_cur = std::max(before.rlim_cur, kDescriptors),
                      .rlim_max = before.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) != 0) GTEST_SKIP() << "too few open files are permitted";
  limits_.sessions_per_worker_max = 2 * kSessions;
  limits_.cells = 4 * kSessions;
  ASSERT_NO_FATAL_FAILURE(Open());
  std::vector<Client> silent;
  for (uint32_t i = 0; i < kSessions; ++i) silent.push_back(Connect());
  EXPECT_EQ(worker_->sessions_open(), kSessions);
  worker_->RequestDrain();
  AwaitNoSession();
}

INSTANTIATE_TEST_SUITE_P(Kernel, SharesTest,
                         testing::Values(Offered::kEverything, Offered::kNothingOptional), NameOf);

}  // namespace
}  // namespace ringway::worker
