// SPDX-License-Identifier: Apache-2.0
//
// A stream that passes through is the same however the network cuts it, in both directions, whole
// or damaged: every cut against the slow, obvious reader.
#include "gateway/ws/header_follower.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/property/ws/follow_oracle.h"

namespace ringway::ws {
namespace {

using Bytes = std::vector<uint8_t>;

struct OpaqueStream {
  Bytes bytes;
  FollowVerdict expected;
};

/// Makes streams of one direction as compression may make them: RSV1 anywhere, any payload.
class OpaqueMaker {
 public:
  OpaqueMaker(uint32_t seed, Direction direction) : random_(seed), direction_(direction) {}

  size_t Below(size_t bound) {
    return std::uniform_int_distribution<size_t>(0, bound - 1)(random_);
  }

  OpaqueStream Make(const std::vector<size_t>& sizes) {
    OpaqueStream stream;
    for (size_t messages = 1 + Below(4); messages > 0; --messages) {
      const size_t fragments = Below(2) == 0 ? 1 : 1 + Below(4);
      for (size_t i = 0; i < fragments; ++i) {
        const uint8_t opcode = i == 0 ? static_cast<uint8_t>(1 + Below(2)) : uint8_t{0};
        const bool is_last = i + 1 == fragments;
        AddFrame(static_cast<uint8_t>((is_last ? 0x80 : 0) | opcode), sizes[Below(sizes.size())],
                 &stream);
        if (Below(3) == 0) AddFrame(static_cast<uint8_t>(0x89 + Below(2)), Below(126), &stream);
      }
      ++stream.expected.messages;
    }
    if (Below(2) == 0) {
      AddFrame(0x88, Below(2) == 0 ? 0 : 2 + Below(124), &stream);
      stream.expected.close_seen = true;
    }
    return stream;
  }

 private:
  void AddFrame(uint8_t first, size_t payload_bytes, OpaqueStream* stream) {
    const uint8_t mask_bit = direction_ == Direction::kFromClient ? 0x80 : 0;
    Bytes& bytes = stream->bytes;
    bytes.push_back(static_cast<uint8_t>(first | Below(2) << 6));
    const int length_bytes = payload_bytes <= 125 ? 0 : payload_bytes <= 0xffff ? 2 : 8;
    const size_t seven_bits = length_bytes == 0 ? payload_bytes : length_bytes == 2 ? 126 : 127;
    bytes.push_back(static_cast<uint8_t>(mask_bit | seven_bits));
    for (int i = length_bytes - 1; i >= 0; --i) {
      bytes.push_back(static_cast<uint8_t>(payload_bytes >> (8 * i)));
    }
    for (size_t i = payload_bytes + (mask_bit != 0 ? 4 : 0); i > 0; --i) {
      bytes.push_back(static_cast<uint8_t>(random_()));
    }
    ++stream->expected.frames;
  }

  std::mt19937 random_;
  Direction direction_;
};

const std::vector<size_t> kSmallSizes = {0, 0, 1, 2, 5, 17, 63, 124, 125, 126, 130};
const std::vector<size_t> kLargeSizes = {0, 1, 125, 126, 127, 4096, 65535, 65536, 65537, 200000};

FollowCaller FollowCut(const Bytes& stream, const std::vector<size_t>& cuts, Direction direction,
                       const ReaderRules& rules) {
  const std::span<const uint8_t> bytes(stream);
  FollowCaller caller(direction, rules);
  size_t at = 0;
  for (const size_t cut : cuts) {
    caller.Feed(bytes.subspan(at, cut - at));
    at = cut;
  }
  caller.Feed(bytes.subspan(at));
  return caller;
}

std::vector<size_t> EveryByte(size_t bytes) {
  std::vector<size_t> cuts;
  for (size_t i = 1; i < bytes; ++i) cuts.push_back(i);
  return cuts;
}

std::vector<size_t> RandomCuts(size_t bytes, OpaqueMaker* maker) {
  std::vector<size_t> cuts;
  for (size_t i = 1 + maker->Below(12); i > 0; --i) cuts.push_back(maker->Below(bytes + 1));
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

Direction DirectionOf(uint32_t seed) {
  return seed % 2 == 0 ? Direction::kFromClient : Direction::kFromBackend;
}

TEST(HeaderFollowerChunking, TheOracleSeesWhatTheMakerMade) {
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    const Direction direction = DirectionOf(seed);
    const OpaqueStream stream = OpaqueMaker(seed, direction).Make(kSmallSizes);
    uint64_t passed_bytes = 0;
    ASSERT_EQ(oracle::FollowWhole(stream.bytes, direction, {}, &passed_bytes), stream.expected);
    ASSERT_EQ(passed_bytes, stream.bytes.size());
  }
}

TEST(HeaderFollowerChunking, EverySplitIntoTwoGivesTheSame) {
  for (uint32_t seed = 0; seed < 400; ++seed) {
    const Direction direction = DirectionOf(seed);
    const OpaqueStream stream = OpaqueMaker(seed, direction).Make(kSmallSizes);
    for (size_t cut = 0; cut <= stream.bytes.size(); ++cut) {
      const FollowCaller caller = FollowCut(stream.bytes, {cut}, direction, {});
      ASSERT_TRUE(caller.Agrees(stream.expected, stream.bytes.size())) << seed << ", cut " << cut;
    }
  }
}

TEST(HeaderFollowerChunking, EveryPrefixEndsAsTheOracleSays) {
  for (uint32_t seed = 0; seed < 400; ++seed) {
    const Direction direction = DirectionOf(seed);
    const OpaqueStream stream = OpaqueMaker(seed, direction).Make(kSmallSizes);
    FollowCaller caller(direction, {});
    for (size_t bytes = 0; bytes < stream.bytes.size(); ++bytes) {
      uint64_t passed_bytes = 0;
      const std::span<const uint8_t> prefix(stream.bytes.data(), bytes);
      const FollowVerdict truth = oracle::FollowWhole(prefix, direction, {}, &passed_bytes);
      ASSERT_TRUE(caller.Agrees(truth, passed_bytes)) << "seed " << seed << ", " << bytes;
      caller.Feed({stream.bytes.data() + bytes, 1});
    }
  }
}

TEST(HeaderFollowerChunking, RandomPiecesOfLargeMessagesGiveTheSame) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    const Direction direction = DirectionOf(seed);
    OpaqueMaker maker(seed, direction);
    const OpaqueStream stream = maker.Make(kLargeSizes);
    for (int round = 0; round < 8; ++round) {
      const std::vector<size_t> cuts = RandomCuts(stream.bytes.size(), &maker);
      const FollowCaller caller = FollowCut(stream.bytes, cuts, direction, {});
      ASSERT_TRUE(caller.Agrees(stream.expected, stream.bytes.size())) << seed << ", " << round;
    }
  }
}

TEST(HeaderFollowerChunking, DamagedStreamsGetTheOraclesVerdictHoweverCut) {
  const ReaderRules rules[] = {{}, {.frame_bytes_max = 100, .message_bytes_max = 150}};
  int refused = 0;
  for (uint32_t seed = 0; seed < 4000; ++seed) {
    const Direction direction = DirectionOf(seed);
    OpaqueMaker maker(seed, direction);
    OpaqueStream stream = maker.Make(kSmallSizes);
    for (size_t i = maker.Below(3); i > 0; --i) {
      uint8_t& byte = stream.bytes[maker.Below(stream.bytes.size())];
      byte = static_cast<uint8_t>(byte ^ (1 << maker.Below(8)));
    }
    const ReaderRules& rule = rules[seed / 2 % 2];
    uint64_t passed_bytes = 0;
    const FollowVerdict truth = oracle::FollowWhole(stream.bytes, direction, rule, &passed_bytes);
    refused += truth.fault != FollowFault::kNone ? 1 : 0;
    const std::vector<size_t> every_byte = EveryByte(stream.bytes.size());
    ASSERT_TRUE(FollowCut(stream.bytes, {}, direction, rule).Agrees(truth, passed_bytes)) << seed;
    ASSERT_TRUE(FollowCut(stream.bytes, every_byte, direction, rule).Agrees(truth, passed_bytes))
        << seed;
    for (int round = 0; round < 8; ++round) {
      const std::vector<size_t> cuts = RandomCuts(stream.bytes.size(), &maker);
      ASSERT_TRUE(FollowCut(stream.bytes, cuts, direction, rule).Agrees(truth, passed_bytes))
          << "seed " << seed << ", round " << round;
    }
  }
  EXPECT_GT(refused, 1000) << "the damage hardly ever shows";
}

}  // namespace
}  // namespace ringway::ws
