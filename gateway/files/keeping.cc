// SPDX-License-Identifier: Apache-2.0
//
// What becomes memory, how long a file is held, and how it goes.
#include <algorithm>
#include <cerrno>

#include "gateway/files/files.h"

namespace ringway::files {

bool Files::MayBeKept(const uring::FileStatus& status) const {
  return options_.shared != nullptr && status.bytes <= options_.small_bytes_max &&
         options_.shared->HasRoom(status.bytes);
}

// The content of a small file, or empty: too large, no room, not all in the page cache, changed
// while it was read.
std::shared_ptr<const SmallFile> Files::Content(int fd, const uring::FileStatus& status) {
  if (options_.shared == nullptr || status.bytes > options_.small_bytes_max) return nullptr;
  if (auto content = options_.shared->Find(status)) return content;
  if (!options_.shared->HasRoom(status.bytes)) return nullptr;
  const std::optional<std::span<const uint8_t>> bytes = ReadWhole(fd, status);
  if (!bytes) return nullptr;
  auto content = options_.shared->Keep(status, *bytes);
  if (content != nullptr) counters_->files_kept.Add(1);
  return content;
}

// All of a file between two equal looks at it, without waiting for the disk. Valid until the next
// call.
std::optional<std::span<const uint8_t>> Files::ReadWhole(int fd, const uring::FileStatus& status) {
  uring::Kernel& kernel = ring_->kernel();
  const std::span<uint8_t> whole(buffer_.data(), status.bytes);
  for (size_t at = 0; at < whole.size();) {
    int read = kernel.ReadResident(fd, whole.subspan(at), at);
    // A file system that does not say what is in memory counts as one that is in memory.
    if (read == -EOPNOTSUPP) read = kernel.ReadAt(fd, whole.subspan(at), at);
    if (read <= 0) return std::nullopt;
    at += static_cast<size_t>(read);
  }
  uring::FileStatus after;
  if (kernel.StatusOf(fd, &after) != 0 || after != status) return std::nullopt;
  return whole;
}

// Whether a remembered file is what its name leads to now, opened as `fd`.
bool Files::IsStillGood(const NameIndex::Entry& entry, int fd, const uring::FileStatus& status,
                        uint64_t now_ns) {
  File& file = files_[IndexOf(entry.file)];
  if (file.status != status || file.is_changed) return false;
  // Where there was no room to keep it there may be now.
  if (file.content == nullptr) return !MayBeKept(status);
  // WHY a second reading: a file's times move by the ticks of its file system (4 ms, say), so that
  // one which is written again right after it was read, with as many bytes, has the same status for
  // ever. A second later it has not: what is read then under the same status is final.
  if (file.is_settled || now_ns - entry.looked_ns <= kFreshNs) return true;
  const std::optional<std::span<const uint8_t>> bytes = ReadWhole(fd, status);
  if (!bytes) return true;
  file.is_settled = std::ranges::equal(*bytes, file.content->content());
  if (!file.is_settled) options_.shared->Forget(status);
  return file.is_settled;
}

void Files::Close(int fd) {
  // Its result says nothing about a file that was only read.
  static_cast<void>(ring_->kernel().Close(fd));
}

void Files::CloseFile(uint32_t index) {
  if (files_[index].descriptor >= 0) Close(files_[index].descriptor);
  files_.Close(index);
}

void Files::Collect() {
  for (uint32_t index = arena_->PopReturned(base::BufferClass::kLent); index != base::Arena::kNone;
       index = arena_->PopReturned(base::BufferClass::kLent)) {
    CloseFile(index);
  }
}

void Files::Age(uint64_t now_ns) {
  const std::span<NameIndex::Entry> all = names_.entries();
  for (uint32_t i = 0; i < kAgedAtOnce; ++i) {
    NameIndex::Entry& entry = all[aged_++ % all.size()];
    if (entry.known != Known::kNothing && now_ns - entry.looked_ns > kRememberedNs) GiveUp(entry);
  }
}

void Files::Forget() {
  for (NameIndex::Entry& entry : names_.entries()) GiveUp(entry);
}

void Files::Abandon() {
  for (uint32_t index = 0; index < files_.touched(); ++index) {
    if (files_.IsOpen(index)) CloseFile(index);
  }
}

}  // namespace ringway::files
