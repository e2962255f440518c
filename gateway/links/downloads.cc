// SPDX-License-Identifier: Apache-2.0
//
// Pieces, cold bytes, and the end.
#include "gateway/links/downloads.h"

#include <algorithm>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/links/links.h"

namespace ringway::links {
namespace {

using base::BufferClass;
using base::kNoSlot;
using base::LinkId;
using files::PieceOutcome;

/// What a turn sends of files: of one download before another has its piece, and of all of them.
struct Share {
  uint32_t piece_bytes;
  uint32_t turn_bytes;
};
/// Where others have messages in the same turn: the kernel takes about 50 us for a piece, 100 for
/// all, and so long those who come next wait.
constexpr Share kBesideOthers = {256 * 1024, 512 * 1024};
/// Where nobody has. WHY not always: 200 us at most for who comes next, and a tenth less of CPU.
constexpr Share kAlone = {1024 * 1024, 1024 * 1024};

/// What a try counts for at least. WHY: a thousand clients that take a little each would make a
/// turn of thousands of system calls.
constexpr uint32_t kBytesPerTryMin = 16 * 1024;

/// A queue of at most so many slices is a head, which leaves together with the file's first bytes.
constexpr uint32_t kSlicesAheadMax = 2;

}  // namespace

Downloads::Downloads(Core& core, Links& links, files::Files& files)
    : core_(core), links_(links), files_(files), sender_(core.ring, core.counters) {}

Download& Downloads::Of(uint32_t link) {
  RINGWAY_CHECK(core_[link].downloads);
  return core_.memory.downloads[SlotOf(link)];
}

void Downloads::Begin(uint32_t to, base::Lease file, uint64_t offset, uint64_t bytes) {
  Link& link = core_[to];
  if (link.dropping || link.send.broken) return;
  RINGWAY_CHECK(!link.downloads);
  const uint32_t slot = core_.memory.downloads.TryOpen();
  RINGWAY_CHECK(slot != kNoSlot);  // there is one for each owner
  SlotOf(to) = slot;
  link.downloads = true;
  Download& download = core_.memory.downloads[slot];
  download.rest = {.fd = files_.DescriptorOf(file),
                   .offset = offset,
                   .bytes = bytes,
                   .status = files_.StatusOf(file)};
  download.file = std::move(file);
  MarkDue(to);
}

void Downloads::MarkDue(uint32_t to) {
  if (std::exchange(Of(to).is_due, true)) return;
  if (core_.memory.downloads_due.full()) ForgetEnded();
  core_.memory.downloads_due.Push(core_.IdOf(to));
}

// What has ended since it became due stands in the list still; what lives, once or twice. Then each
// stands there once, and there are half as many links as the list has room for.
void Downloads::ForgetEnded() {
  base::Fifo<LinkId>& due = core_.memory.downloads_due;
  const auto pass = [&](auto&& keeps) {
    for (uint32_t count = due.size(); count > 0; --count) {
      const LinkId id = due.Pop();
      const Link* link = core_.memory.links.Find(id.slot, id.generation);
      if (link != nullptr && link->downloads && keeps(Of(id.slot))) due.Push(id);
    }
  };
  pass([](Download& download) {
    download.is_due = false;
    return true;
  });
  pass([](Download& download) { return !std::exchange(download.is_due, true); });
}

// Each gets its piece in the order in which they became due; what this turn has no room for is
// first in the next, which does not wait.
void Downloads::SendDue() {
  base::Fifo<LinkId>& due = core_.memory.downloads_due;
  const Share share = core_.received_in_turn ? kBesideOthers : kAlone;
  uint32_t left = share.turn_bytes;
  for (uint32_t tries = due.size(); tries > 0 && left > 0; --tries) {
    const LinkId id = due.Pop();
    const Link* link = core_.memory.links.Find(id.slot, id.generation);
    if (link == nullptr || !link->downloads) continue;
    Of(id.slot).is_due = false;
    if (link->dropping) continue;
    left -= std::min(left, std::max(kBytesPerTryMin, SendPiece(id.slot, share.piece_bytes)));
  }
}

// Returns how much it has sent. Where nothing can be sent now, an event is on its way that makes
// the download due again.
uint32_t Downloads::SendPiece(uint32_t to, uint32_t bytes_max) {
  Link& link = core_[to];
  Download& download = Of(to);
  // Without a byte left the last ones were cold, and wait in the queue.
  if (link.send.in_flight || link.send.full || download.cold || download.rest.bytes == 0) return 0;
  if (!link.send.queue.empty()) {
    // The head leaves with MSG_MORE, so that it shares a segment with what follows it.
    const bool is_head = link.send.queue.slices() <= kSlicesAheadMax;
    const uint32_t bytes = is_head ? links_.sends().SendAhead(to) : 0;
    if (bytes > 0) core_.sink.OnSent(link.owner(), bytes);
    if (!link.send.queue.empty()) {
      links_.sends().MarkDue(to);
      return 0;
    }
  }
  const files::Piece piece = sender_.Send(link.fd, bytes_max, download.rest);
  if (piece.bytes > 0) core_.sink.OnSent(link.owner(), piece.bytes);
  OnPiece(to, piece.outcome);
  return piece.bytes;
}

void Downloads::OnPiece(uint32_t to, PieceOutcome outcome) {
  Link& link = core_[to];
  switch (outcome) {
    case PieceOutcome::kSent:
      if (Of(to).rest.bytes == 0) return End(to);
      return MarkDue(to);
    case PieceOutcome::kFull:
      // WHY no second try after a part: as with a short send, the socket is marked to wake a poll.
      return links_.sends().WaitForRoom(to);
    case PieceOutcome::kCold:
      return ReadCold(to);
    case PieceOutcome::kChanged:
      return Break(to, FileFault::kChanged);
    case PieceOutcome::kUnreadable:
      return Break(to, FileFault::kUnreadable);
    case PieceOutcome::kBroken:
    case PieceOutcome::kReset:
    case PieceOutcome::kUnexpected:
      link.send.broken = true;
      link.finished = true;
      return links_.sends().OnReset(to);
  }
}

void Downloads::ReadCold(uint32_t to) {
  Link& link = core_[to];
  Download& download = Of(to);
  download.cold = TakeColdRoom(link.owner_index);
  if (!download.cold) return core_.sink.OnExhausted(link.owner());
  const auto c = static_cast<size_t>(core_.stores.arena().ClassOf(download.cold.id()));
  sender_.Read(core_.IdOf(to), download.rest, {download.cold.data(), base::kBufferBytes[c]});
  ++link.in_flight;
  link.reads_file = true;
}

// A chunk, while chunks are free for those who stall. Else a cell, which each session has: what the
// kernel reads ahead of its bytes is in memory then, and leaves by sendfile.
base::Lease Downloads::TakeColdRoom(uint32_t account) {
  if (core_.stores.LimitBytes() < flow::Stores::FootprintOf(BufferClass::kChunk)) {
    if (base::Lease cell = core_.stores.TakeCell(account, flow::CellUse::kOrdinary)) return cell;
  }
  return core_.stores.TakeQueueChunk();
}

void Downloads::OnFileRead(const io_uring_cqe& cqe, uint32_t to) {
  Link& link = core_[to];
  link.reads_file = false;
  if (link.dropping) return;
  Download& download = Of(to);
  base::Piece bytes{.lease = std::move(download.cold)};
  const files::Piece piece = sender_.OnRead(cqe, download.rest);
  switch (piece.outcome) {
    case PieceOutcome::kSent:
      break;
    case PieceOutcome::kFull:
      return MarkDue(to);
    case PieceOutcome::kChanged:
      return Break(to, FileFault::kChanged);
    default:
      return Break(to, FileFault::kUnreadable);
  }
  bytes.data = bytes.lease.data();
  bytes.bytes = piece.bytes;
  // When it has left, the download goes on, or ends.
  const flow::PushResult result =
      links_.sends().Push(to, std::move(bytes), flow::SliceKind::kBytes);
  if (result == flow::PushResult::kExhausted) core_.sink.OnExhausted(link.owner());
}

void Downloads::Break(uint32_t to, FileFault fault) {
  // Whoever asks again gets the file as it is now, and not another cut answer.
  if (fault == FileFault::kChanged) files_.Distrust(Of(to).file);
  core_.sink.OnFileBroken(core_[to].owner(), fault);
}

void Downloads::End(uint32_t to) {
  Close(to);
  links_.sends().StopWaiting(to);
  links_.sends().TellBelow(to);
}

void Downloads::OnQueueEmpty(uint32_t to) {
  const Download& download = Of(to);
  if (download.rest.bytes == 0 && !download.cold) return End(to);
  MarkDue(to);
}

void Downloads::Close(uint32_t to) {
  Link& link = core_[to];
  if (!link.downloads) return;
  link.downloads = false;
  core_.memory.downloads.Close(SlotOf(to));
}

}  // namespace ringway::links
