// SPDX-License-Identifier: Apache-2.0
//
// What a client writes: its request, its frames, its end.
#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "tests/sim/client.h"

namespace ringway::sim {
namespace {

constexpr uint8_t kFin = 0x80;
constexpr uint8_t kClose = kFin | 8;
constexpr uint8_t kPing = kFin | 9;
constexpr uint8_t kPong = kFin | 10;
/// One message in so many has no payload.
constexpr uint64_t kEmptyMessageOneIn = 30;
constexpr size_t kTooLargeBytes = 20'000;

void Append(std::vector<uint8_t>& out, const std::string& text) {
  out.insert(out.end(), text.begin(), text.end());
}

}  // namespace

void Client::AppendHead() {
  head_sent_ = true;
  std::string path = absl::StrCat("/", route());
  std::string upgrade =
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  switch (story_->opening) {
    case Opening::kGarbage:
      path += " \x01 garbage";
      break;
    case Opening::kNoRoute:
      path = "/nowhere";
      break;
    case Opening::kNoUpgrade:
      upgrade.clear();
      break;
    case Opening::kTooLarge:
      absl::StrAppend(&upgrade, "X-Much: ", std::string(kTooLargeBytes, 'x'), "\r\n");
      break;
    case Opening::kNever:
    case Opening::kLeaves:
    case Opening::kValid:
      break;
  }
  std::string head =
      absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: ringway.test\r\n", upgrade, "\r\n");
  if (story_->opening == Opening::kNever || story_->opening == Opening::kLeaves) {
    head.resize(random_->Below(head.size() - 1));
    if (story_->opening == Opening::kLeaves) fin_sent_ = true;
    silent_ = true;
  }
  Append(out_, head);
  if (fin_sent_) {
    connection_->FarWrite(out_);
    connection_->FarShutdown();
    out_.clear();
  }
}

void Client::AppendFrame(uint8_t first, std::span<const uint8_t> payload) {
  out_.push_back(first);
  if (payload.size() < 126) {
    out_.push_back(static_cast<uint8_t>(0x80 | payload.size()));
  } else {
    const int bytes = payload.size() < 65536 ? 2 : 8;
    out_.push_back(static_cast<uint8_t>(0x80 | (bytes == 2 ? 126 : 127)));
    for (int i = bytes - 1; i >= 0; --i) {
      out_.push_back(static_cast<uint8_t>(payload.size() >> (8 * i)));
    }
  }
  uint8_t mask[4];
  const uint64_t chance = random_->Next();
  std::memcpy(mask, &chance, sizeof mask);
  out_.insert(out_.end(), mask, mask + 4);
  out_header_ = out_.size();
  for (size_t i = 0; i < payload.size(); ++i) out_.push_back(payload[i] ^ mask[i % 4]);
}

void Client::AppendNext() {
  if (ended_writing()) return;
  const auto bytes_of = [](const std::string& text) {
    return std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  };
  if (!pongs_.empty()) {
    AppendFrame(kPong, bytes_of(pongs_.front()));
    pongs_.erase(pongs_.begin());
    return;
  }
  if (reader_.got_close()) return AppendClose();
  const uint64_t leave_at = story_->reset_at_bytes % (story_->up_bytes + 1);
  const bool leaves = story_->client_ending == ClientEnding::kReset ||
                      story_->client_ending == ClientEnding::kVanish;
  if (leaves && payload_framed_ >= leave_at) return EndWriting();
  if (payload_framed_ == story_->up_bytes && !MidMessage() && !message_began_) return EndWriting();
  if (random_->Chance(story_->ping_chance)) {
    const std::string payload = ServerReader::PingPayload(++pings_);
    return AppendFrame(kPing, bytes_of(payload));
  }
  AppendData();
}

// One frame of a message: the first of a new one, or the next fragment of the one that began.
void Client::AppendData() {
  const bool first = !message_began_;
  if (first) {
    const uint64_t left = story_->up_bytes - payload_framed_;
    message_left_ = std::min<uint64_t>(left, 1 + random_->Below(story_->message_bytes_max));
    if (random_->Below(kEmptyMessageOneIn) == 0) message_left_ = 0;
    // A message ends where a character does.
    while (tape_.CharacterFront(payload_framed_ + message_left_) !=
           payload_framed_ + message_left_) {
      ++message_left_;
    }
    fragments_left_ = static_cast<uint32_t>(random_->Between(1, story_->fragments_max));
  }
  const bool last = --fragments_left_ == 0;
  const uint64_t bytes = last ? message_left_ : random_->Below(message_left_ + 1);
  std::vector<uint8_t> payload(bytes);
  tape_.Fill(payload_framed_, payload);
  const uint8_t opcode = first ? (story_->text ? 1 : 2) : 0;
  AppendFrame(static_cast<uint8_t>((last ? kFin : 0) | opcode), payload);
  out_is_data_ = true;
  written_.push_back({.payload_from = wire_ + out_header_, .payload_bytes = bytes});
  payload_framed_ += bytes;
  message_left_ -= bytes;
  message_began_ = !last;
}

void Client::AppendClose() {
  static constexpr uint16_t kCodes[] = {1000, 1001, 3000, 4999};
  std::vector<uint8_t> payload;
  close_sent_code_ = 1005;
  if (!random_->Chance(2000)) {
    close_sent_code_ = random_->Pick(kCodes);
    payload = {static_cast<uint8_t>(close_sent_code_ >> 8), static_cast<uint8_t>(close_sent_code_)};
    payload.resize(2 + (random_->Chance(5000) ? 0 : random_->Below(124)), 'r');
  }
  AppendFrame(kClose, payload);
  close_sent_ = true;
}

void Client::AppendBadFrame() {
  static const std::vector<uint8_t> kBad[] = {
      {0x82, 0x01, 'x'},                          // not masked
      {0xc2, 0x80, 1, 2, 3, 4},                   // a reserved bit
      {0x83, 0x80, 1, 2, 3, 4},                   // a reserved opcode
      {0x09, 0x80, 1, 2, 3, 4},                   // a ping in fragments
      {0x80, 0x80, 1, 2, 3, 4},                   // goes on with nothing
      {0x88, 0x81, 0, 0, 0, 0, 3},                // a Close of one byte
      {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed},       // 1005 on the wire
      {0x81, 0x82, 0, 0, 0, 0, 0xc0, 0x80},       // no UTF-8
      {0x82, 0xfe, 0x00, 0x05, 0, 0, 0, 0, 'x'},  // a length that is not minimal
  };
  out_ = random_->Pick(kBad);
  out_header_ = out_.size();
  silent_ = true;
}

// Everything was said.
void Client::EndWriting() {
  switch (story_->client_ending) {
    case ClientEnding::kCloseWhenSent:
      return AppendClose();
    case ClientEnding::kCloseWhenWhole:
      if (IsWhole()) AppendClose();
      return;
    case ClientEnding::kWait:
      return;
    case ClientEnding::kFin:
      // WHY not before the 101: a client that leaves earlier has abandoned its handshake.
      if (reader_.status() == 0) return;
      fin_sent_ = true;
      connection_->FarShutdown();
      return;
    case ClientEnding::kReset:
      RINGWAY_TRACE(*verdict_, "client %u: resets", number_);
      connection_->FarReset();
      done_ = true;
      return;
    case ClientEnding::kVanish:
      RINGWAY_TRACE(*verdict_, "client %u: vanishes", number_);
      vanished_ = true;
      return;
    case ClientEnding::kBadFrame:
      return AppendBadFrame();
  }
}

}  // namespace ringway::sim
