// SPDX-License-Identifier: Apache-2.0
//
// A pipe that is taken back into memory, and the poll for room, on real sockets.
#include <sys/socket.h>

#include <string>

#include "gateway/splice/splicer.h"
#include "tests/kernel/rooms_fixture.h"

namespace ringway::splice {
namespace {

constexpr base::LinkId kLink = {.slot = 3, .generation = 0x77};

std::string TextOf(const std::vector<uint8_t>& bytes, size_t count) {
  return {reinterpret_cast<const char*>(bytes.data()), count};
}

class SplicerTest : public rooms::RoomTest {
 protected:
  void TearDown() override {
    EXPECT_EQ(splicer_.bytes_held(), 0U);
    EXPECT_EQ(splicer_.pipes().taken(), 0U);
  }

  void Fill(std::string_view text) {
    pair_.far.Write(text);
    EXPECT_TRUE(IsQuiet());
    uint32_t bytes = 0;
    EXPECT_EQ(splicer_.Fill(pair_.near.fd(), kPipeBytes, state_, &bytes), FillOutcome::kBytes);
    EXPECT_EQ(bytes, text.size());
  }

  void PutAhead(std::string_view text) {
    splicer_.PutAhead({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, state_);
  }

  /// At most so many bytes.
  std::string TakeBack(size_t bytes_max) {
    std::vector<uint8_t> out(bytes_max);
    return TextOf(out, splicer_.TakeBack(out, state_));
  }

  /// The next completion of the poll for room.
  bool HasRoom() {
    const rooms::Arrived arrived = Next();
    EXPECT_EQ(arrived.operation(), base::Operation::kWritable);
    EXPECT_EQ(arrived.id(), kLink);
    return Splicer::OnWritable(arrived.Cqe(), state_);
  }

  void FillSocket() {
    const std::vector<uint8_t> bytes = loopback::Pattern(0, 1 << 20);
    for (int refused = 0; refused < 3;) {
      refused = pair_.near.Write(bytes) == 0 ? refused + 1 : 0;
      Turn();
    }
  }

  /// Reads all that is on its way.
  void DrainSocket() {
    std::vector<uint8_t> piece(1 << 20);
    for (int empty = 0; empty < 3;) {
      empty = pair_.far.Read(piece) == 0 ? empty + 1 : 0;
      Turn();
    }
  }

  Splicer splicer_{ring_, counters_, 2};
  loopback::Pair pair_ = loopback::ConnectedPair({.send = 16 * 1024, .receive = 16 * 1024});
  SpliceState state_;
};

TEST_F(SplicerTest, TakesBackWhatWasPutAheadAndThenThePipe) {
  Fill("payload");
  PutAhead("head:");
  EXPECT_EQ(splicer_.Held(state_), 12U);
  EXPECT_EQ(TakeBack(100), "head:payload");
  EXPECT_EQ(state_.pipe, kNoPipe);
}

TEST_F(SplicerTest, TakesBackInPiecesWhereverTheyAreCut) {
  for (size_t cut = 1; cut < 12; ++cut) {
    SCOPED_TRACE(cut);
    Fill("payload");
    PutAhead("head:");
    EXPECT_EQ(TakeBack(cut), std::string("head:payload").substr(0, cut));
    EXPECT_NE(state_.pipe, kNoPipe);
    EXPECT_EQ(splicer_.bytes_held(), 12 - cut);
    EXPECT_EQ(TakeBack(100), std::string("head:payload").substr(cut));
    EXPECT_EQ(state_.pipe, kNoPipe);
  }
}

TEST_F(SplicerTest, TakesBackTheRestOfAPipeThatWasPouredInPart) {
  const std::vector<uint8_t> bytes = loopback::Pattern(0, 200'000);
  loopback::Pair source = loopback::ConnectedPair();
  ASSERT_EQ(source.far.Write(bytes), bytes.size());
  uint32_t filled = 0;
  EXPECT_TRUE(TurnUntil([&] {
    if (splicer_.Fill(source.near.fd(), kPipeBytes, state_, &filled) != FillOutcome::kBytes) {
      return false;
    }
    return true;
  }));
  uint32_t poured = 0;
  EXPECT_EQ(splicer_.Pour(pair_.near.fd(), state_, &poured), PourOutcome::kFull);
  ASSERT_LT(poured, filled);
  std::vector<uint8_t> back(filled);
  EXPECT_EQ(splicer_.TakeBack(back, state_), filled - poured);
  back.resize(filled - poured);
  EXPECT_EQ(loopback::FirstDifference(back, poured), back.size());
  EXPECT_EQ(state_.pipe, kNoPipe);
}

TEST_F(SplicerTest, APollForRoomTellsOfItAgainAndAgain) {
  FillSocket();
  splicer_.ArmWritable(kLink, pair_.near.fd(), state_);
  EXPECT_TRUE(IsQuiet());
  for (int i = 0; i < 2; ++i) {
    DrainSocket();
    EXPECT_TRUE(HasRoom());
    EXPECT_TRUE(state_.writable_armed);
    arrived_.clear();  // it may have told more than once
    FillSocket();
    arrived_.clear();
  }
}

TEST_F(SplicerTest, AFinIsNoRoom) {
  FillSocket();
  splicer_.ArmWritable(kLink, pair_.near.fd(), state_);
  EXPECT_TRUE(IsQuiet());
  pair_.far.ShutdownWrite();
  // Linux tells of it though nobody asked; whether it does is its own affair.
  while (!IsQuiet()) EXPECT_FALSE(HasRoom());
  EXPECT_TRUE(state_.writable_armed);
  DrainSocket();
  bool has_room = HasRoom();
  while (!has_room && !IsQuiet()) has_room = HasRoom();
  EXPECT_TRUE(has_room);
}

TEST_F(SplicerTest, AResetIsAnErrorThatTheNextTryMeets) {
  FillSocket();
  splicer_.ArmWritable(kLink, pair_.near.fd(), state_);
  EXPECT_TRUE(IsQuiet());
  pair_.far.Reset();
  EXPECT_TRUE(HasRoom());
}

}  // namespace
}  // namespace ringway::splice
