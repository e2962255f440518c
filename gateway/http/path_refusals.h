// SPDX-License-Identifier: Apache-2.0
//
// What the gateway says no to in the path of a request. One list, as in refusals.h.
#pragma once

#include <array>

#include "gateway/http/status.h"

namespace ringway::http {

inline constexpr Refusal kPathEscapeMalformed{
    Status::kBadRequest, "a '%' in the path without two hexadecimal digits behind it"};
inline constexpr Refusal kPathNul{Status::kBadRequest, "the path has a NUL byte ('%00')"};
inline constexpr Refusal kPathBackslash{
    Status::kBadRequest, "the path has a backslash, which has to be written as '%5C'"};
inline constexpr Refusal kAmbiguousPathTooLong{
    Status::kUriTooLong,
    "a path with '//', ';' or an escape of a reserved byte ('%2f', '%40') may have 4096 bytes"};

// Where another reading of the path would choose another route.
inline constexpr Refusal kPathEmptySegment{Status::kBadRequest,
                                           "'//' in the path is read differently by others"};
inline constexpr Refusal kPathEncodedSlash{Status::kBadRequest,
                                           "'%2f' in the path is read differently by others"};
inline constexpr Refusal kPathParameters{Status::kBadRequest,
                                         "';' in the path is read differently by others"};
inline constexpr Refusal kPathEncodedBackslash{Status::kBadRequest,
                                               "'%5c' in the path is read differently by others"};
inline constexpr Refusal kPathEncodedTwice{
    Status::kBadRequest, "'%25' before an escape in the path is read differently by others"};
inline constexpr Refusal kPathEncodedParameters{Status::kBadRequest,
                                                "'%3b' in the path is read differently by others"};
inline constexpr Refusal kPathEncodedReserved{
    Status::kBadRequest, "an escape in the path is read differently by others; write the byte"};

inline constexpr std::array kPathRefusals{
    kPathEscapeMalformed, kPathNul,
    kPathBackslash,       kAmbiguousPathTooLong,
    kPathEmptySegment,    kPathEncodedSlash,
    kPathParameters,      kPathEncodedBackslash,
    kPathEncodedTwice,    kPathEncodedParameters,
    kPathEncodedReserved,
};

}  // namespace ringway::http
