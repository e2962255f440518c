// SPDX-License-Identifier: Apache-2.0
//
// A memfd: written, sealed, mapped, closed.
#include "gateway/files/small_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace ringway::files {
namespace {

/// 6.3 MFD_NOEXEC_SEAL: nobody runs it. A system may insist on it (sysctl vm.memfd_noexec).
constexpr unsigned kNoExecSeal = 0x8;

int OpenMemory() {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const int fd = memfd_create("ringway-file", kFlags | kNoExecSeal);
  return fd >= 0 || errno != EINVAL ? fd : memfd_create("ringway-file", kFlags);
}

bool WriteAll(int fd, std::span<const uint8_t> content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content = content.subspan(static_cast<size_t>(written));
  }
  return true;
}

const void* MapSealed(int fd, std::span<const uint8_t> content) {
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (!WriteAll(fd, content) || ::fcntl(fd, F_ADD_SEALS, kSeals) != 0) return MAP_FAILED;
  return ::mmap(nullptr, content.size(), PROT_READ, MAP_SHARED, fd, 0);
}

}  // namespace

std::unique_ptr<const SmallFile> SmallFile::Create(std::span<const uint8_t> content) {
  if (content.empty()) return std::unique_ptr<const SmallFile>(new SmallFile(nullptr, 0));
  const int fd = OpenMemory();
  if (fd < 0) return nullptr;
  const void* data = MapSealed(fd, content);
  ::close(fd);
  if (data == MAP_FAILED) return nullptr;
  return std::unique_ptr<const SmallFile>(
      new SmallFile(static_cast<const uint8_t*>(data), content.size()));
}

SmallFile::~SmallFile() {
  // WHY the const_cast: munmap takes what mmap gave, and nobody ever writes there.
  if (data_ != nullptr) ::munmap(const_cast<uint8_t*>(data_), bytes_);
}

}  // namespace ringway::files
