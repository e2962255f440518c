// SPDX-License-Identifier: Apache-2.0
//
// What only io_uring itself has: set-up, the features as they were found, signals.
#include "uring/linux_kernel.h"

#include <gtest/gtest.h>
#include <sys/time.h>

#include <chrono>
#include <csignal>

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
