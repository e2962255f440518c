// SPDX-License-Identifier: Apache-2.0
//
// Telling, cutting, and naming what the kernel keeps.
#include "gateway/worker/drain.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gateway/worker/timers.h"

namespace ringway::worker {
namespace {

using base::kNoSlot;
using base::kNsPerMs;
using base::Operation;

/// What was cut and is not given back.
struct Kept {
  std::vector<std::string> named;
  size_t others = 0;
  bool is_about_files = false;

  void Add(const std::string& operations, const std::string& what, const config::Route* route) {
    constexpr size_t kNamedMax = 8;  // of the others their number says enough
    if (named.size() == kNamedMax) {
      ++others;
      return;
    }
    named.push_back(absl::StrCat(
        operations, what, route == nullptr ? "" : absl::StrCat(", route \"", route->name, "\"")));
  }
};

/// What has been cut completes within microseconds, but for a disk, or a file system behind a
/// network, that hangs.
constexpr uint64_t kBackstopMs = 5000;

}  // namespace

void Drain::SetTimer(uint64_t due_ms) {
  parts_.memory.wheel.Set(TimerOf(WorkerTimer::kDrain, parts_.limits), due_ms);
}

void Drain::Begin() {
  has_begun_ = true;
  arrivals_.Stop();
  const uint64_t end_ns = parts_.now_ns() + parts_.limits.drain_timeout_ns;
  SetTimer((end_ns + kNsPerMs - 1) / kNsPerMs);
  drain_next_ = 0;
}

// WHY a whole interval without a completion: who was stopped for so long himself, or whose disk is
// only slow, still gets all of them.
void Drain::OnDue() {
  const uint64_t completions = parts_.counters.completions.value();
  gives_up_ = was_cut_ && !parts_.ring.HasUnreaped() && completions == completions_at_backstop_;
  if (gives_up_) return;
  if (!std::exchange(was_cut_, true)) cut_next_ = 0;
  completions_at_backstop_ = completions;
  SetTimer(parts_.now_ns() / kNsPerMs + kBackstopMs);
}

void Drain::GoOn() {
  DrainSome();
  CutSome();
}

void Drain::DrainSome() {
  for (size_t count = 0; count < kSessionsPerTurnMax && drain_next_ != kNoSlot; ++count) {
    const uint32_t session = drain_next_++;
    if (session >= parts_.memory.slots.touched()) {
      drain_next_ = kNoSlot;
    } else if (parts_.memory.slots.IsOpen(session)) {
      sessions_.Drain(session);
    }
  }
}

void Drain::CutSome() {
  for (size_t count = 0; count < kSessionsPerTurnMax && cut_next_ != kNoSlot; ++count) {
    const uint32_t session = cut_next_++;
    if (session >= parts_.memory.slots.touched()) {
      cut_next_ = kNoSlot;
    } else if (parts_.memory.slots.IsOpen(session)) {
      sessions_.Cut(session);
    }
  }
}

absl::Status Drain::Check(bool wake_armed) {
  if (!gives_up_) return absl::OkStatus();
  Kept kept;
  base::Slab<links::Link>& links = parts_.memory.links.links;
  for (uint32_t index = 0; index < links.touched(); ++index) {
    if (!links.IsOpen(index)) continue;
    const links::Link& link = links[index];
    kept.is_about_files |= link.reads_file;
    const char* const whose =
        link.role == base::LinkRole::kClient ? " to a client" : " to a backend";
    kept.Add(parts_.links->OperationsOf(index), absl::StrCat(" of link ", index, whose),
             parts_[link.owner_index].session.route());
  }
  for (uint32_t index = 0; index < parts_.memory.slots.touched(); ++index) {
    if (!parts_.memory.slots.IsOpen(index) || parts_[index].opening == kNoSlot) continue;
    kept.is_about_files = true;
    kept.Add(NameOf(Operation::kOpenFile), absl::StrCat(" for session ", index),
             parts_[index].session.route());
  }
  std::vector<std::string>& named = kept.named;
  if (kept.others > 0) named.push_back(absl::StrCat("and of ", kept.others, " more"));
  if (arrivals_.in_flight() > 0) named.push_back(NameOf(Operation::kAccept));
  if (wake_armed) named.push_back(NameOf(Operation::kWake));
  return absl::DeadlineExceededError(absl::StrCat(
      "the drain is over and the kernel has not given back: ", absl::StrJoin(named, "; "),
      ". This worker ends without them",
      kept.is_about_files ? ". Look at the disks and file systems below the static roots: one hangs"
                          : ""));
}

}  // namespace ringway::worker
