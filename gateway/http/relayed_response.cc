// SPDX-License-Identifier: Apache-2.0
//
// What a client and the gateway have to agree on, framing and persistence, is written from the
// values that were parsed; everything else is copied.
#include "gateway/http/relayed_response.h"

#include <algorithm>
#include <array>

#include "gateway/base/check.h"
#include "gateway/http/bytes.h"
#include "gateway/http/connection_options.h"
#include "gateway/http/field_reader.h"
#include "gateway/http/status.h"
#include "gateway/http/writer.h"

namespace ringway::http {
namespace {

constexpr uint16_t kNotModified = 304;
constexpr std::string_view kWebSocketPrefix = "Sec-WebSocket-";

/// Of the hop between gateway and backend, or written anew.
constexpr std::array<std::string_view, 8> kDroppedFields = {
    "Connection",     "Keep-Alive", "Proxy-Connection",  "Proxy-Authenticate",
    "Content-Length", "TE",         "Transfer-Encoding", "Upgrade"};

bool IsStatus(Status wanted, const ResponseHead& head) {
  return head.status == static_cast<uint16_t>(wanted);
}

bool Goes(std::string_view name, const ConnectionOptions& options, const ResponseHead& head) {
  if (EqualsIgnoreCase(name, "Upgrade") && IsStatus(Status::kUpgradeRequired, head)) return true;
  for (const std::string_view dropped : kDroppedFields) {
    if (EqualsIgnoreCase(name, dropped)) return false;
  }
  return EqualsIgnoreCase(name.substr(0, kWebSocketPrefix.size()), kWebSocketPrefix) ||
         !options.Name(name);
}

void WriteFraming(const ResponseHead& head, Writer& writer) {
  if (head.framing == BodyFraming::kChunked) writer.Text("Transfer-Encoding: chunked\r\n");
  if (head.framing == BodyFraming::kLength ||
      (head.status == kNotModified && head.has_content_length)) {
    writer.Text("Content-Length: ").Number(head.body_bytes).Text("\r\n");
  }
}

std::string_view ConnectionOf(const ResponseHead& head, AfterAnswer after) {
  if (IsStatus(Status::kSwitchingProtocols, head)) {
    return "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  }
  const bool closes = after == AfterAnswer::kClose;
  // RFC 9110 7.8: whoever sends Upgrade names it in Connection. HTTP/1.1 stays open by itself.
  if (IsStatus(Status::kUpgradeRequired, head)) {
    return closes ? "Connection: upgrade, close\r\n" : "Connection: upgrade\r\n";
  }
  return closes ? "Connection: close\r\n" : "Connection: keep-alive\r\n";
}

}  // namespace

size_t BuildRelayedResponse(const ResponseHead& head, std::string_view raw, AfterAnswer after,
                            std::span<char> out) {
  RINGWAY_CHECK(!head.IsInterim());
  RINGWAY_CHECK(head.framing != BodyFraming::kUntilClose || after == AfterAnswer::kClose);
  const std::string_view sent = raw.substr(0, head.head_bytes);
  ConnectionOptions options;
  if (!options.Collect(sent)) return 0;
  Writer writer(out);
  writer.Text("HTTP/1.1 ").Number(head.status).Text(" ").Text(head.reason).Text("\r\n");
  FieldReader fields(sent);
  std::string_view name;
  std::string_view value;
  while (fields.Next(&name, &value)) {
    if (Goes(name, options, head)) writer.Field(name, value);
  }
  WriteFraming(head, writer);
  return writer.Text(ConnectionOf(head, after)).Text("\r\n").Finish();
}

}  // namespace ringway::http
