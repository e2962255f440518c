// SPDX-License-Identifier: Apache-2.0
//
// Ejection after failed dials, then probes.
#include "gateway/config/read_health.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/quantity.h"
#include "gateway/config/text.h"
#include "gateway/config/vocabulary.h"

namespace ringway::config {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kDay = 24ULL * 3600 * 1000 * kMs;
/// More of anything in a row is no longer noticed by somebody who waits for it.
constexpr uint32_t kInARowMax = 1000;
constexpr Section::Range kEjectTimeNs = {kMs, kDay};
/// One thread probes all servers of all backends: more often than 100 times a second each would be
/// a load of its own.
constexpr Section::Range kIntervalNs = {10 * kMs, kDay};
constexpr Section::Range kTimeoutNs = {kMs, kDay};
constexpr std::string_view kStatusExpected =
    R"(a status of 200 to 599, a range such as "200-299", or a list of both)";
constexpr size_t kPathBytesMax = 1024;
constexpr std::string_view kPathExpected =
    R"(a path such as "/health", of at most 1024 bytes, without spaces and "#")";

uint32_t ReadInARow(Section& section, std::string_view key, Section::Range range, uint32_t usual) {
  return static_cast<uint32_t>(section.ReadCount(key, range).value_or(usual));
}

void ComplainOfDuration(Section& section, std::string_view key, uint64_t ns,
                        std::string_view expected) {
  section.complaints().Add(section.Find(key)->place,
                           Cat(key, " is \"", DurationText(ns), "\"; expected ", expected));
}

void ReadEjection(Section& section, Health& health) {
  health.failures_max = ReadInARow(section, "failures_max", {0, kInARowMax}, health.failures_max);
  if (health.failures_max == 0) {
    constexpr std::string_view kWhy = "with failures_max 0 no server is ejected";
    section.RefuseKey("eject_time", "a failures_max above 0", kWhy);
    section.RefuseKey("eject_time_max", "a failures_max above 0", kWhy);
    return;
  }
  const auto first = section.ReadDurationNs("eject_time", kEjectTimeNs);
  const auto longest = section.ReadDurationNs("eject_time_max", kEjectTimeNs);
  health.eject_time_ns = first.value_or(health.eject_time_ns);
  health.eject_time_max_ns =
      longest.value_or(std::max(health.eject_time_max_ns, health.eject_time_ns));
  if (health.eject_time_max_ns >= health.eject_time_ns) return;
  if (!section.IsAbsentOrValid("eject_time", first)) return;
  ComplainOfDuration(section, "eject_time_max", health.eject_time_max_ns,
                     Cat("at least the eject_time, \"", DurationText(health.eject_time_ns), "\""));
}

void ReadProbeTimes(Section& section, Health& health) {
  const auto interval = section.ReadDurationNs("health_interval", kIntervalNs);
  const auto timeout = section.ReadDurationNs("health_timeout", kTimeoutNs);
  health.interval_ns = interval.value_or(health.interval_ns);
  health.timeout_ns = timeout.value_or(std::min(health.timeout_ns, health.interval_ns));
  if (health.timeout_ns <= health.interval_ns) return;
  if (!section.IsAbsentOrValid("health_interval", interval)) return;
  ComplainOfDuration(
      section, "health_timeout", health.timeout_ns,
      Cat("at most the health_interval, \"", DurationText(health.interval_ns), "\""));
}

/// What stands in the first line of a request (RFC 9112 3.2.1), with its query.
bool IsRequestPath(std::string_view text) {
  return text.starts_with('/') && text.size() <= kPathBytesMax &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c <= '~' && c != '#'; });
}

/// 204 or "200-299". Complains of what is neither.
void ReadStatus(Section& section, const Value& value, std::vector<StatusRange>* statuses) {
  if (value.kind != Kind::kInteger && value.kind != Kind::kString) {
    section.ComplainOfKind("health_status", value, kStatusExpected);
    return;
  }
  const bool is_number = value.kind == Kind::kInteger;
  const std::string text = is_number ? Cat(value.integer) : value.text;
  if (const auto range = ParseStatusRange(text)) {
    statuses->push_back(*range);
    return;
  }
  section.complaints().Add(value.place, Cat("health_status is ", is_number ? text : Quoted(text),
                                            "; expected ", kStatusExpected));
}

void ReadStatuses(Section& section, Health& health) {
  const Value* value = section.Find("health_status");
  if (value == nullptr) return;
  std::vector<StatusRange> statuses;
  if (value->kind != Kind::kArray) {
    ReadStatus(section, *value, &statuses);
  } else if (const size_t count = value->elements.size();
             count == 0 || count > kHealthStatusesMax) {
    section.complaints().Add(value->place, Cat("\"health_status\" has ", count,
                                               " entries; expected 1 to ", kHealthStatusesMax));
  } else {
    for (const Value& element : value->elements) ReadStatus(section, element, &statuses);
  }
  if (!statuses.empty()) health.statuses = std::move(statuses);
}

void ReadHttpKeys(Section& section, Health& health) {
  ReadStatuses(section, health);
  const auto path = section.ReadText("health_path", Presence::kOptional, kPathExpected);
  if (!path) return;
  if (IsRequestPath(path->text)) {
    health.path = path->text;
  } else {
    section.complaints().Add(
        path->place, Cat("health_path is ", Quoted(path->text), "; expected ", kPathExpected));
  }
}

void RefuseHttpKeys(Section& section, std::string_view why) {
  section.RefuseKey("health_path", "health_check \"http\"", why);
  section.RefuseKey("health_status", "health_check \"http\"", why);
}

void RefuseProbeKeys(Section& section) {
  constexpr std::string_view kWhy = "without a health_check nothing is probed";
  constexpr std::string_view kKeys[] = {"health_interval", "health_timeout", "health_rise",
                                        "health_fall"};
  for (const std::string_view key : kKeys) {
    section.RefuseKey(key, "health_check \"tcp\" or \"http\"", kWhy);
  }
  RefuseHttpKeys(section, kWhy);
}

void ReadProbes(Section& section, Health& health) {
  const auto check = section.ReadWord("health_check", Presence::kOptional, HealthCheckWords());
  health.check = check.value_or(health.check);
  // Of an unknown check all keys are read, since none is known to be wrong.
  const bool is_known = section.IsAbsentOrValid("health_check", check);
  if (is_known && health.check == HealthCheck::kOff) {
    RefuseProbeKeys(section);
    return;
  }
  ReadProbeTimes(section, health);
  health.rise = ReadInARow(section, "health_rise", {1, kInARowMax}, health.rise);
  health.fall = ReadInARow(section, "health_fall", {1, kInARowMax}, health.fall);
  if (health.check == HealthCheck::kTcp) {
    RefuseHttpKeys(section, "a probe of \"tcp\" only connects");
  } else {
    ReadHttpKeys(section, health);
  }
}

}  // namespace

Health ReadHealth(Section& section) {
  Health health;
  ReadEjection(section, health);
  ReadProbes(section, health);
  return health;
}

}  // namespace ringway::config
