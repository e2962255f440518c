// SPDX-License-Identifier: Apache-2.0
//
// The header follower by example. That cutting the stream changes nothing is tested in
// tests/property/ws.
#include "gateway/ws/header_follower.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringway::ws {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr ReaderRules kNoLimits;

Bytes Join(const std::vector<Bytes>& parts) {
  Bytes joined;
  for (const Bytes& part : parts) joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

/// A backend's frame with a 7-bit length, and one of a client.
Bytes Plain(uint8_t first, size_t payload_bytes) {
  return Join({{first, static_cast<uint8_t>(payload_bytes)}, Bytes(payload_bytes, 0xff)});
}
Bytes Masked(uint8_t first, size_t payload_bytes) {
  return Join({{first, static_cast<uint8_t>(0x80 | payload_bytes), 0xff, 0xff, 0xff, 0xff},
               Bytes(payload_bytes, 0xff)});
}

TEST(HeaderFollower, CountsFramesAndMessagesThatEnd) {
  HeaderFollower follower(Direction::kFromBackend);
  const Bytes stream = Join({Plain(0x81, 5), Plain(0x02, 0), Plain(0x89, 3), Plain(0x00, 125),
                             Plain(0x80, 1), Plain(0x82, 0)});
  const Followed followed = follower.Follow(stream, kNoLimits);
  EXPECT_EQ(followed.fault, FollowFault::kNone);
  EXPECT_EQ(followed.frames, 6u);
  EXPECT_EQ(followed.messages, 3u);
  EXPECT_EQ(followed.passed_bytes, stream.size());
  EXPECT_TRUE(follower.at_message_boundary());
}

TEST(HeaderFollower, CountsWithTheLastByteAndNotBefore) {
  HeaderFollower follower(Direction::kFromClient);
  const Bytes stream = Masked(0x81, 3);
  for (size_t i = 0; i + 1 < stream.size(); ++i) {
    EXPECT_EQ(follower.Follow({&stream[i], 1}, kNoLimits).frames, 0u);
    EXPECT_FALSE(follower.at_frame_boundary());
  }
  const Followed followed = follower.Follow({&stream.back(), 1}, kNoLimits);
  EXPECT_EQ(followed.frames, 1u);
  EXPECT_EQ(followed.messages, 1u);
  EXPECT_TRUE(follower.at_message_boundary());
}

TEST(HeaderFollower, AnEmptyMaskedFrameEndsWithItsMask) {
  HeaderFollower follower(Direction::kFromClient);
  const Bytes stream = Masked(0x82, 0);
  EXPECT_EQ(follower.Follow({stream.data(), 5}, kNoLimits).messages, 0u);
  EXPECT_EQ(follower.Follow({stream.data() + 5, 1}, kNoLimits).messages, 1u);
}

TEST(HeaderFollower, SkipsAPayloadOfAnySizeAtOnce) {
  HeaderFollower follower(Direction::kFromBackend);
  const Bytes header = {0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  EXPECT_EQ(follower.Follow(header, kNoLimits).frames, 0u);
  const Bytes payload(1 << 20, 0xff);
  for (int i = 0; i < 100; ++i) {
    const Followed followed = follower.Follow(payload, kNoLimits);
    ASSERT_EQ(followed.fault, FollowFault::kNone);
    ASSERT_EQ(followed.passed_bytes, payload.size());
  }
  EXPECT_FALSE(follower.at_frame_boundary());
}

TEST(HeaderFollower, TellsTheBoundariesOfFramesFromThoseOfMessages) {
  HeaderFollower follower(Direction::kFromBackend);
  EXPECT_TRUE(follower.at_frame_boundary());
  EXPECT_TRUE(follower.at_message_boundary());
  struct Step {
    Bytes bytes;
    bool frame;
    bool message;
  };
  const Step steps[] = {{Plain(0x01, 2), true, false}, {{0x89}, false, false},
                        {{0x00}, true, false},         {Plain(0x80, 1), true, true},
                        {{0x8a}, false, false},        {{0x00}, true, true}};
  for (const Step& step : steps) {
    ASSERT_EQ(follower.Follow(step.bytes, kNoLimits).fault, FollowFault::kNone);
    EXPECT_EQ(follower.at_frame_boundary(), step.frame);
    EXPECT_EQ(follower.at_message_boundary(), step.message);
  }
}

TEST(HeaderFollower, SeesAWholeCloseFrame) {
  HeaderFollower follower(Direction::kFromBackend);
  const Bytes close = Plain(0x88, 2);
  ASSERT_EQ(follower.Follow({close.data(), 3}, kNoLimits).fault, FollowFault::kNone);
  EXPECT_FALSE(follower.close_seen());
  ASSERT_EQ(follower.Follow({close.data() + 3, 1}, kNoLimits).fault, FollowFault::kNone);
  EXPECT_TRUE(follower.close_seen());
}

TEST(HeaderFollower, DoesNotJudgeTheBitOfCompressionOnAnyFrame) {
  HeaderFollower follower(Direction::kFromBackend);
  const auto with = [](uint8_t first) { return static_cast<uint8_t>(first | 0x40); };
  const Bytes stream = Join({Plain(with(0x01), 1), Plain(with(0x89), 0), Plain(with(0x80), 1)});
  const Followed followed = follower.Follow(stream, kNoLimits);
  EXPECT_EQ(followed.fault, FollowFault::kNone);
  EXPECT_EQ(followed.frames, 3u);
  EXPECT_EQ(followed.messages, 1u);
}

struct FaultRow {
  FollowFault fault;
  Bytes bytes;
  ReaderRules rules = {};
};

/// The last byte of each row, and no earlier one, shows the fault.
void ExpectFault(const FaultRow& row, Direction direction) {
  HeaderFollower before(direction);
  const std::span<const uint8_t> bytes(row.bytes);
  const std::string_view reason = RefusalReason(row.fault);
  EXPECT_EQ(before.Follow(bytes.first(bytes.size() - 1), row.rules).fault, FollowFault::kNone)
      << reason;
  HeaderFollower follower(direction);
  const Bytes whole_frame = direction == Direction::kFromClient ? Masked(0x8a, 9) : Plain(0x8a, 9);
  EXPECT_EQ(follower.Follow(Join({whole_frame, row.bytes}), row.rules).fault, row.fault) << reason;
}

TEST(HeaderFollower, RefusesWithTheByteThatShowsTheFault) {
  const FaultRow rows[] = {
      {FollowFault::kReservedOpcode, {0x83}},
      {FollowFault::kReservedOpcode, {0x07}},
      {FollowFault::kReservedOpcode, {0x8b}},
      {FollowFault::kReservedOpcode, {0xff}},
      {FollowFault::kReservedBits, {0xa1}},
      {FollowFault::kReservedBits, {0x92}},
      {FollowFault::kReservedBits, {0xf2}},
      {FollowFault::kReservedBits, {0x99}},
      {FollowFault::kReservedBits, {0xa8}},
      {FollowFault::kReservedBits, Join({Plain(0x41, 1), {0xa0}})},
      {FollowFault::kControlFragmented, {0x09}},
      {FollowFault::kContinuationWithoutMessage, {0x80}},
      {FollowFault::kContinuationWithoutMessage, {0x00}},
      {FollowFault::kMasked, {0x81, 0x80}},
      {FollowFault::kControlTooLong, {0x89, 126}},
      {FollowFault::kControlTooLong, {0x88, 127}},
      {FollowFault::kLengthNotMinimal, {0x82, 126, 0, 125}},
      {FollowFault::kLengthNotMinimal, {0x82, 127, 0, 0, 0, 0, 0, 0}},
      {FollowFault::kLengthTooLarge, {0x82, 127, 0x80}},
      {FollowFault::kMessageInsideMessage, Join({Plain(0x01, 1), {0x81}})},
      {FollowFault::kMessageInsideMessage, Join({Plain(0x01, 0), Plain(0x89, 0), {0x02}})},
      {FollowFault::kContinuationWithoutMessage, Join({Plain(0x01, 1), Plain(0x80, 1), {0x80}})},
  };
  for (const FaultRow& row : rows) {
    ExpectFault(row, Direction::kFromBackend);
    EXPECT_EQ(RefusalCode(row.fault), CloseCode::kProtocolError);
  }
  ExpectFault({FollowFault::kNotMasked, {0x81, 0x00}}, Direction::kFromClient);
  ExpectFault({FollowFault::kControlTooLong, {0x89, 0xfe}}, Direction::kFromClient);
}

TEST(HeaderFollower, RefusesMoreThanTheLimitsBeforeAnyPayload) {
  const ReaderRules rules{.frame_bytes_max = 1000, .message_bytes_max = 1500};
  const Bytes largest = Join({{0x02, 126, 0x03, 0xe8}, Bytes(1000)});
  const FaultRow rows[] = {
      {FollowFault::kFrameTooBig, {0x82, 126, 0x03, 0xe9}, rules},
      {FollowFault::kMessageTooBig, Join({largest, {0x80, 126, 0x01, 0xf5}}), rules},
      {FollowFault::kMessageTooBig, {0x82, 126, 0x05, 0xdd}, {.message_bytes_max = 1500}},
  };
  for (const FaultRow& row : rows) {
    ExpectFault(row, Direction::kFromBackend);
    EXPECT_EQ(RefusalCode(row.fault), CloseCode::kTooBig);
  }
}

TEST(HeaderFollower, TakesWhatReachesTheLimitsAndBeginsEachMessageAnew) {
  const ReaderRules rules{.frame_bytes_max = 100, .message_bytes_max = 150};
  HeaderFollower follower(Direction::kFromClient);
  const Bytes message = Join({Masked(0x02, 100), Masked(0x89, 125), Masked(0x80, 50)});
  const Followed followed = follower.Follow(Join({message, message, Masked(0x82, 100)}), rules);
  EXPECT_EQ(followed.fault, FollowFault::kNone);
  EXPECT_EQ(followed.messages, 3u);
}

TEST(HeaderFollower, AControlFrameDoesNotCountAgainstTheLimits) {
  HeaderFollower follower(Direction::kFromBackend);
  const ReaderRules rules{.frame_bytes_max = 1, .message_bytes_max = 1};
  EXPECT_EQ(follower.Follow(Plain(0x8a, 125), rules).fault, FollowFault::kNone);
}

TEST(HeaderFollower, SaysHowManyBytesLieInFrontOfAFaultyFrame) {
  const Bytes good = Plain(0x82, 7);
  HeaderFollower at_once(Direction::kFromBackend);
  const Followed followed = at_once.Follow(Join({good, good, {0x82, 0x80, 1, 2}}), kNoLimits);
  EXPECT_EQ(followed.fault, FollowFault::kMasked);
  EXPECT_EQ(followed.frames, 2u);
  EXPECT_EQ(followed.passed_bytes, 2 * good.size());

  HeaderFollower in_pieces(Direction::kFromBackend);
  EXPECT_EQ(in_pieces.Follow(Join({good, {0x82}}), kNoLimits).passed_bytes, good.size() + 1);
  EXPECT_EQ(in_pieces.Follow(Bytes{0x80, 1, 2}, kNoLimits).passed_bytes, 0u);
}

TEST(HeaderFollower, EveryFaultHasAReasonThatFitsACloseFrame) {
  EXPECT_EQ(RefusalCode(FollowFault::kNone), CloseCode::kNormal);
  EXPECT_EQ(RefusalReason(FollowFault::kNone), "");
  for (int i = 1; i <= static_cast<int>(FollowFault::kMessageTooBig); ++i) {
    const std::string_view reason = RefusalReason(static_cast<FollowFault>(i));
    EXPECT_FALSE(reason.empty()) << i;
    EXPECT_LE(reason.size(), kControlPayloadBytesMax - 2) << i;
  }
}

}  // namespace
}  // namespace ringway::ws
