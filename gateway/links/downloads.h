// SPDX-License-Identifier: Apache-2.0
//
// Files that are too large for memory, on their way to links. The chain:
//
//   1. the link has a download, and is due;
//   2. once a turn the links that are due send a piece each, what was queued in front of the first;
//   3. a full socket is polled, cold bytes are read into a buffer and queued: then it is due again;
//   4. the last byte has left: the link has no download, and its owner is told what he asked for.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <span>

#include "gateway/files/file_sender.h"
#include "gateway/files/files.h"
#include "gateway/links/core.h"

namespace ringway::links {

class Links;

/// All downloads of one worker.
class Downloads {
 public:
  /// All three must outlive it.
  Downloads(Core& core, Links& links, files::Files& files);

  /// Reads of cold bytes go to this memory, which is registered with the kernel. Once.
  void Register(std::span<uint8_t> memory) { sender_.Register(memory); }

  /// Sends `bytes` of the file from `offset`, behind what is queued. No effect on a link that takes
  /// nothing more. REQUIRES: bytes > 0, the link has no download.
  void Begin(uint32_t to, base::Lease file, uint64_t offset, uint64_t bytes);
  /// It may go on: its socket has room, say.
  void MarkDue(uint32_t to);
  /// What was queued has left.
  void OnQueueEmpty(uint32_t to);
  void OnFileRead(const io_uring_cqe& cqe, uint32_t to);
  /// The link goes.
  void Close(uint32_t to);

  /// A piece for each that is due, within a turn's share.
  void SendDue();

 private:
  Download& Of(uint32_t link);
  uint32_t& SlotOf(uint32_t link) {
    return reinterpret_cast<uint32_t*>(core_.memory.download_of.data())[link];
  }
  void ForgetEnded();
  uint32_t SendPiece(uint32_t to, uint32_t bytes_max);
  void OnPiece(uint32_t to, files::PieceOutcome outcome);
  void ReadCold(uint32_t to);
  base::Lease TakeColdRoom(uint32_t account);
  void Break(uint32_t to, FileFault fault);
  void End(uint32_t to);

  Core& core_;
  Links& links_;
  files::Files& files_;
  files::FileSender sender_;
};

}  // namespace ringway::links
