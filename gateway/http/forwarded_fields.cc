// SPDX-License-Identifier: Apache-2.0
//
// One function a field; each reads what came of its name straight from the head, so nothing is
// kept between them.
#include "gateway/http/forwarded_fields.h"

#include <algorithm>

#include "gateway/base/socket_address.h"
#include "gateway/http/address_text.h"
#include "gateway/http/bytes.h"
#include "gateway/http/field_reader.h"
#include "gateway/http/list_reader.h"
#include "gateway/http/target.h"

namespace ringway::http {
namespace {

constexpr std::string_view kUnknown = "unknown";

std::string_view NameOf(ForwardedField field) {
  return kForwardedFieldNames[static_cast<size_t>(field)];
}

/// Walks over the values of all fields of one name, but for empty ones.
class ValueReader {
 public:
  ValueReader(std::string_view head, ForwardedField field) : fields_(head), name_(NameOf(field)) {}

  [[nodiscard]] bool Next(std::string_view* value) {
    std::string_view name;
    while (fields_.Next(&name, value)) {
      if (!value->empty() && EqualsIgnoreCase(name, name_)) return true;
    }
    return false;
  }

 private:
  FieldReader fields_;
  std::string_view name_;
};

/// The first element of the list that all fields of the name make; empty: there is none.
std::string_view FirstElement(std::string_view head, ForwardedField field) {
  ValueReader values(head, field);
  std::string_view value;
  std::string_view element;
  while (values.Next(&value)) {
    ListReader list(value);
    if (list.Next(&element)) return element;
  }
  return {};
}

/// Bytes of an IPv6 address, with two colons at least: "::" is the shortest.
bool LooksLikeIpv6(std::string_view text) {
  const auto is_part = [](char byte) {
    return Is(ByteClass::kHex, byte) || byte == ':' || byte == '.';
  };
  return std::all_of(text.begin(), text.end(), is_part) &&
         std::count(text.begin(), text.end(), ':') >= 2;
}

/// IPv4 or IPv6 in brackets, with a port or without: what IsHost takes and is no name.
bool LooksLikeAddressAndPort(std::string_view text) {
  if (!IsHost(text)) return false;
  return text[0] == '[' || text.find_first_not_of("0123456789.:") == std::string_view::npos;
}

/// An element of X-Forwarded-For as a node identifier. What is no address is nobody's name that a
/// backend could act on.
void WriteNode(std::string_view element, Writer& writer) {
  if (LooksLikeIpv6(element)) {
    writer.Text("\"[").Text(element).Text("]\"");
  } else if (!LooksLikeAddressAndPort(element)) {
    writer.Text(kUnknown);
  } else if (IsAll(ByteClass::kToken, element)) {
    writer.Text(element);
  } else {
    writer.Text("\"").Text(element).Text("\"");
  }
}

/// REQUIRES: IsHost(host), which has neither quotes nor backslashes.
void WriteHostPair(std::string_view host, Writer& writer) {
  const std::string_view quote = IsAll(ByteClass::kToken, host) ? "" : "\"";
  writer.Text(";host=").Text(quote).Text(host).Text(quote);
}

/// Whether every quoted string in it (RFC 9110 5.6.4) ends in it.
bool ClosesItsQuotes(std::string_view value) {
  bool quoted = false;
  for (size_t at = 0; at < value.size(); ++at) {
    if (value[at] == '"') quoted = !quoted;
    if (value[at] == '\\' && quoted) ++at;
  }
  return !quoted;
}

bool HasGoodForwarded(std::string_view head) {
  ValueReader values(head, ForwardedField::kForwarded);
  std::string_view value;
  bool came = false;
  while (values.Next(&value)) {
    if (!ClosesItsQuotes(value)) return false;
    came = true;
  }
  return came;
}

/// What came, each element or list followed by a comma: the sender comes behind it.
void WriteCame(std::string_view head, ForwardedField field, Writer& writer) {
  ValueReader values(head, field);
  std::string_view value;
  while (values.Next(&value)) writer.Text(value).Text(", ");
}

/// RFC 7239 7.4: X-Forwarded-For as elements of Forwarded. The first one stands for the client, of
/// whom X-Forwarded-Proto and -Host tell.
void WriteTransition(std::string_view head, Writer& writer) {
  ValueReader values(head, ForwardedField::kFor);
  std::string_view value;
  bool first = true;
  while (values.Next(&value)) {
    ListReader list(value);
    std::string_view element;
    while (list.Next(&element)) {
      writer.Text("for=");
      WriteNode(element, writer);
      if (first) {
        const std::string_view host = FirstElement(head, ForwardedField::kHost);
        const std::string_view proto = FirstElement(head, ForwardedField::kProto);
        if (IsHost(host)) WriteHostPair(host, writer);
        if (IsAll(ByteClass::kToken, proto)) writer.Text(";proto=").Text(proto);
      }
      first = false;
      writer.Text(", ");
    }
  }
}

/// One of the two that say one thing: what a trusted proxy said, joined to one list, else our own.
void WriteKeptOr(std::string_view own, ForwardedField field, std::string_view head,
                 Writer& writer) {
  ValueReader values(head, field);
  std::string_view value;
  writer.Text(NameOf(field)).Text(": ");
  if (!values.Next(&value)) value = own;
  writer.Text(value);
  while (values.Next(&value)) writer.Text(", ").Text(value);
  writer.Text("\r\n");
}

}  // namespace

void WriteForwardedFields(const RequestHead& head, std::string_view raw,
                          const Forwarding& forwarding, Writer& writer) {
  // Of a sender without trust nothing is read: what it sent has no field.
  constexpr std::string_view kNothing = "\r\n\r\n";
  const std::string_view said =
      forwarding.trust == SenderTrust::kTrusted ? raw.substr(0, head.head_bytes) : kNothing;
  const base::SocketAddress sender = Unmapped(forwarding.sender);
  const std::string_view proto = forwarding.scheme == Scheme::kHttps ? "https" : "http";

  writer.Text(NameOf(ForwardedField::kFor)).Text(": ");
  WriteCame(said, ForwardedField::kFor, writer);
  WriteAddress(sender, writer);
  writer.Text("\r\n");

  WriteKeptOr(proto, ForwardedField::kProto, said, writer);
  WriteKeptOr(head.host, ForwardedField::kHost, said, writer);

  writer.Text(NameOf(ForwardedField::kForwarded)).Text(": ");
  if (HasGoodForwarded(said)) {
    WriteCame(said, ForwardedField::kForwarded, writer);
  } else {
    WriteTransition(said, writer);
  }
  const bool brackets = sender.family == base::AddressFamily::kIpv6;
  writer.Text(brackets ? "for=\"[" : "for=");
  WriteAddress(sender, writer);
  writer.Text(brackets ? "]\"" : "");
  WriteHostPair(head.host, writer);
  writer.Text(";proto=").Text(proto).Text("\r\n");
}

}  // namespace ringway::http
