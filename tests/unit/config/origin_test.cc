// SPDX-License-Identifier: Apache-2.0
//
// What is an origin, and which two are the same.
#include "gateway/config/origin.h"

#include <gtest/gtest.h>

namespace ringway::config {
namespace {

TEST(Origin, IsTakenApart) {
  const auto origin = ParseOrigin("https://x.example:8443");
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->scheme, "https");
  EXPECT_EQ(origin->host, "x.example");
  EXPECT_EQ(origin->port, 8443);
}

TEST(Origin, HasItsSchemesPortWhereNoneIsWritten) {
  EXPECT_EQ(ParseOrigin("http://x")->port, 80);
  EXPECT_EQ(ParseOrigin("HTTPS://x")->port, 443);
  EXPECT_EQ(ParseOrigin("wss://x")->port, 443);
  EXPECT_EQ(ParseOrigin("chrome-extension://abcdef")->port, 0);
  EXPECT_EQ(ParseOrigin("http://[::1]")->host, "[::1]");
  EXPECT_EQ(ParseOrigin("http://[::1]:81")->port, 81);
}

TEST(Origin, IsNothingElse) {
  for (const std::string_view text : {"",
                                      "null",
                                      "x.example",
                                      "https://",
                                      "://x",
                                      "https:/x",
                                      "https://x/",
                                      "https://x/y",
                                      "https://x:0",
                                      "https://x:65536",
                                      "https://x:",
                                      "https://x:8o",
                                      "https://u@x",
                                      "https://*.x",
                                      "https://x y",
                                      "1https://x",
                                      "https://[::1",
                                      "https://[]",
                                      "https://a:b:1",
                                      "https://x https://y",
                                      "https://x?q",
                                      "https://x#f",
                                      "https://\xC3\xA9"}) {
    EXPECT_FALSE(ParseOrigin(text)) << text;
  }
}

TEST(Origin, IsTheSameInAnyCaseAndWithItsDefaultPort) {
  const auto same = [](std::string_view left, std::string_view right) {
    return SameOrigin(*ParseOrigin(left), *ParseOrigin(right));
  };
  EXPECT_TRUE(same("https://x.example", "HTTPS://X.Example:443"));
  EXPECT_TRUE(same("http://x:80", "http://x"));
  EXPECT_FALSE(same("http://x", "https://x"));
  EXPECT_FALSE(same("http://x", "http://x:81"));
  EXPECT_FALSE(same("https://x.example", "https://x.example."));
  EXPECT_FALSE(same("https://x.example", "https://y.x.example"));
}

}  // namespace
}  // namespace ringway::config
