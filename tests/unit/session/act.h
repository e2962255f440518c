// SPDX-License-Identifier: Apache-2.0
//
// What the small worker writes down of a session.
#pragma once

#include <cstdint>
#include <string>

#include "gateway/base/clock.h"
#include "gateway/base/ids.h"
#include "gateway/session/intent.h"

namespace ringway::session {

inline constexpr base::LinkRole kClient = base::LinkRole::kClient;
inline constexpr base::LinkRole kBackend = base::LinkRole::kBackend;
inline constexpr uint64_t kMs = base::kNsPerMs;
inline constexpr uint64_t kSecond = 1000 * kMs;

/// An intent that was carried out.
struct Act {
  IntentKind kind = IntentKind::kSend;
  base::LinkRole to = kClient;
  std::string bytes;
  uint32_t backend_index = 0;
  uint32_t server_index = 0;
  uint32_t address_index = 0;
  uint64_t due_ns = 0;
  uint64_t offset = 0;  ///< kFile; `bytes` then is what is read there
};

/// What the worker knows of a link.
struct LinkState {
  bool there = false;  ///< connected, or being connected
  bool connecting = false;
  bool ended = false;  ///< its incoming stream
  bool finished = false;
  std::string sent;  ///< since Forget
};

}  // namespace ringway::session
