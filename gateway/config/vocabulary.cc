// SPDX-License-Identifier: Apache-2.0
//
// One list for each enumeration, in the order in which complaints show them.
#include "gateway/config/vocabulary.h"

#include "gateway/config/text.h"

namespace ringway::config {
namespace {

constexpr Word<LogLevel> kLogLevelWords[] = {
    {"trace", LogLevel::kTrace}, {"debug", LogLevel::kDebug}, {"info", LogLevel::kInfo},
    {"warn", LogLevel::kWarn},   {"error", LogLevel::kError},
};
constexpr Word<Mode> kModeWords[] = {{"tcp", Mode::kTcp}};
constexpr Word<Frames> kFramesWords[] = {{"binary", Frames::kBinary}, {"text", Frames::kText}};

template <typename Meaning>
std::string_view Find(std::span<const Word<Meaning>> words, Meaning meaning) {
  for (const auto& word : words) {
    if (word.meaning == meaning) return word.word;
  }
  return "?";
}

}  // namespace

std::span<const Word<LogLevel>> LogLevelWords() { return kLogLevelWords; }
std::span<const Word<Mode>> ModeWords() { return kModeWords; }
std::span<const Word<Frames>> FramesWords() { return kFramesWords; }

std::string_view WordFor(LogLevel level) { return Find(LogLevelWords(), level); }
std::string_view WordFor(Mode mode) { return Find(ModeWords(), mode); }
std::string_view WordFor(Frames frames) { return Find(FramesWords(), frames); }

std::string PathPattern(const Route& route) {
  return Cat(route.path, route.path_match == PathMatch::kPrefix ? "*" : "");
}

}  // namespace ringway::config
