// SPDX-License-Identifier: Apache-2.0
//
// The phases of a load run.
#include "bench/load/load_run.h"

#include <unistd.h>

#include <cstdio>

#include "bench/load/cpu_clock.h"
#include "bench/load/fleet.h"

namespace ringway::load {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
/// Handshakes are quick; the bound is for a server that does not answer.
constexpr uint64_t kOpenNs = 30 * kSecond;
constexpr uint64_t kDrainNs = 5 * kSecond;
constexpr uint64_t kCloseNs = 2 * kSecond;

// One line a second for a person who watches.
class Progress {
 public:
  explicit Progress(const Ledger& ledger) : ledger_(ledger), watched_(isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (shown_) std::fputc('\n', stderr);
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Update() {
    if (!watched_) return;
    const uint64_t now_ns = NowNs();
    if (now_ns - last_ns_ < kSecond) return;
    const uint64_t messages = ledger_.messages - last_messages_;
    std::fprintf(stderr, "\r%llu messages/s, %zu kinds of error   ",
                 static_cast<unsigned long long>(messages * kSecond / (now_ns - last_ns_)),
                 ledger_.errors.size());
    shown_ = true;
    last_ns_ = now_ns;
    last_messages_ = ledger_.messages;
  }

 private:
  const Ledger& ledger_;
  const bool watched_;
  bool shown_ = false;
  uint64_t last_ns_ = NowNs();
  uint64_t last_messages_ = 0;
};

void Measure(const LoadOptions& options, Fleet& fleet, LoadReport& report) {
  Ledger& ledger = fleet.ledger();
  ledger.messages = 0;
  ledger.payload_bytes = 0;
  ledger.latency.Clear();
  const std::optional<uint64_t> server_before = CpuNs(options.server_pids);
  const uint64_t own_before = OwnCpuNs();
  const uint64_t start_ns = NowNs();
  const bool counted = options.plan.messages_max != 0;
  if (counted) fleet.StartSending();

  Progress progress(ledger);
  uint64_t next_look_ns = start_ns;
  bool finished = false;
  fleet.RunUntil(start_ns + options.window_ns, [&] {
    progress.Update();
    // Looking at every connection after every batch would cost more than the load.
    if (!counted && NowNs() < next_look_ns) return false;
    next_look_ns = NowNs() + kSecond / 10;
    finished = counted ? fleet.AllFinished() : fleet.CountOpen() == 0;
    return finished;
  });

  report.seconds = static_cast<double>(NowNs() - start_ns) / 1e9;
  report.own_cpu_ns = OwnCpuNs() - own_before;
  const std::optional<uint64_t> server_after = CpuNs(options.server_pids);
  if (server_before && server_after && !options.server_pids.empty()) {
    report.server_cpu_ns = *server_after - *server_before;
  }
  report.messages = ledger.messages;
  report.payload_bytes = ledger.payload_bytes;
  report.latency = ledger.latency;
}

}  // namespace

LoadReport RunLoad(const LoadOptions& options, const std::string& url) {
  LoadReport report;
  report.url = url;
  report.connections = options.connections;
  report.outstanding = options.plan.outstanding;
  report.period_ns = options.plan.period_ns;
  report.message_bytes = options.plan.message_bytes;

  Fleet fleet(options.plan, options.connections);
  fleet.OpenAll(NowNs() + kOpenNs);
  report.opened = fleet.CountOpen();
  if (report.opened != 0) {
    if (options.plan.messages_max == 0) {
      fleet.StartSending();
      fleet.RunUntil(NowNs() + options.warmup_ns, [] { return false; });
    }
    Measure(options, fleet, report);
    report.missing = fleet.Drain(NowNs() + kDrainNs);
    report.closes_missing = fleet.CloseAll(NowNs() + kCloseNs);
  }
  const Ledger& ledger = fleet.ledger();
  report.errors = ledger.errors;
  report.mismatches = ledger.mismatches;
  report.first_mismatch = ledger.first_mismatch;
  return report;
}

}  // namespace ringway::load
