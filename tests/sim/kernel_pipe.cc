// SPDX-License-Identifier: Apache-2.0
//
// Slots in, bytes out.
#include "tests/sim/kernel_pipe.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace ringway::sim {

uint32_t KernelPipe::Granted(uint32_t bytes) {
  if (bytes > kPipeBytesMax) return kPipeBytesUsual;  // refused: it stays as it was made
  return std::bit_ceil(std::max(bytes, kPageBytes));
}

void KernelPipe::Push(std::vector<uint8_t> piece) {
  bytes_ += piece.size();
  pieces_.push_back(std::move(piece));
}

std::span<const uint8_t> KernelPipe::Front() const {
  return std::span(pieces_.front()).subspan(front_at_);
}

void KernelPipe::Pop(size_t bytes) {
  front_at_ += bytes;
  bytes_ -= bytes;
  if (front_at_ < pieces_.front().size()) return;
  pieces_.pop_front();
  front_at_ = 0;
}

}  // namespace ringway::sim
