// SPDX-License-Identifier: Apache-2.0
//
// Version 2, binary: a signature, four bytes that say what follows, addresses, and values with type
// and length (TLVs).
#include <algorithm>
#include <array>
#include <cstring>

#include "gateway/proxy/forms.h"
#include "gateway/proxy/proxy_header.h"

namespace ringway::proxy {
namespace {

using base::AddressFamily;
using base::SocketAddress;
using namespace std::string_view_literals;

//  Specification 2.2
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +---------------------------------------------------------------+
//   |  Signature: 0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A (12 bytes)    |
//   |                                                               |
//   |                                                               |
//   +-------+-------+-------+-------+-------------------------------+
//   |Version|Command| Family|Transp.|      Length of what follows   |
//   +-------+-------+-------+-------+-------------------------------+
//   |  Source address, destination address (4, 16 or 108 bytes each)|
//   |  Source port, destination port (2 bytes each; not for UNIX)   |
//   +---------------+-------------------------------+---------------+
//   |     Type      |        Length of Value        |   Value ...
//   +---------------+-------------------------------+---------------+
//
constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr size_t kCommandAt = 12;
constexpr size_t kFamilyAt = 13;
constexpr size_t kLengthAt = 14;
static_assert(kSignature.size() == kCommandAt && kLengthAt + 2 == kV2FixedBytes);

constexpr uint8_t kVersion = 0x20;
constexpr uint8_t kUnspecified = 0x00;
constexpr uint8_t kTcpOverIpv4 = 0x11;
constexpr uint8_t kTcpOverIpv6 = 0x21;

constexpr size_t kTlvHeadBytes = 3;
constexpr uint8_t kTlvAuthority = 0x02;
constexpr uint8_t kTlvChecksum = 0x03;
constexpr size_t kChecksumBytes = 4;

constexpr size_t kNoSuchFamily = ~size_t{0};

/// Bytes of addresses and ports, by family and transport (specification 2.2).
size_t AddressBlockBytes(uint8_t family) {
  switch (family) {
    case kUnspecified:
      return 0;
    case kTcpOverIpv4:
    case 0x12:  // UDP
      return 2 * (4 + 2);
    case kTcpOverIpv6:
    case 0x22:  // UDP
      return 2 * (16 + 2);
    case 0x31:  // UNIX, stream and datagram
    case 0x32:
      return 2 * size_t{108};
    default:
      return kNoSuchFamily;
  }
}

uint8_t ByteAt(std::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

uint16_t Uint16At(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(ByteAt(bytes, at) << 8 | ByteAt(bytes, at + 1));
}

/// What the fixed bytes that have come show, byte for byte; empty: no fault.
std::string_view FixedFault(std::string_view bytes) {
  const size_t seen = std::min(bytes.size(), kSignature.size());
  if (bytes.substr(0, seen) != kSignature.substr(0, seen)) {
    return "PROXY signature of version 2 is not complete";
  }
  if (bytes.size() <= kCommandAt) return {};
  const uint8_t command = ByteAt(bytes, kCommandAt);
  if ((command & 0xf0) != kVersion) return "PROXY header has an unknown version";
  if ((command & 0x0f) > 1) return "PROXY header has an unknown command";
  if (bytes.size() <= kFamilyAt) return {};
  // A local connection's family is ignored.
  const bool is_local = (command & 0x0f) == 0;
  const size_t address_bytes = is_local ? 0 : AddressBlockBytes(ByteAt(bytes, kFamilyAt));
  if (address_bytes == kNoSuchFamily) return "PROXY header has an unknown family or transport";
  if (bytes.size() <= kLengthAt) return {};
  // Of the first byte alone: the least length that can still come.
  const size_t length = bytes.size() < kV2FixedBytes ? size_t{ByteAt(bytes, kLengthAt)} << 8
                                                     : Uint16At(bytes, kLengthAt);
  if (length > kV2BlockBytesMax) return "PROXY header is too long";
  if (bytes.size() >= kV2FixedBytes && length < address_bytes) {
    return "PROXY header is too short for its addresses";
  }
  return {};
}

void ReadAddresses(std::string_view block, AddressFamily family, Header* out) {
  const size_t address_bytes = family == AddressFamily::kIpv6 ? 16 : 4;
  std::memcpy(out->source.bytes.data(), block.data(), address_bytes);
  std::memcpy(out->destination.bytes.data(), block.data() + address_bytes, address_bytes);
  out->source.family = family;
  out->destination.family = family;
  out->source.port = Uint16At(block, 2 * address_bytes);
  out->destination.port = Uint16At(block, 2 * address_bytes + 2);
}

/// CRC-32C (RFC 4960 appendix B), bit by bit: few senders ask for it, once in a connection.
uint32_t ChecksumStep(uint32_t crc, uint8_t byte) {
  constexpr uint32_t kReversedPolynomial = 0x82f63b78;
  crc ^= byte;
  for (int bit = 0; bit < 8; ++bit) {
    crc = crc >> 1 ^ ((crc & 1) != 0 ? kReversedPolynomial : 0);
  }
  return crc;
}

/// Specification 2.2.3: over the whole header, as if the value itself, at `value_at`, were zero.
bool ChecksumHolds(std::string_view header, size_t value_at) {
  uint32_t crc = ~uint32_t{0};
  for (size_t i = 0; i < header.size(); ++i) {
    const bool is_value = i >= value_at && i < value_at + kChecksumBytes;
    crc = ChecksumStep(crc, is_value ? uint8_t{0} : ByteAt(header, i));
  }
  const uint32_t sent =
      static_cast<uint32_t>(Uint16At(header, value_at)) << 16 | Uint16At(header, value_at + 2);
  return sent == ~crc;
}

bool HasControlOrSpace(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return byte <= ' ' || byte == 0x7f;
  });
}

/// Walks the TLVs from `at` to the end of `header`; returns the fault, or empty.
std::string_view ReadTlvs(std::string_view header, size_t at, Header* out) {
  bool has_authority = false;
  while (at < header.size()) {
    if (header.size() - at < kTlvHeadBytes) return "PROXY header ends inside a TLV";
    const uint8_t type = ByteAt(header, at);
    const size_t value_bytes = Uint16At(header, at + 1);
    at += kTlvHeadBytes;
    if (header.size() - at < value_bytes) return "PROXY header ends inside a TLV";
    const std::string_view value = header.substr(at, value_bytes);
    if (type == kTlvAuthority) {
      if (has_authority) return "PROXY header has two authorities";
      if (HasControlOrSpace(value)) return "PROXY header's authority is not a host name";
      has_authority = true;
      out->authority = value;
    }
    if (type == kTlvChecksum && (value_bytes != kChecksumBytes || !ChecksumHolds(header, at))) {
      return "PROXY header does not have its checksum";
    }
    at += value_bytes;
  }
  return {};
}

/// Reads what follows the fixed bytes of a whole header; returns the fault, or empty.
std::string_view ReadBlock(std::string_view header, Header* out) {
  if ((ByteAt(header, kCommandAt) & 0x0f) == 0) {
    // Whatever else it carries is to be discarded, and may be anything.
    out->command = Command::kLocal;
    return {};
  }
  const uint8_t family = ByteAt(header, kFamilyAt);
  const std::string_view block = header.substr(kV2FixedBytes);
  if (family == kTcpOverIpv4) ReadAddresses(block, AddressFamily::kIpv4, out);
  if (family == kTcpOverIpv6) ReadAddresses(block, AddressFamily::kIpv6, out);
  return ReadTlvs(header, kV2FixedBytes + AddressBlockBytes(family), out);
}

/// REQUIRES: room for all that is appended.
class BlockWriter {
 public:
  explicit BlockWriter(std::span<char> out) : out_(out) {}

  void Append(std::string_view text) {
    std::copy(text.begin(), text.end(), out_.begin() + bytes_);
    bytes_ += text.size();
  }
  void AppendByte(uint8_t byte) { out_[bytes_++] = static_cast<char>(byte); }
  void AppendUint16(size_t number) {
    AppendByte(static_cast<uint8_t>(number >> 8));
    AppendByte(static_cast<uint8_t>(number));
  }
  void AppendAddress(const SocketAddress& address) {
    const size_t address_bytes = address.family == AddressFamily::kIpv6 ? 16 : 4;
    for (size_t i = 0; i < address_bytes; ++i) AppendByte(address.bytes[i]);
  }

 private:
  std::span<char> out_;
  size_t bytes_ = 0;
};

uint8_t FamilyByte(AddressFamily family) {
  if (family == AddressFamily::kNone) return kUnspecified;
  return family == AddressFamily::kIpv6 ? kTcpOverIpv6 : kTcpOverIpv4;
}

}  // namespace

ParseResult ParseV2(std::string_view bytes, Header* out, std::string_view* reason) {
  std::string_view fault = FixedFault(bytes);
  Header header;
  if (fault.empty()) {
    if (bytes.size() < kV2FixedBytes) return ParseResult::kNeedMore;
    header.header_bytes = kV2FixedBytes + Uint16At(bytes, kLengthAt);
    if (bytes.size() < header.header_bytes) return ParseResult::kNeedMore;
    fault = ReadBlock(bytes.substr(0, header.header_bytes), &header);
  }
  if (!fault.empty()) {
    *reason = fault;
    return ParseResult::kRefused;
  }
  *out = header;
  return ParseResult::kWhole;
}

size_t BuildProxyV2(const Header& header, std::span<char> out) {
  const bool is_local = header.command == Command::kLocal;
  const Endpoints ends = is_local ? Endpoints{} : InOneFamily(header);
  const std::string_view authority = is_local ? std::string_view{} : header.authority;
  const uint8_t family = FamilyByte(ends.source.family);
  const size_t block_bytes =
      AddressBlockBytes(family) + (authority.empty() ? 0 : kTlvHeadBytes + authority.size());
  if (block_bytes > kV2BlockBytesMax || kV2FixedBytes + block_bytes > out.size()) return 0;

  BlockWriter writer(out);
  writer.Append(kSignature);
  writer.AppendByte(static_cast<uint8_t>(kVersion | (is_local ? 0 : 1)));
  writer.AppendByte(family);
  writer.AppendUint16(block_bytes);
  if (family != kUnspecified) {
    writer.AppendAddress(ends.source);
    writer.AppendAddress(ends.destination);
    writer.AppendUint16(ends.source.port);
    writer.AppendUint16(ends.destination.port);
  }
  if (!authority.empty()) {
    writer.AppendByte(kTlvAuthority);
    writer.AppendUint16(authority.size());
    writer.Append(authority);
  }
  return kV2FixedBytes + block_bytes;
}

}  // namespace ringway::proxy
