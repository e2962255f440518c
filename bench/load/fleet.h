// SPDX-License-Identifier: Apache-2.0
//
// All connections of a run and the loop that turns their events; every wait has an end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "bench/load/connection.h"

namespace ringway::load {

class Fleet {
 public:
  /// `plan` must outlive the fleet.
  Fleet(const Plan& plan, uint32_t connections);

  /// Opens all connections, some at a time, and waits until each is open or has failed; those that
  /// are neither at the deadline count as errors.
  void OpenAll(uint64_t deadline_ns);

  /// Starts the plan's loop on every open connection.
  void StartSending();

  /// Turns events until `done` says so (asked after each batch of events) or the deadline.
  void RunUntil(uint64_t deadline_ns, const std::function<bool()>& done);

  /// Begins no more messages and waits for those on the way. Returns how many did not come back.
  uint64_t Drain(uint64_t deadline_ns);

  /// Ends every open connection cleanly. Returns how many did not answer by the deadline.
  uint64_t CloseAll(uint64_t deadline_ns);

  uint64_t CountOpen() const { return CountIn(Connection::State::kOpen); }

  /// No connection has anything left to do.
  bool AllFinished() const;

  Ledger& ledger() { return ledger_; }

 private:
  uint64_t CountIn(Connection::State state) const;
  uint64_t SendDue();

  const Plan& plan_;
  Pace pace_;
  /// The next message of all that the pace will have due: its connection is this modulo their
  /// number.
  uint64_t next_due_ = 0;
  bool pacing_ = false;
  Pattern pattern_;
  Ledger ledger_;
  Scratch scratch_;
  Descriptor epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace ringway::load
