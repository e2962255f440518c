// SPDX-License-Identifier: Apache-2.0
//
// What one session costs: the bytes of its slots. Behaviour is in worker.h.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "gateway/base/ids.h"
#include "gateway/base/limits.h"
#include "gateway/base/slab.h"
#include "gateway/base/socket_address.h"
#include "gateway/base/timing_wheel.h"
#include "gateway/config/config.h"
#include "gateway/files/file_sender.h"
#include "gateway/flow/bulk_meter.h"
#include "gateway/read/receiver.h"
#include "gateway/session/session.h"
#include "gateway/splice/splicer.h"
#include "gateway/write/sender.h"

namespace ringway::worker {

/// One connected socket.
struct Link {
  int fd = -1;
  uint32_t session = base::kNoSlot;
  base::LinkRole role = base::LinkRole::kClient;
  /// Operations that the kernel still holds; the link is freed at zero.
  uint8_t in_flight = 0;
  bool connecting : 1 = false;
  bool finishing : 1 = false;   ///< half-close when the queue has left
  bool finished : 1 = false;    ///< half-closed
  bool dropping : 1 = false;    ///< cancelled; waits for its last completion
  bool due : 1 = false;         ///< in the list of links with something to send
  bool waiting : 1 = false;     ///< in the list of links that are armed at the end of a turn
  bool busy : 1 = false;        ///< its last receive has brought bytes and is used up
  bool paused : 1 = false;      ///< not read for want of credit
  bool dense : 1 = false;       ///< its last bytes were many small frames
  bool stalled : 1 = false;     ///< in the list of pipes whose target takes nothing
  bool opens_file : 1 = false;  ///< an open of a file is with the kernel
  bool reads_file : 1 = false;  ///< and a read of one
  read::ReceiveState receive;
  write::SendState send;
  splice::SpliceState splice;
};

/// A connection that was accepted and waits for a slot.
struct Parked {
  int fd = -1;
  uint32_t listener_index = 0;
};

/// What one fill and pour of a pipe came to: there may be more; the source has no more; it had
/// nothing; something else goes on from here.
enum class MoveStep : uint8_t { kAgain, kRest, kEmpty, kOver };

/// A pipe whose target was full, by the link that it was filled from.
struct StalledPipe {
  base::LinkId from;
  uint64_t since_ns = 0;
};

/// One life of one slot.
struct SlotId {
  uint32_t slot = base::kNoSlot;
  uint32_t generation = 0;
};

/// A file on its way to a client.
struct Download {
  base::Lease file;
  base::Lease cold;  ///< a chunk that the kernel fills with bytes that were not in memory
  files::FileRest rest;
  bool is_due = false;  ///< in the list of those with something to send
};

/// One client's life and its links.
struct Slot {
  Slot(uint32_t listener_index, const base::SocketAddress& client, uint64_t now_ns)
      : session(listener_index, client, now_ns) {}

  session::Session session;
  std::array<uint32_t, 2> links = {base::kNoSlot, base::kNoSlot};  ///< by LinkRole
  std::array<uint64_t, 2> bytes_in{};                              ///< by LinkRole
  std::array<uint64_t, 2> bytes_out{};
  std::array<uint64_t, 2> bytes_spliced{};  ///< of bytes_in
  uint32_t download = base::kNoSlot;
  uint32_t opening = base::kNoSlot;  ///< the file that is looked for
  bool backend_left = false;         ///< its end was seen while it was not read
  bool awaits_room = false;          ///< OnRoom was asked for
  bool awaits_share = false;  ///< OnBackendGone waits until the client's queue is below its share
  session::Standing standing = session::Standing::kSession;  ///< as it was last looked at
  uint8_t listed = 0;          ///< bits of the lists that it stands in (slot_list.h)
  uint8_t answers_queued = 0;  ///< OnRoom was called so often since the queue was empty
};

/// What must come at once to be worth a splice. Half a window, because a small one brings no more.
inline uint32_t BulkBytesOf(const Slot& slot, const base::Limits& limits) {
  const config::Route* route = slot.session.route();
  const bool is_framed = route == nullptr || route->mode == config::Mode::kTcp;
  return std::min(is_framed ? flow::BulkMeter::kFramedBulkBytes : flow::BulkMeter::kBulkBytes,
                  limits.window_bytes / 2);
}

/// All that an idle session holds in user space.
inline constexpr size_t kSessionBytes = base::Slab<Slot>::kSlotBytes +
                                        2 * base::Slab<Link>::kSlotBytes +
                                        sizeof(base::TimingWheel::Timer);
static_assert(kSessionBytes <= 416);
// A link is one cache line.
static_assert(base::Slab<Link>::kSlotBytes == 64);

}  // namespace ringway::worker
