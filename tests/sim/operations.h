// SPDX-License-Identifier: Apache-2.0
//
// From requests to completions: what an operation of the ring does when it is looked at, and how it
// ends. What faults do to it strikes here.
#pragma once

#include "tests/sim/file_operations.h"
#include "tests/sim/kernel_tables.h"

namespace ringway::sim {

class Operations {
 public:
  /// Both outlive it.
  Operations(KernelTables& tables, FileOperations& files)
      : around_(tables.around), tables_(&tables), files_(&files) {}

  /// Goes as far as it can now: the request may complete, more than once, and may be done then.
  void Try(Request& request);

 private:
  void TryAccept(Request& request, Server& server);
  int AcceptError(Server& server);
  void TryConnect(Request& request, Descriptor& at);
  void TryReceive(Request& request, Connection& connection);
  bool Deliver(Request& request, Connection& connection);
  void TrySend(Request& request, Connection& connection);
  void TryPoll(Request& request, Descriptor& at);
  void TryRead(Request& request, Descriptor& at);
  void Finish(Request& request, int result, Nature nature) {
    tables_->in_flight.Finish(request, result, nature);
  }

  Surroundings around_;
  KernelTables* tables_;
  FileOperations* files_;
};

}  // namespace ringway::sim
