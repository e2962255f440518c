// SPDX-License-Identifier: Apache-2.0
//
// The server's side of the opening handshake, RFC 6455 4.2.1 and 4.2.2: is it one, is it a good
// one, which subprotocol.
#include <algorithm>
#include <array>

#include "gateway/http/accept_key.h"
#include "gateway/http/bytes.h"
#include "gateway/http/extension_list.h"
#include "gateway/http/list_reader.h"
#include "gateway/http/refusals.h"
#include "gateway/http/request_head.h"

namespace ringway::http {
namespace {

constexpr std::string_view kWebSocketVersionSpoken = "13";
/// 16 bytes in base64 (RFC 4648 4): 22 digits for 128 bits, and padding to a multiple of four.
constexpr std::string_view kKeyPadding = "==";
constexpr size_t kKeyDigits = kKeyBytes - kKeyPadding.size();

/// The last digit has four bits too many. They need not be zero: RFC 4648 3.5 lets a decoder accept
/// that, and nobody ever decodes the key.
bool IsKey(std::string_view text) {
  return text.size() == kKeyBytes && text.ends_with(kKeyPadding) &&
         IsAll(ByteClass::kBase64, text.substr(0, kKeyDigits));
}

const Refusal* JudgeSubprotocols(const ListFields& fields) {
  std::array<std::string_view, kSubprotocolsOfferedMax> seen;
  size_t seen_count = 0;
  for (const std::string_view value : fields.Kept()) {
    ListReader reader(value);
    std::string_view name;
    while (reader.Next(&name)) {
      if (!IsAll(ByteClass::kToken, name)) return &kSubprotocolMalformed;
      auto* const seen_end = seen.data() + seen_count;
      if (std::find(seen.data(), seen_end, name) != seen_end) return &kSubprotocolRepeated;
      if (seen_count == seen.size()) return &kSubprotocolsTooMany;
      seen[seen_count++] = name;
    }
  }
  return fields.count > 0 && seen_count == 0 ? &kSubprotocolMissing : nullptr;
}

/// The fields of one name are one list (RFC 9110 5.3), so only the whole must not be empty.
const Refusal* JudgeExtensions(const ListFields& fields) {
  size_t count = 0;
  for (const std::string_view value : fields.Kept()) {
    if (!IsExtensionList(value, &count)) return &kExtensionsMalformed;
  }
  return fields.count > 0 && count == 0 ? &kExtensionsMalformed : nullptr;
}

const Refusal* JudgeUpgrade(const RequestHead& head) {
  if (head.method != Method::kGet) return &kUpgradeMethod;
  if (!head.connection_upgrade) return &kUpgradeNotInConnection;
  // The version comes before the key: older drafts have other keys, and 426 tells them why.
  if (head.websocket_version_count > 1) return &kWebSocketVersionRepeated;
  if (head.websocket_version != kWebSocketVersionSpoken) return &kWebSocketVersion;
  if (head.websocket_key_count == 0) return &kWebSocketKeyMissing;
  if (head.websocket_key_count > 1) return &kWebSocketKeyRepeated;
  if (!IsKey(head.websocket_key)) return &kWebSocketKeyMalformed;
  if (std::max(head.subprotocols.count, head.extensions.count) > kListFieldsMax) {
    return &kListFieldsTooMany;
  }
  if (const Refusal* why = JudgeSubprotocols(head.subprotocols)) return why;
  return JudgeExtensions(head.extensions);
}

}  // namespace

UpgradeResult CheckUpgrade(const RequestHead& head, Refusal* refusal) {
  const bool is_old = head.minor_version == 0 && head.websocket_key_count > 0;
  if (!head.upgrade_to_websocket && !is_old) return UpgradeResult::kNotUpgrade;
  const Refusal* why = is_old ? &kUpgradeVersion : JudgeUpgrade(head);
  if (why == nullptr) return UpgradeResult::kUpgrade;
  *refusal = *why;
  return UpgradeResult::kRefused;
}

std::string_view SelectSubprotocol(const RequestHead& head,
                                   std::span<const std::string> offered_by_route) {
  for (const std::string_view value : head.subprotocols.Kept()) {
    ListReader reader(value);
    std::string_view name;
    while (reader.Next(&name)) {
      if (std::find(offered_by_route.begin(), offered_by_route.end(), name) !=
          offered_by_route.end()) {
        return name;
      }
    }
  }
  return {};
}

}  // namespace ringway::http
