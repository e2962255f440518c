// SPDX-License-Identifier: Apache-2.0
//
// One connection of the load generator: connect, handshake, messages in a closed or an open loop
// that are verified when they come back, and a clean end.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/frame_reader.h"
#include "bench/load/histogram.h"
#include "bench/load/pace.h"
#include "bench/load/pattern.h"
#include "bench/load/sockets.h"
#include "bench/load/target.h"

namespace ringway::load {

/// What all connections of a run share and do not change.
struct Plan {
  Target target;
  uint64_t message_bytes = 64;
  /// Closed loop: messages that a connection keeps on the way.
  uint32_t outstanding = 1;
  /// Open loop: time from a connection's message to its next, whatever comes back, with latency
  /// counted from when a message was due. 0: closed loop.
  uint64_t period_ns = 0;
  /// Messages of one connection in all; 0: no end but the run's.
  uint64_t messages_max = 0;
  Verify verify = Verify::kFull;
  uint64_t seed = 0;
  /// Further request header lines.
  std::vector<std::string> headers;
};

/// What all connections of a run add up.
struct Ledger {
  uint64_t messages = 0;
  uint64_t payload_bytes = 0;
  Histogram latency;
  /// Text -> how often. Any entry makes the run a failure.
  std::map<std::string, uint64_t> errors;
  uint64_t mismatches = 0;
  std::string first_mismatch;
  uint64_t pings = 0;

  void AddError(std::string text) { ++errors[std::move(text)]; }
};

/// Memory that serves one connection at a time.
struct Scratch {
  std::vector<uint8_t> in;
  std::vector<uint8_t> out;
};

/// One thread's; lives no longer than what its constructor is given.
class Connection {
 public:
  enum class State { kNew, kConnecting, kShaking, kOpen, kClosing, kClosed, kFailed };

  struct Shared {
    const Plan& plan;
    const Pace& pace;
    const Pattern& pattern;
    Ledger& ledger;
    Scratch& scratch;
  };

  Connection(const Shared& shared, uint32_t index);

  /// Connects and registers with `epoll`, edge-triggered, with `this` as the event's pointer.
  void Open(int epoll);

  /// An epoll event came.
  void OnEvent(uint32_t events);

  /// From now on keeps the plan's messages on the way, or sends them when OnDue says so. Open
  /// connections only.
  void StartSending();

  /// Open loop: begins what the pace has due by `now_ns`.
  void OnDue(uint64_t now_ns);

  /// No further message begins; what is on the way is awaited.
  void StopSending();

  /// Sends Close 1000 (or the end of the stream) and awaits the answer. Open connections only.
  void BeginClose();

  /// Closes the socket whatever its state.
  void Abandon() { fd_.Close(); }

  State state() const { return state_; }
  bool settled() const { return state_ >= State::kOpen; }
  bool ended() const { return state_ >= State::kClosed; }
  /// Messages begun and not yet back.
  uint64_t on_the_way() const;
  /// Has received the plan's messages_max.
  bool finished() const;

 private:
  MessageId IdOf(uint64_t sequence) const { return {index_, sequence}; }

  void OnConnected();
  void OnReadable();
  void OnBytes(std::span<uint8_t> bytes);
  void OnHandshakeBytes(std::span<uint8_t> bytes);
  void OnFrames(std::span<uint8_t> bytes);
  void OnPayload(std::span<const uint8_t> bytes);
  void OnMessage(uint64_t sequence);
  void OnControl();
  void OnClose(std::string_view payload);
  void OnEndOfStream();
  void OnMismatch(uint64_t sequence, uint64_t offset);

  void Flush();
  bool FlushControl();
  bool FlushMessages(uint64_t due);
  size_t FillOutput(uint64_t due);
  void Allow(uint64_t messages);
  uint64_t BeganAtNs(uint64_t sequence) const;
  void Fail(std::string text);
  void End(State state);

  Shared shared_;
  uint32_t index_;
  State state_ = State::kNew;
  Descriptor fd_;
  bool end_signalled_ = false;
  std::string key_;
  std::string response_;
  FrameReader reader_{Reader::kClient};
  /// Payload of the control frame being read.
  std::string control_in_;
  /// Bytes that leave between two messages: the request, pongs, Close.
  std::string control_out_;

  /// Bytes of one message on the wire, header included.
  uint64_t wire_bytes_ = 0;
  /// Message bytes written so far, headers included; messages that this began.
  uint64_t written_bytes_ = 0;
  uint64_t begun_ = 0;
  /// Messages that may be begun.
  uint64_t allowed_ = 0;
  bool sending_ = false;
  uint64_t received_bytes_ = 0;
  /// When the message with sequence k was begun, at k modulo the plan's outstanding.
  std::vector<uint64_t> begun_at_ns_;
  uint64_t now_ns_ = 0;
};

}  // namespace ringway::load
