// SPDX-License-Identifier: Apache-2.0
//
// Finds the actors for a story.
#pragma once

#include "tests/sim/cast.h"
#include "tests/sim/file_book.h"

namespace ringway::sim {

/// Gives each part of the story of `cast` to somebody who plays it. `entrance`: where clients come
/// to the gateway. What is given outlives the cast.
void Assign(Cast& cast, const Scene& scene, Server& entrance, FileBook& book);

}  // namespace ringway::sim
