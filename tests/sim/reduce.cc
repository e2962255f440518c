// SPDX-License-Identifier: Apache-2.0
//
// A plan is a list of lines: stories are left out, lines left away, numbers halved, one at a time,
// and what still fails is kept.
#include "tests/sim/reduce.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/sim/plan_text.h"

namespace ringway::sim {
namespace {

/// Runs at most: each takes milliseconds.
constexpr int kAttemptsMax = 5000;

/// Ends the line of a story that was left out.
constexpr const char* kAbsent = ".takes_part no";

/// Without its numbers: a smaller plan fails at another turn, with other sums.
std::string KindOf(std::string failure) {
  std::erase_if(failure, [](unsigned char c) { return std::isdigit(c) != 0; });
  return failure;
}

class Reducer {
 public:
  Reducer(const Plan& plan, const std::string& failure, const Judge& judge)
      : judge_(judge), kind_(KindOf(failure)), stories_(plan.stories.size()) {
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
    if (KindOf(judge_(plan)) != kind_) return false;
    lines_ = std::move(lines);
    ++succeeded_;
    std::fprintf(stderr, "simulate: %d runs, %zu lines are left\n", attempts_, lines_.size());
    return true;
  }

  void LeaveStoriesOut() {
    for (size_t i = 0; i < stories_; ++i) {
      const std::string prefix = absl::StrCat("stories.", i, ".");
      const std::string absent = absl::StrCat("stories.", i, kAbsent);
      if (std::ranges::find(lines_, absent) != lines_.end()) continue;
      std::vector<std::string> lines = lines_;
      std::erase_if(lines, [&](const std::string& line) { return absl::StartsWith(line, prefix); });
      lines.push_back(absent);
      Try(std::move(lines));
    }
  }

  void LeaveLinesAway() {
    for (size_t i = 0; i < lines_.size();) {
      // Without it the story would take part again: a line less, and no smaller plan.
      if (absl::EndsWith(lines_[i], kAbsent)) {
        ++i;
        continue;
      }
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

  const Judge& judge_;
  std::string kind_;
  size_t stories_;
  std::vector<std::string> lines_;
  int attempts_ = 0;
  size_t succeeded_ = 0;
};

}  // namespace

Plan Reduce(const Plan& plan, const std::string& failure, const Judge& judge) {
  return Reducer(plan, failure, judge).Run();
}

}  // namespace ringway::sim
