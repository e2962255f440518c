// SPDX-License-Identifier: Apache-2.0
//
// Signals of a process of its own: each test's statement runs in a child.
#include "gateway/server/signals.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <initializer_list>

namespace ringway::server {
namespace {

constexpr int kEndedAtOnce = 77;

/// Watched signals, and a descriptor that never becomes readable.
struct Watched {
  Watched() {
    if (!signals.ok() || !signals->Watch([](int) { std::_Exit(kEndedAtOnce); }).ok()) {
      std::_Exit(1);
    }
  }
  absl::StatusOr<Signals> signals = Signals::Open();
  int never_fd = eventfd(0, EFD_CLOEXEC);
};

void SendAndExpect(Watched& watched, int signal) {
  kill(getpid(), signal);
  if (watched.signals->WaitOr(watched.never_fd) != signal) std::_Exit(2);
}

/// Waits for nothing that a signal could end.
[[noreturn]] void BeBusy() {
  while (true) pause();
}

TEST(SignalsDeathTest, TellsEachThatItTakes) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const auto statement = [] {
    Watched watched;
    for (const int signal : {SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT, SIGALRM, SIGHUP, SIGTERM}) {
      SendAndExpect(watched, signal);
    }
    std::_Exit(0);
  };
  EXPECT_EXIT(statement(), testing::ExitedWithCode(0), "");
}

TEST(SignalsDeathTest, TheSecondThatAsksForTheEndWaitsForNobody) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const auto statement = [](int first, int second) {
    Watched watched;
    SendAndExpect(watched, first);
    SendAndExpect(watched, SIGHUP);
    kill(getpid(), second);
    BeBusy();
  };
  for (const int first : {SIGTERM, SIGINT}) {
    for (const int second : {SIGTERM, SIGINT}) {
      EXPECT_EXIT(statement(first, second), testing::ExitedWithCode(kEndedAtOnce), "");
    }
  }
}

TEST(SignalsDeathTest, TheSecondEndsAStartThatHasNotLookedForTheFirst) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const auto statement = [] {
    Watched watched;
    kill(getpid(), SIGTERM);
    // While one is pending the kernel drops another.
    sigset_t pending;
    do {
      sigpending(&pending);
    } while (sigismember(&pending, SIGTERM) == 1);
    kill(getpid(), SIGTERM);
    BeBusy();
  };
  EXPECT_EXIT(statement(), testing::ExitedWithCode(kEndedAtOnce), "");
}

TEST(Signals, NameEachThatIsIgnored) {
  EXPECT_TRUE(std::string(DescribeIgnored(SIGHUP)).starts_with("SIGHUP is ignored: "));
  EXPECT_TRUE(std::string(DescribeIgnored(SIGUSR2)).starts_with("SIGUSR2 is ignored: "));
  EXPECT_TRUE(std::string(DescribeIgnored(SIGQUIT)).starts_with("SIGQUIT is ignored: "));
  EXPECT_TRUE(std::string(DescribeIgnored(SIGALRM)).starts_with("SIGALRM is ignored: "));
}

}  // namespace
}  // namespace ringway::server
