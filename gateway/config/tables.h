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
  /// In the order of the text.
  std::vector<Place> servers;
  std::vector<Place> sources;
};

struct RouteDraft {
  Route route;
  PlacedText name;
  PlacedText listener;
  PlacedText backend;
  PlacedText path;
  /// Of its `root`, where it has one.
  Place root;
};

struct Draft {
  Gateway gateway;
  /// Of `control_socket`, where it is set.
  Place control_socket;
  base::Limits limits;
  /// As Config::limit_texts.
  std::vector<std::string> limit_texts;
  std::vector<ListenerDraft> listeners;
  std::vector<BackendDraft> backends;
  std::vector<RouteDraft> routes;
};

/// Everything that is valid, defaults elsewhere; what is not is in `complaints`.
[[nodiscard]] Draft ReadTables(const Value& root, Complaints& complaints);

}  // namespace ringway::config
