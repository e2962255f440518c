// SPDX-License-Identifier: Apache-2.0
//
// A worker as small as one can be: it lends a session all that it needs (small_worker.h), and
// writes down what that wants (served_session.h). What happens to the session is here. Time is a
// number, a receive is a copy into a lease.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "tests/unit/session/served_session.h"

namespace ringway::session {

/// Every call fails the test when the session keeps a receive buffer, or wants something sent to a
/// link that it has finished or dropped; Accept and destruction, when a lease is out after the
/// session's end.
class Harness : public ServedSession {
 public:
  explicit Harness(const HarnessOptions& options = {});
  ~Harness();

  /// A new client, accepted now, instead of the one before.
  void Accept(const base::SocketAddress& client = kClientAddress);
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
  /// Bytes go through a pipe; the session only hears of it.
  void Splice(base::LinkRole from, std::string_view bytes);
  /// The worker has looked for the file, and says what is there, or what it is told to say.
  /// REQUIRES: find_due().
  void Found(std::optional<FileOutcome> outcome = std::nullopt);
  /// The same, in answer to a question that a phase before this one has asked.
  void FoundTooLate();
  /// All has left, a download too. REQUIRES: below_due().
  void Below();
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
};

/// Expects who ended the session, why, and with which code.
void ExpectEnding(const Harness& harness, EndSide side, EndReason reason, int code);

}  // namespace ringway::session
