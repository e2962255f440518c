// SPDX-License-Identifier: Apache-2.0
//
// The steps that contract tests are made of.
#include "tests/kernel/ring_contract.h"

#include <algorithm>
#include <utility>

namespace ringway::contract {
namespace {

/// Under which the fixture's own cancels complete: no test uses it.
constexpr uint64_t kTearDown = UINT64_MAX - 1;
/// More than both socket buffers of a connection together.
constexpr size_t kStallBytes = 1024 * 1024;

uring::BufferRing Registered(uring::Kernel& kernel, uint16_t group, uint32_t count) {
  auto ring = uring::BufferRing::Register(kernel, group, count);
  EXPECT_TRUE(ring.ok()) << ring.status();
  return *std::move(ring);
}

}  // namespace

ReceiveBuffers::ReceiveBuffers(uring::Kernel& kernel, uint16_t group, uint32_t count,
                               uint32_t bytes)
    : bytes_(bytes), memory_(count * bytes), ring_(Registered(kernel, group, count)) {}

void ReceiveBuffers::Offer(uint16_t index) {
  ring_.Add(&memory_[index * bytes_], bytes_, index);
  ring_.Publish();
}

void ReceiveBuffers::OfferAll() {
  for (uint32_t i = 0; i < count(); ++i) Offer(static_cast<uint16_t>(i));
}

std::vector<uint8_t> ReceiveBuffers::Look(const Completion& completion) const {
  if (!completion.has_buffer() || completion.res <= 0) return {};
  EXPECT_LT(completion.buffer(), count());
  EXPECT_LE(completion.res, static_cast<int>(bytes_));
  const uint8_t* at = &memory_[completion.buffer() * bytes_];
  return {at, at + completion.res};
}

std::vector<uint8_t> ReceiveBuffers::Take(const Completion& completion) {
  std::vector<uint8_t> bytes = Look(completion);
  if (completion.has_buffer()) Offer(completion.buffer());
  return bytes;
}

void RingContract::Open(const QueueSizes& sizes) {
  ring_.reset();
  world_.reset();
  world_ = GetParam().make(sizes);
  ASSERT_NE(world_, nullptr);
  ring_ = std::make_unique<uring::Ring>(world_->kernel());
}

void RingContract::TearDown() {
  if (world_ == nullptr) return;
  for (const int fd : kept_) CancelByDescriptor(fd, kTearDown);
  EXPECT_TRUE(TurnUntil([&] { return in_flight_ == 0; })) << "operations stay with the kernel";
  for (const int fd : kept_) EXPECT_EQ(kernel().Close(fd), 0);
  buffers_.clear();
}

Connection RingContract::Connect() {
  Connection connection = world().Connect();
  Keep(connection.fd);
  return connection;
}

int RingContract::Listen() { return Keep(world().Listen()); }

int RingContract::Keep(int fd) {
  EXPECT_GE(fd, 0);
  kept_.push_back(fd);
  return fd;
}

int RingContract::CloseKept(int fd) {
  std::erase(kept_, fd);
  return kernel().Close(fd);
}

ReceiveBuffers& RingContract::AddBuffers(uint32_t count, uint32_t bytes) {
  const auto group = static_cast<uint16_t>(buffers_.size());
  buffers_.push_back(std::make_unique<ReceiveBuffers>(kernel(), group, count, bytes));
  return *buffers_.back();
}

void RingContract::Submit(io_uring_sqe* sqe, uint64_t user_data) {
  sqe->user_data = user_data;
  ++in_flight_;
}

void RingContract::ArmReceive(int fd, const ReceiveBuffers& buffers, uint64_t user_data) {
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = buffers.group();
  Submit(sqe, user_data);
}

void RingContract::PrepareSend(int fd, std::span<const uint8_t> bytes, uint64_t user_data) {
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_send(sqe, fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  Submit(sqe, user_data);
}

void RingContract::CancelByUserData(uint64_t target, uint64_t user_data) {
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_cancel64(sqe, target, 0);
  Submit(sqe, user_data);
}

void RingContract::CancelByDescriptor(int fd, uint64_t user_data) {
  io_uring_sqe* sqe = ring().NextEntry();
  io_uring_prep_cancel_fd(sqe, fd, IORING_ASYNC_CANCEL_ALL);
  Submit(sqe, user_data);
}

void RingContract::Turn() {
  EXPECT_EQ(ring().Turn(kTurnNs), 0);
  Collect();
}

void RingContract::Collect() {
  std::array<io_uring_cqe, 8> batch;
  for (size_t count = ring().Reap(batch); count > 0; count = ring().Reap(batch)) {
    for (size_t i = 0; i < count; ++i) {
      const Completion completion{.res = batch[i].res, .flags = batch[i].flags};
      completions_[batch[i].user_data].push_back(completion);
      if (completion.more()) continue;
      EXPECT_GT(in_flight_, 0U) << "a completion that nobody submitted: " << batch[i].user_data;
      --in_flight_;
    }
  }
}

bool RingContract::Ended(uint64_t user_data) {
  return !Of(user_data).empty() && !Of(user_data).back().more();
}

Completion RingContract::AwaitEnd(uint64_t user_data) {
  EXPECT_TRUE(TurnUntil([&] { return Ended(user_data); })) << "operation " << user_data;
  return Of(user_data).empty() ? Completion{} : Of(user_data).back();
}

std::vector<uint8_t> RingContract::ReadRemote(RemoteEnd& remote, size_t count) {
  std::vector<uint8_t> all(count);
  size_t got = 0;
  EXPECT_TRUE(TurnUntil([&] {
    while (got < count) {
      const size_t read = remote.Read({all.data() + got, count - got});
      if (read == 0) break;
      got += read;
    }
    return got == count || remote.end() != StreamEnd::kOpen;
  })) << "the remote end has "
      << got << " bytes of " << count;
  all.resize(got);
  return all;
}

StreamEnd RingContract::AwaitRemoteEnd(RemoteEnd& remote) {
  std::array<uint8_t, 4096> discarded;
  EXPECT_TRUE(TurnUntil([&] {
    while (remote.Read(discarded) > 0) continue;
    return remote.end() != StreamEnd::kOpen;
  }));
  return remote.end();
}

void RingContract::WriteRemote(RemoteEnd& remote, std::span<const uint8_t> bytes) {
  EXPECT_TRUE(TurnUntil([&] {
    bytes = bytes.subspan(remote.Write(bytes));
    return bytes.empty();
  }));
}

std::vector<uint8_t> RingContract::ReceiveAll(int fd, ReceiveBuffers& buffers, size_t count,
                                              uint64_t user_data) {
  std::vector<uint8_t> all;
  size_t seen = Of(user_data).size();
  bool armed = seen > 0 && !Ended(user_data);
  EXPECT_TRUE(TurnUntil([&] {
    for (; seen < Of(user_data).size(); ++seen) {
      const Completion completion = Of(user_data)[seen];
      const std::vector<uint8_t> bytes = buffers.Take(completion);
      all.insert(all.end(), bytes.begin(), bytes.end());
      armed = completion.more();
      const bool is_end = completion.res == 0 && all.size() == count;
      EXPECT_TRUE(completion.res > 0 || completion.res == -ENOBUFS || is_end) << completion.res;
    }
    if (!armed && all.size() < count) {
      ArmReceive(fd, buffers, user_data);
      armed = true;
    }
    return all.size() >= count;
  })) << all.size()
      << " bytes of " << count << " came";
  return all;
}

uint64_t RingContract::SendUntilStalled(int fd, uint64_t first, size_t* sent) {
  constexpr uint64_t kSendsMax = 64;
  *sent = 0;
  for (uint64_t user_data = first; user_data < first + kSendsMax; ++user_data) {
    stalling_ = loopback::Pattern(*sent, kStallBytes);
    PrepareSend(fd, stalling_, user_data);
    for (int i = 0; i < kQuietTurns && !Ended(user_data); ++i) Turn();
    if (!Ended(user_data)) return user_data;
    EXPECT_GT(Of(user_data).back().res, 0);
    *sent += static_cast<size_t>(std::max(0, Of(user_data).back().res));
  }
  ADD_FAILURE() << "no send stalls: " << *sent << " bytes were taken";
  return first;
}

}  // namespace ringway::contract
