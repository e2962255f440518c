// SPDX-License-Identifier: Apache-2.0
//
// Frame headers: one table of wire bytes and verdicts, and the writers against the reader.
#include "gateway/ws/frame_header.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <ostream>
#include <vector>

namespace ringway::ws {
namespace {

using Bytes = std::vector<uint8_t>;

struct Row {
  const char* what;
  Bytes bytes;
  HeaderResult result;
  uint64_t payload_bytes = 0;
};

const Row kRows[] = {
    {"nothing", {}, HeaderResult::kNeedMore},
    {"one byte", {0x81}, HeaderResult::kNeedMore},
    {"no mask yet", {0x81, 0x85, 1, 2, 3}, HeaderResult::kNeedMore},
    {"short text", {0x81, 0x85, 1, 2, 3, 4}, HeaderResult::kWhole, 5},
    {"125 bytes", {0x82, 0xfd, 1, 2, 3, 4}, HeaderResult::kWhole, 125},
    {"126 bytes", {0x82, 0xfe, 0, 126, 1, 2, 3, 4}, HeaderResult::kWhole, 126},
    {"65535 bytes", {0x82, 0xfe, 255, 255, 1, 2, 3, 4}, HeaderResult::kWhole, 65535},
    {"65536 bytes", {2, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4}, HeaderResult::kWhole, 65536},
    {"2^63 - 1 bytes",
     {2, 0xff, 127, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4},
     HeaderResult::kWhole,
     (uint64_t{1} << 63) - 1},
    {"half a 16-bit length", {0x82, 0xfe, 0}, HeaderResult::kNeedMore},
    {"half a 64-bit length", {0x82, 0xff, 0, 0, 0, 0, 0}, HeaderResult::kNeedMore},
    {"last continuation", {0x80, 0x80, 1, 2, 3, 4}, HeaderResult::kWhole, 0},
    {"ping of 125 bytes", {0x89, 0xfd, 1, 2, 3, 4}, HeaderResult::kWhole, 125},

    {"RSV1, one byte", {0xc1}, HeaderResult::kReservedBits},
    {"RSV2", {0xa2, 0x80}, HeaderResult::kReservedBits},
    {"RSV3", {0x92, 0x80}, HeaderResult::kReservedBits},
    {"opcode 3, one byte", {0x83}, HeaderResult::kReservedOpcode},
    {"opcode 7", {0x87, 0x80}, HeaderResult::kReservedOpcode},
    {"opcode 11", {0x8b, 0x80}, HeaderResult::kReservedOpcode},
    {"opcode 15", {0x8f, 0x80}, HeaderResult::kReservedOpcode},
    {"not masked, two bytes", {0x81, 0x05}, HeaderResult::kNotMasked},
    {"125 in 16 bits", {0x82, 0xfe, 0, 125}, HeaderResult::kLengthNotMinimal},
    {"65535 in 64 bits", {2, 0xff, 0, 0, 0, 0, 0, 0, 255, 255}, HeaderResult::kLengthNotMinimal},
    {"six zero bytes of 64 bits", {2, 0xff, 0, 0, 0, 0, 0, 0}, HeaderResult::kLengthNotMinimal},
    {"top bit, one length byte", {0x82, 0xff, 128}, HeaderResult::kLengthTooLarge},
    {"ping of 126 bytes, two bytes", {0x89, 0xfe}, HeaderResult::kControlTooLong},
    {"close with a 64-bit length", {0x88, 0xff}, HeaderResult::kControlTooLong},
    {"fragmented ping, one byte", {0x09}, HeaderResult::kControlFragmented},
};

TEST(FrameHeader, ReadsAndRefusesByTheTable) {
  for (const Row& row : kRows) {
    FrameHeader header;
    ASSERT_EQ(ParseFrameHeader(row.bytes, 0, &header), row.result) << row.what;
    if (row.result != HeaderResult::kWhole) continue;
    EXPECT_EQ(header.payload_bytes, row.payload_bytes) << row.what;
    EXPECT_EQ(header.header_bytes, row.bytes.size()) << row.what;
    EXPECT_EQ(static_cast<uint8_t>(header.opcode), row.bytes[0] & 0x0f) << row.what;
    EXPECT_EQ(header.fin, row.bytes[0] >= 0x80) << row.what;
    EXPECT_TRUE(header.masked) << row.what;
    const uint8_t mask[] = {1, 2, 3, 4};
    EXPECT_EQ(std::memcmp(&header.mask, mask, 4), 0) << row.what;
  }
}

TEST(FrameHeader, NeedsMoreForEveryPrefixOfAWholeHeader) {
  for (const Row& row : kRows) {
    if (row.result != HeaderResult::kWhole) continue;
    for (size_t bytes = 0; bytes < row.bytes.size(); ++bytes) {
      FrameHeader header;
      EXPECT_EQ(ParseFrameHeader({row.bytes.data(), bytes}, 0, &header), HeaderResult::kNeedMore)
          << row.what << ", " << bytes << " bytes";
    }
  }
}

TEST(FrameHeader, RefusesUnmaskedFrameFromClient) {
  const Bytes frame = {0x81, 0x02, 'h', 'i'};
  FrameHeader header;
  EXPECT_EQ(ParseFrameHeader(frame, 0, &header), HeaderResult::kNotMasked);
}

TEST(FrameHeader, AllowsAgreedReservedBitOnTheFirstFrameOfAMessageOnly) {
  FrameHeader header;
  const Bytes first = {0xc1, 0x80, 1, 2, 3, 4};
  ASSERT_EQ(ParseFrameHeader(first, kRsv1, &header), HeaderResult::kWhole);
  EXPECT_EQ(header.rsv, kRsv1);
  EXPECT_EQ(ParseFrameHeader(first, kRsv2 | kRsv3, &header), HeaderResult::kReservedBits);
  const Bytes continuation = {0xc0, 0x80, 1, 2, 3, 4};
  EXPECT_EQ(ParseFrameHeader(continuation, kRsv1, &header), HeaderResult::kReservedBits);
  const Bytes ping = {0xc9, 0x80, 1, 2, 3, 4};
  EXPECT_EQ(ParseFrameHeader(ping, kRsv1, &header), HeaderResult::kReservedBits);
}

struct LengthRow {
  uint64_t payload_bytes;
  Bytes wire;
};

const LengthRow kServerRows[] = {
    {0, {0x82, 0}},
    {125, {0x82, 125}},
    {126, {0x82, 126, 0, 126}},
    {65535, {0x82, 126, 255, 255}},
    {65536, {0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}},
    {0x0102030405060708, {0x82, 127, 1, 2, 3, 4, 5, 6, 7, 8}},
};

TEST(BuildFrameHeader, WritesTheShortestLength) {
  for (const LengthRow& row : kServerRows) {
    std::array<uint8_t, kServerHeaderBytesMax> out{};
    const size_t bytes = BuildFrameHeader(Opcode::kBinary, row.payload_bytes, out);
    EXPECT_EQ(Bytes(out.begin(), out.begin() + bytes), row.wire) << row.payload_bytes;
    EXPECT_EQ(ServerHeaderBytes(row.payload_bytes), bytes);
  }
}

TEST(BuildFrameHeader, BeforeEndsRightBeforeThePayloadAndTouchesNothingElse) {
  for (const LengthRow& row : kServerRows) {
    std::array<uint8_t, kServerHeaderBytesMax + 2> buffer;
    buffer.fill(0xa5);
    uint8_t* const payload = buffer.data() + 1 + kServerHeaderBytesMax;
    const size_t bytes = BuildFrameHeaderBefore(Opcode::kBinary, row.payload_bytes, payload);
    EXPECT_EQ(Bytes(payload - bytes, payload), row.wire) << row.payload_bytes;
    for (const uint8_t* at = buffer.data(); at < payload - bytes; ++at) EXPECT_EQ(*at, 0xa5);
    EXPECT_EQ(*payload, 0xa5);
  }
}

TEST(BuildFrameHeader, ClientFormReadsBack) {
  for (const uint64_t payload_bytes : {0ull, 125ull, 126ull, 65535ull, 65536ull, 1ull << 40}) {
    std::array<uint8_t, kClientHeaderBytesMax> out{};
    const size_t bytes = BuildClientFrameHeader(Opcode::kText, payload_bytes, 0x01020304, out);
    FrameHeader header;
    ASSERT_EQ(ParseFrameHeader({out.data(), bytes}, 0, &header), HeaderResult::kWhole);
    EXPECT_EQ(header.payload_bytes, payload_bytes);
    EXPECT_EQ(header.mask, 0x01020304u);
    EXPECT_EQ(header.opcode, Opcode::kText);
    EXPECT_TRUE(header.fin);
    EXPECT_EQ(header.header_bytes, bytes);
  }
}

TEST(Opcode, ControlOpcodesAreTheThreeOfTheStandard) {
  for (const Opcode opcode : {Opcode::kClose, Opcode::kPing, Opcode::kPong}) {
    EXPECT_TRUE(IsControl(opcode));
  }
  for (const Opcode opcode : {Opcode::kContinuation, Opcode::kText, Opcode::kBinary}) {
    EXPECT_FALSE(IsControl(opcode));
  }
}

}  // namespace
}  // namespace ringway::ws
