// SPDX-License-Identifier: Apache-2.0
//
// What the rooms' classes tell upward, and the only way in which they do. An owner that has dropped
// a link hears nothing more of it but OnSent and OnFreed.
#pragma once

#include <cstdint>
#include <span>

#include "gateway/base/lease.h"
#include "gateway/base/reading.h"
#include "gateway/dial/dialer.h"
#include "gateway/links/link.h"

namespace ringway::links {

/// Why a file that was found cannot be sent whole.
enum class FileFault : uint8_t { kChanged, kUnreadable };

/// Called on the worker's thread, from within calls of Links. Whoever is told may call Links again,
/// for this link and for others: no link is freed meanwhile. But OnSpliced, OnSent and OnDropped
/// come from the middle of something: who is told by those only takes note.
class Sink {
 public:
  virtual ~Sink() = default;

  /// Bytes came. They lie at the start of a receive buffer, so that the head-room in front of them
  /// is free. Returns how many frames were read in them: the work that bytes alone do not tell.
  virtual uint64_t OnBytes(Owner owner, base::Piece piece) = 0;
  /// So many bytes were taken to be passed unread. Writes what has to leave in front of them
  /// (PassUnread::kFramed), and returns how many bytes that are.
  virtual size_t OnSpliced(Owner owner, uint32_t bytes, std::span<uint8_t> ahead) = 0;
  /// The socket took so many bytes.
  virtual void OnSent(Owner owner, uint32_t bytes) = 0;
  /// The incoming stream ended. After kReset the link is dropped.
  virtual void OnEnd(Owner owner, base::LinkEnd end) = 0;
  /// UnreadEnd::kNoted: the stream has an end, which stands behind what may still be read.
  virtual void OnEndNoted(Owner owner) = 0;
  /// The dial is over. After all but kConnected the link is dropped already. `result`: what the
  /// kernel said, a negative errno.
  virtual void OnDialled(Owner owner, dial::DialOutcome outcome, int result) = 0;
  /// The queue has become shorter than what the owner asked for (TellWhenBelow), or short enough
  /// for who is read into it and waits: Resume that.
  virtual void OnBelow(Owner owner) = 0;
  /// No buffer is left for what was to be sent.
  virtual void OnExhausted(Owner owner) = 0;
  /// A part of what was taken unread is lost: nothing may follow it.
  virtual void OnTorn(Owner owner) = 0;
  virtual void OnFileBroken(Owner owner, FileFault fault) = 0;
  /// The link is not the owner's any more: he may have another one in its place.
  virtual void OnDropped(Owner owner, uint32_t link) = 0;
  /// A dropped link is freed: the kernel holds nothing of it any more.
  virtual void OnFreed(Owner owner) = 0;
};

}  // namespace ringway::links
