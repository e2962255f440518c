// SPDX-License-Identifier: Apache-2.0
//
// One look at each table, and one at what the routes name.
#include "gateway/config/warnings.h"

#include <set>
#include <string_view>

#include "gateway/config/text.h"
#include "gateway/config/words.h"

namespace ringway::config {
namespace {

/// What other servers write for "any name here": "/rooms/:id", "/rooms/{id}", "^/rooms/(.+)$".
bool LooksLikePattern(std::string_view path) {
  return path.find("/:") != std::string_view::npos ||
         path.find_first_of("{}^$|()[]<>\\") != std::string_view::npos;
}

void Warn(Complaints& warnings, Place place, std::string_view what) {
  warnings.Add(place, Cat("warning: ", what));
}

}  // namespace

void AddWarnings(const Draft& draft, Complaints& warnings) {
  std::set<std::string_view> backends;
  std::set<std::string_view> listeners;
  for (const RouteDraft& each : draft.routes) {
    backends.insert(each.backend.text);
    listeners.insert(each.listener.text);
    if (!LooksLikePattern(each.path.text)) continue;
    Warn(warnings, each.path.place,
         Cat("path ", Quoted(each.path.text),
             " looks like a pattern and is compared letter by letter; all that is below \"/x/\" is "
             "written \"/x/*\""));
  }
  for (const ListenerDraft& each : draft.listeners) {
    if (listeners.contains(each.name.text)) continue;
    Warn(warnings, each.name.place,
         Cat("listener ", Quoted(each.name.text),
             " has no route: every request there is answered with 404"));
  }
  for (const BackendDraft& each : draft.backends) {
    if (backends.contains(each.name.text)) continue;
    Warn(warnings, each.name.place,
         Cat("backend ", Quoted(each.name.text), " is unused: no route names it"));
  }
  if (draft.gateway.control_socket.empty()) return;
  Warn(warnings, draft.control_socket, "control_socket: this version opens no inspection socket");
}

}  // namespace ringway::config
