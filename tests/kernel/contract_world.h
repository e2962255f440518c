// SPDX-License-Identifier: Apache-2.0
//
// What the ring-contract suite asks of a kernel under test beside the ring itself: sockets to work
// on, the other ends of them, a file, the time. LinuxKernel's world is real TCP on the loopback
// interface; a kernel in memory brings its own. No test of the suite knows more than this file and
// uring/kernel.h.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <span>
#include <string>

#include "tests/kernel/loopback.h"
#include "uring/kernel.h"

namespace ringway::contract {

using loopback::StreamEnd;

/// The other end of a connection. The test acts here by itself, not through a ring; no call waits.
/// Its destructor closes it in order.
class RemoteEnd {
 public:
  virtual ~RemoteEnd() = default;

  /// Bytes that the connection took.
  virtual size_t Write(std::span<const uint8_t> bytes) = 0;
  /// Bytes that are there; at 0 `end` says whether more can come.
  virtual size_t Read(std::span<uint8_t> out) = 0;
  virtual StreamEnd end() const = 0;
  /// Sends FIN; reading goes on.
  virtual void ShutdownWrite() = 0;
  /// Closes in order: FIN (a reset, if bytes were left unread).
  virtual void Close() = 0;
  virtual void Reset() = 0;
};

/// A connected stream socket: `fd` is for the ring and belongs to the test.
struct Connection {
  int fd = -1;
  std::unique_ptr<RemoteEnd> remote;
};

/// One kernel under test and what is around it. Owns both; one thread.
class ContractWorld {
 public:
  virtual ~ContractWorld() = default;

  virtual uring::Kernel& kernel() = 0;
  /// The time by which the kernel's timeouts run.
  virtual uint64_t NowNs() = 0;

  /// A connection whose socket buffers are small: together less than 1 MiB.
  virtual Connection Connect() = 0;

  /// A socket that listens; it belongs to the test.
  virtual int Listen() = 0;
  /// A remote end that has connected to it and may wait in its backlog.
  virtual std::unique_ptr<RemoteEnd> DialIn(int listening_fd) = 0;

  /// Where a connect finds somebody: an address of family AF_INET.
  virtual sockaddr_storage ServerAddress() = 0;
  /// The remote end of the oldest connect to it that was not taken yet; empty if there is none.
  virtual std::unique_ptr<RemoteEnd> TakeDialled() = 0;
  /// Where a connect finds nobody: an address of family AF_INET.
  virtual sockaddr_storage RefusingAddress() = 0;

  /// Where a connect finds somebody: an address of family AF_UNIX.
  virtual sockaddr_storage UnixServerAddress() = 0;
  /// The remote end of the oldest connect to it that was not taken yet; empty if there is none.
  virtual std::unique_ptr<RemoteEnd> TakeUnixDialled() = 0;
  /// A path where no socket is: an address of family AF_UNIX.
  virtual sockaddr_storage AbsentPath() = 0;

  /// A readable file with these bytes; it belongs to the test.
  virtual int OpenFile(std::span<const uint8_t> bytes) = 0;
  /// A directory, for OpenBeneath; it belongs to the test.
  virtual int OpenRoot() = 0;
  /// A file with these bytes beneath that directory, at a path such as "a/b.txt".
  virtual void PutFile(const std::string& path, std::span<const uint8_t> bytes) = 0;
};

struct QueueSizes {
  uint32_t sq_entries = 32;
  uint32_t cq_entries = 128;
};

/// A kernel under test, by name. The suite is run once for each.
struct MakeKernel {
  std::string name;
  std::function<std::unique_ptr<ContractWorld>(const QueueSizes&)> make;
};

inline void PrintTo(const MakeKernel& kernel, std::ostream* out) { *out << kernel.name; }

}  // namespace ringway::contract
