// SPDX-License-Identifier: Apache-2.0
//
// The one step between what a link's socket carries and what its owner means. Every link has the
// identity today; a link that speaks TLS would name its records' state in Link::transport, and
// decrypt and encrypt here.
#pragma once

#include <utility>

#include "gateway/base/arena.h"
#include "gateway/links/link.h"

namespace ringway::links {

/// Whether bytes may be moved without a look at them, as far as the transport goes.
enum class PassesUnread : uint8_t {
  kCan,     ///< now
  kCould,   ///< not now: what was read ahead has to leave first, say
  kCannot,  ///< never on this link
};

class Transport {
 public:
  static PassesUnread MayPassUnread(const Link& link) {
    return link.transport == base::kNoSlot ? PassesUnread::kCan : PassesUnread::kCannot;
  }
  /// What the owner gets for what a receive has brought.
  static base::Piece FromSocket(const Link&, base::Piece piece) { return piece; }
  /// What is queued for what the owner sends.
  static base::Piece ToSocket(const Link&, base::Piece piece) { return piece; }
};

}  // namespace ringway::links
