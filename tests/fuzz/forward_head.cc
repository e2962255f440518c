// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes what a backend is told: whatever fields a client sends, the backend gets one request of
// one reading, without a body, in which nobody but a trusted proxy has a say on who the client is.
//
// Input: the fields of an opening handshake, as lines. If it begins with "GET ", it is a whole
// request instead.
#include "gateway/http/forward_head.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/http/field_reader.h"
#include "gateway/http/forwarded_fields.h"

namespace {

using ringway::base::AddressFamily;
using ringway::base::SocketAddress;
using ringway::http::FieldReader;
using ringway::http::Forwarding;
using ringway::http::HeadResult;
using ringway::http::Refusal;
using ringway::http::RequestHead;
using ringway::http::SenderTrust;
using ringway::http::UpgradeResult;

constexpr size_t kHeadBytesMax = 16 * 1024;
/// What is written anew adds to the longest head: all X-Forwarded-For can come twice.
constexpr size_t kOutBytes = 8 * kHeadBytesMax;

constexpr std::string_view kHandshake =
    "GET /chat HTTP/1.1\r\nHost: h:80\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
constexpr std::string_view kSender = "2001:db8::1";

SocketAddress Sender() {
  SocketAddress address{.family = AddressFamily::kIpv6, .port = 1};
  address.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return address;
}

/// How many fields have the name when read as CGI would, and the last one's value.
struct Found {
  size_t count = 0;
  std::string value;
};

std::string AsVariable(std::string_view name) {
  std::string variable(name);
  for (char& byte : variable) {
    if (byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - 'a' + 'A');
    if (!(byte >= 'A' && byte <= 'Z') && !(byte >= '0' && byte <= '9')) byte = '_';
  }
  return variable;
}

Found Find(std::string_view head, std::string_view wanted) {
  Found found;
  FieldReader reader(head);
  std::string_view name;
  std::string_view value;
  while (reader.Next(&name, &value)) {
    if (AsVariable(name) != AsVariable(wanted)) continue;
    ++found.count;
    found.value = value;
  }
  return found;
}

void CheckOnce(std::string_view head, std::string_view name, std::string_view value) {
  const Found found = Find(head, name);
  RINGWAY_CHECK_OP(found.count, ==, 1);
  RINGWAY_CHECK(found.value == value);
}

/// What is told of the client is ours alone, or has ours at its end.
void CheckForwarded(std::string_view sent, const RequestHead& head, SenderTrust trust) {
  for (const std::string_view name : ringway::http::kForwardedFieldNames) {
    RINGWAY_CHECK_OP(Find(sent, name).count, ==, 1);
  }
  const std::string address = Find(sent, "X-Forwarded-For").value;
  const std::string node = Find(sent, "Forwarded").value;
  RINGWAY_CHECK(address.ends_with(kSender));
  RINGWAY_CHECK(node.ends_with(";proto=http"));
  // Not a part of a quoted string that came.
  const size_t own = node.rfind("for=\"[2001:db8::1]\";host=");
  RINGWAY_CHECK(own != std::string::npos);
  bool quoted = false;
  for (size_t at = 0; at < own; ++at) {
    if (node[at] == '"') quoted = !quoted;
    if (node[at] == '\\' && quoted) ++at;
  }
  RINGWAY_CHECK(!quoted);
  if (trust == SenderTrust::kTrusted) return;
  RINGWAY_CHECK(address == kSender && own == 0);
  CheckOnce(sent, "X-Forwarded-Proto", "http");
  CheckOnce(sent, "X-Forwarded-Host", head.host);
  for (const std::string_view name :
       {"X-Real-IP", "X-Client-IP", "True-Client-IP", "X-Original-URL", "X-Rewrite-URL"}) {
    RINGWAY_CHECK_OP(Find(sent, name).count, ==, 0);
  }
}

void CheckSent(std::string_view sent, const RequestHead& head, SenderTrust trust) {
  RequestHead again;
  Refusal refusal;
  // Four fields may come on top of the hundred that a client may send.
  const HeadResult parsed = ringway::http::ParseRequestHead(sent, kOutBytes, &again, &refusal);
  if (parsed != HeadResult::kWhole) {
    RINGWAY_CHECK(refusal.reason == "more than 100 header fields");
    return;
  }
  RINGWAY_CHECK_OP(again.head_bytes, ==, sent.size());
  RINGWAY_CHECK(ringway::http::CheckUpgrade(again, &refusal) == UpgradeResult::kUpgrade);
  RINGWAY_CHECK(again.path == head.path && again.query == head.query && again.host == head.host);
  RINGWAY_CHECK(again.keep_alive && !again.has_body);
  RINGWAY_CHECK(again.websocket_key == head.websocket_key);
  RINGWAY_CHECK(again.has_origin == head.has_origin && again.origin == head.origin);
  RINGWAY_CHECK_OP(again.subprotocols.count, ==, head.subprotocols.count);
  RINGWAY_CHECK_OP(again.extensions.count, ==, head.extensions.count);
  CheckOnce(sent, "Host", head.host);
  CheckOnce(sent, "Connection", "Upgrade");
  CheckOnce(sent, "Upgrade", "websocket");
  for (const std::string_view gone :
       {"Content-Length", "Transfer-Encoding", "Expect", "TE", "Trailer", "Keep-Alive",
        "HTTP2-Settings", "Proxy", "Proxy-Connection", "Proxy-Authorization"}) {
    RINGWAY_CHECK_OP(Find(sent, gone).count, ==, 0);
  }
  CheckForwarded(sent, head, trust);
}

/// In two parts the front is never longer than what came, and the backend gets the same.
void CheckParts(std::string_view text, const RequestHead& head, const Forwarding& forwarding) {
  std::string front(head.head_bytes, '\0');
  std::string back(kOutBytes, '\0');
  const ringway::http::ForwardedParts parts =
      ringway::http::BuildForwardedParts(head, text, forwarding, front, back);
  RINGWAY_CHECK(parts.front_bytes > 0 && parts.back_bytes > 0);
  CheckSent(front.substr(0, parts.front_bytes) + back.substr(0, parts.back_bytes), head,
            forwarding.trust);
  const RequestHead offer =
      ringway::http::ReadForwardedOffer(std::string_view(front).substr(0, parts.front_bytes + 2));
  RINGWAY_CHECK(offer.websocket_key == head.websocket_key);
  RINGWAY_CHECK_OP(offer.subprotocols.count, ==, head.subprotocols.count);
  RINGWAY_CHECK_OP(offer.extensions.count, ==, head.extensions.count);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t input_bytes) {
  std::string text(input, input + input_bytes);
  if (!text.starts_with("GET ")) text = std::string(kHandshake) + text + "\r\n\r\n";
  RequestHead head;
  Refusal refusal;
  if (ringway::http::ParseRequestHead(text, kHeadBytesMax, &head, &refusal) != HeadResult::kWhole) {
    return 0;
  }
  if (ringway::http::CheckUpgrade(head, &refusal) != UpgradeResult::kUpgrade) return 0;
  for (const SenderTrust trust : {SenderTrust::kNone, SenderTrust::kTrusted}) {
    const Forwarding forwarding{.backend_host = {}, .sender = Sender(), .trust = trust};
    std::string out(kOutBytes, '\0');
    const size_t out_bytes = ringway::http::BuildForwardedRequest(head, text, forwarding, out);
    if (out_bytes == 0) continue;  // too many options in Connection
    CheckSent(std::string_view(out).substr(0, out_bytes), head, trust);
    CheckParts(text, head, forwarding);
    // A room that is too small is never overrun, and never half used.
    std::string tight(out_bytes - 1, '\0');
    RINGWAY_CHECK_OP(ringway::http::BuildForwardedRequest(head, text, forwarding, tight), ==, 0);
  }
  return 0;
}
