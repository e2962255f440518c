// SPDX-License-Identifier: Apache-2.0
//
// The words of a configuration for each enumeration: read by them, and shown by them again.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gateway/config/config.h"
#include "gateway/config/words.h"

namespace ringway::config {

[[nodiscard]] std::span<const Word<LogLevel>> LogLevelWords();
[[nodiscard]] std::span<const Word<Mode>> ModeWords();
[[nodiscard]] std::span<const Word<Frames>> FramesWords();
[[nodiscard]] std::span<const Word<Splice>> SpliceWords();
[[nodiscard]] std::span<const Word<Inspect>> InspectWords();
[[nodiscard]] std::span<const Word<Balance>> BalanceWords();
[[nodiscard]] std::span<const Word<ProxyHeader>> ProxyHeaderWords();
[[nodiscard]] std::span<const Word<HealthCheck>> HealthCheckWords();
/// Of a listener: "required" -> true.
[[nodiscard]] std::span<const Word<bool>> ProxyProtocolWords();

/// kTcp -> "tcp".
[[nodiscard]] std::string_view WordFor(LogLevel level);
[[nodiscard]] std::string_view WordFor(Mode mode);
[[nodiscard]] std::string_view WordFor(Frames frames);
[[nodiscard]] std::string_view WordFor(Splice splice);
[[nodiscard]] std::string_view WordFor(Inspect inspect);
[[nodiscard]] std::string_view WordFor(Balance balance);
[[nodiscard]] std::string_view WordFor(ProxyHeader header);
[[nodiscard]] std::string_view WordFor(HealthCheck check);

/// A route's pattern as it was written: "/echo", "/x/*".
[[nodiscard]] std::string PathPattern(const Route& route);

}  // namespace ringway::config
