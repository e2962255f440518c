// SPDX-License-Identifier: Apache-2.0
//
// The life of links on real sockets, with an owner that writes down what it is told.
#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>
#include <map>
#include <string>

#include "gateway/files/files.h"
#include "gateway/links/links.h"
#include "tests/kernel/rooms_fixture.h"

namespace ringway::links {
namespace {

using base::LinkEnd;
using base::Reading;

constexpr uint32_t kOwners = 4;

/// What the owners are told, in order; and what they do then.
class Told final : public Sink {
 public:
  uint64_t OnBytes(Owner owner, base::Piece piece) override {
    bytes[owner.index].append(reinterpret_cast<const char*>(piece.data), piece.bytes);
    on_bytes(owner, std::move(piece));
    return 0;
  }
  size_t OnSpliced(Owner, uint32_t, std::span<uint8_t>) override { return 0; }
  void OnSent(Owner owner, uint32_t count) override { sent[owner.index] += count; }
  void OnEnd(Owner owner, LinkEnd end) override {
    Note(owner, end == LinkEnd::kFin ? "fin" : "reset");
    on_end(owner);
  }
  void OnEndNoted(Owner owner) override { Note(owner, "end noted"); }
  void OnDialled(Owner owner, dial::DialOutcome outcome, int) override {
    Note(owner, outcome == dial::DialOutcome::kConnected ? "connected" : "not connected");
  }
  void OnBelow(Owner owner) override {
    Note(owner, "below");
    on_below(owner);
  }
  void OnExhausted(Owner owner) override { Note(owner, "exhausted"); }
  void OnTorn(Owner owner) override { Note(owner, "torn"); }
  void OnFileBroken(Owner owner, FileFault) override { Note(owner, "file broken"); }
  void OnDropped(Owner owner, uint32_t) override { Note(owner, "dropped"); }
  void OnFreed(Owner owner) override { Note(owner, "freed"); }

  std::string lines;
  std::map<uint32_t, std::string> bytes;  ///< by owner
  std::map<uint32_t, uint64_t> sent;      ///< the same
  std::function<void(Owner, base::Piece)> on_bytes = [](Owner, base::Piece) {};
  std::function<void(Owner)> on_end = [](Owner) {};
  std::function<void(Owner)> on_below = [](Owner) {};

 private:
  void Note(Owner owner, const char* what) {
    lines += (lines.empty() ? "" : ", ") + std::to_string(owner.index) + " " + what;
  }
};

class LinksTest : public rooms::RoomTest {
 protected:
  LinksTest()
      : RoomTest({64, 64, 16384, 256, 8}, flow::Stores::AccountsOf(kOwners, 1)),
        links_(*Links::Open({.ring = ring_,
                             .stores = stores_,
                             .counters = counters_,
                             .limits = limits_,
                             .now_ns = now_ns_,
                             .files = files_,
                             .memory = memory_,
                             .sink = told_})) {
    files_.Bind(ring_, arena_, counters_);
  }
  void TearDown() override {
    for (uint32_t link = 0; link < memory_.links.touched(); ++link) {
      if (memory_.links.IsOpen(link)) links_->Drop(link);
    }
    EXPECT_TRUE(RunUntil([&] { return memory_.links.open() == 0; }));
    EXPECT_EQ(stores_.bytes(), 0U);
    EXPECT_EQ(arena_.leased(BufferClass::kSmall), 0U);
    files_.Forget();
    files_.Collect();
  }

  static base::Limits LimitsOfTest() {
    base::Limits limits;
    limits.sessions_per_worker_max = kOwners;
    limits.small_buffers = 64;
    limits.bulk_buffers = 64;
    limits.chunks = 16384;
    limits.cells = 256;
    limits.window_bytes = 256 * 1024;
    return limits;
  }

  /// As the worker's turn has it.
  void RunTurn() {
    Turn();
    links_->BeginTurn();
    while (!arrived_.empty()) {
      const rooms::Arrived arrived = TakeFront();
      links_->OnCompletion(arrived.Cqe(), arrived.operation(), arrived.id());
    }
    while (links_->FreeDead()) {
    }
    links_->EndTurn();
  }
  template <typename Done>
  [[nodiscard]] bool RunUntil(Done&& done) {
    for (int i = 0; i < kTurnsMax && !done(); ++i) RunTurn();
    return done();
  }
  void RunSome() {
    for (int i = 0; i < kQuietTurns; ++i) RunTurn();
  }

  /// A link to `pair`'s far end.
  uint32_t Open(loopback::Pair& pair, uint32_t owner) {
    return links_->TryOpen(pair.near.Release(), {.index = owner});
  }
  void Read(uint32_t link, Reading how, uint32_t target = base::kNoSlot,
            PassUnread pass_unread = PassUnread::kNot) {
    links_->receives().SetRules(link, {.how = how, .pass_unread = pass_unread, .target = target});
  }
  uint32_t pipes_held() { return links_->splices().splicer().pipes().taken(); }
  void Push(uint32_t to, std::string_view text) {
    base::Piece piece{.lease = stores_.TakeQueueChunk(),
                      .bytes = static_cast<uint32_t>(text.size())};
    ASSERT_TRUE(piece.lease);
    piece.data = piece.lease.data();
    std::ranges::copy(text, piece.data);
    EXPECT_EQ(links_->sends().Push(to, std::move(piece), flow::SliceKind::kBytes),
              flow::PushResult::kQueued);
  }
  static size_t ReadAll(loopback::Socket& socket) {
    std::vector<uint8_t> piece(1 << 20);
    size_t all = 0;
    for (size_t got = socket.Read(piece); got > 0; got = socket.Read(piece)) all += got;
    return all;
  }

  const base::Limits limits_ = LimitsOfTest();
  flow::SlicePool slices_ = *flow::SlicePool::Map(40'000, "slices");
  flow::Stores stores_{arena_, slices_, limits_};
  files::Files files_ = *files::Files::Map(
      {.slots = 8, .cached_files = 4, .open_files = 0, .small_bytes_max = 0, .roots = {}});
  Memory memory_ = *Memory::Reserve(kOwners);
  uint64_t now_ns_ = 0;
  Told told_;
  std::unique_ptr<Links> links_;
};

TEST_F(LinksTest, ALinkIsReadWhenItsOwnerSaysSo) {
  loopback::Pair pair = loopback::ConnectedPair();
  const uint32_t link = Open(pair, 0);
  pair.far.Write("early");
  RunSome();
  EXPECT_EQ(told_.bytes[0], "");
  Read(link, Reading::kContinuous);
  EXPECT_TRUE(RunUntil([&] { return told_.bytes[0] == "early"; }));
}

TEST_F(LinksTest, AReceiveThatIsArmedEndsWhenItsOwnerWantsNothingMore) {
  loopback::Pair pair = loopback::ConnectedPair();
  const uint32_t link = Open(pair, 0);
  Read(link, Reading::kContinuous);
  RunSome();
  Read(link, Reading::kNot);
  RunSome();
  EXPECT_FALSE(links_->IsRead(link));
  pair.far.Write("later");
  RunSome();
  EXPECT_EQ(told_.bytes[0], "");
  Read(link, Reading::kContinuous);
  EXPECT_TRUE(RunUntil([&] { return told_.bytes[0] == "later"; }));
}

TEST_F(LinksTest, ADroppedLinkTellsNothingMoreAndIsFreedAtTheEndOfATurn) {
  loopback::Pair pair = loopback::ConnectedPair();
  const uint32_t link = Open(pair, 0);
  Read(link, Reading::kContinuous);
  RunSome();
  pair.far.Write("unheard");
  pair.far.Close();
  links_->Drop(link);
  EXPECT_EQ(told_.lines, "0 dropped");
  EXPECT_EQ(memory_.links.open(), 1U);
  EXPECT_TRUE(RunUntil([&] { return memory_.links.open() == 0; }));
  EXPECT_EQ(told_.lines, "0 dropped, 0 freed");
  EXPECT_EQ(told_.bytes[0], "");
}

TEST_F(LinksTest, AnOwnerMayHaveAnotherLinkInTheCallThatDropsOne) {
  loopback::Pair first = loopback::ConnectedPair();
  loopback::Pair second = loopback::ConnectedPair();
  const uint32_t link = Open(first, 0);
  Read(link, Reading::kContinuous);
  uint32_t next = base::kNoSlot;
  told_.on_end = [&](Owner owner) {
    links_->Drop(link);
    next = Open(second, owner.index);
    Read(next, Reading::kContinuous);
  };
  first.far.Close();
  ASSERT_TRUE(RunUntil([&] { return next != base::kNoSlot; }));
  EXPECT_NE(next, link) << "nothing is freed inside a call";
  EXPECT_EQ(told_.lines, "0 fin, 0 dropped, 0 freed");
  second.far.Write("next");
  EXPECT_TRUE(RunUntil([&] { return told_.bytes[0] == "next"; }));
}

TEST_F(LinksTest, WhatIsQueuedLeavesBeforeAHalfClose) {
  loopback::Pair pair = loopback::ConnectedPair();
  const uint32_t link = Open(pair, 0);
  Push(link, "last words");
  links_->sends().Finish(link);
  Push(link, "behind the end");  // discarded
  std::vector<uint8_t> got(64);
  size_t count = 0;
  ASSERT_TRUE(RunUntil([&] {
    count += pair.far.Read({got.data() + count, got.size() - count});
    return pair.far.end() == loopback::StreamEnd::kFin;
  }));
  EXPECT_EQ(std::string(got.begin(), got.begin() + count), "last words");
  EXPECT_EQ(counters_.bytes_discarded.value(), 14U);
  EXPECT_EQ(told_.sent[0], 10U);
}

TEST_F(LinksTest, AnOwnerIsToldOnceWhenLessWaitsThanHeAskedFor) {
  loopback::Pair pair = loopback::ConnectedPair({.send = 4096, .receive = 4096});
  const uint32_t link = Open(pair, 0);
  const std::string much(16 * 1024, 'x');
  for (int i = 0; i < 3; ++i) Push(link, much);
  EXPECT_FALSE(links_->sends().IsBelow(link, 20'000));
  links_->sends().TellWhenBelow(link, 20'000);
  ASSERT_TRUE(RunUntil([&] {
    ReadAll(pair.far);
    return links_->QueuedBytes(link) == 0;
  }));
  EXPECT_EQ(told_.lines, "0 below");
  EXPECT_TRUE(links_->sends().IsBelow(link, 1));
}

TEST_F(LinksTest, ADialThatFailsLeavesNoLink) {
  const loopback::Socket nobody = loopback::Refuse();
  const sockaddr_storage address = loopback::AddressOf(nobody);
  const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(address);
  base::SocketAddress to{.family = base::AddressFamily::kIpv4, .port = ntohs(ipv4.sin_port)};
  to.bytes = {127, 0, 0, 1};
  const Dialled dialled =
      links_->Dial({.index = 2, .role = base::LinkRole::kBackend}, {.address = to}, nullptr);
  ASSERT_NE(dialled.link, base::kNoSlot);
  ASSERT_TRUE(RunUntil([&] { return memory_.links.open() == 0; }));
  EXPECT_EQ(told_.lines, "2 dropped, 2 not connected, 2 freed");
}

/// No two links belong together but by what their owners say: two sources of one target.
class TwoSources : public LinksTest {
 protected:
  static constexpr size_t kBytes = 4 << 20;  ///< of each source

  TwoSources() {
    told_.on_bytes = [this](Owner, base::Piece piece) {
      static_cast<void>(links_->sends().Push(target_, std::move(piece), flow::SliceKind::kBytes));
    };
    told_.on_below = [this](Owner owner) {
      EXPECT_EQ(owner.index, 0U);
      for (const uint32_t link : links) links_->Resume(link);
    };
  }

  void OpenAll(PassUnread pass_unread) {
    target_ = Open(pair_, 0);
    for (uint32_t i = 0; i < 2; ++i) {
      links[i] = Open(sources_[i], i + 1);
      Read(links[i], Reading::kContinuous, target_, pass_unread);
    }
  }
  void Write() {
    for (int i = 0; i < 2; ++i) {
      written_[i] += sources_[i].far.Write({flood_.data() + written_[i], kBytes - written_[i]});
    }
  }
  void RunUntilSpliced() {
    ASSERT_TRUE(RunUntil([&] {
      Write();
      ReadAll(pair_.far);
      return counters_.bytes_spliced.value() > 0;
    }));
  }
  /// All that the sources wrote arrives.
  void ExpectAll() {
    size_t got = 0;
    EXPECT_TRUE(RunUntil([&] {
      Write();
      got += ReadAll(pair_.far);
      return got == 2 * kBytes;
    })) << got;
    EXPECT_EQ(told_.sent[0], 2 * kBytes);
  }

  const std::vector<uint8_t> flood_ = loopback::Pattern(0, kBytes);
  loopback::Pair pair_ = loopback::ConnectedPair({.send = 128 * 1024, .receive = 128 * 1024});
  std::array<loopback::Pair, 2> sources_ = {loopback::ConnectedPair(), loopback::ConnectedPair()};
  std::array<uint32_t, 2> links{};
  std::array<size_t, 2> written_{};
  uint32_t target_ = base::kNoSlot;
};

TEST_F(TwoSources, WaitForTheirTargetAndGoOnTogether) {
  OpenAll(PassUnread::kNot);
  ASSERT_TRUE(RunUntil([&] {
    Write();
    return memory_.links[links[0]].paused && memory_.links[links[1]].paused;
  }));
  EXPECT_LE(links_->QueuedBytes(target_), limits_.window_bytes + 2 * 65536);
  ExpectAll();
  EXPECT_EQ(told_.bytes[1].size(), kBytes);
  EXPECT_EQ(told_.bytes[2].size(), kBytes);
}

TEST_F(TwoSources, ArePouredIntoTheirTargetOneAfterTheOther) {
  OpenAll(PassUnread::kPlain);
  RunUntilSpliced();
  EXPECT_TRUE(RunUntil([&] {
    Write();
    ReadAll(pair_.far);
    return told_.sent[0] == 2 * kBytes;
  })) << told_.sent[0];
  EXPECT_EQ(pipes_held(), 0U);
}

TEST_F(TwoSources, LeaveAHalfCloseBehindAPipeThatGoesWithThem) {
  OpenAll(PassUnread::kPlain);
  Read(links[1], Reading::kNot);
  RunUntilSpliced();
  ASSERT_TRUE(RunUntil([&] {
    Write();
    return pipes_held() == 1;
  }));
  RunSome();
  ASSERT_EQ(pipes_held(), 1U) << "its target is full";
  links_->sends().Finish(target_);
  links_->Drop(links[0]);
  EXPECT_EQ(pipes_held(), 0U);
  EXPECT_TRUE(RunUntil([&] {
    ReadAll(pair_.far);
    return pair_.far.end() == loopback::StreamEnd::kFin;
  }));
}

}  // namespace
}  // namespace ringway::links
