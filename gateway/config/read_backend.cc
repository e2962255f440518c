// SPDX-License-Identifier: Apache-2.0
//
// The keys of a backend, but for those of its health (read_health.h).
#include "gateway/config/read_backend.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/address.h"
#include "gateway/config/quantity.h"
#include "gateway/config/read_health.h"
#include "gateway/config/text.h"
#include "gateway/config/vocabulary.h"

namespace ringway::config {
namespace {

constexpr Section::Range kConnectTimeoutNs = {1'000'000, 24ULL * 3600 * 1'000'000'000};

std::vector<Server> ReadServers(Section& section) {
  const auto texts = section.ReadTexts("servers", Presence::kRequired, {1, kServersPerBackendMax},
                                       "a list such as [\"127.0.0.1:5000\"]");
  std::vector<Server> servers;
  if (!texts) return servers;
  for (const PlacedText& text : *texts) {
    auto server = ParseServerAddress(text.text);
    if (server.ok()) {
      servers.push_back(*std::move(server));
    } else {
      section.complaints().Add(
          text.place, Cat("server is ", Quoted(text.text), "; ", server.status().message()));
    }
  }
  return servers;
}

/// `value`: an element of "weights". 1 after a complaint.
uint32_t ReadWeight(Section& section, const Value& value) {
  const std::string expected = Cat("1 to ", kWeightMax);
  if (value.kind != Kind::kInteger) {
    section.ComplainOfKind("weights", value, expected);
    return 1;
  }
  if (value.integer >= 1 && value.integer <= kWeightMax) {
    return static_cast<uint32_t>(value.integer);
  }
  section.complaints().Add(value.place, Cat("weight is ", value.integer, "; expected ", expected));
  return 1;
}

/// The n-th weight is the n-th server's. Counted against the servers as they were written, since a
/// wrong one among them has been complained of.
void ReadWeights(Section& section, std::vector<Server>& servers) {
  const Value* value = section.Find("weights");
  if (value == nullptr) return;
  if (value->kind != Kind::kArray) {
    section.ComplainOfKind("weights", *value, "a list such as [3, 1]");
    return;
  }
  const Value* written = section.Find("servers");
  if (written != nullptr && written->kind == Kind::kArray &&
      written->elements.size() != value->elements.size()) {
    section.complaints().Add(value->place,
                             Cat("\"weights\" has ", value->elements.size(), " entries; expected ",
                                 written->elements.size(), ", one for each server"));
    return;
  }
  for (size_t i = 0; i < value->elements.size(); ++i) {
    const uint32_t weight = ReadWeight(section, value->elements[i]);
    if (i < servers.size()) servers[i].weight = weight;
  }
}

std::vector<base::SocketAddress> ReadSources(Section& section) {
  const auto texts = section.ReadTexts("source", Presence::kOptional, {1, kSourcesPerBackendMax},
                                       "a list such as [\"192.0.2.7\", \"192.0.2.8\"]");
  std::vector<base::SocketAddress> sources;
  if (!texts) return sources;
  for (const PlacedText& text : *texts) {
    const auto address = ParseSourceAddress(text.text);
    if (address.ok()) {
      sources.push_back(*address);
    } else {
      section.complaints().Add(
          text.place, Cat("source is ", Quoted(text.text), "; ", address.status().message()));
    }
  }
  return sources;
}

/// Where the elements of the array at `key` were written.
std::vector<Place> PlacesOf(const Section& section, std::string_view key) {
  std::vector<Place> places;
  const Value* value = section.Find(key);
  if (value == nullptr) return places;
  for (const Value& element : value->elements) places.push_back(element.place);
  return places;
}

void ReadDialTimes(Section& section, Backend& backend) {
  const auto whole = section.ReadDurationNs("connect_timeout", kConnectTimeoutNs);
  const auto one = section.ReadDurationNs("try_timeout", kConnectTimeoutNs);
  backend.connect_timeout_ns = whole.value_or(backend.connect_timeout_ns);
  backend.try_timeout_ns =
      one.value_or(std::max(kConnectTimeoutNs.min, backend.connect_timeout_ns / 4));
  if (backend.try_timeout_ns <= backend.connect_timeout_ns) return;
  if (!section.IsAbsentOrValid("connect_timeout", whole)) return;
  section.complaints().Add(section.Find("try_timeout")->place,
                           Cat("try_timeout is \"", DurationText(backend.try_timeout_ns),
                               "\"; expected at most the connect_timeout, \"",
                               DurationText(backend.connect_timeout_ns), "\""));
}

bool AreAllUnix(const std::vector<Server>& servers) {
  return !servers.empty() && std::all_of(servers.begin(), servers.end(), [](const Server& server) {
    return !server.unix_path.empty();
  });
}

}  // namespace

BackendDraft ReadBackend(const Value& table, Complaints& complaints) {
  constexpr std::string_view kKeys[] = {"name",
                                        "servers",
                                        "weights",
                                        "balance",
                                        "sessions_per_server",
                                        "connect_timeout",
                                        "try_timeout",
                                        "source",
                                        "proxy_protocol",
                                        "failures_max",
                                        "eject_time",
                                        "eject_time_max",
                                        "health_check",
                                        "health_interval",
                                        "health_timeout",
                                        "health_rise",
                                        "health_fall",
                                        "health_path",
                                        "health_status"};
  Section section(table, "[[backend]]", kKeys, complaints);
  BackendDraft draft;
  Backend& backend = draft.backend;
  draft.name = section.ReadName().value_or(PlacedText{});
  backend.name = draft.name.text;
  backend.servers = ReadServers(section);
  draft.servers = PlacesOf(section, "servers");
  draft.sources = PlacesOf(section, "source");
  ReadWeights(section, backend.servers);
  if (AreAllUnix(backend.servers)) {
    section.RefuseKey("source", "servers with a host and a port",
                      "a unix socket is reached from no address");
  } else {
    backend.sources = ReadSources(section);
  }
  ReadDialTimes(section, backend);
  backend.balance =
      section.ReadWord("balance", Presence::kOptional, BalanceWords()).value_or(backend.balance);
  backend.sessions_per_server_max = static_cast<uint32_t>(
      section.ReadCount("sessions_per_server", {1, kSessionsMax}).value_or(0));
  backend.proxy_header = section.ReadWord("proxy_protocol", Presence::kOptional, ProxyHeaderWords())
                             .value_or(backend.proxy_header);
  backend.health = ReadHealth(section);
  return draft;
}

}  // namespace ringway::config
