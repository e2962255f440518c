// SPDX-License-Identifier: Apache-2.0
//
// What leaves for one request, and what comes after it.
#include "gateway/session/file_answer.h"

#include <cstring>
#include <new>
#include <utility>

#include "gateway/http/file_refusals.h"
#include "gateway/session/admission.h"
#include "gateway/session/last_word.h"
#include "gateway/session/serving.h"

namespace ringway::session {
namespace {

using base::BufferClass;
using base::kBufferBytes;
using base::LinkRole;
using http::Status;

/// A body of at most so many bytes is copied behind its head: to send one slice instead of two
/// saves more than the copy costs.
constexpr uint64_t kCopiedBytesMax = 4096;
static_assert(http::kFileHeadBytesMax + kCopiedBytesMax <= kChunkBytes);
static_assert(http::kPartHeadBytesMax <= kBufferBytes[static_cast<size_t>(BufferClass::kCell)]);

std::span<char> RoomOf(const base::Lease& lease, BufferClass c) {
  return {reinterpret_cast<char*>(lease.data()), kBufferBytes[static_cast<size_t>(c)]};
}

bool IsInMemory(const base::Lease& file) { return file && file.data() != nullptr; }

/// Empty: no buffer is left. Most heads fit into a cell.
base::Piece BuildHead(flow::Stores& stores, uint32_t slot, const http::FileResponse& response,
                      BufferClass first) {
  for (const BufferClass c : {first, BufferClass::kChunk}) {
    base::Piece head{.lease = c == BufferClass::kCell ? stores.TakeForQueue(slot)
                                                      : stores.TakeQueueChunk()};
    if (!head.lease) return {};
    head.data = head.lease.data();
    head.bytes = static_cast<uint32_t>(http::BuildFileHead(response, RoomOf(head.lease, c)));
    if (head.bytes > 0) return head;
  }
  return {};
}

http::ByteRange BodyOf(const http::FileResponse& response) {
  if (response.status == Status::kPartialContent) return response.ranges.front();
  return {.first = 0, .bytes = response.status == Status::kOk ? response.file_bytes : 0};
}

/// In memory as a slice, else as it lies on the disk.
void SendRange(const base::Lease& file, const http::ByteRange& range, Intents& intents) {
  if (range.bytes == 0) return;
  if (!IsInMemory(file)) return intents.File(file.Share(), range.first, range.bytes);
  intents.Send(LinkRole::kClient, {.lease = file.Share(),
                                   .data = file.data() + range.first,
                                   .bytes = static_cast<uint32_t>(range.bytes)});
}

}  // namespace

Next Serving::SendAnswer(const Call& call, const FileAnswer& answer, FileLook look) {
  const http::FileResponse& response = answer.response;
  const bool is_in_parts = answer.ranges.count > 1;
  const http::Method method = call.environment.request.head.method;
  http::ByteRange body = method == http::Method::kHead ? http::ByteRange{} : BodyOf(response);
  // Where chunks are short, two slices cost less than one of them.
  const bool is_copied =
      !is_in_parts && body.bytes <= kCopiedBytesMax && body.bytes > 0 && IsInMemory(look.file) &&
      call.stores().LimitBytes() >= flow::Stores::FootprintOf(BufferClass::kChunk);
  base::Piece head = BuildHead(call.stores(), call.shell.slot, response,
                               is_copied ? BufferClass::kChunk : BufferClass::kCell);
  if (head.bytes == 0) return OnExhausted(call);
  if (is_copied) {
    std::memcpy(head.data + head.bytes, look.file.data() + body.first, body.bytes);
    head.bytes += static_cast<uint32_t>(body.bytes);
    body.bytes = 0;
  }
  if (is_in_parts && body.bytes > 0 && !KeepParts(call, answer)) return OnExhausted(call);
  is_answered_ = true;
  call.intents.Send(LinkRole::kClient, std::move(head));
  if (parts_) {
    file_ = std::move(look.file);
  } else {
    SendRange(look.file, body, call.intents);
  }
  call.intents.More();
  return Next::kStay;
}

bool Serving::KeepParts(const Call& call, const FileAnswer& answer) {
  parts_ = call.stores().TakeHeldChunk(call.stores().held());
  if (!parts_) return false;
  auto* const kept = new (parts_.data()) FileAnswer;
  kept->response = answer.response;
  kept->ranges = answer.ranges;
  kept->entity_tag = answer.entity_tag;
  kept->response.entity_tag = {kept->entity_tag.data(), answer.response.entity_tag.size()};
  kept->response.ranges = kept->ranges.Kept();
  return true;
}

Next Serving::SendNextPart(const Call& call) {
  const auto& answer = *std::launder(reinterpret_cast<FileAnswer*>(parts_.data()));
  base::Piece head{.lease = call.stores().TakeForQueue(call.shell.slot)};
  if (!head.lease) return OnExhausted(call);
  head.data = head.lease.data();
  const std::span<char> room = RoomOf(head.lease, BufferClass::kCell);
  const bool is_last = next_part_ == answer.ranges.count;
  head.bytes =
      static_cast<uint32_t>(is_last ? http::BuildLastBoundary(answer.response, room)
                                    : http::BuildPartHead(answer.response, next_part_, room));
  call.intents.Send(LinkRole::kClient, std::move(head));
  if (is_last) {
    parts_ = {};
    file_ = {};
  } else {
    SendRange(file_, answer.ranges.ranges[next_part_++], call.intents);
  }
  call.intents.More();
  return Next::kStay;
}

Next Serving::AnswerWithout(const Call& call, const http::Refusal& refusal) {
  base::Piece answer{.lease = call.stores().TakeForQueue(call.shell.slot)};
  if (!answer.lease) return OnExhausted(call);
  answer.data = answer.lease.data();
  const bool is_head = call.environment.request.head.method == http::Method::kHead;
  answer.bytes = static_cast<uint32_t>(
      http::BuildRefusal(refusal, RoomOf(answer.lease, BufferClass::kCell),
                         is_head ? http::AnswerBody::kOmitted : http::AnswerBody::kSent, after_,
                         call.environment.unix_s));
  (refusal.status == Status::kNotFound ? call.counters().files_missing
                                       : call.counters().files_refused)
      .Add(1);
  return SendWhole(call, std::move(answer), refusal.status);
}

Next Serving::AnswerWithSlash(const Call& call) {
  const http::RequestHead& head = call.environment.request.head;
  base::Piece answer{.lease = call.stores().TakeQueueChunk()};
  if (!answer.lease) return OnExhausted(call);
  answer.data = answer.lease.data();
  answer.bytes = static_cast<uint32_t>(
      http::BuildSlashRedirect(head.path, head.query, after_,
                               RoomOf(answer.lease, BufferClass::kChunk), call.environment.unix_s));
  if (answer.bytes == 0) return AnswerWithout(call, http::kFileMissing);
  return SendWhole(call, std::move(answer), Status::kMovedPermanently);
}

Next Serving::SendWhole(const Call& call, base::Piece&& answer, Status status) {
  call.shell.answered_status = static_cast<uint16_t>(status);
  is_answered_ = true;
  call.intents.Send(LinkRole::kClient, std::move(answer));
  call.intents.More();
  return Next::kStay;
}

Next Serving::OnRoom(const Call& call) { return parts_ ? SendNextPart(call) : End(call); }

// The client's next request is read, which may have come already.
Next Serving::End(const Call& call) {
  Shell& shell = call.shell;
  LeaveRoute(shell);
  LeaveGateway(shell);
  const bool keeps_client = after_ != http::AfterAnswer::kClose;
  if (!keeps_client || shell.ends_after_answer) {
    const EndSide side = keeps_client ? EndSide::kGateway : EndSide::kClient;
    call.intents.Finish(LinkRole::kClient);
    return Close(call, {side, EndReason::kAnswered, shell.answered_status});
  }
  return call.Go(Next::kHandshake, {.piece = std::move(held_), .moves_timer = moved_timer_});
}

}  // namespace ringway::session
