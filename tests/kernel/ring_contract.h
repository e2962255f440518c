// SPDX-License-Identifier: Apache-2.0
//
// The fixture of the ring-contract suite: a ring on the kernel under test, a record of everything
// that completed, and at the end of each test the proof that nothing is left with the kernel.
#pragma once

#include <gtest/gtest.h>
#include <liburing.h>

#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/kernel/contract_world.h"
#include "tests/kernel/pattern.h"
#include "uring/abi.h"
#include "uring/buffer_ring.h"
#include "uring/ring.h"

namespace ringway::contract {

struct Completion {
  int32_t res = 0;
  uint32_t flags = 0;

  /// Whether the operation goes on.
  bool more() const { return (flags & IORING_CQE_F_MORE) != 0; }
  bool has_buffer() const { return (flags & IORING_CQE_F_BUFFER) != 0; }
  uint16_t buffer() const { return uring::BufferIndex(flags); }
};

/// Buffers of one group, and the bytes that arrived in them.
class ReceiveBuffers {
 public:
  ReceiveBuffers(uring::Kernel& kernel, uint16_t group, uint32_t count, uint32_t bytes);

  void Offer(uint16_t index);
  void OfferAll();
  /// What a completion brought; its buffer is offered again.
  std::vector<uint8_t> Take(const Completion& completion);
  /// What a completion brought; the buffer stays with the test.
  std::vector<uint8_t> Look(const Completion& completion) const;

  uint16_t group() const { return ring_.group(); }
  uint32_t bytes() const { return bytes_; }
  uint32_t count() const { return static_cast<uint32_t>(memory_.size() / bytes_); }

 private:
  uint32_t bytes_;
  std::vector<uint8_t> memory_;
  uring::BufferRing ring_;
};

class RingContract : public testing::TestWithParam<MakeKernel> {
 protected:
  /// One turn waits so long at most, and no wait takes more turns: five seconds in all.
  static constexpr uint64_t kTurnNs = 1'000'000;
  static constexpr int kTurnsMax = 5000;
  /// Turns after which something that has not happened is taken not to happen.
  static constexpr int kQuietTurns = 10;

  void SetUp() override { Open({}); }
  /// Ends every operation, and expects that each has had its last completion.
  void TearDown() override;

  /// For a test that needs other queues than the usual ones. To be called first.
  void Open(const QueueSizes& sizes);
  ContractWorld& world() { return *world_; }
  uring::Ring& ring() { return *ring_; }
  uring::Kernel& kernel() { return world_->kernel(); }

  /// A connection whose descriptor is closed with the test.
  Connection Connect();
  int Listen();
  /// Registers a descriptor to be closed with the test.
  int Keep(int fd);
  /// Closes a kept descriptor now.
  int CloseKept(int fd);
  ReceiveBuffers& AddBuffers(uint32_t count, uint32_t bytes);

  /// Names a prepared entry: its completions are found under `user_data`.
  void Submit(io_uring_sqe* sqe, uint64_t user_data);
  void ArmReceive(int fd, const ReceiveBuffers& buffers, uint64_t user_data);
  void PrepareSend(int fd, std::span<const uint8_t> bytes, uint64_t user_data);
  void CancelByUserData(uint64_t target, uint64_t user_data);
  void CancelByDescriptor(int fd, uint64_t user_data);

  /// One turn, and everything that it brought noted.
  void Turn();
  /// Notes what is ready, without a turn.
  void Collect();
  void QuietTurns() {
    for (int i = 0; i < kQuietTurns; ++i) Turn();
  }
  template <typename Done>
  [[nodiscard]] bool TurnUntil(Done&& done) {
    for (int i = 0; i < kTurnsMax; ++i) {
      if (done()) return true;
      Turn();
    }
    return done();
  }

  /// Everything that completed under `user_data` so far, in order.
  const std::vector<Completion>& Of(uint64_t user_data) { return completions_[user_data]; }
  bool Ended(uint64_t user_data);
  /// Turns until the operation has ended; its last completion.
  Completion AwaitEnd(uint64_t user_data);
  /// Turns until so many completions are there.
  [[nodiscard]] bool AwaitCount(uint64_t user_data, size_t count) {
    return TurnUntil([&] { return Of(user_data).size() >= count; });
  }

  /// Turns until the remote end has read so many bytes, or its stream has ended.
  std::vector<uint8_t> ReadRemote(RemoteEnd& remote, size_t count);
  StreamEnd AwaitRemoteEnd(RemoteEnd& remote);
  /// Writes all of it, with turns in between.
  void WriteRemote(RemoteEnd& remote, std::span<const uint8_t> bytes);
  /// Receives `count` bytes, armed again whenever the receive ends, each buffer offered again at
  /// once. The stream may end behind them. Completions are those of `user_data`, which nobody else
  /// uses.
  std::vector<uint8_t> ReceiveAll(int fd, ReceiveBuffers& buffers, size_t count,
                                  uint64_t user_data);
  /// Sends bytes of the pattern until a send stays in flight; it is the last of the `user_data`s
  /// counted up from `first`. `*sent`: bytes that completed sends took.
  uint64_t SendUntilStalled(int fd, uint64_t first, size_t* sent);

 private:
  std::unique_ptr<ContractWorld> world_;
  std::unique_ptr<uring::Ring> ring_;
  std::vector<std::unique_ptr<ReceiveBuffers>> buffers_;
  std::vector<int> kept_;
  std::map<uint64_t, std::vector<Completion>> completions_;
  std::vector<uint8_t> stalling_;
  size_t in_flight_ = 0;
};

inline std::vector<uint8_t> Bytes(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace ringway::contract
