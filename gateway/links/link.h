// SPDX-License-Identifier: Apache-2.0
//
// One connected socket: the bytes that each costs. Only the classes of this room write them.
#pragma once

#include <cstdint>

#include "gateway/base/ids.h"
#include "gateway/base/reading.h"
#include "gateway/base/slab.h"
#include "gateway/read/receiver.h"
#include "gateway/splice/splicer.h"
#include "gateway/write/sender.h"

namespace ringway::links {

/// What kind of thing a link belongs to. WHY a kind although there is one: a feed that many
/// sessions subscribe to, and a connection that carries many streams, own links as well.
enum class OwnerKind : uint8_t { kSession };

/// Who is told of a link, and which of his links it is.
struct Owner {
  /// Of a session: its slot, which is also its account in Stores. Another kind would need an
  /// account of its own.
  uint32_t index = base::kNoSlot;
  OwnerKind kind = OwnerKind::kSession;
  base::LinkRole role = base::LinkRole::kClient;
};

/// What its owner wants to know of the end of a stream that is not read.
enum class UnreadEnd : uint8_t {
  kNoted,       ///< while it waits for credit, that there is one; a receive brings it in order
  kReset,       ///< a broken connection ends the link
  kResetOrFin,  ///< a FIN does, too, if no byte waits in front of it
};

/// Whether a link's bytes may pass unread, and what leaves in front of them.
enum class PassUnread : uint8_t {
  kNot,
  kPlain,   ///< as they are, where 16 KiB come at once
  kFramed,  ///< behind a frame header for each splice, which the owner writes; 128 KiB
};

/// How an owner wants a link to be read, until he says something else.
struct ReadingRules {
  base::Reading how = base::Reading::kNot;
  UnreadEnd unread_end = UnreadEnd::kReset;
  PassUnread pass_unread = PassUnread::kNot;
  /// The link that what is read goes to: its queue is the account of this link's credit, and the
  /// place that its bytes are spliced to. kNoSlot: they go nowhere, and cost nothing.
  uint32_t target = base::kNoSlot;
};

struct Link {
  Owner owner() const { return {.index = owner_index, .kind = owner_kind, .role = role}; }

  int fd = -1;
  uint32_t owner_index = base::kNoSlot;
  uint32_t target = base::kNoSlot;     ///< ReadingRules::target
  uint32_t transport = base::kNoSlot;  ///< kNoSlot: what comes from the socket is the owner's
  // WHY no address of their own: each leaves padding that the next one fits into.
  [[no_unique_address]] write::SendState send;
  /// The owner is told when fewer than so many units of kBelowUnit wait. 0: he does not ask.
  uint16_t below = 0;
  [[no_unique_address]] splice::SpliceState splice;
  [[no_unique_address]] read::ReceiveState receive;
  /// Operations that the kernel still holds; the link is freed at zero.
  uint8_t in_flight = 0;
  OwnerKind owner_kind : 1 = OwnerKind::kSession;
  base::LinkRole role : 1 = base::LinkRole::kClient;
  base::Reading reading : 2 = base::Reading::kNot;
  UnreadEnd unread_end : 2 = UnreadEnd::kReset;
  PassUnread pass_unread : 2 = PassUnread::kNot;
  bool connecting : 1 = false;
  bool finishing : 1 = false;   ///< half-close when the queue has left
  bool finished : 1 = false;    ///< half-closed
  bool dropping : 1 = false;    ///< its owner hears nothing more; waits for its last completion
  bool due : 1 = false;         ///< in the list of links with something to send
  bool waiting : 1 = false;     ///< in the list of links that are armed at the end of a turn
  bool busy : 1 = false;        ///< its last receive has brought bytes and is used up
  bool paused : 1 = false;      ///< not read for want of credit
  bool dense : 1 = false;       ///< its last bytes were many small frames
  bool downloads : 1 = false;   ///< a file is on its way to it
  bool reads_file : 1 = false;  ///< and a read of it is with the kernel
  bool has_source : 1 = false;  ///< somebody who is read into its queue waits for that to shrink
};

/// In bytes. WHY not single bytes: a link has room for 16 bits.
inline constexpr uint32_t kBelowUnit = 512;
/// However many bytes that are.
inline constexpr uint32_t kBelowShare = UINT32_MAX;

// A link is one cache line, with the slab's bookkeeping and the index of a transport.
static_assert(base::Slab<Link>::kSlotBytes == 64);

}  // namespace ringway::links
