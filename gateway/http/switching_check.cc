// SPDX-License-Identifier: Apache-2.0
//
// RFC 6455 4.1, the numbered list of what a client checks in the server's handshake.
#include "gateway/http/switching_check.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "gateway/base/check.h"
#include "gateway/http/accept_key.h"
#include "gateway/http/backend_refusals.h"
#include "gateway/http/bytes.h"
#include "gateway/http/list_reader.h"

namespace ringway::http {
namespace {

/// Walks over the names in a Sec-WebSocket-Extensions value, whose parameters may be quoted strings
/// (RFC 6455 9.1) and so may have commas that separate nothing.
class ExtensionReader {
 public:
  explicit ExtensionReader(std::string_view value) : rest_(value) {}

  /// False: there are no more. An element without a name is passed over.
  [[nodiscard]] bool Next(std::string_view* name) {
    while (!rest_.empty()) {
      const std::string_view element = TakeElement();
      const size_t first = element.find_first_not_of(" \t");
      if (first == std::string_view::npos) continue;
      const size_t end = SkipWhile(ByteClass::kToken, element, first);
      *name = element.substr(first, end - first);
      return true;
    }
    return false;
  }

 private:
  /// Up to the next comma outside a quoted string, which is passed.
  std::string_view TakeElement() {
    bool quoted = false;
    size_t at = 0;
    for (; at < rest_.size(); ++at) {
      if (quoted && rest_[at] == '\\') {
        ++at;
      } else if (rest_[at] == '"') {
        quoted = !quoted;
      } else if (rest_[at] == ',' && !quoted) {
        break;
      }
    }
    const std::string_view element = rest_.substr(0, at);
    rest_.remove_prefix(std::min(at + 1, rest_.size()));
    return element;
  }

  std::string_view rest_;
};

bool OffersSubprotocol(const RequestHead& request, std::string_view chosen) {
  for (const std::string_view value : request.subprotocols.Kept()) {
    ListReader reader(value);
    std::string_view offered;
    while (reader.Next(&offered)) {
      if (offered == chosen) return true;
    }
  }
  return false;
}

bool OffersExtension(const RequestHead& request, std::string_view chosen) {
  for (const std::string_view value : request.extensions.Kept()) {
    ExtensionReader reader(value);
    std::string_view offered;
    while (reader.Next(&offered)) {
      if (EqualsIgnoreCase(offered, chosen)) return true;
    }
  }
  return false;
}

/// Whether every name of the list was offered. An element without a name was not, even if the
/// offer is as malformed.
bool OffersExtensions(const RequestHead& request, std::string_view chosen) {
  ExtensionReader reader(chosen);
  std::string_view name;
  while (reader.Next(&name)) {
    if (name.empty() || !OffersExtension(request, name)) return false;
  }
  return true;
}

bool IsAcceptFor(std::string_view websocket_key, const ResponseHead& response) {
  const std::array<char, kAcceptBytes> wanted = WebSocketAccept(websocket_key);
  return response.websocket_accept_count == 1 &&
         response.websocket_accept == std::string_view(wanted.data(), wanted.size());
}

const Refusal* Judge(const ResponseHead& response, const RequestHead& request) {
  if (response.version_minor != 1) return &kBackendSwitchingVersion;
  if (!response.upgrade_to_websocket) return &kBackendSwitchingUpgrade;
  if (!response.connection_upgrade) return &kBackendSwitchingConnection;
  if (!IsAcceptFor(request.websocket_key, response)) return &kBackendAccept;
  if (response.extensions.count > 1) return &kBackendExtensionsRepeated;
  if (!OffersExtensions(request, response.extensions.values[0])) return &kBackendExtension;
  if (response.subprotocols.count > 1) return &kBackendSubprotocolRepeated;
  if (response.subprotocols.count == 1 &&
      !OffersSubprotocol(request, response.subprotocols.values[0])) {
    return &kBackendSubprotocol;
  }
  return nullptr;
}

}  // namespace

SwitchingResult CheckSwitching(const ResponseHead& response, const RequestHead& request,
                               Refusal* refusal) {
  RINGWAY_CHECK_OP(response.status, ==, static_cast<uint16_t>(Status::kSwitchingProtocols));
  const Refusal* why = Judge(response, request);
  if (why == nullptr) return SwitchingResult::kGood;
  *refusal = *why;
  return SwitchingResult::kRefused;
}

}  // namespace ringway::http
