// SPDX-License-Identifier: Apache-2.0
//
// Provided-buffer rings from the kernel's side, for a kernel that emulates io_uring: it reads the
// tail that the owner of the buffers publishes (buffer_ring.h) and keeps the head to itself.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>

namespace ringway::uring {

struct OfferedBuffer {
  std::span<uint8_t> bytes;
  uint16_t index = 0;  ///< the owner's number of it
};

/// The flags by which a completion names the buffer that it has filled.
constexpr uint32_t BufferFlags(uint16_t index) {
  return IORING_CQE_F_BUFFER | static_cast<uint32_t>(index) << IORING_CQE_BUFFER_SHIFT;
}

/// Rings and buffers stay their owner's, who keeps a ring's memory until it is unregistered. One
/// thread. Allocates only in Register.
class BufferGroups {
 public:
  /// -EINVAL: the entries are no power of two, more than 32,768 (head and tail count 16 bits), or
  /// the memory is not at a page's front; -EFAULT: there is no memory; -EEXIST: the group has a
  /// ring.
  int Register(const io_uring_buf_reg& registration);
  /// -ENOENT: the group has no ring.
  int Unregister(uint16_t group);

  /// Buffers of the group that are published and not taken; 0 also where there is no such group.
  uint32_t Available(uint16_t group) const;
  /// The next buffer, left where it is: a receive that finds no bytes does not take it. Nothing:
  /// none is available.
  std::optional<OfferedBuffer> Front(uint16_t group) const;
  /// Takes that buffer: it is the kernel's until its completion is read. REQUIRES: one is
  /// available.
  void Take(uint16_t group);

  // ---- For whoever watches what is offered. REQUIRES: the group is registered.
  /// How many buffers were taken and published in all, modulo 2^16.
  uint16_t taken(uint16_t group) const { return groups_.at(group).head; }
  uint16_t published(uint16_t group) const;
  /// The buffer that was published as the `place`th, modulo 2^16. REQUIRES: it is published, and at
  /// most as many as the ring has entries were published since.
  OfferedBuffer At(uint16_t group, uint16_t place) const;

 private:
  struct Group {
    io_uring_buf_ring* ring = nullptr;
    uint16_t mask = 0;
    uint16_t head = 0;
  };

  std::map<uint16_t, Group> groups_;
};

}  // namespace ringway::uring
