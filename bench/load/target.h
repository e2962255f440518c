// SPDX-License-Identifier: Apache-2.0
//
// What a load run is aimed at, from a URL.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bench/load/sockets.h"

namespace ringway::load {

enum class Protocol { kWebSocket, kTcp };

struct Target {
  Protocol protocol = Protocol::kWebSocket;
  Address address;
  /// Value of the Host header: the URL's authority as written.
  std::string host;
  /// Path and query, at least `/`.
  std::string path = "/";
};

/// `ws://ADDRESS[:PORT][/PATH]` (port 80 unless given) or `tcp://ADDRESS:PORT`. The address is
/// numeric or `localhost`.
absl::StatusOr<Target> ParseTarget(absl::string_view url);

}  // namespace ringway::load
