// SPDX-License-Identifier: Apache-2.0
//
// Reads each table of the text by itself, without looking at any other: what comes out still
// names its listener and backend by text, and remembers where things were written.
#pragma once

#include <string>
#include <vector>

#include "gateway/config/complaints.h"
#include "gateway/config/config.h"
#include "gateway/config/document.h"
#include "gateway/config/section.h"

namespace ringway::config {

/// A draft whose name or address was wrong keeps an empty text there, and the checks between tables
/// pass over it: the mistake has already been told.
struct ListenerDraft {
  Listener listener;
  PlacedText name;
  PlacedText address;
};

struct BackendDraft {
  Backend backend;
  PlacedText name;
};

struct RouteDraft {
  Route route;
  PlacedText name;
  PlacedText listener;
  PlacedText backend;
  PlacedText path;
};

struct Draft {
  Gateway gateway;
  base::Limits limits;
  std::vector<ListenerDraft> listeners;
  std::vector<BackendDraft> backends;
  std::vector<RouteDraft> routes;
};

/// Everything that is valid, defaults elsewhere; what is not is in `complaints`.
[[nodiscard]] Draft ReadTables(const Value& root, Complaints& complaints);

}  // namespace ringway::config
