// SPDX-License-Identifier: Apache-2.0
//
// The direct calls on pipes: opening, splice(2) from and to sockets, read(2). Each does what the
// function of its name does in uring/kernel.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tests/sim/kernel_tables.h"

namespace ringway::sim {

class PipeCalls {
 public:
  explicit PipeCalls(KernelTables& tables) : around_(tables.around), tables_(&tables) {}

  int Open(uint32_t bytes, uring::PipeEnds* ends);
  int Splice(int from, int to, uint32_t bytes);
  int Read(int fd, std::span<uint8_t> out);

 private:
  int SpliceOneOf(int from, int to, uint32_t bytes);
  int SpliceIn(int fd, Connection& from, KernelPipe& pipe, uint32_t bytes);
  int SpliceOut(int fd, KernelPipe& pipe, Connection& to, uint32_t bytes);
  void BreakBetweenHalves(const KernelPipe& pipe, Connection& to);
  size_t FragmentBytes();

  Surroundings around_;
  KernelTables* tables_;
};

}  // namespace ringway::sim
