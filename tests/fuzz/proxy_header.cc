// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the PROXY header: whatever comes, in whatever pieces, has one answer; what it answers lies
// inside the bytes that came, and can be sent on and read again.
//
// Input: the first bytes of a connection.
#include "gateway/proxy/proxy_header.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/check.h"

namespace {

using ringway::proxy::Command;
using ringway::proxy::Header;
using ringway::proxy::kHeaderBytesMax;
using ringway::proxy::kV1BytesMax;
using ringway::proxy::ParseResult;

/// Beyond so many bytes prefixes are tried at growing distances: all of them would be quadratic.
constexpr size_t kEveryPrefixBytes = 512;

struct Answer {
  ParseResult result = ParseResult::kNeedMore;
  Header header;
  std::string_view reason;
};

Answer Parse(std::string_view bytes) {
  Answer answer;
  answer.result = ringway::proxy::ParseProxyHeader(bytes, &answer.header, &answer.reason);
  return answer;
}

void CheckHeader(const Header& header, std::string_view bytes) {
  RINGWAY_CHECK(header.header_bytes > 0 && header.header_bytes <= kHeaderBytesMax);
  RINGWAY_CHECK(header.header_bytes <= bytes.size());
  RINGWAY_CHECK(header.source.family == header.destination.family);
  RINGWAY_CHECK(header.command == Command::kProxy || !header.HasAddresses());
  if (header.authority.empty()) return;
  const char* const end = bytes.data() + header.header_bytes;
  RINGWAY_CHECK(header.authority.data() >= bytes.data());
  RINGWAY_CHECK(header.authority.data() + header.authority.size() <= end);
}

/// Once refused always refused, for the same reason; once whole always the same header.
void CheckPrefix(std::string_view bytes, const Answer& whole) {
  // A copy of its own size, so that a look beyond it is seen by the sanitizer.
  const std::vector<char> prefix(bytes.begin(), bytes.end());
  const Answer early = Parse({prefix.data(), prefix.size()});
  if (early.result == ParseResult::kNeedMore) return;
  RINGWAY_CHECK(early.result == whole.result);
  RINGWAY_CHECK(early.reason == whole.reason);
  RINGWAY_CHECK_OP(early.header.header_bytes, ==, whole.header.header_bytes);
  RINGWAY_CHECK(early.header.source == whole.header.source);
  RINGWAY_CHECK(early.header.authority == whole.header.authority);
}

using Builder = size_t (*)(const Header&, std::span<char>);

/// What was read is sent on by a proxy behind us, and so on: it stays what it is.
void CheckSentOn(Builder build, const Header& header) {
  std::array<char, kHeaderBytesMax> first;
  const size_t first_bytes = build(header, first);
  RINGWAY_CHECK(first_bytes > 0);
  const Answer again = Parse({first.data(), first_bytes});
  RINGWAY_CHECK(again.result == ParseResult::kWhole);
  RINGWAY_CHECK_OP(again.header.header_bytes, ==, first_bytes);
  RINGWAY_CHECK(again.header.HasAddresses() == header.HasAddresses());
  RINGWAY_CHECK_OP(again.header.source.port, ==, header.source.port);
  RINGWAY_CHECK_OP(again.header.destination.port, ==, header.destination.port);
  std::array<char, kHeaderBytesMax> second;
  const size_t second_bytes = build(again.header, second);
  RINGWAY_CHECK(std::equal(first.begin(), first.begin() + first_bytes, second.begin(),
                           second.begin() + second_bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t input_bytes) {
  const std::string text(input, input + input_bytes);
  const std::string_view bytes = text;
  const Answer whole = Parse(bytes);
  RINGWAY_CHECK((whole.result == ParseResult::kRefused) == !whole.reason.empty());
  if (whole.result == ParseResult::kNeedMore) {
    RINGWAY_CHECK(bytes.size() < (bytes.starts_with('P') ? kV1BytesMax : kHeaderBytesMax));
  }
  if (whole.result == ParseResult::kWhole) {
    CheckHeader(whole.header, bytes);
    CheckSentOn(ringway::proxy::BuildProxyV1, whole.header);
    CheckSentOn(ringway::proxy::BuildProxyV2, whole.header);
  }
  for (size_t prefix_bytes = 0; prefix_bytes <= bytes.size();) {
    CheckPrefix(bytes.substr(0, prefix_bytes), whole);
    prefix_bytes += prefix_bytes < kEveryPrefixBytes ? 1 : prefix_bytes / 8;
  }
  if (whole.result != ParseResult::kNeedMore) {
    const std::string more = text + "GET";
    const Answer longer = Parse(more);
    RINGWAY_CHECK(longer.result == whole.result && longer.reason == whole.reason);
    RINGWAY_CHECK_OP(longer.header.header_bytes, ==, whole.header.header_bytes);
  }
  return 0;
}
