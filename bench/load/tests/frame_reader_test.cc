// SPDX-License-Identifier: Apache-2.0
//
// Frame headers, whole and in pieces.
#include "bench/load/frame_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace ringway::load {
namespace {

std::vector<uint8_t> Head(uint64_t payload_bytes, Masking masking) {
  FrameHead head;
  head.masked = masking == Masking::kMasked;
  head.key = {9, 8, 7, 6};
  head.payload_bytes = payload_bytes;
  std::array<uint8_t, kFrameHeadBytesMax> bytes;
  return {bytes.begin(), bytes.begin() + WriteFrameHead(head, bytes)};
}

std::string ViolationOf(std::vector<uint8_t> bytes, Reader reader) {
  FrameReader frames(reader);
  std::span<uint8_t> input(bytes);
  while (!input.empty()) {
    if (frames.TakeHead(input) != FrameReader::Result::kHead) return frames.violation();
    frames.TakePayload(input);
  }
  return "";
}

TEST(FrameReader, ReadsWhatIsWrittenByteByByte) {
  for (uint64_t size : {0ULL, 125ULL, 126ULL, 65535ULL, 65536ULL, 1ULL << 40}) {
    std::vector<uint8_t> bytes = Head(size, Masking::kMasked);
    FrameReader reader(Reader::kServer);
    for (size_t i = 0; i < bytes.size(); ++i) {
      std::span<uint8_t> one(&bytes[i], 1);
      const bool last = i + 1 == bytes.size();
      ASSERT_EQ(reader.TakeHead(one),
                last ? FrameReader::Result::kHead : FrameReader::Result::kNeedMore);
    }
    EXPECT_EQ(reader.head().payload_bytes, size);
    EXPECT_EQ(reader.head().key, (MaskKey{9, 8, 7, 6}));
    EXPECT_EQ(reader.head().opcode, Opcode::kBinary);
    EXPECT_TRUE(reader.head().final);
  }
}

TEST(FrameReader, HandsOutPayloadAsItComes) {
  std::vector<uint8_t> bytes = Head(5, Masking::kNone);
  bytes.insert(bytes.end(), {1, 2, 3, 4, 5, 0x82});
  FrameReader reader(Reader::kClient);
  std::span<uint8_t> input(bytes);
  ASSERT_EQ(reader.TakeHead(input), FrameReader::Result::kHead);
  std::span<uint8_t> first = input.first(2);
  EXPECT_EQ(reader.TakePayload(first).size(), 2u);
  EXPECT_EQ(reader.payload_offset(), 2u);
  input = input.subspan(2);
  EXPECT_EQ(reader.TakePayload(input).size(), 3u);
  EXPECT_EQ(reader.payload_left(), 0u);
  EXPECT_EQ(input.size(), 1u);
}

TEST(FrameReader, NamesViolations) {
  EXPECT_EQ(ViolationOf({0x82, 0x00}, Reader::kServer), "unmasked frame from a client");
  EXPECT_EQ(ViolationOf({0x82, 0x80, 0, 0, 0, 0}, Reader::kClient), "masked frame from a server");
  EXPECT_EQ(ViolationOf({0xc2, 0x00}, Reader::kClient), "reserved bit set");
  EXPECT_EQ(ViolationOf({0x83, 0x00}, Reader::kClient), "reserved opcode");
  EXPECT_EQ(ViolationOf({0x82, 126, 0, 5}, Reader::kClient), "length not in its shortest form");
  EXPECT_EQ(ViolationOf({0x09, 0x00}, Reader::kClient), "fragmented control frame");
  EXPECT_EQ(ViolationOf({0x89, 126, 1, 0}, Reader::kClient), "control frame above 125 bytes");
  EXPECT_EQ(ViolationOf({0x80, 0x00}, Reader::kClient), "continuation of nothing");
  EXPECT_EQ(ViolationOf({0x02, 0x00, 0x82, 0x00}, Reader::kClient),
            "new message inside a fragmented one");
  EXPECT_EQ(ViolationOf({0x02, 0x00, 0x89, 0x00, 0x80, 0x00}, Reader::kClient), "");
}

}  // namespace
}  // namespace ringway::load
