// SPDX-License-Identifier: Apache-2.0
//
// An operation of the ring, as the simulated kernel keeps it until it has ended.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "uring/kernel.h"

namespace ringway::sim {

inline constexpr uint64_t kNeverNs = UINT64_MAX;

/// An operation with the kernel.
struct Request {
  uint8_t opcode = 0;
  bool multishot = false;
  bool done = false;
  bool withheld = false;  ///< it never completes
  int fd = -1;
  uint64_t user_data = 0;
  uint64_t not_before_ns = 0;           ///< it is not looked at earlier
  uint64_t cancelled_at_ns = kNeverNs;  ///< it ends then at the latest
  // receive
  uint16_t group = 0;
  uint32_t bytes_max = UINT32_MAX;  ///< of one completion
  uint64_t cap_left = UINT64_MAX;   ///< of all of them
  // send: read when it is carried out, which may be long after it was submitted
  std::vector<std::span<const uint8_t>> pieces;
  bool waits = true;  ///< for room, without MSG_DONTWAIT
  // connect
  sockaddr_storage address{};
  int connect_result = 0;
  // read
  std::span<uint8_t> out;
  uint64_t offset = 0;
  uint16_t fixed_index = 0;  ///< of the registered memory that `out` lies in
  // open
  std::string path;
  uring::Lookup lookup = uring::Lookup::kWhole;
  // poll
  uint32_t events = 0;
  uint32_t purpose = 0;     ///< POLLIN, POLLOUT, or, for neither, POLLRDHUP
  uint64_t wakes_seen = 0;  ///< multishot: each wake is told of once
  bool told = false;        ///< multishot: of what was there when it was armed
};

/// Its bytes leave in the order of all sends of the socket.
inline bool IsSend(uint8_t opcode) {
  return opcode == IORING_OP_SEND || opcode == IORING_OP_SENDMSG || opcode == IORING_OP_SEND_ZC;
}

/// A completion that comes although its operation ended long ago.
struct Ghost {
  uint64_t due_ns = 0;
  uint64_t user_data = 0;
  int32_t res = 0;
};

}  // namespace ringway::sim
