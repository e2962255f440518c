// SPDX-License-Identifier: Apache-2.0
//
// The words for the values of a plan's enums, in their order.
#pragma once

#include <cstddef>

#include "tests/sim/plan.h"

namespace ringway::sim {

inline constexpr const char* kOpenings[] = {"valid",     "garbage", "no-route", "no-upgrade",
                                            "too-large", "never",   "leaves"};
inline constexpr const char* kClientEndings[] = {
    "close-when-sent", "close-when-whole", "wait", "fin", "reset", "vanish", "bad-frame"};
inline constexpr const char* kBackendKinds[] = {"echo", "talker", "sink"};
inline constexpr const char* kBackendEndings[] = {"with-client", "half-close", "reset"};
inline constexpr const char* kAnswers[] = {"switches",    "with-length",  "chunked", "empty",
                                           "until-close", "wrong-accept", "garbage", "cut",
                                           "silence",     "closes"};
inline constexpr const char* kHostiles[] = {"none",   "zigzag",   "pinger",    "hung-backend",
                                            "silent", "trickler", "pipeliner", "half-closer"};
inline constexpr const char* kWishes[] = {"file", "missing", "malformed", "folder", "no-method"};
inline constexpr const char* kConditions[] = {"none", "if-none-match", "if-none-match-any",
                                              "if-match", "if-range"};
inline constexpr const char* kChanges[] = {"replace", "overwrite", "resize"};
inline constexpr const char* kModes[] = {"tcp", "websocket", "static"};
inline constexpr const char* kInspects[] = {"off", "headers"};
inline constexpr const char* kSplices[] = {"auto", "off"};
inline constexpr const char* kWeathers[] = {"steady", "hectic"};

template <typename E, size_t kCount>
constexpr bool HasWords(const char* const (&)[kCount], E last) {
  return kCount == static_cast<size_t>(last) + 1;
}
static_assert(HasWords(kOpenings, Opening::kLeaves));
static_assert(HasWords(kClientEndings, ClientEnding::kBadFrame));
static_assert(HasWords(kBackendKinds, BackendKind::kSink));
static_assert(HasWords(kBackendEndings, BackendEnding::kReset));
static_assert(HasWords(kAnswers, Answer::kCloses));
static_assert(HasWords(kHostiles, Hostile::kHalfCloser));
static_assert(HasWords(kWishes, Wish::kNoMethod));
static_assert(HasWords(kConditions, Condition::kIfRange));
static_assert(HasWords(kChanges, ChangeKind::kResize));
static_assert(HasWords(kModes, config::Mode::kStatic));
static_assert(HasWords(kInspects, config::Inspect::kHeaders));
static_assert(HasWords(kSplices, config::Splice::kOff));
static_assert(HasWords(kWeathers, Weather::kHectic));

}  // namespace ringway::sim
