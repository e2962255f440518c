// SPDX-License-Identifier: Apache-2.0
//
// The ring-contract suite on io_uring itself: real TCP on the loopback interface, with all that
// this kernel offers, with each of the two ways of entering it taken away, and with nothing
// optional at all, which is what Linux 6.1 has.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "tests/kernel/loopback.h"
#include "tests/kernel/ring_contract.h"
#include "tests/kernel/ring_contract_file.h"
#include "tests/kernel/ring_contract_optional.h"
#include "tests/kernel/ring_contract_passage.h"
#include "uring/linux_kernel.h"
#include "uring/probe.h"

namespace ringway::contract {
namespace {

using uring::Feature;
using uring::FeatureSet;

/// Small, so that a send stalls soon.
constexpr loopback::BufferSizes kBuffers = {.send = 32 * 1024, .receive = 32 * 1024};

class LoopbackEnd : public RemoteEnd {
 public:
  explicit LoopbackEnd(loopback::Socket socket) : socket_(std::move(socket)) {}

  size_t Write(std::span<const uint8_t> bytes) override { return socket_.Write(bytes); }
  size_t Read(std::span<uint8_t> out) override { return socket_.Read(out); }
  StreamEnd end() const override { return socket_.end(); }
  void ShutdownWrite() override { socket_.ShutdownWrite(); }
  void Close() override { socket_.Close(); }
  void Reset() override { socket_.Reset(); }

 private:
  loopback::Socket socket_;
};

std::unique_ptr<RemoteEnd> Wrap(loopback::Socket socket) {
  return socket ? std::make_unique<LoopbackEnd>(std::move(socket)) : nullptr;
}

/// A unix socket that listens in a folder of its own, which is gone with it.
class UnixServer {
 public:
  UnixServer() : folder_(testing::TempDir() + "contract-XXXXXX") {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    const sockaddr_storage at = address();
    EXPECT_EQ(bind(socket_.fd(), reinterpret_cast<const sockaddr*>(&at), sizeof(sockaddr_un)), 0);
    EXPECT_EQ(listen(socket_.fd(), 64), 0);
  }
  ~UnixServer() { std::filesystem::remove_all(folder_); }
  UnixServer(const UnixServer&) = delete;
  UnixServer& operator=(const UnixServer&) = delete;

  const loopback::Socket& socket() const { return socket_; }
  sockaddr_storage address() const { return AddressOf("server"); }
  sockaddr_storage AddressOf(const std::string& name) const {
    sockaddr_storage address{};
    auto& local = reinterpret_cast<sockaddr_un&>(address);
    local.sun_family = AF_UNIX;
    (folder_ + "/" + name).copy(local.sun_path, sizeof local.sun_path - 1);
    return address;
  }

 private:
  std::string folder_;
  loopback::Socket socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
};

/// A directory below the test's own.
class Folder {
 public:
  Folder() : path_(testing::TempDir() + "contract-XXXXXX") {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  int Open() const { return open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }
  /// Under another name first: who has the file before open keeps that.
  void Put(const std::string& name, std::span<const uint8_t> bytes) const {
    const std::filesystem::path path = path_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    const std::string draft = path.string() + ".new";
    std::ofstream(draft, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    std::filesystem::rename(draft, path);
  }

 private:
  std::string path_;
};

class LinuxWorld : public ContractWorld {
 public:
  LinuxWorld(std::unique_ptr<uring::LinuxKernel> kernel) : kernel_(std::move(kernel)) {
    // WHY: splice(2) has no MSG_NOSIGNAL; whoever splices to sockets has to ignore it.
    std::signal(SIGPIPE, SIG_IGN);
  }

  uring::Kernel& kernel() override { return *kernel_; }

  uint64_t NowNs() override {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
  }

  Connection Connect() override {
    loopback::Pair pair = loopback::ConnectedPair(kBuffers);
    return {.fd = pair.near.Release(), .remote = Wrap(std::move(pair.far))};
  }

  int Listen() override {
    loopback::Socket listening = loopback::Listen();
    loopback::SetBuffers(listening, kBuffers);
    return listening.Release();
  }

  std::unique_ptr<RemoteEnd> DialIn(int listening_fd) override {
    loopback::Socket borrowed(listening_fd);
    loopback::Socket dialled = loopback::Dial(borrowed);
    static_cast<void>(borrowed.Release());
    return Wrap(std::move(dialled));
  }

  sockaddr_storage ServerAddress() override { return loopback::AddressOf(server_); }
  std::unique_ptr<RemoteEnd> TakeDialled() override { return Wrap(loopback::Accept(server_)); }
  sockaddr_storage RefusingAddress() override { return loopback::AddressOf(refusing_); }

  sockaddr_storage UnixServerAddress() override { return unix_server_.address(); }
  std::unique_ptr<RemoteEnd> TakeUnixDialled() override {
    return Wrap(loopback::Accept(unix_server_.socket()));
  }
  sockaddr_storage AbsentPath() override { return unix_server_.AddressOf("absent"); }

  int OpenFile(std::span<const uint8_t> bytes) override {
    const int fd = memfd_create("contract", MFD_CLOEXEC);
    EXPECT_EQ(write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    return fd;
  }
  int OpenRoot() override { return folder_.Open(); }
  void PutFile(const std::string& path, std::span<const uint8_t> bytes) override {
    folder_.Put(path, bytes);
  }

 private:
  std::unique_ptr<uring::LinuxKernel> kernel_;
  loopback::Socket server_ = loopback::Listen();
  loopback::Socket refusing_ = loopback::Refuse();
  UnixServer unix_server_;
  Folder folder_;
};

MakeKernel Linux(const char* name, std::initializer_list<Feature> masked) {
  // GoogleTest asks anew for every test.
  static const FeatureSet kFound = uring::Probe().features;
  FeatureSet features = kFound;
  for (const Feature feature : masked) features = features.Without(feature);
  const auto make = [features](const QueueSizes& sizes) -> std::unique_ptr<ContractWorld> {
    auto kernel = uring::LinuxKernel::Open(
        {.sq_entries = sizes.sq_entries, .cq_entries = sizes.cq_entries, .features = features});
    if (!kernel.ok()) {
      ADD_FAILURE() << kernel.status();
      return nullptr;
    }
    return std::make_unique<LinuxWorld>(*std::move(kernel));
  };
  return {.name = name, .make = make};
}

std::string NameOf(const testing::TestParamInfo<MakeKernel>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Linux, RingContract,
    testing::Values(Linux("AllFeatures", {}), Linux("WithSubmissionArray", {Feature::kNoSqArray}),
                    Linux("WithoutRegisteredRing", {Feature::kRegisteredRing}),
                    Linux("NoOptionalFeature",
                          {Feature::kNoSqArray, Feature::kRegisteredRing, Feature::kNoIowait,
                           Feature::kReceiveCap, Feature::kFixedBuffers})),
    NameOf);

INSTANTIATE_TEST_SUITE_P(Linux, RingContractOptional, testing::Values(Linux("AllFeatures", {})),
                         NameOf);

// None of it depends on a feature that may be masked.
INSTANTIATE_TEST_SUITE_P(Linux, RingContractPassage, testing::Values(Linux("AllFeatures", {})),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Linux, RingContractFile, testing::Values(Linux("AllFeatures", {})),
                         NameOf);

}  // namespace
}  // namespace ringway::contract
