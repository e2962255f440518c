// SPDX-License-Identifier: Apache-2.0
//
// The front door of the room: the text of a configuration file in, one validated Config out, or
// every mistake that was found with its place in the text.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/config/complaints.h"
#include "gateway/config/config.h"

namespace ringway::config {

/// A longer text is refused unread.
inline constexpr size_t kTextBytesMax = 1ULL << 20;

/// Reads `text` (TOML 1.0) and nothing else: no file, no environment. `file_name` only stands in
/// front of each error.
///
/// On failure the code is kInvalidArgument and the message holds one to 21 lines, in the order of
/// the text and joined by '\n', each "FILE:LINE:COLUMN: what is wrong; what was expected". Lines
/// and columns count from 1, columns in code points. A text that is not TOML gives the first
/// mistake alone, since nothing after it can be trusted.
[[nodiscard]] absl::StatusOr<std::shared_ptr<const Config>> ParseConfig(std::string_view text,
                                                                        std::string_view file_name);

/// Where things were written that only the machine which serves them can judge.
struct Places {
  std::vector<Place> addresses;             ///< by listener
  std::vector<Place> roots;                 ///< by route; only those of mode kStatic mean something
  std::vector<std::vector<Place>> servers;  ///< by backend and server
  std::vector<std::vector<Place>> sources;  ///< by backend and source
};

struct ParsedConfig {
  std::shared_ptr<const Config> config;
  Places places;
  /// What is valid and probably not meant: at most 21 lines "FILE:LINE:COLUMN: warning: ...".
  std::vector<std::string> warnings;
};

/// The same as ParseConfig, with all that a person may want to know of a good text.
[[nodiscard]] absl::StatusOr<ParsedConfig> ParseWithWarnings(std::string_view text,
                                                             std::string_view file_name);

}  // namespace ringway::config
