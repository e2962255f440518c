// SPDX-License-Identifier: Apache-2.0
//
// What a client is sent, read by somebody who shares no code with the gateway: the answer to the
// handshake, then frames, each held to RFC 6455 and its payload to what the backend has sent.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/tape.h"
#include "tests/sim/verdict.h"

namespace ringway::sim {

class ServerReader {
 public:
  /// `text`: data frames must be text, each of whole characters.
  ServerReader(const Tape& tape, bool text, Verdict& verdict)
      : tape_(tape), text_(text), verdict_(&verdict) {}

  /// `sent`: bytes that the backend has sent so far. `pings`: those that the client has sent.
  void Feed(std::span<const uint8_t> bytes, uint64_t sent, uint32_t pings);

  int status() const { return status_; }  ///< of the answer; 0 before it is whole
  uint64_t payload_bytes() const { return payload_bytes_; }
  bool got_close() const { return got_close_; }
  uint16_t close_code() const { return close_code_; }    ///< 1005: none was given
  uint32_t pongs_until() const { return pongs_until_; }  ///< the newest ping that was answered
  /// In the middle of a frame or of the answer.
  bool inside() const { return !head_.empty() || header_bytes_ > 0 || left_ > 0; }
  /// Payloads of pings that were not taken yet.
  std::vector<std::string> TakePings() { return std::exchange(pings_, {}); }

  /// The payload by which a client's ping is known again.
  static std::string PingPayload(uint32_t number);

 private:
  std::span<const uint8_t> FeedHead(std::span<const uint8_t> bytes);
  std::span<const uint8_t> FeedHeader(std::span<const uint8_t> bytes);
  std::span<const uint8_t> FeedPayload(std::span<const uint8_t> bytes, uint64_t sent);
  void OnHeader();
  void OnControl(uint32_t pings);
  void OnPong(uint32_t pings);

  Tape tape_;
  bool text_;
  Verdict* verdict_;
  std::string head_;
  int status_ = 0;
  std::array<uint8_t, 10> header_{};
  size_t header_bytes_ = 0;
  bool in_frame_ = false;
  uint64_t left_ = 0;  ///< of the frame's payload
  std::string control_;
  uint64_t payload_bytes_ = 0;
  uint32_t pongs_until_ = 0;
  bool got_close_ = false;
  uint16_t close_code_ = 0;
  std::vector<std::string> pings_;
};

}  // namespace ringway::sim
