// SPDX-License-Identifier: Apache-2.0
//
// Runs seeds, and says in one line how to see a failing one again.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/sim/options.h"
#include "tests/sim/world.h"

namespace {

using ringway::sim::kFaults;
using ringway::sim::Options;
using ringway::sim::Outcome;
using ringway::sim::Tracing;
using ringway::sim::World;

/// So many seeds meet every fault: one that never struck is a fault that is not tested.
constexpr uint64_t kSeedsForEveryFault = 10'000;
/// A range is told of in so many blocks.
constexpr uint64_t kBlocks = 10;
constexpr int kWrongLine = 2;

constexpr const char* kFaultNames[] = {
#define X(name, most, what) #name,
    RINGWAY_ALL_FAULTS(X)
#undef X
};

/// The worker's counters, summed over all seeds, by name.
using Counts = std::map<std::string, uint64_t, std::less<>>;

/// What a crash prints: made before, since a handler may not format.
char crash[160];

void OnCrash(int number) {
  const ssize_t written = write(STDOUT_FILENO, crash, std::strlen(crash));
  static_cast<void>(written);
  std::signal(number, SIG_DFL);
  std::raise(number);
}

/// A seed that once failed, and what it has shown.
struct Kept {
  uint64_t seed = 0;
  std::string what;
};

/// One a line: the seed, then what it has shown. Lines that begin with # say something else. False:
/// the file cannot be read, or a line of it does not begin with a number.
bool ReadKept(const std::string& path, std::vector<Kept>& all) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    Kept kept{.what = line};
    if (!ringway::sim::ParseSeed(line.substr(0, line.find(' ')), kept.seed)) return false;
    all.push_back(kept);
  }
  return file.eof();
}

/// How far it is, on a terminal: one line that is written over.
class Progress {
 public:
  Progress(uint64_t seeds, Tracing tracing)
      : seeds_(seeds), shown_(isatty(STDERR_FILENO) == 1 && tracing == Tracing::kOff) {}
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Show(uint64_t done) {
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || now < next_) return;
    next_ = now + std::chrono::milliseconds(200);
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    std::fprintf(stderr, "\r%lu of %lu seeds, %.0f a second ", done, seeds_,
                 seconds > 0 ? static_cast<double>(done) / seconds : 0.0);
  }
  /// Before anything else is printed.
  void Clear() const {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

 private:
  uint64_t seeds_;
  bool shown_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point next_;
};

/// One line of the Test Anything Protocol for each case; a case is a block of seeds.
class Report {
 public:
  explicit Report(const Progress& progress) : progress_(&progress) {}

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
    progress_->Clear();
    std::printf("%s %d - %s\n", verdict, ++cases_, what.c_str());
    std::fflush(stdout);
  }

  const Progress* progress_;
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
  for (const auto& [counter, value] : outcome.counters) {
    total.counts.try_emplace(std::string(counter)).first->second += value;
  }
  if (outcome.failure.empty()) return true;
  report.Failed(absl::StrCat(name, ", turn ", outcome.turns, ": ", outcome.failure));
  std::fputs(again.c_str(), stdout);
  return false;
}

void RunRange(const Options& options, Progress& progress, Total& total, Report& report) {
  const uint64_t block = (options.last - options.first) / kBlocks + 1;
  for (uint64_t from = options.first; from <= options.last; from += block) {
    const uint64_t to = std::min(options.last, from + block - 1);
    bool good = true;
    for (uint64_t seed = from; seed <= to; ++seed) {
      good &= RunSeed(seed, options.tracing, total, report);
      if (!good && !options.keep_going) return;
      progress.Show(total.seeds);
    }
    if (good) report.Passed(absl::StrCat("seeds ", from, " to ", to));
  }
}

void RunKept(const std::vector<Kept>& all, const Options& options, Total& total, Report& report) {
  for (const Kept& kept : all) {
    if (RunSeed(kept.seed, options.tracing, total, report)) {
      report.Passed(kept.what);
    } else if (!options.keep_going) {
      return;
    }
  }
}

void CheckEveryFault(const Total& total, Report& report) {
  constexpr bool kAll = ringway::sim::kPassageSeeds > 0 && ringway::sim::kUnixSeeds > 0 &&
                        ringway::sim::kBulkSeeds > 0 && ringway::sim::kStaticSeeds > 0;
  for (size_t i = 0; i < (kAll ? kFaults : ringway::sim::kFirstPassageFault); ++i) {
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
  const std::string wrong = ringway::sim::ParseOptions(argc, argv, options);
  if (!wrong.empty()) {
    std::fprintf(stderr, "simulate: %s\n%s", wrong.c_str(), ringway::sim::kUsage);
    return kWrongLine;
  }
  if (options.help) {
    std::fputs(ringway::sim::kUsage, stdout);
    return 0;
  }
  std::vector<Kept> kept;
  if (!options.kept.empty() && (!ReadKept(options.kept, kept) || kept.empty())) {
    std::fprintf(stderr, "simulate: %s cannot be read, or names no seed\n", options.kept.c_str());
    return kWrongLine;
  }
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) std::signal(number, OnCrash);
  Progress progress(options.last - options.first + 1, options.tracing);
  Total total;
  Report report(progress);
  kept.empty() ? RunRange(options, progress, total, report) : RunKept(kept, options, total, report);
  const bool enough = total.seeds >= kSeedsForEveryFault && !report.failed();
  if (enough) CheckEveryFault(total, report);
  progress.Clear();
  PrintTotal(options, total);
  report.End();
  return report.failed() ? 1 : 0;
}
