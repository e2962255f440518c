// SPDX-License-Identifier: Apache-2.0
//
// Somebody at the far end of a connection: reads and writes at a pace, each in his own time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "tests/sim/network.h"
#include "tests/sim/plan.h"
#include "tests/sim/random.h"
#include "tests/sim/request.h"
#include "tests/sim/verdict.h"

namespace ringway::sim {

class Cast;

/// Where a story takes place.
struct Scene {
  Network& network;
  const SimClock& clock;
  Random& random;
  Verdict& verdict;
};

/// What one actor has to play.
struct Part {
  const Cast& cast;     ///< to which it belongs
  const Story& story;   ///< as far as this actor is concerned
  uint32_t number = 0;  ///< by which traces and verdicts name it
};

/// Somebody who takes part in a story. Acts when its time has come, or when something changed on
/// its connection.
class Actor {
 public:
  /// All that both name outlives the actor.
  Actor(const Scene& scene, const Part& part)
      : cast_(&part.cast),
        story_(&part.story),
        number_(part.number),
        clock_(&scene.clock),
        random_(&scene.random),
        verdict_(&scene.verdict) {}
  virtual ~Actor() = default;
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  uint64_t due_ns() const { return due_ns_; }
  void WakeBy(uint64_t at_ns) { due_ns_ = std::min(due_ns_, at_ns); }
  /// Does everything that is due now and sets its next time.
  virtual void Act() = 0;
  /// Somebody waits to be taken in by it.
  virtual bool IsCalled() const { return false; }
  /// Something has changed for it since the last time that this was asked.
  virtual bool TakeNews() {
    return !done_ && connection_ != nullptr && std::exchange(connection_->touched, false);
  }

  const Story& story() const { return *story_; }
  uint32_t number() const { return number_; }
  const Connection* connection() const { return connection_; }
  Connection* connection() { return connection_; }
  /// Its part is over: nothing of it is open.
  bool done() const { return done_; }

 protected:
  uint64_t now() const { return clock_->now_ns; }

  /// What is there, at the pace; empty when nothing is, or it is not yet time.
  std::span<const uint8_t> Read(const Pace& pace) {
    const uint64_t since = now() - begin_ns_;
    if (since >= pace.stop_from_ns && since < pace.stop_until_ns) {
      WakeBy(begin_ns_ + pace.stop_until_ns);
      return {};
    }
    if (connection_->down.size() == 0) return {};
    if (now() < read_at_ns_) {
      WakeBy(read_at_ns_);
      return {};
    }
    buffer_.resize(std::min<size_t>(pace.bytes_max, connection_->down.size()));
    const size_t got = connection_->FarRead(buffer_);
    read_at_ns_ = now() + random_->Between(1000, pace.pause_ns_max);
    if (connection_->down.size() > 0) WakeBy(read_at_ns_);
    return {buffer_.data(), got};
  }

  /// How many bytes may be written now.
  size_t MayWrite(const Pace& pace) {
    if (now() < write_at_ns_) {
      WakeBy(write_at_ns_);
      return 0;
    }
    return pace.bytes_max;
  }
  void Wrote(const Pace& pace) {
    write_at_ns_ = now() + random_->Between(1000, pace.pause_ns_max);
    if (connection_->broken || connection_->up.room() > 0) WakeBy(write_at_ns_);
  }

  const Cast* cast_;
  const Story* story_;
  uint32_t number_;
  const SimClock* clock_;
  Random* random_;
  Verdict* verdict_;
  Connection* connection_ = nullptr;
  uint64_t begin_ns_ = 0;
  uint64_t due_ns_ = kNeverNs;
  bool done_ = false;

 private:
  uint64_t read_at_ns_ = 0;
  uint64_t write_at_ns_ = 0;
  std::vector<uint8_t> buffer_;
};

}  // namespace ringway::sim
