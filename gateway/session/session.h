// SPDX-License-Identifier: Apache-2.0
//
// One client's life. Bytes and events come in, intents go out; nothing here knows a descriptor or a
// ring. A session is a shell (shell.h), which keeps what every client costs, and a phase (phase.h),
// one thing that it can be doing:
//
//   Handshake --request good--> Dialling --tcp mode, connected--> Bridge --+--> Closing
//     ^  ^  |                      |                                       |
//     |  |  |                      +--websocket mode--> Answering --101--> Passage
//     |  |  |                                               |
//     |  |  |       complete                                |
//     |  +--|-------------------- Relaying <--another answer+
//     |     |
//     +--complete-- Serving <--a good request, static mode
//
// Each of them may go to Closing instead. The session is over when both its links are gone; the
// worker sees that.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "gateway/base/arena.h"
#include "gateway/base/ids.h"
#include "gateway/session/answering.h"
#include "gateway/session/bridge.h"
#include "gateway/session/call.h"
#include "gateway/session/closing.h"
#include "gateway/session/dialling.h"
#include "gateway/session/handshake.h"
#include "gateway/session/link_events.h"
#include "gateway/session/passage.h"
#include "gateway/session/record.h"
#include "gateway/session/relaying.h"
#include "gateway/session/serving.h"

namespace ringway::session {

/// What a session is doing, for who need not know how.
enum class State : uint8_t {
  kHandshake,  ///< reading the request head
  kDialing,    ///< the client waits for its 101; it is not read meanwhile
  kAnswering,  ///< websocket mode: the backend has the request and has not answered it
  kRelaying,   ///< websocket mode: an answer other than 101 is on its way to the client
  kServing,    ///< static mode: the answer to a request is looked for or on its way
  kOpen,       ///< messages flow
  kClosing,    ///< the first cause to end is known; links are being ended in order
};

/// What a client's connection is, as far as the slots of a worker go.
enum class Standing : uint8_t {
  kHalfOpen,   ///< its request has not come whole
  kResting,    ///< between two requests, and nothing of the next has come
  kLingering,  ///< refused or answered for the last time: it waits for the client's end
  kSession,    ///< anything else
};

/// Owner: one worker's session slab. All calls on the worker's thread. Memory: what is in shell and
/// phase, and the pooled buffers that a phase names.
class Session : public Record {
 public:
  Session(uint32_t listener_index, const base::SocketAddress& client, uint64_t now_ns);

  /// The client was accepted, into this slot of the worker's. Every session that began must Leave.
  void Begin(Environment& environment, uint32_t slot, Intents& intents);

  /// Bytes came from a link. They lie at the start of a receive buffer (or of a pooled buffer), so
  /// that the head-room in front of them is free.
  void OnBytes(Environment& environment, base::LinkRole from, base::Piece piece, Intents& intents);

  /// A link's incoming stream ended. After kReset the worker drops the link by itself.
  void OnEnd(Environment& environment, base::LinkRole from, LinkEnd end, Intents& intents);

  /// The backend link is connected. `reached`: the address that the client has connected to; looked
  /// at where WantsReached() says so.
  void OnDialed(Environment& environment, const base::SocketAddress& reached, Intents& intents);
  [[nodiscard]] bool WantsReached(const Environment& environment) const;

  /// The backend link could not be connected and is gone. `failure`: a sentence of static storage.
  void OnDialFailed(Environment& environment, std::string_view failure, NextServer next,
                    Intents& intents);

  /// The time of the last Timer intent has come.
  void OnDue(Environment& environment, ClientLook client, Intents& intents);

  /// What became of a Find intent. Discarded where the phase that has asked is over.
  void OnFound(Environment& environment, FoundFile found, Intents& intents);
  /// What TellWhenBelow asked for.
  void OnBelow(Environment& environment, Intents& intents);
  /// The file of a File intent cannot be sent whole. The answer is cut.
  void OnFileBroken(Environment& environment, FileFault fault, Intents& intents);

  /// `bytes` were taken from a link to be passed unread. Writes what has to leave in front of them,
  /// at most 10 bytes, and returns how many that are.
  size_t OnSplice(Environment& environment, base::LinkRole from, uint32_t bytes,
                  std::span<uint8_t> ahead);

  /// The gateway shuts down: end in order.
  void OnDrain(Environment& environment, Intents& intents);
  /// The time for ending in order is over: end now.
  void OnCut(Intents& intents);

  /// A pool had nothing left for this session: end it.
  void OnPoolExhausted(Environment& environment, Intents& intents);

  /// Its slot is wanted: the connection is closed without a word. REQUIRES: half-open or resting,
  /// or lingering.
  void OnEvicted(Environment& environment, Intents& intents);

  /// Both links are gone: the session is no longer counted anywhere.
  void Leave(Environment& environment);

  State state() const;
  Standing standing() const;
  /// Whether a FIN of the client ends it although the client is not read: nothing of its stream is
  /// left, and it has not got its 101. In websocket and static mode its request stays in force.
  bool EndsWithFin() const;
  Reading ReadingOf(base::LinkRole role) const;
  /// Whether the bytes that come from a link may pass unread now. The worker may then move them by
  /// itself: OnSplice's bytes, then those, with nothing between them.
  bool CanSplice(base::LinkRole from) const;
  /// Whether what has come of a request lies in a chunk.
  bool HoldsChunk(const base::Arena& arena) const;

 private:
  /// In the order of Next.
  using Phase =
      std::variant<Handshake, Dialling, Answering, Relaying, Serving, Bridge, Passage, Closing>;
  static_assert(sizeof(Phase) <= 80);

  /// Lets the phase answer one event, and makes those that follow.
  template <typename Event>
  void Dispatch(const Call& call, Event&& event);
  /// The same where only one phase cares.
  template <typename Only, typename Event>
  void Tell(Environment& environment, Intents& intents, Event&& event);
  void Follow(const Call& call, Next next);
  void Make(Next next);

  Phase phase_;
};

}  // namespace ringway::session
