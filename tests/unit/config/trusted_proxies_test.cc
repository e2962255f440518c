// SPDX-License-Identifier: Apache-2.0
//
// Whose word on the client a listener takes: ranges of addresses, and the PROXY header.
#include <gtest/gtest.h>

#include "gateway/config/address.h"
#include "gateway/config/text.h"
#include "tests/unit/config/parse_text.h"

namespace ringway::config {
namespace {

using Lines = std::vector<std::string>;

/// `more` begins in line 18.
std::string ListenerAnd(std::string_view more) {
  return ValidAnd(Cat("[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:1\"\n", more));
}

TEST(TrustedProxies, AreRangesAndSingleAddresses) {
  const auto config = ParseOrNull(
      ListenerAnd("trusted_proxies = [\"10.0.0.0/8\", \"192.0.2.7\", \"0::1\", \"2001:DB8::/33\", "
                  "\"0.0.0.0/0\", \"::/0\"]\nproxy_protocol = \"required\""));
  ASSERT_TRUE(config);
  const Listener& listener = config->listeners[1];
  EXPECT_TRUE(listener.proxy_protocol);
  Lines texts;
  for (const base::AddressRange& each : listener.trusted_proxies) {
    texts.push_back(AddressRangeText(each));
  }
  EXPECT_EQ(texts, (Lines{"10.0.0.0/8", "192.0.2.7", "::1", "2001:db8::/33", "0.0.0.0/0", "::/0"}));
  EXPECT_EQ(listener.trusted_proxies[1].prefix_bits, 32);
  EXPECT_EQ(listener.trusted_proxies[2].prefix_bits, 128);
  EXPECT_EQ(listener.trusted_proxies[0].first.family, base::AddressFamily::kIpv4);
  EXPECT_EQ(listener.trusted_proxies[3].first.family, base::AddressFamily::kIpv6);
}

TEST(TrustedProxies, MayBeSetWithoutAProxyHeader) {
  const auto config =
      ParseOrNull(ListenerAnd("trusted_proxies = [\"::1\"]\nproxy_protocol = \"off\""));
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->listeners[1].proxy_protocol);
  EXPECT_EQ(config->listeners[1].trusted_proxies.size(), 1u);
}

TEST(TrustedProxies, AreNeededForAProxyHeader) {
  EXPECT_EQ(Complain(ListenerAnd("proxy_protocol = \"required\"")),
            Lines{R"(t:18:18: proxy_protocol is "required" and nobody is trusted to send it; )"
                  R"(expected trusted_proxies beside it, a list such as ["10.0.0.0/8", "::1"])"});
  EXPECT_EQ(Complain(ListenerAnd("proxy_protocol = \"required\"\ntrusted_proxies = []")),
            Lines{R"(t:19:19: "trusted_proxies" has 0 entries; expected 1 to 64)"});
  EXPECT_EQ(Complain(ListenerAnd("proxy_protocol = \"requird\"")),
            Lines{R"(t:18:18: unknown proxy_protocol "requird"; expected one of "off", )"
                  R"("required"; did you mean "required"?)"});
  EXPECT_EQ(Complain(ListenerAnd("proxy_protocol = true")),
            Lines{R"(t:18:18: wrong type for "proxy_protocol": a boolean; expected one of "off", )"
                  R"("required")"});
}

TEST(TrustedProxies, AreAtMostSixtyFour) {
  std::string text = ListenerAnd("trusted_proxies = [");
  for (int i = 0; i < 64; ++i) text += Cat("\"10.0.0.", i, "\",");
  EXPECT_EQ(Complain(Cat(text, "]")), Lines{});
  EXPECT_EQ(Complain(Cat(text, "\"10.0.0.64\"]")),
            Lines{R"(t:18:19: "trusted_proxies" has 65 entries; expected 1 to 64)"});
  EXPECT_EQ(Complain(ListenerAnd("trusted_proxies = \"::1\"")),
            Lines{R"(t:18:19: wrong type for "trusted_proxies": a string; expected a list such as )"
                  R"(["10.0.0.0/8", "::1"])"});
}

TEST(TrustedProxies, TellHowARangeIsWritten) {
  const std::string expected =
      R"(expected an address or a range of them, such as "127.0.0.1", "10.0.0.0/8" or )"
      R"("2001:db8::/32")";
  const std::string bits = "; behind \"/\" stands how many bits of the address count, 0 to ";
  const std::pair<std::string, std::string> ranges[] = {
      {"10.1.2.3/8", R"(; no bit is set behind the prefix, did you mean "10.0.0.0/8"?)"},
      {"172.31.0.0/12", R"(; no bit is set behind the prefix, did you mean "172.16.0.0/12"?)"},
      {"127.0.0.1/0", R"(; no bit is set behind the prefix, did you mean "0.0.0.0/0"?)"},
      {"10.0.0.1/31", R"(; no bit is set behind the prefix, did you mean "10.0.0.0/31"?)"},
      {"2001:db8::1/32", R"(; no bit is set behind the prefix, did you mean "2001:db8::/32"?)"},
      {"2001:db8::1/127", R"(; no bit is set behind the prefix, did you mean "2001:db8::/127"?)"},
      {"::ffff:10.0.0.1", R"(; IPv4 is written as IPv4, did you mean "10.0.0.1"?)"},
      {"::ffff:10.1.2.3/104", R"(; IPv4 is written as IPv4, did you mean "10.0.0.0/8"?)"},
      {"::ffff:0:0/96", R"(; IPv4 is written as IPv4, did you mean "0.0.0.0/0"?)"},
      {"::ffff:0:0/95", R"(; no bit is set behind the prefix, did you mean "::fffe:0:0/95"?)"},
      {"10.0.0.0/33", bits + "32"},
      {"10.0.0.0/", bits + "32"},
      {"10.0.0.0/08", bits + "32"},
      {"10.0.0.0/-1", bits + "32"},
      {"10.0.0.0/+8", bits + "32"},
      {"10.0.0.0/8/8", bits + "32"},
      {"10.0.0.0/255.0.0.0", bits + "32"},
      {"::/129", bits + "128"},
      {"::/256", bits + "128"},
      {"127.0.0.1:80", "; ports do not count, leave it out"},
      {"[::1]:80", "; ports do not count, leave it out"},
      {"proxy.internal", "; names are not looked up here"},
      {"10.0.0", ""},
      {"[::1]", ""},
      {"fe80::1%eth0", ""},
      {"/8", ""},
      {"*", ""},
      {"", ""},
  };
  for (const auto& [range, hint] : ranges) {
    EXPECT_EQ(Complain(ListenerAnd(Cat("trusted_proxies = [\"", range, "\"]"))),
              Lines{Cat("t:18:20: trusted proxy is \"", range, "\"; ", expected, hint)});
  }
  EXPECT_EQ(Complain(ListenerAnd("trusted_proxies = [\"10.0.0.1\\u0000\"]")),
            Lines{Cat("t:18:20: trusted proxy is \"10.0.0.1\\x00\"; ", expected)});
}

TEST(TrustedProxies, TakeEveryLengthOfAPrefix) {
  for (int bits = 0; bits <= 128; ++bits) {
    const std::string text = Cat("::/", bits);
    const auto range = ParseAddressRange(text);
    ASSERT_TRUE(range.ok()) << text;
    EXPECT_EQ(range->prefix_bits, bits);
    EXPECT_EQ(ParseAddressRange(Cat("0.0.0.0/", bits)).ok(), bits <= 32) << bits;
  }
}

}  // namespace
}  // namespace ringway::config
