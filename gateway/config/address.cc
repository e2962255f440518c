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
#include "gateway/config/words.h"

namespace ringway::config {
namespace {

constexpr std::string_view kListenExpected =
    R"(expected a numeric address and a port, such as "127.0.0.1:8080" or "[::1]:8080")";
constexpr std::string_view kServerExpected =
    R"(expected a host and a port, such as "127.0.0.1:5000", "[::1]:5000" or "db.internal:5000", )"
    R"(or a unix socket, such as "unix:/run/app.sock")";
constexpr std::string_view kSourceExpected =
    R"(expected a numeric address without a port, such as "192.0.2.7" or "2001:db8::7")";
constexpr std::string_view kRangeExpected =
    R"(expected an address or a range of them, such as "127.0.0.1", "10.0.0.0/8" or )"
    R"("2001:db8::/32")";
constexpr std::string_view kBackendHostExpected =
    R"(expected a host with or without a port, such as "app.internal" or "app.internal:8080")";
constexpr std::string_view kHostExpected =
    R"(expected a host name without a port, such as "example.com")";

constexpr std::string_view kUnixPrefix = "unix:";
constexpr size_t kSocketPathBytesMax = 107;

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

/// An address of either family, no brackets; port 0.
std::optional<base::SocketAddress> ParseNumeric(std::string_view text) {
  // As above.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string terminated(text);
  base::SocketAddress address;
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) {
    address.family = base::AddressFamily::kIpv4;
    return address;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) {
    address.family = base::AddressFamily::kIpv6;
    return address;
  }
  return std::nullopt;
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

absl::StatusOr<Server> ParseUnixServer(std::string_view path) {
  if (IsSocketPath(path)) return Server{.unix_path = std::string(path)};
  return Wrong(kServerExpected,
               "; the path of a socket has at most 107 bytes, no control "
               "character and no \"/\" at its end");
}

uint8_t BitsOf(base::AddressFamily family) {
  return family == base::AddressFamily::kIpv4 ? 32 : 128;
}

/// The bits of a prefix: decimal, without a sign and without zeros in front.
std::optional<uint8_t> ParseBits(std::string_view text, uint8_t bits_max) {
  uint8_t bits = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped_at, error] = std::from_chars(text.data(), end, bits);
  const bool has_zero_in_front = text.size() > 1 && text.front() == '0';
  if (error != std::errc() || stopped_at != end || has_zero_in_front || bits > bits_max) {
    return std::nullopt;
  }
  return bits;
}

/// The range as it has to be written: nothing behind the prefix, IPv4 as IPv4.
base::AddressRange CanonicalRange(base::AddressRange range) {
  for (size_t bit = range.prefix_bits; bit < 8 * range.first.bytes.size(); ++bit) {
    uint8_t& byte = range.first.bytes[bit / 8];
    byte = static_cast<uint8_t>(byte & ~(0x80U >> (bit % 8)));
  }
  const base::SocketAddress plain = base::Unmapped(range.first);
  if (plain == range.first) return range;
  // Mapped: all of the 96 bits in front are set as they must be, so the prefix is no shorter.
  return {.first = plain, .prefix_bits = static_cast<uint8_t>(range.prefix_bits - 96)};
}

std::string RangeHint(std::string_view text) {
  const auto pieces = Cut(text);
  if (pieces && CanonicalNumeric(*pieces)) return "; ports do not count, leave it out";
  return IsHostName(text) ? "; names are not looked up here" : "";
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

bool IsSocketPath(std::string_view text) {
  return text.size() <= kSocketPathBytesMax && text.starts_with('/') && !text.ends_with('/') &&
         std::none_of(text.begin(), text.end(), absl::ascii_iscntrl);
}

absl::StatusOr<Server> ParseServerAddress(std::string_view text) {
  // A host may be called "unix", but no port begins with a slash.
  if (text.starts_with("unix:/")) return ParseUnixServer(text.substr(kUnixPrefix.size()));
  const auto pieces = Cut(text);
  if (!pieces && IsSocketPath(text)) {
    return Wrong(kServerExpected, Cat("; did you mean ", Quoted(Cat(kUnixPrefix, text)), "?"));
  }
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
  if (!port && text.starts_with(kUnixPrefix)) {
    return Wrong(kServerExpected, "; the path of a unix socket begins with \"/\"");
  }
  if (!port || *port == 0) return Wrong(kServerExpected, "; a server's port is 1 to 65535");
  return Server{.host = *std::move(host), .port = *port};
}

absl::StatusOr<base::SocketAddress> ParseSourceAddress(std::string_view text) {
  const auto address = ParseNumeric(text);
  if (address) return *address;
  return Wrong(kSourceExpected, Cut(text) ? "; the kernel chooses the port" : "");
}

absl::StatusOr<base::AddressRange> ParseAddressRange(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = ParseNumeric(text.substr(0, slash));
  if (!address) return Wrong(kRangeExpected, RangeHint(text));
  base::AddressRange range{.first = *address, .prefix_bits = BitsOf(address->family)};
  if (slash != std::string_view::npos) {
    const auto bits = ParseBits(text.substr(slash + 1), range.prefix_bits);
    if (!bits) {
      return Wrong(kRangeExpected, Cat("; behind \"/\" stands how many bits of the address "
                                       "count, 0 to ",
                                       range.prefix_bits));
    }
    range.prefix_bits = *bits;
  }
  const base::AddressRange canonical = CanonicalRange(range);
  if (canonical == range) return range;
  const std::string_view reason = canonical.first.family != range.first.family
                                      ? "IPv4 is written as IPv4"
                                      : "no bit is set behind the prefix";
  return Wrong(kRangeExpected,
               Cat("; ", reason, ", did you mean \"", AddressRangeText(canonical), "\"?"));
}

absl::StatusOr<std::string> ParseBackendHost(std::string_view text) {
  const auto is_host = [](const Pieces& pieces) {
    const bool is_bare = pieces.brackets == Pieces::Brackets::kNone;
    return CanonicalNumeric(pieces) || (is_bare && IsHostName(pieces.host));
  };
  const bool in_brackets = text.starts_with('[') && text.ends_with(']');
  const bool is_ipv6 = in_brackets && Canonical(AF_INET6, text.substr(1, text.size() - 2));
  if (is_ipv6 || is_host({.host = text})) return std::string(text);
  if (text.find("://") != std::string_view::npos) {
    return Wrong(kBackendHostExpected, "; a host has no scheme and no path");
  }
  if (Canonical(AF_INET6, text)) {
    return Wrong(kBackendHostExpected, Cat("; did you mean \"[", text, "]\"?"));
  }
  const auto pieces = Cut(text);
  if (!pieces || !is_host(*pieces)) return Wrong(kBackendHostExpected, "");
  const auto port = ParsePort(pieces->port);
  if (!port || *port == 0) return Wrong(kBackendHostExpected, "; a port is 1 to 65535");
  return std::string(text);
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

std::string ServerText(const Server& server) {
  return server.unix_path.empty() ? AddressText(server.host, server.port)
                                  : Cat(kUnixPrefix, server.unix_path);
}

std::string AddressRangeText(const base::AddressRange& range) {
  const bool is_one = range.prefix_bits == BitsOf(range.first.family);
  return is_one ? range.first.HostText() : Cat(range.first.HostText(), "/", range.prefix_bits);
}

}  // namespace ringway::config
