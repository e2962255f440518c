// SPDX-License-Identifier: Apache-2.0
//
// What one session costs: the bytes of its slots. Behaviour is in sessions.h.
#pragma once

#include <array>
#include <cstdint>

#include "gateway/base/ids.h"
#include "gateway/base/slab.h"
#include "gateway/base/socket_address.h"
#include "gateway/base/timing_wheel.h"
#include "gateway/links/link.h"
#include "gateway/session/session.h"

namespace ringway::worker {

constexpr size_t Index(base::LinkRole role) { return static_cast<size_t>(role); }

/// One life of one slot.
struct SlotId {
  uint32_t slot = base::kNoSlot;
  uint32_t generation = 0;
};

/// A file that is looked for on behalf of a session. It is the operation's own, from the kFind
/// intent to its answer: the kernel may read the path as long, whatever becomes of the phase that
/// has asked.
struct Opening {
  base::Piece path;  ///< a zero byte stands behind it
  session::FileQuestion question;
  bool is_submitted = false;  ///< the open is with the kernel
};

/// One client's life and its links.
struct Slot {
  Slot(uint32_t listener_index, const base::SocketAddress& client, uint64_t now_ns)
      : session(listener_index, client, now_ns) {}

  uint32_t client() const { return links[Index(base::LinkRole::kClient)]; }
  uint32_t backend() const { return links[Index(base::LinkRole::kBackend)]; }

  session::Session session;
  std::array<uint32_t, 2> links = {base::kNoSlot, base::kNoSlot};  ///< by LinkRole
  std::array<uint64_t, 2> bytes_in{};                              ///< by LinkRole
  std::array<uint64_t, 2> bytes_out{};
  std::array<uint64_t, 2> bytes_spliced{};  ///< of bytes_in
  uint32_t opening = base::kNoSlot;         ///< the file that is looked for
  uint32_t below = 0;                       ///< OnBelow was asked for, of so many bytes
  /// Links that are not freed, dropped ones too, and a file that the kernel opens for it. The
  /// session is over at zero.
  uint8_t held = 0;
  bool dial_waits = false;    ///< until one of its links is freed
  bool backend_left = false;  ///< its end was seen while it was not read
  session::Standing standing = session::Standing::kSession;  ///< as it was last looked at
  uint8_t listed = 0;          ///< bits of the lists that it stands in (slot_list.h)
  uint8_t answers_queued = 0;  ///< OnBelow was called so often since the queue was empty
};

/// All that an idle session holds in user space.
inline constexpr size_t kSessionBytes = base::Slab<Slot>::kSlotBytes +
                                        2 * base::Slab<links::Link>::kSlotBytes +
                                        sizeof(base::TimingWheel::Timer);
static_assert(kSessionBytes <= 416);

}  // namespace ringway::worker
