// SPDX-License-Identifier: Apache-2.0
//
// What must hold after each turn, and at the end. The worker's own numbers are held against what
// the simulated kernel and both ends of each story have seen.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "gateway/worker/observer.h"
#include "gateway/worker/worker.h"
#include "tests/sim/cast.h"
#include "tests/sim/kernel_tables.h"

namespace ringway::sim {

/// Adds up what the worker tells about its sessions.
class Ledger : public worker::Observer {
 public:
  void OnSessionEnd(const worker::SessionEnd& end) override;
  void OnDialFailed(const worker::DialFailure&) override { ++dials_failed; }
  void OnAcceptPaused(std::string_view) override { ++pauses; }

  uint64_t ended = 0;
  uint64_t upgraded = 0;
  uint64_t client_bytes_in = 0;
  uint64_t client_bytes_out = 0;
  uint64_t backend_bytes_in = 0;
  uint64_t backend_bytes_out = 0;
  uint64_t bytes_spliced = 0;
  uint64_t messages_in = 0;
  uint64_t frames_out = 0;
  uint64_t cut = 0;
  std::array<uint64_t, 32> reasons{};  ///< by session::EndReason
  /// The stories of those that ended because there was no memory, by their number.
  std::vector<uint32_t> out_of_memory;
  uint64_t dials_failed = 0;
  uint64_t pauses = 0;
};

class Checks {
 public:
  Checks(const Plan& plan, const worker::Worker& worker, KernelTables& kernel, const Ledger& ledger,
         Verdict& verdict)
      : plan_(&plan), worker_(&worker), kernel_(&kernel), ledger_(&ledger), verdict_(&verdict) {}

  void AfterTurn();
  /// The credit of each direction: bytes of a story that are inside the gateway.
  void Windows(const Casts& casts);
  /// In steady weather nobody polite ends for want of memory, whatever the others hold.
  void Memory(const Casts& casts);
  /// The worker says that it is finished.
  void AtEnd();
  /// The worker ends with an error: it may only where an operation never completes, which it names.
  void GivenUp(const absl::Status& status);
  /// Of a polite client whose part is over and met no fault everything has to be there. Returns
  /// whether the parts of all clients are over.
  bool AreSettled(const Casts& casts);

 private:
  void Equal(uint64_t left, uint64_t right, const char* what);
  void Between(uint64_t counted, uint64_t least, uint64_t more, const char* what);
  void Buffers();
  void Slots();
  void Pipes();
  void Counters();
  bool IsExcused(const Cast& cast, const ClientEnd& client) const;
  bool MayNeverEnd(const Cast& cast, const ClientEnd& client) const;
  void Window(const Cast& cast, ClientEnd& client);
  bool IsSettled(const Cast& cast, const ClientEnd& client);
  void Endings();

  const Plan* plan_;
  const worker::Worker* worker_;
  KernelTables* kernel_;
  const Ledger* ledger_;
  Verdict* verdict_;
  size_t looked_at_ = 0;  ///< of the ledger's out_of_memory
};

}  // namespace ringway::sim
