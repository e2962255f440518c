// SPDX-License-Identifier: Apache-2.0
//
// The folders of static routes, opened once before any worker runs: what is served is what was
// there at start, whatever is mounted or renamed on its path later.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/config/config.h"

namespace ringway::server {

/// The root of a route of mode kStatic as a descriptor (O_PATH), which the caller owns. An error
/// names the route, the path, the likely cause and what to do.
absl::StatusOr<int> OpenRoot(const config::Route& route);

/// Owns the descriptors; closes them at its end. Move-only.
class StaticRoots {
 public:
  /// The first error is that of OpenRoot.
  static absl::StatusOr<StaticRoots> Open(const config::Config& config);

  StaticRoots(StaticRoots&& from) noexcept = default;
  StaticRoots& operator=(StaticRoots&& from) = delete;
  StaticRoots(const StaticRoots&) = delete;
  StaticRoots& operator=(const StaticRoots&) = delete;
  ~StaticRoots();

  /// By Route::index: a descriptor (O_PATH), lent; -1 for a route of another mode.
  const std::vector<int>& by_route() const { return by_route_; }

 private:
  StaticRoots() = default;

  std::vector<int> by_route_;
};

}  // namespace ringway::server
