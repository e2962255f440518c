// SPDX-License-Identifier: Apache-2.0
//
// How one phase of a session is followed by another. A phase is one thing that a session can be
// doing. It answers an event with a Next: stay, or which phase comes, and leaves a Handover; the
// session makes that phase and lets it Begin, which may name a next one again.
//
// A phase is a class with these functions; the session calls them by one switch (no virtual call):
//
//   Next Begin(Call&, Handover&&);              it was made; the timer is still the last one's
//   Next OnBytes(Call&, LinkRole, Piece&&);     bytes came from a link
//   Next OnEnd(Call&, LinkRole, LinkEnd);       a link's incoming stream ended
//   Next OnDue(Call&, ClientLook);              the time of the last Timer intent has come
//   Next OnDrain(Call&);                        the gateway shuts down
//   Next OnExhausted(Call&);                    a pool had nothing left
//   uint64_t DueNs(const Call&) const;          when it is due; UINT64_MAX: never
//   Reading ReadingOf(LinkRole) const;          how the worker reads a link
//
// The worker asks how a link is read after each event, but after OnBytes only where that has
// changed the session's State, or in a handshake: bytes must not change it otherwise.
#pragma once

#include <cstdint>

#include "gateway/base/arena.h"
#include "gateway/http/backend_response.h"

namespace ringway::session {

/// In the order of the alternatives of Session's variant.
enum class Next : uint8_t {
  kHandshake,  ///< the request head is read: handshake.h
  kDialling,   ///< the client waits, and a server is dialled: dialling.h
  kAnswering,  ///< the backend has the request and has not answered it: answering.h
  kRelaying,   ///< an answer other than 101 is on its way to the client: relaying.h
  kServing,    ///< a file is: serving.h
  kBridge,     ///< tcp mode: messages flow: bridge.h
  kPassage,    ///< websocket mode: bytes flow: passage.h
  kClosing,    ///< the first cause to end is known: closing.h
  kStay,       ///< none: it goes on as it is
};

/// How a path names files: as it stands, or the root of them without the slash behind it.
enum class FileRequest : uint8_t { kWhole, kLacksSlash };

/// Whether the client's frames are read on while the session closes.
enum class Hearing : uint8_t { kDeaf, kHears };

/// What one phase leaves to the next. Which of these are set is said where a phase says what
/// follows it; `lease_bytes` are those of the lease that count, from its beginning.
struct Handover {
  base::Piece piece;
  base::Lease lease;
  uint64_t body_bytes = 0;  ///< of the answer, by its head
  uint16_t lease_bytes = 0;
  http::BodyFraming framing = http::BodyFraming::kNone;
  FileRequest request = FileRequest::kWhole;
  Hearing hearing = Hearing::kDeaf;
  bool keeps_client : 1 = false;  ///< the client's connection goes on behind the answer
  bool in_two_parts : 1 = false;  ///< the request that was forwarded
  bool awaits_below : 1 = false;  ///< OnBelow, before anything else is looked at
  bool moves_timer : 1 = false;   ///< it was set later than the next request's
};
static_assert(sizeof(Handover) <= 64);

}  // namespace ringway::session
