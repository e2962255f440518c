// SPDX-License-Identifier: Apache-2.0
//
// What one session keeps: the bytes that every client costs, apart from its links and its timer.
// Behaviour is in session.h.
#pragma once

#include <algorithm>
#include <cstdint>

#include "gateway/base/arena.h"
#include "gateway/base/ids.h"
#include "gateway/base/occupancy.h"
#include "gateway/base/socket_address.h"
#include "gateway/config/config.h"
#include "gateway/route/address_choice.h"
#include "gateway/route/server_choice.h"
#include "gateway/session/ending.h"
#include "gateway/session/file_index.h"
#include "gateway/session/held_head.h"
#include "gateway/session/link_events.h"
#include "gateway/session/stream.h"

namespace ringway::session {

struct Environment;
class Intents;

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

class SessionBytes {
 public:
  Standing standing() const {
    if (state_ == State::kClosing && !upgraded_) return Standing::kLingering;
    if (state_ != State::kHandshake || awaits_backend_gone_) return Standing::kSession;
    return answered_status_ != 0 && held_.bytes == 0 ? Standing::kResting : Standing::kHalfOpen;
  }
  /// Whether a FIN of the client ends it although the client is not read: nothing of its stream is
  /// left, and it has not got its 101. In websocket and static mode its request stays in force.
  bool EndsWithFin() const {
    return state_ == State::kDialing && route_->mode == config::Mode::kTcp && held_.bytes == 0;
  }
  Reading ReadingOf(base::LinkRole role) const;
  /// Whether the bytes that come from a link may pass unread now. The worker may then move them by
  /// itself: OnSplice's bytes, then those, with nothing between them.
  bool CanSplice(base::LinkRole from) const;
  /// Whether what has come and could not be used yet lies in a chunk.
  bool HoldsChunk(const base::Arena& arena) const {
    return held_.lease && arena.ClassOf(held_.lease.id()) == base::BufferClass::kChunk;
  }
  /// Whether it waits to be told that its backend's link is gone before it looks at what was held.
  bool awaits_backend_gone() const { return awaits_backend_gone_; }
  /// When a link's socket last took bytes.
  uint64_t sent_ns(base::LinkRole to) const {
    return to == base::LinkRole::kClient ? client_sent_ns_ : backend_sent_ns_;
  }
  State state() const { return state_; }
  const Ending& ending() const { return ending_; }
  /// Whether a 101 was sent.
  bool upgraded() const { return upgraded_; }
  /// The closing did not end in time.
  bool cut() const { return cut_; }
  /// nullptr until one was found.
  const config::Route* route() const { return route_; }
  const base::SocketAddress& client() const { return client_; }
  /// Place in Backend::servers; kNoSlot: none was chosen.
  uint32_t server_index() const { return server_index_; }
  /// Its address that is dialled or was. REQUIRES: a server was chosen.
  uint32_t address_index() const { return address_index_; }
  uint64_t began_ns() const { return began_ns_; }
  uint64_t messages_in() const { return messages_in_; }
  uint64_t frames_out() const { return frames_out_; }
  /// The place of the file of a Find intent: its route, and a path below the root that ends with a
  /// zero byte. REQUIRES: such an intent was given, and OnFound was not called since.
  WantedFile wanted_file() const {
    const auto& serving = std::get<Serving>(stream_);
    return {.route_index = route_->index,
            .path = {reinterpret_cast<const char*>(serving.name.data()) + serving.name_at,
                     serving.name_bytes}};
  }

  /// A link's socket took bytes.
  void OnSent(base::LinkRole to, uint64_t now_ns) {
    (to == base::LinkRole::kClient ? client_sent_ns_ : backend_sent_ns_) = now_ns;
  }

 protected:
  SessionBytes(uint32_t listener_index, const base::SocketAddress& client, uint64_t now_ns)
      : began_ns_(now_ns),
        state_since_ns_(now_ns),
        client_active_ns_(now_ns),
        backend_active_ns_(now_ns),
        client_(client),
        listener_index_(listener_index) {}

  /// Who holds what comes in this state and cannot be used yet.
  Holder HolderOf(flow::Stores& stores) const;
  /// When its timer is due; UINT64_MAX: never.
  uint64_t NextDueNs(const Environment& environment) const;
  /// Counts the client with all of its address. False: `*refusal` is set.
  [[nodiscard]] bool EnterAddress(Environment& environment, http::Refusal* refusal);
  /// The same of whom a trusted proxy tells in this head: from now on that is the client.
  [[nodiscard]] bool EnterToldClient(Environment& environment, std::string_view head,
                                     http::Refusal* refusal);
  void LeaveAddress(Environment& environment);
  /// Who sent the request: a proxy, where the client is only told of.
  base::SocketAddress SenderOf(Environment& environment) const;
  bool IsTrusted(const Environment& environment, const base::SocketAddress& sender) const;
  /// Dials the next address of the server that was chosen. False: all were tried.
  [[nodiscard]] bool DialAddress(Environment& environment, Intents& intents);
  /// The dials of a server have failed. REQUIRES: AddressChoice knows of it.
  void BlameServer(Environment& environment) const;
  /// Whether bytes pass as they are, now or until just now.
  bool passes() const { return std::holds_alternative<Passage>(stream_); }
  /// What either side takes of a long queue counts: its source is not read meanwhile.
  uint64_t LastByteNs() const {
    return std::max({client_active_ns_, backend_active_ns_, client_sent_ns_, backend_sent_ns_});
  }

  const config::Route* route_ = nullptr;
  Stream stream_;
  /// Bytes that came and could not be used yet: the front of a request head (a chunk), what came
  /// behind it (a chunk), both (the same, static mode), or the front of a frame (a cell).
  base::Piece held_;
  /// While the backend is dialled, tcp mode: the 101 (a cell). websocket mode, until the backend
  /// has answered: the request as it is forwarded, or its front (a chunk). Behind either the
  /// request's host.
  base::Lease answer_;
  uint64_t began_ns_;
  uint64_t state_since_ns_;
  uint64_t client_active_ns_;  ///< last byte from the client
  uint64_t backend_active_ns_;
  uint64_t client_sent_ns_ = 0;
  uint64_t backend_sent_ns_ = 0;
  uint64_t ping_sent_ns_ = 0;  ///< 0: none is unanswered
  uint64_t messages_in_ = 0;
  uint64_t frames_out_ = 0;
  uint64_t try_due_ns_ = UINT64_MAX;  ///< when the dial is given up for another one
  route::ServerSet tried_servers_ = 0;
  base::SocketAddress client_;
  uint32_t slot_ = base::kNoSlot;  ///< of the worker's: whose cells it may use
  uint32_t listener_index_;
  uint32_t server_index_ = base::kNoSlot;  ///< where it is counted
  base::Occupancy::AddressSlot address_slot_ = base::Occupancy::kNothing;
  Ending ending_;
  uint16_t answer_bytes_ = 0;
  uint16_t answered_status_ = 0;            ///< of the last answer, relayed or a file
  route::AddressMask tried_addresses_ = 0;  ///< of the server
  uint8_t address_index_ = 0;
  uint8_t host_bytes_ = 0;  ///< behind the answer, for a PROXY header
  State state_ = State::kHandshake;
  bool is_counted_ : 1 = false;
  bool is_counted_on_route_ : 1 = false;
  bool upgraded_ : 1 = false;
  bool close_sent_ = false;
  bool client_deaf_ : 1 = false;   ///< nothing from the client is used any more
  bool backend_gone_ : 1 = false;  ///< nothing can be sent to the backend any more
  bool cut_ : 1 = false;
  bool ping_queued_ : 1 = false;  ///< other bytes waited for the client when the ping joined them
  bool half_closed_ = false;      ///< websocket mode: one side has ended its stream
  bool awaits_proxy_header_ : 1 = false;
  bool sender_is_unknown_ : 1 = false;  ///< a PROXY header named nobody
  bool client_is_told_ : 1 = false;     ///< client_ is whom a trusted proxy has told of
  bool ends_after_answer_ : 1 = false;  ///< a drain, or a dropped request: no further one is read
  /// The next request waits until the backend link of the last one is gone.
  bool awaits_backend_gone_ = false;
  bool is_server_spared_ : 1 = false;  ///< a dial of it failed for want of something of ours
  bool redials_ = false;  ///< the next dial waits until the one that was given up is gone
};

}  // namespace ringway::session
