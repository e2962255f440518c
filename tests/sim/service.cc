// SPDX-License-Identifier: Apache-2.0
//
// What a service does, and what it holds the gateway's request and its client's bytes to.
#include "tests/sim/service.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "tests/sim/cast.h"

namespace ringway::sim {
namespace {

constexpr size_t kHeadBytesMax = 32 * 1024;

}  // namespace

Service::Service(const Scene& scene, const Part& part, Server& door)
    : BackendEnd(scene, part, door),
      up_(part.story, Direction::kUp),
      down_(part.story, Direction::kDown) {}

void Service::Act() {
  due_ns_ = kNeverNs;
  if (connection_ != nullptr) LeaveIfGone();
  if (connection_ == nullptr) {
    if (done_ || door_->waiting.empty()) return;
    TakeConnection();
  }
  if (!door_->waiting.empty()) verdict_->Fail("service %u is dialled twice", number_);
  ReadSome();
  WriteSome();
  EndIfOver();
}

// The gateway gives a connection up before it dials for the next request. It may have the answer
// and not have closed its end: that waits until its kernel has given every operation back.
void Service::LeaveIfGone() {
  if (switched_ || door_->waiting.empty()) return;
  const bool said_all = answered_ && out_at_ == out_.size();
  if (said_all || connection_->near_closed || connection_->broken) Leave();
}

void Service::Leave() {
  was_tainted_ |= connection_->tainted;
  connection_->FarState() == StreamState::kFin ? connection_->FarClose() : connection_->FarReset();
  connection_ = nullptr;
  request_.clear();
  out_.clear();
  out_at_ = 0;
  answered_ = closes_after_answer_ = shut_ = false;
  if (!door_->waiting.empty()) WakeBy(now());
}

uint64_t Service::Taken() const {
  const uint64_t taken = connection_ == nullptr ? 0 : connection_->up.taken();
  return switched_ && taken > out_.size() ? taken - out_.size() : 0;
}

void Service::ReadSome() {
  std::span<const uint8_t> bytes = Read(story_->backend_reads);
  if (!answered_) bytes = FeedHead(bytes);
  if (bytes.empty()) return;
  if (switched_) return ReadPassage(bytes);
  verdict_->Fail("service %u got %zu bytes behind a request that it has not answered with 101",
                 number_, bytes.size());
}

std::span<const uint8_t> Service::FeedHead(std::span<const uint8_t> bytes) {
  size_t used = 0;
  while (used < bytes.size() && !request_.ends_with("\r\n\r\n")) {
    request_.push_back(static_cast<char>(bytes[used++]));
  }
  if (request_.size() > kHeadBytesMax)
    verdict_->Fail("a request for service %u has no end", number_);
  if (request_.ends_with("\r\n\r\n")) OnRequest();
  return bytes.subspan(used);
}

void Service::OnRequest() {
  const bool good = request_.starts_with(absl::StrCat("GET /", cast_->number(), " HTTP/1.1\r\n")) &&
                    FieldOf(request_, "Sec-WebSocket-Key") == kWebSocketKey &&
                    FieldOf(request_, "Sec-WebSocket-Version") == "13" &&
                    FieldOf(request_, "Host") == "ringway.test" &&
                    Lower(FieldOf(request_, "Upgrade")) == "websocket" &&
                    Lower(FieldOf(request_, "Connection")) == "upgrade" &&
                    FieldOf(request_, "X-Hop").empty() && !FieldOf(request_, "X-Kept").empty();
  if (!good) verdict_->Fail("service %u got a wrong request: %s", number_, request_.c_str());
  if (asked_ > story_->refusals) verdict_->Fail("service %u is asked too often", number_);
  const Answer answer = asked_ < story_->refusals ? story_->refusal : story_->last_answer;
  const AnswerText text = BuildAnswer(*story_, answer, asked_++);
  RINGWAY_TRACE(*verdict_, "service %u: answers %d", number_, text.status);
  out_ = text.head + text.body;
  answered_ = true;
  switched_ = answer == Answer::kSwitches;
  closes_after_answer_ =
      answer == Answer::kUntilClose || answer == Answer::kCloses || answer == Answer::kCut;
}

void Service::ReadPassage(std::span<const uint8_t> bytes) {
  if (!up_.Matches(received_, bytes)) {
    verdict_->Fail("service %u got wrong bytes near %lu of %lu", number_, received_, up_.size());
  }
  received_ += bytes.size();
  if (received_ > client().sent()) {
    verdict_->Fail("service %u got %lu bytes of the %lu that were sent", number_, received_,
                   client().sent());
  }
}

uint64_t Service::Owed() const {
  if (!switched_) return 0;
  if (story_->backend != BackendKind::kEcho || received_ == up_.size()) return down_.size();
  return std::min(received_, down_.size());
}

void Service::WriteSome() {
  size_t may = shut_ ? 0 : MayWrite(story_->backend_writes);
  bool wrote = false;
  while (may > 0) {
    std::span<const uint8_t> next(reinterpret_cast<const uint8_t*>(out_.data()), out_.size());
    next = next.subspan(out_at_);
    const bool is_answer = !next.empty();
    if (!is_answer) next = down_.From(sent_).first(Owed() - sent_);
    next = next.first(std::min(may, next.size()));
    if (next.empty()) break;
    const size_t taken = connection_->FarWrite(next);
    (is_answer ? out_at_ : sent_) += taken;
    may -= taken;
    wrote |= taken > 0;
    if (taken < next.size()) break;
  }
  if (wrote && (out_at_ < out_.size() || sent_ < Owed())) Wrote(story_->backend_writes);
}

void Service::EndIfOver() {
  if (switched_) return EndPassage();
  const StreamState state = connection_->FarState();
  const bool said_all = answered_ && out_at_ == out_.size();
  if (state != StreamState::kOpen) return Leave();
  if (!said_all || !closes_after_answer_ || shut_) return;
  connection_->FarShutdown();
  shut_ = true;
}

void Service::EndPassage() {
  const StreamState state = connection_->FarState();
  const bool resets = story_->backend_ending == BackendEnding::kReset &&
                      received_ + sent_ >= story_->reset_at_bytes;
  const bool said_all = out_at_ == out_.size() && sent_ == down_.size();
  if (state == StreamState::kReset || resets) {
    RINGWAY_TRACE(*verdict_, "service %u: %s after %lu and %lu bytes", number_,
                  resets ? "resets" : "is reset", received_, sent_);
    connection_->FarReset();
    done_ = true;
    due_ns_ = kNeverNs;
    return;
  }
  if (story_->backend_ending == BackendEnding::kHalfClose && said_all && !shut_) {
    RINGWAY_TRACE(*verdict_, "service %u: half-closes after %lu bytes", number_, sent_);
    shut_ = true;
    connection_->FarShutdown();
  }
  const bool gave_up = out_at_ == out_.size() && sent_ == Owed();
  if (state != StreamState::kFin || (!shut_ && !gave_up)) return;
  RINGWAY_TRACE(*verdict_, "service %u: closes after %lu and %lu bytes", number_, received_, sent_);
  connection_->FarClose();
  done_ = true;
  due_ns_ = kNeverNs;
}

}  // namespace ringway::sim
