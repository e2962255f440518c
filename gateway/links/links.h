// SPDX-License-Identifier: Apache-2.0
//
// The life of sockets: the only code that writes a Link. An owner opens a link, says once how it is
// read, queues what it sends, and finishes or drops it; what happens meanwhile he is told through
// the sink (sink.h). Nobody counts operations or asks whether a link still lives: it is freed at
// the end of a turn, when it was dropped and the kernel holds nothing of it any more.
//
//   TryOpen, Dial  ->  SetRules, Push, TellWhenBelow, Download ...  ->  Finish, Drop
//                          ^                                              |
//                          +------ OnCompletion -> Sink                   v
//                                                          FreeDead -> Sink::OnFreed
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/dial/dialer.h"
#include "gateway/links/core.h"
#include "gateway/links/downloads.h"
#include "gateway/links/receives.h"
#include "gateway/links/sends.h"
#include "gateway/links/splices.h"

namespace ringway::links {

/// What came of a dial: a link that connects, or why there is none.
struct Dialled {
  uint32_t link = base::kNoSlot;
  dial::DialOutcome outcome = dial::DialOutcome::kConnected;
  int error = 0;  ///< a negative errno, where there is no link
};

/// All links of one worker.
class Links {
 public:
  /// What it is given, all of which outlives it.
  struct Parts {
    uring::Ring& ring;
    flow::Stores& stores;
    base::Counters& counters;
    const base::Limits& limits;
    const uint64_t& now_ns;
    files::Files& files;
    Memory& memory;
    Sink& sink;
  };
  /// RESOURCE_EXHAUSTED where memory is not to be had, or what registering buffers says.
  static absl::StatusOr<std::unique_ptr<Links>> Open(const Parts& parts);
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  // ---- For owners

  /// Takes the connected socket. kNoSlot: there are no more links, and the socket stays the
  /// caller's.
  [[nodiscard]] uint32_t TryOpen(int fd, Owner owner);
  /// Opens a socket and connects it; Sink::OnDialled follows where there is a link.
  [[nodiscard]] Dialled Dial(Owner owner, const dial::Server& server,
                             const base::SocketAddress* source);
  /// Cuts the link: what is queued is discarded, its owner hears nothing more of it (OnDropped is
  /// called at once), and it is freed at the end of the turn in which the kernel gives it back.
  void Drop(uint32_t index);
  /// A link that is not read, because its target's queue was too long, looks at that again.
  void Resume(uint32_t index);
  /// Bytes that wait to be sent.
  uint32_t QueuedBytes(uint32_t index) { return core_[index].send.queue.bytes(); }
  /// Whether its bytes are received now, or moved.
  bool IsRead(uint32_t index);
  /// Whether its socket takes nothing now.
  bool IsFull(uint32_t index) { return core_[index].send.full; }
  bool HasDownload(uint32_t index) { return core_[index].downloads; }
  int DescriptorOf(uint32_t index) { return core_[index].fd; }

  Receives& receives() { return receives_; }
  Sends& sends() { return sends_; }
  Splices& splices() { return splices_; }
  Downloads& downloads() { return downloads_; }

  // ---- For the turn

  /// A completion of one of the operations of links.
  void OnCompletion(const io_uring_cqe& cqe, base::Operation operation, base::LinkId id);
  /// Frees what was dropped and is with the kernel no more; owners are told. False: there was none.
  [[nodiscard]] bool FreeDead();
  /// One send each, then receives. After it the turn is over.
  void EndTurn();
  /// Whether something is to be done that no completion tells of.
  bool HasWork() const;
  /// What this turn's completions have cost so far, by estimate, in nanoseconds.
  uint64_t work_ns() const { return core_.work_ns; }
  void AddWork(uint64_t ns) { core_.work_ns += ns; }
  void BeginTurn();

  /// A link both of whose directions have ended has nothing left to do: it is dropped.
  void DropIfDone(uint32_t index);

  // ---- For the end

  /// The operations of a link that the kernel holds, in words.
  std::string OperationsOf(uint32_t index);
  /// The ring has failed, and nothing will complete: closes every socket, and tells nobody.
  void Abandon();

 private:
  Links(const Parts& parts, base::Fifo<uint16_t> stalled);
  void OnConnect(const io_uring_cqe& cqe, uint32_t index);
  void Free(uint32_t index);

  Core core_;
  dial::Dialer dialer_;
  Receives receives_;
  Sends sends_;
  Splices splices_;
  Downloads downloads_;
};

}  // namespace ringway::links
