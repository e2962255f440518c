// SPDX-License-Identifier: Apache-2.0
//
// What others may read of a session: the worker, for its log.
#pragma once

#include <cstdint>

#include "gateway/session/shell.h"

namespace ringway::session {

class Record {
 public:
  const Ending& ending() const { return shell_.ending; }
  /// Whether a 101 was sent.
  bool upgraded() const { return shell_.upgraded; }
  /// The closing did not end in time.
  bool cut() const { return shell_.cut; }
  /// What it began with. REQUIRES: Session::Begin was called.
  const Snapshot& snapshot() const { return *shell_.snapshot; }
  /// nullptr until one was found. Lives as long as the snapshot.
  const config::Route* route() const {
    if (shell_.route_index == kNoRoute) return nullptr;
    return &shell_.snapshot->routes[shell_.route_index];
  }
  const base::SocketAddress& client() const { return shell_.client; }
  /// Place in Backend::servers; kNoSlot: none was chosen.
  uint32_t server_index() const { return shell_.server_index; }
  /// Its address that is dialled or was. REQUIRES: a server was chosen.
  uint32_t address_index() const { return shell_.address_index; }
  uint64_t began_ns() const { return shell_.began_ns; }
  uint64_t messages_in() const { return shell_.messages_in; }
  uint64_t frames_out() const { return shell_.frames_out; }
  /// When a link's socket last took bytes, rounded down to a millisecond; what lies before the
  /// session's phase is told as its beginning.
  uint64_t sent_ns(base::LinkRole to, uint64_t now_ns) const {
    const Stamps& stamps = shell_.stamps;
    const Stamp& sent = to == base::LinkRole::kClient ? stamps.client_sent : stamps.backend_sent;
    return sent.ToNs(now_ns) - base::kNsPerMs;
  }
  /// A link's socket took bytes.
  void OnSent(base::LinkRole to, uint64_t now_ns) { shell_.stamps.OnSent(to, now_ns); }

 protected:
  Record(uint32_t listener_index, const base::SocketAddress& client, uint64_t now_ns)
      : shell_(listener_index, client, now_ns) {}
  ~Record() = default;

  Shell shell_;
};

}  // namespace ringway::session
