// SPDX-License-Identifier: Apache-2.0
//
// A head that comes in pieces, put together in a cell, and in a chunk when it outgrows that: the
// chunk has room for the longest permitted one. So whoever sends it byte by byte holds no receive
// buffer, and one byte of a head costs no chunk.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "gateway/base/arena.h"
#include "gateway/base/check.h"
#include "gateway/flow/stores.h"

namespace ringway::session {

inline constexpr uint32_t kCellBytes =
    base::kBufferBytes[static_cast<size_t>(base::BufferClass::kCell)];
inline constexpr uint32_t kChunkBytes =
    base::kBufferBytes[static_cast<size_t>(base::BufferClass::kChunk)];

inline std::string_view TextOf(const base::Piece& piece) {
  return {reinterpret_cast<const char*>(piece.data), piece.bytes};
}

/// Who holds something: the session's slot, whose cells it may use, and the account that its chunks
/// are charged to (flow/stores.h).
struct Holder {
  flow::Stores& stores;
  uint32_t slot;
  base::AccountId account;

  /// A buffer for so many bytes, at most kChunkBytes: a cell if they fit into one that may be had,
  /// else a chunk, else an empty lease.
  base::Lease Take(uint32_t bytes) const {
    base::Lease lease;
    if (bytes <= kCellBytes) lease = stores.TakeCell(slot, flow::CellUse::kOrdinary);
    if (!lease) lease = stores.TakeHeldChunk(account);
    return lease;
  }

  /// Whether a buffer is one that Take has given, for this account.
  bool Has(const base::Lease& lease) const {
    const base::BufferClass c = stores.arena().ClassOf(lease.id());
    if (c == base::BufferClass::kCell) return true;
    return c == base::BufferClass::kChunk && stores.arena().account(lease.id()) == account;
  }
};

/// What lies in a buffer of its own, from its beginning; empty: there is none.
inline base::Piece WholeOf(base::Lease lease, uint32_t bytes) {
  if (bytes == 0) return {};
  uint8_t* const data = lease.data();
  return {.lease = std::move(lease), .data = data, .bytes = bytes};
}

/// Copies what `piece` views into a buffer of `*held`'s own; the two may be the same. False: none
/// is left, and `*held` is as before. REQUIRES: at most kChunkBytes.
[[nodiscard]] inline bool Hold(const Holder& holder, const base::Piece& piece, base::Piece* held) {
  RINGWAY_CHECK_OP(piece.bytes, <=, kChunkBytes);
  if (&piece == held && piece.data == piece.lease.data() && holder.Has(piece.lease)) return true;
  base::Piece own{.lease = holder.Take(piece.bytes), .bytes = piece.bytes};
  if (!own.lease) return false;
  own.data = own.lease.data();
  std::memcpy(own.data, piece.data, piece.bytes);
  *held = std::move(own);
  return true;
}

/// Appends as much as fits into a chunk: no byte beyond the longest permitted head belongs to one.
/// False: no chunk is left, and nothing was appended. REQUIRES: `held` is in a buffer that Hold
/// took, from its beginning.
[[nodiscard]] inline bool AppendToHeld(const Holder& holder, const base::Piece& piece,
                                       base::Piece* held) {
  const base::BufferClass c = holder.stores.arena().ClassOf(held->lease.id());
  if (c == base::BufferClass::kCell && held->bytes + piece.bytes > kCellBytes) {
    base::Piece chunk{.lease = holder.stores.TakeHeldChunk(holder.account), .bytes = held->bytes};
    if (!chunk.lease) return false;
    chunk.data = chunk.lease.data();
    std::memcpy(chunk.data, held->data, held->bytes);
    *held = std::move(chunk);
  }
  const uint32_t bytes = std::min(piece.bytes, kChunkBytes - held->bytes);
  std::memcpy(held->data + held->bytes, piece.data, bytes);
  held->bytes += bytes;
  return true;
}

}  // namespace ringway::session
