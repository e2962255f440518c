// SPDX-License-Identifier: Apache-2.0
//
// A worker that serves files: from memory and from descriptors, one after the other and all at
// once, on names and disks that make it wait.
#include <array>
#include <filesystem>

#include "tests/kernel/worker_files_fixture.h"

namespace ringway::worker {
namespace {

using loopback::StreamEnd;
using session::EndReason;
using Answer = std::pair<std::string, std::string>;

INSTANTIATE_TEST_SUITE_P(Kernel, WorkerFilesTest,
                         testing::Values(Offered::kEverything, Offered::kNothingOptional),
                         [](const auto& instance) {
                           return instance.param == Offered::kEverything ? "Everything"
                                                                         : "NothingOptional";
                         });

TEST_P(WorkerFilesTest, ServesSmallAndLargeFilesOnOneConnection) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Write("small", 100);
  Write("page", 60'000);
  Write("large", 700'000);
  Client client = Connect();
  for (int round = 0; round < 3; ++round) {
    for (const auto& [path, bytes] :
         {std::pair("/small", 100U), std::pair("/large", 700'000U), std::pair("/page", 60'000U)}) {
      EXPECT_EQ(Fetch(client, path), Answer("200", Content(bytes))) << path;
    }
    EXPECT_EQ(Fetch(client, "/none").first, "404");
  }
  EXPECT_EQ(worker_->counters().bytes_sendfile.value(), 3 * 700'000U);
  EXPECT_EQ(worker_->counters().files_opened.value(), 3U);
  EXPECT_EQ(worker_->counters().files_kept.value(), 2U);
  client.socket.Close();
  AwaitNoSession();
  ASSERT_EQ(record_.ends.size(), 1U);
  EXPECT_EQ(record_.ends[0].ending.reason, EndReason::kAnswered);
  EXPECT_EQ(record_.ends[0].route, "files");
}

TEST_P(WorkerFilesTest, AnswersRequestsThatComeAllAtOnceInOrder) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Write("small", 100);
  Write("page", 20'000);
  Write("large", 300'000);
  std::string requests;
  const std::array<std::pair<const char*, size_t>, 5> order{{{"/small", 100},
                                                             {"/large", 300'000},
                                                             {"/small", 100},
                                                             {"/page", 20'000},
                                                             {"/large", 300'000}}};
  for (int round = 0; round < 8; ++round) {
    for (const auto& [path, bytes] : order) requests.append(Get(path));
  }
  Client client = Connect();
  client.socket.Write(requests);
  for (int round = 0; round < 8; ++round) {
    for (const auto& [path, bytes] : order) {
      ASSERT_EQ(ReadBody(client, ReadHead(client)), Content(bytes)) << path << " " << round;
    }
  }
  EXPECT_EQ(worker_->counters().file_requests.value(), 40U);
}

TEST_P(WorkerFilesTest, AnswersHundredsOfRequestsFromMemoryThatComeAllAtOnce) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Write("page", 8000);
  std::string requests;
  for (int i = 0; i < 400; ++i) requests.append(Get("/page"));
  Client client = Connect();
  client.socket.Write(requests);
  for (int i = 0; i < 400; ++i) {
    ASSERT_EQ(ReadBody(client, ReadHead(client)), Content(8000)) << i;
  }
}

TEST_P(WorkerFilesTest, SendsAFileInMemoryToASlowClient) {
  MakeSlow();
  ASSERT_NO_FATAL_FAILURE(Open());
  Write("page", 64 * 1024);
  Client client = ConnectSlow();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Fetch(client, "/page"), Answer("200", Content(64 * 1024)));
  }
  EXPECT_EQ(worker_->counters().bytes_sendfile.value(), 0U);
}

TEST_P(WorkerFilesTest, SendsSeveralPartsOfALargeFile) {
  MakeSlow();
  ASSERT_NO_FATAL_FAILURE(Open());
  Write("large", 900'000);
  Client client = ConnectSlow();
  const auto [status, body] = Fetch(client, "/large", "Range: bytes=5-14,300000-799999,-1\r\n");
  EXPECT_EQ(status, "206");
  EXPECT_NE(body.find("\r\n\r\n" + Content(10, 5) + "\r\n--"), std::string::npos);
  EXPECT_NE(body.find("\r\n\r\n" + Content(500'000, 300'000) + "\r\n--"), std::string::npos);
  EXPECT_TRUE(body.ends_with("--\r\n"));
  EXPECT_EQ(worker_->counters().bytes_sendfile.value(), 500'011U);
}

TEST_P(WorkerFilesTest, SendsAllToAClientThatHasClosedItsSide) {
  MakeSlow();
  ASSERT_NO_FATAL_FAILURE(Open());
  Write("small", 100);
  Write("large", 900'000);
  for (const auto& [path, bytes] : {std::pair("/large", 900'000U), std::pair("/small", 100U)}) {
    Client client = ConnectSlow();
    client.socket.Write(Get(path));
    client.socket.ShutdownWrite();
    EXPECT_EQ(ReadBody(client, ReadHead(client)), Content(bytes));
    EXPECT_EQ(AwaitEnd(client.socket), StreamEnd::kFin);
  }
  AwaitNoSession();
}

TEST_P(WorkerFilesTest, ReadsWhatIsChangedOneSecondLater) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Write("small", 100);
  Write("large", 200'000);
  Client client = Connect();
  EXPECT_EQ(Fetch(client, "/small").second, Content(100));
  EXPECT_EQ(Fetch(client, "/large").second, Content(200'000));
  for (const std::string_view path : {"small", "large"}) {
    Write("new", path == "small" ? 90 : 190'000, 7);
    std::filesystem::rename(At("new"), At(path));
  }
  EXPECT_EQ(Fetch(client, "/large").second, Content(200'000)) << "the old one, whole";
  clock_.Advance(2 * kSecondNs);
  EXPECT_EQ(Fetch(client, "/small").second, Content(90, 7));
  EXPECT_EQ(Fetch(client, "/large").second, Content(190'000, 7));
}

TEST_P(WorkerFilesTest, LetsFilesGoThatNobodyAsksFor) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Write("small", 100);
  Write("large", 200'000);
  Client client = Connect();
  EXPECT_EQ(Fetch(client, "/small").first, "200");
  EXPECT_EQ(Fetch(client, "/large").first, "200");
  EXPECT_EQ(disk().files_open.size(), 1U);
  EXPECT_EQ(shared_->files(), 1U);
  clock_.Advance(61 * kSecondNs);
  EXPECT_TRUE(TurnUntil([&] {
    clock_.Advance(kSecondNs);
    return disk().files_open.empty() && shared_->files() == 0;
  }));
}

TEST_P(WorkerFilesTest, KeepsNoMoreDescriptorsThanItMay) {
  ASSERT_NO_FATAL_FAILURE(Open());
  Client client = Connect();
  for (const std::string path : {"/a", "/b", "/c", "/d", "/a", "/d"}) {
    Write(path.substr(1), 200'000);
    clock_.Advance(2 * kSecondNs);
    EXPECT_EQ(Fetch(client, path).second, Content(200'000));
    QuietTurns();
    EXPECT_LE(disk().files_open.size(), limits_.open_files);
  }
}

// ---- Names that are not in memory

TEST_P(WorkerFilesTest, LooksForColdNamesThroughTheRing) {
  ASSERT_NO_FATAL_FAILURE(Open());
  disk().names_are_cold = true;
  Write("small", 100);
  Write("large", 200'000);
  std::filesystem::create_directory(At("folder"));
  Client client = Connect();
  EXPECT_EQ(Fetch(client, "/small"), Answer("200", Content(100)));
  EXPECT_EQ(Fetch(client, "/large"), Answer("200", Content(200'000)));
  EXPECT_EQ(Fetch(client, "/none").first, "404");
  EXPECT_EQ(Fetch(client, "/folder").first, "301");
  EXPECT_EQ(disk().looks_through_ring, 4);
  EXPECT_EQ(worker_->counters().files_opened_cold.value(), 3U);
  client.socket.Write(Get("/folder/x") + Get("/small") + Get("/none/x"));
  for (const std::string_view status : {"404", "200", "404"}) {
    const std::string head = ReadHead(client);
    EXPECT_EQ(head.substr(9, 3), status);
    ReadBody(client, head);
  }
}

TEST_P(WorkerFilesTest, LooksAgainWhereALookWasDisturbed) {
  ASSERT_NO_FATAL_FAILURE(Open());
  disk().names_are_cold = true;
  disk().looks_disturbed = 7;
  Write("small", 100);
  Client client = Connect();
  EXPECT_EQ(Fetch(client, "/small"), Answer("200", Content(100)));
  EXPECT_EQ(disk().looks_through_ring, 8);
  clock_.Advance(2 * kSecondNs);
  disk().looks_disturbed = 8;
  EXPECT_EQ(Fetch(client, "/small").first, "503");
  EXPECT_EQ(disk().looks_disturbed, 0);
  EXPECT_EQ(Fetch(client, "/small").first, "200");
}

TEST_P(WorkerFilesTest, ForgetsALookWhoseClientIsGone) {
  ASSERT_NO_FATAL_FAILURE(Open());
  disk().names_are_cold = true;
  disk().looks_disturbed = 1 << 30;
  Write("large", 200'000);
  // A look is under way at every moment: one of the eight meets the end of its client.
  Client client = Connect();
  client.socket.Write(Get("/large") + Get("/large") + Get("/large"));
  EXPECT_TRUE(TurnUntil([&] { return disk().looks_through_ring > 2; }));
  client.socket.Reset();
  AwaitNoSession();
}

}  // namespace
}  // namespace ringway::worker
