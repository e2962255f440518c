// SPDX-License-Identifier: Apache-2.0
//
// The keys of a [[route]] that only mode "static" knows: which folder, and how its files are sent.
#pragma once

#include "gateway/config/config.h"
#include "gateway/config/section.h"

namespace ringway::config {

/// Into `files`, defaults where there is nothing valid. `root`: whether that key has to be there.
void ReadStaticKeys(Section& section, Presence root, StaticFiles& files);

/// Complains of each of them, for a route of another mode.
void RefuseStaticKeys(Section& section);

}  // namespace ringway::config
