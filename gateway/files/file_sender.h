// SPDX-License-Identifier: Apache-2.0
//
// A file that is too large for memory, sent piece by piece: sendfile(2) from the page cache to the
// socket, called directly, and reads through the ring for bytes that are not in memory, so that no
// turn waits for a disk. Around each piece the file is looked at: one that was written to or cut
// meanwhile is told of, and nothing more of it is sent.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <span>

#include "gateway/base/counters.h"
#include "gateway/base/ids.h"
#include "uring/kernel.h"
#include "uring/ring.h"

namespace ringway::files {

/// What is left to send of a file.
struct FileRest {
  int fd = -1;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  /// As it was found; whatever is sent is of this version.
  uring::FileStatus status;
  /// The file system says what is in memory. One that does not counts as all in memory.
  bool tells_residency = true;
  bool was_cold = false;  ///< somewhere: so it is probed more often
};

enum class [[nodiscard]] PieceOutcome : uint8_t{
    kSent,        ///< all of the piece
    kFull,        ///< the socket takes no more now; some may have left
    kCold,        ///< the next bytes are not in memory: Read them
    kChanged,     ///< the file is not what it was; some may have left
    kUnreadable,  ///< the disk fails
    kBroken,      ///< the socket takes nothing any more
    kReset,       ///< the same, and the connection was reset
    kUnexpected,  ///< the same, for a result without a rule
};

struct Piece {
  PieceOutcome outcome = PieceOutcome::kUnexpected;
  uint32_t bytes = 0;  ///< that left, or were read
};

/// All downloads of one worker. One thread.
///
/// The race that remains: sendfile(2) lends the socket the file's pages and copies nothing, so
/// bytes that are overwritten in place after the last look, and before the client has
/// acknowledged them, leave as they are then: a change during the last piece comes too late to cut
/// the answer. Files that are replaced by rename(2) never do that.
///
/// What is in memory is probed, not known: single cold pages between hot ones are not seen, and
/// sendfile(2) waits for those.
class FileSender {
 public:
  /// Both must outlive it.
  FileSender(uring::Ring& ring, base::Counters& counters) : ring_(&ring), counters_(&counters) {}
  ~FileSender();
  FileSender(const FileSender&) = delete;
  FileSender& operator=(const FileSender&) = delete;

  /// Registers memory with the kernel, which then need not look its pages up for a Read into it.
  /// Where that is refused (RLIMIT_MEMLOCK) reads work without. Once; it must outlive this.
  void Register(std::span<uint8_t> memory);

  /// Sends at most `bytes_max` and moves `rest` on by what has left. REQUIRES: rest.bytes > 0,
  /// `socket` does not block.
  Piece Send(int socket, uint32_t bytes_max, FileRest& rest);

  /// Submits a read of the next bytes into `room`, with Operation::kReadFile and `id` in the
  /// completion; `room` belongs to the kernel until then.
  void Read(base::LinkId id, const FileRest& rest, std::span<uint8_t> room);

  /// Takes that completion and moves `rest` on. kSent: `bytes` are in the room, of the version that
  /// was found. kFull: nothing was read, try again. Else kChanged or kUnreadable.
  Piece OnRead(const io_uring_cqe& cqe, FileRest& rest);

 private:
  [[nodiscard]] bool IsUntouched(FileRest& rest);
  [[nodiscard]] bool IsResident(uint32_t bytes, FileRest& rest);

  uring::Ring* ring_;
  base::Counters* counters_;
  std::span<uint8_t> registered_;
};

}  // namespace ringway::files
