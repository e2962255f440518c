// SPDX-License-Identifier: Apache-2.0
//
// From a name to a file: what is remembered, what was opened, and what an errno means.
#include "gateway/files/files.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "gateway/base/check.h"
#include "uring/open_beneath.h"
#include "uring/user_data.h"

namespace ringway::files {
namespace {

LookOutcome OutcomeOf(Known known) {
  switch (known) {
    case Known::kNothing:
      break;
    case Known::kMissing:
      return LookOutcome::kMissing;
    case Known::kDirectory:
      return LookOutcome::kDirectory;
    case Known::kFile:
      return LookOutcome::kFile;
  }
  return LookOutcome::kUnknown;
}

}  // namespace

absl::StatusOr<Files> Files::Map(FilesOptions options) {
  if (options.shared == nullptr) options.small_bytes_max = 0;
  auto files = base::Slab<File>::Map(options.slots, "files");
  if (!files.ok()) return files.status();
  auto names = NameIndex::Map(options.cached_files, options.seed);
  if (!names.ok()) return names.status();
  auto buffer = base::Mapping::Reserve(std::max(options.small_bytes_max, 1U), "buffer of files");
  if (!buffer.ok()) return buffer.status();
  return Files(std::move(options), *std::move(files), *std::move(names), *std::move(buffer));
}

void Files::Bind(uring::Ring& ring, base::Arena& arena, base::Counters& counters) {
  RINGWAY_CHECK_OP(arena.count(base::BufferClass::kLent), ==, options_.slots);
  ring_ = &ring;
  arena_ = &arena;
  counters_ = &counters;
}

Look Files::Answer(const NameIndex::Entry& entry) {
  Look look{.outcome = OutcomeOf(entry.known)};
  if (entry.known != Known::kFile) return look;
  base::Lease held = arena_->Adopt(entry.file);
  look.file = held.Share();
  look.status = StatusOf(look.file);
  held.Detach();
  return look;
}

Look Files::Find(uint32_t root, std::string_view path, uint64_t now_ns) {
  NameIndex::Entry* entry = names_.Find({.root = root, .path = path});
  if (entry == nullptr || now_ns - entry->looked_ns > kFreshNs) return {};
  if (entry->known == Known::kFile && files_[IndexOf(entry->file)].is_changed) return {};
  entry->was_used = true;
  counters_->files_found.Add(1);
  return Answer(*entry);
}

// WHY Collect: pipelined requests may open and leave a hundred files in one turn, and each keeps
// its descriptor until then.
Look Files::Open(uint32_t root, const char* path, uint64_t now_ns) {
  Collect();
  int fd = ring_->kernel().OpenBeneath(options_.roots[root], path, uring::Lookup::kCached);
  if (fd == -EXDEV) fd = OpenLinked(root, path, uring::Lookup::kCached);
  const Name name{.root = root, .path = path};
  return fd >= 0 ? OnOpened(fd, name, now_ns) : OnRefused(-fd, name, now_ns);
}

void Files::Submit(base::LinkId id, uint32_t root, const char* path) {
  // WHY the const_cast: liburing's argument is not const, and the kernel only reads it.
  auto* how = const_cast<open_how*>(&uring::kOpenBeneath);
  io_uring_sqe* sqe = ring_->NextEntry();
  io_uring_prep_openat2(sqe, options_.roots[root], path, how);
  sqe->user_data = uring::UserData{.kind = static_cast<uint8_t>(base::Operation::kOpenFile),
                                   .generation = id.generation,
                                   .slot = id.slot}
                       .Pack();
}

Look Files::OnCompletion(const io_uring_cqe& cqe, uint32_t root, std::string_view path,
                         uint64_t now_ns) {
  const Name name{.root = root, .path = path};
  int fd = cqe.res;
  if (fd == -EXDEV) fd = OpenLinked(root, path.data(), uring::Lookup::kWhole);
  if (fd < 0) return OnRefused(-fd, name, now_ns);
  counters_->files_opened_cold.Add(1);
  return OnOpened(fd, name, now_ns);
}

// openat2(2), open(2).
Look Files::OnRefused(int error, const Name& name, uint64_t now_ns) {
  switch (error) {
    case EAGAIN:  // kCached: not in memory. Else: renamed meanwhile, or a lease is being broken
      return {};
    case ENOENT:        // nothing there, or a link into nothing
    case ENOTDIR:       // a file where a directory should be
    case ENAMETOOLONG:  // no file has such a name
    case EXDEV:         // out of the root, by ".." or a link, and not back into it
    case ELOOP:         // links in a circle, or one of the kernel's own to an open file
    case EACCES:        // not for this user
    case EPERM:         // a security module says so
    case EINVAL:        // a name that this file system cannot have
    case EILSEQ:        // the same: no character of its encoding
    case ENXIO:         // a socket, or a device that is not there
    case ENODEV:        // a device that is not there
    case ENOMEDIUM:     // the same
    case EBUSY:         // a device that somebody has for himself
    case EOVERFLOW:     // larger than an offset can say
      Remember(name, Known::kMissing, nullptr, now_ns);
      return {.outcome = LookOutcome::kMissing};
    case EMFILE:     // the process has no descriptor left
    case ENFILE:     // the system has none
    case ENOMEM:     // no memory in the kernel
    case EIO:        // the disk fails
    case EUCLEAN:    // its file system is damaged
    case EBADMSG:    // the same, by a checksum
    case ESTALE:     // a server of files that has lost it
    case ETIMEDOUT:  // one that does not answer
    case EHOSTDOWN:
    case ECONNREFUSED:
    case ENOTCONN:   // a file system in user space that has ended
    case ENOKEY:     // encrypted, and nobody has unlocked it
    case EINTR:      // a signal
    case ECANCELED:  // ended as asked
      return {.outcome = LookOutcome::kUnavailable};
    default:  // EBADF among them: a root is open for as long as this room
      counters_->completions_unexpected.Add(1);
      return {.outcome = LookOutcome::kUnavailable};
  }
}

Look Files::OnOpened(int fd, const Name& name, uint64_t now_ns) {
  counters_->files_opened.Add(1);
  uring::FileStatus status;
  if (ring_->kernel().StatusOf(fd, &status) != 0) {
    Close(fd);
    return {.outcome = LookOutcome::kUnavailable};
  }
  if (const int why = WhyHidden(fd, name.root); why != 0) {
    Close(fd);
    return OnRefused(why, name, now_ns);
  }
  if (status.is_regular) return OnRegular(fd, status, name, now_ns);
  Close(fd);
  // Not a FIFO's, a device's or a socket's business who asks for it.
  const Known known = status.is_directory ? Known::kDirectory : Known::kMissing;
  Remember(name, known, nullptr, now_ns);
  return {.outcome = OutcomeOf(known)};
}

Look Files::OnRegular(int fd, const uring::FileStatus& status, const Name& name, uint64_t now_ns) {
  if (NameIndex::Entry* entry = names_.Find(name); entry != nullptr) {
    if (entry->known == Known::kFile && IsStillGood(*entry, fd, status, now_ns)) {
      Close(fd);
      entry->looked_ns = now_ns;
      entry->was_used = true;
      return Answer(*entry);
    }
    GiveUp(*entry);
  }
  const uint32_t index = files_.TryOpen(File{.status = status});
  if (index == base::kNoSlot) {
    Close(fd);
    return {.outcome = LookOutcome::kUnavailable};
  }
  File& file = files_[index];
  const bool may_be_kept = MayBeKept(status);
  file.content = Content(fd, status);
  if (file.content != nullptr) {
    Close(fd);
  } else {
    file.descriptor = fd;
  }
  Look look{.outcome = LookOutcome::kFile,
            .file = arena_->Lend(index, file.content ? file.content->data() : nullptr),
            .status = status};
  // One that could be kept next time, when it is in memory or has stopped changing, is looked at
  // again then.
  const bool is_large = file.content == nullptr && !may_be_kept;
  const bool has_room = descriptors_remembered_ < options_.open_files;
  if (file.content != nullptr || (is_large && has_room)) {
    Remember(name, Known::kFile, &look.file, now_ns);
  }
  return look;
}

void Files::Remember(const Name& name, Known known, const base::Lease* file, uint64_t now_ns) {
  NameIndex::Entry* entry = names_.Find(name);
  if (entry != nullptr) {
    GiveUp(*entry);
  } else {
    entry = names_.FindPlace(name, known);
    if (entry == nullptr) return;
    if (entry->known != Known::kNothing) counters_->files_evicted.Add(1);
    GiveUp(*entry);
    names_.Put(*entry, name);
  }
  entry->known = known;
  entry->looked_ns = now_ns;
  if (file == nullptr) return;
  if (DescriptorOf(*file) >= 0) ++descriptors_remembered_;
  entry->file = file->Share().Detach();
}

// The place is free afterwards; its name may be used again at once.
void Files::GiveUp(NameIndex::Entry& entry) {
  if (std::exchange(entry.known, Known::kNothing) != Known::kFile) return;
  const base::Lease file = arena_->Adopt(entry.file);
  if (DescriptorOf(file) >= 0) --descriptors_remembered_;
}

uint32_t Files::IndexOf(base::BufferId id) const {
  return id - arena_->IdOf(base::BufferClass::kLent, 0);
}

int Files::DescriptorOf(const base::Lease& file) { return files_[IndexOf(file.id())].descriptor; }

const uring::FileStatus& Files::StatusOf(const base::Lease& file) {
  return files_[IndexOf(file.id())].status;
}

void Files::Distrust(const base::Lease& file) { files_[IndexOf(file.id())].is_changed = true; }

}  // namespace ringway::files
