// SPDX-License-Identifier: Apache-2.0
//
// Which close codes may arrive, and what a Close frame's payload says.
#include "gateway/ws/close_code.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringway::ws {
namespace {

ClosePayload Parse(std::string_view payload) {
  return ParseClosePayload({reinterpret_cast<const uint8_t*>(payload.data()), payload.size()});
}

TEST(CloseCode, TheRangesOfTheStandardMayArriveAndNoOthers) {
  struct Row {
    uint16_t first;
    uint16_t last;
    bool may;
  };
  constexpr Row kRows[] = {{0, 999, false},     {1000, 1003, true},  {1004, 1006, false},
                           {1007, 1014, true},  {1015, 2999, false}, {3000, 4999, true},
                           {5000, 65535, false}};
  for (const Row& row : kRows) {
    for (uint32_t code = row.first; code <= row.last; ++code) {
      ASSERT_EQ(MayArriveInClose(static_cast<uint16_t>(code)), row.may) << code;
    }
  }
}

TEST(ClosePayload, EmptyIsValidAndHasNoCode) {
  const ClosePayload close = Parse("");
  EXPECT_TRUE(close.valid);
  EXPECT_FALSE(close.has_code);
  EXPECT_EQ(close.code, 1005);
  EXPECT_EQ(close.reason, "");
}

TEST(ClosePayload, CodeAloneHasAnEmptyReason) {
  const ClosePayload close = Parse("\x03\xe9");
  EXPECT_TRUE(close.valid);
  EXPECT_TRUE(close.has_code);
  EXPECT_EQ(close.code, 1001);
  EXPECT_EQ(close.reason, "");
}

TEST(ClosePayload, ReasonIsAViewOfTheRest) {
  const std::string payload = "\x0f\xa0" + std::string(121, 'r') + "é";
  const ClosePayload close = Parse(payload);
  EXPECT_TRUE(close.valid);
  EXPECT_EQ(close.code, 4000);
  EXPECT_EQ(close.reason, std::string_view(payload).substr(2));
}

TEST(ClosePayload, OneByteIsAProtocolError) {
  const ClosePayload close = Parse("\x03");
  EXPECT_FALSE(close.valid);
  EXPECT_EQ(close.refusal, CloseCode::kProtocolError);
  EXPECT_FALSE(close.refusal_reason.empty());
}

TEST(ClosePayload, ACodeThatMayNotArriveIsAProtocolError) {
  for (const std::string payload : {"\x03\xed", "\x03\xee", "\x03\xf7", "\x13\x88"}) {
    const ClosePayload close = Parse(payload);
    EXPECT_FALSE(close.valid);
    EXPECT_EQ(close.refusal, CloseCode::kProtocolError);
  }
}

TEST(ClosePayload, AReasonThatIsNotUtf8IsAnInvalidPayload) {
  for (const std::string payload : {"\x03\xe8\xff", "\x03\xe8okay\xe2\x82"}) {
    const ClosePayload close = Parse(payload);
    EXPECT_FALSE(close.valid);
    EXPECT_EQ(close.refusal, CloseCode::kInvalidPayload);
  }
}

}  // namespace
}  // namespace ringway::ws
