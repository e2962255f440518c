// SPDX-License-Identifier: Apache-2.0
//
// The introductions: what happens to links becomes events of sessions, what sessions want is
// carried out, and who is over is told of and closed.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <span>

#include "gateway/links/sink.h"
#include "gateway/worker/dials.h"
#include "gateway/worker/finds.h"
#include "gateway/worker/parts.h"
#include "gateway/worker/standings.h"

namespace ringway::worker {

/// All sessions of one worker.
class Sessions final : public links::Sink {
 public:
  /// `parts` must outlive it.
  explicit Sessions(Parts& parts);

  /// A session for a client's socket. kNoSlot: every slot is taken, and the socket stays the
  /// caller's.
  uint32_t TryOpen(int fd, uint32_t listener_index, const base::SocketAddress& client);
  /// The time of its timer has come.
  void OnDue(uint32_t session);
  /// Ends it in order, and ends it now.
  void Drain(uint32_t session);
  void Cut(uint32_t session);
  /// The completion of an open of a file.
  void OnFileOpened(const io_uring_cqe& cqe, base::LinkId session);
  /// Tells of those that are over, and closes them. False: there was none.
  [[nodiscard]] bool EndOver();
  /// Heads that are under way have their share of the chunks. Once a turn.
  void ShortenHeads();
  /// Closes all without a word: nothing completes any more.
  void Abandon();

  uint32_t half_open() const { return standings_.half_open(); }

  // ---- events.cc: what links tell
  uint64_t OnBytes(links::Owner owner, base::Piece piece) override;
  size_t OnSpliced(links::Owner owner, uint32_t bytes, std::span<uint8_t> ahead) override;
  void OnSent(links::Owner owner, uint32_t bytes) override;
  void OnEnd(links::Owner owner, base::LinkEnd end) override;
  void OnEndNoted(links::Owner owner) override;
  void OnDialled(links::Owner owner, dial::DialOutcome outcome, int result) override;
  void OnBelow(links::Owner owner) override;
  void OnExhausted(links::Owner owner) override;
  void OnTorn(links::Owner owner) override;
  void OnFileBroken(links::Owner owner, links::FileFault fault) override;
  void OnDropped(links::Owner owner, uint32_t link) override;
  void OnFreed(links::Owner owner) override;

 private:
  // ---- intents.cc: what sessions want
  void CarryOut(uint32_t session);
  void CarryOutAll(uint32_t session);
  [[nodiscard]] flow::PushResult Send(uint32_t session, session::Intent& intent);
  void SetTimer(uint32_t session, uint64_t due_ns);
  [[nodiscard]] bool TellBelow(uint32_t session);
  [[nodiscard]] bool TellFound(uint32_t session);

  void DialAtLast(uint32_t session);
  void SetRules(uint32_t session);
  links::ReadingRules RulesOf(const Slot& slot, base::LinkRole role) const;
  void Note(uint32_t session);
  void MakeRoom(uint32_t newest);
  void Evict(uint32_t session);

  Parts& parts_;
  Dials dials_;
  Finds finds_;
  Standings standings_;
  bool carries_out_ = false;  ///< intents are being carried out
};

}  // namespace ringway::worker
