// SPDX-License-Identifier: Apache-2.0
//
// A run, and what it says, through a pipe.
#include "tests/sim/run_apart.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "tests/sim/world.h"

namespace ringway::sim {
namespace {

/// A run takes milliseconds, under a sanitizer tens of them.
constexpr unsigned kRunSecondsMax = 60;

}  // namespace

std::string FailureApart(const Plan& plan) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    // A check that ends the process says where on stderr.
    dup2(ends[1], STDERR_FILENO);
    alarm(kRunSecondsMax);
    const std::string failure = std::make_unique<World>(plan, Tracing::kOff)->Run().failure;
    static_cast<void>(!::write(ends[1], failure.data(), failure.size()));
    _exit(0);
  }
  close(ends[1]);
  std::string failure;
  char piece[512];
  for (ssize_t got = 0; (got = ::read(ends[0], piece, sizeof piece)) > 0;) {
    failure.append(piece, static_cast<size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return "no process";
  if (WIFSIGNALED(status)) absl::StrAppend(&failure, " ", strsignal(WTERMSIG(status)));
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) absl::StrAppend(&failure, " exit");
  return failure;
}

}  // namespace ringway::sim
