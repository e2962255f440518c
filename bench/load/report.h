// SPDX-License-Identifier: Apache-2.0
//
// What a run found, for people and for programs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "bench/load/histogram.h"

namespace ringway::load {

struct LoadReport {
  std::string url;
  uint32_t connections = 0;
  uint32_t outstanding = 0;
  /// Open loop: between two messages of one connection; 0: closed loop.
  uint64_t period_ns = 0;
  uint64_t message_bytes = 0;

  /// The measured window only.
  double seconds = 0;
  uint64_t messages = 0;
  uint64_t payload_bytes = 0;
  Histogram latency;
  uint64_t own_cpu_ns = 0;
  /// Empty: no process was named, or one of them ended.
  std::optional<uint64_t> server_cpu_ns;

  /// The whole run.
  uint64_t opened = 0;
  std::map<std::string, uint64_t> errors;
  uint64_t mismatches = 0;
  std::string first_mismatch;
  /// Begun and never back.
  uint64_t missing = 0;
  /// Connections that did not answer the Close in time.
  uint64_t closes_missing = 0;

  /// No error, no mismatch, nothing missing.
  bool ok() const { return errors.empty() && mismatches == 0 && missing == 0; }
};

struct IdleReport {
  std::string url;
  uint32_t connections = 0;
  uint64_t opened = 0;
  std::optional<uint64_t> pss_before;
  std::optional<uint64_t> pss_with;
  std::map<std::string, uint64_t> errors;
  uint64_t closes_missing = 0;

  bool ok() const { return errors.empty(); }
};

std::string FormatText(const LoadReport& report);
std::string FormatJson(const LoadReport& report);
std::string FormatText(const IdleReport& report);
std::string FormatJson(const IdleReport& report);

}  // namespace ringway::load
