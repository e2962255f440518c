// SPDX-License-Identifier: Apache-2.0
//
// What is built reads back the same, in every chunking: a reader that sees the bytes come sees no
// answer before the last byte and the same answer ever after. Damaged headers get one verdict.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string>

#include "gateway/proxy/proxy_header.h"

namespace ringway::proxy {
namespace {

using base::AddressFamily;
using base::SocketAddress;

struct Answer {
  ParseResult result = ParseResult::kNeedMore;
  Header header;
  std::string authority;
  std::string reason;
};

/// From a block of the exact size, so that a look beyond it is seen by the sanitizer.
Answer Parse(std::string_view bytes) {
  const std::unique_ptr<char[]> block(new char[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), block.get());
  Answer answer;
  std::string_view reason;
  answer.result = ParseProxyHeader({block.get(), bytes.size()}, &answer.header, &reason);
  answer.authority = answer.header.authority;
  answer.header.authority = {};
  answer.reason = reason;
  return answer;
}

void ExpectSame(const Answer& a, const Answer& b) {
  EXPECT_EQ(a.result, b.result);
  EXPECT_EQ(a.header.command, b.header.command);
  EXPECT_EQ(a.header.source, b.header.source);
  EXPECT_EQ(a.header.destination, b.header.destination);
  EXPECT_EQ(a.header.header_bytes, b.header.header_bytes);
  EXPECT_EQ(a.authority, b.authority);
  EXPECT_EQ(a.reason, b.reason);
}

/// Every chunking is a choice among the prefixes: each must say nothing, or what the whole says.
void ExpectOneAnswer(std::string_view bytes) {
  const Answer whole = Parse(bytes);
  bool is_decided = false;
  for (size_t prefix = 0; prefix <= bytes.size(); ++prefix) {
    const Answer early = Parse(bytes.substr(0, prefix));
    if (early.result == ParseResult::kNeedMore) {
      EXPECT_FALSE(is_decided) << "an answer was taken back";
      EXPECT_EQ(early.header.header_bytes, 0u);
      continue;
    }
    EXPECT_GE(prefix, whole.header.header_bytes);
    is_decided = true;
    ExpectSame(early, whole);
  }
}

class HeaderMaker {
 public:
  explicit HeaderMaker(uint32_t seed) : random_(seed) {}

  size_t Below(size_t bound) {
    return std::uniform_int_distribution<size_t>(0, bound - 1)(random_);
  }

  Header Make() {
    Header header;
    header.command = Below(8) == 0 ? Command::kLocal : Command::kProxy;
    header.source = MakeAddress();
    header.destination = MakeAddress();
    authority_.clear();
    if (Below(2) == 0) authority_.assign(Below(300), 'a');
    for (char& byte : authority_) byte = static_cast<char>('!' + Below('~' - '!'));
    header.authority = authority_;
    return header;
  }

 private:
  SocketAddress MakeAddress() {
    SocketAddress address;
    const size_t kind = Below(9);
    if (kind == 0) return address;
    address.family = kind < 4 ? AddressFamily::kIpv4 : AddressFamily::kIpv6;
    address.port = static_cast<uint16_t>(Below(4) == 0 ? 65535 * Below(2) : Below(65536));
    const size_t bytes = kind < 4 ? 4 : 16;
    for (size_t i = 0; i < bytes; ++i) {
      address.bytes[i] = Below(3) == 0 ? 0 : static_cast<uint8_t>(Below(256));
    }
    if (kind == 8) std::fill_n(address.bytes.begin(), 10, uint8_t{0});
    if (kind == 8) std::fill_n(address.bytes.begin() + 10, 2, uint8_t{0xff});
    return address;
  }

  std::mt19937 random_;
  std::string authority_;
};

/// IPv4 in its sixteen bytes, whatever the family: addresses that mean the same are equal.
std::array<uint8_t, 16> Meaning(const SocketAddress& address) {
  if (address.family == AddressFamily::kIpv6) return address.bytes;
  std::array<uint8_t, 16> mapped{};
  mapped[10] = mapped[11] = 0xff;
  std::copy_n(address.bytes.begin(), 4, mapped.begin() + 12);
  return mapped;
}

void ExpectMeant(const Header& read, const Header& built) {
  const bool has_addresses = built.source.family != AddressFamily::kNone &&
                             built.destination.family != AddressFamily::kNone;
  ASSERT_EQ(read.HasAddresses(), has_addresses);
  EXPECT_EQ(read.source.family, read.destination.family);
  if (!has_addresses) return;
  EXPECT_EQ(Meaning(read.source), Meaning(built.source));
  EXPECT_EQ(Meaning(read.destination), Meaning(built.destination));
  EXPECT_EQ(read.source.port, built.source.port);
  EXPECT_EQ(read.destination.port, built.destination.port);
}

std::string BuildV1(const Header& header) {
  std::array<char, kV1BytesMax> out;
  return {out.data(), BuildProxyV1(header, out)};
}

std::string BuildV2(const Header& header) {
  std::array<char, V2BytesMax(300)> out;
  return {out.data(), BuildProxyV2(header, out)};
}

TEST(ProxyRoundTrip, Version1ReadsBackInEveryChunking) {
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    HeaderMaker maker(seed);
    const Header header = maker.Make();
    const std::string line = BuildV1(header);
    const Answer answer = Parse(line + "GET");
    ASSERT_EQ(answer.result, ParseResult::kWhole) << line << answer.reason;
    EXPECT_EQ(answer.header.header_bytes, line.size());
    ExpectMeant(answer.header, header);
    ExpectOneAnswer(line + "GET");
    if (HasFailure()) FAIL() << "seed " << seed << ": " << line;
  }
}

TEST(ProxyRoundTrip, Version2ReadsBackInEveryChunking) {
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    HeaderMaker maker(seed);
    const Header header = maker.Make();
    const std::string block = BuildV2(header);
    const Answer answer = Parse(block + "GET");
    ASSERT_EQ(answer.result, ParseResult::kWhole) << answer.reason;
    EXPECT_EQ(answer.header.header_bytes, block.size());
    EXPECT_EQ(answer.header.command, header.command);
    const bool is_local = header.command == Command::kLocal;
    ExpectMeant(answer.header, is_local ? Header{} : header);
    EXPECT_EQ(answer.authority, is_local ? "" : header.authority);
    ExpectOneAnswer(block + "GET");
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(ProxyRoundTrip, DamagedHeadersGetOneVerdictInEveryChunking) {
  size_t refused = 0;
  for (uint32_t seed = 0; seed < 6000; ++seed) {
    HeaderMaker maker(seed);
    const Header header = maker.Make();
    std::string bytes = seed % 2 == 0 ? BuildV1(header) : BuildV2(header);
    for (size_t i = 1 + maker.Below(2); i > 0; --i) {
      char& byte = bytes[maker.Below(bytes.size())];
      byte = static_cast<char>(byte ^ (1 << maker.Below(8)));
    }
    bytes += "GET / HTTP/1.1\r\n\r\n";
    ExpectOneAnswer(bytes);
    refused += Parse(bytes).result == ParseResult::kRefused ? 1 : 0;
    if (HasFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_GT(refused, 1500u) << "the damage hardly ever shows";
}

TEST(ProxyRoundTrip, AddressesAsTheSystemWritesThemAreRead) {
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    HeaderMaker maker(seed);
    const Header header = maker.Make();
    const bool is_ipv6 = header.source.family == AddressFamily::kIpv6;
    if (!header.HasAddresses() || header.destination.family != header.source.family) continue;
    std::array<char, INET6_ADDRSTRLEN> source;
    std::array<char, INET6_ADDRSTRLEN> destination;
    const int family = is_ipv6 ? AF_INET6 : AF_INET;
    inet_ntop(family, header.source.bytes.data(), source.data(), source.size());
    inet_ntop(family, header.destination.bytes.data(), destination.data(), destination.size());
    const std::string line = std::string(is_ipv6 ? "PROXY TCP6 " : "PROXY TCP4 ") + source.data() +
                             " " + destination.data() + " " + std::to_string(header.source.port) +
                             " " + std::to_string(header.destination.port) + "\r\n";
    const Answer answer = Parse(line);
    ASSERT_EQ(answer.result, ParseResult::kWhole) << line << answer.reason;
    EXPECT_EQ(answer.header.source, header.source) << line;
    EXPECT_EQ(answer.header.destination, header.destination) << line;
  }
}

}  // namespace
}  // namespace ringway::proxy
