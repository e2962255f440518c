// SPDX-License-Identifier: Apache-2.0
//
// A simulated WebSocket service: reads a request head, answers it as its story says, and behind a
// 101 sends and receives bytes that are nobody's business but its client's.
#pragma once

#include <string>

#include "tests/sim/answers.h"
#include "tests/sim/ends.h"
#include "tests/sim/wire.h"

namespace ringway::sim {

class Service : public BackendEnd {
 public:
  Service(const Scene& scene, const Part& part, Server& door);

  void Act() override;

  uint64_t Taken() const override;
  bool tainted() const override { return was_tainted_ || BackendEnd::tainted(); }

 private:
  void LeaveIfGone();
  void Leave();
  void ReadSome();
  std::span<const uint8_t> FeedHead(std::span<const uint8_t> bytes);
  void OnRequest();
  void ReadPassage(std::span<const uint8_t> bytes);
  void WriteSome();
  uint64_t Owed() const;
  void EndIfOver();
  void EndPassage();

  Wire up_;
  Wire down_;
  uint32_t asked_ = 0;   ///< requests that came
  std::string request_;  ///< the head that is coming
  bool answered_ = false;
  bool switched_ = false;
  bool closes_after_answer_ = false;
  std::string out_;  ///< the answer; what is behind it on the wire is the passage
  size_t out_at_ = 0;
  bool shut_ = false;
  bool was_tainted_ = false;  ///< a connection before this one
};

}  // namespace ringway::sim
