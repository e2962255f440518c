// SPDX-License-Identifier: Apache-2.0
//
// The ring-contract suite on the simulated kernel, without faults: what passes here passes on
// io_uring too, so the fake cannot lie.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <memory>

#include "tests/kernel/ring_contract.h"
#include "tests/kernel/ring_contract_file.h"
#include "tests/kernel/ring_contract_optional.h"
#include "tests/kernel/ring_contract_passage.h"
#include "tests/sim/sim_kernel.h"

namespace ringway::contract {
namespace {

using uring::Feature;
using uring::FeatureSet;

constexpr size_t kPipeBytes = 64 * 1024;
constexpr uint16_t kServerPort = 4000;
constexpr uint16_t kNobodysPort = 4001;

class SimEnd : public RemoteEnd {
 public:
  explicit SimEnd(sim::Connection* connection) : connection_(connection) {}
  ~SimEnd() override { Close(); }

  size_t Write(std::span<const uint8_t> bytes) override { return connection_->FarWrite(bytes); }
  size_t Read(std::span<uint8_t> out) override { return connection_->FarRead(out); }
  StreamEnd end() const override {
    switch (connection_->FarState()) {
      case sim::StreamState::kFin:
        return StreamEnd::kFin;
      case sim::StreamState::kReset:
        return StreamEnd::kReset;
      case sim::StreamState::kOpen:
        break;
    }
    return StreamEnd::kOpen;
  }
  void ShutdownWrite() override { connection_->FarShutdown(); }
  void Close() override {
    if (!connection_->far_closed) connection_->FarClose();
  }
  void Reset() override { connection_->FarReset(); }

 private:
  sim::Connection* connection_;
};

class Silence : public sim::Events {
 public:
  uint64_t NextDueNs() override { return sim::kNeverNs; }
  void RunDue() override {}
};

class SimWorld : public ContractWorld {
 public:
  SimWorld(const QueueSizes& sizes, FeatureSet features)
      : kernel_(around_, {.sq_entries = sizes.sq_entries,
                          .cq_entries = sizes.cq_entries,
                          .features = features,
                          .watch = sim::Watch::kContract}) {}
  ~SimWorld() override { EXPECT_EQ(verdict_.failure(), ""); }

  uring::Kernel& kernel() override { return kernel_; }
  uint64_t NowNs() override { return clock_.NowNs(); }

  Connection Connect() override {
    sim::Connection* connection = network_.Open(sim::Network::AddressOf(kServerPort));
    return {.fd = tables().descriptors.OpenSocket(connection),
            .remote = std::make_unique<SimEnd>(connection)};
  }

  int Listen() override { return tables().descriptors.OpenListening(network_.Serve(next_port_++)); }

  std::unique_ptr<RemoteEnd> DialIn(int listening_fd) override {
    sim::Connection* connection = network_.Open(sim::Network::AddressOf(next_port_++));
    tables().descriptors.Of(listening_fd).listening->waiting.push_back(connection);
    return std::make_unique<SimEnd>(connection);
  }

  sockaddr_storage ServerAddress() override { return sim::Network::AddressOf(kServerPort); }
  std::unique_ptr<RemoteEnd> TakeDialled() override { return Take(server_); }
  sockaddr_storage RefusingAddress() override { return sim::Network::AddressOf(kNobodysPort); }

  sockaddr_storage UnixServerAddress() override {
    return sim::Network::AddressOfPath(unix_server_.path);
  }
  std::unique_ptr<RemoteEnd> TakeUnixDialled() override { return Take(unix_server_); }
  sockaddr_storage AbsentPath() override { return sim::Network::AddressOfPath("/run/absent"); }

  int OpenFile(std::span<const uint8_t> bytes) override { return tables().OpenNameless(bytes); }
  int OpenRoot() override { return tables().OpenRoot(); }
  sim::KernelTables& tables() { return kernel_.tables(); }
  sim::FileTree& tree() { return tables().tree; }
  void PutFile(const std::string& path, std::span<const uint8_t> bytes) override {
    tables().tree.Put(path, {bytes.begin(), bytes.end()}, static_cast<int64_t>(clock_.NowNs()));
  }

 private:
  static std::unique_ptr<RemoteEnd> Take(sim::Server& server) {
    if (server.waiting.empty()) return nullptr;
    sim::Connection* connection = server.waiting.front();
    server.waiting.pop_front();
    return std::make_unique<SimEnd>(connection);
  }

  sim::SimClock clock_;
  sim::Verdict verdict_{clock_};
  sim::Random random_{1};
  sim::Faults faults_;
  sim::Network network_{kPipeBytes};
  Silence silence_;
  sim::Surroundings around_{network_, clock_, random_, random_, faults_, verdict_, silence_};
  sim::Server& server_ = network_.Serve(kServerPort);
  sim::Server& unix_server_ = network_.ServePath("/run/contract");
  sim::SimKernel kernel_;
  uint16_t next_port_ = 5000;
};

// What a real kernel does by its own mind, a test of the simulation sets.

TEST(SimFiles, ANameIsInMemoryOnceItWasOpened) {
  SimWorld world({}, FeatureSet());
  const int root = world.OpenRoot();
  world.PutFile("a/file.txt", Bytes("x"));
  EXPECT_EQ(world.kernel().OpenBeneath(root, "a/file.txt", uring::Lookup::kCached), -EAGAIN);
  EXPECT_EQ(world.kernel().OpenBeneath(root, "a/absent", uring::Lookup::kCached), -EAGAIN);
  const int file = world.kernel().OpenBeneath(root, "a/file.txt", uring::Lookup::kWhole);
  ASSERT_GE(file, 0);
  const int again = world.kernel().OpenBeneath(root, "a/file.txt", uring::Lookup::kCached);
  EXPECT_GE(again, 0);
  for (const int fd : {again, file, root}) EXPECT_EQ(world.kernel().Close(fd), 0);
}

TEST(SimFiles, OnlyBytesThatAreInMemoryAreReadAtOnce) {
  SimWorld world({}, FeatureSet());
  const int root = world.OpenRoot();
  world.tree().Put("file.txt", Bytes("0123456789"), 0).resident_bytes = 4;
  const int file = world.kernel().OpenBeneath(root, "file.txt", uring::Lookup::kWhole);
  std::array<uint8_t, 8> out{};
  EXPECT_EQ(world.kernel().ReadResident(file, out, 1), 3);
  EXPECT_EQ(world.kernel().ReadResident(file, out, 4), -EAGAIN);
  for (const int fd : {file, root}) EXPECT_EQ(world.kernel().Close(fd), 0);
}

TEST(SimFiles, BytesAreInMemoryOnceTheRingHasReadThem) {
  SimWorld world({}, FeatureSet());
  const int root = world.OpenRoot();
  world.tree().Put("file.txt", std::vector<uint8_t>(20'000, 7), 0).resident_bytes = 0;
  const int file = world.kernel().OpenBeneath(root, "file.txt", uring::Lookup::kWhole);
  std::vector<uint8_t> out(20'000);
  EXPECT_EQ(world.kernel().ReadResident(file, out, 0), -EAGAIN);
  uring::Ring ring(world.kernel());
  io_uring_prep_read(ring.NextEntry(), file, out.data(), 100, 5000);
  ASSERT_EQ(ring.Turn(uring::kNoTimeout), 0);
  io_uring_cqe cqe{};
  ASSERT_EQ(ring.Reap({&cqe, 1}), 1U);
  EXPECT_EQ(cqe.res, 100);
  EXPECT_EQ(world.kernel().ReadResident(file, out, 4095), -EAGAIN);
  EXPECT_EQ(world.kernel().ReadResident(file, out, 4096), 4096) << "the page around them";
  EXPECT_EQ(world.kernel().ReadResident(file, out, 8192), -EAGAIN);
  for (const int fd : {file, root}) EXPECT_EQ(world.kernel().Close(fd), 0);
}

TEST(SimFiles, WhatIsWrittenInPlaceChangesForWhoHasItOpen) {
  SimWorld world({}, FeatureSet());
  const int root = world.OpenRoot();
  sim::File& content = world.tree().Put("file.txt", Bytes("old"), 1);
  const int file = world.kernel().OpenBeneath(root, "file.txt", uring::Lookup::kWhole);
  uring::FileStatus before;
  ASSERT_EQ(world.kernel().StatusOf(file, &before), 0);
  sim::FileTree::Overwrite(content, Bytes("newer"), 2);
  uring::FileStatus after;
  ASSERT_EQ(world.kernel().StatusOf(file, &after), 0);
  EXPECT_NE(before, after);
  EXPECT_EQ(after.bytes, 5U);
  EXPECT_EQ(after.inode, before.inode);
  for (const int fd : {file, root}) EXPECT_EQ(world.kernel().Close(fd), 0);
}

MakeKernel Sim(const char* name, FeatureSet features) {
  return {.name = name, .make = [features](const QueueSizes& sizes) {
            return std::make_unique<SimWorld>(sizes, features);
          }};
}

std::string NameOf(const testing::TestParamInfo<MakeKernel>& info) { return info.param.name; }

const FeatureSet kCaps = FeatureSet().With(Feature::kReceiveCap).With(Feature::kFixedBuffers);

INSTANTIATE_TEST_SUITE_P(Sim, RingContract,
                         testing::Values(Sim("AllFeatures", kCaps),
                                         Sim("NoOptionalFeature", FeatureSet())),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Sim, RingContractFile, testing::Values(Sim("AllFeatures", kCaps)), NameOf);
INSTANTIATE_TEST_SUITE_P(Sim, RingContractPassage, testing::Values(Sim("AllFeatures", kCaps)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(Sim, RingContractOptional, testing::Values(Sim("AllFeatures", kCaps)),
                         NameOf);

}  // namespace
}  // namespace ringway::contract
