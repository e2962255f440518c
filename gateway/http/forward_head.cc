// SPDX-License-Identifier: Apache-2.0
//
// One table says which fields are special; everything else is copied.
#include "gateway/http/forward_head.h"

#include <algorithm>

#include "gateway/base/check.h"
#include "gateway/http/bytes.h"
#include "gateway/http/connection_options.h"
#include "gateway/http/field_reader.h"
#include "gateway/http/forwarded_fields.h"
#include "gateway/http/writer.h"

namespace ringway::http {
namespace {

constexpr std::string_view kBlankLine = "\r\n";

enum class FieldKind : uint8_t {
  kOrdinary,   ///< Goes, unless Connection names it.
  kDropped,    ///< Of this hop alone, or written anew.
  kEndToEnd,   ///< Goes, whatever Connection says.
  kSenderWord  ///< Goes from a trusted sender, whatever Connection says.
};

/// In lower case. A name with "*" at its end is the beginning of names. The first match counts.
struct SpecialField {
  std::string_view name;
  FieldKind kind;
};

constexpr SpecialField kSpecialFields[] = {
    // Written anew.
    {"host", FieldKind::kDropped},
    {"connection", FieldKind::kDropped},
    {"upgrade", FieldKind::kDropped},
    {"forwarded", FieldKind::kDropped},
    {"x-forwarded-for", FieldKind::kDropped},
    {"x-forwarded-proto", FieldKind::kDropped},
    {"x-forwarded-host", FieldKind::kDropped},
    // Of this hop alone (RFC 9110 7.6.1, 11.7; RFC 7540 3.2.1).
    {"keep-alive", FieldKind::kDropped},
    {"proxy-connection", FieldKind::kDropped},
    {"proxy-authenticate", FieldKind::kDropped},
    {"proxy-authorization", FieldKind::kDropped},
    {"te", FieldKind::kDropped},
    {"trailer", FieldKind::kDropped},
    {"transfer-encoding", FieldKind::kDropped},
    {"http2-settings", FieldKind::kDropped},
    // About a body that never comes: a backend that waits for one takes the first frames for it.
    {"content-length", FieldKind::kDropped},
    {"expect", FieldKind::kDropped},
    // No field of HTTP; CGI makes HTTP_PROXY of it, and libraries send their requests there.
    {"proxy", FieldKind::kDropped},
    {"origin", FieldKind::kEndToEnd},
    {"sec-websocket-*", FieldKind::kEndToEnd},
    {"x-forwarded-*", FieldKind::kSenderWord},
    {"x-real-ip", FieldKind::kSenderWord},
    {"x-client-ip", FieldKind::kSenderWord},
    {"true-client-ip", FieldKind::kSenderWord},
    // Frameworks route by these in place of the target, past whatever was decided by the target.
    {"x-original-url", FieldKind::kSenderWord},
    {"x-rewrite-url", FieldKind::kSenderWord},
};

bool IsPlain(char byte) {
  return byte == '-' || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
         (byte >= 'A' && byte <= 'Z');
}

/// As those read a name who make a variable of it: in one case, with one byte for all the others.
char Fold(char byte) {
  if (!IsPlain(byte)) return '-';
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}

bool Matches(std::string_view special, std::string_view name) {
  if (special.ends_with('*')) {
    special.remove_suffix(1);
    name = name.substr(0, special.size());
  }
  return std::equal(special.begin(), special.end(), name.begin(), name.end(),
                    [](char left, char right) { return left == Fold(right); });
}

FieldKind KindOf(std::string_view name) {
  for (const SpecialField& special : kSpecialFields) {
    if (Matches(special.name, name)) return special.kind;
  }
  return FieldKind::kOrdinary;
}

bool Goes(std::string_view name, const ConnectionOptions& options, SenderTrust trust) {
  const FieldKind kind = KindOf(name);
  if (kind == FieldKind::kOrdinary) return !options.Name(name);
  if (kind == FieldKind::kDropped) return false;
  // X_Forwarded_For: ours for some backends, and by our own rules a field that we do not know.
  if (!std::all_of(name.begin(), name.end(), IsPlain)) return false;
  return kind == FieldKind::kEndToEnd || trust == SenderTrust::kTrusted;
}

// ---- The parts of a request, in the order of their lines; each whole lines

void WriteRequestLine(const RequestHead& head, Writer& writer) {
  // Only of a GET is it known that no body follows.
  RINGWAY_CHECK(head.method == Method::kGet && head.upgrade_to_websocket);
  writer.Text("GET ").Text(head.path);
  if (head.has_query) writer.Text("?").Text(head.query);
  writer.Text(" HTTP/1.1\r\n");
}

void WriteHost(const RequestHead& head, const Forwarding& forwarding, Writer& writer) {
  writer.Field("Host", forwarding.backend_host.empty() ? head.host : forwarding.backend_host);
}

enum class Spacing : uint8_t {
  kUsual,   ///< one space behind each colon
  kAsSent,  ///< none where there was none, so that no line becomes longer
};

void WriteClientFields(std::string_view sent, const ConnectionOptions& options, SenderTrust trust,
                       Spacing spacing, Writer& writer) {
  FieldReader fields(sent);
  std::string_view name;
  std::string_view value;
  while (fields.Next(&name, &value)) {
    if (!Goes(name, options, trust)) continue;
    const bool has_space = value.data() != name.data() + name.size() + 1;
    if (spacing == Spacing::kUsual || has_space || value.empty()) {
      writer.Field(name, value);
    } else {
      writer.Text(name).Text(":").Text(value).Text("\r\n");
    }
  }
}

void WriteAdded(const RequestHead& head, std::string_view raw, const Forwarding& forwarding,
                Writer& writer) {
  writer.Text("Connection: Upgrade\r\nUpgrade: websocket\r\n");
  WriteForwardedFields(head, raw, forwarding, writer);
  writer.Text(kBlankLine);
}

}  // namespace

size_t BuildForwardedRequest(const RequestHead& head, std::string_view raw,
                             const Forwarding& forwarding, std::span<char> out) {
  const std::string_view sent = raw.substr(0, head.head_bytes);
  ConnectionOptions options;
  if (!options.Collect(sent)) return 0;
  Writer writer(out);
  WriteRequestLine(head, writer);
  WriteHost(head, forwarding, writer);
  WriteClientFields(sent, options, forwarding.trust, Spacing::kUsual, writer);
  WriteAdded(head, raw, forwarding, writer);
  return writer.Finish();
}

ForwardedParts BuildForwardedParts(const RequestHead& head, std::string_view raw,
                                   const Forwarding& forwarding, std::span<char> front,
                                   std::span<char> back) {
  const std::string_view sent = raw.substr(0, head.head_bytes);
  RINGWAY_CHECK_OP(front.size(), >=, sent.size());
  ConnectionOptions options;
  if (!options.Collect(sent)) return {};
  Writer first(front);
  WriteRequestLine(head, first);
  WriteClientFields(sent, options, forwarding.trust, Spacing::kAsSent, first);
  const size_t front_bytes = first.Text(kBlankLine).Finish();
  Writer second(back);
  WriteHost(head, forwarding, second);
  WriteAdded(head, raw, forwarding, second);
  const size_t back_bytes = second.Finish();
  if (front_bytes == 0 || back_bytes == 0) return {};
  return {.front_bytes = front_bytes - kBlankLine.size(), .back_bytes = back_bytes};
}

RequestHead ReadForwardedOffer(std::string_view forwarded) {
  RequestHead offer;
  const auto keep = [](std::string_view value, ListFields* fields) {
    if (fields->count < kListFieldsMax) fields->values[fields->count] = value;
    ++fields->count;
  };
  FieldReader fields(forwarded);
  std::string_view name;
  std::string_view value;
  while (fields.Next(&name, &value)) {
    if (EqualsIgnoreCase(name, "Sec-WebSocket-Key")) offer.websocket_key = value;
    if (EqualsIgnoreCase(name, "Sec-WebSocket-Protocol")) keep(value, &offer.subprotocols);
    if (EqualsIgnoreCase(name, "Sec-WebSocket-Extensions")) keep(value, &offer.extensions);
  }
  return offer;
}

}  // namespace ringway::http
