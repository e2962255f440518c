// SPDX-License-Identifier: Apache-2.0
//
// Drawing the hostile cast, and how little there is for everybody beside it.
#include <algorithm>

#include "tests/sim/plan.h"

namespace ringway::sim {
namespace {

constexpr uint64_t kMs = 1'000'000;
/// Slots beside those of all clients, so that nobody is asked to make room for others.
constexpr uint32_t kFreeSlots = 32;
/// A request of theirs.
constexpr uint64_t kHeadBytes = 180;

}  // namespace

void Plan::DrawHostiles() {
  if (!hostiles.Chance(kHostileSeeds)) return;
  const uint64_t lead_ns = hostiles.Chance(8000) ? hostiles.Between(5, 50) * kMs : 0;
  for (Story& story : stories) story.begin_ns += lead_ns;
  const uint64_t count = hostiles.Between(1, kHostilesMax);
  const auto of_all = static_cast<Hostile>(hostiles.Between(1, kHostileParts));
  const bool is_mixed = hostiles.Chance(4000);
  for (uint64_t i = 0; i < count; ++i) {
    const auto part = static_cast<Hostile>(hostiles.Between(1, kHostileParts));
    stories.push_back(DrawHostile(is_mixed ? part : of_all));
  }
  if (hostiles.Chance(8000)) DrawScarcity();
}

// The worst that one address can do, at the size of a simulated run: few chunks for each session,
// two cells, a budget that a few full windows use up.
void Plan::DrawScarcity() {
  static constexpr uint32_t kWindows[] = {1024, 4096, 32'768, 131'072};
  static constexpr uint32_t kSmall[] = {16, 32};
  const uint32_t count = ClientCount();
  limits.window_bytes = hostiles.Pick(kWindows);
  limits.small_buffers = hostiles.Pick(kSmall);
  limits.sessions_per_worker_max = count + kFreeSlots;
  limits.chunks = 4 * count + static_cast<uint32_t>(hostiles.Between(8, 64));
  limits.cells = 2 * limits.sessions_per_worker_max;
  limits.pipes = static_cast<uint32_t>(hostiles.Below(4));
  if (hostiles.Chance(6000)) {
    limits.worker_queued_bytes_max = 4096 + hostiles.Between(1, 4) * limits.window_bytes / 2;
  }
  for (Story& story : stories) {
    const uint64_t bytes = 2 * limits.window_bytes + story.hostile.receive_bytes;
    if (story.hostile.kind == Hostile::kHungBackend) story.up_bytes += bytes;
    if (story.hostile.kind == Hostile::kHalfCloser) story.down_bytes += bytes;
  }
}

Story Plan::DrawHostile(Hostile part) {
  static constexpr uint32_t kReceives[] = {200, 200, 1500, 8192};
  Story story;
  story.hostile.kind = part;
  story.begin_ns = hostiles.Below(10 * kMs);
  story.listener = static_cast<uint32_t>(hostiles.Below(kListeners));
  story.hostile.patience_ns = hostiles.Between(50, 4000) * kMs;
  story.hostile.receive_bytes = hostiles.Pick(kReceives);
  story.up_bytes = kHeadBytes + hostiles.Between(1000, 60'000);
  story.client_writes = {.bytes_max = static_cast<uint32_t>(hostiles.Between(200, 4000)),
                         .pause_ns_max = hostiles.Between(5'000, 100'000)};
  switch (part) {
    case Hostile::kHungBackend:
      story.mode = hostiles.Chance(4000) ? config::Mode::kWebSocket : config::Mode::kTcp;
      story.hostile.hung_reads = hostiles.Chance(3000);
      story.up_bytes += hostiles.Below(300'000);
      story.message_bytes_max = static_cast<uint32_t>(hostiles.Between(1, 20'000));
      break;
    case Hostile::kSilent:
      story.up_bytes = hostiles.Below(2);
      break;
    case Hostile::kTrickler:
      story.client_writes = {.bytes_max = 1, .pause_ns_max = hostiles.Between(100, 2000) * 1000};
      break;
    case Hostile::kPipeliner: {
      const bool is_static = !files.empty() && hostiles.Chance(5000);
      story.mode = is_static ? config::Mode::kStatic : config::Mode::kWebSocket;
      break;
    }
    case Hostile::kHalfCloser:
      story.down_bytes = hostiles.Between(1000, 300'000);
      break;
    default:
      break;
  }
  return story;
}

}  // namespace ringway::sim
