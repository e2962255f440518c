// SPDX-License-Identifier: Apache-2.0
//
// Runs seeds, and says in one line how to see a failing one again.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/sim/census.h"
#include "tests/sim/options.h"
#include "tests/sim/plan_text.h"
#include "tests/sim/reduce.h"
#include "tests/sim/report.h"
#include "tests/sim/run_apart.h"
#include "tests/sim/world.h"

namespace {

using ringway::sim::Counts;
using ringway::sim::kFaultNames;
using ringway::sim::kFaults;
using ringway::sim::Meter;
using ringway::sim::Options;
using ringway::sim::Outcome;
using ringway::sim::Plan;
using ringway::sim::Report;
using ringway::sim::World;

/// So many seeds meet every fault: one that never struck is a fault that is not tested.
constexpr uint64_t kSeedsForEveryFault = 10'000;
/// A range is told of in so many blocks.
constexpr uint64_t kBlocks = 10;
constexpr int kWrongLine = 2;

/// What a crash prints: made before, since a handler may not format.
char crash[160];

void OnCrash(int number) {
  const ssize_t written = write(STDOUT_FILENO, crash, std::strlen(crash));
  static_cast<void>(written);
  std::signal(number, SIG_DFL);
  std::raise(number);
}

/// Returns what is wrong with the file, or with the plan in it; empty: nothing is.
std::string LoadPlan(const std::string& path, Plan& plan) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return file.is_open() ? ringway::sim::ReadPlan(text.str(), plan) : "it cannot be read";
}

/// What all runs together have shown.
struct Total {
  uint64_t seeds = 0;
  Outcome outcome;
  Counts counts;
};

/// The plan of a seed, less what the command line leaves out.
Plan PlanOf(uint64_t seed, const Options& options) {
  Plan plan(seed, options.left_out);
  if (options.story) plan.KeepStory(*options.story);
  return plan;
}

/// Runs one plan and adds it to `total`; whether all is well. `again` shows a failure once more.
bool RunPlan(const Plan& plan, const std::string& name, const std::string& again,
             const Options& options, Total& total, Report& report) {
  if (options.story && *options.story >= plan.stories.size()) {
    report.Failed(
        absl::StrCat(name, " has no story ", *options.story, ": it has ", plan.stories.size()));
    return false;
  }
  std::snprintf(crash, sizeof crash, "not ok %d - %s crashed\n# replay: %s\n", report.next(),
                name.c_str(), again.c_str());
  const auto world = std::make_unique<World>(plan, options.tracing);
  const Outcome outcome = world->Run();
  ++total.seeds;
  total.outcome.turns += outcome.turns;
  total.outcome.virtual_ns += outcome.virtual_ns;
  total.outcome.sessions += outcome.sessions;
  total.outcome.bytes += outcome.bytes;
  total.outcome.whole_stories += outcome.whole_stories;
  for (size_t i = 0; i < kFaults; ++i) total.outcome.struck[i] += outcome.struck[i];
  for (const auto& [counter, value] : outcome.counters) {
    total.counts.try_emplace(std::string(counter)).first->second += value;
  }
  if (outcome.failure.empty()) return true;
  report.Failed(absl::StrCat(name, ", turn ", outcome.turns, ": ", outcome.failure));
  std::printf("# replay: %s\n", again.c_str());
  return false;
}

/// The options that make of `what` the run that was seen.
std::string AgainWith(const std::string& what, const Options& options) {
  std::string line = absl::StrCat("build/simulate ", what);
  for (size_t i = 0; i < kFaults; ++i) {
    if (options.left_out[i]) absl::StrAppend(&line, " --without ", kFaultNames[i]);
  }
  if (options.story) absl::StrAppend(&line, " --story ", *options.story);
  return absl::StrCat(line, " --trace");
}

bool RunSeed(uint64_t seed, const Options& options, Total& total, Report& report) {
  return RunPlan(PlanOf(seed, options), absl::StrCat("seed ", seed),
                 AgainWith(absl::StrCat("--seed ", seed), options), options, total, report);
}

void RunRange(const Options& options, Meter& meter, Total& total, Report& report) {
  const uint64_t block = (options.last - options.first) / kBlocks + 1;
  for (uint64_t from = options.first; from <= options.last; from += block) {
    const uint64_t to = std::min(options.last, from + block - 1);
    bool good = true;
    for (uint64_t seed = from; seed <= to; ++seed) {
      good &= RunSeed(seed, options, total, report);
      if (!good && !options.keep_going) return;
      meter.Show(total.seeds);
    }
    if (good) report.Passed(absl::StrCat("seeds ", from, " to ", to));
  }
}

void RunPlans(const Options& options, Total& total, Report& report) {
  for (const std::string& path : options.plans) {
    Plan plan;
    const std::string wrong = LoadPlan(path, plan);
    if (!wrong.empty()) {
      report.Failed(absl::StrCat(path, ": ", wrong));
      continue;
    }
    if (options.story) plan.KeepStory(*options.story);
    for (size_t i = 0; i < kFaults; ++i) plan.faults.left_out[i] |= options.left_out[i];
    const std::string again = AgainWith(absl::StrCat("--plan ", path), options);
    if (RunPlan(plan, path, again, options, total, report)) {
      report.Passed(path);
    } else if (!options.keep_going) {
      return;
    }
  }
}

/// The plan of the line as text, made smaller if so asked. Returns the exit code.
int PrintPlan(const Options& options) {
  Plan plan = PlanOf(options.first, options);
  if (options.reduce) {
    const std::string failure = ringway::sim::FailureApart(plan);
    if (failure.empty()) {
      std::fprintf(stderr, "simulate: seed %lu does well: there is nothing to reduce\n",
                   options.first);
      return kWrongLine;
    }
    plan = ringway::sim::Reduce(plan, failure, ringway::sim::FailureApart);
    std::printf("# seed %lu, reduced: %s\n", options.first, failure.c_str());
  }
  std::fputs(ringway::sim::WritePlan(plan).c_str(), stdout);
  return 0;
}

void CheckEveryFault(const Options& options, const Total& total, Report& report) {
  constexpr bool kAll = ringway::sim::kPassageSeeds > 0 && ringway::sim::kUnixSeeds > 0 &&
                        ringway::sim::kBulkSeeds > 0 && ringway::sim::kStaticSeeds > 0;
  for (size_t i = 0; i < (kAll ? kFaults : ringway::sim::kFirstPassageFault); ++i) {
    if (total.outcome.struck[i] > 0 || options.left_out[i]) continue;
    return report.Failed(absl::StrCat("the fault ", kFaultNames[i], " never struck"));
  }
  report.Passed("every fault struck");
}

void CheckCensus(const Options& options, const Total& total, Report& report) {
  const std::string wrong = ringway::sim::CompareCensus(options.unmoved, total.counts);
  wrong.empty() ? report.Passed("every counter moved, or a test is named that moves it")
                : report.Failed(absl::StrCat("census:", wrong));
}

void PrintTotal(const Options& options, const Total& total) {
  const Outcome& all = total.outcome;
  const uint64_t struck = std::accumulate(all.struck.begin(), all.struck.end(), uint64_t{0});
  std::printf("# %lu seeds: %lu sessions, %lu stories whole, %lu bytes, %lu turns, %lu faults\n",
              total.seeds, all.sessions, all.whole_stories, all.bytes, all.turns, struck);
  if (!options.counters) return;
  for (const auto& [name, value] : total.counts) std::printf("# %12lu %s\n", value, name.c_str());
  for (size_t i = 0; i < kFaults; ++i) {
    std::printf("# %12lu fault %s\n", all.struck[i], kFaultNames[i]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const std::string wrong = ringway::sim::ParseOptions(argc, argv, options);
  if (!wrong.empty()) {
    std::fprintf(stderr, "simulate: %s\n%s", wrong.c_str(), ringway::sim::kUsage);
    return kWrongLine;
  }
  if (options.help) {
    std::fputs(ringway::sim::kUsage, stdout);
    return 0;
  }
  if (options.print_plan || options.reduce) return PrintPlan(options);
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) std::signal(number, OnCrash);
  Meter meter(options.last - options.first + 1, options.tracing);
  Total total;
  Report report(meter);
  options.plans.empty() ? RunRange(options, meter, total, report)
                        : RunPlans(options, total, report);
  const bool enough = total.seeds >= kSeedsForEveryFault && !report.failed();
  if (enough) CheckEveryFault(options, total, report);
  if (enough && !options.unmoved.empty()) CheckCensus(options, total, report);
  meter.Clear();
  PrintTotal(options, total);
  report.End();
  return report.failed() ? 1 : 0;
}
