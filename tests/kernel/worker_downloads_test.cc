// SPDX-License-Identifier: Apache-2.0
//
// Downloads that take a while: clients that are slow, or go; files that change, are cold, or cannot
// be read; a gateway that shuts down.
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "tests/kernel/worker_files_fixture.h"

namespace ringway::worker {
namespace {

using loopback::StreamEnd;
using session::EndReason;

constexpr size_t kBytes = 2'000'000;

class DownloadTest : public WorkerFilesTest {
 protected:
  DownloadTest() { MakeSlow(); }

  /// Opens the worker and asks for a file of kBytes; the front of it has come.
  Client Begin(std::string* front) {
    Open();
    Write("large", kBytes);
    Client client = ConnectSlow();
    client.socket.Write(Get("/large"));
    EXPECT_EQ(LengthIn(ReadHead(client)), kBytes);
    *front = ReadSome(client, 200'000);
    QuietTurns();  // the socket is full
    return client;
  }
  /// The session's end: the file's fault, and before the end of the body.
  void ExpectCut(EndReason reason, size_t came) {
    EXPECT_LT(came, kBytes);
    AwaitNoSession();
    ASSERT_EQ(record_.ends.size(), 1U);
    EXPECT_EQ(session::Word(record_.ends[0].ending.reason), session::Word(reason));
    EXPECT_EQ(record_.ends[0].ending.code, 200);
    const bool is_changed = reason == EndReason::kFileChanged;
    EXPECT_EQ(worker_->counters().files_changed.value(), is_changed ? 1U : 0U);
    EXPECT_EQ(worker_->counters().files_unreadable.value(), is_changed ? 0U : 1U);
  }
};

INSTANTIATE_TEST_SUITE_P(Kernel, DownloadTest,
                         testing::Values(Offered::kEverything, Offered::kNothingOptional),
                         [](const auto& instance) {
                           return instance.param == Offered::kEverything ? "Everything"
                                                                         : "NothingOptional";
                         });

TEST_P(DownloadTest, BringsEveryByteToASlowClient) {
  std::string body;
  Client client = Begin(&body);
  body += ReadSome(client, kBytes - body.size());
  EXPECT_EQ(body, Content(kBytes));
  EXPECT_EQ(worker_->counters().bytes_sendfile.value(), kBytes);
  EXPECT_EQ(Fetch(client, "/large").second, Content(kBytes)) << "once more on the connection";
}

TEST_P(DownloadTest, BringsEveryByteInShortPieces) {
  Open();
  Write("large", kBytes);
  Client client = ConnectSlow();
  EXPECT_EQ(Fetch(client, "/large").second, Content(kBytes));
  EXPECT_GT(disk().sendfiles_short, 0);
}

TEST_P(DownloadTest, BringsEveryByteInShortPiecesToAClientThatHasClosedItsSide) {
  Open();
  Write("large", kBytes);
  Client client = ConnectSlow();
  client.socket.Write(Get("/large"));
  client.socket.ShutdownWrite();
  EXPECT_EQ(ReadBody(client, ReadHead(client)), Content(kBytes));
  EXPECT_GT(disk().sendfiles_short, 0);
}

TEST_P(DownloadTest, TakesTurnsWithAnother) {
  listener_ = loopback::Listen();  // with buffers as they are: the turn is what bounds a piece
  Open();
  constexpr size_t kLarge = 16'000'000;
  Write("large", kLarge);
  std::array<Client, 3> clients;
  for (Client& client : clients) {
    client = Connect();
    client.socket.Write(Get("/large"));
  }
  std::array<size_t, 3> came{};
  std::vector<uint8_t> room(1 << 20);
  for (int turn = 0; turn < kTurnsMax && std::ranges::min(came) < kLarge; ++turn) {
    Turn();
    for (size_t i = 0; i < clients.size(); ++i) {
      while (const size_t got = clients[i].socket.Read(room)) came[i] += got;
    }
    const auto [least, most] = std::ranges::minmax(came);
    ASSERT_LE(most - least, 4'000'000U) << "one waits while another has its file";
  }
  EXPECT_GT(std::ranges::min(came), kLarge);
}

TEST_P(DownloadTest, LeavesTheTurnToOthers) {
  std::string front;
  Client slow = Begin(&front);
  loopback::Socket backend;
  Client talker = OpenSession(&backend);
  for (int i = 0; i < 10; ++i) {
    SendText(talker, "hello");
    EXPECT_EQ(Read(backend, 5), "hello");
    ReadSome(slow, 50'000);
  }
}

// ---- Clients that go

TEST_P(DownloadTest, EndsWithItsClient) {
  for (const bool resets : {false, true}) {
    std::string front;
    Client client = Begin(&front);
    resets ? client.socket.Reset() : client.socket.Close();
    AwaitNoSession();
    EXPECT_EQ(worker_->links_open(), 0U);
    ASSERT_EQ(record_.ends.size(), 1U);
    EXPECT_EQ(session::Word(record_.ends[0].ending.reason), session::Word(EndReason::kClientGone));
    EXPECT_EQ(worker_->counters().client_resets.value(), 1U);
    EXPECT_EQ(disk().files_open.size(), 1U) << "remembered, and no more";
    record_.ends.clear();
    TearDown();
  }
}

TEST_P(DownloadTest, EndsWithAClientThatGoesWhileColdBytesAreRead) {
  Open();
  Write("large", kBytes);
  disk().is_cold = [](uint64_t) { return true; };
  disk().reads_disturbed = 1 << 30;  // a read is under way at every moment
  Client client = ConnectSlow();
  client.socket.Write(Get("/large"));
  EXPECT_TRUE(TurnUntil([&] { return disk().reads_through_ring > 3; }));
  client.socket.Reset();
  disk().after_read = [&] { disk().reads_disturbed = 0; };
  AwaitNoSession();
}

TEST_P(DownloadTest, EndsIdleWhereItsClientTakesNothing) {
  std::string front;
  const Client client = Begin(&front);
  Advance(limits_.idle_timeout_ns / 2);
  EXPECT_EQ(worker_->sessions_open(), 1U);
  Advance(limits_.idle_timeout_ns);
  AwaitNoSession();
  ASSERT_EQ(record_.ends.size(), 1U);
  EXPECT_EQ(session::Word(record_.ends[0].ending.reason), session::Word(EndReason::kIdle));
}

// ---- Files that change

TEST_P(DownloadTest, IsCutWhereTheFileIsTruncated) {
  std::string body;
  Client client = Begin(&body);
  std::filesystem::resize_file(At("large"), kBytes / 2);
  body += ReadSome(client, kBytes - body.size());
  EXPECT_EQ(body, Content(body.size()));
  ExpectCut(EndReason::kFileChanged, body.size());
}

TEST_P(DownloadTest, IsCutWhereTheFileGrows) {
  std::string body;
  Client client = Begin(&body);
  std::ofstream(At("large"), std::ios::app) << "more";
  body += ReadSome(client, kBytes - body.size());
  EXPECT_EQ(body, Content(body.size()));
  ExpectCut(EndReason::kFileChanged, body.size());
}

TEST_P(DownloadTest, IsCutWhereTheFileIsOverwrittenInPlace) {
  std::string body;
  Client client = Begin(&body);
  std::fstream(At("large"), std::ios::in | std::ios::out).seekp(kBytes - 10) << "OVERWRITTEN"[0];
  body += ReadSome(client, kBytes - body.size());
  ExpectCut(EndReason::kFileChanged, body.size());
}

TEST_P(DownloadTest, IsCutWhereTheFileChangesDuringAPiece) {
  std::string body;
  Client client = Begin(&body);
  disk().after_sendfile = [&] { std::filesystem::resize_file(At("large"), kBytes - 1); };
  body += ReadSome(client, kBytes - body.size());
  EXPECT_EQ(body, Content(body.size()));
  ExpectCut(EndReason::kFileChanged, body.size());
}

TEST_P(DownloadTest, OfAFileThatHasChangedIsCutOnceAndThenOfTheNewOne) {
  Open();
  Write("large", kBytes);
  Client first = ConnectSlow();
  EXPECT_EQ(Fetch(first, "/large").second, Content(kBytes));
  // Within the second for which what was found is taken for true.
  Write("large", kBytes - 5, 5);
  first.socket.Write(Get("/large"));
  EXPECT_NE(AwaitEnd(first.socket), StreamEnd::kOpen);
  ExpectCut(EndReason::kFileChanged, 0);
  Client second = ConnectSlow();
  EXPECT_EQ(Fetch(second, "/large").second, Content(kBytes - 5, 5));
}

TEST_P(DownloadTest, IsFinishedWhereTheFileIsReplaced) {
  std::string body;
  Client client = Begin(&body);
  Write("new", kBytes, 100);
  std::filesystem::rename(At("new"), At("large"));
  body += ReadSome(client, kBytes - body.size());
  EXPECT_EQ(body, Content(kBytes));
  clock_.Advance(2 * kSecondNs);
  EXPECT_EQ(Fetch(client, "/large").second, Content(kBytes, 100));
}

TEST_P(DownloadTest, IsFinishedWhereTheFileIsRemoved) {
  std::string body;
  Client client = Begin(&body);
  std::filesystem::remove(At("large"));
  body += ReadSome(client, kBytes - body.size());
  EXPECT_EQ(body, Content(kBytes));
  clock_.Advance(2 * kSecondNs);
  EXPECT_EQ(Fetch(client, "/large").first, "404");
}

// ---- Disks

TEST_P(DownloadTest, ReadsColdBytesThroughTheRing) {
  Open();
  Write("large", kBytes);
  constexpr size_t kFrom = 300'000;
  constexpr size_t kTo = 900'000;
  disk().is_cold = [](uint64_t offset) { return offset >= kFrom && offset < kTo; };
  Client client = ConnectSlow();
  EXPECT_EQ(Fetch(client, "/large").second, Content(kBytes));
  const uint64_t cold = worker_->counters().bytes_read_cold.value();
  EXPECT_GE(cold, kTo - kFrom);
  EXPECT_EQ(cold + worker_->counters().bytes_sendfile.value(), kBytes);
}

TEST_P(DownloadTest, ReadsAWholeFileThatIsCold) {
  Open();
  Write("large", kBytes);
  disk().is_cold = [](uint64_t) { return true; };
  disk().reads_disturbed = 5;
  Client client = ConnectSlow();
  EXPECT_EQ(Fetch(client, "/large").second, Content(kBytes));
  EXPECT_EQ(worker_->counters().bytes_read_cold.value(), kBytes);
  EXPECT_EQ(worker_->counters().bytes_sendfile.value(), 0U);
  EXPECT_EQ(Fetch(client, "/large", "Range: bytes=7-20,-5\r\n").first, "206");
}

TEST_P(DownloadTest, IsCutWhereTheDiskFails) {
  std::string body;
  Client client = Begin(&body);
  disk().is_cold = [](uint64_t) { return true; };
  disk().read_error = EIO;
  body += ReadSome(client, kBytes - body.size());
  EXPECT_EQ(body, Content(body.size()));
  ExpectCut(EndReason::kFileUnreadable, body.size());
}

TEST_P(DownloadTest, IsCutWhereTheFileChangesWhileItIsRead) {
  std::string body;
  Client client = Begin(&body);
  disk().is_cold = [](uint64_t) { return true; };
  disk().after_read = [&] { std::filesystem::resize_file(At("large"), kBytes / 2); };
  body += ReadSome(client, kBytes - body.size());
  EXPECT_EQ(body, Content(body.size()));
  ExpectCut(EndReason::kFileChanged, body.size());
}

TEST_P(DownloadTest, GoesThroughACellWhereNoChunkIsLeftForColdBytes) {
  limits_.chunks = 1;
  Open();
  Write("large", kBytes);
  disk().is_cold = [](uint64_t offset) { return offset > 1'000'000; };
  std::array<Client, 2> clients{ConnectSlow(), ConnectSlow()};
  // The first one's chunk waits for a client who takes nothing.
  for (Client& client : clients) {
    client.socket.Write(Get("/large", "Range: bytes=1000001-1200000\r\n"));
    QuietTurns();
  }
  for (Client* client : {&clients[1], &clients[0]}) {
    const std::string head = ReadHead(*client);
    EXPECT_EQ(ReadBody(*client, head), Content(200'000, 1'000'001));
  }
  EXPECT_EQ(worker_->counters().pool_exhausted.value(), 0U);
}

// ---- The end of the worker

TEST_P(DownloadTest, IsGivenUpWhereTheRingFails) {
  std::string front;
  Client client = Begin(&front);
  Write("small", 100);
  Client second = Connect();
  EXPECT_EQ(Fetch(second, "/small").first, "200");
  kernel_->Break();
  EXPECT_FALSE(worker_->Turn().ok());
  worker_.reset();
  EXPECT_TRUE(disk().files_open.empty());
  EXPECT_EQ(shared_->files(), 0U);
  EXPECT_EQ(occupancy_->sessions(), 0U);
  EXPECT_EQ(occupancy_->of_route(3), 0U);
}

TEST_P(DownloadTest, MayEndInADrain) {
  std::string body;
  Client client = Begin(&body);
  client.socket.Write(Get("/large"));
  worker_->RequestDrain();
  QuietTurns();
  body += ReadSome(client, kBytes - body.size());
  EXPECT_EQ(body, Content(kBytes));
  EXPECT_NE(AwaitEnd(client.socket), StreamEnd::kOpen);
  client.socket.Close();
  EXPECT_TRUE(TurnUntil([&] { return worker_->finished(); }));
  ASSERT_EQ(record_.ends.size(), 1U);
  EXPECT_FALSE(record_.ends[0].cut);
}

TEST_P(DownloadTest, IsCutWhereADrainTakesTooLong) {
  std::string front;
  const Client client = Begin(&front);
  worker_->RequestDrain();
  QuietTurns();
  Advance(limits_.drain_timeout_ns - base::kNsPerMs);
  EXPECT_FALSE(worker_->finished());
  Advance(2 * base::kNsPerMs);
  EXPECT_TRUE(TurnUntil([&] { return worker_->finished(); }));
  ASSERT_EQ(record_.ends.size(), 1U);
  EXPECT_TRUE(record_.ends[0].cut);
}

}  // namespace
}  // namespace ringway::worker
