// SPDX-License-Identifier: Apache-2.0
//
// Asking, reading, going.
#include "tests/sim/file_client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ringway::sim {
namespace {

/// Who does not play by the rules goes after so long.
constexpr uint64_t kPatienceNs = 2'000'000'000;

}  // namespace

FileClient::FileClient(const Scene& scene, const Part& part, Server& entrance, FileBook& book)
    : ClientEnd(scene, part, entrance), book_(&book), reader_(book, scene.verdict) {}

void FileClient::Begin() {
  Connect();
  if (!story_->IsPolite()) patience_ns_ = now() + kPatienceNs;
}

void FileClient::Act() {
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
  if (HasLeft()) return Leave();
  WriteSome();
  if (HasLeft()) return Leave();
  EndIfOver();
  if (done_) due_ns_ = kNeverNs;
}

// Half-way: so many bytes were asked with and read.
bool FileClient::HasLeft() {
  const bool leaves = story_->client_ending == ClientEnding::kReset ||
                      story_->client_ending == ClientEnding::kVanish;
  return leaves && out_at_ + read_ >= story_->reset_at_bytes;
}

void FileClient::Leave() {
  RINGWAY_TRACE(*verdict_, "client %u: leaves", number_);
  if (story_->client_ending == ClientEnding::kVanish) {
    vanished_ = true;
    return;
  }
  connection_->FarReset();
  done_ = true;
  due_ns_ = kNeverNs;
}

void FileClient::ReadSome() {
  std::span<const uint8_t> bytes = Read(story_->client_reads);
  read_ += bytes.size();
  while (!bytes.empty() && !verdict_->failed()) {
    // Who is turned away before his request was read may get the reason though he asks with HEAD.
    if (closed_ && refused_) return;
    if (closed_ || answered_ == asked_.size()) {
      return verdict_->Fail("client %u got %zu bytes that it did not ask for", number_,
                            bytes.size());
    }
    if (reader_.is_done()) reader_.Expect(asked_[answered_]);
    bytes = bytes.subspan(reader_.Feed(bytes));
    if (!reader_.is_done()) continue;
    RINGWAY_TRACE(*verdict_, "client %u: answer %zu is whole, status %d", number_, answered_,
                  reader_.status());
    ++answered_;
    refused_ |= reader_.is_refused();
    if (reader_.is_refused() && !story_->may_be_refused) {
      verdict_->Fail("client %u is refused: status %d", number_, reader_.status());
    }
    closed_ |= reader_.closes();
  }
}

bool FileClient::MayAsk() const {
  if (asked_.size() == story_->requests.size() || closed_ || fin_sent_) return false;
  return answered_ == asked_.size() || story_->requests[asked_.size()].pipelined;
}

void FileClient::Ask() {
  const FileRequest& request = story_->requests[asked_.size()];
  SentRequest sent{.request = request, .entity_tag = {}, .sent_ns = now()};
  if (request.condition == Condition::kIfNoneMatchAny) {
    sent.entity_tag = "*";
  } else if (request.condition != Condition::kNone) {
    sent.entity_tag = book_->NewestTag(request.path);
    if (sent.entity_tag.empty()) sent.entity_tag = "\"none\"";
  }
  out_ += TextOf(sent, route());
  asked_.push_back(std::move(sent));
}

void FileClient::WriteSome() {
  size_t may = MayWrite(story_->client_writes);
  if (may == 0) return;
  bool wrote = false;
  while (may > 0 && (out_at_ < out_.size() || MayAsk())) {
    if (out_at_ == out_.size()) Ask();
    const size_t count = std::min(may, out_.size() - out_at_);
    const auto* front = reinterpret_cast<const uint8_t*>(out_.data()) + out_at_;
    const size_t taken = connection_->FarWrite({front, count});
    out_at_ += taken;
    may -= taken;
    wrote |= taken > 0;
    if (taken < count) break;
  }
  if (wrote && (out_at_ < out_.size() || MayAsk())) Wrote(story_->client_writes);
  const bool is_all = asked_.size() == story_->requests.size() && out_at_ == out_.size();
  const bool at_once = story_->client_ending == ClientEnding::kFin;
  if (is_all && !fin_sent_ && (at_once || IsAnswered())) EndWriting();
}

// Who has asked for the end of the connection waits for it.
void FileClient::EndWriting() {
  if (story_->client_ending == ClientEnding::kWait) return;
  fin_sent_ = true;
  connection_->FarShutdown();
}

void FileClient::EndIfOver() {
  if (connection_->FarState() != StreamState::kOpen) EndWithStream();
}

// Of what was asked for a file was written to. The end may have come by a reset, which takes
// answers with it that were on their way: so it may be any of them.
bool FileClient::MayBeCut() const {
  if (const Version* version = reader_.version(); version != nullptr && version->is_spoilt) {
    return true;
  }
  const size_t first = answered_ + (reader_.version() != nullptr ? 1 : 0);
  return std::any_of(asked_.begin() + static_cast<ptrdiff_t>(std::min(first, asked_.size())),
                     asked_.end(), [&](const SentRequest& one) {
                       return book_->IsSpoilt(one.request.path, FileBook::SinceNs(one.sent_ns));
                     });
}

std::string FileClient::Missing() const {
  const bool is_turned_away = refused_ && closed_;
  if (IsAnswered() || is_turned_away) return saw_fin_ ? "" : "the client was reset";
  if (MayBeCut()) return {};
  // Without memory to hold what was pipelined, the connection ends behind a whole answer.
  if (story_->may_be_refused && saw_fin_ && reader_.version() == nullptr) return {};
  return absl::StrCat("answer ", answered_, " of ", story_->requests.size(), " is not whole");
}

}  // namespace ringway::sim
