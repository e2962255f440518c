// SPDX-License-Identifier: Apache-2.0
//
// The contract of files: opened beneath a root, looked at, sent into a socket, read without
// waiting.
#include "tests/kernel/ring_contract_file.h"

#include <poll.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace ringway::contract {
namespace {

using uring::FileStatus;
using uring::Lookup;

TEST_P(RingContractFile, AFileIsFoundBeneathTheRoot) {
  world().PutFile("top.txt", Bytes("top"));
  world().PutFile("a/b/deep.txt", Bytes("deeper"));
  for (const auto& [path, bytes] :
       {std::pair("top.txt", 3U), std::pair("a/b/deep.txt", 6U), std::pair("./a//b/./deep.txt", 6U),
        std::pair("a/b/../../top.txt", 3U)}) {
    const int fd = OpenPath(path);
    ASSERT_GE(fd, 0) << path;
    const FileStatus status = StatusOf(fd);
    EXPECT_TRUE(status.is_regular);
    EXPECT_FALSE(status.is_directory);
    EXPECT_EQ(status.bytes, bytes);
    EXPECT_EQ(StatusOf(fd), status) << "nothing has changed";
  }
}

TEST_P(RingContractFile, WhatIsNotBeneathTheRootIsNotFound) {
  world().PutFile("a/file.txt", Bytes("x"));
  EXPECT_EQ(OpenPath("absent"), -ENOENT);
  EXPECT_EQ(OpenPath("a/absent"), -ENOENT);
  EXPECT_EQ(OpenPath("absent/file.txt"), -ENOENT);
  EXPECT_EQ(OpenPath(""), -ENOENT);
  EXPECT_EQ(OpenPath("a/file.txt/"), -ENOTDIR);
  EXPECT_EQ(OpenPath("a/file.txt/b"), -ENOTDIR);
  EXPECT_EQ(OpenPath(std::string(256, 'n').c_str()), -ENAMETOOLONG);
  EXPECT_EQ(OpenPath(".."), -EXDEV);
  EXPECT_EQ(OpenPath("../a/file.txt"), -EXDEV);
  EXPECT_EQ(OpenPath("a/../../a/file.txt"), -EXDEV);
  EXPECT_EQ(OpenPath("/a/file.txt"), -EXDEV);
  EXPECT_EQ(kernel().OpenBeneath(-1, "a", Lookup::kWhole), -EBADF);
}

TEST_P(RingContractFile, ADirectoryIsOpenedAndSaysSo) {
  world().PutFile("a/file.txt", Bytes("x"));
  for (const char* path : {"a", "a/", "."}) {
    const int fd = OpenPath(path);
    ASSERT_GE(fd, 0) << path;
    EXPECT_TRUE(StatusOf(fd).is_directory);
    EXPECT_FALSE(StatusOf(fd).is_regular);
    std::array<uint8_t, 8> out{};
    EXPECT_LT(kernel().ReadResident(fd, out, 0), 0);
    Connection connection = Connect();
    EXPECT_EQ(kernel().SendFile(connection.fd, fd, 0, 8), -EINVAL);
  }
}

TEST_P(RingContractFile, AnOpenFileSaysItsPathBeneathTheRoot) {
  world().PutFile("a/file.txt", Bytes("x"));
  std::array<char, 64> path{};
  const auto path_of = [&](int fd) {
    const int bytes = kernel().PathBeneath(root_, fd, path);
    return bytes < 0 ? std::to_string(bytes) : std::string(path.data(), static_cast<size_t>(bytes));
  };
  const int file = OpenPath("./a//file.txt");
  EXPECT_EQ(path_of(file), "a/file.txt");
  EXPECT_EQ(path_of(OpenPath("a")), "a");
  EXPECT_EQ(path_of(root_), "");
  EXPECT_EQ(path_of(Keep(kernel().OpenPathOnly(root_, "a/file.txt", Lookup::kWhole))),
            "a/file.txt");
  EXPECT_EQ(kernel().OpenPathOnly(root_, "absent", Lookup::kWhole), -ENOENT);
  EXPECT_EQ(kernel().PathBeneath(root_, file, std::span(path).first(9)), -ENAMETOOLONG);
  EXPECT_EQ(kernel().PathBeneath(OpenPath("a"), root_, path), -EXDEV);
  EXPECT_LT(kernel().PathBeneath(root_, -1, path), 0);
  world().PutFile("a/file.txt", Bytes("another"));
  EXPECT_EQ(path_of(file), "a/file.txt (deleted)");
}

TEST_P(RingContractFile, ANameThatWasLookedUpBeforeIsInMemory) {
  world().PutFile("a/file.txt", Bytes("x"));
  ASSERT_GE(OpenPath("a/file.txt"), 0);
  EXPECT_GE(Keep(kernel().OpenBeneath(root_, "a/file.txt", Lookup::kCached)), 0);
}

TEST_P(RingContractFile, TheRingOpensBeneathTheRoot) {
  world().PutFile("top.txt", Bytes("top"));
  world().PutFile("a/deep.txt", Bytes("deeper"));
  ArmOpen("top.txt", 1);
  ArmOpen("a/../a/deep.txt", 2);
  ArmOpen("a", 3);
  const int top = AwaitOpen(1);
  const int deep = AwaitOpen(2);
  const int directory = AwaitOpen(3);
  ASSERT_TRUE(top >= 0 && deep >= 0 && directory >= 0);
  EXPECT_EQ(StatusOf(top).bytes, 3U);
  EXPECT_EQ(StatusOf(deep).bytes, 6U);
  EXPECT_TRUE(StatusOf(directory).is_directory);
  EXPECT_GE(Keep(kernel().OpenBeneath(root_, "a/deep.txt", Lookup::kCached)), 0)
      << "it is in memory now";
}

TEST_P(RingContractFile, TheRingDoesNotFindWhatTheCallDoesNotFind) {
  world().PutFile("a/file.txt", Bytes("x"));
  uint64_t user_data = 0;
  for (const auto& [path, error] :
       {std::pair("absent", -ENOENT), std::pair("a/absent", -ENOENT), std::pair("", -ENOENT),
        std::pair("a/file.txt/b", -ENOTDIR), std::pair("a/file.txt/", -ENOTDIR),
        std::pair("..", -EXDEV), std::pair("a/../../a/file.txt", -EXDEV),
        std::pair("/a/file.txt", -EXDEV)}) {
    ArmOpen(path, ++user_data);
    EXPECT_EQ(AwaitOpen(user_data), error) << path;
  }
}

TEST_P(RingContractFile, ACancelByASocketsDescriptorEndsNeitherAnOpenNorARead) {
  world().PutFile("file.txt", Bytes("x"));
  const int file = OpenPath("file.txt");
  Connection connection = Connect();
  ArmOpen("file.txt", 1);
  std::array<uint8_t, 4> out{};
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_read(sqe, file, out.data(), out.size(), 0);
  Submit(sqe, 2);
  CancelByDescriptor(connection.fd, 3);
  EXPECT_EQ(AwaitEnd(3).res, 0);
  EXPECT_GE(AwaitOpen(1), 0);
  EXPECT_EQ(AwaitEnd(2).res, 1);
}

TEST_P(RingContractFile, TheRingReadsFromAnOffsetAndNotBeyondTheEnd) {
  world().PutFile("a/file.txt", Bytes("0123456789"));
  const int file = OpenPath("a/file.txt");
  std::array<uint8_t, 4> out{};
  EXPECT_EQ(AwaitRead(file, out, 3), 4);
  EXPECT_EQ(std::string(out.begin(), out.end()), "3456");
  EXPECT_EQ(AwaitRead(file, out, 3), 4) << "an offset is the caller's";
  EXPECT_EQ(AwaitRead(file, out, 8), 2);
  EXPECT_EQ(AwaitRead(file, out, 10), 0);
  EXPECT_EQ(AwaitRead(file, out, 99), 0);
  EXPECT_EQ(AwaitRead(OpenPath("a"), out, 0), -EISDIR);
}

TEST_P(RingContractFile, AReplacedFileIsAnotherOneAndWhoHasTheOldOneOpenKeepsIt) {
  world().PutFile("file.txt", Bytes("old"));
  const int old_file = OpenPath("file.txt");
  world().PutFile("file.txt", Bytes("newer"));
  const int new_file = OpenPath("file.txt");
  EXPECT_NE(StatusOf(old_file).inode, StatusOf(new_file).inode);
  EXPECT_EQ(StatusOf(old_file).bytes, 3U);
  EXPECT_EQ(StatusOf(new_file).bytes, 5U);
  Connection connection = Connect();
  EXPECT_EQ(AwaitSendFile(connection.fd, old_file, 0, 3), 3);
  EXPECT_EQ(ReadRemote(*connection.remote, 3), Bytes("old"));
}

TEST_P(RingContractFile, BytesAreSentFromTheirOffsetAndNotBeyondTheEnd) {
  const int file = Keep(world().OpenFile(Bytes("0123456789")));
  Connection connection = Connect();
  EXPECT_EQ(AwaitSendFile(connection.fd, file, 2, 3), 3);
  EXPECT_EQ(AwaitSendFile(connection.fd, file, 2, 1), 1) << "an offset is the caller's";
  EXPECT_EQ(AwaitSendFile(connection.fd, file, 8, 100), 2);
  EXPECT_EQ(kernel().SendFile(connection.fd, file, 10, 100), 0) << "the end";
  EXPECT_EQ(kernel().SendFile(connection.fd, file, 99, 100), 0);
  EXPECT_EQ(ReadRemote(*connection.remote, 6), Bytes("234289"));
}

TEST_P(RingContractFile, AFileOfAnySizeArrivesByteForByte) {
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 3 * kMuch + 17);
  const int file = Keep(world().OpenFile(bytes));
  Connection connection = Connect();
  std::vector<uint8_t> got(bytes.size());
  size_t sent = 0;
  size_t read = 0;
  EXPECT_TRUE(TurnUntil([&] {
    const int result = kernel().SendFile(connection.fd, file, sent, kMuch);
    EXPECT_TRUE(result > 0 || result == -EAGAIN || sent == bytes.size()) << result;
    if (result > 0) sent += static_cast<size_t>(result);
    read += connection.remote->Read({got.data() + read, got.size() - read});
    EXPECT_LE(read, sent);
    return read == bytes.size() || HasFailure();
  })) << sent
      << " sent, " << read << " read";
  EXPECT_EQ(loopback::FirstDifference(got), got.size());
}

TEST_P(RingContractFile, AFullSocketTakesNothingUntilItIsRead) {
  const int file = Keep(world().OpenFile(loopback::Pattern(0, kMuch)));
  Connection connection = Connect();
  Fill(connection.fd);
  EXPECT_EQ(kernel().SendFile(connection.fd, file, 0, kMuch), -EAGAIN);
  ArmPoll(connection.fd, POLLOUT, 7);
  ReadRemote(*connection.remote, 1 << 16);
  std::vector<uint8_t> sink(1 << 20);
  EXPECT_TRUE(TurnUntil([&] {
    connection.remote->Read(sink);
    return Ended(7);
  }));
  EXPECT_GT(AwaitSendFile(connection.fd, file, 0, kMuch), 0);
}

TEST_P(RingContractFile, AConnectionThatIsGoneTakesNothing) {
  const int file = Keep(world().OpenFile(Bytes("bytes")));
  Connection connection = Connect();
  connection.remote->Reset();
  int result = 0;
  EXPECT_TRUE(TurnUntil([&] {
    result = kernel().SendFile(connection.fd, file, 0, 5);
    return result < 0;
  }));
  EXPECT_TRUE(result == -EPIPE || result == -ECONNRESET) << result;
}

TEST_P(RingContractFile, ResidentBytesAreReadAtOnce) {
  world().PutFile("file.txt", Bytes("0123456789"));
  const int file = OpenPath("file.txt");
  std::array<uint8_t, 4> out{};
  if (kernel().ReadResident(file, out, 0) == -EOPNOTSUPP) {
    GTEST_SKIP() << "the file system of the temporary folder does not say what is in memory";
  }
  EXPECT_EQ(kernel().ReadResident(file, out, 3), 4);
  EXPECT_EQ(std::string(out.begin(), out.end()), "3456");
  EXPECT_EQ(kernel().ReadResident(file, out, 8), 2);
  EXPECT_EQ(kernel().ReadResident(file, out, 10), 0);
  EXPECT_EQ(kernel().ReadResident(file, out, 99), 0);
  EXPECT_EQ(kernel().ReadResident(-1, out, 0), -EBADF);
}

TEST_P(RingContractFile, BytesAreReadWhereverTheyAre) {
  world().PutFile("a/file.txt", Bytes("0123456789"));
  const int file = OpenPath("a/file.txt");
  std::array<uint8_t, 4> out{};
  EXPECT_EQ(kernel().ReadAt(file, out, 3), 4);
  EXPECT_EQ(std::string(out.begin(), out.end()), "3456");
  EXPECT_EQ(kernel().ReadAt(file, out, 8), 2);
  EXPECT_EQ(kernel().ReadAt(file, out, 10), 0);
  EXPECT_EQ(kernel().ReadAt(file, out, 99), 0);
  EXPECT_EQ(kernel().ReadAt(-1, out, 0), -EBADF);
  EXPECT_EQ(kernel().ReadAt(OpenPath("a"), out, 0), -EISDIR);
}

TEST_P(RingContractFile, FilesOfOneFileSystemShareItsDeviceAndHaveTheirOwnInodes) {
  world().PutFile("a.txt", Bytes("a"));
  world().PutFile("b.txt", Bytes("b"));
  const FileStatus a = StatusOf(OpenPath("a.txt"));
  const FileStatus b = StatusOf(OpenPath("b.txt"));
  EXPECT_EQ(a.device, b.device);
  EXPECT_NE(a.inode, b.inode);
}

}  // namespace
}  // namespace ringway::contract
