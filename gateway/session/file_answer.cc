// SPDX-License-Identifier: Apache-2.0
//
// static mode: what leaves for one request, and what comes after it.
#include "gateway/session/file_answer.h"

#include <cstring>
#include <new>
#include <utility>

#include "gateway/http/file_refusals.h"
#include "gateway/session/session.h"

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

void Session::SendAnswer(Environment& environment, http::Method method, const FileAnswer& answer,
                         FileLook look, Intents& intents) {
  auto& serving = std::get<Serving>(stream_);
  const http::FileResponse& response = answer.response;
  const bool is_in_parts = answer.ranges.count > 1;
  http::ByteRange body = method == http::Method::kHead ? http::ByteRange{} : BodyOf(response);
  // Where chunks are short, two slices cost less than one of them.
  const bool is_copied =
      !is_in_parts && body.bytes <= kCopiedBytesMax && body.bytes > 0 && IsInMemory(look.file) &&
      environment.stores.LimitBytes() >= flow::Stores::FootprintOf(BufferClass::kChunk);
  base::Piece head = BuildHead(environment.stores, slot_, response,
                               is_copied ? BufferClass::kChunk : BufferClass::kCell);
  if (head.bytes == 0) return OnPoolExhausted(environment, intents);
  if (is_copied) {
    std::memcpy(head.data + head.bytes, look.file.data() + body.first, body.bytes);
    head.bytes += static_cast<uint32_t>(body.bytes);
    body.bytes = 0;
  }
  if (is_in_parts && body.bytes > 0 && !KeepParts(environment, answer)) {
    return OnPoolExhausted(environment, intents);
  }
  serving.is_answered = true;
  intents.Send(LinkRole::kClient, std::move(head));
  if (serving.parts) {
    serving.file = std::move(look.file);
  } else {
    SendRange(look.file, body, intents);
  }
  intents.More();
}

bool Session::KeepParts(Environment& environment, const FileAnswer& answer) {
  auto& serving = std::get<Serving>(stream_);
  serving.parts = environment.stores.TakeHeldChunk(environment.stores.held());
  if (!serving.parts) return false;
  auto* const kept = new (serving.parts.data()) FileAnswer;
  kept->response = answer.response;
  kept->ranges = answer.ranges;
  kept->entity_tag = answer.entity_tag;
  kept->response.entity_tag = {kept->entity_tag.data(), answer.response.entity_tag.size()};
  kept->response.ranges = kept->ranges.Kept();
  return true;
}

void Session::SendNextPart(Environment& environment, Intents& intents) {
  auto& serving = std::get<Serving>(stream_);
  const auto& answer = *std::launder(reinterpret_cast<FileAnswer*>(serving.parts.data()));
  base::Piece head{.lease = environment.stores.TakeForQueue(slot_)};
  if (!head.lease) return OnPoolExhausted(environment, intents);
  head.data = head.lease.data();
  const std::span<char> room = RoomOf(head.lease, BufferClass::kCell);
  const bool is_last = serving.next_part == answer.ranges.count;
  head.bytes = static_cast<uint32_t>(
      is_last ? http::BuildLastBoundary(answer.response, room)
              : http::BuildPartHead(answer.response, serving.next_part, room));
  intents.Send(LinkRole::kClient, std::move(head));
  if (is_last) {
    serving.parts = {};
    serving.file = {};
  } else {
    SendRange(serving.file, answer.ranges.ranges[serving.next_part++], intents);
  }
  intents.More();
}

void Session::AnswerWithout(Environment& environment, const http::RequestHead& head,
                            const http::Refusal& refusal, Intents& intents) {
  auto& serving = std::get<Serving>(stream_);
  base::Piece answer{.lease = environment.stores.TakeForQueue(slot_)};
  if (!answer.lease) return OnPoolExhausted(environment, intents);
  answer.data = answer.lease.data();
  answer.bytes = static_cast<uint32_t>(http::BuildRefusal(
      refusal, RoomOf(answer.lease, BufferClass::kCell),
      head.method == http::Method::kHead ? http::AnswerBody::kOmitted : http::AnswerBody::kSent,
      serving.after, environment.unix_s));
  (refusal.status == Status::kNotFound ? environment.counters.files_missing
                                       : environment.counters.files_refused)
      .Add(1);
  answered_status_ = static_cast<uint16_t>(refusal.status);
  serving.is_answered = true;
  intents.Send(LinkRole::kClient, std::move(answer));
  intents.More();
}

void Session::AnswerWithSlash(Environment& environment, const http::RequestHead& head,
                              Intents& intents) {
  auto& serving = std::get<Serving>(stream_);
  base::Piece answer{.lease = environment.stores.TakeQueueChunk()};
  if (!answer.lease) return OnPoolExhausted(environment, intents);
  answer.data = answer.lease.data();
  answer.bytes = static_cast<uint32_t>(
      http::BuildSlashRedirect(head.path, head.query, serving.after,
                               RoomOf(answer.lease, BufferClass::kChunk), environment.unix_s));
  if (answer.bytes == 0) return AnswerWithout(environment, head, http::kFileMissing, intents);
  answered_status_ = static_cast<uint16_t>(Status::kMovedPermanently);
  serving.is_answered = true;
  intents.Send(LinkRole::kClient, std::move(answer));
  intents.More();
}

void Session::OnRoom(Environment& environment, Intents& intents) {
  if (state_ != State::kServing) return;
  if (std::get<Serving>(stream_).parts) return SendNextPart(environment, intents);
  EndServing(environment, intents);
}

// The client's next request is read, which may have come already.
void Session::EndServing(Environment& environment, Intents& intents) {
  const auto& serving = std::get<Serving>(stream_);
  LeaveRoute(environment);
  LeaveGateway(environment);
  const bool keeps_client = serving.after != http::AfterAnswer::kClose;
  if (!keeps_client || ends_after_answer_) {
    const EndSide side = keeps_client ? EndSide::kGateway : EndSide::kClient;
    client_deaf_ = true;
    held_ = {};
    intents.Finish(LinkRole::kClient);
    return EnterClosing(environment, {side, EndReason::kAnswered, answered_status_}, intents);
  }
  const bool moved_timer = serving.moved_timer;
  stream_.emplace<Frames>();
  state_ = State::kHandshake;
  state_since_ns_ = environment.now_ns;
  // An earlier time than that of the next request does no harm.
  if (moved_timer) intents.Timer(NextDueNs(environment));
  base::Piece rest = std::exchange(held_, {});
  if (rest.bytes > 0) OnRequestBytes(environment, std::move(rest), intents);
}

void Session::OnFileBroken(Environment& environment, FileFault fault, Intents& intents) {
  if (state_ != State::kServing) return;
  const bool is_changed = fault == FileFault::kChanged;
  (is_changed ? environment.counters.files_changed : environment.counters.files_unreadable).Add(1);
  const EndReason reason = is_changed ? EndReason::kFileChanged : EndReason::kFileUnreadable;
  CutServing(environment, {EndSide::kGateway, reason, answered_status_}, intents);
}

// The client has its Content-Length, and sees that the end came before it.
void Session::CutServing(Environment& environment, Ending ending, Intents& intents) {
  client_deaf_ = true;
  held_ = {};
  // The name belongs to the worker while it looks for the file.
  if (!std::get<Serving>(stream_).awaits_file) stream_.emplace<Frames>();
  intents.Drop(LinkRole::kClient);
  EnterClosing(environment, ending, intents);
}

}  // namespace ringway::session
