// SPDX-License-Identifier: Apache-2.0
//
// One piece of a file after the other, on a real socket: every outcome that a piece has.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/files/file_sender.h"
#include "tests/kernel/forwarding_kernel.h"
#include "tests/kernel/loopback.h"
#include "tests/kernel/pattern.h"
#include "uring/user_data.h"

namespace ringway::rooms {
namespace {

using files::FileRest;
using files::Piece;
using files::PieceOutcome;

constexpr uint32_t kKiB = 1024;
/// For a machine under load.
constexpr int kWaitMs = 2000;

class SendingKernel : public uring::ForwardingKernel {
 public:
  using ForwardingKernel::ForwardingKernel;

  int SendFile(int socket, int file, uint64_t offset, uint32_t bytes) override {
    if (error != 0) return -error;
    const int sent = ForwardingKernel::SendFile(socket, file, offset, bytes);
    if (const auto run = std::exchange(after_send, {})) run();
    return sent;
  }
  int ReadResident(int file, std::span<uint8_t> out, uint64_t offset) override {
    probed.push_back(offset);
    if (offset >= cold_from) return -EAGAIN;
    if (probe_error != 0) return -probe_error;
    return ForwardingKernel::ReadAt(file, out, offset);
  }
  int StatusOf(int fd, uring::FileStatus* status) override {
    if (status_error != 0) return -status_error;
    return ForwardingKernel::StatusOf(fd, status);
  }

  int error = 0;
  int probe_error = 0;
  int status_error = 0;
  uint64_t cold_from = UINT64_MAX;
  std::function<void()> after_send;  ///< once
  std::vector<uint64_t> probed;
};

class FileSenderTest : public testing::Test {
 protected:
  static constexpr size_t kBytes = 1000 * kKiB;
  static constexpr base::LinkId kLink{.slot = 3, .generation = 9};

  FileSenderTest() : path_(testing::TempDir() + "file-sender-XXXXXX"), kernel_(OpenKernel()) {
    const int made = mkstemp(path_.data());
    EXPECT_GE(made, 0);
    close(made);
    Write(kBytes);
    rest_.fd = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    rest_.bytes = kBytes;
    EXPECT_EQ(kernel_.StatusOf(rest_.fd, &rest_.status), 0);
  }
  ~FileSenderTest() override {
    close(rest_.fd);
    std::filesystem::remove(path_);
  }

  void Write(size_t bytes) const {
    const std::vector<uint8_t> pattern = loopback::Pattern(0, bytes);
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(pattern.data()), static_cast<std::streamsize>(bytes));
  }
  Piece Send(uint32_t bytes_max) { return sender_.Send(pair_.near.fd(), bytes_max, rest_); }
  /// A read through the ring, with another result than the kernel's where `result` is not 0.
  Piece Read(std::span<uint8_t> room, int result = 0) {
    sender_.Read(kLink, rest_, room);
    std::array<io_uring_cqe, 2> cqes;
    for (int i = 0; i < 1000 && ring_.ready() == 0; ++i) EXPECT_EQ(ring_.Turn(5'000'000), 0);
    EXPECT_EQ(ring_.Reap(cqes), 1U);
    const auto data = uring::UserData::Unpack(cqes[0].user_data);
    EXPECT_EQ(static_cast<base::Operation>(data.kind), base::Operation::kReadFile);
    EXPECT_EQ((base::LinkId{data.slot, data.generation}), kLink);
    if (result != 0) cqes[0].res = result;
    return sender_.OnRead(cqes[0], rest_);
  }
  /// So much comes, the file's bytes from its beginning.
  void ExpectCame(size_t bytes) {
    std::vector<uint8_t> all(kBytes);
    size_t got = 0;
    pollfd wait{.fd = pair_.far.fd(), .events = POLLIN, .revents = 0};
    while (got < bytes && poll(&wait, 1, kWaitMs) == 1) {
      got += pair_.far.Read({all.data() + got, all.size() - got});
    }
    EXPECT_EQ(got, bytes);
    EXPECT_EQ(loopback::FirstDifference({all.data(), got}), got);
  }

  std::string path_;
  SendingKernel kernel_;
  uring::Ring ring_{kernel_};
  base::Counters counters_;
  files::FileSender sender_{ring_, counters_};
  loopback::Pair pair_ = loopback::ConnectedPair();
  FileRest rest_;

 private:
  static std::unique_ptr<uring::LinuxKernel> OpenKernel() {
    auto kernel = uring::LinuxKernel::Open({.sq_entries = 8, .cq_entries = 16});
    EXPECT_TRUE(kernel.ok()) << kernel.status();
    return *std::move(kernel);
  }
};

TEST_F(FileSenderTest, SendsAPieceAndMovesOn) {
  for (uint32_t sent = 0; sent < 4 * 10 * kKiB; sent += 10 * kKiB) {
    const Piece piece = Send(10 * kKiB);
    EXPECT_EQ(piece.outcome, PieceOutcome::kSent);
    EXPECT_EQ(piece.bytes, 10 * kKiB);
  }
  EXPECT_EQ(rest_.offset, 40 * kKiB);
  EXPECT_EQ(rest_.bytes, kBytes - 40 * kKiB);
  EXPECT_EQ(counters_.bytes_sendfile.value(), 40 * kKiB);
  ExpectCame(40 * kKiB);
}

TEST_F(FileSenderTest, SendsNoMoreThanIsLeft) {
  rest_.bytes = 7;
  const Piece piece = Send(10 * kKiB);
  EXPECT_EQ(piece.outcome, PieceOutcome::kSent);
  EXPECT_EQ(piece.bytes, 7U);
  EXPECT_EQ(rest_.bytes, 0U);
  ExpectCame(7);
}

TEST_F(FileSenderTest, SaysWhenTheSocketIsFull) {
  pair_ = loopback::ConnectedPair({.send = 8 * kKiB, .receive = 8 * kKiB});
  size_t came = 0;
  Piece piece{.outcome = PieceOutcome::kSent};
  while (piece.outcome == PieceOutcome::kSent) {
    piece = Send(64 * kKiB);
    came += piece.bytes;
  }
  EXPECT_EQ(piece.outcome, PieceOutcome::kFull);
  EXPECT_LT(came, kBytes);
  EXPECT_EQ(Send(64 * kKiB).outcome, PieceOutcome::kFull);
  EXPECT_EQ(rest_.offset, came);
  ExpectCame(came);
}

TEST_F(FileSenderTest, TakesPassingErrorsForAFullSocket) {
  for (const int error : {EAGAIN, EINTR, ENOMEM}) {
    kernel_.error = error;
    EXPECT_EQ(Send(kKiB).outcome, PieceOutcome::kFull);
  }
  EXPECT_EQ(rest_.offset, 0U);
}

TEST_F(FileSenderTest, TellsABrokenSocketFromADiskThatFails) {
  for (const auto& [error, outcome] :
       {std::pair(EPIPE, PieceOutcome::kBroken), std::pair(ECONNRESET, PieceOutcome::kReset),
        std::pair(ETIMEDOUT, PieceOutcome::kReset), std::pair(EHOSTUNREACH, PieceOutcome::kReset),
        std::pair(EIO, PieceOutcome::kUnreadable), std::pair(ESTALE, PieceOutcome::kUnreadable)}) {
    kernel_.error = error;
    EXPECT_EQ(Send(kKiB).outcome, outcome) << error;
  }
  EXPECT_EQ(counters_.completions_unexpected.value(), 0U);
  kernel_.error = EXDEV;
  EXPECT_EQ(Send(kKiB).outcome, PieceOutcome::kUnexpected);
  EXPECT_EQ(counters_.completions_unexpected.value(), 1U);
}

TEST_F(FileSenderTest, SaysWhenTheOtherEndIsGone) {
  pair_.far.Reset();
  Piece piece{.outcome = PieceOutcome::kSent};
  for (int i = 0; i < 10 && piece.outcome == PieceOutcome::kSent; ++i) piece = Send(kKiB);
  EXPECT_TRUE(piece.outcome == PieceOutcome::kBroken || piece.outcome == PieceOutcome::kReset);
}

// ---- The file, before a piece and behind it

TEST_F(FileSenderTest, SendsNothingOfAFileThatHasChanged) {
  Write(kBytes);
  // The same bytes, but who knows: its times are new. A tick of the file system's clock later.
  while (true) {
    uring::FileStatus now;
    ASSERT_EQ(kernel_.StatusOf(rest_.fd, &now), 0);
    if (now.modified_ns != rest_.status.modified_ns) break;
    Write(kBytes);
  }
  EXPECT_EQ(Send(kKiB).outcome, PieceOutcome::kChanged);
  EXPECT_EQ(rest_.offset, 0U);
  EXPECT_EQ(counters_.bytes_sendfile.value(), 0U);
}

TEST_F(FileSenderTest, SendsNothingOfAFileThatIsShorter) {
  std::filesystem::resize_file(path_, 10);
  EXPECT_EQ(Send(kKiB).outcome, PieceOutcome::kChanged);
  std::filesystem::resize_file(path_, kBytes + 10);
  EXPECT_EQ(Send(kKiB).outcome, PieceOutcome::kChanged);
}

// Nothing but the look after it can know that: no piece follows which another look comes before.
TEST_F(FileSenderTest, TellsOfAFileThatIsWrittenToWhileItsLastPieceIsSent) {
  rest_.bytes = kKiB;
  kernel_.after_send = [&] { Write(kBytes + 1); };
  const Piece piece = Send(kKiB);
  EXPECT_EQ(piece.outcome, PieceOutcome::kChanged);
  EXPECT_EQ(piece.bytes, kKiB) << "which have left, all the same";
}

TEST_F(FileSenderTest, TakesAFileThatCannotBeLookedAtForChanged) {
  kernel_.status_error = EIO;
  EXPECT_EQ(Send(kKiB).outcome, PieceOutcome::kChanged);
}

TEST_F(FileSenderTest, GoesOnWithAFileThatGetsOrLosesANames) {
  EXPECT_EQ(Send(kKiB).outcome, PieceOutcome::kSent);
  std::filesystem::create_hard_link(path_, path_ + ".link");
  EXPECT_EQ(Send(kKiB).outcome, PieceOutcome::kSent);
  std::filesystem::remove(path_ + ".link");
  EXPECT_EQ(Send(kKiB).outcome, PieceOutcome::kSent);
  std::filesystem::remove(path_);
  EXPECT_EQ(Send(kKiB).outcome, PieceOutcome::kSent);
  EXPECT_EQ(rest_.status.links, 0U);
  ExpectCame(4 * kKiB);
}

TEST_F(FileSenderTest, TakesAnEndThatNobodySawForAChange) {
  // The status says that there is more than there is: as if it had been cut in between.
  rest_.offset = kBytes;
  rest_.bytes = 10;
  kernel_.probe_error = EOPNOTSUPP;
  EXPECT_EQ(Send(kKiB).outcome, PieceOutcome::kChanged);
}

// ---- Bytes that are not in memory

TEST_F(FileSenderTest, ProbesAPieceAtItsEnds) {
  EXPECT_NE(Send(256 * kKiB).outcome, PieceOutcome::kCold);
  EXPECT_EQ(kernel_.probed, (std::vector<uint64_t>{0, 256 * kKiB - 1}));
}

TEST_F(FileSenderTest, ProbesAFileThatWasColdMoreOften) {
  kernel_.cold_from = 100 * kKiB;
  EXPECT_EQ(Send(256 * kKiB).outcome, PieceOutcome::kCold);
  kernel_.cold_from = 256 * kKiB;
  kernel_.probed.clear();
  EXPECT_EQ(Send(40 * kKiB).outcome, PieceOutcome::kSent);
  EXPECT_EQ(kernel_.probed, (std::vector<uint64_t>{0, 16 * kKiB, 32 * kKiB, 40 * kKiB - 1}));
}

TEST_F(FileSenderTest, SendsNothingOfAPieceWithColdBytes) {
  for (const uint64_t from : {uint64_t{0}, uint64_t{100 * kKiB}, uint64_t{256 * kKiB - 1}}) {
    kernel_.cold_from = from;
    EXPECT_EQ(Send(256 * kKiB).outcome, PieceOutcome::kCold);
  }
  EXPECT_EQ(rest_.offset, 0U);
  kernel_.cold_from = 256 * kKiB;
  EXPECT_NE(Send(256 * kKiB).outcome, PieceOutcome::kCold);
}

// Whether the socket has room for all of it is not what is asked here.
TEST_F(FileSenderTest, AsksAFileSystemThatDoesNotTellOnce) {
  kernel_.probe_error = EOPNOTSUPP;
  EXPECT_NE(Send(256 * kKiB).outcome, PieceOutcome::kCold);
  EXPECT_NE(Send(kKiB).outcome, PieceOutcome::kCold);
  EXPECT_EQ(kernel_.probed.size(), 1U);
}

TEST_F(FileSenderTest, ReadsThroughTheRing) {
  std::array<uint8_t, 4000> room;
  rest_.bytes = 5000;
  Piece piece = Read(room);
  EXPECT_EQ(piece.outcome, PieceOutcome::kSent);
  EXPECT_EQ(piece.bytes, 4000U);
  EXPECT_EQ(loopback::FirstDifference(room), room.size());
  piece = Read(room);
  EXPECT_EQ(piece.bytes, 1000U);
  EXPECT_EQ(loopback::FirstDifference(std::span(room).first(1000), 4000), 1000U);
  EXPECT_EQ(rest_.bytes, 0U);
  EXPECT_EQ(counters_.bytes_read_cold.value(), 5000U);
}

TEST_F(FileSenderTest, TellsReadsThatWereDisturbedFromADiskThatFails) {
  std::array<uint8_t, 100> room;
  for (const int error : {EAGAIN, EINTR, ECANCELED}) {
    EXPECT_EQ(Read(room, -error).outcome, PieceOutcome::kFull);
  }
  for (const int error : {EIO, ENOMEM, ESTALE}) {
    EXPECT_EQ(Read(room, -error).outcome, PieceOutcome::kUnreadable);
  }
  EXPECT_EQ(counters_.completions_unexpected.value(), 0U);
  EXPECT_EQ(Read(room, -EBADF).outcome, PieceOutcome::kUnreadable);
  EXPECT_EQ(counters_.completions_unexpected.value(), 1U);
  EXPECT_EQ(rest_.offset, 0U);
}

TEST_F(FileSenderTest, ThrowsAwayWhatWasReadOfAFileThatHasChanged) {
  std::array<uint8_t, 100> room;
  std::filesystem::resize_file(path_, kBytes - 1);
  EXPECT_EQ(Read(room).outcome, PieceOutcome::kChanged);
  std::filesystem::resize_file(path_, 0);
  EXPECT_EQ(Read(room).outcome, PieceOutcome::kChanged);
  EXPECT_EQ(rest_.offset, 0U);
}

}  // namespace
}  // namespace ringway::rooms
