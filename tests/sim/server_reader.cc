// SPDX-License-Identifier: Apache-2.0
//
// Byte for byte, as RFC 6455 5.2 draws it.
#include "tests/sim/server_reader.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace ringway::sim {
namespace {

/// RFC 6455 1.3: the answer to the key that every simulated client sends.
constexpr const char* kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
constexpr size_t kHeadBytesMax = 2048;

}  // namespace

std::string ServerReader::PingPayload(uint32_t number) {
  std::string payload = absl::StrCat(number, ":");
  payload.resize(std::max<size_t>(payload.size(), number * 37 % 126), 'p');
  return payload;
}

void ServerReader::Feed(std::span<const uint8_t> bytes, uint64_t sent, uint32_t pings) {
  while (!bytes.empty() && !verdict_->failed()) {
    if (status_ == 0) {
      bytes = FeedHead(bytes);
    } else if (status_ != 101) {
      return;  // the body of a refusal
    } else if (got_close_) {
      return verdict_->Fail("a client got %zu bytes behind a Close", bytes.size());
    } else if (!in_frame_) {
      bytes = FeedHeader(bytes);
    } else {
      bytes = FeedPayload(bytes, sent);
    }
    if (in_frame_ && left_ == 0) {
      in_frame_ = false;
      header_bytes_ = 0;
      if ((header_[0] & 0x08) != 0) OnControl(pings);
    }
  }
}

std::span<const uint8_t> ServerReader::FeedHead(std::span<const uint8_t> bytes) {
  size_t used = 0;
  while (used < bytes.size() && !head_.ends_with("\r\n\r\n")) {
    head_.push_back(static_cast<char>(bytes[used++]));
  }
  if (head_.size() > kHeadBytesMax) verdict_->Fail("the answer to a handshake has no end");
  if (!head_.ends_with("\r\n\r\n")) return {};
  if (!head_.starts_with("HTTP/1.1 "))
    verdict_->Fail("an answer that is no HTTP: %s", head_.data());
  status_ = std::atoi(head_.c_str() + 9);
  if (status_ == 101 && head_.find(kAccept) == std::string::npos) {
    verdict_->Fail("a 101 without the right key: %s", head_.c_str());
  }
  head_.clear();
  return bytes.subspan(used);
}

std::span<const uint8_t> ServerReader::FeedHeader(std::span<const uint8_t> bytes) {
  header_[header_bytes_++] = bytes[0];
  if (header_bytes_ >= 2) {
    const uint8_t length = header_[1];
    const size_t whole = length < 126 ? 2 : (length == 126 ? 4 : 10);
    if (length > 127) verdict_->Fail("a frame for a client is masked");
    if (header_bytes_ == whole) OnHeader();
  }
  return bytes.subspan(1);
}

void ServerReader::OnHeader() {
  const uint8_t opcode = header_[0] & 0x0f;
  left_ = header_[1];
  if (left_ >= 126) {
    left_ = 0;
    for (size_t i = 2; i < header_bytes_; ++i) left_ = left_ << 8 | header_[i];
    if (left_ < (header_[1] == 126 ? 126U : 65536U)) verdict_->Fail("a length that is too long");
  }
  in_frame_ = true;
  control_.clear();
  if ((header_[0] & 0xf0) != 0x80) verdict_->Fail("a frame begins with %02x", header_[0]);
  if (opcode >= 8) {
    if (left_ > 125 || opcode > 10) verdict_->Fail("control frame %02x", header_[0]);
    return;
  }
  if (opcode != (text_ ? 1 : 2)) verdict_->Fail("a data frame of opcode %u", opcode);
  const bool whole = tape_.CharacterFront(payload_bytes_) == payload_bytes_ &&
                     tape_.CharacterFront(payload_bytes_ + left_) == payload_bytes_ + left_;
  if (text_ && !whole) verdict_->Fail("a text frame cuts a character");
}

std::span<const uint8_t> ServerReader::FeedPayload(std::span<const uint8_t> bytes, uint64_t sent) {
  const auto part = bytes.first(static_cast<size_t>(std::min<uint64_t>(left_, bytes.size())));
  left_ -= part.size();
  if ((header_[0] & 0x08) != 0) {
    control_.append(part.begin(), part.end());
  } else {
    if (!tape_.Matches(payload_bytes_, part)) {
      verdict_->Fail("a client got wrong bytes near %lu", payload_bytes_);
    }
    payload_bytes_ += part.size();
    if (payload_bytes_ > sent) {
      verdict_->Fail("a client got %lu bytes of the %lu that were sent", payload_bytes_, sent);
    }
  }
  return bytes.subspan(part.size());
}

void ServerReader::OnControl(uint32_t pings) {
  switch (header_[0] & 0x0f) {
    case 8:
      got_close_ = true;
      close_code_ = 1005;
      if (control_.size() == 1) verdict_->Fail("a Close of one byte");
      if (control_.size() >= 2) {
        close_code_ = static_cast<uint16_t>(static_cast<uint8_t>(control_[0]) << 8 |
                                            static_cast<uint8_t>(control_[1]));
      }
      return;
    case 9:
      pings_.push_back(control_);
      return;
    default:
      OnPong(pings);
  }
}

// Answers come in the order of the pings; some may be left out (RFC 6455 5.5.3).
void ServerReader::OnPong(uint32_t pings) {
  const auto number = static_cast<uint32_t>(std::atoi(control_.c_str()));
  if (number <= pongs_until_ || number > pings || control_ != PingPayload(number)) {
    verdict_->Fail("a pong that answers nothing: '%s' after %u of %u pings", control_.c_str(),
                   pongs_until_, pings);
  }
  pongs_until_ = number;
}

}  // namespace ringway::sim
