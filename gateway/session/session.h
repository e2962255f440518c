// SPDX-License-Identifier: Apache-2.0
//
// One client's life as a state machine. Bytes and events come in, intents go out; nothing here
// knows a descriptor or a ring.
//
//   kHandshake --request good--> kDialing --connected--> kOpen --first cause--> kClosing
//     ^  |                         |  |                   ^                        ^
//     |  +------ refusal ----------+--|-------------------|------------------------+
//     |                               v                   |
//     |          websocket mode:  kAnswering --101--------+
//     +--complete-- kRelaying <---another answer
//     |
//     +--complete-- kServing  <---a good request, static mode
//
// The session is over when both its links are gone; the worker sees that.
//
// tcp mode, client to backend: frames are unmasked in place and their payloads closed up, so that
// one receive becomes one slice. Backend to client: one receive becomes one frame, whose header is
// written into the head-room in front of it. websocket mode: behind the 101 bytes pass as they are.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/base/ids.h"
#include "gateway/http/backend_response.h"
#include "gateway/http/request_head.h"
#include "gateway/session/environment.h"
#include "gateway/session/file_index.h"
#include "gateway/session/intent.h"
#include "gateway/session/link_events.h"
#include "gateway/session/session_bytes.h"
#include "gateway/ws/close_code.h"

namespace ringway::session {

struct FileAnswer;
struct FileForm;

/// Owner: one worker's session slab. All calls on the worker's thread. Memory: what is below, and
/// while bytes are held back one pooled buffer.
class Session : public SessionBytes {
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

  /// What became of a Find intent.
  void OnFound(Environment& environment, FileLook look, Intents& intents);
  /// What More asked for.
  void OnRoom(Environment& environment, Intents& intents);
  /// The file of a File intent cannot be sent whole. The answer is cut.
  void OnFileBroken(Environment& environment, FileFault fault, Intents& intents);

  /// The backend link is gone, the client's is not: a request or dial that waits for it begins.
  void OnBackendGone(Environment& environment, Intents& intents);

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

  /// Its slot is wanted: the connection is closed without a word. REQUIRES: half-open or resting.
  void OnEvicted(Environment& environment, Intents& intents);

  /// Both links are gone: the session is no longer counted anywhere.
  void Leave(Environment& environment);

 private:
  // ---- admission.cc
  [[nodiscard]] bool EnterGateway(Environment& environment, http::Refusal* refusal);
  [[nodiscard]] bool EnterRoute(Environment& environment, http::Refusal* refusal);
  /// False: no server is left for it; `*refusal` says why, unless it is that all were tried.
  [[nodiscard]] bool DialNext(Environment& environment, http::Refusal* refusal, Intents& intents);
  void OnDialDue(Environment& environment, Intents& intents);
  void LeaveServer(Environment& environment);
  void LeaveRoute(Environment& environment);
  void LeaveGateway(Environment& environment);

  // ---- handshake.cc
  void OnRequestBytes(Environment& environment, base::Piece piece, Intents& intents);
  [[nodiscard]] HeaderStep TakeProxyHeader(Environment& environment, base::Piece* piece,
                                           Intents& intents);
  void RefuseProxyHeader(Environment& environment, Intents& intents);
  void OnRequest(Environment& environment, const http::RequestHead& head, Intents& intents);
  /// False: it was refused.
  [[nodiscard]] bool PrepareAnswer(Environment& environment, const http::RequestHead& head,
                                   Intents& intents);
  void KeepHost(std::string_view host, uint32_t capacity);
  void Open(Environment& environment);
  void Refuse(Environment& environment, const http::Refusal& refusal, Ending ending,
              Intents& intents);
  void RefuseWith(Environment& environment, const http::Refusal& refusal, Intents& intents);
  [[nodiscard]] bool Announce(Environment& environment, const base::SocketAddress& reached,
                              Intents& intents);

  // ---- websocket.cc
  [[nodiscard]] bool PrepareForwarding(Environment& environment, const http::RequestHead& head,
                                       Intents& intents);
  void SendRequest(Environment& environment, Intents& intents);
  void OnAnswerBytes(Environment& environment, base::Piece piece, Intents& intents);
  void OnAnswer(Environment& environment, const http::ResponseHead& head, RawAnswer raw,
                Intents& intents);
  void OnSwitching(Environment& environment, const http::ResponseHead& head, RawAnswer raw,
                   Intents& intents);
  [[nodiscard]] bool SendHead(Environment& environment, const http::ResponseHead& head,
                              std::string_view raw, Intents& intents);
  void OnBodyBytes(Environment& environment, base::Piece piece, Intents& intents);
  void EndAnswer(Environment& environment, Intents& intents);
  void CutAnswer(Environment& environment, EndReason reason, Intents& intents);
  void RefuseAnswer(Environment& environment, const http::Refusal& refusal, Intents& intents);
  void OnPassing(Environment& environment, base::LinkRole from, base::Piece piece,
                 Intents& intents);
  void OnPassageEnd(Environment& environment, base::LinkRole from, LinkEnd end, Intents& intents);
  void EndPassage(Environment& environment, ws::CloseCode code, std::string_view reason,
                  Ending ending, Intents& intents);

  // ---- serving.cc
  void OnFileRequest(Environment& environment, const http::RequestHead& head, FileRequest request,
                     Intents& intents);
  void LookForFile(Environment& environment, const http::RequestHead& head, FileLook look,
                   Intents& intents);
  void AskForFile(Environment& environment, std::string_view name, Intents& intents);
  void DropRequest(Environment& environment);
  void AnswerWithFile(Environment& environment, const http::RequestHead& head, const FileForm& form,
                      FileLook look, Intents& intents);

  // ---- file_answer.cc
  void SendAnswer(Environment& environment, http::Method method, const FileAnswer& answer,
                  FileLook look, Intents& intents);
  [[nodiscard]] bool KeepParts(Environment& environment, const FileAnswer& answer);
  void SendNextPart(Environment& environment, Intents& intents);
  void AnswerWithout(Environment& environment, const http::RequestHead& head,
                     const http::Refusal& refusal, Intents& intents);
  void AnswerWithSlash(Environment& environment, const http::RequestHead& head, Intents& intents);
  void EndServing(Environment& environment, Intents& intents);
  void CutServing(Environment& environment, Ending ending, Intents& intents);

  // ---- tcp.cc
  void OnFrames(Environment& environment, base::Piece piece, Intents& intents);
  void OnBackendBytes(Environment& environment, base::Piece piece, Intents& intents);
  bool CutText(Environment& environment, base::Piece& piece, Intents& intents);
  void PrependHeld(base::Piece& piece);
  [[nodiscard]] bool HoldFront(Environment& environment, std::span<const uint8_t> rest);
  void AnswerPing(Environment& environment, std::span<const uint8_t> payload,
                  std::span<uint8_t> room, uint32_t& pong_bytes);
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
  void EndOpen(Environment& environment, std::string_view reason, Ending ending, Intents& intents);
  void OnEarlyEnd(Environment& environment, Intents& intents);
  void OnBackendEndEarly(Environment& environment, LinkEnd end, Intents& intents);
  void OnOpenDue(Environment& environment, ClientLook client, Intents& intents);
  [[nodiscard]] bool SendPing(Environment& environment, Intents& intents);
};

}  // namespace ringway::session
