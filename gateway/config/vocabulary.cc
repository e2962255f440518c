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
constexpr Word<Mode> kModeWords[] = {
    {"tcp", Mode::kTcp}, {"websocket", Mode::kWebSocket}, {"static", Mode::kStatic}};
constexpr Word<Frames> kFramesWords[] = {{"binary", Frames::kBinary}, {"text", Frames::kText}};
constexpr Word<Splice> kSpliceWords[] = {{"auto", Splice::kAuto}, {"off", Splice::kOff}};
constexpr Word<Inspect> kInspectWords[] = {{"off", Inspect::kOff}, {"headers", Inspect::kHeaders}};
constexpr Word<Balance> kBalanceWords[] = {
    {"least_sessions", Balance::kLeastSessions},
    {"round_robin", Balance::kRoundRobin},
    {"random_two", Balance::kRandomTwo},
    {"source_hash", Balance::kSourceHash},
};
constexpr Word<ProxyHeader> kProxyHeaderWords[] = {
    {"off", ProxyHeader::kNone}, {"v1", ProxyHeader::kV1}, {"v2", ProxyHeader::kV2}};
constexpr Word<HealthCheck> kHealthCheckWords[] = {
    {"off", HealthCheck::kOff}, {"tcp", HealthCheck::kTcp}, {"http", HealthCheck::kHttp}};
constexpr Word<bool> kProxyProtocolWords[] = {{"off", false}, {"required", true}};

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
std::span<const Word<Splice>> SpliceWords() { return kSpliceWords; }
std::span<const Word<Inspect>> InspectWords() { return kInspectWords; }
std::span<const Word<Balance>> BalanceWords() { return kBalanceWords; }
std::span<const Word<ProxyHeader>> ProxyHeaderWords() { return kProxyHeaderWords; }
std::span<const Word<HealthCheck>> HealthCheckWords() { return kHealthCheckWords; }
std::span<const Word<bool>> ProxyProtocolWords() { return kProxyProtocolWords; }

std::string_view WordFor(LogLevel level) { return Find(LogLevelWords(), level); }
std::string_view WordFor(Mode mode) { return Find(ModeWords(), mode); }
std::string_view WordFor(Frames frames) { return Find(FramesWords(), frames); }
std::string_view WordFor(Splice splice) { return Find(SpliceWords(), splice); }
std::string_view WordFor(Inspect inspect) { return Find(InspectWords(), inspect); }
std::string_view WordFor(Balance balance) { return Find(BalanceWords(), balance); }
std::string_view WordFor(ProxyHeader header) { return Find(ProxyHeaderWords(), header); }
std::string_view WordFor(HealthCheck check) { return Find(HealthCheckWords(), check); }

std::string PathPattern(const Route& route) {
  return Cat(route.path, route.path_match == PathMatch::kPrefix ? "*" : "");
}

}  // namespace ringway::config
