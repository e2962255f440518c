// SPDX-License-Identifier: Apache-2.0
//
// Bodies: bytes of one version, alone or between the heads of parts (RFC 9110 14.6).
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/sim/answers.h"
#include "tests/sim/file_reader.h"

namespace ringway::sim {
namespace {

constexpr size_t kPartHeadBytesMax = 1024;

}  // namespace

void FileReader::BeginBody() {
  left_ = ContentLength();
  state_ = State::kDone;
  if (sent_.request.head || left_ == 0) return;
  part_ = 0;
  part_at_ = 0;
  part_head_.clear();
  state_ = boundary_.empty() ? State::kBytes : State::kPartHead;
}

void FileReader::NextPart() {
  part_at_ = 0;
  part_head_.clear();
  ++part_;
  if (boundary_.empty()) {
    state_ = State::kDone;
  } else {
    state_ = part_ < parts_.size() ? State::kPartHead : State::kLast;
  }
}

size_t FileReader::FeedPartHead(std::string_view text) {
  size_t used = 0;
  while (used < text.size() && !part_head_.ends_with("\r\n\r\n")) {
    part_head_.push_back(text[used++]);
  }
  left_ -= std::min<uint64_t>(left_, used);
  if (part_head_.size() > kPartHeadBytesMax) Wrong("the head of a part has no end");
  if (!part_head_.ends_with("\r\n\r\n")) return used;
  const Part& part = parts_[part_];
  const std::string line = absl::StrCat(part_ == 0 ? "" : "\r\n", "--", boundary_, "\r\n");
  const std::string range =
      absl::StrCat("bytes ", part.first, "-", part.first + part.bytes - 1, "/", version_->bytes);
  if (!part_head_.starts_with(line)) Wrong("part %zu has no boundary in front", part_);
  if (FieldOf(part_head_, "Content-Range") != range)
    Wrong("part %zu is not %s", part_, range.data());
  if (FieldOf(part_head_, "Content-Type").empty()) Wrong("part %zu has no type", part_);
  state_ = State::kBytes;
  return used;
}

size_t FileReader::FeedBytes(std::span<const uint8_t> bytes) {
  const Part& part = parts_[part_];
  const size_t count = std::min<uint64_t>(bytes.size(), part.bytes - part_at_);
  if (!version_->tape.Matches(part.first + part_at_, bytes.first(count))) {
    Wrong("wrong bytes near %lu", part.first + part_at_);
  }
  body_bytes_ += count;
  left_ -= std::min<uint64_t>(left_, count);
  part_at_ += count;
  if (part_at_ == part.bytes) NextPart();
  return count;
}

size_t FileReader::FeedLast(std::string_view text) {
  const std::string last = absl::StrCat("\r\n--", boundary_, "--\r\n");
  const std::string_view rest = std::string_view(last).substr(part_head_.size());
  const std::string_view piece = text.substr(0, rest.size());
  if (!rest.starts_with(piece)) Wrong("the last boundary is another one");
  part_head_.append(piece);
  left_ -= std::min<uint64_t>(left_, piece.size());
  if (part_head_.size() < last.size()) return piece.size();
  if (left_ != 0) Wrong("the length of all parts is wrong by %lu", left_);
  state_ = State::kDone;
  return piece.size();
}

}  // namespace ringway::sim
