// SPDX-License-Identifier: Apache-2.0
//
// Addresses are judged with inet_pton(3), which is a function of its text alone.
#include "gateway/config/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "gateway/config/text.h"

namespace ringway::config {
namespace {

constexpr std::string_view kListenExpected =
    R"(expected a numeric address and a port, such as "127.0.0.1:8080" or "[::1]:8080")";
constexpr std::string_view kServerExpected =
    R"(expected a host and a port, such as "127.0.0.1:5000", "[::1]:5000" or "db.internal:5000")";
constexpr std::string_view kSourceExpected =
    R"(expected a numeric address without a port, such as "192.0.2.7" or "2001:db8::7")";
constexpr std::string_view kHostExpected =
    R"(expected a host name without a port, such as "example.com")";

/// RFC 1035 2.3.4.
constexpr size_t kHostNameBytesMax = 253;
constexpr size_t kLabelBytesMax = 63;

/// A text cut at its port, nothing of it judged yet.
struct Pieces {
  std::string_view host;
  std::string_view port;
  enum class Brackets : uint8_t { kNone, kAround } brackets = Brackets::kNone;
};

std::optional<Pieces> Cut(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  Pieces pieces{.host = text.substr(0, colon), .port = text.substr(colon + 1)};
  if (pieces.host.starts_with('[')) {
    if (!pieces.host.ends_with(']')) return std::nullopt;
    pieces.host = pieces.host.substr(1, pieces.host.size() - 2);
    pieces.brackets = Pieces::Brackets::kAround;
  }
  return pieces;
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped_at, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || stopped_at != end) return std::nullopt;
  return port;
}

/// The address as inet_ntop(3) writes it, so that two spellings of one address are one text.
std::optional<std::string> Canonical(int family, std::string_view host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  std::array<char, INET6_ADDRSTRLEN> text;
  // A zero byte would end the text early for inet_pton and hide what follows.
  if (host.find('\0') != std::string_view::npos) return std::nullopt;
  if (inet_pton(family, std::string(host).c_str(), bytes.data()) != 1) return std::nullopt;
  return std::string(inet_ntop(family, bytes.data(), text.data(), text.size()));
}

std::optional<std::string> CanonicalNumeric(const Pieces& pieces) {
  return Canonical(pieces.brackets == Pieces::Brackets::kAround ? AF_INET6 : AF_INET, pieces.host);
}

bool IsLabel(std::string_view label) {
  return !label.empty() && label.size() <= kLabelBytesMax && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_';
         });
}

/// Names as resolvers take them, with '_' (container networks use it). A last label of digits alone
/// is a mistyped IPv4 address, as in browsers ("300.1.1.1").
bool IsHostName(std::string_view text) {
  if (text.size() > kHostNameBytesMax) return false;
  size_t dot = text.find('.');
  while (dot != std::string_view::npos) {
    if (!IsLabel(text.substr(0, dot))) return false;
    text.remove_prefix(dot + 1);
    dot = text.find('.');
  }
  return IsLabel(text) && !std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

absl::Status Wrong(std::string_view expected, std::string_view hint) {
  return absl::InvalidArgumentError(Cat(expected, hint));
}

/// What somebody probably meant who wrote ":8080", "8080", "::1:8080" or "localhost:8080".
std::string ListenHint(std::string_view text) {
  const size_t colon = text.rfind(':');
  const std::string_view host = colon == std::string_view::npos ? "" : text.substr(0, colon);
  const std::string_view port = colon == std::string_view::npos ? text : text.substr(colon + 1);
  if (!ParsePort(port)) return "";
  if (host.empty() || host == "*") {
    return Cat("; for all addresses write \"0.0.0.0:", port, "\" or \"[::]:", port, "\"");
  }
  if (host == "localhost") return Cat("; did you mean \"127.0.0.1:", port, "\"?");
  if (Canonical(AF_INET6, host)) return Cat("; did you mean \"[", host, "]:", port, "\"?");
  return "";
}

}  // namespace

absl::StatusOr<Address> ParseListenAddress(std::string_view text) {
  const auto pieces = Cut(text);
  if (!pieces) return Wrong(kListenExpected, ListenHint(text));
  auto host = CanonicalNumeric(*pieces);
  if (!host) return Wrong(kListenExpected, ListenHint(text));
  const auto port = ParsePort(pieces->port);
  if (!port) return Wrong(kListenExpected, "; a port is 0 to 65535");
  return Address{.host = *std::move(host), .port = *port};
}

absl::StatusOr<Address> ParseServerAddress(std::string_view text) {
  const auto pieces = Cut(text);
  if (!pieces) return Wrong(kServerExpected, "");
  const bool is_bare = pieces->brackets == Pieces::Brackets::kNone;
  auto host = CanonicalNumeric(*pieces);
  if (!host && is_bare && IsHostName(pieces->host)) host = std::string(pieces->host);
  const auto port = ParsePort(pieces->port);
  if (!host && is_bare && port && Canonical(AF_INET6, pieces->host)) {
    return Wrong(kServerExpected,
                 Cat("; did you mean \"[", pieces->host, "]:", pieces->port, "\"?"));
  }
  if (!host) return Wrong(kServerExpected, "");
  if (!port || *port == 0) return Wrong(kServerExpected, "; a server's port is 1 to 65535");
  return Address{.host = *std::move(host), .port = *port};
}

absl::StatusOr<base::SocketAddress> ParseSourceAddress(std::string_view text) {
  base::SocketAddress address;
  const std::string terminated(text);
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) {
    address.family = base::AddressFamily::kIpv4;
  } else if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) {
    address.family = base::AddressFamily::kIpv6;
  } else {
    return Wrong(kSourceExpected, Cut(text) ? "; the kernel chooses the port" : "");
  }
  return address;
}

absl::StatusOr<std::string> ParseRouteHost(std::string_view text) {
  const bool in_brackets = text.starts_with('[') && text.ends_with(']');
  if (in_brackets && Canonical(AF_INET6, text.substr(1, text.size() - 2))) return ToLower(text);
  const std::string_view host = text.substr(0, text.size() - (text.ends_with('.') ? 1 : 0));
  if (host.find('*') != std::string_view::npos) {
    return Wrong(kHostExpected, "; wildcards do not exist, leave \"host\" out for any host");
  }
  if (IsHostName(host) || Canonical(AF_INET, host)) return ToLower(host);
  const auto pieces = Cut(text);
  if (pieces && !pieces->host.empty() && ParsePort(pieces->port)) {
    return Wrong(kHostExpected, "; ports do not count, leave it out");
  }
  return Wrong(kHostExpected, "");
}

std::string AddressText(std::string_view host, uint16_t port) {
  const bool v6 = host.find(':') != std::string_view::npos;
  return v6 ? Cat("[", host, "]:", port) : Cat(host, ":", port);
}

}  // namespace ringway::config
