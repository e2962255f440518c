// SPDX-License-Identifier: Apache-2.0
//
// A lease: one reference to one buffer of a worker's arena, and the words for buffers. Who passes
// bytes on holds leases and pieces and never looks at the arena (arena.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ringway::base {

/// Index of a buffer in the arena, over all classes.
using BufferId = uint32_t;

enum class BufferClass : uint8_t {
  kSmall = 0,  ///< 4 KiB, offered to the kernel: interactive traffic
  kBulk,       ///< 64 KiB, offered to the kernel: links that fill small buffers
  kChunk,      ///< 16 KiB, pooled
  kCell,       ///< 512 bytes, pooled
  kLent,       ///< memory of somebody else, which the arena only counts: read, never written
};
inline constexpr size_t kBufferClasses = 5;

/// Bytes a buffer of each class has for its holder, head-room and tail-room not counted.
inline constexpr std::array<uint32_t, kBufferClasses> kBufferBytes = {4096, 65536, 16384, 512, 0};
inline constexpr uint32_t kHeadRoomBytes = 160;
inline constexpr uint32_t kTailRoomBytes = 32;

/// Whom a pooled buffer is charged to: the arena counts how many each account holds, whoever keeps
/// the leases. What the numbers mean, and how many an account may hold, is its caller's business.
using AccountId = uint32_t;
inline constexpr AccountId kNoAccount = 0xffff'ffff;

/// Whether buffers of this class are lent to the kernel's receives.
constexpr bool IsReceiveClass(BufferClass c) { return c <= BufferClass::kBulk; }

class Arena;

/// One reference to one buffer: whoever holds it may read and write the buffer, a lent one only
/// read. Move-only; the destructor gives it back. Must not outlive the arena. One thread.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&& from) noexcept : arena_(std::exchange(from.arena_, nullptr)), id_(from.id_) {}
  Lease& operator=(Lease&& from) noexcept {
    std::swap(arena_, from.arena_);
    std::swap(id_, from.id_);
    return *this;
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() { Return(); }

  explicit operator bool() const { return arena_ != nullptr; }
  BufferId id() const { return id_; }

  /// First byte behind the head-room; of a lent buffer what Arena::Lend was given.
  uint8_t* data() const;
  /// A second reference to the same buffer.
  Lease Share() const;
  /// Gives the reference back now.
  void Return();
  /// Gives up ownership without returning: the caller adopts the id again with Arena::Adopt.
  BufferId Detach() {
    arena_ = nullptr;
    return id_;
  }

 private:
  friend class Arena;
  Lease(Arena* arena, BufferId id) : arena_(arena), id_(id) {}

  Arena* arena_ = nullptr;
  BufferId id_ = 0;
};

/// A run of bytes in a leased buffer, and the lease that keeps it.
struct Piece {
  Lease lease;
  uint8_t* data = nullptr;
  uint32_t bytes = 0;
};

}  // namespace ringway::base
