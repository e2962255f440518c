// SPDX-License-Identifier: Apache-2.0
//
// The incremental validator against an oracle that asks of each prefix whether a code point exists
// that it could become.
#include "gateway/ws/utf8.h"

#include <gtest/gtest.h>

#include "tests/property/ws/oracles.h"
#include "tests/property/ws/stream_maker.h"

namespace ringway::ws {
namespace {

/// Pushes `text` in two pieces; expects the verdict with the piece that holds the breaking byte.
void ExpectVerdict(std::span<const uint8_t> text, size_t cut) {
  const oracle::TextVerdict verdict = oracle::JudgeText(text);
  Utf8Validator validator;
  ASSERT_EQ(validator.Push(text.first(cut)), verdict.valid_bytes >= cut) << "cut " << cut;
  if (verdict.valid_bytes < cut) return;
  const bool all_valid = verdict.valid_bytes == text.size();
  ASSERT_EQ(validator.Push(text.subspan(cut)), all_valid) << "cut " << cut;
  if (all_valid) {
    ASSERT_EQ(validator.AtBoundary(), verdict.unfinished_bytes == 0) << "cut " << cut;
  }
}

void ExpectVerdictAtEveryCut(std::span<const uint8_t> text) {
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    ExpectVerdict(text, cut);
    if (testing::Test::HasFatalFailure()) FAIL() << testing::PrintToString(text);
  }
}

void ExpectTail(std::span<const uint8_t> bytes) {
  size_t expected = 0;
  for (size_t count = 1; count <= 3 && count <= bytes.size(); ++count) {
    if (oracle::ClassifyCharacter(bytes.last(count)) == oracle::Character::kUnfinished) {
      expected = count;
    }
  }
  ASSERT_EQ(IncompleteTailBytes(bytes), expected) << testing::PrintToString(bytes);
}

constexpr uint8_t kEdges[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
                              0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xf4, 0xff};

TEST(Utf8, AllSequencesOfOneAndTwoBytesMatchTheOracle) {
  for (unsigned first = 0; first < 256; ++first) {
    const uint8_t one[] = {static_cast<uint8_t>(first)};
    ExpectVerdictAtEveryCut(one);
    ExpectTail(one);
    for (unsigned second = 0; second < 256; ++second) {
      const uint8_t two[] = {static_cast<uint8_t>(first), static_cast<uint8_t>(second)};
      ExpectVerdictAtEveryCut(two);
      ExpectTail(two);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Utf8, SequencesOfThreeAndFourBytesMatchTheOracle) {
  for (unsigned first = 0xc0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      for (const uint8_t third : kEdges) {
        const uint8_t lead = static_cast<uint8_t>(first);
        const uint8_t next = static_cast<uint8_t>(second);
        const uint8_t three[] = {lead, next, third};
        ExpectVerdictAtEveryCut(three);
        ExpectTail(three);
        for (const unsigned fourth : {0x41u, 0x80u, 0xbfu, 0xc2u}) {
          const uint8_t four[] = {lead, next, third, static_cast<uint8_t>(fourth)};
          ExpectVerdictAtEveryCut(four);
          ExpectTail(four);
        }
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(Utf8, SequencesInsideLongTextMatchTheOracleAtEveryCut) {
  const Bytes sequences[] = {{0xc3, 0xa9},
                             {0xe2, 0x82, 0xac},
                             {0xf0, 0x9f, 0x98, 0x80},
                             {0xed, 0xa0, 0x80},
                             {0xf4, 0x90, 0x80},
                             {0xc0, 0xaf},
                             {0xe0, 0x80, 0x80},
                             {0xf0, 0x9f, 0x98},
                             {0x80},
                             {0xf0, 0x8f, 0xbf, 0xbf},
                             {0xf5},
                             {0xe2, 0x82}};
  for (const Bytes& sequence : sequences) {
    for (const size_t before : {0, 1, 31, 60, 61, 62, 63, 64, 65, 127, 128, 129}) {
      for (const size_t after : {0, 1, 2, 3, 5, 64, 70}) {
        Bytes text(before, 'x');
        text.insert(text.end(), sequence.begin(), sequence.end());
        text.insert(text.end(), after, 'y');
        ExpectVerdictAtEveryCut(text);
        ExpectTail(text);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(Utf8, RandomTextWithDamageMatchesTheOracle) {
  for (uint32_t seed = 0; seed < 4000; ++seed) {
    StreamMaker maker(seed);
    Bytes text = maker.Text(maker.Below(200));
    if (!text.empty() && seed % 2 == 0) {
      uint8_t& byte = text[maker.Below(text.size())];
      byte = static_cast<uint8_t>(byte ^ (1 << maker.Below(8)));
    }
    for (int round = 0; round < 6; ++round) {
      ExpectVerdict(text, maker.Below(text.size() + 1));
      if (HasFatalFailure()) FAIL() << "seed " << seed;
    }
    const size_t cut = maker.Below(text.size() + 1);
    ExpectTail(std::span<const uint8_t>(text).first(cut));
    if (HasFatalFailure()) FAIL() << "seed " << seed;
  }
}

TEST(Utf8, TextCutInFrontOfItsIncompleteTailStaysWhole) {
  const Bytes text = StreamMaker(7).Text(300);
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    const std::span<const uint8_t> piece = std::span<const uint8_t>(text).first(cut);
    ASSERT_TRUE(IsUtf8(piece.first(cut - IncompleteTailBytes(piece)))) << cut;
  }
}

}  // namespace
}  // namespace ringway::ws
