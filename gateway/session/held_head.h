// SPDX-License-Identifier: Apache-2.0
//
// A head that comes in pieces, put together in a chunk: the chunk has room for the longest
// permitted one, so whoever sends it byte by byte holds a chunk and no receive buffer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "gateway/base/arena.h"
#include "gateway/base/check.h"

namespace ringway::session {

inline constexpr uint32_t kChunkBytes =
    base::kBufferBytes[static_cast<size_t>(base::BufferClass::kChunk)];

inline std::string_view TextOf(const base::Piece& piece) {
  return {reinterpret_cast<const char*>(piece.data), piece.bytes};
}

/// Copies what `piece` views into a chunk of `*held`'s own; the two may be the same. False: no
/// chunk is left, and `*held` is as before. REQUIRES: at most kChunkBytes.
[[nodiscard]] inline bool HoldInChunk(base::Arena& arena, const base::Piece& piece,
                                      base::Piece* held) {
  RINGWAY_CHECK_OP(piece.bytes, <=, kChunkBytes);
  const bool is_there = &piece == held && piece.data == piece.lease.data() &&
                        arena.ClassOf(piece.lease.id()) == base::BufferClass::kChunk;
  if (is_there) return true;
  base::Piece chunk{.lease = arena.TryTake(base::BufferClass::kChunk), .bytes = piece.bytes};
  if (!chunk.lease) return false;
  chunk.data = chunk.lease.data();
  std::memcpy(chunk.data, piece.data, piece.bytes);
  *held = std::move(chunk);
  return true;
}

/// As much as fits: no byte beyond the longest permitted head belongs to one. REQUIRES: `held` is
/// in a chunk, from its beginning.
inline void AppendToChunk(const base::Piece& piece, base::Piece* held) {
  const uint32_t bytes = std::min(piece.bytes, kChunkBytes - held->bytes);
  std::memcpy(held->data + held->bytes, piece.data, bytes);
  held->bytes += bytes;
}

}  // namespace ringway::session
