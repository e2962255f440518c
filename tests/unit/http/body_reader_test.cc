// SPDX-License-Identifier: Apache-2.0
//
// Where bodies end, and which never do.
#include "gateway/http/body_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace ringway::http {
namespace {

BodyReader ReaderOf(BodyFraming framing, uint64_t body_bytes = 0) {
  BodyReader reader;
  reader.Begin(framing, body_bytes);
  return reader;
}

/// On a copy of the text; `*kept`, where asked for, is what is relayed of it.
BodyStep Consume(BodyReader& reader, std::string text, std::string* kept = nullptr) {
  const BodyStep step = reader.Consume(text);
  EXPECT_LE(step.kept_bytes, step.bytes);
  if (kept != nullptr) kept->append(text, 0, step.kept_bytes);
  return step;
}

TEST(BodyReader, OfNothingIsCompleteFromTheStart) {
  for (BodyReader reader :
       {BodyReader(), ReaderOf(BodyFraming::kNone, 5), ReaderOf(BodyFraming::kLength, 0)}) {
    EXPECT_TRUE(reader.IsComplete());
    EXPECT_TRUE(reader.MayEndHere());
    const BodyStep step = Consume(reader, "next");
    EXPECT_EQ(step.bytes, 0u);
    EXPECT_EQ(step.result, BodyResult::kComplete);
  }
}

TEST(BodyReader, CountsALength) {
  BodyReader reader = ReaderOf(BodyFraming::kLength, 5);
  EXPECT_EQ(Consume(reader, "").result, BodyResult::kNeedMore);
  EXPECT_EQ(Consume(reader, "abc").result, BodyResult::kNeedMore);
  EXPECT_FALSE(reader.MayEndHere());
  const BodyStep step = Consume(reader, "defg");
  EXPECT_EQ(step.bytes, 2u);
  EXPECT_EQ(step.result, BodyResult::kComplete);
  EXPECT_EQ(Consume(reader, "fg").bytes, 0u);
}

TEST(BodyReader, TakesEverythingUntilClose) {
  BodyReader reader = ReaderOf(BodyFraming::kUntilClose);
  EXPECT_TRUE(reader.MayEndHere());
  const BodyStep step = Consume(reader, "0\r\n\r\n");
  EXPECT_EQ(step.bytes, 5u);
  EXPECT_EQ(step.result, BodyResult::kNeedMore);
  EXPECT_FALSE(reader.IsComplete());
  EXPECT_TRUE(reader.MayEndHere());
}

TEST(BodyReader, EndsBehindTheLastChunkAndItsTrailers) {
  const std::vector<std::string> bodies = {
      "0\r\n\r\n",
      "000\r\n\r\n",
      "5\r\nhello\r\n0\r\n\r\n",
      "00005\r\nhello\r\n1\r\n\n\r\n0\r\n\r\n",
      "a\r\n0123456789\r\nA\r\n0\r\n\r\n67890\r\n0\r\n\r\n",
      "1;name=value\r\nx\r\n0;a;b=\"c d\"\t\xc3\xa4\r\n\r\n",
      "1;\r\nx\r\n0\r\nX-Sum: 1\r\nEmpty:\r\n!: \xc3\xa4 \t\r\n\r\n",
      "0;" + std::string(kChunkLineBytesMax - 2, 'x') + "\r\n\r\n",
      "0\r\nA:" + std::string(kTrailerBytesMax - 4, 'x') + "\r\n\r\n",
  };
  for (const std::string& body : bodies) {
    BodyReader reader = ReaderOf(BodyFraming::kChunked);
    std::string kept;
    const BodyStep step = Consume(reader, body + "HTTP/1.1", &kept);
    EXPECT_EQ(kept, body);
    EXPECT_EQ(step.result, BodyResult::kComplete) << body.substr(0, 40);
    EXPECT_EQ(step.bytes, body.size()) << body.substr(0, 40);
    EXPECT_TRUE(reader.MayEndHere()) << body.substr(0, 40);
  }
}

TEST(BodyReader, TakesOutWhiteSpaceBehindASize) {
  const std::pair<std::string, std::string> bodies[] = {
      {"5   \r\nhello\r\n0 \r\n\r\n", "5\r\nhello\r\n0\r\n\r\n"},
      {"5 \t;a = b \r\nhello\r\n0\t\r\n\r\n", "5;a = b \r\nhello\r\n0\r\n\r\n"},
      {"3 \r\n 1 \r\n0\r\nA: b \r\n\r\n", "3\r\n 1 \r\n0\r\nA: b \r\n\r\n"},
  };
  for (const auto& [sent, relayed] : bodies) {
    BodyReader reader = ReaderOf(BodyFraming::kChunked);
    std::string kept;
    const BodyStep step = Consume(reader, sent + "5 \r\n", &kept);
    EXPECT_EQ(step.result, BodyResult::kComplete) << sent;
    EXPECT_EQ(step.bytes, sent.size()) << sent;
    EXPECT_EQ(kept, relayed);
  }
}

TEST(BodyReader, MayNotEndInsideOfChunks) {
  const std::string body = "5 ;x\r\nhello\r\n0\r\nA: b\r\n\r\n";
  for (size_t bytes = 0; bytes < body.size(); ++bytes) {
    BodyReader reader = ReaderOf(BodyFraming::kChunked);
    EXPECT_EQ(Consume(reader, body.substr(0, bytes)).result, BodyResult::kNeedMore);
    EXPECT_FALSE(reader.MayEndHere()) << bytes;
  }
}

struct MalformedCase {
  std::string body;
  /// The byte that may not stand there.
  size_t at;
};

TEST(BodyReader, RefusesTheFirstByteThatMayNotStandThere) {
  const std::vector<MalformedCase> cases = {
      {"\r\n", 0},
      {"x", 0},
      {"-1", 0},
      {"+1", 0},
      {" 1", 0},
      {";a", 0},
      {"0x5", 1},
      {"5 5", 2},
      {"5\t0\r\n", 2},
      {"5 \n", 2},
      {"5 \rx", 3},
      {"5 x", 2},
      {"5 ;a\n", 4},
      {"5\n", 1},
      {"5,5", 1},
      {"5\rx", 2},
      {"5;a\n", 3},
      {"5;a\rb", 4},
      {std::string("5;\0", 3), 2},
      {"5;\x7f", 2},
      {"1\r\nxy", 4},
      {"1\r\nx\n", 4},
      {"1\r\nx\r\r", 5},
      {"0\r\n\rx", 4},
      {"0\r\n\n", 3},
      {"0\r\n x: y", 3},
      {"0\r\n: y", 3},
      {"0\r\nA : y", 4},
      {"0\r\nA\r\n", 4},
      {"0\r\nA: b\nC", 7},
      {"0\r\nA: b\r\r", 8},
      {"0\r\nA: b\r\n c", 9},
      {"1000000000000001", 15},
      {"1152921504606846976", 15},
      {"fffffffffffffffff", 15},
      {"0;" + std::string(kChunkLineBytesMax - 1, 'x'), kChunkLineBytesMax},
      {std::string(kChunkLineBytesMax + 1, '0'), kChunkLineBytesMax},
      {"0" + std::string(kChunkLineBytesMax, ' '), kChunkLineBytesMax},
      {"0\r\nA:" + std::string(kTrailerBytesMax, 'x'), 3 + kTrailerBytesMax},
  };
  for (const MalformedCase& one : cases) {
    BodyReader reader = ReaderOf(BodyFraming::kChunked);
    const BodyStep step = Consume(reader, one.body);
    EXPECT_EQ(step.result, BodyResult::kMalformed) << one.body.substr(0, 40);
    EXPECT_EQ(step.bytes, one.at) << one.body.substr(0, 40);
    EXPECT_FALSE(reader.MayEndHere());
    EXPECT_EQ(Consume(reader, "0\r\n\r\n").result, BodyResult::kMalformed);
    EXPECT_EQ(Consume(reader, "0\r\n\r\n").bytes, 0u);
  }
}

TEST(BodyReader, CountsTheLongestChunk) {
  BodyReader reader = ReaderOf(BodyFraming::kChunked);
  EXPECT_EQ(Consume(reader, "1000000000000000\r\nx").result, BodyResult::kNeedMore);
  EXPECT_EQ(Consume(reader, std::string(100, 'x')).bytes, 100u);
}

}  // namespace
}  // namespace ringway::http
