// SPDX-License-Identifier: Apache-2.0
//
// Sizes of a worker's memory, derived from the limits.
#include "gateway/worker/memory.h"

#include <utility>

#include "gateway/route/server_choice.h"

namespace ringway::worker {
namespace {

/// One for each buffer, and for what many clients get of one file at once: as many as have a head
/// in front of it.
uint32_t SlicesMax(const base::Limits& limits) {
  return limits.small_buffers + limits.bulk_buffers + 2 * limits.chunks + 2 * limits.cells;
}

}  // namespace

absl::StatusOr<Memory> Memory::Reserve(const config::Config& config, FileSources sources,
                                       uint64_t now_ms) {
  const base::Limits& limits = config.limits;
  const uint32_t sessions = limits.sessions_per_worker_max;
  const uint32_t links_max = 2 * sessions;
  // What is remembered, what each session may send that is not, and what one turn has let go of.
  const uint32_t files_max = limits.cached_files + 2 * sessions;
  auto arena = base::Arena::Map(
      {limits.small_buffers, limits.bulk_buffers, limits.chunks, limits.cells, files_max},
      flow::Stores::AccountsOf(sessions, static_cast<uint32_t>(config.backends.size())));
  if (!arena.ok()) return arena.status();
  auto links = base::Slab<Link>::Map(links_max, "links");
  if (!links.ok()) return links.status();
  auto slots = base::Slab<Slot>::Map(sessions, "sessions");
  if (!slots.ok()) return slots.status();
  auto downloads = base::Slab<Download>::Map(sessions, "downloads");
  if (!downloads.ok()) return downloads.status();
  auto openings = base::Slab<Opening>::Map(sessions, "openings of files");
  if (!openings.ok()) return openings.status();
  auto files = files::Files::Map({.slots = files_max,
                                  .cached_files = limits.cached_files,
                                  .open_files = limits.open_files,
                                  .small_bytes_max = limits.small_file_bytes_max,
                                  .roots = std::move(sources.roots),
                                  .shared = std::move(sources.shared),
                                  .seed = sources.seed});
  if (!files.ok()) return files.status();
  auto slices = flow::SlicePool::Map(SlicesMax(limits), "slices");
  if (!slices.ok()) return slices.status();
  auto wheel = base::TimingWheel::Map(sessions + kWorkerTimers, now_ms);
  if (!wheel.ok()) return wheel.status();
  auto due = base::Fifo<base::LinkId>::Map(2 * links_max, "list of due links");
  if (!due.ok()) return due.status();
  auto waiting = base::Fifo<base::LinkId>::Map(2 * links_max, "list of waiting links");
  if (!waiting.ok()) return waiting.status();
  auto downloads_due = base::Fifo<base::LinkId>::Map(2 * links_max, "list of due downloads");
  if (!downloads_due.ok()) return downloads_due.status();
  auto ended = base::Fifo<uint32_t>::Map(sessions, "list of ended sessions");
  if (!ended.ok()) return ended.status();
  auto backend_gone = base::Fifo<uint32_t>::Map(2 * sessions, "list of sessions without backend");
  if (!backend_gone.ok()) return backend_gone.status();
  auto stalled = base::Fifo<StalledPipe>::Map(links_max, "list of stalled pipes");
  if (!stalled.ok()) return stalled.status();
  auto half_open = SlotList::Map(sessions, SlotList::kHalfOpen);
  if (!half_open.ok()) return half_open.status();
  auto large_heads = SlotList::Map(sessions, SlotList::kLargeHead);
  if (!large_heads.ok()) return large_heads.status();
  auto resting = SlotList::Map(sessions, SlotList::kResting);
  if (!resting.ok()) return resting.status();
  return Memory{.arena = *std::move(arena),
                .links = *std::move(links),
                .slots = *std::move(slots),
                .downloads = *std::move(downloads),
                .openings = *std::move(openings),
                .files = *std::move(files),
                .slices = *std::move(slices),
                .wheel = *std::move(wheel),
                .due = *std::move(due),
                .waiting = *std::move(waiting),
                .downloads_due = *std::move(downloads_due),
                .ended = *std::move(ended),
                .backend_gone = *std::move(backend_gone),
                .stalled = *std::move(stalled),
                .half_open = *std::move(half_open),
                .large_heads = *std::move(large_heads),
                .resting = *std::move(resting)};
}

absl::StatusOr<base::Occupancy> MapOccupancy(const config::Config& config, uint32_t workers,
                                             uint64_t seed) {
  const base::Limits& limits = config.limits;
  const uint32_t addresses =
      limits.sessions_per_address_max == 0 ? 0 : workers * limits.sessions_per_worker_max;
  return base::Occupancy::Map({.routes = static_cast<uint32_t>(config.routes.size()),
                               .servers = route::ServerRow(config).count(),
                               .addresses = addresses,
                               .seed = seed});
}

absl::StatusOr<base::ServerHealth> MapServerHealth(const config::Config& config) {
  return base::ServerHealth::Map(route::ServerRow(config).count());
}

}  // namespace ringway::worker
