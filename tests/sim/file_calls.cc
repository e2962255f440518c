// SPDX-License-Identifier: Apache-2.0
//
// Files opened beneath a root, looked at, read and sent.
#include "tests/sim/file_calls.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

namespace ringway::sim {

int FileCalls::OpenBeneath(int root, const char* path, uring::Lookup lookup) {
  const int result = OpenFound(root, path, lookup);
  RINGWAY_TRACE(around_.verdict, "worker: open \"%s\"%s = %d", path,
                lookup == uring::Lookup::kCached ? " in memory" : "", result);
  return result;
}

// In the order in which Linux looks: a free number, memory for it, then the root and the names.
int FileCalls::OpenFound(int root, std::string_view path, uring::Lookup lookup) {
  if (RINGWAY_STRIKES(around_.random, around_.faults, open_emfile)) return -EMFILE;
  if (RINGWAY_STRIKES(around_.random, around_.faults, open_enfile)) return -ENFILE;
  const Descriptor* at = tables_->descriptors.Find(root);
  if (at == nullptr) return -EBADF;
  if (at->kind != DescriptorKind::kFile || !at->file->status.is_directory) return -ENOTDIR;
  std::shared_ptr<File> file;
  const int error = tables_->tree.Find(path, &file);
  // That a name is absent is known to memory only when the disk was asked.
  if (error == -ENOENT && lookup == uring::Lookup::kCached) return -EAGAIN;
  if (error != 0) return error;
  if (lookup == uring::Lookup::kCached && !file->is_cached) return -EAGAIN;
  if (lookup == uring::Lookup::kCached &&
      RINGWAY_STRIKES(around_.random, around_.faults, open_uncached)) {
    return -EAGAIN;
  }
  file->is_cached = true;
  return tables_->descriptors.OpenFile(std::move(file));
}

int FileCalls::PathBeneath(int root, int fd, std::span<char> path) {
  const Descriptor* top = tables_->descriptors.Find(root);
  const Descriptor* at = tables_->descriptors.Find(fd);
  if (top == nullptr || at == nullptr) return -EBADF;
  if (top->file == nullptr || at->file == nullptr || !top->file->path.empty()) return -EXDEV;
  const std::string_view own = at->file->path;
  if (own.size() > path.size()) return -ENAMETOOLONG;
  own.copy(path.data(), own.size());
  return static_cast<int>(own.size());
}

int FileCalls::StatusOf(int fd, uring::FileStatus* status) {
  const Descriptor* at = tables_->descriptors.Find(fd);
  if (at == nullptr) return -EBADF;
  *status = at->file != nullptr ? at->file->status : uring::FileStatus{};
  return 0;
}

int FileCalls::Send(int socket, int file, uint64_t offset, uint32_t bytes) {
  const int result = SendOneOf(socket, file, offset, bytes);
  RINGWAY_TRACE(around_.verdict, "worker: send file %d from %lu to %d, at most %u = %d", file,
                offset, socket, bytes, result);
  return result;
}

// In the order in which Linux looks: both descriptors, the file's end, then the socket.
int FileCalls::SendOneOf(int socket, int file, uint64_t offset, uint32_t bytes) {
  const Descriptor* source = tables_->descriptors.Find(file);
  const Descriptor* sink = tables_->descriptors.Find(socket);
  if (source == nullptr || sink == nullptr) return -EBADF;
  if (source->kind != DescriptorKind::kFile || source->file->status.is_directory) return -EINVAL;
  const std::vector<uint8_t>& content = source->file->bytes;
  if (offset >= content.size() || bytes == 0) return 0;
  if (sink->kind != DescriptorKind::kSocket || sink->connection == nullptr) return -EPIPE;
  Connection& to = *sink->connection;
  tables_->watch.OnDirectBytes(socket, IORING_OP_SEND);
  const bool tells = source->file->probe != Probe::kRefused && !mount_refuses_probe_;
  if (tells) tables_->watch.OnFileSend(*source->file, offset);
  if (RINGWAY_STRIKES(around_.random, around_.faults, sendfile_reset)) to.Break();
  if (const int error = to.NearSendError(); error != 0) return error;
  const size_t room = to.far_closed ? SIZE_MAX : to.down.room();
  size_t count = std::min({size_t{bytes}, content.size() - offset, room});
  to.no_space |= count == room;
  if (count == 0) return -EAGAIN;
  if (RINGWAY_STRIKES(around_.random, around_.faults, sendfile_again)) {
    ++to.out_wakes;  // as where a splice finds no room
    return -EAGAIN;
  }
  if (count > 1 && RINGWAY_STRIKES(around_.random, around_.faults, short_sendfile)) {
    count = 1 + around_.random.Below(count - 1);
    ++to.out_wakes;
  }
  to.NearSend(std::span(content).subspan(offset, count));
  tables_->moved.sent_from_files += count;
  return static_cast<int>(count);
}

// It is a matter of the file system, so the first answer is the answer for good.
bool FileCalls::RefusesProbe(File& file) {
  constexpr uint32_t kWholeMount = 3000;
  if (file.probe == Probe::kUnasked) {
    const bool refuses = RINGWAY_STRIKES(around_.random, around_.faults, probe_refused);
    mount_refuses_probe_ |= refuses && around_.random.Chance(kWholeMount);
    file.probe = refuses ? Probe::kRefused : Probe::kAnswers;
  }
  return mount_refuses_probe_ || file.probe == Probe::kRefused;
}

int FileCalls::ReadResident(int file, std::span<uint8_t> out, uint64_t offset) {
  const Descriptor* at = tables_->descriptors.Find(file);
  if (at == nullptr) return -EBADF;
  if (at->kind != DescriptorKind::kFile) return -EINVAL;
  File& from = *at->file;
  if (from.status.is_directory) return -EISDIR;
  if (RefusesProbe(from)) return -EOPNOTSUPP;
  if (offset >= from.bytes.size() || out.empty()) return 0;
  size_t count = std::min<size_t>(out.size(), from.ResidentFrom(offset));
  if (count == 0 || RINGWAY_STRIKES(around_.random, around_.faults, read_cold)) return -EAGAIN;
  if (count > 1 && RINGWAY_STRIKES(around_.random, around_.faults, short_resident)) {
    count = 1 + around_.random.Below(count - 1);
  }
  std::copy_n(from.bytes.begin() + static_cast<ptrdiff_t>(offset), count, out.begin());
  return static_cast<int>(count);
}

int FileCalls::ReadAt(int file, std::span<uint8_t> out, uint64_t offset) {
  const Descriptor* at = tables_->descriptors.Find(file);
  if (at == nullptr) return -EBADF;
  if (at->kind != DescriptorKind::kFile) return -EINVAL;
  if (at->file->status.is_directory) return -EISDIR;
  const std::vector<uint8_t>& content = at->file->bytes;
  if (offset >= content.size()) return 0;
  const size_t count = std::min<size_t>(out.size(), content.size() - offset);
  std::copy_n(content.begin() + static_cast<ptrdiff_t>(offset), count, out.begin());
  return static_cast<int>(count);
}

}  // namespace ringway::sim
