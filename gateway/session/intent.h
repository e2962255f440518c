// SPDX-License-Identifier: Apache-2.0
//
// What a session wants done. A session never acts: it appends intents, and the worker carries them
// out in order after the call.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "gateway/base/arena.h"
#include "gateway/base/check.h"
#include "gateway/base/ids.h"
#include "gateway/flow/credit.h"
#include "gateway/session/file_index.h"

namespace ringway::session {

enum class IntentKind : uint8_t {
  kSend,    ///< queue `piece` for link `to`
  kPongs,   ///< queue `piece`, which has no lease, for the client; newer ones may replace it there
  kDial,    ///< open the backend link to (`backend_index`, `server_index`, `address_index`)
  kFinish,  ///< half-close link `to` when its queue has left; what it still sends is read
  kDrop,    ///< cut link `to` now; what is queued for it is discarded
  kTimer,   ///< call OnDue at `due_ns`, instead of any time set before
  kFind,    ///< look for the file `piece` below the root of a route (`file`), then call OnFound
  kFile,    ///< behind what is queued, send `bytes` of the file that `piece` leases, from `offset`
  kMore,    ///< call OnRoom when that has left and little is queued for the client
};

struct Intent {
  IntentKind kind = IntentKind::kSend;
  base::LinkRole to = base::LinkRole::kClient;
  base::Piece piece;
  uint32_t backend_index = 0;
  uint32_t server_index = 0;
  uint32_t address_index = 0;
  uint64_t due_ns = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  FileQuestion file;
};

/// The intents of one call. WHY 12: the longest chain is leftover bytes behind a handshake that
/// hold data, pings and a Close (answer, data, pongs, Close, two finishes, two timers) and each
/// kind of step adds at most once.
class Intents {
 public:
  static constexpr size_t kMax = 12;

  void Send(base::LinkRole to, base::Piece piece) {
    Add(IntentKind::kSend, to).piece = std::move(piece);
  }
  /// Where the pongs of one call are written. WHY no cell: a client that does not read would hold
  /// one for each receive.
  std::span<uint8_t> pong_room() { return pong_room_; }
  /// The first `bytes` of pong_room().
  void Pongs(uint32_t bytes) {
    base::Piece& piece = Add(IntentKind::kPongs, base::LinkRole::kClient).piece;
    piece.data = pong_room_.data();
    piece.bytes = bytes;
  }
  void Dial(uint32_t backend_index, uint32_t server_index, uint32_t address_index) {
    Intent& intent = Add(IntentKind::kDial, base::LinkRole::kBackend);
    intent.backend_index = backend_index;
    intent.server_index = server_index;
    intent.address_index = address_index;
  }
  void Finish(base::LinkRole to) { Add(IntentKind::kFinish, to); }
  void Drop(base::LinkRole to) { Add(IntentKind::kDrop, to); }
  /// `path`: without a slash in front, and with a zero byte behind its bytes. Whoever looks keeps
  /// it until the answer, which brings it back.
  void Find(base::Piece path, FileQuestion file) {
    Intent& intent = Add(IntentKind::kFind, base::LinkRole::kClient);
    intent.piece = std::move(path);
    intent.file = file;
  }
  /// REQUIRES: bytes > 0.
  void File(base::Lease file, uint64_t offset, uint64_t bytes) {
    Intent& intent = Add(IntentKind::kFile, base::LinkRole::kClient);
    intent.piece.lease = std::move(file);
    intent.offset = offset;
    intent.bytes = bytes;
  }
  void More() { Add(IntentKind::kMore, base::LinkRole::kClient); }
  void Timer(uint64_t due_ns) { Add(IntentKind::kTimer, base::LinkRole::kClient).due_ns = due_ns; }

  std::span<Intent> all() { return {intents_.data(), count_}; }
  bool empty() const { return count_ == 0; }
  /// Forgets all; leases that nobody took go back.
  void Clear() {
    for (Intent& intent : all()) intent.piece = {};
    count_ = 0;
  }

 private:
  Intent& Add(IntentKind kind, base::LinkRole to) {
    RINGWAY_CHECK_OP(count_, <, kMax);
    Intent& intent = intents_[count_++];
    intent.kind = kind;
    intent.to = to;
    return intent;
  }

  std::array<Intent, kMax> intents_;
  std::array<uint8_t, flow::kLeastBytes> pong_room_;
  size_t count_ = 0;
};

}  // namespace ringway::session
