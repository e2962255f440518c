// SPDX-License-Identifier: Apache-2.0
//
// What separates the parts of a multipart answer (RFC 2046 5.1.1): it must not stand in what it
// separates, so nobody who writes a file may know it beforehand.
#pragma once

#include <cstdint>

namespace ringway::http {

/// The boundary of answer `number`, by a secret: whoever sees some of them cannot tell another
/// (SHA-1 of both, cut).
[[nodiscard]] uint64_t BoundaryOf(uint64_t secret, uint64_t number);

}  // namespace ringway::http
