// SPDX-License-Identifier: Apache-2.0
//
// The fixture of the room files: a folder of real files, and a kernel that does with them what a
// test wants of a disk.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/arena.h"
#include "gateway/base/counters.h"
#include "gateway/files/files.h"
#include "tests/kernel/forwarding_kernel.h"
#include "uring/ring.h"
#include "uring/user_data.h"

namespace ringway::rooms {

/// Beside what it is told to do wrong, everything is in memory (RWF_NOWAIT is not asked).
class DiskKernel : public uring::ForwardingKernel {
 public:
  using ForwardingKernel::ForwardingKernel;

  int OpenBeneath(int root, const char* path, uring::Lookup /*lookup*/) override {
    if (open_error != 0) return -open_error;
    const int fd = ForwardingKernel::OpenBeneath(root, path, uring::Lookup::kWhole);
    if (const auto run = std::exchange(after_open, {})) run();
    return Count(fd);
  }
  int OpenPathOnly(int root, const char* path, uring::Lookup lookup) override {
    if (links_are_cold && lookup == uring::Lookup::kCached) return -EAGAIN;
    const int fd = Count(ForwardingKernel::OpenPathOnly(root, path, uring::Lookup::kWhole));
    if (const auto run = std::exchange(after_path_only, {})) run();
    return fd;
  }
  int PathBeneath(int root, int fd, std::span<char> path) override {
    const int bytes = ForwardingKernel::PathBeneath(root, fd, path);
    if (const auto run = std::exchange(after_path, {})) run();
    return bytes;
  }
  int StatusOf(int fd, uring::FileStatus* status) override {
    if (status_error != 0) return -status_error;
    const int result = ForwardingKernel::StatusOf(fd, status);
    if (clock_stands) status->modified_ns = status->changed_ns = 0;
    return result;
  }
  int ReadResident(int file, std::span<uint8_t> out, uint64_t offset) override {
    if (is_tmpfs) return -EOPNOTSUPP;
    ++reads;
    if (offset >= resident_bytes) return -EAGAIN;
    const uint64_t bytes = std::min({out.size(), read_bytes_max, resident_bytes - offset});
    const int read = ForwardingKernel::ReadAt(file, out.first(bytes), offset);
    if (const auto run = std::exchange(after_read, {})) run();
    return read;
  }
  int ReadAt(int file, std::span<uint8_t> out, uint64_t offset) override {
    ++waiting_reads;
    return ForwardingKernel::ReadAt(file, out, offset);
  }
  int Close(int fd) override {
    --descriptors_open;
    return ForwardingKernel::Close(fd);
  }
  /// A descriptor that the room has got.
  int Count(int fd) {
    descriptors_open += fd >= 0 ? 1 : 0;
    return fd;
  }

  int open_error = 0;
  int status_error = 0;
  uint64_t resident_bytes = UINT64_MAX;
  size_t read_bytes_max = SIZE_MAX;
  bool is_tmpfs = false;
  bool clock_stands = false;
  bool links_are_cold = false;
  // Each once.
  std::function<void()> after_open;
  std::function<void()> after_path_only;
  std::function<void()> after_path;
  std::function<void()> after_read;  ///< once
  int reads = 0;
  int waiting_reads = 0;
  int descriptors_open = 0;
};

class FilesTest : public testing::Test {
 protected:
  using LookOutcome = files::LookOutcome;

  static constexpr uint32_t kSlots = 80;
  static constexpr uint32_t kSmallMax = 1000;
  static constexpr uint64_t kSecond = 1'000'000'000;
  static constexpr base::LinkId kLink{.slot = 3, .generation = 9};

  FilesTest() : folder_(testing::TempDir() + "files-XXXXXX"), kernel_(OpenKernel()) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    root_ = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    EXPECT_GE(root_, 0);
    Begin({.open_files = 2});
  }
  ~FilesTest() override {
    End();
    close(root_);
    std::filesystem::remove_all(folder_);
  }

  /// Begins anew, with what a test wants of the options.
  void Begin(files::FilesOptions options) {
    if (files_) End();
    options.slots = kSlots;
    options.cached_files = 64;
    options.small_bytes_max = kSmallMax;
    options.roots = {root_};
    options.shared = shared_;
    files_ = std::make_unique<files::Files>(*files::Files::Map(std::move(options)));
    files_->Bind(ring_, arena_, counters_);
  }
  /// Nothing may be left.
  void End() {
    files_->Forget();
    files_->Collect();
    EXPECT_EQ(files_->open(), 0U);
    EXPECT_EQ(files_->descriptors_remembered(), 0U);
    EXPECT_EQ(kernel_.descriptors_open, 0);
    EXPECT_EQ(arena_.leased(base::BufferClass::kLent), 0U);
    EXPECT_EQ(shared_ == nullptr ? 0U : shared_->files(), 0U);
  }

  std::string At(std::string_view path) const { return folder_ + "/" + std::string(path); }
  /// In place, where the file is there already.
  void Write(std::string_view path, std::string_view text) const {
    std::filesystem::create_directories(std::filesystem::path(At(path)).parent_path());
    std::ofstream(At(path), std::ios::binary) << text;
  }
  void Replace(std::string_view path, std::string_view text) const {
    Write("new", text);
    std::filesystem::rename(At("new"), At(path));
  }

  files::Look Find(const char* path) { return files_->Find(0, path, now_ns_); }
  files::Look Open(const char* path) { return files_->Open(0, path, now_ns_); }
  files::Look OpenCold(const char* path) {
    files_->Submit(kLink, 0, path);
    std::array<io_uring_cqe, 2> cqes;
    for (int i = 0; i < 1000 && ring_.ready() == 0; ++i) EXPECT_EQ(ring_.Turn(5'000'000), 0);
    EXPECT_EQ(ring_.Reap(cqes), 1U);
    const auto data = uring::UserData::Unpack(cqes[0].user_data);
    EXPECT_EQ(static_cast<base::Operation>(data.kind), base::Operation::kOpenFile);
    EXPECT_EQ((base::LinkId{data.slot, data.generation}), kLink);
    kernel_.Count(cqes[0].res);
    return files_->OnCompletion(cqes[0], 0, path, now_ns_);
  }

  bool IsInMemory(const files::Look& look) { return files_->DescriptorOf(look.file) < 0; }
  std::string TextOf(const files::Look& look) {
    const size_t bytes = files_->StatusOf(look.file).bytes;
    std::string text(bytes, '?');
    if (!IsInMemory(look)) {
      EXPECT_EQ(pread(files_->DescriptorOf(look.file), text.data(), bytes, 0), bytes);
    } else if (bytes > 0) {
      text.assign(reinterpret_cast<const char*>(look.file.data()), bytes);
    }
    return text;
  }

  // Declared in the order in which they must outlive each other.
  std::string folder_;
  int root_ = -1;
  base::Arena arena_ = *base::Arena::Map({1, 1, 1, 1, kSlots});
  base::Counters counters_;
  DiskKernel kernel_;
  uring::Ring ring_{kernel_};
  std::shared_ptr<files::SharedFiles> shared_ = std::make_shared<files::SharedFiles>(
      files::SharedFilesOptions{.bytes_max = 2 * kSlots * 4096});
  std::unique_ptr<files::Files> files_;
  uint64_t now_ns_ = 5 * kSecond;

 private:
  static std::unique_ptr<uring::LinuxKernel> OpenKernel() {
    auto kernel = uring::LinuxKernel::Open({.sq_entries = 8, .cq_entries = 16});
    EXPECT_TRUE(kernel.ok()) << kernel.status();
    return *std::move(kernel);
  }
};

}  // namespace ringway::rooms
