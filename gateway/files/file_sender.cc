// SPDX-License-Identifier: Apache-2.0
//
// Look, probe, send, look again.
#include "gateway/files/file_sender.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "gateway/base/check.h"
#include "uring/user_data.h"

namespace ringway::files {
namespace {

/// A piece is probed at its ends and once in so many bytes: what a disk reads ahead lies together,
/// and a probe costs as much as sending some KiB. The second is of a file that is not all in
/// memory.
constexpr uint32_t kProbeEveryBytes = 256 * 1024;
constexpr uint32_t kProbeColdEveryBytes = 16 * 1024;

/// Of sendfile(2), for a socket that does not block and a regular file.
PieceOutcome OutcomeOf(int error) {
  switch (error) {
    case EAGAIN:
    case EINTR:
    case ENOMEM:  // no memory for the socket's buffers: as good as full
      return PieceOutcome::kFull;
    case EPIPE:  // the other end has closed
      return PieceOutcome::kBroken;
    case ECONNRESET:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
      return PieceOutcome::kReset;
    case EIO:
    case ESTALE:  // a network's file that is gone
      return PieceOutcome::kUnreadable;
    default:
      return PieceOutcome::kUnexpected;
  }
}

}  // namespace

FileSender::~FileSender() {
  if (!registered_.empty()) static_cast<void>(ring_->kernel().UnregisterBuffers());
}

void FileSender::Register(std::span<uint8_t> memory) {
  RINGWAY_CHECK(registered_.empty());
  if (memory.empty() || !ring_->features().Has(uring::Feature::kFixedBuffers)) return;
  const iovec whole{.iov_base = memory.data(), .iov_len = memory.size()};
  if (ring_->kernel().RegisterBuffers({&whole, 1}) == 0) registered_ = memory;
}

// The kernel sets `changed_ns` for a new name and for one that goes, too: a file that another one
// has replaced by rename(2) is finished. That it was written to as well at that very moment, and
// its time set back, is taken for impossible.
bool FileSender::IsUntouched(FileRest& rest) {
  uring::FileStatus now;
  if (ring_->kernel().StatusOf(rest.fd, &now) != 0) return false;
  if (now.bytes != rest.status.bytes || now.modified_ns != rest.status.modified_ns) return false;
  if (now.changed_ns != rest.status.changed_ns && now.links == rest.status.links) return false;
  rest.status = now;
  return true;
}

bool FileSender::IsResident(uint32_t bytes, FileRest& rest) {
  std::array<uint8_t, 1> byte;
  const uint32_t every = rest.was_cold ? kProbeColdEveryBytes : kProbeEveryBytes;
  for (uint64_t at = 0; rest.tells_residency; at += every) {
    const uint64_t offset = rest.offset + std::min<uint64_t>(at, bytes - 1);
    const int result = ring_->kernel().ReadResident(rest.fd, byte, offset);
    if (result == -EAGAIN) {
      rest.was_cold = true;
      return false;
    }
    // Any other error is sendfile's to tell.
    if (result == -EOPNOTSUPP) rest.tells_residency = false;
    if (result <= 0 || at >= bytes - 1) return true;
  }
  return true;
}

Piece FileSender::Send(int socket, uint32_t bytes_max, FileRest& rest) {
  RINGWAY_CHECK_OP(rest.bytes, >, 0);
  if (!IsUntouched(rest)) return {.outcome = PieceOutcome::kChanged};
  const auto bytes = static_cast<uint32_t>(std::min<uint64_t>(bytes_max, rest.bytes));
  if (!IsResident(bytes, rest)) return {.outcome = PieceOutcome::kCold};
  const int sent = ring_->kernel().SendFile(socket, rest.fd, rest.offset, bytes);
  if (sent < 0) {
    const PieceOutcome outcome = OutcomeOf(-sent);
    if (outcome == PieceOutcome::kUnexpected) counters_->completions_unexpected.Add(1);
    return {.outcome = outcome};
  }
  Piece piece{.bytes = static_cast<uint32_t>(sent)};
  rest.offset += piece.bytes;
  rest.bytes -= piece.bytes;
  counters_->bytes_sendfile.Add(piece.bytes);
  // Nothing was taken although it was not full: the file is shorter than it was.
  if (sent == 0 || !IsUntouched(rest)) {
    piece.outcome = PieceOutcome::kChanged;
  } else {
    piece.outcome = piece.bytes == bytes ? PieceOutcome::kSent : PieceOutcome::kFull;
  }
  return piece;
}

void FileSender::Read(base::LinkId id, const FileRest& rest, std::span<uint8_t> room) {
  io_uring_sqe* sqe = ring_->NextEntry();
  const auto bytes = static_cast<uint32_t>(std::min<uint64_t>(room.size(), rest.bytes));
  const bool is_registered = room.data() >= registered_.data() &&
                             room.data() + room.size() <= registered_.data() + registered_.size();
  if (is_registered) {
    io_uring_prep_read_fixed(sqe, rest.fd, room.data(), bytes, rest.offset, 0);
    counters_->file_reads_fixed.Add(1);
  } else {
    io_uring_prep_read(sqe, rest.fd, room.data(), bytes, rest.offset);
  }
  sqe->user_data = uring::UserData{.kind = static_cast<uint8_t>(base::Operation::kReadFile),
                                   .generation = id.generation,
                                   .slot = id.slot}
                       .Pack();
}

Piece FileSender::OnRead(const io_uring_cqe& cqe, FileRest& rest) {
  switch (-cqe.res) {
    case EAGAIN:
    case EINTR:
    case ECANCELED:
      return {.outcome = PieceOutcome::kFull};
    case EIO:
    case ENOMEM:
    case ESTALE:
      return {.outcome = PieceOutcome::kUnreadable};
    default:
      break;
  }
  if (cqe.res < 0) {
    counters_->completions_unexpected.Add(1);
    return {.outcome = PieceOutcome::kUnreadable};
  }
  if (cqe.res == 0 || !IsUntouched(rest)) return {.outcome = PieceOutcome::kChanged};
  const auto bytes = static_cast<uint32_t>(cqe.res);
  rest.offset += bytes;
  rest.bytes -= bytes;
  counters_->bytes_read_cold.Add(bytes);
  return {.outcome = PieceOutcome::kSent, .bytes = bytes};
}

}  // namespace ringway::files
