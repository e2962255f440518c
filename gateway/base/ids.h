// SPDX-License-Identifier: Apache-2.0
//
// The words by which rooms name a connected socket, and the kinds of operation that they submit.
#pragma once

#include <cstdint>

namespace ringway::base {

/// No slot: the end of a list, or nothing there.
inline constexpr uint32_t kNoSlot = 0xffff'ffff;

/// Bits of a generation: what fits beside kind and slot in a completion's user_data.
inline constexpr uint32_t kGenerationMask = 0x00ff'ffff;

/// Names one life of one slot of the link slab. A completion that carries an older generation is
/// stale: its link is gone and the slot may already serve another.
struct LinkId {
  uint32_t slot = kNoSlot;
  uint32_t generation = 0;  ///< 24 bits

  friend bool operator==(const LinkId&, const LinkId&) = default;
};

/// What a completion completes: the kind byte of user_data, one value a submitting room.
enum class Operation : uint8_t {
  kNone = 0,
  kAccept,        ///< accept: slot is the listening socket's index
  kConnect,       ///< dial: slot is the link's
  kReceive,       ///< read: slot is the link's
  kSend,          ///< write: slot is the link's
  kCancel,        ///< read, links: slot is the link's, one or all of whose operations end
  kCancelAccept,  ///< accept: slot is the listening socket's index
  kWake,          ///< worker: another thread asks for attention
  kReadable,      ///< splice: slot is the link's, whose socket has bytes
  kWritable,      ///< splice: slot is the link's, whose socket has room
  kOpenFile,      ///< files: slot is the session's, which waits for a file
  kEnd,           ///< read: slot is the link's, whose stream has ended while it is not read
  kReadFile,      ///< files: slot is the link's, which waits for bytes of a file
};

/// As people read it.
constexpr const char* NameOf(Operation operation) {
  switch (operation) {
    case Operation::kNone:
      break;
    case Operation::kAccept:
      return "accept";
    case Operation::kConnect:
      return "connect";
    case Operation::kReceive:
      return "receive";
    case Operation::kSend:
      return "send";
    case Operation::kCancel:
      return "cancel";
    case Operation::kCancelAccept:
      return "cancel of accept";
    case Operation::kWake:
      return "read of the wake descriptor";
    case Operation::kReadable:
      return "poll for bytes";
    case Operation::kWritable:
      return "poll for room";
    case Operation::kOpenFile:
      return "open of a file";
    case Operation::kEnd:
      return "poll for the end";
    case Operation::kReadFile:
      return "read of a file";
  }
  return "nothing known";
}

/// Which of a session's two links.
enum class LinkRole : uint8_t { kClient = 0, kBackend = 1 };

constexpr LinkRole Opposite(LinkRole role) {
  return role == LinkRole::kClient ? LinkRole::kBackend : LinkRole::kClient;
}

}  // namespace ringway::base
