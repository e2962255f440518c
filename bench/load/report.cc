// SPDX-License-Identifier: Apache-2.0
//
// Reports as text and as one JSON object.
#include "bench/load/report.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ringway::load {
namespace {

double Seconds(uint64_t ns) { return static_cast<double>(ns) / 1e9; }

double Micros(uint64_t ns) { return static_cast<double>(ns) / 1e3; }

double Per(double amount, uint64_t count) {
  return count == 0 ? 0 : amount / static_cast<double>(count);
}

double PerSecond(uint64_t amount, double seconds) {
  return seconds <= 0 ? 0 : static_cast<double>(amount) / seconds;
}

std::string ErrorLines(const std::map<std::string, uint64_t>& errors) {
  std::string text;
  for (const auto& [error, count] : errors)
    absl::StrAppendFormat(&text, "error       %d x %s\n", count, error);
  return text;
}

nlohmann::json OrNull(const std::optional<uint64_t>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

/// Messages a second that each connection was to send; 0: as many as come back.
double Rate(const LoadReport& report) {
  return report.period_ns == 0 ? 0 : 1e9 / static_cast<double>(report.period_ns);
}

std::string LoopText(const LoadReport& report) {
  if (report.period_ns != 0) return absl::StrFormat("%g/s", Rate(report));
  return absl::StrFormat("%d outstanding", report.outstanding);
}

double BytesPerSession(const IdleReport& report) {
  if (!report.pss_before || !report.pss_with) return 0;
  const double grown =
      static_cast<double>(*report.pss_with) - static_cast<double>(*report.pss_before);
  return Per(grown, report.opened);
}

}  // namespace

std::string FormatText(const LoadReport& report) {
  const Histogram& latency = report.latency;
  std::string text = absl::StrFormat(
      "%s: %d of %d connections x %s x %d bytes, %.2f s\n"
      "messages    %d, %.0f/s, %.1f MB/s each way\n"
      "latency us  p50 %.1f  p95 %.1f  p99 %.1f  p99.9 %.1f  max %.1f\n"
      "own CPU     %.2f s, %.2f us per message\n",
      report.url, report.opened, report.connections, LoopText(report), report.message_bytes,
      report.seconds, report.messages, PerSecond(report.messages, report.seconds),
      PerSecond(report.payload_bytes, report.seconds) / 1e6, Micros(latency.Percentile(50)),
      Micros(latency.Percentile(95)), Micros(latency.Percentile(99)),
      Micros(latency.Percentile(99.9)), Micros(latency.max()), Seconds(report.own_cpu_ns),
      Per(Micros(report.own_cpu_ns), report.messages));
  if (report.server_cpu_ns) {
    absl::StrAppendFormat(&text, "server CPU  %.2f s, %.2f us per message\n",
                          Seconds(*report.server_cpu_ns),
                          Per(Micros(*report.server_cpu_ns), report.messages));
  }
  text += ErrorLines(report.errors);
  if (report.mismatches != 0) {
    absl::StrAppendFormat(&text, "mismatches  %d, first: %s\n", report.mismatches,
                          report.first_mismatch);
  }
  if (report.missing != 0)
    absl::StrAppendFormat(&text, "missing     %d messages\n", report.missing);
  if (report.closes_missing != 0) {
    absl::StrAppendFormat(&text, "note        %d connections did not answer the Close\n",
                          report.closes_missing);
  }
  return text;
}

std::string FormatJson(const LoadReport& report) {
  const Histogram& latency = report.latency;
  nlohmann::json json = {
      {"url", report.url},
      {"connections", report.connections},
      {"outstanding", report.outstanding},
      {"rate", Rate(report)},
      {"message_bytes", report.message_bytes},
      {"opened", report.opened},
      {"seconds", report.seconds},
      {"messages", report.messages},
      {"messages_per_second", PerSecond(report.messages, report.seconds)},
      {"megabytes_per_second", PerSecond(report.payload_bytes, report.seconds) / 1e6},
      {"latency_us",
       {{"mean", latency.Mean() / 1e3},
        {"p50", Micros(latency.Percentile(50))},
        {"p95", Micros(latency.Percentile(95))},
        {"p99", Micros(latency.Percentile(99))},
        {"p99_9", Micros(latency.Percentile(99.9))},
        {"max", Micros(latency.max())}}},
      {"own_cpu_seconds", Seconds(report.own_cpu_ns)},
      {"own_cpu_us_per_message", Per(Micros(report.own_cpu_ns), report.messages)},
      {"server_cpu_seconds", nullptr},
      {"server_cpu_us_per_message", nullptr},
      {"errors", report.errors},
      {"mismatches", report.mismatches},
      {"first_mismatch", report.first_mismatch},
      {"missing", report.missing},
      {"closes_missing", report.closes_missing},
      {"ok", report.ok()},
  };
  if (report.server_cpu_ns) {
    json["server_cpu_seconds"] = Seconds(*report.server_cpu_ns);
    json["server_cpu_us_per_message"] = Per(Micros(*report.server_cpu_ns), report.messages);
  }
  return json.dump(2) + "\n";
}

std::string FormatText(const IdleReport& report) {
  std::string text = absl::StrFormat("%s: %d of %d idle sessions\n", report.url, report.opened,
                                     report.connections);
  if (report.pss_before && report.pss_with) {
    absl::StrAppendFormat(
        &text, "server PSS  %.1f KiB before, %.1f KiB with them, %.1f bytes per session\n",
        static_cast<double>(*report.pss_before) / 1024,
        static_cast<double>(*report.pss_with) / 1024, BytesPerSession(report));
  }
  return text + ErrorLines(report.errors);
}

std::string FormatJson(const IdleReport& report) {
  const nlohmann::json json = {
      {"url", report.url},
      {"connections", report.connections},
      {"opened", report.opened},
      {"pss_bytes_before", OrNull(report.pss_before)},
      {"pss_bytes_with", OrNull(report.pss_with)},
      {"bytes_per_session", BytesPerSession(report)},
      {"errors", report.errors},
      {"closes_missing", report.closes_missing},
      {"ok", report.ok()},
  };
  return json.dump(2) + "\n";
}

}  // namespace ringway::load
