// SPDX-License-Identifier: Apache-2.0
//
// A simulated WebSocket client: plays its part of a story, and reads what it is sent.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "tests/sim/ends.h"
#include "tests/sim/server_reader.h"

namespace ringway::sim {

class Client : public ClientEnd {
 public:
  Client(const Scene& scene, const Part& part, Server& entrance);

  void Act() override;

  int status() const override { return reader_.status(); }
  /// Bytes of payload whose place on the wire was written.
  uint64_t sent() const override;
  uint64_t received() const override { return reader_.payload_bytes(); }
  uint64_t Taken() override;
  bool flows() const override { return !ended_writing() && !reader_.got_close(); }
  std::string Missing() const override;

 private:
  void Begin();
  void ReadSome();
  void WriteSome();
  bool Refill();
  void AppendHead();
  void AppendNext();
  void AppendData();
  void AppendFrame(uint8_t first, std::span<const uint8_t> payload);
  void AppendClose();
  void AppendBadFrame();
  void EndWriting();
  void EndIfOver();
  bool IsWhole() const;
  bool ended_writing() const { return close_sent_ || fin_sent_; }
  bool MidMessage() const { return message_left_ > 0; }

  Tape tape_;
  ServerReader reader_;

  std::vector<uint8_t> out_;  ///< what is being written: one frame
  size_t out_at_ = 0;
  size_t out_header_ = 0;     ///< bytes of out_ in front of its payload
  uint64_t payload_out_ = 0;  ///< payload before out_
  bool out_is_data_ = false;
  /// Data frames that were written, for PayloadTaken: places on the wire.
  struct Written {
    uint64_t payload_from;  ///< where on the wire its payload begins
    uint64_t payload_bytes;
  };
  std::deque<Written> written_;
  uint64_t payload_passed_ = 0;  ///< of frames that left `written_`
  uint64_t wire_ = 0;            ///< bytes put into frames so far

  bool head_sent_ = false;
  uint64_t message_left_ = 0;
  uint32_t fragments_left_ = 0;
  bool message_began_ = false;
  uint64_t payload_framed_ = 0;
  uint32_t pings_ = 0;
  std::vector<std::string> pongs_;  ///< due
  bool close_sent_ = false;
  uint16_t close_sent_code_ = 0;
  bool fin_sent_ = false;
  bool silent_ = false;  ///< writes nothing any more
  bool vanished_ = false;
  uint64_t patience_ns_ = kNeverNs;
};

}  // namespace ringway::sim
