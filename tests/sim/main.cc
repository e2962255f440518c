// SPDX-License-Identifier: Apache-2.0
//
// Runs seeds, and says in one line how to see a failing one again.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/sim/world.h"

namespace {

using ringway::sim::kFaults;
using ringway::sim::Outcome;
using ringway::sim::Tracing;
using ringway::sim::World;

/// So many seeds meet every fault: one that never struck is a fault that is not tested.
constexpr uint64_t kSeedsForEveryFault = 2000;
/// A range is told of in so many blocks.
constexpr uint64_t kBlocks = 10;

constexpr const char* kFaultNames[] = {
#define X(name, most, what) #name,
    RINGWAY_FAULTS(X)
#undef X
};

struct Options {
  uint64_t first = 1;
  uint64_t last = 5000;
  std::string kept;  ///< a file of seeds, instead
  Tracing tracing = Tracing::kOff;
  bool keep_going = false;
  bool counters = false;
};

/// The worker's counters, summed over all seeds, by name.
using Counts = std::map<std::string, uint64_t, std::less<>>;

constexpr const char* kUsage =
    "usage: simulate [--seeds A..B | --seed N | --kept FILE] [--trace] [--keep-going]\n"
    "                [--counters]\n"
    "  Runs the worker on a simulated kernel, once for each seed, and stops at the first that\n"
    "  fails. --counters: the worker's counters and the faults, summed over all seeds.\n";

/// What a crash prints: made before, since a handler may not format.
char crash[160];

void OnCrash(int number) {
  const ssize_t written = write(STDOUT_FILENO, crash, std::strlen(crash));
  static_cast<void>(written);
  std::signal(number, SIG_DFL);
  std::raise(number);
}

bool Parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (name == "--trace") {
      options.tracing = Tracing::kOn;
    } else if (name == "--keep-going") {
      options.keep_going = true;
    } else if (name == "--counters") {
      options.counters = true;
    } else if (value == nullptr) {
      return false;
    } else if (name == "--seed") {
      options.first = options.last = std::strtoull(argv[++i], nullptr, 10);
    } else if (name == "--kept") {
      options.kept = argv[++i];
    } else if (name == "--seeds" && std::strstr(value, "..") != nullptr) {
      options.first = std::strtoull(argv[++i], nullptr, 10);
      options.last = std::strtoull(std::strstr(value, "..") + 2, nullptr, 10);
    } else {
      return false;
    }
  }
  return options.first <= options.last;
}

/// A seed that once failed, and what it has shown.
struct Kept {
  uint64_t seed = 0;
  std::string what;
};

/// One a line: the seed, then what it has shown. Lines that begin with # say something else.
std::vector<Kept> ReadKept(const std::string& path) {
  std::vector<Kept> all;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    all.push_back({.seed = std::strtoull(line.c_str(), nullptr, 10), .what = line});
  }
  return all;
}

/// One line of the Test Anything Protocol for each case; a case is a block of seeds.
class Report {
 public:
  void Passed(const std::string& what) { Print("ok", what); }
  void Failed(const std::string& what) {
    failed_ = true;
    Print("not ok", what);
  }
  /// What a crash during the next case prints.
  int next() const { return cases_ + 1; }
  bool failed() const { return failed_; }
  void End() const { std::printf("1..%d\n", cases_); }

 private:
  void Print(const char* verdict, const std::string& what) {
    std::printf("%s %d - %s\n", verdict, ++cases_, what.c_str());
    std::fflush(stdout);
  }

  int cases_ = 0;
  bool failed_ = false;
};

/// What all runs together have shown.
struct Total {
  uint64_t seeds = 0;
  Outcome outcome;
  Counts counts;
};

/// Runs one seed and adds it to `total`; whether all is well.
bool RunSeed(uint64_t seed, Tracing tracing, Total& total, Report& report) {
  const std::string name = absl::StrCat("seed ", seed);
  const std::string again = absl::StrCat("# replay: build/simulate --seed ", seed, " --trace\n");
  std::snprintf(crash, sizeof crash, "not ok %d - %s crashed\n%s", report.next(), name.c_str(),
                again.c_str());
  const auto world = std::make_unique<World>(seed, tracing);
  const Outcome outcome = world->Run();
  ++total.seeds;
  total.outcome.turns += outcome.turns;
  total.outcome.virtual_ns += outcome.virtual_ns;
  total.outcome.sessions += outcome.sessions;
  total.outcome.bytes += outcome.bytes;
  total.outcome.whole_stories += outcome.whole_stories;
  for (size_t i = 0; i < kFaults; ++i) total.outcome.struck[i] += outcome.struck[i];
  world->counters().Visit([&](std::string_view counter, std::string_view, uint64_t value) {
    total.counts.try_emplace(std::string(counter)).first->second += value;
  });
  if (outcome.failure.empty()) return true;
  report.Failed(absl::StrCat(name, ", turn ", outcome.turns, ": ", outcome.failure));
  std::fputs(again.c_str(), stdout);
  return false;
}

void RunRange(const Options& options, Total& total, Report& report) {
  const uint64_t block = (options.last - options.first) / kBlocks + 1;
  for (uint64_t from = options.first; from <= options.last; from += block) {
    const uint64_t to = std::min(options.last, from + block - 1);
    bool good = true;
    for (uint64_t seed = from; seed <= to; ++seed) {
      good &= RunSeed(seed, options.tracing, total, report);
      if (!good && !options.keep_going) return;
    }
    if (good) report.Passed(absl::StrCat("seeds ", from, " to ", to));
  }
}

void RunKept(const Options& options, Total& total, Report& report) {
  for (const Kept& kept : ReadKept(options.kept)) {
    if (RunSeed(kept.seed, options.tracing, total, report)) report.Passed(kept.what);
  }
}

void CheckEveryFault(const Total& total, Report& report) {
  for (size_t i = 0; i < kFaults; ++i) {
    if (total.outcome.struck[i] > 0) continue;
    return report.Failed(absl::StrCat("the fault ", kFaultNames[i], " never struck"));
  }
  report.Passed("every fault struck");
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
  if (!Parse(argc, argv, options)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) std::signal(number, OnCrash);
  Total total;
  Report report;
  options.kept.empty() ? RunRange(options, total, report) : RunKept(options, total, report);
  const bool enough = total.seeds >= kSeedsForEveryFault && !report.failed();
  if (enough) CheckEveryFault(total, report);
  PrintTotal(options, total);
  report.End();
  return report.failed() ? 1 : 0;
}
