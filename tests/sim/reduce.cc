// SPDX-License-Identifier: Apache-2.0
//
// A plan is a list of lines: stories are left out, lines left away, numbers halved, one at a time,
// and what still fails is kept.
#include "tests/sim/reduce.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/sim/plan_text.h"
#include "tests/sim/world.h"

namespace ringway::sim {
namespace {

/// Runs at most: each takes milliseconds.
constexpr int kAttemptsMax = 5000;
/// A run takes milliseconds, under a sanitizer tens of them.
constexpr unsigned kRunSecondsMax = 60;

/// Without its numbers: a smaller plan fails at another turn, with other sums.
std::string KindOf(std::string failure) {
  std::erase_if(failure, [](unsigned char c) { return std::isdigit(c) != 0; });
  return failure;
}

class Reducer {
 public:
  Reducer(const Plan& plan, const std::string& failure)
      : kind_(KindOf(failure)), stories_(plan.stories.size()) {
    const std::string text = WritePlan(plan);
    lines_ = absl::StrSplit(text, '\n', absl::SkipEmpty());
  }

  Plan Run() {
    for (size_t before = 0; before != succeeded_ || before == 0;) {
      before = succeeded_;
      LeaveStoriesOut();
      LeaveLinesAway();
      HalveNumbers();
      if (before == succeeded_ || attempts_ >= kAttemptsMax) break;
    }
    Plan plan;
    static_cast<void>(ReadPlan(absl::StrJoin(lines_, "\n"), plan));
    return plan;
  }

 private:
  /// Keeps `lines` if a run of them fails in the same way.
  bool Try(std::vector<std::string> lines) {
    Plan plan;
    if (++attempts_ > kAttemptsMax || !ReadPlan(absl::StrJoin(lines, "\n"), plan).empty()) {
      return false;
    }
    if (KindOf(FailureApart(plan)) != kind_) return false;
    lines_ = std::move(lines);
    ++succeeded_;
    std::fprintf(stderr, "simulate: %d runs, %zu lines are left\n", attempts_, lines_.size());
    return true;
  }

  void LeaveStoriesOut() {
    for (size_t i = 0; i < stories_; ++i) {
      const std::string prefix = absl::StrCat("stories.", i, ".");
      const std::string absent = absl::StrCat(prefix, "takes_part no");
      if (std::ranges::find(lines_, absent) != lines_.end()) continue;
      std::vector<std::string> lines = lines_;
      std::erase_if(lines, [&](const std::string& line) { return absl::StartsWith(line, prefix); });
      lines.push_back(absent);
      Try(std::move(lines));
    }
  }

  void LeaveLinesAway() {
    for (size_t i = 0; i < lines_.size();) {
      std::vector<std::string> lines = lines_;
      lines.erase(lines.begin() + static_cast<ptrdiff_t>(i));
      if (!Try(std::move(lines))) ++i;
    }
  }

  void HalveNumbers() {
    for (size_t i = 0; i < lines_.size(); ++i) {
      const std::vector<std::string> parts = absl::StrSplit(lines_[i], ' ');
      uint64_t number = 0;
      if (parts[0] == "chance" || !absl::SimpleAtoi(parts.back(), &number)) continue;
      for (number /= 2; number > 0; number /= 2) {
        std::vector<std::string> lines = lines_;
        lines[i] = absl::StrCat(parts[0], " ", number);
        if (!Try(std::move(lines))) break;
      }
    }
  }

  std::string kind_;
  size_t stories_;
  std::vector<std::string> lines_;
  int attempts_ = 0;
  size_t succeeded_ = 0;
};

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

Plan Reduce(const Plan& plan, const std::string& failure) { return Reducer(plan, failure).Run(); }

}  // namespace ringway::sim
