// SPDX-License-Identifier: Apache-2.0
//
// Names, contents and times.
#include "tests/sim/file_book.h"

#include <algorithm>
#include <ctime>

namespace ringway::sim {
namespace {

/// Some day in 2020: every version is older than any answer about it.
constexpr int64_t kFirstModifiedS = 1'600'000'000;
constexpr int64_t kNsPerS = 1'000'000'000;
/// A second, and a little: nobody looks at the clock in the middle of a turn.
constexpr uint64_t kStaleNsMax = 1'000'000'000 + 10'000'000;
/// Two tapes that begin so far apart share no run of bytes.
constexpr uint64_t kTapesApart = 7919;

}  // namespace

void FileBook::Put(const PlannedFile& file) {
  const Tape tape(TapeKind::kBinary, versions_.size() * kTapesApart);
  const Version& version = Add(file.path, file.bytes, tape);
  File& put = tree_->Put(file.path, {}, static_cast<int64_t>(clock_->now_ns));
  put.resident_bytes = file.resident_bytes;
  Write(put, version);
}

void FileBook::Change(const std::string& path, ChangeKind kind, uint64_t bytes) {
  Version& old = NewestOf(path);
  old.until_ns = clock_->now_ns;
  std::shared_ptr<File> file;
  if (tree_->Find(path, &file) != 0) return;
  if (kind == ChangeKind::kReplace) {
    return Put({.path = path, .bytes = bytes, .resident_bytes = file->resident_bytes});
  }
  old.is_spoilt = true;
  const Tape other(TapeKind::kBinary, versions_.size() * kTapesApart);
  const Tape tape = kind == ChangeKind::kResize ? old.tape : other;
  Write(*file, Add(path, bytes, tape));
}

Version& FileBook::Add(const std::string& path, uint64_t bytes, const Tape& tape) {
  const auto number = static_cast<int64_t>(versions_.size());
  Version& version = versions_.emplace_back();
  version.path = path;
  version.bytes = bytes;
  version.tape = tape;
  version.modified_s = kFirstModifiedS + number;
  return version;
}

// A program may say when a file was modified; when it was changed the kernel says, and no two
// changes are at one time.
void FileBook::Write(File& file, const Version& version) {
  std::vector<uint8_t> bytes(version.bytes);
  version.tape.Fill(0, bytes);
  const auto now = static_cast<int64_t>(clock_->now_ns);
  const int64_t changed = std::max(now, file.status.changed_ns + 1);
  FileTree::Overwrite(file, std::move(bytes), changed);
  file.status.modified_ns = version.modified_s * kNsPerS;
}

Version& FileBook::NewestOf(std::string_view path) {
  const auto found = std::find_if(versions_.rbegin(), versions_.rend(),
                                  [&](const Version& one) { return one.path == path; });
  return *found;
}

Version* FileBook::Find(std::string_view path, std::string_view last_modified, uint64_t since_ns) {
  const auto found = std::ranges::find_if(versions_, [&](const Version& one) {
    return one.path == path && one.until_ns >= since_ns && DateOf(one.modified_s) == last_modified;
  });
  return found == versions_.end() ? nullptr : &*found;
}

bool FileBook::HasSize(std::string_view path, uint64_t bytes, uint64_t since_ns) const {
  return std::ranges::any_of(versions_, [&](const Version& one) {
    return one.path == path && one.until_ns >= since_ns && one.bytes == bytes;
  });
}

bool FileBook::IsSpoilt(std::string_view path, uint64_t since_ns) const {
  return std::ranges::any_of(versions_, [&](const Version& one) {
    return one.path == path && one.until_ns >= since_ns && one.is_spoilt;
  });
}

uint64_t FileBook::SinceNs(uint64_t sent_ns) { return sent_ns - std::min(sent_ns, kStaleNsMax); }

std::string FileBook::NewestTag(std::string_view path) const {
  std::string newest;
  for (const Version& one : versions_) {
    if (one.path == path && !one.entity_tag.empty()) newest = one.entity_tag;
  }
  return newest;
}

bool FileBook::NoteTag(Version& version, std::string_view entity_tag) {
  const bool is_strong = entity_tag.size() > 2 && entity_tag.front() == '"';
  const bool is_taken = std::ranges::any_of(versions_, [&](const Version& one) {
    return one.path == version.path && &one != &version && one.entity_tag == entity_tag;
  });
  const bool differs = !version.entity_tag.empty() && version.entity_tag != entity_tag;
  if (!is_strong || is_taken || differs) return false;
  version.entity_tag = entity_tag;
  return true;
}

std::string FileBook::DateOf(int64_t unix_s) {
  const time_t at = unix_s;
  tm parts{};
  gmtime_r(&at, &parts);
  std::string text(64, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
  return text;
}

}  // namespace ringway::sim
