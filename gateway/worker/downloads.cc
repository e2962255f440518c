// SPDX-License-Identifier: Apache-2.0
//
// static mode: what a session wants of files. The chain, for one that is too large for memory:
//
//   1. Find: the file is opened (opening.cc);
//   2. File: the link has a download now, and is due;
//   3. once a turn the links that are due send a piece each, the head in front of the first;
//   4. a full socket is polled, cold bytes are read into a chunk and queued: then it is due again;
//   5. the last byte has left: OnRoom.
#include <algorithm>
#include <utility>

#include "gateway/worker/worker.h"

namespace ringway::worker {
namespace {

using base::BufferClass;
using base::kNoSlot;
using base::LinkId;
using base::LinkRole;
using files::PieceOutcome;

constexpr size_t Index(LinkRole role) { return static_cast<size_t>(role); }

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

/// Behind so much that waits for the client its next request is not looked at. Of answers from
/// memory; some dozens leave in one send then.
constexpr uint32_t kSlicesBeforeNextMax = 32;
constexpr uint32_t kBytesBeforeNextMax = 128 * 1024;

/// Answers to one client between two sends. WHY: each may be several look-ups, and a client that
/// pipelines has its turn as others have.
constexpr uint8_t kAnswersQueuedMax = 8;

/// A queue of at most so many slices is a head, which leaves together with the file's first bytes.
constexpr uint32_t kSlicesAheadMax = 2;

}  // namespace

void Worker::CarryOutFile(uint32_t session, session::Intent& intent) {
  Slot& slot = memory_.slots[session];
  const uint32_t client = slot.links[Index(LinkRole::kClient)];
  if (client == kNoSlot || memory_.links[client].dropping || memory_.links[client].send.broken) {
    return;
  }
  RINGWAY_CHECK_OP(slot.download, ==, kNoSlot);
  slot.download = memory_.downloads.TryOpen();
  RINGWAY_CHECK(slot.download != kNoSlot);  // there is one for each session
  Download& download = memory_.downloads[slot.download];
  download.rest = {.fd = memory_.files.DescriptorOf(intent.piece.lease),
                   .offset = intent.offset,
                   .bytes = intent.bytes,
                   .status = memory_.files.StatusOf(intent.piece.lease)};
  download.file = std::move(intent.piece.lease);
  MarkDownloadDue(client);
}

void Worker::MarkDownloadDue(uint32_t client) {
  Download& download = memory_.downloads[memory_.slots[memory_.links[client].session].download];
  if (std::exchange(download.is_due, true)) return;
  if (memory_.downloads_due.full()) ForgetEndedDownloads();
  memory_.downloads_due.Push(IdOf(client));
}

// What has ended since it became due stands in the list still; what lives, once or twice. Then each
// stands there once, and there are half as many clients as the list has room for.
void Worker::ForgetEndedDownloads() {
  const auto pass = [&](auto&& keeps) {
    for (uint32_t count = memory_.downloads_due.size(); count > 0; --count) {
      const LinkId id = memory_.downloads_due.Pop();
      const Link* link = memory_.links.Find(id.slot, id.generation);
      const uint32_t slot = link == nullptr ? kNoSlot : memory_.slots[link->session].download;
      if (slot != kNoSlot && keeps(memory_.downloads[slot])) memory_.downloads_due.Push(id);
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
void Worker::SendDownloads() {
  const Share share = received_in_turn_ ? kBesideOthers : kAlone;
  uint32_t left = share.turn_bytes;
  for (uint32_t tries = memory_.downloads_due.size(); tries > 0 && left > 0; --tries) {
    const LinkId id = memory_.downloads_due.Pop();
    const Link* link = memory_.links.Find(id.slot, id.generation);
    if (link == nullptr) continue;
    const uint32_t slot = memory_.slots[link->session].download;
    if (slot == kNoSlot) continue;
    memory_.downloads[slot].is_due = false;
    if (link->dropping) continue;
    left -= std::min(left, std::max(kBytesPerTryMin, SendPiece(id.slot, share.piece_bytes)));
  }
}

// Returns how much it has sent. Where nothing can be sent now, an event is on its way that makes
// the download due again.
uint32_t Worker::SendPiece(uint32_t client, uint32_t bytes_max) {
  Link& link = memory_.links[client];
  Download& download = memory_.downloads[memory_.slots[link.session].download];
  // Without a byte left the last ones were cold, and wait in the queue.
  if (link.send.in_flight || link.send.full || download.cold || download.rest.bytes == 0) return 0;
  if (!link.send.queue.empty()) {
    if (link.send.queue.slices() <= kSlicesAheadMax) SendHeadAhead(client);
    if (!link.send.queue.empty()) {
      MarkDue(client);
      return 0;
    }
  }
  const files::Piece piece = file_sender_.Send(link.fd, bytes_max, download.rest);
  CountFileBytes(client, piece.bytes);
  OnPiece(client, piece.outcome);
  return piece.bytes;
}

// The head leaves with MSG_MORE, so that it shares a segment with what follows it.
void Worker::SendHeadAhead(uint32_t client) {
  Link& link = memory_.links[client];
  CountFileBytes(client, sender_.SendAhead(link.fd, link.session, link.send));
}

void Worker::CountFileBytes(uint32_t client, uint32_t bytes) {
  if (bytes > 0) CountSent(memory_.links[client], bytes);
}

void Worker::OnPiece(uint32_t client, PieceOutcome outcome) {
  Link& link = memory_.links[client];
  Slot& slot = memory_.slots[link.session];
  switch (outcome) {
    case PieceOutcome::kSent:
      if (memory_.downloads[slot.download].rest.bytes == 0) return EndDownload(client);
      return MarkDownloadDue(client);
    case PieceOutcome::kFull:
      // WHY no second try after a part: as with a short send, the socket is marked to wake a poll.
      return WaitForRoom(client);
    case PieceOutcome::kCold:
      return ReadCold(client);
    case PieceOutcome::kChanged:
      return BreakDownload(client, session::FileFault::kChanged);
    case PieceOutcome::kUnreadable:
      return BreakDownload(client, session::FileFault::kUnreadable);
    case PieceOutcome::kBroken:
    case PieceOutcome::kReset:
    case PieceOutcome::kUnexpected:
      link.send.broken = true;
      link.finished = true;
      return OnSendReset(IdOf(client));
  }
}

void Worker::ReadCold(uint32_t client) {
  Link& link = memory_.links[client];
  Download& download = memory_.downloads[memory_.slots[link.session].download];
  download.cold = TakeColdRoom(link.session);
  if (!download.cold) {
    memory_.slots[link.session].session.OnPoolExhausted(environment_, intents_);
    return CarryOut(link.session);
  }
  const auto c = static_cast<size_t>(memory_.arena.ClassOf(download.cold.id()));
  file_sender_.Read(IdOf(client), download.rest, {download.cold.data(), base::kBufferBytes[c]});
  ++link.in_flight;
  link.reads_file = true;
}

// A chunk, while chunks are free for those who stall. Else a cell, which each session has: what the
// kernel reads ahead of its bytes is in memory then, and leaves by sendfile.
base::Lease Worker::TakeColdRoom(uint32_t session) {
  if (stores_.LimitBytes() < flow::Stores::FootprintOf(BufferClass::kChunk)) {
    if (base::Lease cell = stores_.TakeCell(session, flow::CellUse::kOrdinary)) return cell;
  }
  return stores_.TakeQueueChunk();
}

void Worker::OnFileRead(const io_uring_cqe& cqe, LinkId id) {
  Link* link = memory_.links.Find(id.slot, id.generation);
  RINGWAY_CHECK(link != nullptr);  // it lives until its last operation has ended
  --link->in_flight;
  link->reads_file = false;
  if (link->dropping) return FreeIfIdle(id.slot);
  const uint32_t session = link->session;
  Download& download = memory_.downloads[memory_.slots[session].download];
  base::Piece bytes{.lease = std::move(download.cold)};
  const files::Piece piece = file_sender_.OnRead(cqe, download.rest);
  switch (piece.outcome) {
    case PieceOutcome::kSent:
      break;
    case PieceOutcome::kFull:
      return MarkDownloadDue(id.slot);
    case PieceOutcome::kChanged:
      return BreakDownload(id.slot, session::FileFault::kChanged);
    default:
      return BreakDownload(id.slot, session::FileFault::kUnreadable);
  }
  bytes.data = bytes.lease.data();
  bytes.bytes = piece.bytes;
  // When it has left, the download goes on, or ends.
  intents_.Send(LinkRole::kClient, std::move(bytes));
  CarryOut(session);
}

void Worker::BreakDownload(uint32_t client, session::FileFault fault) {
  const uint32_t session = memory_.links[client].session;
  // Whoever asks again gets the file as it is now, and not another cut answer.
  if (fault == session::FileFault::kChanged) {
    memory_.files.Distrust(memory_.downloads[memory_.slots[session].download].file);
  }
  memory_.slots[session].session.OnFileBroken(environment_, fault, intents_);
  CarryOut(session);
}

void Worker::EndDownload(uint32_t client) {
  Link& link = memory_.links[client];
  CloseDownload(memory_.slots[link.session]);
  if (splicer_.DisarmWritable(IdOf(client), link.splice)) ++link.in_flight;
  GoOnServing(client);
}

void Worker::CloseDownload(Slot& slot) {
  if (slot.download == kNoSlot) return;
  memory_.downloads.Close(std::exchange(slot.download, kNoSlot));
}

// The client has taken what was queued for it.
void Worker::GoOnServing(uint32_t client) {
  const uint32_t session = memory_.links[client].session;
  const Slot& slot = memory_.slots[session];
  if (slot.download != kNoSlot) {
    const Download& download = memory_.downloads[slot.download];
    if (download.rest.bytes == 0 && !download.cold) return EndDownload(client);
    return MarkDownloadDue(client);
  }
  if (!TellRoom(session)) return;
  CarryOut(session);
  ArmReceives(session);
}

// False: it was not asked for, or there is none.
bool Worker::TellRoom(uint32_t session) {
  Slot& slot = memory_.slots[session];
  const uint32_t client = slot.links[Index(LinkRole::kClient)];
  if (!slot.awaits_room || slot.download != kNoSlot || client == kNoSlot) return false;
  const Link& link = memory_.links[client];
  const flow::SendQueue& queue = link.send.queue;
  if (link.dropping || queue.slices() > kSlicesBeforeNextMax ||
      queue.bytes() > kBytesBeforeNextMax) {
    return false;
  }
  // Behind what is less than its share: an answer may be a slice of memory that costs no buffer.
  if (!queue.empty() && (flow::CreditLeft(queue.footprint(), stores_.LimitBytes()) == 0 ||
                         !stores_.MayAddSlices(queue.slices()))) {
    return false;
  }
  if (queue.empty()) slot.answers_queued = 0;
  if (slot.answers_queued == kAnswersQueuedMax) return false;
  ++slot.answers_queued;
  slot.awaits_room = false;
  slot.session.OnRoom(environment_, intents_);
  return true;
}

}  // namespace ringway::worker
