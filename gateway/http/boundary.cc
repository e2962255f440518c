// SPDX-License-Identifier: Apache-2.0
//
// One hash of two numbers.
#include "gateway/http/boundary.h"

// As in accept_key.cc: the calls of OpenSSL 1.1 allocate nothing.
#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/sha.h>

#include <array>
#include <cstring>

#include "gateway/base/check.h"

namespace ringway::http {

uint64_t BoundaryOf(uint64_t secret, uint64_t number) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA_CTX sha;
  RINGWAY_CHECK(SHA1_Init(&sha) == 1 && SHA1_Update(&sha, &secret, sizeof secret) == 1 &&
                SHA1_Update(&sha, &number, sizeof number) == 1 &&
                SHA1_Final(digest.data(), &sha) == 1);
  uint64_t boundary = 0;
  std::memcpy(&boundary, digest.data(), sizeof boundary);
  return boundary;
}

}  // namespace ringway::http
