// SPDX-License-Identifier: Apache-2.0
//
// Opened late, kept, and closed when something is left in them.
#include "gateway/splice/pipe_pool.h"

#include "gateway/base/check.h"

namespace ringway::splice {

PipePool::PipePool(uring::Kernel& kernel, base::Counters& counters, uint32_t count_max)
    : kernel_(&kernel), counters_(&counters), pipes_(count_max) {
  RINGWAY_CHECK_OP(count_max, <, kNoPipe);
  free_.reserve(count_max);
  for (uint32_t i = count_max; i > 0; --i) free_.push_back(static_cast<uint16_t>(i - 1));
}

PipePool::~PipePool() {
  for (Pipe& pipe : pipes_) Close(pipe);
}

bool PipePool::Open(Pipe& pipe) {
  const int granted = kernel_->OpenPipe(kPipeBytes, &pipe.ends);
  if (granted < 0) return false;
  ++open_;
  if (static_cast<uint32_t>(granted) >= kPipeBytesMin) return true;
  Close(pipe);
  return false;
}

void PipePool::Close(Pipe& pipe) {
  if (pipe.ends.read < 0) return;
  static_cast<void>(kernel_->Close(pipe.ends.read));
  static_cast<void>(kernel_->Close(pipe.ends.write));
  pipe = {};
  --open_;
}

uint16_t PipePool::TryTake() {
  const bool is_there =
      !free_.empty() && (pipes_[free_.back()].ends.read >= 0 || Open(pipes_[free_.back()]));
  if (!is_there) {
    counters_->pipes_missing.Add(1);
    return kNoPipe;
  }
  const uint16_t index = free_.back();
  free_.pop_back();
  return index;
}

void PipePool::Return(uint16_t index) {
  Pipe& pipe = pipes_[index];
  RINGWAY_CHECK_OP(free_.size(), <, pipes_.size());
  if (pipe.bytes > 0 || pipe.ahead_bytes > 0) Close(pipe);
  free_.push_back(index);
}

}  // namespace ringway::splice
