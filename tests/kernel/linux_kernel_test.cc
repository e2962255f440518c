// SPDX-License-Identifier: Apache-2.0
//
// What only io_uring itself has: set-up, the features as they were found, signals, and
// a folder with links in it.
#include "uring/linux_kernel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "tests/kernel/loopback.h"
#include "uring/probe.h"
#include "uring/ring.h"

namespace ringway::uring {
namespace {

constexpr FeatureSet kNothing;

TEST(LinuxKernel, AMaskedFeatureIsNotUsed) {
  const auto kernel = LinuxKernel::Open({.sq_entries = 8, .cq_entries = 16, .features = kNothing});
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  for (const Feature feature : {Feature::kNoSqArray, Feature::kRegisteredRing, Feature::kNoIowait,
                                Feature::kReceiveCap, Feature::kFixedBuffers}) {
    EXPECT_FALSE((*kernel)->features().Has(feature));
  }
}

TEST(LinuxKernel, HasTheQueuesThatWereAskedFor) {
  const auto kernel = LinuxKernel::Open({.sq_entries = 8, .cq_entries = 64});
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  EXPECT_EQ((*kernel)->memory().sq_entries, 8U);
  EXPECT_EQ((*kernel)->memory().cq_entries, 64U);
}

TEST(LinuxKernel, SaysWhatIsWrongWhenItCannotBeSetUp) {
  const auto kernel = LinuxKernel::Open({.sq_entries = 1 << 30, .cq_entries = 64});
  ASSERT_FALSE(kernel.ok());
  EXPECT_NE(kernel.status().message().find("io_uring_setup failed: "), std::string::npos);
}

TEST(LinuxKernel, OpensAgainAndAgainWithoutLosingADescriptor) {
  int first = -1;
  for (int i = 0; i < 50; ++i) {
    const auto kernel = LinuxKernel::Open({.sq_entries = 8, .cq_entries = 16});
    ASSERT_TRUE(kernel.ok()) << kernel.status();
    if (i == 0) first = (*kernel)->fd();
    EXPECT_EQ((*kernel)->fd(), first);
  }
}

TEST(LinuxKernel, ASignalEndsAWaitWithoutAnError) {
  const auto kernel = LinuxKernel::Open({.sq_entries = 8, .cq_entries = 16});
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  Ring ring(**kernel);
  struct sigaction interrupt {};
  struct sigaction before {};
  interrupt.sa_handler = [](int) {};
  ASSERT_EQ(sigaction(SIGALRM, &interrupt, &before), 0);
  // It repeats, in case the first one comes before the wait has begun.
  const itimerval timer{.it_interval = {.tv_sec = 0, .tv_usec = 10'000},
                        .it_value = {.tv_sec = 0, .tv_usec = 10'000}};
  ASSERT_EQ(setitimer(ITIMER_REAL, &timer, nullptr), 0);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(ring.Turn(10'000'000'000), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  const itimerval never{};
  ASSERT_EQ(setitimer(ITIMER_REAL, &never, nullptr), 0);
  ASSERT_EQ(sigaction(SIGALRM, &before, nullptr), 0);
}

/// Through the ring, as a worker does it.
int OpenThroughRing(Kernel& kernel, int root, const char* path) {
  Ring ring(kernel);
  open_how how{.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
               .mode = 0,
               .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
  io_uring_prep_openat2(ring.NextEntry(), root, path, &how);
  io_uring_cqe cqe{};
  while (ring.Reap({&cqe, 1}) == 0) {
    if (const int error = ring.Turn(kNoTimeout); error != 0) return error;
  }
  return cqe.res;
}

// A simulated tree has neither links nor pipes.
TEST(LinuxKernel, NoLinkLeadsOutOfARootAndNoFifoIsWaitedFor) {
  std::string folder = testing::TempDir() + "links-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/file.txt") << "inside";
  std::filesystem::create_symlink("file.txt", folder + "/inside");
  std::filesystem::create_symlink("/etc/hostname", folder + "/absolute");
  std::filesystem::create_symlink("../../etc", folder + "/upwards");
  std::filesystem::create_symlink("/proc/self/fd/0", folder + "/magic");
  ASSERT_EQ(mkfifo((folder + "/fifo").c_str(), 0600), 0);
  const int root = open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  auto kernel = LinuxKernel::Open({});
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  for (const auto& [path, wanted] :
       {std::pair("inside", 0), std::pair("fifo", 0), std::pair("absolute", -EXDEV),
        std::pair("upwards/hostname", -EXDEV), std::pair("magic", -EXDEV)}) {
    for (const int fd : {(*kernel)->OpenBeneath(root, path, Lookup::kWhole),
                         OpenThroughRing(**kernel, root, path)}) {
      EXPECT_EQ(std::min(fd, 0), wanted) << path;
      if (fd < 0) continue;
      EXPECT_EQ((*kernel)->Close(fd), 0);
    }
  }
  EXPECT_EQ((*kernel)->Close(root), 0);
  std::filesystem::remove_all(folder);
}

TEST(LinuxKernel, ReadsAPipeWithoutWaiting) {
  auto kernel = LinuxKernel::Open({});
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  PipeEnds ends;
  ASSERT_GE((*kernel)->OpenPipe(65536, &ends), 65536);
  std::array<uint8_t, 8> out{};
  EXPECT_EQ((*kernel)->ReadPipe(ends.read, out), -EAGAIN);
  ASSERT_EQ(write(ends.write, "0123456789", 10), 10);
  EXPECT_EQ((*kernel)->ReadPipe(ends.read, out), 8);
  EXPECT_EQ((*kernel)->ReadPipe(ends.read, out), 2);
  EXPECT_EQ(out[1], '9');
  EXPECT_EQ((*kernel)->Close(ends.write), 0);
  EXPECT_EQ((*kernel)->ReadPipe(ends.read, out), 0);
  EXPECT_EQ((*kernel)->Close(ends.read), 0);
}

TEST(LinuxKernel, CountsUnreadBytesOfWhichAFinIsNone) {
  auto kernel = LinuxKernel::Open({});
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  loopback::Pair pair = loopback::ConnectedPair();
  EXPECT_EQ((*kernel)->UnreadBytes(pair.near.fd()), 0);
  ASSERT_EQ(pair.far.Write("12345"), 5U);
  EXPECT_EQ((*kernel)->UnreadBytes(pair.near.fd()), 5);
  pair.far.ShutdownWrite();
  EXPECT_EQ((*kernel)->UnreadBytes(pair.near.fd()), 5);
  std::array<uint8_t, 8> out{};
  EXPECT_EQ(pair.near.Read(out), 5U);
  EXPECT_EQ((*kernel)->UnreadBytes(pair.near.fd()), 0);
  EXPECT_EQ((*kernel)->UnreadBytes(-1), -EBADF);
}

TEST(Probe, FindsTheSameEachTimeAndLeavesNothingBehind) {
  const ProbeResult first = Probe();
  const ProbeResult second = Probe();
  ASSERT_TRUE(first.usable) << first.error;
  ASSERT_EQ(first.rows.size(), second.rows.size());
  for (size_t i = 0; i < first.rows.size(); ++i) {
    EXPECT_EQ(first.rows[i].support, second.rows[i].support) << first.rows[i].name;
    EXPECT_FALSE(first.rows[i].note.empty()) << first.rows[i].name;
  }
}

}  // namespace
}  // namespace ringway::uring
