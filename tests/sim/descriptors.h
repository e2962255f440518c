// SPDX-License-Identifier: Apache-2.0
//
// The descriptors of the simulated kernel: which are open, and what each of them stands for.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "tests/sim/file_tree.h"
#include "tests/sim/kernel_pipe.h"
#include "tests/sim/network.h"

namespace ringway::sim {

enum class DescriptorKind : uint8_t {
  kClosed,
  kSocket,
  kListening,
  kEvent,
  kFile,
  kPipeRead,
  kPipeWrite,
};

struct Descriptor {
  DescriptorKind kind = DescriptorKind::kClosed;
  Connection* connection = nullptr;  ///< sockets: null before their connect
  int family = AF_INET;              ///< sockets
  std::shared_ptr<KernelPipe> pipe;  ///< both ends have it
  Server* listening = nullptr;
  uint64_t event_count = 0;
  std::shared_ptr<File> file;
  /// Of an operation that ended here: what a completion after the close would carry.
  uint64_t last_user_data = 0;
  bool was_used = false;
  bool lacks_room = false;  ///< a send was told -EAGAIN, and no poll has told of room since
};

class Descriptors {
 public:
  Descriptors();

  /// Null where none is open. The next Open may move it.
  Descriptor* Find(int fd);
  const Descriptor* Find(int fd) const;
  /// Of an operation that the kernel holds: its descriptor may be closed by now.
  const Descriptor& Of(int fd) const { return table_[static_cast<size_t>(fd)]; }

  /// The lowest free number, as open(2) promises: it comes back at once under another life.
  int Open(DescriptorKind kind);
  int OpenSocket(Connection* connection);
  int OpenListening(Server& server);
  int OpenEvent() { return Open(DescriptorKind::kEvent); }
  int OpenFile(std::shared_ptr<File> file);
  /// REQUIRES: it is open.
  void Close(int fd);

  void Signal(int event_fd) { table_[static_cast<size_t>(event_fd)].event_count = 1; }

  uint32_t sockets_open() const { return sockets_open_; }
  uint32_t pipe_ends_open() const;
  uint32_t files_open() const;  ///< of files and of directories
  uint64_t pipe_bytes() const;  ///< in all pipes together

 private:
  std::vector<Descriptor> table_;
  uint32_t sockets_open_ = 0;
};

}  // namespace ringway::sim
