// SPDX-License-Identifier: Apache-2.0
//
// The steps that tests of downloads are made of.
#include "tests/kernel/worker_files_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gateway/base/ids.h"
#include "uring/user_data.h"

namespace ringway::worker {

int DiskKernel::Enter(const uring::EnterRequest& request) {
  const uring::RingMemory& ring = memory();
  // Completions come in here alone: the ring defers them until somebody enters.
  const uint32_t before = __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE);
  const int result = ImpatientKernel::Enter(request);
  const uint32_t after = __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE);
  for (uint32_t at = before; at != after; ++at) OnCompletion(ring.cqes[at & (ring.cq_entries - 1)]);
  return result;
}

void DiskKernel::OnCompletion(io_uring_cqe& cqe) {
  switch (static_cast<base::Operation>(uring::UserData::Unpack(cqe.user_data).kind)) {
    case base::Operation::kOpenFile:
      ++looks_through_ring;
      if (cqe.res < 0) return;
      if (looks_disturbed > 0) {
        --looks_disturbed;
        close(cqe.res);
        cqe.res = -EAGAIN;
        return;
      }
      files_open.insert(cqe.res);
      return;
    case base::Operation::kReadFile:
      ++reads_through_ring;
      if (reads_disturbed > 0) {
        --reads_disturbed;
        cqe.res = -EINTR;
      } else if (read_error != 0) {
        cqe.res = -read_error;
      }
      if (const auto run = std::exchange(after_read, {})) run();
      return;
    default:
      return;
  }
}

int DiskKernel::OpenBeneath(int root, const char* path, uring::Lookup lookup) {
  if (names_are_cold && lookup == uring::Lookup::kCached) return -EAGAIN;
  const int fd = ImpatientKernel::OpenBeneath(root, path, lookup);
  if (fd >= 0) files_open.insert(fd);
  return fd;
}

int DiskKernel::ReadResident(int file, std::span<uint8_t> out, uint64_t offset) {
  if (is_cold) return is_cold(offset) ? -EAGAIN : ImpatientKernel::ReadAt(file, out, offset);
  return ImpatientKernel::ReadResident(file, out, offset);
}

int DiskKernel::SendFile(int socket, int file, uint64_t offset, uint32_t bytes) {
  const int sent = ImpatientKernel::SendFile(socket, file, offset, bytes);
  if (sent > 0 && static_cast<uint32_t>(sent) < bytes) ++sendfiles_short;
  if (sent > 0) {
    if (const auto run = std::exchange(after_sendfile, {})) run();
  }
  return sent;
}

int DiskKernel::Close(int fd) {
  files_open.erase(fd);
  return ImpatientKernel::Close(fd);
}

WorkerFilesTest::WorkerFilesTest()
    : folder_(testing::TempDir() + "worker-files-XXXXXX"),
      shared_(std::make_shared<files::SharedFiles>(
          files::SharedFilesOptions{.bytes_max = 16 * 1024 * 1024})) {
  EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  root_ = open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  EXPECT_GE(root_, 0);
  more_config_ = absl::StrCat(
      "[[route]]\nname = \"files\"\nlistener = \"test\"\npath = \"/*\"\nmode = \"static\"\nroot = "
      "\"",
      folder_, "\"\n");
  limits_.cached_files = 64;
  limits_.open_files = 2;
}

WorkerFilesTest::~WorkerFilesTest() {
  close(root_);
  std::filesystem::remove_all(folder_);
}

void WorkerFilesTest::TearDown() {
  WorkerTest::TearDown();
  worker_.reset();
  EXPECT_TRUE(kernel_ == nullptr || disk().files_open.empty());
  EXPECT_EQ(shared_->files(), 0U);
}

std::unique_ptr<ImpatientKernel> WorkerFilesTest::Front(
    std::unique_ptr<uring::LinuxKernel> kernel) {
  return std::make_unique<DiskKernel>(std::move(kernel));
}

void WorkerFilesTest::Prepare(WorkerOptions& options) {
  options.roots = {-1, -1, -1, root_};
  options.shared_files = shared_;
}

void WorkerFilesTest::Write(std::string_view path, size_t bytes, size_t from) const {
  std::ofstream(At(path), std::ios::binary) << Content(bytes, from);
}

std::string WorkerFilesTest::Content(size_t bytes, size_t from) {
  const std::vector<uint8_t> pattern = loopback::Pattern(from, bytes);
  return {pattern.begin(), pattern.end()};
}

Client WorkerFilesTest::ConnectSlow() {
  Client client = Connect();
  loopback::SetBuffers(client.socket, {.receive = 16 * 1024});
  return client;
}

std::string WorkerFilesTest::Get(std::string_view path, std::string_view fields) {
  std::string request("GET ");
  request.append(path).append(" HTTP/1.1\r\nHost: x\r\n");
  return request.append(fields).append("\r\n");
}

size_t WorkerFilesTest::LengthIn(std::string_view head) {
  constexpr std::string_view kName = "\r\nContent-Length: ";
  const size_t at = head.find(kName);
  if (at == std::string_view::npos) return 0;
  return std::stoul(std::string(head.substr(at + kName.size())));
}

std::string WorkerFilesTest::ReadSome(Client& client, size_t bytes) {
  std::string some = client.received.substr(0, bytes);
  client.received.erase(0, some.size());
  std::array<uint8_t, 16 * 1024> piece;
  EXPECT_TRUE(TurnUntil([&] {
    const size_t want = std::min(piece.size(), bytes - some.size());
    if (want == 0) return true;
    const size_t got = client.socket.Read({piece.data(), want});
    some.append(reinterpret_cast<const char*>(piece.data()), got);
    return some.size() == bytes || client.socket.end() != loopback::StreamEnd::kOpen;
  })) << some.size()
      << " bytes of " << bytes << " came";
  return some;
}

std::string WorkerFilesTest::ReadBody(Client& client, std::string_view head) {
  return ReadSome(client, LengthIn(head));
}

std::pair<std::string, std::string> WorkerFilesTest::Fetch(Client& client, std::string_view path,
                                                           std::string_view fields) {
  client.socket.Write(Get(path, fields));
  const std::string head = ReadHead(client);
  return {head.size() < 12 ? "none" : head.substr(9, 3), ReadBody(client, head)};
}

}  // namespace ringway::worker
