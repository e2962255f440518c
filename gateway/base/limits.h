// SPDX-License-Identifier: Apache-2.0
//
// Every bound that an operator may choose, in one place, each with its unit, its default and what
// it protects. A configuration's [limits] table sets them by the same names. Bounds of one room's
// mechanism (slices in a send, completions in a turn) are constants of that room.
#pragma once

#include <cstdint>

namespace ringway::base {

/// Cells that each session has for itself, whatever others hold: one for what it holds or answers,
/// one for its last word (a Close, a refusal).
inline constexpr uint32_t kCellsPerSession = 2;

/// Durations are nanoseconds of the monotonic clock, sizes are bytes. Plain values: copied freely.
struct Limits {
  // ---- Connections -----------------------------------------------------------------------

  /// Sessions that one worker carries at once; its slabs and timers are mapped for as many (and
  /// touched only when used). Beyond it accept waits for a session to end.
  uint32_t sessions_per_worker_max = 65536;
  /// Sessions of all workers together; the next client gets a 503. 0: no limit but the workers'.
  uint32_t sessions_max = 0;
  /// Sessions of one client address (IPv6: of one /64 network), over all workers; the next gets a
  /// 429. 0: no limit.
  uint32_t sessions_per_address_max = 0;

  // ---- Time -------------------------------------------------------------------------------

  /// From accept to a whole request head; then 408.
  uint64_t handshake_timeout_ns = 10'000'000'000;
  /// No byte in either direction for so long ends a session (1001). 0: never.
  uint64_t idle_timeout_ns = 300'000'000'000;
  /// A ping leaves after so long without a byte from the client. 0: never.
  uint64_t ping_interval_ns = 30'000'000'000;
  /// Any byte from the client must come within this time after a ping; else the session ends.
  uint64_t pong_timeout_ns = 10'000'000'000;
  /// From the first sign of closing (Close, FIN, reset), or the last byte that left after it, to
  /// the end of both links; in all at most idle_timeout.
  uint64_t close_timeout_ns = 5'000'000'000;
  /// From SIGTERM to the end of the last session; what lives then is cut.
  uint64_t drain_timeout_ns = 10'000'000'000;

  // ---- Sizes of what a client may send ----------------------------------------------------

  /// A request head, up to and with its blank line; then 431.
  uint32_t head_bytes_max = 16 * 1024;
  /// One frame's payload; then 1009. Payload streams, so this costs no memory.
  uint64_t frame_bytes_max = 1ULL << 40;
  /// One message's payload over all its frames; then 1009.
  uint64_t message_bytes_max = 1ULL << 40;

  // ---- Memory -----------------------------------------------------------------------------

  /// What the queue of one direction of one session may hold, in buffers counted with their full
  /// size. When it is used up the source is not read.
  uint32_t window_bytes = 1024 * 1024;
  /// Sum of what all send queues and pipes of one worker may hold, counted the same way. Each queue
  /// has a share of what is free of it at the moment, 1/64 at most.
  uint64_t worker_queued_bytes_max = 256ULL * 1024 * 1024;
  /// Receive buffers of one worker, small class (4 KiB): the hot ring of interactive traffic. A
  /// power of two.
  uint32_t small_buffers = 1024;
  /// Receive buffers of one worker, bulk class (64 KiB). A power of two.
  uint32_t bulk_buffers = 256;
  /// Pooled 16 KiB chunks of one worker: long request heads, forwarded requests, and queued bytes
  /// that were moved out of receive buffers because their socket stalls. small_buffers + 4 x
  /// bulk_buffers of them (half at most) are a reserve for what one turn brings; of the others each
  /// queue has 1/64 of what is free at most.
  uint32_t chunks = 16384;
  /// Pipes of one worker, two descriptors each: sessions that move bulk and whose bytes wait inside
  /// the kernel at the same moment. Without one bytes go through buffers.
  uint32_t pipes = 256;
  /// Pooled 512-byte cells of one worker: control frames, answers, the front of a head or of a
  /// frame header. At least kCellsPerSession for each of sessions_per_worker_max.
  uint32_t cells = 131072;

  // ---- Files of static routes -------------------------------------------------------------

  /// A file up to this size is kept whole in memory that all workers share; a larger one is sent
  /// from its descriptor. 0: none is kept.
  uint32_t small_file_bytes_max = 64 * 1024;
  /// Files that one worker remembers, small or large, or that there is none of a name. A power of
  /// two.
  uint32_t cached_files = 1024;
  /// Memory of all small files together, over all workers. What does not fit is sent as a larger
  /// file is.
  uint64_t file_cache_bytes_max = 64ULL * 1024 * 1024;
  /// Descriptors of larger files that one worker keeps open for the next request. 0: each is closed
  /// with the last answer that is sent from it.
  uint32_t open_files = 256;

  friend bool operator==(const Limits&, const Limits&) = default;
};

}  // namespace ringway::base
