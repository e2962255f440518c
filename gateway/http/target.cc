// SPDX-License-Identifier: Apache-2.0
//
// The grammar of RFC 3986 and RFC 9112 3.2 as far as a gateway needs it.
#include "gateway/http/target.h"

#include <cstdint>

#include "gateway/http/bytes.h"
#include "gateway/http/refusals.h"

namespace ringway::http {
namespace {

constexpr uint32_t kPortMax = 65535;

/// The end of a reg-name or IPv4 address at the front of `text`; a bad percent-encoding ends it.
size_t EndOfName(std::string_view text) {
  size_t at = SkipWhile(ByteClass::kHost, text, 0);
  while (at + 2 < text.size() && text[at] == '%' && Is(ByteClass::kHex, text[at + 1]) &&
         Is(ByteClass::kHex, text[at + 2])) {
    at = SkipWhile(ByteClass::kHost, text, at + 3);
  }
  return at;
}

/// The end of an address in brackets at the front of `text`; 0: it is none.
size_t EndOfBracketed(std::string_view text) {
  size_t at = 1;
  while (at < text.size() && (Is(ByteClass::kHex, text[at]) || text[at] == ':' || text[at] == '.'))
    ++at;
  // "[::]" is the shortest.
  return at >= 3 && at < text.size() && text[at] == ']' ? at + 1 : 0;
}

/// Nothing, or ":" and digits; RFC 3986 3.2.3 allows none behind the colon.
bool IsPortPart(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] != ':') return false;
  uint32_t port = 0;
  for (const char digit : text.substr(1)) {
    if (digit < '0' || digit > '9') return false;
    port = port * 10 + static_cast<uint32_t>(digit - '0');
    if (port > kPortMax) return false;
  }
  return true;
}

/// What follows "http://" and its like; npos: another form.
size_t EndOfScheme(std::string_view sent) {
  for (const std::string_view scheme : {"http://", "https://", "ws://", "wss://"}) {
    if (EqualsIgnoreCase(sent.substr(0, scheme.size()), scheme)) return scheme.size();
  }
  return std::string_view::npos;
}

}  // namespace

bool IsHost(std::string_view text) {
  if (text.empty()) return false;
  const size_t end = text[0] == '[' ? EndOfBracketed(text) : EndOfName(text);
  return end != 0 && IsPortPart(text.substr(end));
}

const Refusal* ReadTarget(std::string_view sent, Target* target) {
  Target found;
  std::string_view rest = sent;
  if (!sent.starts_with('/')) {
    const size_t begin = EndOfScheme(sent);
    if (begin == std::string_view::npos) return &kTargetForm;
    found.host = sent.substr(begin, sent.find_first_of("/?#", begin) - begin);
    if (!IsHost(found.host)) return &kTargetHostMalformed;
    rest = sent.substr(begin + found.host.size());
  }
  if (rest.find('#') != std::string_view::npos) return &kTargetFragment;
  const size_t question = rest.find('?');
  if (question != 0 && !rest.empty()) found.path = rest.substr(0, question);
  found.has_query = question != std::string_view::npos;
  if (found.has_query) found.query = rest.substr(question + 1);
  *target = found;
  return nullptr;
}

}  // namespace ringway::http
