// SPDX-License-Identifier: Apache-2.0
//
// Dialling: a socket to a backend server and a connect through the ring. The time limit is the
// session's, on the worker's wheel: linked timeouts of the ring cost more than they give.
#pragma once

#include <liburing.h>
#include <sys/socket.h>

#include <cstdint>
#include <string_view>

#include "gateway/base/counters.h"
#include "gateway/base/ids.h"
#include "gateway/base/socket_address.h"
#include "uring/ring.h"
#include "uring/scratch.h"

namespace ringway::dial {

enum class [[nodiscard]] DialOutcome : uint8_t{
    kConnected,
    kRefused,       ///< nobody listens there
    kUnreachable,   ///< no route, or the network says no
    kTimedOut,      ///< the kernel gave up
    kNoLocalPort,   ///< every local port to that server is in use (EADDRNOTAVAIL)
    kNoSource,      ///< the source address is not one of this machine's
    kNoDescriptor,  ///< the process has none left
    kCancelled,     ///< ended as asked
    kUnexpected,    ///< a result without a rule
};

/// A sentence for the client's answer.
const char* Describe(DialOutcome outcome);
/// The same, and what to do where there is something.
const char* DescribeForOperator(DialOutcome outcome);

/// Who is dialled.
struct Server {
  base::SocketAddress address;
  /// Of a unix socket, at most 107 bytes; then the address says nothing.
  std::string_view unix_path;
};

/// All dials of one worker. One thread.
class Dialer {
 public:
  /// Both must outlive it.
  Dialer(uring::Ring& ring, base::Counters& counters) : ring_(&ring), counters_(&counters) {}

  /// A socket for the server's family, with TCP_NODELAY where that is TCP's, bound to `source` (of
  /// the same family; its port is chosen by the connect) unless that is nullptr; or what
  /// OnSocketError takes.
  int OpenSocket(const Server& server, const base::SocketAddress* source);

  /// Connects `fd`; the completion carries Operation::kConnect and the link's id. The address is
  /// copied.
  void Connect(base::LinkId id, int fd, const Server& server);

  /// Takes the completion of a connect.
  DialOutcome OnCompletion(const io_uring_cqe& cqe);

  /// What a negative result of OpenSocket means.
  DialOutcome OnSocketError(int error);

 private:
  static DialOutcome Classify(int error);

  uring::Ring* ring_;
  uring::Scratch<sockaddr_storage, 64> addresses_;
  base::Counters* counters_;
};

}  // namespace ringway::dial
