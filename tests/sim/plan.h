// SPDX-License-Identifier: Apache-2.0
//
// What a seed decides before anything runs: sizes, limits, faults, and for each route a story of
// its client and its backend. One story has one route, and mostly one client; where several share a
// backend, that is told who comes.
#pragma once

#include <cstdint>
#include <vector>

#include "gateway/base/limits.h"
#include "tests/sim/faults.h"
#include "tests/sim/file_plan.h"
#include "tests/sim/random.h"
#include "tests/sim/story.h"

namespace ringway::sim {

enum class Weather : uint8_t {
  kSteady,  ///< long timers, enough memory, the drain at the end: polite stories complete
  kHectic,  ///< short timers, little memory, a drain at any time: only order is owed
};

/// Seeds that have such routes at all, and unix servers, in ten thousand. Their chances are drawn
/// apart: a seed that has none of them is what it was before there were any.
inline constexpr uint32_t kPassageSeeds = 5000;
inline constexpr uint32_t kUnixSeeds = 2000;
/// Seeds whose servers may have several addresses.
inline constexpr uint32_t kAddressSeeds = 4000;
/// Seeds whose clock on the wall is set while they run.
inline constexpr uint32_t kClockSeeds = 3000;
/// Seeds in which an operation may never complete.
inline constexpr uint32_t kWithheldSeeds = 3000;
/// Seeds that serve files.
inline constexpr uint32_t kStaticSeeds = 4000;
/// Seeds in which some stories have several clients of one backend, so many at most.
inline constexpr uint32_t kSharedSeeds = 1000;
inline constexpr uint32_t kSharingMax = 5;
/// Seeds in which some stories carry so much that it is bulk.
inline constexpr uint32_t kBulkSeeds = 3000;

inline constexpr uint32_t kListeners = 2;
/// With the hostile ones.
inline constexpr uint32_t kStoriesMax = 24 + kHostilesMax;

struct Plan {
  /// Nothing happens in it, without a fault, on the smallest of kernels.
  Plan();
  explicit Plan(uint64_t seed, const LeftOut& left_out = {});
  /// Only the story of this number takes part, if there is one.
  void KeepStory(size_t number);
  /// Of all stories.
  uint32_t ClientCount() const;

  Random random;
  Random passages;   ///< of what only seeds with passages, bulk or unix servers decide
  Random statics;    ///< of what only seeds with files decide
  Random hostiles;   ///< of what only seeds with a hostile cast decide
  Random addresses;  ///< of what only seeds with several addresses decide
  Random times;      ///< of clocks that are set, and of what never completes
  Random casts;      ///< of what only seeds with several clients of one backend decide
  Faults faults;
  Weather weather = Weather::kSteady;
  base::Limits limits;
  uint64_t connect_timeout_ns = 500'000'000;
  uint32_t sq_entries = 256;
  uint32_t cq_entries = 1024;
  uint64_t pipe_bytes = 65536;
  bool caps_receives = false;
  bool has_fixed_buffers = false;
  uint64_t drain_ns = 0;      ///< after the start; kHectic only
  int64_t wall_step_s = 0;    ///< the clock on the wall is set by so much
  uint64_t wall_step_ns = 0;  ///< so long after the start
  std::vector<Story> stories;
  std::vector<PlannedFile> files;  ///< none: no story asks for any
  std::vector<PlannedChange> changes;

 private:
  void DrawSteady();
  void DrawHectic();
  Story DrawStory(uint64_t begin_ns);
  void DrawTraffic(Story& story);
  void DrawPassages();
  void DrawRoom();
  void DrawCasts();
  void DrawAddresses();
  void DrawTimes();
  void DrawPassage(Story& story);
  void DrawBulk(Story& story);
  Pace DrawReading();
  // ---- plan_statics.cc
  void DrawStatics();
  uint64_t DrawFileBytes();
  void DrawFiles();
  void DrawChanges();
  FileRequest DrawRequest();
  void DrawRanges(FileRequest& request, uint64_t file_bytes);
  void DrawStatic(Story& story);
  Pace DrawDownload(uint64_t bytes);
  // ---- plan_hostiles.cc
  void DrawHostiles();
  void DrawScarcity();
  Story DrawHostile(Hostile part);
  // ---- plan.cc
  Pace DrawWriting(uint64_t bytes);
};

}  // namespace ringway::sim
