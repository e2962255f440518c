// SPDX-License-Identifier: Apache-2.0
//
// The three steps: text to tree, each table by itself, all tables together.
#include "gateway/config/parse.h"

#include <utility>

#include "gateway/config/complaints.h"
#include "gateway/config/document.h"
#include "gateway/config/resolve.h"
#include "gateway/config/tables.h"
#include "gateway/config/warnings.h"

namespace ringway::config {
namespace {

Places PlacesOf(const Draft& draft) {
  Places places;
  for (const ListenerDraft& each : draft.listeners) places.addresses.push_back(each.address.place);
  for (const RouteDraft& each : draft.routes) places.roots.push_back(each.root);
  for (const BackendDraft& each : draft.backends) {
    places.servers.push_back(each.servers);
    places.sources.push_back(each.sources);
  }
  return places;
}

}  // namespace

absl::StatusOr<ParsedConfig> ParseWithWarnings(std::string_view text, std::string_view file_name) {
  Complaints complaints(file_name);
  const auto root = ReadDocument(text, complaints);
  if (!root) return complaints.ToStatus();
  Draft draft = ReadTables(*root, complaints);
  ParsedConfig parsed{.places = PlacesOf(draft)};
  Complaints warnings(file_name, "warning");
  AddWarnings(draft, warnings);
  Config config = Resolve(std::move(draft), complaints);
  if (!complaints.empty()) return complaints.ToStatus();
  parsed.config = std::make_shared<const Config>(std::move(config));
  parsed.warnings = warnings.Lines();
  return parsed;
}

absl::StatusOr<std::shared_ptr<const Config>> ParseConfig(std::string_view text,
                                                          std::string_view file_name) {
  auto parsed = ParseWithWarnings(text, file_name);
  if (!parsed.ok()) return parsed.status();
  return std::move(parsed->config);
}

}  // namespace ringway::config
