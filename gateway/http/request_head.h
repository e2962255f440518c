// SPDX-License-Identifier: Apache-2.0
//
// From the first bytes of a connection to a request that the gateway is willing to read: finds the
// head's end, refuses everything that two implementations could read in two ways, and answers
// whether the client asks for a WebSocket.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/http/single_field.h"
#include "gateway/http/status.h"

namespace ringway::http {

/// Header fields that one head may have; then 431. Browsers send about 20; beyond 100 it is an
/// attack on somebody's hash table.
inline constexpr size_t kHeaderFieldsMax = 100;
/// Fields of one name whose lists are read together (RFC 9110 5.3); an upgrade with more is 400.
inline constexpr size_t kListFieldsMax = 8;
/// Subprotocols that one client may offer; then 400. It bounds the search for duplicates.
inline constexpr size_t kSubprotocolsOfferedMax = 32;

/// kOther: a registered method (RFC 9110 16.1.1) that nothing here answers to.
enum class Method : uint8_t { kGet, kHead, kOther };

/// The values of all fields of one name, in the order in which they came.
struct ListFields {
  std::array<std::string_view, kListFieldsMax> values{};
  /// How many came; those beyond kListFieldsMax are counted and not kept.
  size_t count = 0;

  /// Those that were kept.
  [[nodiscard]] std::span<const std::string_view> Kept() const {
    return {values.data(), count < kListFieldsMax ? count : kListFieldsMax};
  }
};

/// One request head (RFC 9112 2.1). All views point into the bytes that were parsed and live as
/// long as those (but the "/" of a target without a path); what did not come is empty. Values come
/// without the white space around them.
struct RequestHead {
  // What is small stands together.
  Method method = Method::kOther;
  /// Of HTTP/1.x. From 2 on a request is read as one of HTTP/1.1 (RFC 9110 2.5).
  uint8_t minor_version = 1;
  /// Tells a query without a byte from none.
  bool has_query = false;
  /// Tells an Origin without a value from no Origin; there is at most one.
  bool has_origin = false;
  /// Connection lists "upgrade".
  bool connection_upgrade = false;
  /// Upgrade lists "websocket", and not over HTTP/1.0, where it counts for nothing (RFC 9110 7.8).
  /// Whether the request is a good upgrade is CheckUpgrade's answer.
  bool upgrade_to_websocket = false;
  /// A body follows the head. Never so for GET and HEAD: those are refused.
  bool has_body = false;
  /// Another request may follow on this connection (RFC 9112 9.3): over HTTP/1.0 only where the
  /// client asks for that. Never so with a body, which nobody here reads.
  bool keep_alive = true;

  std::string_view method_text;

  /// The path of the target as sent; begins with '/'. What it means is for path.h to say.
  std::string_view path;
  /// What follows the first '?' of the target, without it.
  std::string_view query;

  /// uri-host [ ":" port ] as sent (RFC 9110 7.2), of the Host field, or of an absolute-form
  /// target, which goes before it (RFC 9112 3.2.2). Empty: HTTP/1.0 without a Host.
  std::string_view host;
  std::string_view origin;
  /// The last one, if there are several. For the log only.
  std::string_view user_agent;

  /// Sec-WebSocket-Key: the first value, and how many there were.
  std::string_view websocket_key;
  size_t websocket_key_count = 0;
  /// Sec-WebSocket-Version: the first value, and how many there were.
  std::string_view websocket_version;
  size_t websocket_version_count = 0;
  /// Sec-WebSocket-Protocol. Read it with SelectSubprotocol, after CheckUpgrade.
  ListFields subprotocols;
  /// Sec-WebSocket-Extensions. CheckUpgrade looks at its form; all of them may be declined.
  ListFields extensions;

  /// What a request for a file may say: which of its forms, under which conditions, which part
  /// (RFC 9110 12.5.3, 13.1, 14.2).
  ListFields accept_encoding;
  ListFields if_match;
  ListFields if_none_match;
  SingleField if_modified_since;
  SingleField if_unmodified_since;
  SingleField if_range;
  SingleField range;

  /// Up to and with the blank line; what follows belongs to the caller.
  size_t head_bytes = 0;
};

enum class [[nodiscard]] HeadResult : uint8_t{kNeedMore, kWhole, kRefused};

/// Finds and parses one request head at the front of `bytes`. An empty line in front of it is
/// skipped (RFC 9112 2.2) and counts as part of it.
///
/// kNeedMore: `bytes` may still become a good head; call again with the same bytes and more.
/// kWhole: `*head` is set.
/// kRefused: `*refusal` is set. The leftmost error is reported as soon as its byte is there, so
/// the answer does not depend on how the bytes were cut. A head that has no end within
/// `head_bytes_max` bytes is 431, and so is one of HTTP/1.2 or later beyond 16 KiB.
///
/// Cost: each call looks at every byte of the head, at most `head_bytes_max`, about three times.
/// Allocates nothing. `*head` and `*refusal` are written only where said.
HeadResult ParseRequestHead(std::string_view bytes, size_t head_bytes_max, RequestHead* head,
                            Refusal* refusal);

enum class [[nodiscard]] UpgradeResult : uint8_t{kUpgrade, kNotUpgrade, kRefused};

/// Checks an opening handshake (RFC 6455 4.2.1).
///
/// kUpgrade: the key is good, the version is 13, the subprotocols are at most
/// kSubprotocolsOfferedMax different tokens and at least one where the field came, and the
/// extensions are what IsExtensionList takes.
/// kNotUpgrade: no Upgrade field names websocket; an ordinary request.
/// kRefused: `*refusal` is set: 405, 400, 426 for another version, or 505 for a request of
/// HTTP/1.0 with a key, from which a proxy may have taken Upgrade away.
UpgradeResult CheckUpgrade(const RequestHead& head, Refusal* refusal);

/// The first subprotocol of the client's list that the route offers, compared byte by byte; empty
/// if there is none, and the response then has no such field. The view points into the request.
/// REQUIRES: CheckUpgrade answered kUpgrade.
[[nodiscard]] std::string_view SelectSubprotocol(const RequestHead& head,
                                                 std::span<const std::string> offered_by_route);

}  // namespace ringway::http
