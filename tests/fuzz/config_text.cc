// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a configuration: either a Config that can be told, or lines that each name their
// place in the text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/config/parse.h"
#include "gateway/config/summary.h"

namespace {

constexpr std::string_view kFileName = "fuzz.toml";

/// Takes digits and the colon behind them off the front; false if they are not there.
bool ConsumeNumber(std::string_view& line) {
  const size_t digits = line.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos || line[0] == '0') return false;
  line.remove_prefix(digits);
  if (line[0] != ':') return false;
  line.remove_prefix(1);
  return true;
}

/// "fuzz.toml:LINE:COLUMN: words", in printable ASCII.
bool IsComplaint(std::string_view line) {
  if (!line.starts_with(kFileName)) return false;
  line.remove_prefix(kFileName.size());
  if (!line.starts_with(':')) return false;
  line.remove_prefix(1);
  if (!ConsumeNumber(line) || !ConsumeNumber(line)) return false;
  if (line.size() < 2 || line[0] != ' ') return false;
  for (const char c : line) {
    if (c < ' ' || c > '~') return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string text(bytes, bytes + size);
  const auto config = ringway::config::ParseConfig(text, kFileName);
  if (config.ok()) {
    if (ringway::config::Summary(**config).empty()) std::abort();
    return 0;
  }
  const std::string message(config.status().message());
  size_t lines = 0;
  for (size_t begin = 0; begin <= message.size(); ++lines) {
    const size_t end = std::min(message.find('\n', begin), message.size());
    if (!IsComplaint(std::string_view(message).substr(begin, end - begin))) std::abort();
    begin = end + 1;
  }
  if (lines > 21) std::abort();
  return 0;
}
