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

std::string ReadFault(const std::string& text, Options& options) {
  const std::optional<Fault> fault = FindFault(text);
  if (!fault) return "there is no fault '" + text + "': tests/sim/faults.h names them";
  options.left_out[static_cast<size_t>(*fault)] = true;
  return {};
}

std::string ReadStory(const std::string& text, Options& options) {
  uint64_t number = 0;
  if (!ParseSeed(text, number)) return "--story wants a number, not '" + text + "'";
  options.story = number;
  return {};
}

/// What is run. Returns what is wrong.
std::string ReadChoice(const std::string& name, const std::string& text, Options& options) {
  if (name == "--seeds") return ReadRange(text, options);
  if (name == "--seed") return ReadSeed(text, options);
  if (text.empty()) return name + " wants the name of a file";
  options.plans.push_back(text);
  return {};
}

bool ReadFlag(std::string_view name, Options& options) {
  if (name == "--trace") {
    options.tracing = Tracing::kOn;
  } else if (name == "--keep-going") {
    options.keep_going = true;
  } else if (name == "--print-plan") {
    options.print_plan = true;
  } else if (name == "--reduce") {
    options.reduce = true;
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
    const bool chooses = name == "--seeds" || name == "--seed" || name == "--plan";
    if (!chooses && name != "--without" && name != "--story" && name != "--census") {
      return "there is no option '" + name + "'";
    }
    if (++i == argc) return name + " wants a value behind it";
    if (chooses && !chosen.empty() && (chosen != "--plan" || name != "--plan")) {
      return chosen + " and " + name + " cannot both be given";
    }
    if (chooses) chosen = name;
    std::string wrong;
    if (chooses) wrong = ReadChoice(name, argv[i], options);
    if (name == "--story") wrong = ReadStory(argv[i], options);
    if (name == "--without") wrong = ReadFault(argv[i], options);
    if (name == "--census") options.unmoved = argv[i];
    if (!wrong.empty()) return wrong;
  }
  if ((options.print_plan || options.reduce) && chosen != "--seed") {
    return "--print-plan and --reduce want --seed N";
  }
  return {};
}

}  // namespace ringway::sim
