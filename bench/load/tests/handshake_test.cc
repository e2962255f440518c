// SPDX-License-Identifier: Apache-2.0
//
// Opening handshakes.
#include "bench/load/handshake.h"

#include <gtest/gtest.h>

namespace ringway::load {
namespace {

TEST(Handshake, ComputesTheStandardsExample) {
  EXPECT_EQ(AcceptFor("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Handshake, AcceptsItsOwnAnswer) {
  const std::string key = MakeKey(42);
  EXPECT_EQ(key.size(), 24u);
  const std::string request =
      BuildRequest(*ParseTarget("ws://127.0.0.1:1/x"), key, {"Origin: http://a"});
  EXPECT_NE(request.find("GET /x HTTP/1.1\r\nHost: 127.0.0.1:1\r\n"), std::string::npos);
  EXPECT_NE(request.find("\r\nOrigin: http://a\r\n\r\n"), std::string::npos);
  EXPECT_EQ(HeadBytes(request), request.size());
  const absl::StatusOr<std::string> answer = AnswerRequest(request);
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(CheckResponse(*answer, key).ok());
  EXPECT_FALSE(CheckResponse(*answer, MakeKey(43)).ok());
}

TEST(Handshake, NamesTheStatusLineOfARefusal) {
  const absl::Status status =
      CheckResponse("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "k");
  EXPECT_EQ(status.message(), "HTTP/1.1 503 Service Unavailable");
}

TEST(Handshake, RefusesAPlainRequest) {
  EXPECT_FALSE(AnswerRequest("GET / HTTP/1.1\r\nHost: a\r\n\r\n").ok());
}

}  // namespace
}  // namespace ringway::load
