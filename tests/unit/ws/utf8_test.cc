// SPDX-License-Identifier: Apache-2.0
//
// UTF-8 by example; sequences are tested exhaustively against an oracle in tests/property/ws.
#include "gateway/ws/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace ringway::ws {
namespace {

std::span<const uint8_t> Span(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(Utf8Validator, AcceptsACharacterThatComesByteByByte) {
  Utf8Validator validator;
  for (const std::string_view byte : {"\xf0", "\x9f", "\x98"}) {
    ASSERT_TRUE(validator.Push(Span(byte)));
    EXPECT_FALSE(validator.AtBoundary());
  }
  ASSERT_TRUE(validator.Push(Span("\x80")));
  EXPECT_TRUE(validator.AtBoundary());
}

TEST(Utf8Validator, FailsWithTheByteThatNothingCanMend) {
  // Autobahn 6.4: beyond U+10FFFF shows with the second byte.
  Utf8Validator validator;
  ASSERT_TRUE(validator.Push(Span("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4")));
  EXPECT_FALSE(validator.Push(Span("\x90")));
}

TEST(Utf8Validator, AnEmptyPieceChangesNothing) {
  Utf8Validator validator;
  ASSERT_TRUE(validator.Push({}));
  EXPECT_TRUE(validator.AtBoundary());
  ASSERT_TRUE(validator.Push(Span("\xc3")));
  ASSERT_TRUE(validator.Push({}));
  EXPECT_FALSE(validator.AtBoundary());
}

TEST(Utf8Validator, ResetForgetsAnUnfinishedCharacter) {
  Utf8Validator validator;
  ASSERT_TRUE(validator.Push(Span("\xe2\x82")));
  validator.Reset();
  EXPECT_TRUE(validator.AtBoundary());
  EXPECT_TRUE(validator.Push(Span("plain")));
}

TEST(IsUtf8, RefusesSurrogatesOverlongFormsAndUnfinishedEnds) {
  EXPECT_TRUE(IsUtf8(Span("")));
  EXPECT_TRUE(IsUtf8(Span("κόσμε 😀")));
  for (const std::string_view text :
       {"\xed\xa0\x80", "\xc0\xaf", "\xf0\x80\x80\xaf", "ab\xe2\x82", "\xf5\x80\x80\x80", "\x80"}) {
    EXPECT_FALSE(IsUtf8(Span(text)));
    EXPECT_FALSE(IsUtf8(Span(std::string(100, 'x') + std::string(text))));
  }
}

TEST(IncompleteTailBytes, CountsOnlyABeginningThatIsValidSoFar) {
  EXPECT_EQ(IncompleteTailBytes(Span("")), 0u);
  EXPECT_EQ(IncompleteTailBytes(Span("abc")), 0u);
  EXPECT_EQ(IncompleteTailBytes(Span("ab\xc3")), 1u);
  EXPECT_EQ(IncompleteTailBytes(Span("ab\xe2\x82")), 2u);
  EXPECT_EQ(IncompleteTailBytes(Span("\xf0\x9f\x98")), 3u);
  EXPECT_EQ(IncompleteTailBytes(Span("\xf0\x9f\x98\x80")), 0u);
  EXPECT_EQ(IncompleteTailBytes(Span("\xe0\x80")), 0u) << "cannot become a character";
  EXPECT_EQ(IncompleteTailBytes(Span("\x80\x80\x80")), 0u);
}

}  // namespace
}  // namespace ringway::ws
