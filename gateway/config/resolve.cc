// SPDX-License-Identifier: Apache-2.0
//
// Each check keeps a map from what must be unique to who had it first.
#include "gateway/config/resolve.h"

#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "gateway/config/address.h"
#include "gateway/config/text.h"
#include "gateway/config/vocabulary.h"
#include "gateway/config/words.h"

namespace ringway::config {
namespace {

/// The names of one kind of table, and which of them each stands for.
class Names {
 public:
  /// `title`: "[[listener]]".
  Names(std::string_view title, Complaints& complaints) : title_(title), complaints_(complaints) {}

  /// Tables come in their order; one without a valid name only counts.
  void Add(const PlacedText& name) {
    const uint32_t index = count_++;
    if (name.text.empty()) {
      incomplete_ = true;
      return;
    }
    const auto [found, inserted] = index_.try_emplace(name.text, Entry{index, name.place});
    if (inserted) {
      valid_.push_back(found->first);
      return;
    }
    complaints_.Add(name.place, Cat("a second ", title_, " is named ", Quoted(name.text),
                                    "; expected another name, the first is in line ",
                                    found->second.place.line));
  }

  /// The index that `reference` names; 0 after a complaint.
  uint32_t Resolve(std::string_view key, const PlacedText& reference) {
    if (reference.text.empty() && reference.place == Place{}) return 0;
    const auto found = index_.find(reference.text);
    if (found != index_.end()) return found->second.index;
    const std::string hint = valid_.empty()
                                 ? Cat("; there is no ", title_, incomplete_ ? " with a name" : "")
                                 : Hint(reference.text, valid_);
    complaints_.Add(reference.place, Cat("unknown ", key, " ", Quoted(reference.text), hint));
    return 0;
  }

 private:
  struct Entry {
    uint32_t index;
    Place place;
  };
  std::string_view title_;
  Complaints& complaints_;
  std::map<std::string, Entry, std::less<>> index_;
  std::vector<std::string_view> valid_;
  uint32_t count_ = 0;
  bool incomplete_ = false;
};

void RefuseSharedAddresses(const std::vector<ListenerDraft>& drafts, Complaints& complaints) {
  std::map<std::pair<std::string_view, uint16_t>, const ListenerDraft*> first;
  for (const ListenerDraft& draft : drafts) {
    // Port 0 is another port each time; an empty address has been complained of.
    if (draft.listener.port == 0 || draft.address.text.empty()) continue;
    const auto key = std::pair(std::string_view(draft.listener.host), draft.listener.port);
    const auto [found, inserted] = first.try_emplace(key, &draft);
    if (inserted) continue;
    complaints.Add(draft.address.place,
                   Cat("address ", AddressText(key.first, key.second), " is taken by listener ",
                       Quoted(found->second->name.text), " in line ",
                       found->second->address.place.line, "; expected an address of its own"));
  }
}

/// Only equal patterns shadow each other: among different ones the longest match always leaves
/// each of them something. Listeners are compared by name, since a wrong one has no index.
void RefuseShadowedRoutes(const std::vector<RouteDraft>& drafts, Complaints& complaints) {
  using Key = std::tuple<std::string_view, std::string_view, std::string_view>;
  std::map<Key, const RouteDraft*> first;
  for (const RouteDraft& draft : drafts) {
    if (draft.path.text.empty() || draft.listener.text.empty()) continue;
    const Key key(draft.listener.text, draft.route.host, draft.path.text);
    const auto [found, inserted] = first.try_emplace(key, &draft);
    if (inserted) continue;
    const bool any_host = draft.route.host.empty();
    complaints.Add(
        draft.path.place,
        Cat("path ", Quoted(draft.path.text), " can never be reached: route ",
            Quoted(found->second->name.text), " in line ", found->second->path.place.line,
            " has the same listener, ", any_host ? "no host" : "the same host",
            " and the same path", "; expected another path or host"));
  }
}

}  // namespace

Config Resolve(Draft draft, Complaints& complaints) {
  Names listener_names("[[listener]]", complaints);
  Names backend_names("[[backend]]", complaints);
  Names route_names("[[route]]", complaints);
  for (const ListenerDraft& each : draft.listeners) listener_names.Add(each.name);
  for (const BackendDraft& each : draft.backends) backend_names.Add(each.name);
  for (RouteDraft& each : draft.routes) {
    route_names.Add(each.name);
    each.route.listener_index = listener_names.Resolve("listener", each.listener);
    each.route.backend_index = backend_names.Resolve("backend", each.backend);
  }
  RefuseSharedAddresses(draft.listeners, complaints);
  RefuseShadowedRoutes(draft.routes, complaints);

  Config config;
  config.gateway = std::move(draft.gateway);
  config.limits = draft.limits;
  config.limit_texts = std::move(draft.limit_texts);
  for (ListenerDraft& each : draft.listeners) config.listeners.push_back(std::move(each.listener));
  for (BackendDraft& each : draft.backends) config.backends.push_back(std::move(each.backend));
  for (RouteDraft& each : draft.routes) {
    each.route.index = static_cast<uint32_t>(config.routes.size());
    config.routes.push_back(std::move(each.route));
  }
  return config;
}

}  // namespace ringway::config
