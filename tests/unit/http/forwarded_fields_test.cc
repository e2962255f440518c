// SPDX-License-Identifier: Apache-2.0
//
// Who the client is, for whom one asks: of ordinary clients, and of proxies that are trusted.
#include "gateway/http/forwarded_fields.h"

#include <gtest/gtest.h>

#include "tests/unit/http/forwarding_text.h"

namespace ringway::http {
namespace {

/// The lines of the four, as they come at the end of the head.
LineList FourOf(std::initializer_list<std::string_view> more, const Forwarding& forwarding) {
  const LineList lines = Lines(Forward(UpgradeHead(more), forwarding));
  EXPECT_GE(lines.size(), kForwardedFieldCount);
  for (size_t at = 0; at + kForwardedFieldCount < lines.size(); ++at) {
    EXPECT_EQ(lines[at].find("orwarded"), std::string::npos) << lines[at];
  }
  return {lines.end() - kForwardedFieldCount, lines.end()};
}

std::string ForwardedOf(std::initializer_list<std::string_view> more,
                        const Forwarding& forwarding) {
  return FourOf(more, forwarding).back();
}

constexpr std::string_view kOwnOfProxy = "for=10.0.0.7;host=server.example.com;proto=http";

TEST(ForwardedFields, NameIpv4AsItIsAndIpv6InBracketsAndQuotes) {
  Forwarding forwarding = FromClient();
  forwarding.sender = Ipv6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x17});
  EXPECT_EQ(FourOf({}, forwarding),
            (LineList{"X-Forwarded-For: 2001:db8::17", "X-Forwarded-Proto: http",
                      "X-Forwarded-Host: server.example.com",
                      "Forwarded: for=\"[2001:db8::17]\";host=server.example.com;proto=http"}));
}

TEST(ForwardedFields, NameAMappedAddressAsTheIpv4AddressThatItIs) {
  Forwarding forwarding = FromClient();
  forwarding.sender = Ipv6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 9});
  EXPECT_EQ(FourOf({}, forwarding)[0], "X-Forwarded-For: 192.0.2.9");
  EXPECT_EQ(ForwardedOf({}, forwarding),
            "Forwarded: for=192.0.2.9;host=server.example.com;proto=http");
}

TEST(ForwardedFields, NameASenderWithoutAddressUnknown) {
  Forwarding forwarding = FromClient();
  forwarding.sender = {};
  forwarding.scheme = Scheme::kHttps;
  EXPECT_EQ(FourOf({}, forwarding),
            (LineList{"X-Forwarded-For: unknown", "X-Forwarded-Proto: https",
                      "X-Forwarded-Host: server.example.com",
                      "Forwarded: for=unknown;host=server.example.com;proto=https"}));
}

TEST(ForwardedFields, QuoteAHostThatIsNoToken) {
  const auto of_host = [](const std::string& host) {
    const std::string text =
        Head({"GET / HTTP/1.1", "Host: " + host, "Upgrade: websocket", "Connection: upgrade",
              "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="});
    return LinesOf(Forward(text, FromClient()), "Forwarded")[0];
  };
  EXPECT_EQ(of_host("h"), "Forwarded: for=192.0.2.1;host=h;proto=http");
  EXPECT_EQ(of_host("h:80"), "Forwarded: for=192.0.2.1;host=\"h:80\";proto=http");
  EXPECT_EQ(of_host("[::1]:80"), "Forwarded: for=192.0.2.1;host=\"[::1]:80\";proto=http");
  EXPECT_EQ(of_host("a;for=b,c"), "Forwarded: for=192.0.2.1;host=\"a;for=b,c\";proto=http");
}

TEST(ForwardedFields, OfAnOrdinaryClientHaveNothingOfWhatItSaid) {
  const std::string said = Forward(
      UpgradeHead({"X-Forwarded-For: 10.1.1.1", "x-forwarded-for: 10.1.1.2",
                   "X-FORWARDED-PROTO: https", "X-Forwarded-Host: evil", "Forwarded: for=10.1.1.1",
                   "Forwarded: for=\"open", "X-Forwarded-Port: 1", "X-Forwarded-Prefix: /x",
                   "X-Forwarded-Anything: y", "X-Real-IP: 10.1.1.1", "X-Client-IP: 10.1.1.1",
                   "True-Client-IP: 10.1.1.1", "X-Original-URL: /admin", "x-rewrite-url: /admin",
                   "X_Rewrite_URL: /admin"}),
      FromClient());
  EXPECT_EQ(said, Forward(UpgradeHead(), FromClient()));
}

TEST(ForwardedFields, OfATrustedProxyAreKeptAndExtended) {
  EXPECT_EQ(FourOf({"X-Forwarded-For: 203.0.113.5", "Forwarded: for=203.0.113.5;proto=https",
                    "X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example"},
                   FromProxy()),
            (LineList{"X-Forwarded-For: 203.0.113.5, 10.0.0.7", "X-Forwarded-Proto: https",
                      "X-Forwarded-Host: shop.example",
                      "Forwarded: for=203.0.113.5;proto=https, " + std::string(kOwnOfProxy)}));
}

TEST(ForwardedFields, OfATrustedProxyAreJoinedInTheirOrder) {
  EXPECT_EQ(FourOf({"X-Forwarded-For: 203.0.113.5, 203.0.113.6", "forwarded: for=a",
                    "x-forwarded-for: 203.0.113.7", "X-Forwarded-For:", "X-Forwarded-Proto: https",
                    "X-Forwarded-Proto: http", "Forwarded: for=\"_b,\\\"c\"", "Forwarded: "},
                   FromProxy()),
            (LineList{"X-Forwarded-For: 203.0.113.5, 203.0.113.6, 203.0.113.7, 10.0.0.7",
                      "X-Forwarded-Proto: https, http", "X-Forwarded-Host: server.example.com",
                      "Forwarded: for=a, for=\"_b,\\\"c\", " + std::string(kOwnOfProxy)}));
}

TEST(ForwardedFields, OfATrustedProxyThatSaysNothingBeginWithIt) {
  EXPECT_EQ(
      FourOf({}, FromProxy()),
      (LineList{"X-Forwarded-For: 10.0.0.7", "X-Forwarded-Proto: http",
                "X-Forwarded-Host: server.example.com", "Forwarded: " + std::string(kOwnOfProxy)}));
}

TEST(ForwardedFields, DropAForwardedWhoseOpenQuoteWouldSwallowOurs) {
  for (const std::string_view open : {"Forwarded: for=\"_x", "Forwarded: for=\"_x\\\"",
                                      "Forwarded: for=\"_x\\", "Forwarded: for=\"a\";by=\""}) {
    EXPECT_EQ(ForwardedOf({open}, FromProxy()), "Forwarded: " + std::string(kOwnOfProxy)) << open;
    // A good one beside it does not close it.
    EXPECT_EQ(ForwardedOf({open, "Forwarded: for=\"b"}, FromProxy()),
              "Forwarded: " + std::string(kOwnOfProxy))
        << open;
  }
  EXPECT_EQ(ForwardedOf({"Forwarded: for=\"_x\\\\\""}, FromProxy()),
            "Forwarded: for=\"_x\\\\\", " + std::string(kOwnOfProxy));
}

TEST(ForwardedFields, TurnXForwardedIntoForwardedWhereTheProxyHasNone) {
  const auto transition = [](std::initializer_list<std::string_view> more) {
    const std::string line = ForwardedOf(more, FromProxy());
    const std::string end = ", " + std::string(kOwnOfProxy);
    EXPECT_TRUE(line.ends_with(end)) << line;
    return line.substr(0, line.size() - end.size());
  };
  EXPECT_EQ(transition({"X-Forwarded-For: 203.0.113.5, 2001:db8::1", "X-Forwarded-Proto: https",
                        "X-Forwarded-Host: shop.example:8443"}),
            "Forwarded: for=203.0.113.5;host=\"shop.example:8443\";proto=https, "
            "for=\"[2001:db8::1]\"");
  EXPECT_EQ(transition({"X-Forwarded-For: 203.0.113.5:4711", "X-Forwarded-Proto: https, http"}),
            "Forwarded: for=\"203.0.113.5:4711\";proto=https");
  EXPECT_EQ(transition({"X-Forwarded-For: [2001:db8::1]:4711, [::1], ::"}),
            "Forwarded: for=\"[2001:db8::1]:4711\", for=\"[::1]\", for=\"[::]\"");
  EXPECT_EQ(transition({"X-Forwarded-For: a\";proto=x, evil, unknown, :, [x]",
                        "X-Forwarded-Proto: \"a", "X-Forwarded-Host: a\"b"}),
            "Forwarded: for=unknown, for=unknown, for=unknown, for=unknown, for=unknown");
}

TEST(ForwardedFields, KeepTheOtherXForwardedFieldsOfATrustedProxy) {
  const std::string sent = Forward(
      UpgradeHead({"X-Forwarded-Port: 443", "X-Forwarded-Prefix: /app", "X-Real-IP: 203.0.113.5",
                   "X-Client-IP: 203.0.113.5", "True-Client-IP: 203.0.113.5", "X-Original-URL: /a",
                   "X-Rewrite-URL: /b"}),
      FromProxy());
  EXPECT_EQ(LinesOf(sent, "X-Forwarded-Port"), LineList{"X-Forwarded-Port: 443"});
  EXPECT_EQ(LinesOf(sent, "X-Forwarded-Prefix"), LineList{"X-Forwarded-Prefix: /app"});
  EXPECT_EQ(LinesOf(sent, "X-Real-IP"), LineList{"X-Real-IP: 203.0.113.5"});
  EXPECT_EQ(LinesOf(sent, "X-Client-IP"), LineList{"X-Client-IP: 203.0.113.5"});
  EXPECT_EQ(LinesOf(sent, "True-Client-IP"), LineList{"True-Client-IP: 203.0.113.5"});
  EXPECT_EQ(LinesOf(sent, "X-Original-URL"), LineList{"X-Original-URL: /a"});
  EXPECT_EQ(LinesOf(sent, "X-Rewrite-URL"), LineList{"X-Rewrite-URL: /b"});
}

}  // namespace
}  // namespace ringway::http
