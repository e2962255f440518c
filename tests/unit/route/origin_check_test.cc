// SPDX-License-Identifier: Apache-2.0
//
// Which web pages may come.
#include "gateway/route/origin_check.h"

#include <gtest/gtest.h>

namespace ringway::route {
namespace {

TEST(CheckOrigin, AllowsAllWithoutAList) {
  const config::Route route;
  EXPECT_EQ(CheckOrigin(route, std::nullopt), OriginResult::kAllowed);
  EXPECT_EQ(CheckOrigin(route, "https://x.example"), OriginResult::kAllowed);
  EXPECT_EQ(CheckOrigin(route, "null"), OriginResult::kAllowed);
}

TEST(CheckOrigin, AllowsAllWithAStar) {
  const config::Route route{.origins = {"*"}};
  EXPECT_EQ(CheckOrigin(route, std::nullopt), OriginResult::kAllowed);
  EXPECT_EQ(CheckOrigin(route, "https://x.example"), OriginResult::kAllowed);
  EXPECT_EQ(CheckOrigin(route, "null"), OriginResult::kAllowed);
  EXPECT_EQ(CheckOrigin(route, ""), OriginResult::kAllowed);
}

TEST(CheckOrigin, AllowsWhatIsListed) {
  const config::Route route{.origins = {"https://x.example", "http://y.example:8080"}};
  for (const std::string_view origin : {"https://x.example", "https://x.example:443",
                                        "HTTPS://X.EXAMPLE", "http://y.example:8080"}) {
    EXPECT_EQ(CheckOrigin(route, origin), OriginResult::kAllowed) << origin;
  }
}

TEST(CheckOrigin, RefusesWhatIsNotListed) {
  const config::Route route{.origins = {"https://x.example", "http://y.example:8080"}};
  for (const std::string_view origin :
       {"http://x.example", "https://x.example:444", "https://x.example.evil.test",
        "https://evil.test/https://x.example", "https://x.example/", "http://y.example", "null", "",
        "x.example", "*", "https://x.example https://evil.test"}) {
    EXPECT_EQ(CheckOrigin(route, origin), OriginResult::kRefused) << origin;
  }
}

TEST(CheckOrigin, AllowsProgramsThatSendNoOrigin) {
  const config::Route route{.origins = {"https://x.example"}};
  EXPECT_EQ(CheckOrigin(route, std::nullopt), OriginResult::kAllowed);
}

}  // namespace
}  // namespace ringway::route
