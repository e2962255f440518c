// SPDX-License-Identifier: Apache-2.0
//
// Which coding an Accept-Encoding prefers (RFC 9110 12.5.3).
#include "gateway/http/content_coding.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringway::http {
namespace {

/// The order, one letter a coding: b, g, i.
std::string Order(const std::vector<std::string_view>& values) {
  const CodingOrder order = OrderCodings(values);
  std::string letters;
  for (const ContentCoding coding : order.Kept()) {
    letters += "igb"[static_cast<size_t>(coding)];
  }
  return letters;
}

struct OrderCase {
  const char* value;
  const char* order;
};

void ExpectOrders(const std::vector<OrderCase>& cases) {
  for (const OrderCase& one : cases) EXPECT_EQ(Order({one.value}), one.order) << one.value;
}

TEST(CodingOrder, IsIdentityWithoutAField) {
  EXPECT_EQ(Order({}), "i");
  EXPECT_EQ(Order({""}), "i");
}

TEST(CodingOrder, PutsBrotliBeforeGzipAtTheSameWeight) {
  ExpectOrders({{"gzip", "gi"},
                {"br", "bi"},
                {"gzip, deflate, br, zstd", "bgi"},
                {"br, gzip", "bgi"},
                {"gzip;q=0.5, br;q=0.5", "bgi"},
                {"GZIP, BR", "bgi"},
                {"x-gzip", "gi"},
                {"deflate, zstd", "i"}});
}

TEST(CodingOrder, FollowsTheWeights) {
  ExpectOrders({{"gzip;q=1.0, br;q=0.9", "gbi"},
                {"gzip;q=0.001, br;q=0.002", "bgi"},
                {"br;q=0.1, identity;q=0.5, gzip", "gib"},
                {"identity, gzip;q=0.5, br;q=0.6", "ibg"},
                {"gzip;q=0.5, identity;q=0.5", "gi"},
                {"gzip;q=0", "i"},
                {"gzip;q=0.000, br", "bi"},
                {"br;q=1.000", "bi"},
                {"br;Q=0.5, gzip", "gbi"},
                {"br \t;\t q=0.5, gzip", "gbi"},
                {"br;q=0., gzip;q=1.", "gi"}});
}

TEST(CodingOrder, GivesTheStarToWhatIsNotNamed) {
  ExpectOrders({{"*", "bgi"},
                {"*;q=0.5, gzip", "gbi"},
                {"br;q=0, *", "gi"},
                {"gzip;q=0.5, *;q=0.8", "big"},
                {"*;q=0, gzip", "gi"},
                {"*;q=0", "i"}});
}

TEST(CodingOrder, EndsWithIdentityEvenWhereThatIsExcluded) {
  ExpectOrders({{"identity;q=0", "i"},
                {"identity;q=0, gzip", "gi"},
                {"*;q=0", "i"},
                {"identity;q=0, *;q=0", "i"},
                {"identity;q=0.1, *;q=0", "i"},
                {"identity;q=0, gzip;q=0, br;q=0", "i"}});
}

TEST(CodingOrder, ReadsAllFieldsAsOneList) {
  EXPECT_EQ(Order({"gzip", "br;q=0.5"}), "gbi");
  EXPECT_EQ(Order({"gzip;q=0.1", "", ", br"}), "bgi");
}

TEST(CodingOrder, TakesTheLastWeightOfWhatIsNamedTwice) {
  ExpectOrders({{"gzip, gzip;q=0", "i"}, {"gzip;q=0, x-gzip", "gi"}, {"*;q=0, *", "bgi"}});
}

TEST(CodingOrder, PassesOverWhatIsNotWellFormed) {
  ExpectOrders({{"br;q=2, gzip", "gi"},
                {"br;q=1.001, gzip", "gi"},
                {"br;q=0.1234, gzip", "gi"},
                {"br;q=-1, gzip", "gi"},
                {"br;q=, gzip", "gi"},
                {"br;q, gzip", "gi"},
                {"br;, gzip", "gi"},
                {"br;x=1, gzip", "gi"},
                {"br;q=0.5;x=1, gzip", "gi"},
                {"br;q=.5, gzip", "gi"},
                {"br;q =0.5, gzip", "gi"},
                {"br;q=0,5, gzip", "gi"},
                {"br;q=\"1\", gzip", "gi"},
                {"br gzip", "i"},
                {";q=1", "i"},
                {"brotli, gzi p", "i"},
                {"br;q=1x, gzip;q=0.5", "gi"}});
}

TEST(CodingOrder, AnswersTheFirstThatExists) {
  const std::vector<std::string_view> values = {"br, gzip;q=0.5"};
  const CodingOrder order = OrderCodings(values);
  EXPECT_EQ(order.FirstOf({}), ContentCoding::kIdentity);
  EXPECT_EQ(order.FirstOf({.gzip = true}), ContentCoding::kGzip);
  EXPECT_EQ(order.FirstOf({.brotli = true}), ContentCoding::kBrotli);
  EXPECT_EQ(order.FirstOf({.gzip = true, .brotli = true}), ContentCoding::kBrotli);
}

TEST(CodingOrder, AnswersIdentityWhereThatIsPreferredOrNothingElseIsAccepted) {
  const CodedSiblings both{.gzip = true, .brotli = true};
  for (const std::string_view value : {"", "identity, gzip;q=0.9", "deflate", "identity;q=0"}) {
    EXPECT_EQ(OrderCodings({&value, 1}).FirstOf(both), ContentCoding::kIdentity) << value;
  }
}

}  // namespace
}  // namespace ringway::http
