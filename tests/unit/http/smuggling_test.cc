// SPDX-License-Identifier: Apache-2.0
//
// Known tricks by which a request means one thing to a proxy and another to the server behind it,
// each either refused before anything is forwarded, or forwarded without what made it a trick.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/refusals.h"
#include "tests/unit/http/forwarding_text.h"

namespace ringway::http {
namespace {

/// Why the request goes nowhere; of status 101: it is forwarded.
Refusal WhyRefused(std::string_view text) {
  RequestHead head;
  Refusal refusal{Status::kSwitchingProtocols, ""};
  if (ParseRequestHead(text, kTestHeadBytesMax, &head, &refusal) == HeadResult::kRefused) {
    return refusal;
  }
  const UpgradeResult result = CheckUpgrade(head, &refusal);
  EXPECT_EQ(result == UpgradeResult::kUpgrade, refusal.status == Status::kSwitchingProtocols);
  return refusal;
}

struct RefusedTrick {
  const char* what;
  std::string text;
  Refusal expected;
};

TEST(Smuggling, IsRefusedWhereARequestHasTwoReadings) {
  const std::vector<RefusedTrick> tricks = {
      {"CL.TE", UpgradeHead({"Content-Length: 6", "Transfer-Encoding: chunked"}),
       kTransferEncoding},
      {"TE.CL", UpgradeHead({"Transfer-Encoding: chunked", "Content-Length: 6"}),
       kContentLengthMalformed},
      {"a length of 0 beside chunked",
       UpgradeHead({"Content-Length: 0", "Transfer-Encoding: chunked"}), kTransferEncoding},
      {"chunked on an upgrade", UpgradeHead({"Transfer-Encoding: chunked"}), kTransferEncoding},
      {"obfuscated coding", UpgradeHead({"Transfer-Encoding: xchunked"}), kTransferEncoding},
      {"coding in a list", UpgradeHead({"Transfer-Encoding: identity, chunked"}),
       kTransferEncoding},
      {"coding after tab", UpgradeHead({"Transfer-Encoding:\tchunked"}), kTransferEncoding},
      {"coding in other case", UpgradeHead({"tRANSFER-eNCODING: CHUNKED"}), kTransferEncoding},
      {"coding before colon", UpgradeHead({"Transfer-Encoding : chunked"}), kSpaceBeforeColon},
      {"tab before colon", UpgradeHead({"Transfer-Encoding\t: chunked"}), kSpaceBeforeColon},
      {"coding behind a folded line", UpgradeHead({"X: y", " Transfer-Encoding: chunked"}),
       kFoldedLine},
      {"coding behind a bare LF", UpgradeHead({"X: y\nTransfer-Encoding: chunked"}), kBareLineFeed},
      {"coding behind a bare CR", UpgradeHead({"X: y\rTransfer-Encoding: chunked"}),
       kBareCarriageReturn},
      {"coding behind a vertical tab", UpgradeHead({"Transfer-Encoding:\x0b chunked"}),
       kControlByte},
      {"NUL in a name", UpgradeHead({std::string_view("Transfer\0Encoding: chunked", 26)}),
       kControlByte},
      {"two equal lengths", UpgradeHead({"Content-Length: 0", "Content-Length: 0"}),
       kContentLengthRepeated},
      {"two lengths", UpgradeHead({"Content-Length: 0", "Content-Length: 6"}),
       kContentLengthMalformed},
      {"two lengths in a list", UpgradeHead({"Content-Length: 0, 6"}), kContentLengthMalformed},
      {"a signed length", UpgradeHead({"Content-Length: +0"}), kContentLengthMalformed},
      {"a body on the upgrade", UpgradeHead({"Content-Length: 6"}), kBodyNotAccepted},
      {"two hosts", UpgradeHead({"Host: internal"}), kHostRepeated},
      {"an absolute form with a user",
       Head({"GET http://h@internal/ HTTP/1.1", "Host: h", "Upgrade: websocket"}),
       kTargetHostMalformed},
      {"a second request in the target", Head({"GET /\tHTTP/1.1", "Host: h", "Upgrade: websocket"}),
       kRequestLineMalformed},
      {"three words before the version", Head({"GET / x HTTP/1.1", "Host: h"}),
       kRequestLineMalformed},
      {"an upgrade over HTTP/1.0",
       Head({"GET / HTTP/1.0", "Host: h", "Upgrade: websocket", "Connection: Upgrade",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"}),
       kUpgradeVersion},
      {"HTTP/2.0", Head({"GET / HTTP/2.0", "Host: h"}), kVersionNotSupported},
      {"POST with an upgrade",
       Head({"POST / HTTP/1.1", "Host: h", "Upgrade: websocket", "Connection: Upgrade",
             "Content-Length: 6"}),
       kUpgradeMethod},
      {"an upgrade that Connection does not name",
       Head({"GET / HTTP/1.1", "Host: h", "Upgrade: websocket"}), kUpgradeNotInConnection},
      {"an unsupported version, so that the backend says 426 and the proxy thinks of a tunnel",
       Head({"GET / HTTP/1.1", "Host: h", "Upgrade: websocket", "Connection: Upgrade",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 1337"}),
       kWebSocketVersion},
  };
  for (const RefusedTrick& trick : tricks) {
    const Refusal why = WhyRefused(trick.text);
    EXPECT_EQ(why.status, trick.expected.status) << trick.what;
    EXPECT_EQ(why.reason, trick.expected.reason) << trick.what;
  }
}

struct ForwardedTrick {
  const char* what;
  std::string text;
};

/// Whatever the client adds, the backend gets what it gets of the plain handshake.
TEST(Smuggling, IsForwardedWithoutTheTrick) {
  const std::vector<ForwardedTrick> tricks = {
      {"a length of 0", UpgradeHead({"Content-Length: 0"})},
      {"a length of many zeros", UpgradeHead({"Content-Length: 00"})},
      {"a look-alike of a coding", UpgradeHead({"Transfer_Encoding: chunked"})},
      {"a look-alike of a length", UpgradeHead({"Content.Length: 6", "content_length: 7"})},
      {"Expect, so that the first frames are the body", UpgradeHead({"Expect: 100-continue"})},
      {"an unknown expectation", UpgradeHead({"Expect: x"})},
      {"TE", UpgradeHead({"TE: trailers, chunked", "Trailer: Host"})},
      {"Keep-Alive", UpgradeHead({"Keep-Alive: timeout=5", "Proxy-Connection: keep-alive"})},
      {"credentials for the proxy",
       UpgradeHead({"Proxy-Authorization: Basic YTpi", "Proxy-Authenticate: Basic"})},
      {"httpoxy", UpgradeHead({"Proxy: http://evil"})},
      {"h2c beside websocket",
       UpgradeHead({"Upgrade: h2c", "Connection: HTTP2-Settings", "HTTP2-Settings: AAMAAABk"})},
      {"h2c settings that Connection does not name", UpgradeHead({"HTTP2-Settings: AAMAAABk"})},
      {"a field that Connection names", UpgradeHead({"Connection: X-Hop", "x-hop: 1"})},
      {"the same before its Connection",
       UpgradeHead({"X-Hop: 1", "Connection: close , X-HOP,,keep-alive"})},
      {"Connection names what the gateway adds",
       UpgradeHead(
           {"Connection: X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto, Forwarded"})},
      {"Connection names what makes the handshake",
       UpgradeHead({"Connection: Host, Upgrade, Connection, Sec-WebSocket-Key, "
                    "sec-websocket-version"})},
      {"words on the client", UpgradeHead({"X-Forwarded-For: 127.0.0.1", "Forwarded: for=x",
                                           "x-forwarded-host: internal", "X-Real-Ip: 127.0.0.1"})},
      {"words on the client by look-alikes",
       UpgradeHead({"X_Forwarded_For: 127.0.0.1", "X-Forwarded_For: 127.0.0.1",
                    "X.Forwarded.Proto: https", "x_real_ip: 127.0.0.1",
                    "Sec_WebSocket_Key: AAAAAAAAAAAAAAAAAAAAAA=="})},
  };
  const std::string plain = Forward(UpgradeHead(), FromClient());
  for (const ForwardedTrick& trick : tricks) {
    EXPECT_EQ(Forward(trick.text, FromClient()), plain) << trick.what;
  }
}

TEST(Smuggling, OfUpgradesInOneFieldForwardsOnlyWebSocket) {
  for (const std::string_view list : {"websocket, h2c", "h2c,WebSocket", "TLS/1.3, websocket"}) {
    const std::string sent =
        Forward(Head({"GET / HTTP/1.1", "Host: h", "Upgrade: " + std::string(list),
                      "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABk",
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"}),
                FromClient());
    EXPECT_EQ(LinesOf(sent, "Upgrade"), LineList{"Upgrade: websocket"}) << list;
    EXPECT_EQ(LinesOf(sent, "Connection"), LineList{"Connection: Upgrade"}) << list;
    EXPECT_EQ(sent.find("HTTP2-Settings"), std::string::npos) << list;
  }
}

TEST(Smuggling, CannotRemoveFieldsOfTheHandshakeByNamingThem) {
  const std::string sent = Forward(
      UpgradeHead({"Connection: origin, Sec-WebSocket-Protocol, sec-websocket-extensions, Cookie",
                   "Origin: https://a", "Sec-WebSocket-Protocol: chat",
                   "Sec-WebSocket-Extensions: x", "Cookie: a=b"}),
      FromClient());
  EXPECT_EQ(LinesOf(sent, "Origin"), LineList{"Origin: https://a"});
  EXPECT_EQ(LinesOf(sent, "Sec-WebSocket-Protocol"), LineList{"Sec-WebSocket-Protocol: chat"});
  EXPECT_EQ(LinesOf(sent, "Sec-WebSocket-Extensions"), LineList{"Sec-WebSocket-Extensions: x"});
  // RFC 9110 7.6.1 wants it so, and a client may leave its own cookie out.
  EXPECT_EQ(LinesOf(sent, "Cookie"), LineList{});
}

TEST(Smuggling, CannotRemoveWhatATrustedProxySaidByNamingIt) {
  const std::string sent =
      Forward(UpgradeHead({"Connection: X-Forwarded-For, Forwarded, X-Forwarded-Port, X-Real-IP",
                           "X-Forwarded-For: 203.0.113.5", "X-Forwarded-Port: 443",
                           "X-Real-IP: 203.0.113.5", "Forwarded: for=203.0.113.5",
                           "X_Forwarded_For: 127.0.0.1"}),
              FromProxy());
  EXPECT_EQ(LinesOf(sent, "X-Forwarded-For"), LineList{"X-Forwarded-For: 203.0.113.5, 10.0.0.7"});
  EXPECT_EQ(LinesOf(sent, "X-Forwarded-Port"), LineList{"X-Forwarded-Port: 443"});
  EXPECT_EQ(LinesOf(sent, "X-Real-IP"), LineList{"X-Real-IP: 203.0.113.5"});
  EXPECT_EQ(LinesOf(sent, "Forwarded").size(), 1u);
  EXPECT_EQ(sent.find("127.0.0.1"), std::string::npos);
}

TEST(Smuggling, FindsNoSecondRequestInWhatWasForwarded) {
  const std::string sent =
      Forward(UpgradeHead({"X: GET / HTTP/1.1", "Y: \"\\r\\n\\r\\n\""}), FromClient());
  EXPECT_EQ(sent.find("\r\n\r\n"), sent.size() - 4);
  RequestHead head;
  Refusal refusal;
  ASSERT_EQ(ParseRequestHead(sent, kChunkBytes, &head, &refusal), HeadResult::kWhole);
  EXPECT_EQ(head.head_bytes, sent.size());
}

}  // namespace
}  // namespace ringway::http
