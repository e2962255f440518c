// SPDX-License-Identifier: Apache-2.0
//
// static mode: a request is answered with a file. What the worker remembers of files is asked at
// once; what it does not know it looks for, and the request is held meanwhile. Answers leave one by
// one: the next request is read when there is room for its answer.
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
#include "gateway/session/request_path.h"
#include "gateway/session/session.h"

namespace ringway::session {
namespace {

using base::BufferClass;
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

}  // namespace

void Session::OnFileRequest(Environment& environment, const http::RequestHead& head,
                            FileRequest request, Intents& intents) {
  http::Refusal refusal;
  if (!EnterRoute(environment, &refusal)) return RefuseWith(environment, refusal, intents);
  auto& serving = stream_.emplace<Serving>();
  serving.head_bytes = static_cast<uint16_t>(head.head_bytes);
  if (head.keep_alive && !ends_after_answer_) serving.after = WhereItStays(head);
  state_ = State::kServing;
  state_since_ns_ = environment.now_ns;
  environment.counters.file_requests.Add(1);
  // The head's timer is there and comes earlier, unless a client may idle for less long than that.
  const base::Limits& limits = environment.limits;
  if (limits.idle_timeout_ns != 0 && limits.idle_timeout_ns < limits.handshake_timeout_ns) {
    intents.Timer(NextDueNs(environment));
  }
  if (request == FileRequest::kLacksSlash) return AnswerWithSlash(environment, head, intents);
  if (head.method == http::Method::kOther) {
    return AnswerWithout(environment, head, http::kFileMethod, intents);
  }
  if (std::max({head.accept_encoding.count, head.if_match.count, head.if_none_match.count}) >
      http::kListFieldsMax) {
    return AnswerWithout(environment, head, http::kFileFieldsTooMany, intents);
  }
  LookForFile(environment, head, {}, intents);
}

// `look`: of the form that is the serving's candidate, or unknown.
void Session::LookForFile(Environment& environment, const http::RequestHead& head, FileLook look,
                          Intents& intents) {
  auto& serving = std::get<Serving>(stream_);
  FileNames names(*route_, head);
  if (names.result() == http::FilePathResult::kMalformed) {
    return AnswerWithout(environment, head, http::kFilePathMalformed, intents);
  }
  FileForm form;
  const bool is_hidden = names.result() == http::FilePathResult::kHidden;
  for (; !is_hidden && names.Get(serving.candidate, &form); ++serving.candidate) {
    if (look.outcome == FileOutcome::kUnknown) {
      look = environment.files.Find(route_->index, form.name);
    }
    switch (std::exchange(look.outcome, FileOutcome::kUnknown)) {
      case FileOutcome::kFile:
        return AnswerWithFile(environment, head, form, std::move(look), intents);
      case FileOutcome::kUnknown:
        return AskForFile(environment, form.name, intents);
      case FileOutcome::kUnavailable:
        return AnswerWithout(environment, head, http::kFileUnavailable, intents);
      case FileOutcome::kDirectory:
        // Only what the path itself names: a folder "a.gz" is no sibling of "a".
        if (form.is_fallback || names.names_folder() ||
            form.coding != http::ContentCoding::kIdentity) {
          break;
        }
        return AnswerWithSlash(environment, head, intents);
      case FileOutcome::kMissing:
        break;
    }
  }
  AnswerWithout(environment, head, http::kFileMissing, intents);
}

// The request is kept: its conditions are looked at when the file is there. WHY the name behind it,
// on an account of its own: each session has one cell for what it holds, and who waits for the disk
// gives his chunk back soon, unlike those who do not read their answers.
void Session::AskForFile(Environment& environment, std::string_view name, Intents& intents) {
  auto& serving = std::get<Serving>(stream_);
  const Holder holder{environment.stores, slot_, environment.stores.asking()};
  const auto name_bytes = static_cast<uint32_t>(name.size());
  const bool fits_behind = held_.bytes + name_bytes + 1 <= kChunkBytes;
  const uint32_t name_at = fits_behind ? held_.bytes : 0;
  base::Piece place{.lease = holder.Take(name_at + name_bytes + 1), .bytes = name_at};
  if (!place.lease) return OnPoolExhausted(environment, intents);
  place.data = place.lease.data();
  std::memcpy(place.data, held_.data, name_at);
  std::memcpy(place.data + name_at, name.data(), name_bytes);
  place.data[name_at + name_bytes] = 0;
  serving.name = place.lease.Share();
  serving.name_at = static_cast<uint16_t>(name_at);
  serving.name_bytes = static_cast<uint16_t>(name_bytes);
  if (fits_behind) {
    held_ = std::move(place);
  } else if (!Hold(holder, held_, &held_)) {
    return OnPoolExhausted(environment, intents);
  }
  serving.awaits_file = true;
  intents.Find();
}

void Session::OnFound(Environment& environment, FileLook look, Intents& intents) {
  if (state_ != State::kServing) return;
  auto& serving = std::get<Serving>(stream_);
  if (look.outcome == FileOutcome::kUnknown) {
    if (++serving.looks < kLooksMax) return intents.Find();
    look.outcome = FileOutcome::kUnavailable;
  }
  serving.awaits_file = false;
  serving.looks = 0;
  serving.name = {};
  http::RequestHead head;
  http::Refusal refusal;
  const bool is_whole = http::ParseRequestHead(TextOf(held_), environment.limits.head_bytes_max,
                                               &head, &refusal) == http::HeadResult::kWhole;
  PathBytes path_bytes;
  const bool is_good = is_whole && NormalizePath(&head, &path_bytes) == nullptr;
  RINGWAY_CHECK(is_good);  // it was when it came
  LookForFile(environment, head, std::move(look), intents);
  if (state_ == State::kServing && !serving.awaits_file) DropRequest(environment);
}

// Its answer is on its way. What came behind it is held: in the same chunk, if it may be.
void Session::DropRequest(Environment& environment) {
  const uint32_t head_bytes = std::exchange(std::get<Serving>(stream_).head_bytes, uint16_t{0});
  base::Piece request = std::exchange(held_, {});
  const base::Piece rest{.data = request.data + head_bytes, .bytes = request.bytes - head_bytes};
  if (rest.bytes == 0 || client_deaf_) return;
  const Holder holder = HolderOf(environment.stores);
  const base::Arena& arena = environment.stores.arena();
  const base::BufferId id = request.lease.id();
  if (arena.ClassOf(id) == BufferClass::kChunk && arena.account(id) == holder.account) {
    request.data = request.lease.data();
    request.bytes = rest.bytes;
    std::memmove(request.data, rest.data, rest.bytes);
    held_ = std::move(request);
  } else if (!Hold(holder, rest, &held_)) {
    // The answer is whole; what the client has sent behind it, it may send again elsewhere.
    environment.counters.requests_dropped.Add(1);
    ends_after_answer_ = true;
  }
}

void Session::AnswerWithFile(Environment& environment, const http::RequestHead& head,
                             const FileForm& form, FileLook look, Intents& intents) {
  const auto& serving = std::get<Serving>(stream_);
  const config::StaticFiles& files = route_->files;
  FileAnswer answer;
  const size_t tag_bytes = http::BuildEntityTag(
      {.bytes = look.bytes, .modified_ns = look.modified_ns, .changed_ns = look.changed_ns},
      form.coding, answer.entity_tag);
  // An older file that takes a name is news to who has the newer one, whatever its own time says.
  const int64_t came_ns = std::max(look.modified_ns, look.changed_ns);
  const http::Validators validators{.entity_tag = {answer.entity_tag.data(), tag_bytes},
                                    .last_modified_s = SecondsOf(came_ns)};
  answer.response = {
      .status = Judge(head, validators, environment.unix_s, look.bytes, &answer.ranges),
      .after = serving.after,
      .now_s = environment.unix_s,
      .content_type = environment.media_types.ForPath(form.base),
      .file_bytes = look.bytes,
      .last_modified_s = validators.last_modified_s,
      .entity_tag = validators.entity_tag,
      .cache_control = files.cache_control,
      .coding = form.coding,
      .coding_choice =
          files.precompressed ? http::CodingChoice::kByAcceptEncoding : http::CodingChoice::kNone,
      .ranges = answer.ranges.Kept()};
  if (answer.ranges.count > 1) {
    answer.response.boundary =
        http::BoundaryOf(environment.secret, ++environment.multipart_answers);
  }
  answered_status_ = static_cast<uint16_t>(answer.response.status);
  SendAnswer(environment, head.method, answer, std::move(look), intents);
}

}  // namespace ringway::session
