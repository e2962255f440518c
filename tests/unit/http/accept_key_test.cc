// SPDX-License-Identifier: Apache-2.0
//
// The answer to a key, against values that others computed.
#include "gateway/http/accept_key.h"

#include <gtest/gtest.h>

namespace ringway::http {
namespace {

std::string_view View(const std::array<char, kAcceptBytes>& accept) {
  return {accept.data(), accept.size()};
}

TEST(AcceptKey, AnswersTheExampleOfTheStandard) {
  EXPECT_EQ(View(WebSocketAccept("dGhlIHNhbXBsZSBub25jZQ==")), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(AcceptKey, AnswersTheExampleOfTheMozillaDocumentation) {
  EXPECT_EQ(View(WebSocketAccept("x3JJHMbDL1EzLkh9GBhXDw==")), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

}  // namespace
}  // namespace ringway::http
