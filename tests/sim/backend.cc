// SPDX-License-Identifier: Apache-2.0
//
// What a backend does, and what it holds its client's bytes to.
#include "tests/sim/backend.h"

#include <algorithm>
#include <vector>

namespace ringway::sim {

Backend::Backend(const Scene& scene, const Part& part, Server& door)
    : BackendEnd(scene, part, door), up_(part.story.UpTape()), down_(part.story.DownTape()) {}

void Backend::Act() {
  due_ns_ = kNeverNs;
  if (connection_ == nullptr) TakeConnection();
  if (!door_->waiting.empty()) verdict_->Fail("backend %u is dialled twice", number_);
  ReadSome();
  WriteSome();
  EndIfOver();
}

void Backend::ReadSome() {
  const std::span<const uint8_t> bytes = Read(story_->backend_reads);
  if (!up_.Matches(received_, bytes)) {
    verdict_->Fail("backend %u got wrong bytes near %lu", number_, received_);
  }
  received_ += bytes.size();
  if (received_ > client().sent()) {
    verdict_->Fail("backend %u got %lu bytes of the %lu that were sent", number_, received_,
                   client().sent());
  }
}

uint64_t Backend::Owed() const {
  return story_->backend == BackendKind::kEcho ? std::min(received_, story_->down_bytes)
                                               : story_->down_bytes;
}

void Backend::WriteSome() {
  if (shut_ || sent_ == Owed()) return;
  const size_t may = MayWrite(story_->backend_writes);
  if (may == 0) return;
  std::vector<uint8_t> bytes(std::min<uint64_t>(may, Owed() - sent_));
  down_.Fill(sent_, bytes);
  const size_t taken = connection_->FarWrite(bytes);
  sent_ += taken;
  if (taken > 0 && sent_ < Owed()) Wrote(story_->backend_writes);
}

void Backend::EndIfOver() {
  const StreamState state = connection_->FarState();
  const bool resets = story_->backend_ending == BackendEnding::kReset &&
                      received_ + sent_ >= story_->reset_at_bytes;
  if (state == StreamState::kReset || resets) {
    RINGWAY_TRACE(*verdict_, "backend %u: %s after %lu and %lu bytes", number_,
                  resets ? "resets" : "is reset", received_, sent_);
    connection_->FarReset();
    done_ = true;
    due_ns_ = kNeverNs;
    return;
  }
  if (story_->backend_ending == BackendEnding::kHalfClose && sent_ == story_->down_bytes &&
      !shut_) {
    RINGWAY_TRACE(*verdict_, "backend %u: half-closes after %lu bytes", number_, sent_);
    shut_ = true;
    connection_->FarShutdown();
  }
  if (state != StreamState::kFin || (!shut_ && sent_ < Owed())) return;
  RINGWAY_TRACE(*verdict_, "backend %u: closes after %lu and %lu bytes", number_, received_, sent_);
  connection_->FarClose();
  done_ = true;
  due_ns_ = kNeverNs;
}

}  // namespace ringway::sim
