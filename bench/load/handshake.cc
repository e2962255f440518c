// SPDX-License-Identifier: Apache-2.0
//
// Opening handshakes as text.
#include "bench/load/handshake.h"

#include <openssl/sha.h>

#include <array>
#include <cstring>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace ringway::load {
namespace {

constexpr absl::string_view kLineEnd = "\r\n";
constexpr absl::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

absl::string_view FirstLine(absl::string_view head) { return head.substr(0, head.find(kLineEnd)); }

// The value of the first header field of that name.
std::optional<absl::string_view> FindField(absl::string_view head, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(head, kLineEnd)) {
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) continue;
    if (!absl::EqualsIgnoreCase(line.substr(0, colon), name)) continue;
    return absl::StripAsciiWhitespace(line.substr(colon + 1));
  }
  return std::nullopt;
}

bool FieldHasToken(absl::string_view head, absl::string_view name, absl::string_view token) {
  for (absl::string_view each : absl::StrSplit(FindField(head, name).value_or(""), ',')) {
    if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(each), token)) return true;
  }
  return false;
}

bool AsksForWebSocket(absl::string_view head) {
  return FieldHasToken(head, "Upgrade", "websocket") &&
         FieldHasToken(head, "Connection", "upgrade");
}

}  // namespace

std::string MakeKey(uint64_t number) {
  std::array<char, 16> bytes = {};
  std::memcpy(bytes.data(), &number, sizeof number);
  return absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()));
}

std::string AcceptFor(absl::string_view key) {
  const std::string text = absl::StrCat(key, kGuid);
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return absl::Base64Escape(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

std::string BuildRequest(const Target& target, absl::string_view key,
                         const std::vector<std::string>& headers) {
  std::string request =
      absl::StrCat("GET ", target.path, " HTTP/1.1\r\nHost: ", target.host,
                   "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n", "Sec-WebSocket-Key: ", key,
                   "\r\nSec-WebSocket-Version: 13\r\n");
  for (const std::string& header : headers) absl::StrAppend(&request, header, kLineEnd);
  return request + "\r\n";
}

absl::Status CheckResponse(absl::string_view head, absl::string_view key) {
  const absl::string_view status = FirstLine(head);
  if (!absl::StartsWith(status, "HTTP/1.1 101")) return absl::UnavailableError(status);
  if (!AsksForWebSocket(head)) return absl::UnavailableError("101 without the upgrade's headers");
  if (FindField(head, "Sec-WebSocket-Accept") != AcceptFor(key)) {
    return absl::UnavailableError("101 with a wrong Sec-WebSocket-Accept");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> AnswerRequest(absl::string_view head) {
  const std::optional<absl::string_view> key = FindField(head, "Sec-WebSocket-Key");
  if (!absl::StartsWith(head, "GET ") || !AsksForWebSocket(head) || !key) {
    return absl::InvalidArgumentError("not a WebSocket handshake");
  }
  return absl::StrCat(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
      "Sec-WebSocket-Accept: ", AcceptFor(*key), "\r\n\r\n");
}

size_t HeadBytes(absl::string_view text) {
  const size_t end = text.find("\r\n\r\n");
  return end == absl::string_view::npos ? 0 : end + 4;
}

}  // namespace ringway::load
