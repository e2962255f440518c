// SPDX-License-Identifier: Apache-2.0
//
// Sending on real sockets: one send for everything due, its bounds, and what a short one leaves.
#include <poll.h>

#include <algorithm>

#include "gateway/write/sender.h"
#include "tests/kernel/rooms_fixture.h"

namespace ringway::write {
namespace {

constexpr uint32_t kBulkBytes = 65536;
constexpr uint32_t kSlices = 2048;
/// Whose cells the queues may use.
constexpr uint32_t kSession = 0;

/// Of bulk buffers so many that a queue keeps as many of them as a send offers.
base::Limits LimitsOfWriter() {
  base::Limits limits;
  limits.sessions_per_worker_max = 4;
  limits.small_buffers = 8;
  limits.bulk_buffers = 512;
  limits.chunks = 512;
  limits.cells = 8;
  return limits;
}

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

  SenderTest() : RoomTest({8, 512, 512, 8}, flow::Stores::AccountsOf(4, 1)) {}

  void TearDown() override {
    shares_.clear();
    for (const std::unique_ptr<Link>& link : links_) {
      EXPECT_FALSE(link->state.in_flight);
      if (!link->state.in_flight) {
        static_cast<void>(link->state.queue.Clear(stores_));
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
  void Queue(Link& link, uint32_t bytes) {
    const BufferClass c = bytes > 16384 ? BufferClass::kBulk : BufferClass::kChunk;
    base::Piece piece{.lease = base::IsReceiveClass(c) ? arena_.Receive(c, arena_.PopReturned(c))
                                                       : arena_.TryTake(c),
                      .bytes = bytes};
    ASSERT_TRUE(piece.lease);
    piece.data = piece.lease.data();
    std::ranges::copy(loopback::Pattern(link.queued, bytes), piece.data);
    link.queued += bytes;
    // Nothing joins a buffer that somebody else holds, too.
    if (!base::IsReceiveClass(c)) shares_.push_back(piece.lease.Share());
    const flow::PushResult result = link.state.queue.Push(stores_, kSession, std::move(piece));
    ASSERT_TRUE(result == flow::PushResult::kQueued || result == flow::PushResult::kMoved);
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
    return sender_.OnCompletion(arrived.Cqe(), kSession, link.state);
  }

  void ExpectDelivered(Link& link) {
    const std::vector<uint8_t> got = ReadFrom(link.pair.far, link.queued);
    EXPECT_EQ(got.size(), link.queued);
    EXPECT_EQ(loopback::FirstDifference(got), got.size());
  }

  /// Sends until the socket takes nothing, also when what it has taken has gone on its way.
  void FillSocket(Link& link) {
    for (int sends = 0, refused = 0; refused < 3; ++sends) {
      ASSERT_LT(sends, 1000) << "the socket takes everything";
      while (link.state.queue.bytes() < kBytesPerSendMax) Queue(link, kBulkBytes);
      link.state.full = false;
      Submit(link);
      const Sent sent = Complete();
      ASSERT_TRUE(sent.outcome == SendOutcome::kSent || sent.outcome == SendOutcome::kFull);
      refused = sent.bytes == 0 ? refused + 1 : 0;
      EXPECT_TRUE(IsQuiet());
    }
    EXPECT_TRUE(link.state.full);
  }

  /// As a worker learns it from a poll.
  static void LookForRoom(Link& link) {
    pollfd poll{.fd = link.pair.near.fd(), .events = POLLOUT, .revents = 0};
    if (link.state.full && ::poll(&poll, 1, 0) == 1) link.state.full = false;
  }

  /// Reads everything that was queued while what is left is sent as there is room.
  std::vector<uint8_t> Deliver(Link& link) {
    std::vector<uint8_t> got(link.queued);
    size_t read = 0;
    EXPECT_TRUE(TurnUntil([&] {
      read += link.pair.far.Read({got.data() + read, std::min(got.size() - read, size_t{10'000})});
      while (!arrived_.empty()) sent_ += Complete().bytes;
      LookForRoom(link);
      const bool may_send = !link.state.in_flight && !link.state.full;
      if (may_send && !link.state.queue.empty()) Submit(link);
      return read == got.size() && !link.state.in_flight;
    })) << read
        << " bytes of " << got.size() << " came";
    return got;
  }

  flow::SlicePool slices_ = *flow::SlicePool::Map(kSlices, "slices");
  flow::Stores stores_{arena_, slices_, LimitsOfWriter()};
  Sender sender_{ring_, stores_, counters_};
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<base::Lease> shares_;
  uint64_t sent_ = 0;  ///< by Deliver
};

TEST_F(SenderTest, OneSliceLeavesAndCostsNothingAfterwards) {
  Link& link = Open();
  Queue(link, 300);
  EXPECT_GT(stores_.footprint(), 0U);
  Submit(link);
  EXPECT_TRUE(link.state.in_flight);
  const Sent sent = Complete();
  EXPECT_EQ(sent.outcome, SendOutcome::kSent);
  EXPECT_EQ(sent.bytes, 300U);
  EXPECT_FALSE(link.state.in_flight);
  EXPECT_FALSE(link.state.full);
  EXPECT_TRUE(link.state.queue.empty());
  EXPECT_EQ(stores_.footprint(), 0U);
  ExpectDelivered(link);
  EXPECT_EQ(counters_.sends.value(), 1U);
  EXPECT_EQ(counters_.sends_short.value(), 0U);
}

TEST_F(SenderTest, WhatIsDueForOneSocketLeavesInOneSendInOrder) {
  Link& link = Open();
  for (uint32_t i = 0; i < 20; ++i) Queue(link, 10 + i * 30);
  Submit(link);
  const Sent sent = Complete();
  EXPECT_EQ(sent.outcome, SendOutcome::kSent);
  EXPECT_EQ(sent.bytes, link.queued);
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
  EXPECT_EQ(Complete().bytes, kSlicesPerSendMax * 100);
  EXPECT_EQ(link.state.queue.slices(), 36U);
  EXPECT_EQ(counters_.sends_short.value(), 0U);
  Submit(link);
  EXPECT_EQ(Complete().bytes, 3600U);
  ExpectDelivered(link);
}

TEST_F(SenderTest, ASendOffersItsBoundOfBytesAtMost) {
  Link& link = Open();
  constexpr uint32_t kInOne = kBytesPerSendMax / kBulkBytes;
  for (uint32_t i = 0; i < kInOne + 1; ++i) Queue(link, kBulkBytes);
  Submit(link);
  EXPECT_EQ(link.state.queue.in_flight(), kInOne);
  const std::vector<uint8_t> got = Deliver(link);
  EXPECT_EQ(loopback::FirstDifference(got), link.queued);
  EXPECT_EQ(sent_, link.queued);
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
  const std::vector<uint8_t> got = Deliver(link);
  EXPECT_EQ(sent_, link.queued);
  EXPECT_EQ(loopback::FirstDifference(got), got.size());
  EXPECT_GT(counters_.sends_short.value(), 0U);
}

TEST_F(SenderTest, AShortSendMeansThatTheSocketIsFull) {
  Link& link = Open({.send = 16 * 1024, .receive = 16 * 1024});
  for (int i = 0; i < 20; ++i) Queue(link, kBulkBytes);
  Submit(link);
  const Sent sent = Complete();
  EXPECT_EQ(sent.outcome, SendOutcome::kFull);
  EXPECT_GT(sent.bytes, 0U);
  EXPECT_TRUE(link.state.full);
  EXPECT_EQ(counters_.sends_short.value(), 1U);
  EXPECT_EQ(counters_.sends_full.value(), 0U);
  EXPECT_EQ(link.state.queue.bytes(), link.queued - sent.bytes);
}

TEST_F(SenderTest, ASendToAFullSocketEndsAtOnceAndNothingIsLost) {
  for (const bool gathers : {false, true}) {
    SCOPED_TRACE(gathers);
    Link& link = Open({.send = 16 * 1024, .receive = 16 * 1024});
    FillSocket(link);
    if (!gathers) {
      // So that one slice is left, the send of which does not gather.
      link.queued -= link.state.queue.Clear(stores_);
      Queue(link, 1000);
    }
    const uint32_t queued = link.state.queue.bytes();
    const uint64_t full_before = counters_.sends_full.value();
    link.state.full = false;
    Submit(link);
    const Sent sent = Complete();
    EXPECT_EQ(sent.outcome, SendOutcome::kFull);
    EXPECT_EQ(sent.bytes, 0U);
    EXPECT_TRUE(link.state.full);
    EXPECT_FALSE(link.state.in_flight);
    EXPECT_FALSE(link.state.broken);
    EXPECT_EQ(counters_.sends_full.value(), full_before + 1);
    EXPECT_EQ(link.state.queue.bytes(), queued);
    const std::vector<uint8_t> got = Deliver(link);
    EXPECT_EQ(loopback::FirstDifference(got), link.queued);
  }
}

// A send that waited inside io_uring would spin here, and end in a thread of the kernel's.
TEST_F(SenderTest, ASendToAFullSocketWhoseOtherEndHasSentItsFinEndsAtOnce) {
  for (const bool gathers : {false, true}) {
    SCOPED_TRACE(gathers);
    Link& link = Open({.send = 16 * 1024, .receive = 16 * 1024});
    FillSocket(link);
    link.pair.far.ShutdownWrite();
    if (!gathers) {
      link.queued -= link.state.queue.Clear(stores_);
      Queue(link, 1000);
    }
    link.state.full = false;
    Submit(link);
    EXPECT_EQ(Complete().outcome, SendOutcome::kFull);
    EXPECT_TRUE(link.state.full);
    EXPECT_TRUE(IsQuiet());
    const std::vector<uint8_t> got = Deliver(link);
    EXPECT_EQ(loopback::FirstDifference(got), link.queued);
  }
}

TEST_F(SenderTest, AFullSocketIsNotOfferedMore) {
  Link& link = Open({.send = 16 * 1024, .receive = 16 * 1024});
  FillSocket(link);
  EXPECT_DEATH(Submit(link), "check failed");
}

TEST_F(SenderTest, SendAheadTakesWhatTheSocketTakesAtOnce) {
  Link& link = Open();
  Queue(link, 100);
  Queue(link, 200);
  EXPECT_EQ(sender_.SendAhead(link.pair.near.fd(), kSession, link.state), 300U);
  EXPECT_TRUE(link.state.queue.empty());
  EXPECT_FALSE(link.state.full);
  EXPECT_EQ(stores_.footprint(), 0U);
  Queue(link, 5);  // whoever says that more follows sends it
  Submit(link);
  EXPECT_EQ(Complete().bytes, 5U);
  ExpectDelivered(link);
}

TEST_F(SenderTest, SendAheadLeavesTheRestWhereTheSocketIsFull) {
  Link& link = Open({.send = 16 * 1024, .receive = 16 * 1024});
  for (int i = 0; i < 20; ++i) Queue(link, kBulkBytes);
  const uint32_t sent = sender_.SendAhead(link.pair.near.fd(), kSession, link.state);
  EXPECT_GT(sent, 0U);
  EXPECT_EQ(link.state.queue.bytes(), link.queued - sent);
  EXPECT_EQ(sender_.SendAhead(link.pair.near.fd(), kSession, link.state), 0U);
  const std::vector<uint8_t> got = Deliver(link);
  EXPECT_EQ(loopback::FirstDifference(got), link.queued);
}

TEST_F(SenderTest, WhatIsQueuedWhileASendIsInFlightFollowsIt) {
  Link& link = Open();
  Queue(link, 100);
  Submit(link);
  Queue(link, 50);
  Queue(link, 60);
  EXPECT_EQ(Complete().bytes, 100U);
  EXPECT_EQ(link.state.queue.slices(), 2U);
  Submit(link);
  EXPECT_EQ(Complete().bytes, 110U);
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
  EXPECT_EQ(sent.bytes, 0U);
  EXPECT_TRUE(link.state.broken);
  EXPECT_FALSE(link.state.in_flight);
  EXPECT_EQ(link.state.queue.bytes(), 200U);
  EXPECT_EQ(counters_.completions_unexpected.value(), 0U);
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
