// SPDX-License-Identifier: Apache-2.0
//
// Which file a request is answered with, and in which form.
#include "gateway/session/serving.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "gateway/http/boundary.h"
#include "gateway/http/entity_tag.h"
#include "gateway/http/file_refusals.h"
#include "gateway/http/preconditions.h"
#include "gateway/session/file_answer.h"
#include "gateway/session/file_name.h"
#include "gateway/session/held_head.h"
#include "gateway/session/last_word.h"

namespace ringway::session {
namespace {

using base::BufferClass;
using base::LinkRole;
using http::AfterAnswer;
using http::Status;

/// A look brings nothing where names change meanwhile. A client that has met that so often in a row
/// is told to come again.
constexpr uint8_t kLooksMax = 8;

constexpr int64_t kNsPerS = 1'000'000'000;

AfterAnswer WhereItStays(const http::RequestHead& head) {
  return head.minor_version == 0 ? AfterAnswer::kKeepOpenAsAsked : AfterAnswer::kKeepOpen;
}

/// Rounded down, before 1970 too.
int64_t SecondsOf(int64_t ns) { return ns / kNsPerS - (ns % kNsPerS < 0 ? 1 : 0); }

http::Conditions ConditionsOf(const http::RequestHead& head) {
  return {.method = head.method,
          .if_match = head.if_match.Kept(),
          .if_none_match = head.if_none_match.Kept(),
          .if_modified_since = head.if_modified_since,
          .if_unmodified_since = head.if_unmodified_since,
          .if_range = head.if_range};
}

/// The status, and for a part of the file which.
Status Judge(const http::RequestHead& head, const http::Validators& validators, int64_t now_s,
             uint64_t file_bytes, http::ByteRanges* ranges) {
  const http::Conditions conditions = ConditionsOf(head);
  switch (http::EvaluatePreconditions(conditions, validators, now_s)) {
    case http::PreconditionResult::kNotModified:
      return Status::kNotModified;
    case http::PreconditionResult::kFailed:
      return Status::kPreconditionFailed;
    case http::PreconditionResult::kProceed:
      break;
  }
  if (http::EvaluateIfRange(conditions, validators, now_s) == http::RangeUse::kIgnored) {
    return Status::kOk;
  }
  switch (http::ResolveByteRanges(head.range, file_bytes, ranges)) {
    case http::RangeResult::kSatisfiable:
      return Status::kPartialContent;
    case http::RangeResult::kUnsatisfiable:
      return Status::kRangeNotSatisfiable;
    case http::RangeResult::kNone:
      break;
  }
  return Status::kOk;
}

/// What has come behind a request waits on an account of its own.
Holder HolderOf(const Call& call) { return {call.stores(), call.shell.slot, call.stores().held()}; }

}  // namespace

Next Serving::Begin(const Call& call, Handover&& handover) {
  const http::RequestHead& head = call.environment.request.head;
  held_ = std::move(handover.piece);
  head_bytes_ = static_cast<uint16_t>(head.head_bytes);
  if (head.keep_alive && !call.shell.ends_after_answer) after_ = WhereItStays(head);
  ++call.shell.find_generation;
  call.counters().file_requests.Add(1);
  // The head's timer is there and comes earlier, unless a client may idle for less long than that.
  const base::Limits& limits = call.limits();
  if (limits.idle_timeout_ns != 0 && limits.idle_timeout_ns < limits.handshake_timeout_ns) {
    call.intents.Timer(DueNs(call));
  }
  return DropRequest(call, Answer(call, handover.request));
}

Next Serving::Answer(const Call& call, FileRequest request) {
  const http::RequestHead& head = call.environment.request.head;
  if (request == FileRequest::kLacksSlash) return AnswerWithSlash(call);
  if (head.method == http::Method::kOther) return AnswerWithout(call, http::kFileMethod);
  if (std::max({head.accept_encoding.count, head.if_match.count, head.if_none_match.count}) >
      http::kListFieldsMax) {
    return AnswerWithout(call, http::kFileFieldsTooMany);
  }
  return LookForFile(call, {});
}

// `look`: of the form that is the candidate, or unknown.
Next Serving::LookForFile(const Call& call, FileLook look) {
  const config::Route& route = call.route();
  FileNames names(route, call.environment.request.head);
  if (names.result() == http::FilePathResult::kMalformed) {
    return AnswerWithout(call, http::kFilePathMalformed);
  }
  FileForm form;
  const bool is_hidden = names.result() == http::FilePathResult::kHidden;
  for (; !is_hidden && names.Get(candidate_, &form); ++candidate_) {
    if (look.outcome == FileOutcome::kUnknown) {
      look = call.environment.files.Find(route.index, form.name);
    }
    switch (std::exchange(look.outcome, FileOutcome::kUnknown)) {
      case FileOutcome::kFile:
        return AnswerWithFile(call, form, std::move(look));
      case FileOutcome::kUnknown:
        return AskForFile(call, form.name);
      case FileOutcome::kUnavailable:
        return AnswerWithout(call, http::kFileUnavailable);
      case FileOutcome::kDirectory:
        // Only what the path itself names: a folder "a.gz" is no sibling of "a".
        if (form.is_fallback || names.names_folder() ||
            form.coding != http::ContentCoding::kIdentity) {
          break;
        }
        return AnswerWithSlash(call);
      case FileOutcome::kMissing:
        break;
    }
  }
  return AnswerWithout(call, http::kFileMissing);
}

// The request is kept: its conditions are looked at when the file is there. WHY the name behind it,
// on an account of its own: each session has one cell for what it holds, and who waits for the disk
// gives his chunk back soon, unlike those who do not read their answers.
Next Serving::AskForFile(const Call& call, std::string_view name) {
  const Holder holder{call.stores(), call.shell.slot, call.stores().asking()};
  const auto name_bytes = static_cast<uint32_t>(name.size());
  const bool fits_behind = held_.bytes + name_bytes + 1 <= kChunkBytes;
  const uint32_t name_at = fits_behind ? held_.bytes : 0;
  base::Piece place{.lease = holder.Take(name_at + name_bytes + 1), .bytes = name_at};
  if (!place.lease) return OnExhausted(call);
  place.data = place.lease.data();
  std::memcpy(place.data, held_.data, name_at);
  std::memcpy(place.data + name_at, name.data(), name_bytes);
  place.data[name_at + name_bytes] = 0;
  base::Piece path{.lease = place.lease.Share(), .data = place.data + name_at, .bytes = name_bytes};
  if (fits_behind) {
    held_ = std::move(place);
  } else if (!Hold(holder, held_, &held_)) {
    return OnExhausted(call);
  }
  awaits_file_ = true;
  return Find(call, std::move(path));
}

Next Serving::Find(const Call& call, base::Piece&& path) {
  call.intents.Find(std::move(path), {call.shell.route_index, call.shell.find_generation});
  return Next::kStay;
}

Next Serving::OnFound(const Call& call, FoundFile&& found) {
  if (found.look.outcome == FileOutcome::kUnknown) {
    if (++looks_ < kLooksMax) return Find(call, std::move(found.path));
    found.look.outcome = FileOutcome::kUnavailable;
  }
  awaits_file_ = false;
  looks_ = 0;
  found.path = {};
  Request& request = call.environment.request;
  http::Refusal refusal;
  request.text = TextOf(held_);
  const bool is_whole = http::ParseRequestHead(request.text, call.limits().head_bytes_max,
                                               &request.head, &refusal) == http::HeadResult::kWhole;
  const bool is_good = is_whole && NormalizePath(&request.head, &request.path_bytes) == nullptr;
  RINGWAY_CHECK(is_good);  // it was when it came
  return DropRequest(call, LookForFile(call, std::move(found.look)));
}

// Where its answer is on its way. What came behind it is held: in the same chunk, if it may be.
Next Serving::DropRequest(const Call& call, Next next) {
  if (next != Next::kStay || awaits_file_) return next;
  const uint32_t head_bytes = std::exchange(head_bytes_, uint16_t{0});
  base::Piece request = std::exchange(held_, {});
  const base::Piece rest{.data = request.data + head_bytes, .bytes = request.bytes - head_bytes};
  if (rest.bytes == 0) return next;
  const Holder holder = HolderOf(call);
  const base::Arena& arena = call.stores().arena();
  const base::BufferId id = request.lease.id();
  if (arena.ClassOf(id) == BufferClass::kChunk && arena.account(id) == holder.account) {
    request.data = request.lease.data();
    request.bytes = rest.bytes;
    std::memmove(request.data, rest.data, rest.bytes);
    held_ = std::move(request);
  } else if (!Hold(holder, rest, &held_)) {
    // The answer is whole; what the client has sent behind it, it may send again elsewhere.
    call.counters().requests_dropped.Add(1);
    call.shell.ends_after_answer = true;
  }
  return next;
}

Next Serving::AnswerWithFile(const Call& call, const FileForm& form, FileLook look) {
  const http::RequestHead& head = call.environment.request.head;
  const int64_t now_s = call.environment.unix_s;
  const config::StaticFiles& files = call.route().files;
  FileAnswer answer;
  const size_t tag_bytes = http::BuildEntityTag(
      {.bytes = look.bytes, .modified_ns = look.modified_ns, .changed_ns = look.changed_ns},
      form.coding, answer.entity_tag);
  // An older file that takes a name is news to who has the newer one, whatever its own time says.
  const int64_t came_ns = std::max(look.modified_ns, look.changed_ns);
  const http::Validators validators{.entity_tag = {answer.entity_tag.data(), tag_bytes},
                                    .last_modified_s = SecondsOf(came_ns)};
  answer.response = {.status = Judge(head, validators, now_s, look.bytes, &answer.ranges),
                     .after = after_,
                     .now_s = now_s,
                     .content_type = call.snapshot().media_types.ForPath(form.base),
                     .file_bytes = look.bytes,
                     .last_modified_s = validators.last_modified_s,
                     .entity_tag = validators.entity_tag,
                     .cache_control = files.cache_control,
                     .coding = form.coding,
                     .coding_choice = files.precompressed ? http::CodingChoice::kByAcceptEncoding
                                                          : http::CodingChoice::kNone,
                     .ranges = answer.ranges.Kept()};
  if (answer.ranges.count > 1) {
    answer.response.boundary =
        http::BoundaryOf(call.environment.secret, ++call.environment.multipart_answers);
  }
  call.shell.answered_status = static_cast<uint16_t>(answer.response.status);
  return SendAnswer(call, answer, std::move(look));
}

Next Serving::OnBytes(const Call& call, LinkRole /*from*/, base::Piece&& piece) {
  return call.Discard(piece.bytes);  // the client is not read
}

Next Serving::OnEnd(const Call& call, LinkRole from, LinkEnd /*end*/) {
  if (from == LinkRole::kBackend) return Next::kStay;
  call.counters().client_resets.Add(1);
  return Cut(call, {EndSide::kClient, EndReason::kClientGone, call.shell.answered_status});
}

Next Serving::OnDue(const Call& call, ClientLook /*client*/) {
  if (const uint64_t due = DueNs(call); call.now_ns() < due) {
    moved_timer_ = true;
    return call.WaitUntil(due);
  }
  call.counters().idle_timeouts.Add(1);
  return Cut(call, {EndSide::kGateway, EndReason::kIdle, call.shell.answered_status});
}

Next Serving::OnDrain(const Call& call) {
  call.shell.ends_after_answer = true;
  return Next::kStay;
}

// An answer that has begun cannot become another one.
Next Serving::OnExhausted(const Call& call) {
  if (is_answered_) return CutForMemory(call);
  return RefuseForMemory(call, http::AnswerBodyOf(TextOf(held_)));
}

Next Serving::OnFileBroken(const Call& call, FileFault fault) {
  const bool is_changed = fault == FileFault::kChanged;
  (is_changed ? call.counters().files_changed : call.counters().files_unreadable).Add(1);
  const EndReason reason = is_changed ? EndReason::kFileChanged : EndReason::kFileUnreadable;
  return Cut(call, {EndSide::kGateway, reason, call.shell.answered_status});
}

// The client has its Content-Length, and sees that the end came before it.
Next Serving::Cut(const Call& call, const Ending& ending) { return CloseSilently(call, ending); }

uint64_t Serving::DueNs(const Call& call) const {
  return After(std::max(call.SinceNs(), call.LastByteNs()), call.limits().idle_timeout_ns);
}

}  // namespace ringway::session
