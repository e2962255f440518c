// SPDX-License-Identifier: Apache-2.0
//
// Asking, reading answers, and what passes behind them.
#include "tests/sim/passage_client.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace ringway::sim {
namespace {

/// Who does not play by the rules goes after so long.
constexpr uint64_t kPatienceNs = 2'000'000'000;
constexpr size_t kHeadBytesMax = 32 * 1024;
constexpr char kClose = '\x88';

std::string_view Text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

PassageClient::PassageClient(const Scene& scene, const Part& part, Server& entrance)
    : ClientEnd(scene, part, entrance),
      up_(part.story, Direction::kUp),
      down_(part.story, Direction::kDown) {}

void PassageClient::Ask() {
  const uint32_t number = asked_++;
  expected_ = BuildAnswer(
      *story_, number < story_->refusals ? story_->refusal : story_->last_answer, number);
  // X-Hop is of this connection alone; X-Kept cannot be made so.
  absl::StrAppend(&out_, "GET /", route(), " HTTP/1.1\r\nHost: ringway.test\r\n",
                  "Upgrade: websocket\r\nConnection: keep-alive, X-Hop, Upgrade\r\nX-Hop: 1\r\n",
                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ", kWebSocketKey,
                  "\r\nX-Kept: 1\r\n\r\n");
}

void PassageClient::Act() {
  due_ns_ = kNeverNs;
  if (connection_ == nullptr) {
    Connect();
    if (!story_->IsPolite()) patience_ns_ = now() + kPatienceNs;
    Ask();
  }
  if (now() >= patience_ns_) {
    RINGWAY_TRACE(*verdict_, "client %u: loses patience", number_);
    connection_->FarReset();
    done_ = true;
    return;
  }
  WakeBy(patience_ns_);
  if (vanished_) return;
  ReadSome();
  fin_seen_ = connection_->FarState() == StreamState::kFin;
  WriteSome();
  if (!done_) EndIfOver();
  if (done_) due_ns_ = kNeverNs;
}

void PassageClient::ReadSome() {
  std::span<const uint8_t> bytes = Read(story_->client_reads);
  while (!bytes.empty() && !verdict_->failed()) {
    if (passes()) {
      bytes = FeedPassage(bytes);
    } else if (refused_) {
      return;  // the body of the gateway's own answer
    } else if (in_body_) {
      bytes = FeedBody(bytes);
    } else {
      bytes = FeedHead(bytes);
    }
  }
}

std::span<const uint8_t> PassageClient::FeedHead(std::span<const uint8_t> bytes) {
  if (is_answered_) {
    verdict_->Fail("client %u got %zu bytes behind the last answer", number_, bytes.size());
  }
  size_t used = 0;
  while (used < bytes.size() && !head_.ends_with("\r\n\r\n")) {
    head_.push_back(static_cast<char>(bytes[used++]));
  }
  if (head_.size() > kHeadBytesMax) verdict_->Fail("the answer to a handshake has no end");
  if (head_.ends_with("\r\n\r\n")) OnAnswer();
  return bytes.subspan(used);
}

void PassageClient::OnAnswer() {
  if (!head_.starts_with("HTTP/1.1 "))
    verdict_->Fail("an answer that is no HTTP: %s", head_.data());
  status_ = std::atoi(head_.c_str() + 9);
  RINGWAY_TRACE(*verdict_, "client %u: status %d", number_, status_);
  if (status_ == 101) {
    const bool good = expected_.status == 101 && story_->last_answer == Answer::kSwitches &&
                      FieldOf(head_, "Sec-WebSocket-Accept") == kWebSocketAccept;
    if (!good) verdict_->Fail("client %u got a wrong 101: %s", number_, head_.c_str());
  } else if (status_ != expected_.status) {
    refused_ = true;
  } else if (head_.find(expected_.framing) == std::string::npos ||
             FieldOf(head_, "X-Number") != absl::StrCat(asked_ - 1)) {
    verdict_->Fail("client %u got a head that is not the service's: %s", number_, head_.c_str());
  } else {
    in_body_ = true;
    body_bytes_ = 0;
    if (expected_.body.empty()) OnAnswerEnd();
  }
  head_.clear();
}

std::span<const uint8_t> PassageClient::FeedBody(std::span<const uint8_t> bytes) {
  const auto part = bytes.first(std::min(bytes.size(), expected_.body.size() - body_bytes_));
  if (part.empty()) verdict_->Fail("client %u got bytes behind a body", number_);
  if (Text(part) != std::string_view(expected_.body).substr(body_bytes_, part.size())) {
    verdict_->Fail("client %u got a wrong body near %zu", number_, body_bytes_);
  }
  body_bytes_ += part.size();
  const bool has_end = !expected_.framing.empty();
  if (body_bytes_ == expected_.body.size() && has_end) OnAnswerEnd();
  return bytes.subspan(part.size());
}

// Behind a whole answer the connection may be used again.
void PassageClient::OnAnswerEnd() {
  if (story_->last_answer == Answer::kCut && asked_ > story_->refusals) return;
  in_body_ = false;
  if (asked_ <= story_->refusals) return Ask();
  is_answered_ = true;
}

std::span<const uint8_t> PassageClient::FeedPassage(std::span<const uint8_t> bytes) {
  const bool framed = story_->inspect == config::Inspect::kHeaders;
  const uint64_t to_end = framed ? down_.ToFrameEnd(received_) : down_.size() - received_;
  const bool at_boundary =
      received_ == 0 || received_ == down_.size() || down_.ToFrameEnd(received_ - 1) == 1;
  // No service of these stories sends a Close frame: such a one is the gateway's, its last word.
  const bool is_close = framed && at_boundary && static_cast<char>(bytes[0]) == kClose;
  if (!close_.empty() || is_close) {
    close_.append(Text(bytes));
    const bool good = close_.size() < 2 || close_.size() <= 2U + static_cast<uint8_t>(close_[1]);
    if (!good) verdict_->Fail("client %u got bytes behind a Close", number_);
    return {};
  }
  const auto part = bytes.first(std::min<uint64_t>(bytes.size(), to_end));
  if (part.empty() || !down_.Matches(received_, part)) {
    verdict_->Fail("client %u got wrong bytes near %lu of %lu", number_, received_, down_.size());
    return {};
  }
  received_ += part.size();
  if (received_ > server().sent()) {
    verdict_->Fail("client %u got %lu bytes of the %lu that were sent", number_, received_,
                   server().sent());
  }
  return bytes.subspan(part.size());
}

bool PassageClient::MaySend() const {
  if (fin_sent_ || out_at_ < out_.size()) return false;
  return passes() || (story_->pipelines && status_ == 0 && expected_.status == 101);
}

void PassageClient::WriteSome() {
  size_t may = MayWrite(story_->client_writes);
  bool wrote = false;
  while (may > 0) {
    std::span<const uint8_t> next(reinterpret_cast<const uint8_t*>(out_.data()), out_.size());
    next = next.subspan(out_at_);
    const bool is_request = !next.empty();
    if (!is_request && MaySend()) next = up_.From(sent_);
    next = next.first(std::min(may, next.size()));
    if (next.empty()) break;
    const size_t taken = connection_->FarWrite(next);
    if (is_request) {
      out_at_ += taken;
    } else {
      sent_ += taken;
    }
    may -= taken;
    wrote |= taken > 0;
    if (taken < next.size()) break;
  }
  if (wrote && (out_at_ < out_.size() || (MaySend() && sent_ < up_.size()))) {
    Wrote(story_->client_writes);
  }
  if (passes() && !fin_sent_) EndWriting();
}

void PassageClient::EndWriting() {
  const uint64_t leave_at = story_->reset_at_bytes % (up_.size() + 1);
  switch (story_->client_ending) {
    case ClientEnding::kReset:
      if (sent_ < leave_at) return;
      RINGWAY_TRACE(*verdict_, "client %u: resets", number_);
      connection_->FarReset();
      done_ = true;
      return;
    case ClientEnding::kVanish:
      if (sent_ < leave_at) return;
      RINGWAY_TRACE(*verdict_, "client %u: vanishes", number_);
      vanished_ = true;
      return;
    case ClientEnding::kCloseWhenWhole:
      if (received_ < down_.size()) return;
      break;
    case ClientEnding::kWait:
      if (!fin_seen_) return;
      break;
    default:
      break;
  }
  if (sent_ < up_.size()) return;
  RINGWAY_TRACE(*verdict_, "client %u: half-closes after %lu bytes", number_, sent_);
  connection_->FarShutdown();
  fin_sent_ = true;
}

void PassageClient::EndIfOver() {
  const StreamState state = connection_->FarState();
  if (state == StreamState::kOpen) {
    if (!is_answered_) return;
    connection_->FarClose();  // nothing more is asked
    saw_fin_ = done_ = true;
    return;
  }
  // A stream that has ended while the other goes on: what is owed to the service is sent yet.
  const bool goes_on =
      fin_seen_ && passes() && !fin_sent_ && close_.empty() && received_ == down_.size();
  if (!goes_on) EndWithStream();
}

uint64_t PassageClient::Taken() {
  const uint64_t taken = connection_ == nullptr ? 0 : connection_->up.taken();
  return taken > out_.size() ? taken - out_.size() : 0;
}

std::string PassageClient::Missing() const {
  if (status_ != expected_.status || asked_ <= story_->refusals) {
    return absl::StrCat("status ", status_, " to request ", asked_);
  }
  if (!saw_fin_) return "the client was reset";
  if (!passes()) {
    if (body_bytes_ == expected_.body.size()) return {};
    return absl::StrCat(body_bytes_, " of a body of ", expected_.body.size(), " bytes came");
  }
  if (server().received() != up_.size()) {
    return absl::StrCat("the service got ", server().received(), " of ", up_.size(), " bytes");
  }
  if (!close_.empty()) return "the gateway sent a Close";
  if (received_ != down_.size()) {
    return absl::StrCat("the client got ", received_, " of ", down_.size(), " bytes");
  }
  return {};
}

}  // namespace ringway::sim
