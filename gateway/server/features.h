// SPDX-License-Identifier: Apache-2.0
//
// `ringway features`: what this kernel offers, what is used, what was degraded and why.
#pragma once

#include <string>

#include "uring/probe.h"

namespace ringway::server {

/// Probes the ring, and adds what lies outside it: whether programs may be loaded into the kernel.
uring::ProbeResult ProbeAll();

/// A table for people.
std::string FeatureTable(const uring::ProbeResult& probe);
/// The same as one JSON object: {"usable": bool, "features": [{"name", "since", "support",
/// "note"}]}.
std::string FeatureJson(const uring::ProbeResult& probe);

}  // namespace ringway::server
