// SPDX-License-Identifier: Apache-2.0
//
// Telling the two forms apart, and bringing two addresses into one family.
#include "gateway/proxy/proxy_header.h"

#include "gateway/base/address_range.h"
#include "gateway/proxy/forms.h"

namespace ringway::proxy {

using base::AddressFamily;
using base::Mapped;
using base::Unmapped;

ParseResult ParseProxyHeader(std::string_view bytes, Header* out, std::string_view* reason) {
  if (bytes.empty()) return ParseResult::kNeedMore;
  if (bytes.front() == 'P') return ParseV1(bytes, out, reason);
  if (bytes.front() == '\r') return ParseV2(bytes, out, reason);
  *reason = "connection does not begin with a PROXY header";
  return ParseResult::kRefused;
}

Endpoints InOneFamily(const Header& header) {
  const Endpoints plain{Unmapped(header.source), Unmapped(header.destination)};
  if (plain.source.family == AddressFamily::kNone ||
      plain.destination.family == AddressFamily::kNone) {
    return {};
  }
  if (plain.source.family == plain.destination.family) return plain;
  return {Mapped(plain.source), Mapped(plain.destination)};
}

}  // namespace ringway::proxy
