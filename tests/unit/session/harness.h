// SPDX-License-Identifier: Apache-2.0
//
// A worker as small as one can be: it lends a session all that it needs, and writes down what that
// wants. Time is a number, a receive is a copy into a lease.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/config/config.h"
#include "gateway/session/environment.h"
#include "gateway/session/session.h"
#include "tests/unit/session/act.h"
#include "tests/unit/session/fake_files.h"
#include "tests/unit/session/fixed_peers.h"
#include "tests/unit/session/news_record.h"
#include "tests/unit/session/wire.h"

namespace ringway::session {

struct HarnessOptions {
  std::string_view route{};     ///< lines of the route beyond path and backend
  std::string_view limits{};    ///< lines of [limits]
  std::string_view backend{};   ///< lines of the route's backend beyond its servers
  std::string_view listener{};  ///< lines of the listener beyond its address
  uint8_t addresses = 1;        ///< that each server's name stands for
  base::Arena::Counts counts = {8, 4, 192, 16, 16};
  /// Lines of a second route, "/ws" in websocket mode to the same backend; without, there is none.
  std::optional<std::string_view> websocket{};
  /// Lines of a last route, in static mode; without, there is none.
  std::optional<std::string_view> files{};
  std::string_view files_path = "/files/*";
};

/// Every call fails the test when the session keeps a receive buffer, or wants something sent to a
/// link that it has finished or dropped; Accept and destruction, when a lease is out after the
/// session's end.
class Harness {
 public:
  static constexpr uint64_t kBeginNs = 1000 * kSecond;
  /// Of the worker's; the session's is the last one.
  static constexpr uint32_t kSlots = 4;
  static constexpr uint32_t kSlot = kSlots - 1;
  static constexpr base::SocketAddress kClientAddress{
      .family = base::AddressFamily::kIpv4, .port = 50000, .bytes = {192, 0, 2, 9}};

  explicit Harness(const HarnessOptions& options = {});
  ~Harness();
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  // ---- What happens to the session
  /// A new client, accepted now, instead of the one before.
  void Accept(const base::SocketAddress& client = kClientAddress);
  /// From now on clients begin with this one, which must outlive them.
  void Renew(Snapshot& snapshot) { environment_->snapshot = &snapshot; }
  /// One receive of the given class.
  void Feed(base::LinkRole from, std::string_view bytes,
            base::BufferClass c = base::BufferClass::kSmall);
  void FromClient(std::string_view bytes) { Feed(kClient, bytes); }
  void FromBackend(std::string_view bytes) { Feed(kBackend, bytes); }
  void End(base::LinkRole from, LinkEnd end);
  void Dialed(const base::SocketAddress& reached = {});
  void DialFailed(std::string_view failure, NextServer next = NextServer::kSpare);
  void Due(ClientLook client = {});
  /// Lets the time pass until the timer is due. REQUIRES: there is one.
  void WaitUntilDue(ClientLook client = {});
  /// The backend link that was lost is free, as the worker says it: late, and only where it
  /// matters. REQUIRES: backend_gone_due().
  void BackendGone();
  bool backend_gone_due() const { return backend_gone_due_; }
  /// Bytes go through a pipe; the session only hears of it.
  void Splice(base::LinkRole from, std::string_view bytes);
  /// The worker has looked for the file, and says what is there, or what it is told to say.
  /// REQUIRES: find_due().
  void Found(std::optional<FileOutcome> outcome = std::nullopt);
  bool find_due() const { return find_due_; }
  /// The same, in answer to a question that a phase before this one has asked.
  void FoundTooLate();
  std::string_view wanted_path() const {
    return {reinterpret_cast<const char*>(wanted_.data), wanted_.bytes};
  }
  /// All has left, a download too. REQUIRES: room_due().
  void Room();
  bool room_due() const { return room_due_; }
  /// The file of a download cannot be sent whole. REQUIRES: there is a download.
  void Break(FileFault fault);
  void Drain();
  void Cut();
  void Exhaust();
  void Evict();
  /// Handshake and dial; what was sent in it is forgotten.
  void Open();
  /// The same on the second route, up to the backend's 101.
  void OpenWebSocket();
  void Advance(uint64_t ns) { environment_->now_ns += ns; }

  /// Somebody else takes all buffers of a pooled class but `left`.
  void Hoard(base::BufferClass c, uint32_t left);
  /// Other sessions hold all cells that they may.
  void HoardCells();
  /// Other sessions hold all chunks that an account of held ones may have, but `left`.
  void HoardHeld(base::AccountId account, uint32_t left);
  void Release() { hoard_.clear(); }

  // ---- What the session wants
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
  uint64_t now_ns() const { return environment_->now_ns; }
  bool over() const { return !link(kClient).there && !link(kBackend).there; }

  Session& session() { return *session_; }
  const Session& session() const { return *session_; }
  const Environment* environment() const { return &*environment_; }
  /// Of its own options.
  Snapshot& snapshot() { return *snapshot_; }
  /// What other workers' sessions would share.
  base::Occupancy& occupancy() { return *occupancy_; }
  base::ServerHealth& health() { return *health_; }
  FakeFiles& files() { return files_; }
  uint32_t on_files() const;
  State state() const { return session_->state(); }
  const Ending& ending() const { return session_->ending(); }
  const base::Counters& counters() const { return counters_; }
  const std::vector<std::string>& news() const { return news_.lines; }
  const flow::Stores& stores() const { return stores_; }
  /// Buffers of the class that the session holds; chunks that are charged to an account.
  uint32_t leased(base::BufferClass c) const;
  uint32_t held(base::AccountId account) const { return arena_.held(account); }

 private:
  void EndSession();
  void CarryOut();
  void CarryOutOne(Intent& intent);
  void BeginDownload(Intent& intent);
  void LoseLink(base::LinkRole role);
  void LoseIfDone(base::LinkRole role);
  LinkState& Link(base::LinkRole role) { return links_[static_cast<size_t>(role)]; }

  std::shared_ptr<const config::Config> config_;
  base::Arena arena_;
  flow::SlicePool slices_;
  flow::Stores stores_;
  base::Counters counters_;
  FakeFiles files_{arena_};
  NewsRecord news_;
  FixedPeers peers_{kClientAddress};
  http::MediaTypes media_types_{"text/html html\ntext/css css\n"};
  std::optional<route::Table> table_;
  std::optional<base::Occupancy> occupancy_;
  std::optional<base::ServerHealth> health_;
  std::optional<route::ServerChoice> servers_;
  std::optional<route::AddressChoice> addresses_;
  std::optional<Snapshot> snapshot_;
  std::optional<Environment> environment_;
  std::optional<Session> session_;
  Intents intents_;
  std::vector<Act> acts_;
  std::array<LinkState, 2> links_;
  std::vector<base::Lease> hoard_;
  uint64_t due_ns_ = UINT64_MAX;
  base::Lease download_;
  base::Piece wanted_;     ///< the path of the file that is looked for
  FileQuestion question_;  ///< and who has asked
  bool backend_gone_due_ = false, find_due_ = false, room_due_ = false;
};

/// Expects who ended the session, why, and with which code.
void ExpectEnding(const Harness& harness, EndSide side, EndReason reason, int code);

}  // namespace ringway::session
