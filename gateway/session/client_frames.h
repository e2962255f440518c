// SPDX-License-Identifier: Apache-2.0
//
// tcp mode: the client's frames, from the 101 up to its Close, and the gateway's Close to it. The
// bridge has this, and hands it on to the closing, which still waits for the client's Close.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/session/call.h"
#include "gateway/ws/close_code.h"
#include "gateway/ws/frame_reader.h"

namespace ringway::session {

class ClientFrames {
 public:
  /// Frames are unmasked in place and their payloads closed up, so that one receive becomes one
  /// slice for the backend. kClosing: the client has sent its Close, or broken a rule, or no memory
  /// is left; nothing of it is to be read any more.
  Next Read(const Call& call, base::Piece&& piece);

  /// Ends the WebSocket because the client may no longer be listened to: a Close, if none was sent,
  /// and both links are half-closed.
  Next Fail(const Call& call, ws::CloseCode code, std::string_view reason, EndReason end_reason);
  /// A Close, if none was sent; the client's own is waited for.
  Next CloseInOrder(const Call& call, ws::CloseCode code, std::string_view reason,
                    const Ending& ending);
  /// kStay where a Close was sent already: both links are dropped then.
  Next OnExhausted(const Call& call);

  /// Nothing more of the client's is read.
  void Forget() {
    front_ = {};
    front_bytes_ = 0;
  }
  /// Nothing can be sent to the backend any more.
  void OnBackendReset() { backend_gone_ = true; }

 private:
  void Prepend(base::Piece& piece);
  [[nodiscard]] bool HoldFront(const Call& call, std::span<const uint8_t> rest);
  void AnswerPing(const Call& call, std::span<const uint8_t> payload, uint32_t& pong_bytes) const;
  void ForwardRun(const Call& call, base::Piece&& piece, uint8_t* run, uint8_t* run_end) const;
  Next OnClose(const Call& call, std::span<const uint8_t> payload);

  ws::FrameReader reader_;
  base::Lease front_;        ///< the front of a frame whose rest has not come
  uint8_t front_bytes_ = 0;  ///< of it; 0: there is none
  bool close_sent_ = false;
  bool backend_gone_ = false;
};

}  // namespace ringway::session
