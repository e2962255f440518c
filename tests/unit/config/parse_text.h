// SPDX-License-Identifier: Apache-2.0
//
// For the tests of configurations: a valid text to vary, and the lines of what is wrong.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/parse.h"

namespace ringway::config {

/// One table of each kind that a configuration needs; lines 1 to 14.
inline constexpr std::string_view kValidText = R"([[listener]]
name = "web"
address = "127.0.0.1:8080"

[[backend]]
name = "echo"
servers = ["127.0.0.1:5000"]

[[route]]
name = "r"
listener = "web"
path = "/echo"
mode = "tcp"
backend = "echo"
)";

/// The complaints about `text` as a file named "t", one for each line; empty if it is valid.
inline std::vector<std::string> Complain(std::string_view text) {
  const auto config = ParseConfig(text, "t");
  std::vector<std::string> lines;
  if (config.ok()) return lines;
  const std::string message(config.status().message());
  for (size_t begin = 0; begin <= message.size();) {
    const size_t end = std::min(message.find('\n', begin), message.size());
    lines.push_back(message.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

/// kValidText with `more` behind it: `more` begins in line 15, and still belongs to the route.
inline std::string ValidAnd(std::string_view more) { return std::string(kValidText).append(more); }

/// nullptr if `text` is not valid.
inline std::shared_ptr<const Config> ParseOrNull(std::string_view text) {
  auto config = ParseConfig(text, "t");
  return config.ok() ? *config : nullptr;
}

}  // namespace ringway::config
