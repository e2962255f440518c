// SPDX-License-Identifier: Apache-2.0
//
// A worker with a static route: a folder of real files, and a kernel that does with them what a
// test wants of a disk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/files/shared_files.h"
#include "tests/kernel/worker_fixture.h"

namespace ringway::worker {

/// Knows which files the worker has open, and can play a disk that is slow or fails.
class DiskKernel : public ImpatientKernel {
 public:
  using ImpatientKernel::ImpatientKernel;

  int Enter(const uring::EnterRequest& request) override;
  int OpenBeneath(int root, const char* path, uring::Lookup lookup) override;
  int ReadResident(int file, std::span<uint8_t> out, uint64_t offset) override;
  int SendFile(int socket, int file, uint64_t offset, uint32_t bytes) override;
  int Close(int fd) override;

  std::set<int> files_open;
  /// Which offsets are not in memory; as long as nobody says, all are.
  std::function<bool(uint64_t)> is_cold;
  bool names_are_cold = false;  ///< each is looked for through the ring
  int looks_disturbed = 0;      ///< so many of those then say -EAGAIN
  int looks_through_ring = 0;
  int read_error = 0;       ///< of every read through the ring
  int reads_disturbed = 0;  ///< so many of those say -EINTR before
  int reads_through_ring = 0;
  std::function<void()> after_read;      ///< through the ring, once
  std::function<void()> after_sendfile;  ///< once
  int sendfiles_short = 0;               ///< those that the socket took a part of

 private:
  void OnCompletion(io_uring_cqe& cqe);
};

class WorkerFilesTest : public WorkerTest {
 protected:
  WorkerFilesTest();
  ~WorkerFilesTest() override;
  /// Nothing of a file may stay either.
  void TearDown() override;
  std::unique_ptr<ImpatientKernel> Front(std::unique_ptr<uring::LinuxKernel> kernel) override;
  void Prepare(WorkerOptions& options) override;
  DiskKernel& disk() { return static_cast<DiskKernel&>(*kernel_); }

  std::string At(std::string_view path) const { return folder_ + "/" + std::string(path); }
  /// In place, where the file is there already: the pattern's bytes from `from` on.
  void Write(std::string_view path, size_t bytes, size_t from = 0) const;
  static std::string Content(size_t bytes, size_t from = 0);

  /// Connections whose socket buffers are so small that a download has many pieces. Before Open.
  void MakeSlow() { loopback::SetBuffers(listener_, {.send = 16 * 1024}); }
  Client ConnectSlow();

  /// `fields`: whole lines with their ends.
  static std::string Get(std::string_view path, std::string_view fields = "");
  /// The body that a head promises, as far as it comes.
  std::string ReadBody(Client& client, std::string_view head);
  /// So many bytes of a body, or fewer if the stream ends, no more than that in any turn.
  std::string ReadSome(Client& client, size_t bytes);
  /// Status and body.
  std::pair<std::string, std::string> Fetch(Client& client, std::string_view path,
                                            std::string_view fields = "");
  static size_t LengthIn(std::string_view head);

  std::string folder_;
  int root_ = -1;
  std::shared_ptr<files::SharedFiles> shared_;
};

}  // namespace ringway::worker
