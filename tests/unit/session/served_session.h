// SPDX-License-Identifier: Apache-2.0
//
// A session with the small worker, which carries out what it wants and writes that down: what is
// read of it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/session/session.h"
#include "tests/unit/session/act.h"
#include "tests/unit/session/small_worker.h"
#include "tests/unit/session/wire.h"

namespace ringway::session {

class ServedSession : public SmallWorker {
 public:
  using SmallWorker::SmallWorker;

  /// Of the last call.
  const std::vector<Act>& acts() const { return acts_; }
  /// The acts in short: "send backend, finish client, timer".
  std::string Story() const;
  const LinkState& link(base::LinkRole role) const { return links_[static_cast<size_t>(role)]; }
  const std::string& ToClient() const { return link(kClient).sent; }
  const std::string& ToBackend() const { return link(kBackend).sent; }
  std::vector<ServerFrame> FramesToClient() const { return ServerFrames(ToClient()); }
  void Forget();
  /// Set and not yet due; UINT64_MAX: no timer.
  uint64_t due_ns() const { return due_ns_; }
  bool over() const { return !link(kClient).there && !link(kBackend).there; }
  bool find_due() const { return find_due_; }
  std::string_view wanted_path() const {
    return {reinterpret_cast<const char*>(wanted_.data), wanted_.bytes};
  }
  bool below_due() const { return below_due_; }

  Session& session() { return *session_; }
  const Session& session() const { return *session_; }
  State state() const { return session_->state(); }
  const Ending& ending() const { return session_->ending(); }

 protected:
  void BeginSession(const base::SocketAddress& client);
  void EndSession();
  void CarryOut();
  void LoseLink(base::LinkRole role);
  void LoseIfDone(base::LinkRole role);
  LinkState& Link(base::LinkRole role) { return links_[static_cast<size_t>(role)]; }

  std::optional<Session> session_;
  Intents intents_;
  std::vector<Act> acts_;
  uint64_t due_ns_ = UINT64_MAX;
  base::Lease download_;
  base::Piece wanted_;     ///< the path of the file that is looked for
  FileQuestion question_;  ///< and who has asked
  bool find_due_ = false, below_due_ = false;

 private:
  void CarryOutOne(Intent& intent);
  void BeginDownload(Intent& intent);

  std::array<LinkState, 2> links_;
};

}  // namespace ringway::session
