// SPDX-License-Identifier: Apache-2.0
//
// A stream says the same however the network cuts it.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/property/ws/stream_maker.h"

namespace ringway::ws {
namespace {

/// Feeds `bytes` cut at the given places (ascending).
Transcript ReadCut(std::span<const uint8_t> bytes, const std::vector<size_t>& cuts,
                   const ReaderRules& rules) {
  HeldBytesCaller caller(rules);
  size_t at = 0;
  for (const size_t cut : cuts) {
    caller.Feed(bytes.subspan(at, cut - at));
    at = cut;
  }
  caller.Feed(bytes.subspan(at));
  return caller.Result();
}

std::vector<size_t> EveryByte(size_t bytes) {
  std::vector<size_t> cuts;
  for (size_t i = 1; i < bytes; ++i) cuts.push_back(i);
  return cuts;
}

std::vector<size_t> RandomCuts(size_t bytes, StreamMaker* maker) {
  std::vector<size_t> cuts;
  for (size_t i = 1 + maker->Below(12); i > 0; --i) cuts.push_back(maker->Below(bytes + 1));
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

TEST(Chunking, EverySplitIntoTwoGivesTheSameMessages) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    const MadeStream stream = StreamMaker(seed).Make(StreamSize::kSmall);
    for (size_t cut = 0; cut <= stream.bytes.size(); ++cut) {
      ASSERT_EQ(ReadCut(stream.bytes, {cut}, {}), stream.expected)
          << "seed " << seed << ", cut at " << cut;
    }
  }
}

TEST(Chunking, SingleBytesGiveTheSameMessages) {
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    const MadeStream stream = StreamMaker(seed).Make(StreamSize::kSmall);
    ASSERT_EQ(ReadCut(stream.bytes, EveryByte(stream.bytes.size()), {}), stream.expected)
        << "seed " << seed;
  }
}

TEST(Chunking, RandomPiecesOfLargeMessagesGiveTheSameMessages) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    StreamMaker maker(seed);
    const MadeStream stream = maker.Make(StreamSize::kLarge);
    for (int round = 0; round < 4; ++round) {
      const std::vector<size_t> cuts = RandomCuts(stream.bytes.size(), &maker);
      ASSERT_EQ(ReadCut(stream.bytes, cuts, {}), stream.expected)
          << "seed " << seed << ", round " << round;
    }
  }
}

TEST(Chunking, DamagedStreamsGetTheSameVerdictHoweverCut) {
  const ReaderRules rules[] = {
      {}, {.allowed_rsv_mask = kRsv1, .frame_bytes_max = 100, .message_bytes_max = 150}};
  int refused = 0;
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    StreamMaker maker(seed);
    MadeStream stream = maker.Make(StreamSize::kSmall);
    for (size_t i = 1 + maker.Below(2); i > 0; --i) {
      uint8_t& byte = stream.bytes[maker.Below(stream.bytes.size())];
      byte = static_cast<uint8_t>(byte ^ (1 << maker.Below(8)));
    }
    const ReaderRules& rule = rules[seed % 2];
    const Transcript whole = Read(stream.bytes, rule);
    refused += whole.refusal != 0 ? 1 : 0;
    ASSERT_EQ(ReadCut(stream.bytes, EveryByte(stream.bytes.size()), rule), whole) << seed;
    for (int round = 0; round < 8; ++round) {
      ASSERT_EQ(ReadCut(stream.bytes, RandomCuts(stream.bytes.size(), &maker), rule), whole)
          << "seed " << seed << ", round " << round;
    }
  }
  EXPECT_GT(refused, 500) << "the damage hardly ever shows";
}

}  // namespace
}  // namespace ringway::ws
