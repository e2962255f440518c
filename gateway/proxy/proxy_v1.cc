// SPDX-License-Identifier: Apache-2.0
//
// Version 1, a line of text: `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443` and CRLF.
// Addresses are judged with inet_pton(3), which is a function of its text alone.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "gateway/proxy/forms.h"
#include "gateway/proxy/proxy_header.h"

namespace ringway::proxy {
namespace {

using base::AddressFamily;
using base::SocketAddress;

/// Longest text of an address. IPv6 as the specification has it needs 39; mapped IPv4 with dots,
/// which inet_ntop(3) writes and senders therefore send, is shorter in its usual form.
constexpr size_t kIpv4TextMax = 15;
constexpr size_t kIpv6TextMax = 39;

/// Specification 2.1, from left to right: every step judges what is there of its part and answers
/// kWhole when the next part begins, so the first fault in the line is the answer however it came.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : rest_(line) {}

  ParseResult Read(Header* out);

  size_t bytes_left() const { return rest_.size(); }
  std::string_view reason() const { return reason_; }

 private:
  ParseResult ReadAddresses(AddressFamily family, Header* out);
  ParseResult Expect(std::string_view text);
  ParseResult SkipToEnd();
  ParseResult TakeAddress(AddressFamily family, SocketAddress* out);
  ParseResult TakePort(char end, uint16_t* out);
  ParseResult Refuse(std::string_view reason);

  std::string_view rest_;
  std::string_view reason_;
};

ParseResult LineReader::Read(Header* out) {
  ParseResult result = Expect("PROXY ");
  if (result != ParseResult::kWhole) return result;
  if (rest_.empty()) return ParseResult::kNeedMore;
  if (rest_.front() == 'U') {
    result = Expect("UNKNOWN");
    return result == ParseResult::kWhole ? SkipToEnd() : result;
  }
  result = Expect("TCP");
  if (result != ParseResult::kWhole) return result;
  if (rest_.empty()) return ParseResult::kNeedMore;
  const bool is_ipv6 = rest_.front() == '6';
  result = Expect(is_ipv6 ? "6 " : "4 ");
  if (result != ParseResult::kWhole) return result;
  return ReadAddresses(is_ipv6 ? AddressFamily::kIpv6 : AddressFamily::kIpv4, out);
}

ParseResult LineReader::ReadAddresses(AddressFamily family, Header* out) {
  ParseResult result = TakeAddress(family, &out->source);
  if (result == ParseResult::kWhole) result = TakeAddress(family, &out->destination);
  if (result == ParseResult::kWhole) result = TakePort(' ', &out->source.port);
  if (result == ParseResult::kWhole) result = TakePort('\r', &out->destination.port);
  if (result == ParseResult::kWhole) result = Expect("\n");
  return result;
}

ParseResult LineReader::Expect(std::string_view text) {
  const size_t seen = std::min(text.size(), rest_.size());
  if (rest_.substr(0, seen) != text.substr(0, seen)) {
    return Refuse("PROXY line does not have the form of version 1");
  }
  if (seen < text.size()) return ParseResult::kNeedMore;
  rest_.remove_prefix(seen);
  return ParseResult::kWhole;
}

/// What stands behind UNKNOWN counts for nothing, but it ends with CRLF and holds neither alone.
ParseResult LineReader::SkipToEnd() {
  if (rest_.empty()) return ParseResult::kNeedMore;
  if (rest_.front() == ' ') {
    const size_t end = rest_.find_first_of("\r\n");
    if (end == std::string_view::npos) return ParseResult::kNeedMore;
    rest_.remove_prefix(end);
  }
  return Expect("\r\n");
}

ParseResult LineReader::TakeAddress(AddressFamily family, SocketAddress* out) {
  const bool is_ipv6 = family == AddressFamily::kIpv6;
  const std::string_view allowed = is_ipv6 ? "0123456789abcdefABCDEF:." : "0123456789.";
  const size_t bytes_max = is_ipv6 ? kIpv6TextMax : kIpv4TextMax;
  const size_t bytes = std::min(rest_.find_first_not_of(allowed), rest_.size());
  if (bytes > bytes_max) return Refuse("PROXY line has an address that is too long");
  if (bytes == rest_.size()) return ParseResult::kNeedMore;
  if (rest_[bytes] != ' ') return Refuse("PROXY line has a byte that no such address has");

  std::array<char, kIpv6TextMax + 1> terminated{};
  std::copy_n(rest_.begin(), bytes, terminated.begin());
  if (inet_pton(is_ipv6 ? AF_INET6 : AF_INET, terminated.data(), out->bytes.data()) != 1) {
    return Refuse("PROXY line has an address that is not valid");
  }
  out->family = family;
  rest_.remove_prefix(bytes + 1);
  return ParseResult::kWhole;
}

ParseResult LineReader::TakePort(char end, uint16_t* out) {
  uint32_t port = 0;
  size_t digits = 0;
  for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
    const bool has_heading_zero = digits > 0 && port == 0;
    port = port * 10 + static_cast<uint32_t>(rest_[digits] - '0');
    if (has_heading_zero || port > 0xffff) return Refuse("PROXY line has a port that is not valid");
  }
  if (digits == rest_.size()) return ParseResult::kNeedMore;
  if (digits == 0 || rest_[digits] != end) return Refuse("PROXY line has a port that is not valid");
  *out = static_cast<uint16_t>(port);
  rest_.remove_prefix(digits + 1);
  return ParseResult::kWhole;
}

ParseResult LineReader::Refuse(std::string_view reason) {
  reason_ = reason;
  return ParseResult::kRefused;
}

class LineWriter {
 public:
  void Append(std::string_view text) {
    std::copy(text.begin(), text.end(), line_.begin() + bytes_);
    bytes_ += text.size();
  }

  void AppendNumber(unsigned number, int base) {
    char* const end =
        std::to_chars(line_.data() + bytes_, line_.data() + line_.size(), number, base).ptr;
    bytes_ = static_cast<size_t>(end - line_.data());
  }

  /// IPv6 as eight groups: shorter forms exist, and not every reader takes all of them.
  void AppendAddress(const SocketAddress& address) {
    const bool is_ipv6 = address.family == AddressFamily::kIpv6;
    const size_t group_bytes = is_ipv6 ? 2 : 1;
    const size_t address_bytes = is_ipv6 ? 16 : 4;
    for (size_t i = 0; i < address_bytes; i += group_bytes) {
      if (i > 0) Append(is_ipv6 ? ":" : ".");
      const unsigned low = address.bytes[i + group_bytes - 1];
      AppendNumber(is_ipv6 ? address.bytes[i] << 8 | low : low, is_ipv6 ? 16 : 10);
    }
  }

  std::string_view line() const { return {line_.data(), bytes_}; }

 private:
  std::array<char, kV1BytesMax> line_;
  size_t bytes_ = 0;
};

}  // namespace

ParseResult ParseV1(std::string_view bytes, Header* out, std::string_view* reason) {
  const std::string_view line = bytes.substr(0, kV1BytesMax);
  Header header;
  LineReader reader(line);
  const ParseResult result = reader.Read(&header);
  if (result == ParseResult::kRefused) *reason = reader.reason();
  if (result == ParseResult::kNeedMore && line.size() == kV1BytesMax) {
    *reason = "PROXY line is longer than 107 bytes";
    return ParseResult::kRefused;
  }
  if (result != ParseResult::kWhole) return result;
  header.header_bytes = line.size() - reader.bytes_left();
  *out = header;
  return ParseResult::kWhole;
}

size_t BuildProxyV1(const Header& header, std::span<char> out) {
  const Endpoints ends = InOneFamily(header);
  LineWriter writer;
  if (ends.source.family == AddressFamily::kNone) {
    writer.Append("PROXY UNKNOWN");
  } else {
    writer.Append(ends.source.family == AddressFamily::kIpv6 ? "PROXY TCP6 " : "PROXY TCP4 ");
    writer.AppendAddress(ends.source);
    writer.Append(" ");
    writer.AppendAddress(ends.destination);
    writer.Append(" ");
    writer.AppendNumber(ends.source.port, 10);
    writer.Append(" ");
    writer.AppendNumber(ends.destination.port, 10);
  }
  writer.Append("\r\n");
  const std::string_view line = writer.line();
  if (line.size() > out.size()) return 0;
  std::copy(line.begin(), line.end(), out.begin());
  return line.size();
}

}  // namespace ringway::proxy
