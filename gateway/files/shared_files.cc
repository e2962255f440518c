// SPDX-License-Identifier: Apache-2.0
//
// The registry's rows and its budget.
#include "gateway/files/shared_files.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/files/mix.h"

namespace ringway::files {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

uint64_t Hash(const uring::FileStatus& status) {
  const uint64_t name = Fold(status.inode + kMix, status.device ^ kMix);
  const uint64_t times = static_cast<uint64_t>(status.modified_ns ^ status.changed_ns);
  return Fold(name ^ status.bytes, times ^ kMix);
}

}  // namespace

SharedFiles::SharedFiles(const SharedFilesOptions& options)
    : options_(options),
      budget_(std::make_shared<Budget>()),
      rows_(std::bit_ceil(std::max<size_t>(options.files_max, kWays))) {}

std::span<SharedFiles::Row> SharedFiles::SetOf(const uring::FileStatus& status) {
  const size_t sets = rows_.size() / kWays;
  return std::span(rows_).subspan((Hash(status) & (sets - 1)) * kWays, kWays);
}

std::shared_ptr<const SmallFile> SharedFiles::Find(const uring::FileStatus& status) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return nullptr;
  for (const Row& row : SetOf(status)) {
    if (row.status != status) continue;
    if (auto file = row.file.lock()) return file;
  }
  return nullptr;
}

bool SharedFiles::HasRoom(uint64_t content_bytes) const {
  return files() < options_.files_max &&
         SmallFile::MemoryBytes(content_bytes) <= options_.bytes_max - bytes();
}

bool SharedFiles::TryTake(uint64_t memory_bytes) {
  uint64_t bytes = budget_->bytes.load(kRelaxed);
  do {
    if (memory_bytes > options_.bytes_max - bytes) return false;
  } while (!budget_->bytes.compare_exchange_weak(bytes, bytes + memory_bytes, kRelaxed));
  uint32_t files = budget_->files.load(kRelaxed);
  do {
    if (files >= options_.files_max) {
      budget_->bytes.fetch_sub(memory_bytes, kRelaxed);
      return false;
    }
  } while (!budget_->files.compare_exchange_weak(files, files + 1, kRelaxed));
  return true;
}

void SharedFiles::Release::operator()(const SmallFile* file) const {
  const uint64_t memory_bytes = SmallFile::MemoryBytes(file->bytes());
  // Its memory goes before the room for it is another's.
  delete file;
  RINGWAY_CHECK_OP(budget->bytes.fetch_sub(memory_bytes, kRelaxed), >=, memory_bytes);
  RINGWAY_CHECK_OP(budget->files.fetch_sub(1, kRelaxed), >, 0U);
}

std::shared_ptr<const SmallFile> SharedFiles::Keep(const uring::FileStatus& status,
                                                   std::span<const uint8_t> content) {
  const uint64_t memory_bytes = SmallFile::MemoryBytes(content.size());
  if (!TryTake(memory_bytes)) return nullptr;
  auto created = SmallFile::Create(content);
  if (created == nullptr) {
    budget_->bytes.fetch_sub(memory_bytes, kRelaxed);
    budget_->files.fetch_sub(1, kRelaxed);
    return nullptr;
  }
  // Declared before the lock: what somebody else had already is unmapped without it.
  std::shared_ptr<const SmallFile> file(created.release(), Release{budget_});
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return file;
  const std::span<Row> set = SetOf(status);
  Row* place = nullptr;
  for (Row& row : set) {
    auto there = row.file.lock();
    if (there != nullptr && row.status == status) return there;
    if (there == nullptr) place = &row;
  }
  // A live file that loses its row is not lost: those who have it keep it, it is only not shared
  // any further.
  if (place == nullptr) place = &set[next_victim_++ % kWays];
  *place = {.status = status, .file = file};
  return file;
}

void SharedFiles::Forget(const uring::FileStatus& status) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  for (Row& row : SetOf(status)) {
    if (row.status == status) row.file.reset();
  }
}

}  // namespace ringway::files
