// SPDX-License-Identifier: Apache-2.0
//
// One client's life as a state machine. Bytes and events come in, intents go out; nothing here
// knows a descriptor or a ring.
//
//   kHandshake --request good--> kDialing --connected--> kOpen --first cause--> kClosing
//        |                          |                                              ^
//        +------ refusal -----------+----------------------------------------------+
//
// The session is over when both its links are gone; the worker sees that.
//
// tcp mode, client to backend: frames are unmasked in place and their payloads closed up, so that
// one receive becomes one slice. Backend to client: one receive becomes one frame, whose header is
// written into the head-room in front of it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/base/ids.h"
#include "gateway/base/socket_address.h"
#include "gateway/config/config.h"
#include "gateway/http/request_head.h"
#include "gateway/session/ending.h"
#include "gateway/session/environment.h"
#include "gateway/session/intent.h"
#include "gateway/session/link_events.h"
#include "gateway/ws/close_code.h"
#include "gateway/ws/frame_reader.h"
#include "gateway/ws/utf8.h"

namespace ringway::session {

enum class State : uint8_t {
  kHandshake,  ///< reading the request head
  kDialing,    ///< the client waits for its 101; it is not read meanwhile
  kOpen,       ///< messages flow
  kClosing,    ///< the first cause to end is known; links are being ended in order
};

/// Owner: one worker's session slab. All calls on the worker's thread. Memory: what is below, and
/// while bytes are held back one pooled buffer.
class Session {
 public:
  Session(uint32_t listener_index, const base::SocketAddress& client, uint64_t now_ns);

  /// The client was accepted. Every session that began must Leave.
  void Begin(Environment& environment, Intents& intents);

  /// Bytes came from a link. They lie at the start of a receive buffer (or of a pooled buffer), so
  /// that the head-room in front of them is free.
  void OnBytes(Environment& environment, base::LinkRole from, base::Piece piece, Intents& intents);

  /// A link's incoming stream ended. After kReset the worker drops the link by itself.
  void OnEnd(Environment& environment, base::LinkRole from, LinkEnd end, Intents& intents);

  /// The backend link is connected.
  void OnDialed(Environment& environment, Intents& intents);

  /// The backend link could not be connected and is gone. `failure`: a sentence of static storage.
  void OnDialFailed(Environment& environment, std::string_view failure, NextServer next,
                    Intents& intents);

  /// The time of the last Timer intent has come.
  void OnDue(Environment& environment, ClientLook client, Intents& intents);

  /// A link's socket took bytes.
  void OnSent(base::LinkRole to, uint64_t now_ns) {
    (to == base::LinkRole::kClient ? client_sent_ns_ : backend_sent_ns_) = now_ns;
  }

  /// The gateway shuts down: end in order.
  void OnDrain(Environment& environment, Intents& intents);

  /// The time for ending in order is over: end now.
  void OnCut(Intents& intents);

  /// A pool had nothing left for this session: end it.
  void OnPoolExhausted(Environment& environment, Intents& intents);

  /// Both links are gone: the session is no longer counted anywhere.
  void Leave(Environment& environment);

  Reading ReadingOf(base::LinkRole role) const;

  State state() const { return state_; }
  const Ending& ending() const { return ending_; }
  /// Whether a 101 was sent.
  bool upgraded() const { return upgraded_; }
  /// The closing did not end in time.
  bool cut() const { return cut_; }
  /// nullptr until one was found.
  const config::Route* route() const { return route_; }
  const base::SocketAddress& client() const { return client_; }
  uint64_t began_ns() const { return began_ns_; }
  uint64_t messages_in() const { return messages_in_; }
  uint64_t frames_out() const { return frames_out_; }

 private:
  // ---- admission.cc
  [[nodiscard]] bool EnterGateway(Environment& environment, http::Refusal* refusal);
  [[nodiscard]] bool EnterRoute(Environment& environment, http::Refusal* refusal);
  /// False: every server has been tried.
  [[nodiscard]] bool DialNext(Environment& environment, Intents& intents);
  void LeaveServer(Environment& environment);

  // ---- handshake.cc
  void OnRequestBytes(Environment& environment, base::Piece piece, Intents& intents);
  void OnRequest(Environment& environment, const http::RequestHead& head, Intents& intents);
  [[nodiscard]] bool HoldRequest(Environment& environment, const base::Piece& piece);
  void AppendHeld(const base::Piece& piece);
  void Refuse(Environment& environment, const http::Refusal& refusal, Ending ending,
              Intents& intents);

  // ---- tcp.cc
  void OnFrames(Environment& environment, base::Piece piece, Intents& intents);
  void OnBackendBytes(Environment& environment, base::Piece piece, Intents& intents);
  bool CutText(Environment& environment, base::Piece& piece, Intents& intents);
  void PrependHeld(base::Piece& piece);
  [[nodiscard]] bool Hold(Environment& environment, std::span<const uint8_t> rest);
  void AnswerPing(Environment& environment, std::span<const uint8_t> payload, base::Piece& pongs);
  void ForwardRun(base::Piece piece, uint8_t* run, uint8_t* run_end, Environment& environment,
                  Intents& intents);
  void OnClose(Environment& environment, std::span<const uint8_t> payload, Intents& intents);

  // ---- session.cc
  void SendClose(Environment& environment, uint16_t code, std::string_view reason,
                 Intents& intents);
  /// Ends the WebSocket because the client may no longer be listened to.
  void Fail(Environment& environment, ws::CloseCode code, std::string_view reason,
            EndReason end_reason, Intents& intents);
  /// Sends a Close and goes on reading until the client's Close comes.
  void CloseInOrder(Environment& environment, ws::CloseCode code, std::string_view reason,
                    Ending ending, Intents& intents);
  void EnterClosing(Environment& environment, Ending ending, Intents& intents);
  void OnOpenDue(Environment& environment, ClientLook client, Intents& intents);
  [[nodiscard]] bool SendPing(Environment& environment, Intents& intents);
  uint64_t LastByteNs() const;
  uint64_t NextDueNs(const Environment& environment) const;

  const config::Route* route_ = nullptr;
  ws::FrameReader reader_;
  /// Bytes that came and could not be used yet: the front of a request head (a chunk), what came
  /// behind it (a chunk), or the front of a frame (a cell).
  base::Piece held_;
  /// The 101 while the backend is dialled (a cell).
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
  route::ServerSet tried_servers_ = 0;
  base::SocketAddress client_;
  uint32_t listener_index_;
  uint32_t server_index_ = base::kNoSlot;  ///< where it is counted
  base::Occupancy::AddressSlot address_slot_ = base::Occupancy::kNothing;
  Ending ending_;
  uint16_t answer_bytes_ = 0;
  State state_ = State::kHandshake;
  bool is_counted_ = false;
  bool is_counted_on_route_ = false;
  bool upgraded_ = false;
  bool close_sent_ = false;
  bool client_deaf_ = false;   ///< nothing from the client is used any more
  bool backend_gone_ = false;  ///< nothing can be sent to the backend any more
  bool cut_ = false;
  bool ping_queued_ = false;      ///< other bytes waited for the client when the ping joined them
  uint8_t text_carry_bytes_ = 0;  ///< front of a character whose rest the backend has not sent yet
  std::array<uint8_t, 3> text_carry_{};
  ws::Utf8Validator backend_text_;
};

}  // namespace ringway::session
