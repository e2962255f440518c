// SPDX-License-Identifier: Apache-2.0
//
// What `simulate` tells while it runs: how far it is, and one line of the Test Anything Protocol
// for each case.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "tests/sim/world.h"

namespace ringway::sim {

/// How far it is, on a terminal: one line that is written over.
class Meter {
 public:
  Meter(uint64_t seeds, Tracing tracing)
      : seeds_(seeds), shown_(isatty(STDERR_FILENO) == 1 && tracing == Tracing::kOff) {}
  ~Meter() { Clear(); }
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

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

/// A case is a block of seeds, or a plan.
class Report {
 public:
  explicit Report(const Meter& meter) : meter_(&meter) {}

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
    meter_->Clear();
    std::printf("%s %d - %s\n", verdict, ++cases_, what.c_str());
    std::fflush(stdout);
  }

  const Meter* meter_;
  int cases_ = 0;
  bool failed_ = false;
};

}  // namespace ringway::sim
