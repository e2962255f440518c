// SPDX-License-Identifier: Apache-2.0
//
// A client's life: connect, shake hands, talk, end.
#include "tests/sim/client.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace ringway::sim {
namespace {

/// Who does not play by the rules goes after so long: nobody else has to wait for it for ever.
constexpr uint64_t kPatienceNs = 2'000'000'000;

}  // namespace

Client::Client(const Scene& scene, const Part& part, Server& entrance)
    : ClientEnd(scene, part, entrance),
      tape_(part.story.UpTape()),
      reader_(part.story.DownTape(), part.story.text, scene.verdict) {}

void Client::Begin() {
  Connect();
  if (!story_->IsPolite()) patience_ns_ = now() + kPatienceNs;
}

void Client::Act() {
  due_ns_ = kNeverNs;
  if (connection_ == nullptr) Begin();
  if (now() >= patience_ns_) {
    RINGWAY_TRACE(*verdict_, "client %u: loses patience", number_);
    connection_->FarReset();
    done_ = true;
    return;
  }
  WakeBy(patience_ns_);
  if (vanished_) return;
  ReadSome();
  if (!done_) WriteSome();
  if (!done_) EndIfOver();
  if (done_) due_ns_ = kNeverNs;
}

void Client::ReadSome() {
  reader_.Feed(Read(story_->client_reads), server().sent(), pings_);
  for (const std::string& ping : reader_.TakePings()) {
    if (story_->answers_pings) pongs_.push_back(ping);
  }
}

// Over when the gateway's stream is, and everything in it was read.
void Client::EndIfOver() {
  if (connection_->FarState() != StreamState::kOpen) EndWithStream();
}

void Client::WriteSome() {
  size_t may = MayWrite(story_->client_writes);
  if (may == 0) return;
  bool wrote = false;
  while (may > 0 && (out_at_ < out_.size() || Refill())) {
    const size_t bytes = std::min(may, out_.size() - out_at_);
    const size_t taken = connection_->FarWrite({out_.data() + out_at_, bytes});
    out_at_ += taken;
    may -= taken;
    wrote |= taken > 0;
    if (taken < bytes) break;
  }
  if (wrote && (out_at_ < out_.size() || may == 0)) Wrote(story_->client_writes);
}

// The next frame, if it is time for one.
bool Client::Refill() {
  if (silent_ || done_) return false;
  if (out_is_data_) payload_out_ += out_.size() - out_header_;
  out_.clear();
  out_at_ = out_header_ = 0;
  out_is_data_ = false;
  if (!head_sent_) {
    AppendHead();
  } else if (reader_.status() == 101 ||
             (reader_.status() == 0 && story_->pipelines && !ended_writing())) {
    AppendNext();
  }
  wire_ += out_.size();
  return !out_.empty();
}

uint64_t Client::sent() const {
  return payload_out_ + (out_is_data_ && out_at_ > out_header_ ? out_at_ - out_header_ : 0);
}

uint64_t Client::Taken() {
  const uint64_t taken = connection_ == nullptr ? 0 : connection_->up.taken();
  while (!written_.empty() &&
         taken >= written_.front().payload_from + written_.front().payload_bytes) {
    payload_passed_ += written_.front().payload_bytes;
    written_.pop_front();
  }
  if (written_.empty() || taken < written_.front().payload_from) return payload_passed_;
  return payload_passed_ + (taken - written_.front().payload_from);
}

bool Client::IsWhole() const {
  return reader_.payload_bytes() == story_->down_bytes && reader_.pongs_until() == pings_;
}

std::string Client::Missing() const {
  if (reader_.status() != 101) return absl::StrCat("status ", reader_.status());
  if (!saw_fin_) return "the client was reset";
  if (server().received() != sent()) {
    return absl::StrCat("the backend got ", server().received(), " of ", sent(), " bytes");
  }
  if (reader_.inside()) return "the stream ends inside a frame";
  const bool closes = story_->client_ending != ClientEnding::kFin;
  if (closes && !reader_.got_close()) return "no Close came";
  const bool own_code = reader_.close_code() == close_sent_code_;
  const bool backend_ended =
      story_->backend_ending == BackendEnding::kHalfClose && reader_.close_code() == 1000;
  if (closes && !own_code && !backend_ended) {
    return absl::StrCat("Close ", reader_.close_code(), " for ", close_sent_code_);
  }
  const bool whole = story_->client_ending == ClientEnding::kCloseWhenWhole ||
                     story_->client_ending == ClientEnding::kWait;
  if (whole && reader_.payload_bytes() != story_->down_bytes) {
    return absl::StrCat("the client got ", reader_.payload_bytes(), " of ", story_->down_bytes,
                        " bytes");
  }
  return {};
}

}  // namespace ringway::sim
