// SPDX-License-Identifier: Apache-2.0
//
// What the simulated kernel watches of the worker, beyond a kernel's duty: no operation on a
// descriptor when it is closed, one receive and one send at a time, no memory used while it is the
// kernel's, no wait for the disk. Whatever is wrong fails the run.
#pragma once

#include <linux/io_uring.h>

#include <cstdint>
#include <span>

#include "tests/sim/descriptors.h"
#include "tests/sim/in_flight.h"
#include "tests/sim/surroundings.h"

namespace ringway::sim {

enum class Watch : uint8_t { kContract, kWorker };

/// What a poll is for: bytes, room, or, if for neither, the end.
uint32_t PurposeOf(uint32_t poll_events);

class WorkerWatch {
 public:
  /// All but the first outlive it.
  WorkerWatch(Watch watch, const Surroundings& around, const Descriptors& descriptors,
              const InFlight& in_flight)
      : watch_(watch), around_(around), descriptors_(&descriptors), in_flight_(&in_flight) {}

  /// The world is the worker's, with times of its own; else it is the contract suite's.
  bool is_on() const { return watch_ == Watch::kWorker; }
  /// From now on descriptors may be closed whatever is in flight: the ring goes with them.
  void LoseRing() { ring_is_lost_ = true; }

  void OnSubmission(const io_uring_sqe& sqe) const;
  /// Memory that the worker has just offered must not be what one of its sends still reads.
  void OnOffered(std::span<const std::span<uint8_t>> offered) const;
  /// A direct call takes bytes from a socket (`opcode`: of a receive) or gives it some (of a send):
  /// they have no order with those of an operation of the ring.
  void OnDirectBytes(int fd, uint8_t opcode) const;
  /// A sendfile from this offset on, of a file that tells what of it is in memory. WHY not the
  /// bytes behind the first: those are probed here and there.
  void OnFileSend(const File& file, uint64_t offset) const;
  void OnClose(int fd) const;

 private:
  void CheckAlone(const io_uring_sqe& sqe) const;

  Watch watch_;
  Surroundings around_;
  const Descriptors* descriptors_;
  const InFlight* in_flight_;
  bool ring_is_lost_ = false;
};

}  // namespace ringway::sim
