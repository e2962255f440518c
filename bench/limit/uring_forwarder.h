// SPDX-License-Identifier: Apache-2.0
//
// The bare io_uring forwarder: the least that a proxy on io_uring must do for each message.
//
// One turn is one system call: it submits what the last turn decided and waits for completions.
//  - Accept and receive are multishot; received bytes lie in buffers that the kernel took from a
//    ring of them, and leave from the same memory.
//  - Everything due for one socket leaves in one send, and one send is in flight for each socket.
//  - Sockets are registered under their own descriptor number, the ring's descriptor too.
// Each direction has its own buffers: were they shared, an echo service that cannot write would
// leave none for the side that would relieve it. A client that never reads may still stall its
// direction for everybody: this is a yardstick, not a gateway.
#pragma once

#include <liburing.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "bench/limit/buffer_pool.h"
#include "bench/limit/options.h"
#include "bench/load/sockets.h"

namespace ringway::limit {

class UringForwarder {
 public:
  UringForwarder() = default;
  UringForwarder(const UringForwarder&) = delete;
  UringForwarder& operator=(const UringForwarder&) = delete;
  ~UringForwarder();

  /// Sets up the ring on the calling thread, which must be the one that calls Run.
  absl::Status Open(const Options& options);

  /// Forwards until `stop` becomes readable.
  void Run(int listener, int stop);

 private:
  enum Operation : uint64_t { kAccept, kStop, kConnect, kReceive, kSend };

  struct Piece {
    uint8_t* bytes = nullptr;
    uint32_t size = 0;
    uint16_t buffer = 0;
  };

  struct Session;

  struct Link {
    Session* session = nullptr;
    Link* opposite = nullptr;
    int fd = -1;
    /// Buffer group that is filled from this socket.
    uint8_t group = 0;
    bool connected = false;
    bool ended = false;
    bool shut = false;
    /// In the list of links that may send.
    bool due = false;
    /// Bytes for this socket; the first `sending` pieces are with the kernel.
    std::vector<Piece> queue;
    size_t sending = 0;
    std::vector<iovec> vectors;
    msghdr message = {};
  };

  struct Session {
    std::array<Link, 2> links;
    int in_flight = 0;
    bool dead = false;
  };

  io_uring_sqe* NextSqe();
  static void Tag(io_uring_sqe* sqe, Operation operation, Link* link);
  void Register(int fd, int value);

  void ArmAccept(int listener);
  void ArmReceive(Link& link);
  void SubmitSend(Link& link);

  void OnCompletion(const io_uring_cqe& cqe);
  void OnAccepted(int32_t result);
  void OnConnected(Link& link, int32_t result);
  void OnReceived(Link& link, const io_uring_cqe& cqe);
  void OnSent(Link& link, int32_t result);
  void PassEndOfStream(Link& link);
  void RearmStarved();
  void MakeDue(Link& link);
  void End(Session& session);
  void FreeDead();

  io_uring ring_ = {};
  bool ring_open_ = false;
  bool stopping_ = false;
  bool accept_lost_ = false;
  load::Address target_;
  std::array<BufferPool, 2> pools_;
  std::unordered_map<Session*, std::unique_ptr<Session>> sessions_;
  /// Links that may send, at the end of the turn.
  std::vector<Link*> due_;
  /// Links whose receive ended for want of buffers.
  std::vector<Link*> starved_;
  std::vector<Session*> dead_;
};

}  // namespace ringway::limit
