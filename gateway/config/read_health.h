// SPDX-License-Identifier: Apache-2.0
//
// The keys of a [[backend]] that say when one of its servers counts as gone: by dials that fail,
// and by probes.
#pragma once

#include "gateway/config/config.h"
#include "gateway/config/section.h"

namespace ringway::config {

/// A bound that was left out gives way to the value that it bounds: with eject_time = "10m" alone
/// eject_time_max is 10 minutes, with health_interval = "500ms" alone health_timeout is half a
/// second. Keys that mean nothing (health_path without an HTTP check) are complained of.
[[nodiscard]] Health ReadHealth(Section& section);

}  // namespace ringway::config
