// SPDX-License-Identifier: Apache-2.0
//
// One pass from the left, which keeps what a walk from the right would end at.
#include "gateway/session/told_client.h"

#include <algorithm>
#include <optional>

#include "gateway/http/bytes.h"
#include "gateway/http/field_reader.h"
#include "gateway/http/forwarded_fields.h"
#include "gateway/http/list_reader.h"
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

/// The node of an element of Forwarded; empty: it tells of none.
std::string_view ForOf(std::string_view element) {
  while (!element.empty()) {
    const size_t semicolon = element.find(';');
    std::string_view pair = element.substr(0, semicolon);
    element.remove_prefix(semicolon == std::string_view::npos ? element.size() : semicolon + 1);
    pair.remove_prefix(std::min(pair.find_first_not_of(" \t"), pair.size()));
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

/// Whether the field came.
bool WalkOver(std::string_view head, ForwardedField field, Walk& walk) {
  http::FieldReader fields(head);
  std::string_view name;
  std::string_view value;
  bool came = false;
  while (fields.Next(&name, &value)) {
    if (!http::EqualsIgnoreCase(name, NameOf(field))) continue;
    came = true;
    http::ListReader list(value);
    std::string_view element;
    while (list.Next(&element)) {
      walk.Take(field == ForwardedField::kForwarded ? ForOf(element) : element);
    }
  }
  return came;
}

}  // namespace

SocketAddress ToldClient(std::string_view head, const SocketAddress& sender,
                         std::span<const base::AddressRange> trusted) {
  for (const ForwardedField field : {ForwardedField::kFor, ForwardedField::kForwarded}) {
    Walk walk(trusted);
    if (WalkOver(head, field, walk)) return walk.found().value_or(sender);
  }
  return sender;
}

}  // namespace ringway::session
