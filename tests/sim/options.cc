// SPDX-License-Identifier: Apache-2.0
//
// Reading the words of the line.
#include "tests/sim/options.h"

#include <charconv>
#include <string_view>

namespace ringway::sim {
namespace {

/// So that counting past the last seed cannot wrap.
constexpr uint64_t kSeedMax = UINT64_MAX / 2;

std::string ReadRange(const std::string& text, Options& options) {
  const size_t dots = text.find("..");
  const bool numbers = dots != std::string::npos &&
                       ParseSeed(text.substr(0, dots), options.first) &&
                       ParseSeed(text.substr(dots + 2), options.last);
  if (!numbers) return "--seeds wants two numbers, as in 1..5000, not '" + text + "'";
  if (options.first <= options.last) return {};
  return "--seeds " + text + " holds no seed: the smaller number comes first";
}

std::string ReadSeed(const std::string& text, Options& options) {
  if (!ParseSeed(text, options.first)) return "--seed wants a number, not '" + text + "'";
  options.last = options.first;
  return {};
}

bool ReadFlag(std::string_view name, Options& options) {
  if (name == "--trace") {
    options.tracing = Tracing::kOn;
  } else if (name == "--keep-going") {
    options.keep_going = true;
  } else if (name == "--counters") {
    options.counters = true;
  } else if (name == "-h" || name == "--help") {
    options.help = true;
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool ParseSeed(std::string_view text, uint64_t& seed) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  return error == std::errc() && end == text.data() + text.size() && seed <= kSeedMax;
}

std::string ParseOptions(int argc, char** argv, Options& options) {
  std::string chosen;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (ReadFlag(name, options)) continue;
    if (name != "--seeds" && name != "--seed" && name != "--kept") {
      return "there is no option '" + name + "'";
    }
    if (++i == argc) return name + " wants a value behind it";
    if (!chosen.empty()) return chosen + " and " + name + " cannot both be given";
    chosen = name;
    std::string wrong;
    if (name == "--seeds") wrong = ReadRange(argv[i], options);
    if (name == "--seed") wrong = ReadSeed(argv[i], options);
    if (name == "--kept") options.kept = argv[i];
    if (!wrong.empty()) return wrong;
    if (name == "--kept" && options.kept.empty()) return "--kept wants the name of a file";
  }
  return {};
}

}  // namespace ringway::sim
