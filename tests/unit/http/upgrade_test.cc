// SPDX-License-Identifier: Apache-2.0
//
// The opening handshake, rule by rule (RFC 6455 4.2.1), and the choice of a subprotocol.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/http/refusals.h"
#include "gateway/http/request_head.h"
#include "tests/unit/http/head_text.h"

namespace ringway::http {
namespace {

constexpr const char* kGet = "GET / HTTP/1.1";
constexpr const char* kUpgrade = "Upgrade: websocket";
constexpr const char* kConnection = "Connection: Upgrade";
constexpr const char* kVersion = "Sec-WebSocket-Version: 13";
constexpr const char* kKey = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

/// A handshake of these lines and a Host.
std::string Handshake(std::initializer_list<std::string_view> lines) {
  std::string text;
  for (const std::string_view line : lines) text.append(line).append("\r\n");
  return text + "Host: h\r\n\r\n";
}

UpgradeResult Check(const std::string& text, Refusal* refusal) {
  return CheckUpgrade(ParseGood(text), refusal);
}

void ExpectUpgrade(const std::string& text) {
  Refusal refusal;
  EXPECT_EQ(Check(text, &refusal), UpgradeResult::kUpgrade) << refusal.reason << "\n" << text;
}

void ExpectRefused(const std::string& text, const Refusal& expected) {
  Refusal refusal;
  EXPECT_EQ(Check(text, &refusal), UpgradeResult::kRefused) << text;
  EXPECT_EQ(refusal.reason, expected.reason) << text;
  EXPECT_EQ(refusal.status, expected.status) << text;
}

TEST(Upgrade, AcceptsTheExampleOfTheStandard) { ExpectUpgrade(UpgradeHead()); }

TEST(Upgrade, ReadsConnectionAndUpgradeAsListsInAnyCase) {
  ExpectUpgrade(Handshake({kGet, "Upgrade: WebSocket", "Connection: UPGRADE", kVersion, kKey}));
  ExpectUpgrade(Handshake({kGet, kUpgrade, "Connection: keep-alive, Upgrade", kVersion, kKey}));
  ExpectUpgrade(Handshake({kGet, kUpgrade, "Connection: ,upgrade ,", kVersion, kKey}));
  ExpectUpgrade(
      Handshake({kGet, kUpgrade, "Connection: keep-alive", "Connection: upgrade", kVersion, kKey}));
  ExpectUpgrade(Handshake({kGet, "Upgrade: h2c, websocket", kConnection, kVersion, kKey}));
  ExpectUpgrade(Handshake({kGet, "Upgrade: h2c", kUpgrade, kConnection, kVersion, kKey}));
}

TEST(Upgrade, IsNotAskedForByAnOrdinaryRequest) {
  for (const std::string& text : {
           Handshake({kGet}),
           Handshake({kGet, kConnection}),
           Handshake({kGet, kConnection, kVersion, kKey}),
           Handshake({kGet, kConnection, "Upgrade: h2c"}),
           Handshake({kGet, kConnection, "Upgrade: websockets"}),
           Handshake({"POST / HTTP/1.1", "Content-Length: 5"}),
       }) {
    Refusal refusal;
    EXPECT_EQ(Check(text, &refusal), UpgradeResult::kNotUpgrade) << text;
  }
}

TEST(Upgrade, NeedsGet) {
  ExpectRefused(Handshake({"POST / HTTP/1.1", kUpgrade, kConnection, kVersion, kKey}),
                kUpgradeMethod);
  ExpectRefused(Handshake({"HEAD / HTTP/1.1", kUpgrade, kConnection, kVersion, kKey}),
                kUpgradeMethod);
}

TEST(Upgrade, NeedsTheConnectionField) {
  ExpectRefused(Handshake({kGet, kUpgrade, kVersion, kKey}), kUpgradeNotInConnection);
  ExpectRefused(Handshake({kGet, kUpgrade, "Connection: upgrades", kVersion, kKey}),
                kUpgradeNotInConnection);
}

TEST(Upgrade, NeedsVersionThirteenOnce) {
  for (const char* version : {"X: y", "Sec-WebSocket-Version: 8", "Sec-WebSocket-Version: 013",
                              "Sec-WebSocket-Version: 13, 8", "Sec-WebSocket-Version:"}) {
    ExpectRefused(Handshake({kGet, kUpgrade, kConnection, version, kKey}), kWebSocketVersion);
  }
  ExpectRefused(Handshake({kGet, kUpgrade, kConnection, kVersion, kVersion, kKey}),
                kWebSocketVersionRepeated);
  // A draft of 2010 has Sec-WebSocket-Key1 and -Key2 and no version at all.
  ExpectRefused(Handshake({kGet, kUpgrade, kConnection, "Sec-WebSocket-Key1: 4 @1"}),
                kWebSocketVersion);
}

TEST(Upgrade, NeedsOneKeyOfSixteenBytes) {
  ExpectRefused(Handshake({kGet, kUpgrade, kConnection, kVersion}), kWebSocketKeyMissing);
  ExpectRefused(Handshake({kGet, kUpgrade, kConnection, kVersion, kKey, kKey}),
                kWebSocketKeyRepeated);
  for (const char* key :
       {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25jZQA=", "dGhlIHNhbXBsZSBub25jZQAA",
        "dGhlIHNhbXBsZSBub25j-Q==", "dGhlIHNhbXBs SBub25jZQ==",
        "dGhlIHNhbXBsZSBub25jZSBhbmQgbW9yZQ=="})
    ExpectRefused(Handshake({kGet, kUpgrade, kConnection, kVersion,
                             std::string("Sec-WebSocket-Key: ") + key}),
                  kWebSocketKeyMalformed);
}

TEST(Upgrade, AcceptsAKeyWhoseSpareBitsAreSet) {
  ExpectUpgrade(Handshake(
      {kGet, kUpgrade, kConnection, kVersion, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR=="}));
}

TEST(Upgrade, RefusesMalformedOrRepeatedSubprotocols) {
  for (const char* list : {"a b", "a;q=1", "\"a\"", "a, b c", "a/b", "\xc3\xa4"}) {
    ExpectRefused(UpgradeHead({std::string("Sec-WebSocket-Protocol: ") + list}),
                  kSubprotocolMalformed);
  }
  ExpectRefused(UpgradeHead({"Sec-WebSocket-Protocol: a, b, a"}), kSubprotocolRepeated);
  ExpectRefused(UpgradeHead({"Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: a"}),
                kSubprotocolRepeated);
  ExpectUpgrade(UpgradeHead({"Sec-WebSocket-Protocol: a, A"}));
}

TEST(Upgrade, RefusesASubprotocolListThatNamesNone) {
  ExpectRefused(UpgradeHead({"Sec-WebSocket-Protocol:"}), kSubprotocolMissing);
  ExpectRefused(UpgradeHead({"Sec-WebSocket-Protocol: , ,"}), kSubprotocolMissing);
  ExpectRefused(UpgradeHead({"Sec-WebSocket-Protocol:", "Sec-WebSocket-Protocol:"}),
                kSubprotocolMissing);
  ExpectUpgrade(UpgradeHead({"Sec-WebSocket-Protocol: ,a,"}));
  // Two fields of one name are one list.
  ExpectUpgrade(UpgradeHead({"Sec-WebSocket-Protocol:", "Sec-WebSocket-Protocol: a"}));
}

TEST(Upgrade, AcceptsExtensionsInEveryFormOfTheStandard) {
  for (const char* list :
       {"permessage-deflate", "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=10;server_no_context_takeover, x-other",
        "a;b=\"c\"", "a;b=\"\\c\\d\"", "a ; b = c ,\td", "a, , b,", "a;b;b;b", "a,a"}) {
    ExpectUpgrade(UpgradeHead({std::string("Sec-WebSocket-Extensions: ") + list}));
  }
  ExpectUpgrade(UpgradeHead({"Sec-WebSocket-Extensions:", "Sec-WebSocket-Extensions: a"}));
}

TEST(Upgrade, RefusesMalformedExtensions) {
  for (const char* list : {"",          " , ,",        ";",          "a;",           "a;,b",
                           "a;;b",      "a;=b",        "a;b=",       "a;b=,c",       "a b",
                           "a=b",       "a;b c",       "a;b=c d",    "\"a\"",        "a;\"b\"",
                           "a;b=\"",    "a;b=\"c",     "a;b=\"\"",   "a;b=\"c d\"",  "a;b=\"c,d\"",
                           "a;b=\"c\\", "a;b=\"c\\\"", "a;b=\"c\"d", "a;b=\xc3\xa4", "a/b",
                           "a;b=c=d",   "a, b;"}) {
    ExpectRefused(UpgradeHead({std::string("Sec-WebSocket-Extensions: ") + list}),
                  kExtensionsMalformed);
  }
  ExpectRefused(UpgradeHead({"Sec-WebSocket-Extensions: a", "Sec-WebSocket-Extensions: a;"}),
                kExtensionsMalformed);
}

TEST(Upgrade, IsRefusedOverHttp10AndAcceptedOverHttp12) {
  const char* old = "GET / HTTP/1.0";
  ExpectRefused(Handshake({old, kUpgrade, kConnection, kVersion, kKey}), kUpgradeVersion);
  // As nginx passes it on that was told neither the version nor the fields.
  ExpectRefused(Handshake({old, "Connection: close", kVersion, kKey}), kUpgradeVersion);
  // RFC 9110 7.8: Upgrade counts for nothing there.
  Refusal refusal;
  EXPECT_EQ(Check(Handshake({old, kUpgrade, kConnection}), &refusal), UpgradeResult::kNotUpgrade);
  ExpectUpgrade(Handshake({"GET / HTTP/1.2", kUpgrade, kConnection, kVersion, kKey}));
}

TEST(Upgrade, BoundsHowManySubprotocolsAreOffered) {
  std::string list = "Sec-WebSocket-Protocol: p0";
  for (size_t name = 1; name < kSubprotocolsOfferedMax; ++name) {
    list += ",p" + std::to_string(name);
  }
  ExpectUpgrade(UpgradeHead({list}));
  ExpectRefused(UpgradeHead({list + ",one-more"}), kSubprotocolsTooMany);
}

TEST(Upgrade, BoundsHowManyListFieldsAreRead) {
  for (const std::string name : {"Sec-WebSocket-Protocol: p", "Sec-WebSocket-Extensions: e"}) {
    std::string text = UpgradeHead();
    text.resize(text.size() - 2);
    for (size_t field = 0; field < kListFieldsMax; ++field) {
      text += name + std::to_string(field) + "\r\n";
    }
    ExpectUpgrade(text + "\r\n");
    ExpectRefused(text + name + "x\r\n\r\n", kListFieldsTooMany);
  }
}

std::string Selected(std::initializer_list<std::string_view> fields,
                     const std::vector<std::string>& offered) {
  const std::string text = UpgradeHead(fields);
  return std::string(SelectSubprotocol(ParseGood(text), offered));
}

TEST(Subprotocol, IsTheFirstOfTheClientThatTheRouteOffers) {
  EXPECT_EQ(Selected({"Sec-WebSocket-Protocol: a, b ,c"}, {"c", "b"}), "b");
  EXPECT_EQ(Selected({"Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b,c"}, {"c"}), "c");
}

TEST(Subprotocol, IsNoneWithoutACommonOne) {
  EXPECT_EQ(Selected({}, {"a"}), "");
  EXPECT_EQ(Selected({"Sec-WebSocket-Protocol: a"}, {}), "");
  EXPECT_EQ(Selected({"Sec-WebSocket-Protocol: a"}, {"A", "ab", ""}), "");
  EXPECT_EQ(Selected({"Sec-WebSocket-Protocol:"}, {""}), "");
}

}  // namespace
}  // namespace ringway::http
