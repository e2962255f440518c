// SPDX-License-Identifier: Apache-2.0
//
// Sending on real sockets: one send for everything due, its bounds, and what a short one leaves.
#include <algorithm>

#include "gateway/write/sender.h"
#include "tests/kernel/rooms_fixture.h"

namespace ringway::write {
namespace {

using flow::Source;

constexpr uint32_t kBulkBytes = 65536;
constexpr uint32_t kBulkSlices = 64;
constexpr uint32_t kSlices = 1024;

class SenderTest : public rooms::RoomTest {
 protected:
  /// One link and what is queued for it.
  struct Link {
    Link(uint32_t slot, loopback::BufferSizes sizes)
        : id{.slot = slot, .generation = 7}, pair(loopback::ConnectedPair(sizes)) {}
    base::LinkId id;
    loopback::Pair pair;
    SendState state;
    size_t queued = 0;  ///< bytes of the pattern so far
  };

  SenderTest() : RoomTest({8, kBulkSlices, 512, 8}) {}

  void TearDown() override {
    for (const std::unique_ptr<Link>& link : links_) {
      EXPECT_FALSE(link->state.in_flight);
      if (!link->state.in_flight) {
        static_cast<void>(link->state.queue.Clear(slices_, arena_));
      }
    }
    EXPECT_EQ(slices_.open(), 0U);
    for (size_t c = 0; c < base::kBufferClasses; ++c) {
      EXPECT_EQ(arena_.leased(static_cast<BufferClass>(c)), 0U);
    }
  }

  Link& Open(loopback::BufferSizes sizes = {}) {
    links_.push_back(std::make_unique<Link>(static_cast<uint32_t>(links_.size()), sizes));
    return *links_.back();
  }

  /// Queues the next bytes of the pattern in a buffer of their own.
  void Queue(Link& link, uint32_t bytes, Source source = Source::kBackend) {
    // Not cells: those that wait one behind the other would be joined.
    const BufferClass c = bytes > 16384 ? BufferClass::kBulk : BufferClass::kChunk;
    base::Piece piece{.lease = base::IsReceiveClass(c) ? arena_.Receive(c, arena_.PopReturned(c))
                                                       : arena_.TryTake(c),
                      .bytes = bytes};
    ASSERT_TRUE(piece.lease);
    piece.data = piece.lease.data();
    std::ranges::copy(loopback::Pattern(link.queued, bytes), piece.data);
    link.queued += bytes;
    ASSERT_EQ(link.state.queue.Push(slices_, arena_, std::move(piece), source),
              flow::PushResult::kQueued);
  }

  void Submit(Link& link) { sender_.Submit(link.id, link.pair.near.fd(), link.state); }

  /// The completion of the oldest send that has ended, given to its link.
  Sent Complete() {
    const rooms::Arrived arrived = Next();
    EXPECT_EQ(arrived.operation(), base::Operation::kSend);
    EXPECT_LT(arrived.id().slot, links_.size());
    if (arrived.operation() != base::Operation::kSend) return {};
    Link& link = *links_[arrived.id().slot];
    EXPECT_EQ(arrived.id(), link.id);
    return sender_.OnCompletion(arrived.Cqe(), link.state);
  }

  void ExpectDelivered(Link& link) {
    const std::vector<uint8_t> got = ReadFrom(link.pair.far, link.queued);
    EXPECT_EQ(got.size(), link.queued);
    EXPECT_EQ(loopback::FirstDifference(got), got.size());
  }

  /// Sends until a send stays with the kernel.
  void Stall(Link& link) {
    for (int sends = 0; sends < 64; ++sends) {
      while (link.state.queue.bytes() < kBytesPerSendMax) Queue(link, kBulkBytes);
      Submit(link);
      if (IsQuiet()) return;
      EXPECT_EQ(Complete().outcome, SendOutcome::kSent);
    }
    ADD_FAILURE() << "no send stalls";
  }

  flow::SlicePool slices_ = *flow::SlicePool::Map(kSlices, "slices");
  Sender sender_{ring_, arena_, slices_, counters_};
  std::vector<std::unique_ptr<Link>> links_;
};

TEST_F(SenderTest, OneSliceLeavesAndGivesBackItsCredit) {
  Link& link = Open();
  Queue(link, 300, Source::kBackend);
  Submit(link);
  EXPECT_TRUE(link.state.in_flight);
  const Sent sent = Complete();
  EXPECT_EQ(sent.outcome, SendOutcome::kSent);
  EXPECT_EQ(sent.returned.backend_bytes, 300U);
  EXPECT_EQ(sent.returned.client_bytes, 0U);
  EXPECT_EQ(sent.returned.bytes, 300U);
  EXPECT_FALSE(link.state.in_flight);
  EXPECT_TRUE(link.state.queue.empty());
  ExpectDelivered(link);
  EXPECT_EQ(counters_.sends.value(), 1U);
  EXPECT_EQ(counters_.sends_short.value(), 0U);
}

TEST_F(SenderTest, WhatIsDueForOneSocketLeavesInOneSendInOrder) {
  Link& link = Open();
  for (uint32_t i = 0; i < 20; ++i)
    Queue(link, 10 + i * 30, i % 2 == 0 ? Source::kBackend : Source::kGateway);
  Submit(link);
  const Sent sent = Complete();
  EXPECT_EQ(sent.outcome, SendOutcome::kSent);
  EXPECT_EQ(sent.returned.bytes, link.queued);
  EXPECT_LT(sent.returned.backend_bytes, link.queued);
  EXPECT_TRUE(link.state.queue.empty());
  ExpectDelivered(link);
  EXPECT_EQ(counters_.sends.value(), 1U);
}

TEST_F(SenderTest, ASendGathersItsBoundOfSlicesAtMost) {
  Link& link = Open();
  constexpr uint32_t kQueued = kSlicesPerSendMax + 36;
  for (uint32_t i = 0; i < kQueued; ++i) Queue(link, 100);
  Submit(link);
  EXPECT_EQ(link.state.queue.in_flight(), kSlicesPerSendMax);
  EXPECT_EQ(Complete().returned.bytes, kSlicesPerSendMax * 100);
  EXPECT_EQ(link.state.queue.slices(), 36U);
  EXPECT_EQ(counters_.sends_short.value(), 0U);
  Submit(link);
  EXPECT_EQ(Complete().returned.bytes, 3600U);
  ExpectDelivered(link);
}

TEST_F(SenderTest, ASendOffersItsBoundOfBytesAtMost) {
  Link& link = Open();
  constexpr uint32_t kInOne = kBytesPerSendMax / kBulkBytes;
  for (uint32_t i = 0; i < kInOne + 1; ++i) Queue(link, kBulkBytes);
  Submit(link);
  EXPECT_EQ(link.state.queue.in_flight(), kInOne);
  const Sent first = Complete();
  EXPECT_EQ(first.outcome, SendOutcome::kSent);
  EXPECT_LE(first.returned.bytes, kBytesPerSendMax);
  size_t left = link.queued - first.returned.bytes;
  std::vector<uint8_t> got = ReadFrom(link.pair.far, first.returned.bytes);
  while (left > 0 && !HasFailure()) {
    Submit(link);
    const Sent sent = Complete();
    ASSERT_EQ(sent.outcome, SendOutcome::kSent);
    left -= sent.returned.bytes;
    const std::vector<uint8_t> more = ReadFrom(link.pair.far, sent.returned.bytes);
    got.insert(got.end(), more.begin(), more.end());
  }
  EXPECT_EQ(loopback::FirstDifference(got), link.queued);
}

TEST_F(SenderTest, MoreGathersInOneTurnThanItHasMemoryForAllLeave) {
  constexpr uint32_t kLinks = 70;
  for (uint32_t i = 0; i < kLinks; ++i) {
    Link& link = Open();
    Queue(link, 100 + i);
    Queue(link, 200);
    Submit(link);
  }
  EXPECT_EQ(ring_.flushes(), 1U);
  for (uint32_t i = 0; i < kLinks; ++i) EXPECT_EQ(Complete().outcome, SendOutcome::kSent);
  for (const std::unique_ptr<Link>& link : links_) ExpectDelivered(*link);
  EXPECT_EQ(counters_.sends_short.value(), 0U);
}

TEST_F(SenderTest, AShortSendContinuesWhereItStopped) {
  Link& link = Open({.send = 16 * 1024, .receive = 16 * 1024});
  for (int i = 0; i < 20; ++i) Queue(link, kBulkBytes);
  Queue(link, 5);
  std::vector<uint8_t> got(link.queued);
  size_t read = 0;
  uint64_t returned = 0;
  Submit(link);
  EXPECT_TRUE(TurnUntil([&] {
    read += link.pair.far.Read({got.data() + read, std::min(got.size() - read, size_t{10'000})});
    if (!arrived_.empty()) {
      const Sent sent = Complete();
      EXPECT_EQ(sent.outcome, SendOutcome::kSent);
      returned += sent.returned.bytes;
      if (!link.state.queue.empty()) Submit(link);
    }
    return read == got.size() && !link.state.in_flight;
  })) << read
      << " bytes of " << got.size() << " came";
  EXPECT_EQ(returned, link.queued);
  EXPECT_EQ(loopback::FirstDifference(got), got.size());
  EXPECT_GT(counters_.sends_short.value(), 0U);
}

TEST_F(SenderTest, WhatIsQueuedWhileASendIsInFlightFollowsIt) {
  Link& link = Open();
  Queue(link, 100);
  Submit(link);
  Queue(link, 50);
  Queue(link, 60);
  EXPECT_EQ(Complete().returned.bytes, 100U);
  EXPECT_EQ(link.state.queue.slices(), 2U);
  Submit(link);
  EXPECT_EQ(Complete().returned.bytes, 110U);
  ExpectDelivered(link);
}

TEST_F(SenderTest, AResetBreaksTheSocketAndKeepsTheQueueForWhoeverCountsIt) {
  Link& link = Open();
  link.pair.far.Reset();
  EXPECT_TRUE(IsQuiet());
  Queue(link, 100);
  Queue(link, 100);
  Submit(link);
  const Sent sent = Complete();
  EXPECT_EQ(sent.outcome, SendOutcome::kReset);
  EXPECT_EQ(sent.returned.bytes, 0U);
  EXPECT_TRUE(link.state.broken);
  EXPECT_FALSE(link.state.in_flight);
  EXPECT_EQ(link.state.queue.bytes(), 200U);
  EXPECT_EQ(counters_.completions_unexpected.value(), 0U);
}

TEST_F(SenderTest, AStalledSendThatIsCancelledKeepsWhatHasNotLeft) {
  Link& link = Open({.send = 16 * 1024, .receive = 16 * 1024});
  Stall(link);
  const uint32_t queued = link.state.queue.bytes();
  io_uring_sqe* sqe = ring_.NextEntry();
  io_uring_prep_cancel_fd(sqe, link.pair.near.fd(), IORING_ASYNC_CANCEL_ALL);
  sqe->user_data = 0;
  ASSERT_TRUE(TurnUntil([&] { return arrived_.size() == 2; }));
  std::ranges::sort(arrived_, {}, &rooms::Arrived::user_data);
  EXPECT_GE(TakeFront().res, 0);  // the cancel's own
  EXPECT_EQ(Complete().outcome, SendOutcome::kCancelled);
  EXPECT_FALSE(link.state.broken);
  EXPECT_EQ(link.state.queue.bytes(), queued);

  std::vector<uint8_t> got;
  EXPECT_TRUE(TurnUntil([&] {
    if (!link.state.in_flight && !link.state.queue.empty()) Submit(link);
    if (!arrived_.empty() && Complete().outcome != SendOutcome::kSent) return false;
    std::vector<uint8_t> piece(65536);
    piece.resize(link.pair.far.Read(piece));
    got.insert(got.end(), piece.begin(), piece.end());
    return got.size() == link.queued && !link.state.in_flight;
  }));
  EXPECT_EQ(loopback::FirstDifference(got), link.queued);
}

TEST_F(SenderTest, AResultWithoutARuleIsCountedAndBreaksTheSocket) {
  Link& link = Open();
  Queue(link, 100);
  sender_.Submit(link.id, 1 << 20, link.state);
  EXPECT_EQ(Complete().outcome, SendOutcome::kUnexpected);
  EXPECT_TRUE(link.state.broken);
  EXPECT_EQ(counters_.completions_unexpected.value(), 1U);
}

}  // namespace
}  // namespace ringway::write
