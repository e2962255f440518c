// SPDX-License-Identifier: Apache-2.0
//
// mmap and munmap behind an owner.
#include "gateway/base/mapping.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ringway::base {
namespace {

constexpr size_t kPageBytes = 4096;

}  // namespace

Mapping::Mapping(Mapping&& from) noexcept
    : data_(std::exchange(from.data_, nullptr)), bytes_(std::exchange(from.bytes_, 0)) {}

Mapping& Mapping::operator=(Mapping&& from) noexcept {
  std::swap(data_, from.data_);
  std::swap(bytes_, from.bytes_);
  return *this;
}

Mapping::~Mapping() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

absl::StatusOr<Mapping> Mapping::Reserve(size_t bytes, const char* what) {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "cannot reserve ", bytes, " bytes of address space for the ", what, ": ",
        std::strerror(errno), "; lower the [limits] that size it, or raise RLIMIT_AS"));
  }
  return Mapping(static_cast<uint8_t*>(at), bytes);
}

void Mapping::Release(size_t offset, size_t bytes) {
  const size_t first = (offset + kPageBytes - 1) & ~(kPageBytes - 1);
  const size_t end = (offset + bytes) & ~(kPageBytes - 1);
  // Where it is refused the memory stays, which harms nobody.
  if (first < end) static_cast<void>(madvise(data_ + first, end - first, MADV_DONTNEED));
}

}  // namespace ringway::base
