// SPDX-License-Identifier: Apache-2.0
//
// Heads: which answer is right. file_body.cc has what follows them.
#include "tests/sim/file_reader.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "tests/sim/answers.h"

namespace ringway::sim {
namespace {

constexpr size_t kHeadBytesMax = 4096;

bool IsRefusal(int status) { return status == 408 || status == 429 || status == 503; }

std::string RangeText(const FileRequest& request) {
  if (request.suffix_bytes > 0) return absl::StrCat("bytes=-", request.suffix_bytes);
  std::string text = "bytes=";
  for (const AskedRange& range : request.ranges) {
    absl::StrAppend(&text, text.back() == '=' ? "" : ", ", range.first, "-");
    if (range.last != AskedRange::kToTheEnd) absl::StrAppend(&text, range.last);
  }
  return text;
}

bool AsksForPart(const FileRequest& request) {
  return !request.head && (request.suffix_bytes > 0 || !request.ranges.empty());
}

}  // namespace

std::string TextOf(const SentRequest& sent, uint32_t index) {
  const FileRequest& request = sent.request;
  const char* method = request.wish == Wish::kNoMethod ? "DELETE" : request.head ? "HEAD" : "GET";
  std::string text =
      absl::StrCat(method, " /", index, "/", request.target, " HTTP/1.1\r\nHost: ringway.test\r\n");
  static constexpr const char* kFields[] = {"", "If-None-Match", "If-None-Match", "If-Match",
                                            "If-Range"};
  const size_t condition = static_cast<size_t>(request.condition);
  if (condition > 0) absl::StrAppend(&text, kFields[condition], ": ", sent.entity_tag, "\r\n");
  if (request.suffix_bytes > 0 || !request.ranges.empty()) {
    absl::StrAppend(&text, "Range: ", RangeText(request), "\r\n");
  }
  if (request.closes) absl::StrAppend(&text, "Connection: close\r\n");
  return absl::StrCat(text, "\r\n");
}

void FileReader::Wrong(const char* format, ...) {
  char what[160];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  verdict_->Fail("%s; asked: %s answered: %s", what, TextOf(sent_, 0).c_str(), head_.c_str());
}

void FileReader::Expect(SentRequest sent) {
  sent_ = std::move(sent);
  state_ = State::kHead;
  head_.clear();
  boundary_.clear();
  parts_.clear();
  version_ = nullptr;
  status_ = 0;
  left_ = 0;
}

size_t FileReader::Feed(std::span<const uint8_t> bytes) {
  size_t used = 0;
  while (used < bytes.size() && state_ != State::kDone && !verdict_->failed()) {
    const auto rest = bytes.subspan(used);
    const std::string_view text(reinterpret_cast<const char*>(rest.data()), rest.size());
    switch (state_) {
      case State::kDone:
        break;
      case State::kHead:
        used += FeedHead(text);
        break;
      case State::kSkip: {
        const size_t count = std::min<uint64_t>(rest.size(), left_);
        left_ -= count;
        used += count;
        if (left_ == 0) state_ = State::kDone;
        break;
      }
      case State::kPartHead:
        used += FeedPartHead(text);
        break;
      case State::kBytes:
        used += FeedBytes(rest);
        break;
      case State::kLast:
        used += FeedLast(text);
        break;
    }
  }
  return used;
}

size_t FileReader::FeedHead(std::string_view text) {
  size_t used = 0;
  while (used < text.size() && !head_.ends_with("\r\n\r\n")) head_.push_back(text[used++]);
  if (head_.size() > kHeadBytesMax) Wrong("a head without an end");
  if (head_.ends_with("\r\n\r\n")) OnHead();
  return used;
}

std::string_view FileReader::Field(std::string_view name) const { return FieldOf(head_, name); }

uint64_t FileReader::ContentLength() {
  const std::string text(Field("Content-Length"));
  if (text.empty()) Wrong("no Content-Length");
  return std::strtoull(text.c_str(), nullptr, 10);
}

uint64_t FileReader::since_ns() const { return FileBook::SinceNs(sent_.sent_ns); }

void FileReader::OnHead() {
  if (!head_.starts_with("HTTP/1.1 ")) return Wrong("no HTTP");
  status_ = std::atoi(head_.c_str() + 9);
  closes_ = Field("Connection") == "close";
  if (sent_.request.closes && !closes_) Wrong("it does not say that it is the last one");
  is_refused_ = IsRefusal(status_);
  const bool is_file = sent_.request.wish == Wish::kFile && !is_refused_;
  is_file ? OnFileHead() : OnOtherHead();
}

// A sentence, which nobody has to read.
void FileReader::OnOtherHead() {
  static constexpr int kStatus[] = {0, 404, 400, 301, 405};
  const FileRequest& request = sent_.request;
  if (!is_refused_ && status_ != kStatus[static_cast<size_t>(request.wish)]) {
    return Wrong("a wrong status");
  }
  if (status_ == 301 && !Field("Location").ends_with(absl::StrCat("/", request.target, "/"))) {
    Wrong("a wrong Location");
  }
  left_ = ContentLength();
  state_ = left_ > 0 && !request.head ? State::kSkip : State::kDone;
}

void FileReader::OnFileHead() {
  CheckCondition();
  const bool may_be_guessed = Field("X-Content-Type-Options") != "nosniff";
  if (status_ != 404 && may_be_guessed) return Wrong("a type that may be guessed");
  switch (status_) {
    case 200:
      return OnWholeFile();
    case 206:
      return OnParts();
    case 304:
      state_ = State::kDone;
      return;
    case 412:
      if (ContentLength() != 0) Wrong("a 412 with a body");
      state_ = State::kDone;
      return;
    case 416:
      return CheckUnsatisfiable();
    default:
      Wrong("a wrong status");
  }
}

// The tag that was sent is that of one version; the answer's says whether it is about that one.
void FileReader::CheckCondition() {
  const bool same = Field("ETag") == sent_.entity_tag;
  switch (sent_.request.condition) {
    case Condition::kNone:
      if (status_ == 304 || status_ == 412) Wrong("nobody asked for that");
      return;
    case Condition::kIfNoneMatch:
      if ((status_ == 304) != same || status_ == 412) Wrong("If-None-Match %d", same);
      return;
    case Condition::kIfNoneMatchAny:
      if (status_ != 304) Wrong("there is a file");
      return;
    case Condition::kIfMatch:
      if (status_ == 304 || (status_ < 300 && !same)) Wrong("If-Match");
      return;
    case Condition::kIfRange:
      if (status_ == 206 && !same) Wrong("a part of another version");
      if (status_ == 304 || status_ == 412) Wrong("If-Range");
      return;
  }
}

// Which version the answer is about, and whether what it says of it is so.
bool FileReader::FindVersion() {
  version_ = book_->Find(sent_.request.path, Field("Last-Modified"), since_ns());
  if (version_ == nullptr) {
    Wrong("no such version");
  } else if (!book_->NoteTag(*version_, Field("ETag"))) {
    Wrong("a wrong tag");
  } else if (Field("Content-Type").empty()) {
    Wrong("no type");
  }
  return !verdict_->failed();
}

std::vector<FileReader::Part> FileReader::PartsOf(uint64_t file_bytes) const {
  const FileRequest& request = sent_.request;
  std::vector<Part> parts;
  if (request.suffix_bytes > 0) {
    const uint64_t bytes = std::min(request.suffix_bytes, file_bytes);
    if (bytes > 0) parts.push_back({.first = file_bytes - bytes, .bytes = bytes});
    return parts;
  }
  for (const AskedRange& range : request.ranges) {
    if (range.first >= file_bytes) continue;
    const uint64_t last = std::min(range.last, file_bytes - 1);
    parts.push_back({.first = range.first, .bytes = last - range.first + 1});
  }
  return parts;
}

// Also where no part of an empty file can be said.
void FileReader::OnWholeFile() {
  if (!FindVersion()) return;
  const bool other =
      sent_.request.condition == Condition::kIfRange && version_->entity_tag != sent_.entity_tag;
  const bool is_void = sent_.request.suffix_bytes > 0 && version_->bytes == 0;
  if (AsksForPart(sent_.request) && !other && !is_void) Wrong("more than was asked for");
  if (ContentLength() != version_->bytes) Wrong("%lu bytes", version_->bytes);
  parts_ = {{.first = 0, .bytes = version_->bytes}};
  BeginBody();
}

void FileReader::OnParts() {
  if (!FindVersion()) return;
  if (!AsksForPart(sent_.request)) return Wrong("less than was asked for");
  parts_ = PartsOf(version_->bytes);
  if (parts_.empty()) return Wrong("no part of it was asked for");
  if (parts_.size() == 1) {
    const Part& part = parts_[0];
    const std::string range =
        absl::StrCat("bytes ", part.first, "-", part.first + part.bytes - 1, "/", version_->bytes);
    if (Field("Content-Range") != range || ContentLength() != part.bytes) {
      Wrong("not %s", range.c_str());
    }
    return BeginBody();
  }
  constexpr std::string_view kType = "multipart/byteranges; boundary=";
  const std::string_view type = Field("Content-Type");
  if (!type.starts_with(kType)) return Wrong("not in parts");
  boundary_ = type.substr(kType.size());
  BeginBody();
}

void FileReader::CheckUnsatisfiable() {
  if (!AsksForPart(sent_.request)) Wrong("the whole file was asked for");
  const std::string_view range = Field("Content-Range");
  constexpr std::string_view kFront = "bytes */";
  if (!range.starts_with(kFront)) return Wrong("it does not say how many bytes there are");
  const uint64_t bytes =
      std::strtoull(std::string(range.substr(kFront.size())).c_str(), nullptr, 10);
  if (!book_->HasSize(sent_.request.path, bytes, since_ns())) Wrong("no version has so many bytes");
  if (!PartsOf(bytes).empty()) Wrong("there is something of what was asked for");
  if (ContentLength() != 0) Wrong("a 416 with a body");
  state_ = State::kDone;
}

}  // namespace ringway::sim
