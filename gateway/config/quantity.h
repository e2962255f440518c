// SPDX-License-Identifier: Apache-2.0
//
// Durations and sizes as people write them: one whole number and its unit, "500ms", "64KiB".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace ringway::config {

/// "10s" -> 10'000'000'000. Units: ns, us, ms, s, m, h. The error message is a clause that says
/// what was expected, without file or place.
[[nodiscard]] absl::StatusOr<uint64_t> ParseDurationNs(std::string_view text);

/// "64KiB" -> 65536. Units: B, KB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (of 1024).
[[nodiscard]] absl::StatusOr<uint64_t> ParseSizeBytes(std::string_view text);

/// The same notation with the largest unit that leaves a whole number: 90'000'000'000 -> "90s".
[[nodiscard]] std::string DurationText(uint64_t ns);
/// Powers of 1024 only: 65536 -> "64KiB", 1000 -> "1000B".
[[nodiscard]] std::string SizeText(uint64_t bytes);

}  // namespace ringway::config
