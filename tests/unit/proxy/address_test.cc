// SPDX-License-Identifier: Apache-2.0
#include "gateway/proxy/address.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace ringway::proxy {
namespace {

TEST(ProxyAddress, IsReadFromItsText) {
  for (const std::string text : {"192.0.2.1", "0.0.0.0", "2001:db8::1", "::"}) {
    const auto address = AddressOf(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->HostText(), text);
    EXPECT_EQ(address->port, 0);
  }
}

TEST(ProxyAddress, IsNothingElse) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv, "h"sv, "192.0.2"sv, "192.0.2.1:80"sv, "192.0.2.1\0"sv, "[::1]"sv,
        "1:2:3:4:5:6:7:8:9"sv, "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"sv}) {
    EXPECT_FALSE(AddressOf(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace ringway::proxy
