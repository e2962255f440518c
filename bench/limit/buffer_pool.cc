// SPDX-License-Identifier: Apache-2.0
//
// Maps and registers the receive buffers of limit_uring.
#include "bench/limit/buffer_pool.h"

#include <sys/mman.h>

#include <cerrno>

namespace ringway::limit {
namespace {

/// Buffers a page apart would all start in the same sets of the first-level cache; one line more
/// between them spreads the first lines, which is all that a small message touches.
constexpr size_t kStaggerBytes = 64;

void* MapMemory(size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

BufferPool::~BufferPool() {
  if (entries_ != nullptr) munmap(entries_, entries_bytes_);
  if (memory_ != nullptr) munmap(memory_, memory_bytes_);
}

absl::Status BufferPool::Open(io_uring& ring, int group, uint32_t count, uint32_t buffer_bytes) {
  buffer_bytes_ = buffer_bytes;
  stride_ = buffer_bytes + kStaggerBytes;
  mask_ = io_uring_buf_ring_mask(count);
  memory_bytes_ = stride_ * count;
  entries_bytes_ = count * sizeof(io_uring_buf);
  memory_ = static_cast<uint8_t*>(MapMemory(memory_bytes_));
  entries_ = static_cast<io_uring_buf_ring*>(MapMemory(entries_bytes_));
  if (memory_ == nullptr || entries_ == nullptr) {
    return absl::ErrnoToStatus(errno, "mapping receive buffers");
  }
  io_uring_buf_ring_init(entries_);
  io_uring_buf_reg registration = {};
  registration.ring_addr = reinterpret_cast<uint64_t>(entries_);
  registration.ring_entries = count;
  registration.bgid = static_cast<uint16_t>(group);
  const int result = io_uring_register_buf_ring(&ring, &registration, 0);
  if (result < 0) return absl::ErrnoToStatus(-result, "registering a buffer ring");
  for (uint32_t buffer = 0; buffer < count; ++buffer) Return(static_cast<uint16_t>(buffer));
  Publish();
  return absl::OkStatus();
}

}  // namespace ringway::limit
