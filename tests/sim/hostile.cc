// SPDX-License-Identifier: Apache-2.0
//
// What each part writes, and what it leaves undone.
#include "tests/sim/hostile.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace ringway::sim {
namespace {

constexpr uint8_t kMessage = 0x82;
constexpr uint8_t kPing = 0x89;
constexpr uint8_t kMasked = 0x80;
constexpr size_t kPingBytesMax = 125;
/// So much is made ready at a time.
constexpr size_t kRefillBytes = 512;
constexpr const char* kNotFound =
    "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nX-Number: 0\r\n\r\nnot found";

std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

void HostileClient::Begin() {
  Connect();
  connection_->down = Pipe(story_->hostile.receive_bytes);
  patience_ns_ = now() + story_->hostile.patience_ns;
}

void HostileClient::Act() {
  due_ns_ = kNeverNs;
  if (connection_ == nullptr) Begin();
  if (now() >= patience_ns_) {
    RINGWAY_TRACE(*verdict_, "client %u: loses patience", number_);
    connection_->FarReset();
    done_ = true;
    return;
  }
  WakeBy(patience_ns_);
  ReadAnswer();
  WriteSome();
  if (connection_->FarState() != StreamState::kOpen) EndWithStream();
  if (done_) due_ns_ = kNeverNs;
}

// Only the first answer, to know when the WebSocket has begun.
void HostileClient::ReadAnswer() {
  if (status_ != 0 || story_->hostile.kind == Hostile::kPipeliner) return;
  for (const uint8_t byte : Read({})) answer_.push_back(static_cast<char>(byte));
  if (answer_.find("\r\n\r\n") == std::string::npos || answer_.size() < 12) return;
  status_ = std::atoi(answer_.c_str() + 9);
  RINGWAY_TRACE(*verdict_, "client %u: status %d", number_, status_);
}

void HostileClient::WriteSome() {
  size_t may = fin_sent_ ? 0 : MayWrite(story_->client_writes);
  bool wrote = false;
  while (may > 0 && (out_at_ < out_.size() || Refill())) {
    const size_t bytes = std::min(may, out_.size() - out_at_);
    const size_t taken = connection_->FarWrite(std::span(out_).subspan(out_at_, bytes));
    out_at_ += taken;
    sent_ += taken;
    may -= taken;
    wrote |= taken > 0;
    if (taken < bytes) break;
  }
  if (wrote) Wrote(story_->client_writes);
}

bool HostileClient::Refill() {
  out_.clear();
  out_at_ = 0;
  if (sent_ >= story_->up_bytes) return false;
  const bool asks_again = story_->hostile.kind == Hostile::kPipeliner;
  if (!asked_ || asks_again) {
    AppendRequest();
  } else if (status_ == 101) {
    AppendFrames();
  }
  return !out_.empty();
}

void HostileClient::AppendRequest() {
  const bool is_static = story_->mode == config::Mode::kStatic;
  const std::string head = absl::StrCat(
      "GET /", route(), is_static ? "/index.html" : "", " HTTP/1.1\r\nHost: ringway.test\r\n",
      is_static ? ""
                : "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
      "\r\n");
  const auto bytes = BytesOf(head);
  out_.assign(bytes.begin(), bytes.end());
  if (story_->hostile.kind == Hostile::kSilent) out_.resize(story_->up_bytes);
  asked_ = true;
}

// Masked with zeros, which is a mask as any other.
void HostileClient::AppendFrame(uint8_t first, size_t payload_bytes) {
  out_.push_back(first);
  if (payload_bytes <= kPingBytesMax) {
    out_.push_back(static_cast<uint8_t>(kMasked | payload_bytes));
  } else {
    out_.push_back(kMasked | 126);
    out_.push_back(static_cast<uint8_t>(payload_bytes >> 8));
    out_.push_back(static_cast<uint8_t>(payload_bytes));
  }
  out_.resize(out_.size() + 4 + payload_bytes);
}

void HostileClient::AppendFrames() {
  while (out_.size() < kRefillBytes) {
    switch (story_->hostile.kind) {
      case Hostile::kZigzag:
        AppendFrame(kPing, 0);
        AppendFrame(kMessage, 1);
        break;
      case Hostile::kPinger:
        AppendFrame(kPing, random_->Below(kPingBytesMax + 1));
        break;
      case Hostile::kTrickler:
        AppendFrame(kMessage, 1);
        break;
      case Hostile::kHalfCloser:
        connection_->FarShutdown();
        fin_sent_ = true;
        return;
      default:
        AppendFrame(kMessage, 1 + random_->Below(story_->message_bytes_max));
        break;
    }
  }
}

void HostileBackend::Act() {
  due_ns_ = kNeverNs;
  if (connection_ != nullptr) LeaveIfGone();
  if (connection_ == nullptr) {
    if (door_->waiting.empty()) return;
    TakeConnection();
    if (story_->hostile.kind == Hostile::kHalfCloser) owed_ = story_->down_bytes;
  }
  if (story_->hostile.kind != Hostile::kHungBackend || story_->hostile.hung_reads) Hear(Read({}));
  WriteSome();
  EndIfOver();
}

// A gateway may give up a connection that has answered, and dial for the next request.
void HostileBackend::LeaveIfGone() {
  if (door_->waiting.empty() || !(connection_->near_closed || connection_->broken)) return;
  connection_->FarReset();
  connection_ = nullptr;
  request_.clear();
  out_.clear();
  owed_ = 0;
  shut_ = false;
}

void HostileBackend::Hear(std::span<const uint8_t> bytes) {
  received_ += bytes.size();
  switch (story_->hostile.kind) {
    case Hostile::kZigzag:
    case Hostile::kPinger:
    case Hostile::kTrickler:
      owed_ += bytes.size();
      return;
    case Hostile::kPipeliner:
      for (const uint8_t byte : bytes) {
        request_.push_back(static_cast<char>(byte));
        if (!request_.ends_with("\r\n\r\n")) continue;
        request_.clear();
        out_ += kNotFound;
      }
      return;
    default:
      return;
  }
}

void HostileBackend::WriteSome() {
  if (shut_) return;
  out_.erase(0, connection_->FarWrite(BytesOf(out_)));
  if (owed_ > 0) {
    const std::vector<uint8_t> bytes(std::min<uint64_t>(owed_, 65'536), 'e');
    const size_t taken = connection_->FarWrite(bytes);
    owed_ -= taken;
    sent_ += taken;
  }
  if (story_->hostile.kind == Hostile::kHalfCloser && owed_ == 0) {
    connection_->FarShutdown();
    shut_ = true;
  }
}

void HostileBackend::EndIfOver() {
  const StreamState state = connection_->FarState();
  if (state == StreamState::kOpen) return;
  RINGWAY_TRACE(*verdict_, "backend %u: ends", number_);
  state == StreamState::kFin ? connection_->FarClose() : connection_->FarReset();
}

}  // namespace ringway::sim
