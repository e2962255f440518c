// SPDX-License-Identifier: Apache-2.0
//
// The backend's 101, rule by rule (RFC 6455 4.1).
#include "gateway/http/switching_check.h"

#include <gtest/gtest.h>

#include "gateway/http/backend_refusals.h"
#include "tests/unit/http/response_text.h"

namespace ringway::http {
namespace {

using Fields = std::initializer_list<std::string_view>;

/// Of reason "": it is good.
Refusal Check(const std::string& answer, Fields request = {}) {
  Refusal refusal;
  const SwitchingResult result =
      CheckSwitching(ParseGoodAnswer(answer), ParseGood(UpgradeHead(request)), &refusal);
  EXPECT_EQ(result == SwitchingResult::kGood, refusal.reason.empty());
  return refusal;
}

constexpr std::string_view kUpgrade = "Upgrade: websocket";
constexpr std::string_view kConnection = "Connection: Upgrade";
constexpr std::string_view kAccept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

TEST(SwitchingCheck, TakesTheExampleOfTheStandard) {
  EXPECT_EQ(Check(SwitchingAnswer()).reason, "");
  EXPECT_EQ(Check(SwitchingAnswer({"Sec-WebSocket-Protocol: chat"}),
                  {"Sec-WebSocket-Protocol: superchat, chat"})
                .reason,
            "");
  // Fields of any case and order, and an option beside upgrade.
  EXPECT_EQ(Check(Answer("101 ok", {kAccept, "connection: keep-alive, UPGRADE",
                                    "upgrade: WebSocket", "Content-Length: 0"}))
                .reason,
            "");
}

TEST(SwitchingCheck, WantsHttp11AndBothFieldsOfTheUpgrade) {
  EXPECT_EQ(Check("HTTP/1.0" + SwitchingAnswer().substr(8)), kBackendSwitchingVersion);
  EXPECT_EQ(Check(Answer("101 x", {kConnection, kAccept})), kBackendSwitchingUpgrade);
  EXPECT_EQ(Check(Answer("101 x", {kConnection, kAccept, "Upgrade: websocket, h2c"})),
            kBackendSwitchingUpgrade);
  EXPECT_EQ(Check(Answer("101 x", {kUpgrade, kAccept})), kBackendSwitchingConnection);
  EXPECT_EQ(Check(Answer("101 x", {kUpgrade, "Connection: close", kAccept})),
            kBackendSwitchingConnection);
}

TEST(SwitchingCheck, WantsTheAcceptOfThisKeyOnce) {
  const auto with = [](Fields accepts) {
    std::string text = "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    for (const std::string_view accept : accepts) text.append(accept).append("\r\n");
    return Check(text + "\r\n");
  };
  EXPECT_EQ(with({}), kBackendAccept);
  EXPECT_EQ(with({kAccept, kAccept}), kBackendAccept);
  EXPECT_EQ(with({"Sec-WebSocket-Accept:"}), kBackendAccept);
  // The key sent back.
  EXPECT_EQ(with({"Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ=="}), kBackendAccept);
  EXPECT_EQ(with({"Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo="}), kBackendAccept);
  EXPECT_EQ(with({"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=x"}), kBackendAccept);
}

TEST(SwitchingCheck, WantsNoSubprotocolThatWasNotOffered) {
  const auto choose = [](std::string_view chosen, Fields request) {
    return Check(SwitchingAnswer({"Sec-WebSocket-Protocol: " + std::string(chosen)}), request);
  };
  EXPECT_EQ(choose("chat", {}), kBackendSubprotocol);
  EXPECT_EQ(choose("", {}), kBackendSubprotocol);
  EXPECT_EQ(choose("", {"Sec-WebSocket-Protocol: chat"}), kBackendSubprotocol);
  EXPECT_EQ(choose("Chat", {"Sec-WebSocket-Protocol: chat"}), kBackendSubprotocol);
  EXPECT_EQ(choose("a, b", {"Sec-WebSocket-Protocol: a, b"}), kBackendSubprotocol);
  EXPECT_EQ(choose("b", {"Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b"}).reason, "");
  EXPECT_EQ(Check(SwitchingAnswer({"Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: a"}),
                  {"Sec-WebSocket-Protocol: a"}),
            kBackendSubprotocolRepeated);
}

TEST(SwitchingCheck, WantsNoExtensionThatWasNotOffered) {
  const auto choose = [](std::string_view chosen, Fields request) {
    return Check(SwitchingAnswer({"Sec-WebSocket-Extensions: " + std::string(chosen)}), request);
  };
  constexpr std::string_view kOffer =
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x; a=\"b, y; c\", z";
  EXPECT_EQ(choose("permessage-deflate", {}), kBackendExtension);
  EXPECT_EQ(choose("permessage-deflate; server_no_context_takeover", {kOffer}).reason, "");
  EXPECT_EQ(choose("x;a=\"1,2\" , z", {kOffer}).reason, "");
  EXPECT_EQ(choose("z", {"Sec-WebSocket-Extensions: w", kOffer}).reason, "");
  // Inside of a quoted string nothing is offered, and nothing chosen.
  EXPECT_EQ(choose("y", {kOffer}), kBackendExtension);
  EXPECT_EQ(choose("x;a=\"\\\",y\"", {kOffer}).reason, "");
  EXPECT_EQ(choose("x, v", {kOffer}), kBackendExtension);
  EXPECT_EQ(choose("; a", {"Sec-WebSocket-Extensions: ; a"}), kBackendExtension);
  EXPECT_EQ(choose("", {}).reason, "");
  EXPECT_EQ(Check(SwitchingAnswer({"Sec-WebSocket-Extensions: x", "Sec-WebSocket-Extensions: z"}),
                  {kOffer}),
            kBackendExtensionsRepeated);
}

}  // namespace
}  // namespace ringway::http
