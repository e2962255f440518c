// SPDX-License-Identifier: Apache-2.0
//
// The system's table of media types, read once at start.
#pragma once

#include <memory>
#include <string>

#include "gateway/http/media_types.h"

namespace ringway::server {

/// Debian's package media-types has it; without it the types that web pages are made of are known.
inline constexpr char kMediaTypesFile[] = "/etc/mime.types";

/// Reads at most http::kMediaTypesTextBytesMax of `file`, which need not be there. Any thread may
/// read what is returned.
std::shared_ptr<const http::MediaTypes> ReadMediaTypes(const std::string& file = kMediaTypesFile);

}  // namespace ringway::server
