// SPDX-License-Identifier: Apache-2.0
//
// What a static route says no with. One list, as in refusals.h.
#pragma once

#include <array>

#include "gateway/http/status.h"

namespace ringway::http {

/// Of a name that is not there, is not to be seen, or is no file: the client gets no hint which.
inline constexpr Refusal kFileMissing{Status::kNotFound, "there is no such file"};
inline constexpr Refusal kFilesOnly{Status::kBadRequest, "this path serves files, not WebSocket"};
inline constexpr Refusal kFileMethod{Status::kMethodNotAllowed, "a file is read with GET or HEAD",
                                     Allow::kGetAndHead};
inline constexpr Refusal kFilePathMalformed{
    Status::kBadRequest, "a '%' in the path without two hexadecimal digits behind it"};
inline constexpr Refusal kFileFieldsTooMany{
    Status::kBadRequest, "more than 8 Accept-Encoding, If-Match or If-None-Match fields"};
inline constexpr Refusal kFileUnavailable{Status::kServiceUnavailable,
                                          "the gateway cannot open one more file now"};

inline constexpr std::array kFileRefusals{
    kFileMissing, kFilesOnly, kFileMethod, kFilePathMalformed, kFileFieldsTooMany, kFileUnavailable,
};

}  // namespace ringway::http
