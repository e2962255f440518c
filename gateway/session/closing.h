// SPDX-License-Identifier: Apache-2.0
//
// The last phase: the first cause to end is known, and links are being ended in order. It stays
// until both links are gone, or cuts them.
#pragma once

#include <cstdint>
#include <utility>

#include "gateway/session/call.h"
#include "gateway/session/client_frames.h"
#include "gateway/session/link_events.h"

namespace ringway::session {

/// Nothing follows.
class Closing {
 public:
  Closing() = default;
  /// After a bridge.
  explicit Closing(ClientFrames&& frames) : frames_(std::move(frames)) {}

  /// Handed over: `hearing`, whether the client's Close is waited for.
  Next Begin(const Call& call, Handover&& handover);
  /// What comes from the backend is counted. So is what comes from a client that is not heard.
  Next OnBytes(const Call& call, base::LinkRole from, base::Piece&& piece);
  Next OnEnd(const Call& call, base::LinkRole from, LinkEnd end);
  Next OnDue(const Call& call, ClientLook client);
  Next OnDrain(const Call& /*call*/) { return Next::kStay; }
  Next OnExhausted(const Call& call);
  uint64_t DueNs(const Call& call) const;
  Reading ReadingOf(base::LinkRole /*role*/) const { return Reading::kContinuous; }

  /// Its slot is wanted.
  Next OnEvicted(const Call& call);

 private:
  void EndHearing(const Call& call);

  ClientFrames frames_;
  bool hears_ = false;
};

}  // namespace ringway::session
