// SPDX-License-Identifier: Apache-2.0
//
// One pass from the left, which keeps what a walk from the right would end at.
#include "gateway/session/told_client.h"

#include <algorithm>
#include <optional>

#include "gateway/http/bytes.h"
#include "gateway/http/field_reader.h"
#include "gateway/http/forwarded_fields.h"
#include "gateway/proxy/address.h"

namespace ringway::session {
namespace {

using base::SocketAddress;
using http::ForwardedField;

/// "2001:db8::1", "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]", "[2001:db8::1]:80".
std::optional<SocketAddress> ReadNode(std::string_view node) {
  if (node.starts_with('[')) {
    const size_t bracket = node.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    return proxy::AddressOf(node.substr(1, bracket - 1));
  }
  const size_t colon = node.find(':');
  const bool has_port =
      colon != std::string_view::npos && node.find(':', colon + 1) == std::string_view::npos;
  return proxy::AddressOf(has_port ? node.substr(0, colon) : node);
}

/// Takes what stands in front of the first `separator` that is in no quoted string (RFC
/// 9110 5.6.4); all of it, if there is none. A quote that does not close quotes nothing: else one
/// of a client's would hide what a proxy has written behind it.
std::string_view TakeUntil(char separator, std::string_view* text) {
  size_t at = 0;
  while (at < text->size() && (*text)[at] != separator) {
    if ((*text)[at] == '"') {
      size_t end = at + 1;
      while (end < text->size() && (*text)[end] != '"') end += (*text)[end] == '\\' ? 2 : 1;
      if (end < text->size()) at = end;
    }
    ++at;
  }
  const std::string_view taken = text->substr(0, at);
  text->remove_prefix(std::min(at + 1, text->size()));
  return taken;
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The node of an element of Forwarded; empty: it tells of none.
std::string_view ForOf(std::string_view element) {
  while (!element.empty()) {
    std::string_view pair = Trim(TakeUntil(';', &element));
    if (!http::EqualsIgnoreCase(pair.substr(0, 4), "for=")) continue;
    pair.remove_prefix(4);
    if (pair.size() >= 2 && pair.starts_with('"') && pair.ends_with('"')) {
      pair = pair.substr(1, pair.size() - 2);
    }
    return pair;
  }
  return {};
}

std::string_view NameOf(ForwardedField field) {
  return http::kForwardedFieldNames[static_cast<size_t>(field)];
}

/// What a walk from the right ends at, for the elements that were seen so far.
class Walk {
 public:
  explicit Walk(std::span<const base::AddressRange> trusted) : trusted_(trusted) {}

  void Take(std::string_view node) {
    std::optional<SocketAddress> address = ReadNode(node);
    if (address) address = base::Unmapped(*address);
    if (!address) {
      found_.reset();
    } else if (!found_ || !base::ContainedInAny(trusted_, *address)) {
      found_ = address;
    }
  }
  const std::optional<SocketAddress>& found() const { return found_; }

 private:
  std::span<const base::AddressRange> trusted_;
  std::optional<SocketAddress> found_;
};

void WalkOver(std::string_view head, ForwardedField field, Walk& walk) {
  http::FieldReader fields(head);
  std::string_view name;
  std::string_view value;
  while (fields.Next(&name, &value)) {
    if (!http::EqualsIgnoreCase(name, NameOf(field))) continue;
    while (!value.empty()) {
      const std::string_view element = Trim(TakeUntil(',', &value));
      if (element.empty()) continue;
      walk.Take(field == ForwardedField::kForwarded ? ForOf(element) : element);
    }
  }
}

}  // namespace

SocketAddress ToldClient(std::string_view head, const SocketAddress& sender,
                         std::span<const base::AddressRange> trusted) {
  for (const ForwardedField field : {ForwardedField::kFor, ForwardedField::kForwarded}) {
    Walk walk(trusted);
    WalkOver(head, field, walk);
    if (walk.found()) return *walk.found();
  }
  return sender;
}

}  // namespace ringway::session
