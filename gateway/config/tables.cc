// SPDX-License-Identifier: Apache-2.0
//
// One function a table, in the order of the schema; those of routes and backends have files of
// their own.
#include "gateway/config/tables.h"

#include <array>
#include <utility>

#include "gateway/config/address.h"
#include "gateway/config/limit_rows.h"
#include "gateway/config/quantity.h"
#include "gateway/config/read_backend.h"
#include "gateway/config/read_route.h"
#include "gateway/config/text.h"
#include "gateway/config/vocabulary.h"

namespace ringway::config {
namespace {

constexpr uint32_t kWorkersMax = 256;
constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint64_t kDayNs = 24 * 3600 * kSecondNs;
constexpr Section::Range kResolveIntervalNs = {kSecondNs, kDayNs};
constexpr std::string_view kTrustedProxiesExpected = R"(a list such as ["10.0.0.0/8", "::1"])";

uint32_t ReadWorkers(Section& section) {
  const std::string expected = Cat("\"auto\" or 1 to ", kWorkersMax);
  const Value* value = section.Find("workers");
  if (value == nullptr || (value->kind == Kind::kString && value->text == "auto")) return 0;
  if (value->kind == Kind::kInteger) {
    if (value->integer >= 1 && value->integer <= kWorkersMax) {
      return static_cast<uint32_t>(value->integer);
    }
    section.complaints().Add(value->place,
                             Cat("workers is ", value->integer, "; expected ", expected));
  } else if (value->kind == Kind::kString) {
    constexpr std::string_view kWords[] = {"auto"};
    section.complaints().Add(value->place, Cat("workers is ", Quoted(value->text), "; expected ",
                                               expected, DidYouMean(value->text, kWords)));
  } else {
    section.ComplainOfKind("workers", *value, expected);
  }
  return 0;
}

Gateway ReadGateway(const Value& table, Place* control_socket, Complaints& complaints) {
  constexpr std::string_view kKeys[] = {"workers", "log_level", "control_socket",
                                        "resolve_interval"};
  constexpr std::string_view kSocketExpected =
      "an absolute path of at most 107 bytes, such as \"/run/ringway.sock\"";
  Section section(table, "[gateway]", kKeys, complaints);
  Gateway gateway;
  gateway.workers = ReadWorkers(section);
  gateway.log_level = section.ReadWord("log_level", Presence::kOptional, LogLevelWords())
                          .value_or(gateway.log_level);
  gateway.resolve_interval_ns = section.ReadDurationNs("resolve_interval", kResolveIntervalNs)
                                    .value_or(gateway.resolve_interval_ns);
  const auto socket = section.ReadText("control_socket", Presence::kOptional, kSocketExpected);
  if (!socket || socket->text.empty()) return gateway;
  if (IsSocketPath(socket->text)) {
    gateway.control_socket = socket->text;
    *control_socket = socket->place;
  } else {
    complaints.Add(socket->place,
                   Cat("control_socket is ", Quoted(socket->text), "; expected ", kSocketExpected));
  }
  return gateway;
}

std::vector<base::AddressRange> ReadTrustedProxies(Section& section) {
  const auto texts = section.ReadTexts("trusted_proxies", Presence::kOptional,
                                       {1, kTrustedProxiesMax}, kTrustedProxiesExpected);
  std::vector<base::AddressRange> ranges;
  if (!texts) return ranges;
  for (const PlacedText& text : *texts) {
    const auto range = ParseAddressRange(text.text);
    if (range.ok()) {
      ranges.push_back(*range);
    } else {
      section.complaints().Add(
          text.place, Cat("trusted proxy is ", Quoted(text.text), "; ", range.status().message()));
    }
  }
  return ranges;
}

void ReadTrust(Section& section, Listener& listener) {
  listener.trusted_proxies = ReadTrustedProxies(section);
  listener.proxy_protocol =
      section.ReadWord("proxy_protocol", Presence::kOptional, ProxyProtocolWords()).value_or(false);
  if (!listener.proxy_protocol || section.Find("trusted_proxies") != nullptr) return;
  section.complaints().Add(section.Find("proxy_protocol")->place,
                           Cat("proxy_protocol is \"required\" and nobody is trusted to send it; "
                               "expected trusted_proxies beside it, ",
                               kTrustedProxiesExpected));
}

ListenerDraft ReadListener(const Value& table, Complaints& complaints) {
  constexpr std::string_view kKeys[] = {"name", "address", "trusted_proxies", "proxy_protocol"};
  Section section(table, "[[listener]]", kKeys, complaints);
  ListenerDraft draft;
  draft.name = section.ReadName().value_or(PlacedText{});
  draft.listener.name = draft.name.text;
  ReadTrust(section, draft.listener);
  const auto address =
      section.ReadText("address", Presence::kRequired, "an address such as \"127.0.0.1:8080\"");
  if (!address) return draft;
  auto parsed = ParseListenAddress(address->text);
  if (!parsed.ok()) {
    complaints.Add(address->place,
                   Cat("address is ", Quoted(address->text), "; ", parsed.status().message()));
    return draft;
  }
  draft.address = *address;
  draft.listener.host = std::move(parsed->host);
  draft.listener.port = parsed->port;
  return draft;
}

/// The number that `value` stands for in the notation of `row`; nullopt after a complaint.
std::optional<uint64_t> ReadLimit(Section& section, const LimitRow& row, const Value& value) {
  const std::string expected = RangeText(row);
  if (row.notation == Notation::kCount) {
    if (value.kind == Kind::kInteger && value.integer >= 0) return value.integer;
    if (value.kind != Kind::kInteger) {
      section.ComplainOfKind(row.key, value, expected);
    } else {
      section.complaints().Add(value.place,
                               Cat(row.key, " is ", value.integer, "; expected ", expected));
    }
    return std::nullopt;
  }
  if (value.kind != Kind::kString) {
    section.ComplainOfKind(row.key, value, Cat(expected, ", with quotes and unit"));
    return std::nullopt;
  }
  const auto number = row.notation == Notation::kDuration ? ParseDurationNs(value.text)
                                                          : ParseSizeBytes(value.text);
  if (number.ok()) return *number;
  section.complaints().Add(
      value.place, Cat(row.key, " is ", Quoted(value.text), "; ", number.status().message()));
  return std::nullopt;
}

/// Each session must find one for what it holds or answers and one for its last word.
void RefuseFewCells(const Section& section, const base::Limits& limits, Complaints& complaints) {
  const uint64_t least = base::kCellsPerSession * uint64_t{limits.sessions_per_worker_max};
  if (limits.cells >= least) return;
  const Value* value = section.Find("cells");
  if (value == nullptr) value = section.Find("sessions_per_worker");
  complaints.Add(
      value == nullptr ? section.place() : value->place,
      Cat("cells is ", limits.cells, " and sessions_per_worker ", limits.sessions_per_worker_max,
          "; expected at least ", base::kCellsPerSession, " cells for each session, ", least,
          " in all: raise cells or lower sessions_per_worker"));
}

void ReadLimits(const Value& table, Draft& draft, Complaints& complaints) {
  std::vector<std::string_view> keys;
  for (const LimitRow& row : LimitRows()) keys.push_back(row.key);
  Section section(table, "[limits]", keys, complaints);
  base::Limits& limits = draft.limits;
  draft.limit_texts.resize(LimitRows().size());
  for (size_t i = 0; i < LimitRows().size(); ++i) {
    const LimitRow& row = LimitRows()[i];
    const Value* value = section.Find(row.key);
    if (value == nullptr) continue;
    const auto number = ReadLimit(section, row, *value);
    if (!number) continue;
    if (IsValid(row, *number)) {
      SetLimit(limits, row, *number);
      draft.limit_texts[i] = value->text;
      continue;
    }
    const bool is_count = row.notation == Notation::kCount;
    complaints.Add(value->place,
                   Cat(row.key, " is ", is_count ? LimitText(row, *number) : Quoted(value->text),
                       "; expected ", RangeText(row)));
  }
  RefuseFewCells(section, limits, complaints);
}

/// The tables under `[[key]]`; a single table or a plain value is a mistake.
std::vector<const Value*> TablesOf(Section& root, std::string_view key, size_t count_max) {
  std::vector<const Value*> tables;
  const Value* value = root.Find(key);
  if (value == nullptr) return tables;
  const std::string expected = Cat("[[", key, "]], with double brackets");
  if (value->kind != Kind::kArray) {
    root.ComplainOfKind(key, *value, expected);
    return tables;
  }
  if (value->elements.size() > count_max) {
    root.complaints().Add(
        value->elements[count_max].place,
        Cat(value->elements.size(), " tables [[", key, "]]; expected at most ", count_max));
    return tables;
  }
  for (const Value& element : value->elements) {
    if (element.kind == Kind::kTable) {
      tables.push_back(&element);
    } else {
      root.ComplainOfKind(key, element, expected);
    }
  }
  return tables;
}

/// The table `[key]`; an empty one if it is absent.
const Value& TableOf(Section& root, std::string_view key) {
  static const Value kEmpty;
  const Value* value = root.Find(key);
  if (value == nullptr) return kEmpty;
  if (value->kind == Kind::kTable) return *value;
  root.ComplainOfKind(key, *value, Cat("[", key, "], with single brackets"));
  return kEmpty;
}

void RequireSome(Section& root, std::string_view key, std::string_view why) {
  const Value* value = root.Find(key);
  const bool is_empty =
      value == nullptr || (value->kind == Kind::kArray && value->elements.empty());
  if (!is_empty) return;
  root.complaints().Add(root.place(), Cat("no [[", key, "]]; expected at least one, ", why));
}

}  // namespace

Draft ReadTables(const Value& root_table, Complaints& complaints) {
  constexpr std::string_view kKeys[] = {"gateway", "listener", "route", "backend", "limits"};
  Section root(root_table, "the configuration", kKeys, complaints);
  RequireSome(root, "listener", "or no client can come");
  RequireSome(root, "route", "or every client is refused");
  Draft draft;
  draft.gateway = ReadGateway(TableOf(root, "gateway"), &draft.control_socket, complaints);
  ReadLimits(TableOf(root, "limits"), draft, complaints);
  for (const Value* table : TablesOf(root, "listener", kListenersMax)) {
    draft.listeners.push_back(ReadListener(*table, complaints));
  }
  for (const Value* table : TablesOf(root, "backend", kBackendsMax)) {
    draft.backends.push_back(ReadBackend(*table, complaints));
  }
  for (const Value* table : TablesOf(root, "route", kRoutesMax)) {
    draft.routes.push_back(ReadRoute(*table, complaints));
  }
  return draft;
}

}  // namespace ringway::config
