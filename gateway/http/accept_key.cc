// SPDX-License-Identifier: Apache-2.0
//
// SHA-1 and base64 by OpenSSL. SHA-1 proves here that the other
// side speaks WebSocket, not who it is, so its weakness does no harm (RFC 6455 10.8).
#include "gateway/http/accept_key.h"

// The calls of OpenSSL 1.1: SHA1() of OpenSSL 3 looks its algorithm up and allocates three times
// for each key, these never do.
#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>

#include "gateway/base/check.h"

namespace ringway::http {
namespace {

/// RFC 6455 1.3.
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

}  // namespace

std::array<char, kAcceptBytes> WebSocketAccept(std::string_view key) {
  RINGWAY_CHECK_OP(key.size(), ==, kKeyBytes);
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA_CTX sha;
  RINGWAY_CHECK(SHA1_Init(&sha) == 1 && SHA1_Update(&sha, key.data(), key.size()) == 1 &&
                SHA1_Update(&sha, kGuid.data(), kGuid.size()) == 1 &&
                SHA1_Final(digest.data(), &sha) == 1);
  // EVP_EncodeBlock ends its text with a NUL.
  std::array<unsigned char, kAcceptBytes + 1> text;
  const int text_bytes =
      EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
  RINGWAY_CHECK_OP(text_bytes, ==, kAcceptBytes);
  std::array<char, kAcceptBytes> accept;
  std::copy_n(text.begin(), accept.size(), accept.begin());
  return accept;
}

}  // namespace ringway::http
