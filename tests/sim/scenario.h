// SPDX-License-Identifier: Apache-2.0
//
// A worker on a kernel in memory, turned by hand: the test plays its clients and its backend, moves
// its clock, and says which operation never completes. What a seed would meet by chance is written
// down here, step by step.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/worker/worker.h"
#include "tests/sim/sim_kernel.h"

namespace ringway::sim {

/// Nobody keeps a log.
class Silent : public worker::Observer {
 public:
  void OnSessionEnd(const worker::SessionEnd&) override {}
  void OnDialFailed(const worker::DialFailure&) override {}
  void OnAcceptPaused(std::string_view) override {}
};

inline testing::AssertionResult Contains(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string_view::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no \"" << part << "\" in: " << text;
}

class Scenario : public testing::Test, private Events {
 protected:
  static constexpr int kTurnsMax = 5000;
  static constexpr uint64_t kMs = 1'000'000;
  static constexpr uint64_t kSecond = 1'000 * kMs;

  Scenario();
  /// A worker that was not drained is abandoned, with all that is in flight.
  ~Scenario() override;

  /// Routes: /tcp and /pass (mode "websocket") to one backend with an address for each of `ports_`:
  /// the first is `first_` and the second `backend_`; /files/ serves tree(). `limits_` are those of
  /// a small worker.
  void Open();

  /// A connection that waits to be accepted.
  Connection& Connect();
  /// What the client or the backend writes; all of it has to find room.
  static void Say(Connection& connection, std::string_view text);
  /// What has come since the last time.
  static std::string Hear(Connection& connection);
  /// The next connection that the worker has made to `server`, or nullptr.
  static Connection* Take(Server& server);
  /// A handshake for `path`.
  static std::string Request(std::string_view path);

  /// One turn; how it ended is in `status_`.
  void Turn() { status_ = worker_->Turn(); }
  template <typename Done>
  [[nodiscard]] bool TurnUntil(Done&& done) {
    for (int i = 0; i < kTurnsMax && status_.ok(); ++i) {
      if (done()) return true;
      Turn();
    }
    return done();
  }
  /// Turns until so much time has passed: each that finds nothing to do takes a millisecond.
  void Pass(uint64_t ns);
  void Drain();

  FileTree& tree() { return kernel_->tables().tree; }
  Withholding& withholding() { return kernel_->tables().withholding; }
  const base::Counters& counters() const { return worker_->counters(); }

  base::Limits limits_;
  uint32_t sq_entries_ = 64;
  /// Where the backend's server is to be found.
  std::vector<uint16_t> ports_ = {1000, 1001};
  /// Called within each entry into the kernel, as another thread would come in between.
  std::function<void()> on_entry_;
  SimClock clock_;
  Silent silent_;
  std::unique_ptr<SimKernel> kernel_;
  std::unique_ptr<worker::Worker> worker_;
  absl::Status status_;
  Verdict verdict_{clock_};
  Network network_{65536};
  Server& first_ = network_.Serve(1000);
  Server& backend_ = network_.Serve(1001);

 private:
  uint64_t NextDueNs() override { return kNeverNs; }
  void RunDue() override {
    if (on_entry_) on_entry_();
  }

  Random random_{1};
  Faults faults_;
  Server& door_ = network_.Serve(0);
  int wake_fd_ = -1;
  std::shared_ptr<base::Occupancy> occupancy_;
};

}  // namespace ringway::sim
