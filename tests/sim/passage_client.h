// SPDX-License-Identifier: Apache-2.0
//
// A simulated client of a WebSocket service: asks for a 101, again behind each other answer, and
// behind it sends and receives bytes that the gateway has to pass as they are.
#pragma once

#include <string>

#include "tests/sim/answers.h"
#include "tests/sim/ends.h"
#include "tests/sim/wire.h"

namespace ringway::sim {

class PassageClient : public ClientEnd {
 public:
  PassageClient(const Scene& scene, const Part& part, Server& entrance);

  void Act() override;

  int status() const override { return status_; }
  uint64_t sent() const override { return sent_; }
  uint64_t received() const override { return received_; }
  uint64_t Taken() override;
  bool flows() const override { return passes() && !fin_sent_ && close_.empty(); }
  std::string Missing() const override;

 private:
  bool passes() const { return status_ == 101 && !refused_; }
  void Ask();
  void ReadSome();
  std::span<const uint8_t> FeedHead(std::span<const uint8_t> bytes);
  void OnAnswer();
  std::span<const uint8_t> FeedBody(std::span<const uint8_t> bytes);
  std::span<const uint8_t> FeedPassage(std::span<const uint8_t> bytes);
  void OnAnswerEnd();
  void WriteSome();
  bool MaySend() const;
  void EndWriting();
  void EndIfOver();

  Wire up_;
  Wire down_;
  std::string out_;  ///< all requests so far
  size_t out_at_ = 0;
  uint32_t asked_ = 0;
  std::string head_;       ///< the answer's head that is coming
  bool in_body_ = false;   ///< of an answer that is no 101
  AnswerText expected_;    ///< what the service says to the newest request
  size_t body_bytes_ = 0;  ///< of it that have come
  int status_ = 0;
  bool refused_ = false;      ///< the gateway has answered by itself
  bool is_answered_ = false;  ///< nothing is asked, and nothing more will be
  uint64_t sent_ = 0;
  uint64_t received_ = 0;
  std::string close_;  ///< the gateway's own Close frame, as it comes
  bool fin_seen_ = false;
  bool fin_sent_ = false;
  bool vanished_ = false;
  uint64_t patience_ns_ = kNeverNs;
};

}  // namespace ringway::sim
