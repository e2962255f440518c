// SPDX-License-Identifier: Apache-2.0
//
// The configuration's file, and why it cannot be read.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "gateway/config/parse.h"

namespace ringway::server {

/// Reads a file, or a pipe that somebody writes (`<(...)`, /dev/stdin); a FIFO that nobody has
/// opened for writing is refused at once. An error begins with the file's name; those of the text
/// are those of config::ParseConfig.
absl::StatusOr<config::ParsedConfig> ReadConfigFile(const std::string& file_name);

}  // namespace ringway::server
