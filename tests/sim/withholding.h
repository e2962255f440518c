// SPDX-License-Identifier: Apache-2.0
//
// Operations that never complete, as those of a kernel with a bug: which they are, by chance or on
// demand. A run has one at most by chance.
#pragma once

#include <linux/io_uring.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "tests/sim/descriptors.h"
#include "tests/sim/in_flight.h"
#include "tests/sim/surroundings.h"

namespace ringway::sim {

class Withholding {
 public:
  /// All three outlive it.
  Withholding(const Surroundings& around, const Descriptors& descriptors, InFlight& in_flight)
      : around_(around), descriptors_(&descriptors), in_flight_(&in_flight) {}

  /// The next operation of this kind never completes, nor does a cancel bring it back. Of cancels:
  /// the next of a whole descriptor.
  void WithholdNext(uint8_t opcode) { next_ = opcode; }

  /// Whether the entry, which has just been submitted, is to be withheld.
  bool Strikes(const io_uring_sqe& sqe);
  void Withhold(Request request);

  /// Those that never complete, by their user_data.
  const std::vector<uint64_t>& withheld() const { return withheld_; }
  /// One of them is on a descriptor of this kind.
  bool Withholds(DescriptorKind kind) const;
  bool WithholdsConnect() const;

 private:
  Surroundings around_;
  const Descriptors* descriptors_;
  InFlight* in_flight_;
  std::optional<uint8_t> next_;
  std::vector<uint64_t> withheld_;
};

}  // namespace ringway::sim
