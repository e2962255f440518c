// SPDX-License-Identifier: Apache-2.0
//
// The table of limits: every row is read, bounded, defaulted and told.
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "gateway/config/limit_rows.h"
#include "gateway/config/quantity.h"
#include "gateway/config/text.h"
#include "tests/unit/config/parse_text.h"

namespace ringway::config {
namespace {

using Lines = std::vector<std::string>;

std::string Written(const LimitRow& row, uint64_t value) {
  switch (row.notation) {
    case Notation::kDuration:
      return Cat("\"", value, "ns\"");
    case Notation::kSize:
      return Cat("\"", value, "B\"");
    case Notation::kCount:
      return Cat(value);
  }
  return "";
}

std::string WithLimit(std::string_view key, std::string_view value) {
  return ValidAnd(Cat("[limits]\n", key, " = ", value, "\n"));
}

TEST(Limits, ReadBothEndsOfEveryRange) {
  for (const LimitRow& row : LimitRows()) {
    for (const uint64_t value : {row.min, row.max}) {
      // Two cells for each session: neither end of the one goes with the default of the other.
      std::string text = WithLimit(row.key, Written(row, value));
      if (row.key == "cells" && value == row.min) text += "sessions_per_worker = 1\n";
      if (row.key == "sessions_per_worker" && value == row.max) text += "cells = 4194304\n";
      const auto config = ParseOrNull(text);
      ASSERT_TRUE(config) << row.key << " " << value;
      EXPECT_EQ(GetLimit(config->limits, row), value) << row.key;
    }
  }
}

TEST(Limits, SetOneFieldAndLeaveTheOthers) {
  for (const LimitRow& row : LimitRows()) {
    const uint64_t value = row.key == "cells" ? row.max : row.min;
    const auto config = ParseOrNull(WithLimit(row.key, Written(row, value)));
    ASSERT_TRUE(config) << row.key;
    for (const LimitRow& other : LimitRows()) {
      if (other.key == row.key) continue;
      EXPECT_EQ(GetLimit(config->limits, other), GetLimit(base::Limits{}, other)) << other.key;
    }
  }
}

TEST(Limits, RefuseWhatLiesOutsideOfEveryRange) {
  for (const LimitRow& row : LimitRows()) {
    const bool zero_is_valid =
        row.shape == Shape::kZeroMeansNever || row.shape == Shape::kZeroMeansNoLimit;
    std::vector<std::string> values = {Written(row, row.max + 1)};
    if (row.min == 0 && row.notation == Notation::kCount) values.push_back("-1");
    if (row.min > 1 || (row.min == 1 && !zero_is_valid))
      values.push_back(Written(row, row.min - 1));
    for (const std::string& value : values) {
      const Lines lines = Complain(WithLimit(row.key, value));
      ASSERT_EQ(lines.size(), 1u) << row.key << " " << value;
      EXPECT_TRUE(lines[0].starts_with(Cat("t:16:", row.key.size() + 4, ": ", row.key, " is ")))
          << lines[0];
      EXPECT_TRUE(lines[0].ends_with(Cat("expected ", RangeText(row)))) << lines[0];
    }
  }
}

TEST(Limits, HaveDefaultsInsideTheirRanges) {
  std::set<std::string_view> keys;
  for (const LimitRow& row : LimitRows()) {
    EXPECT_TRUE(IsValid(row, GetLimit(base::Limits{}, row))) << row.key;
    EXPECT_TRUE(keys.insert(row.key).second) << row.key;
  }
}

TEST(Limits, AreCalledAsTheirFields) {
  const auto config = ParseOrNull(ValidAnd(R"([limits]
sessions_per_worker = 1000
sessions_max = 5000
sessions_per_address = 20
handshake_timeout = "1s"
idle_timeout = "2m"
ping_interval = "3s"
pong_timeout = "4s"
close_timeout = "500ms"
drain_timeout = "1h"
head_max = "8KiB"
frame_max = "1MiB"
message_max = "2MB"
window = "64KiB"
worker_queued_max = "1GiB"
small_buffers = 32
bulk_buffers = 64
chunks = 100
pipes = 50
cells = 2000
small_file_max = "8KiB"
cached_files = 512
file_cache_max = "5GiB"
open_files = 7
)"));
  ASSERT_TRUE(config);
  const base::Limits expected = {.sessions_per_worker_max = 1000,
                                 .sessions_max = 5000,
                                 .sessions_per_address_max = 20,
                                 .handshake_timeout_ns = 1'000'000'000,
                                 .idle_timeout_ns = 120'000'000'000,
                                 .ping_interval_ns = 3'000'000'000,
                                 .pong_timeout_ns = 4'000'000'000,
                                 .close_timeout_ns = 500'000'000,
                                 .drain_timeout_ns = 3'600'000'000'000,
                                 .head_bytes_max = 8192,
                                 .frame_bytes_max = 1048576,
                                 .message_bytes_max = 2'000'000,
                                 .window_bytes = 65536,
                                 .worker_queued_bytes_max = 1ULL << 30,
                                 .small_buffers = 32,
                                 .bulk_buffers = 64,
                                 .chunks = 100,
                                 .pipes = 50,
                                 .cells = 2000,
                                 .small_file_bytes_max = 8192,
                                 .cached_files = 512,
                                 .file_cache_bytes_max = 5ULL << 30,
                                 .open_files = 7};
  EXPECT_EQ(config->limits, expected);
}

TEST(Limits, TakeZeroForNeverOnlyWhereItMeansThat) {
  EXPECT_TRUE(ParseOrNull(WithLimit("idle_timeout", "\"0s\"")));
  EXPECT_TRUE(ParseOrNull(WithLimit("ping_interval", "\"0ms\"")));
  EXPECT_EQ(Complain(WithLimit("pong_timeout", "\"0s\"")),
            Lines{R"(t:16:16: pong_timeout is "0s"; expected "1ms" to "24h")"});
}

TEST(Limits, TellWhatIsWrong) {
  const std::tuple<std::string_view, std::string_view, std::string_view> cases[] = {
      {"idle_timeout", "\"25h\"",
       R"(t:16:16: idle_timeout is "25h"; expected "1ms" to "24h", or "0s" for never)"},
      {"idle_timeout", "10",
       R"(t:16:16: wrong type for "idle_timeout": an integer; expected "1ms" to "24h", or "0s" )"
       R"(for never, with quotes and unit)"},
      {"idle_timeout", "\"10\"",
       R"(t:16:16: idle_timeout is "10"; expected a whole number with ns, us, ms, s, m or h, such )"
       R"(as "10s")"},
      {"head_max", "\"8kib\"",
       R"(t:16:12: head_max is "8kib"; expected a whole number with B, KiB, MiB, GiB or TiB, such )"
       R"(as "64KiB"; did you mean "8KiB"?)"},
      {"head_max", "\"64KiB\"", R"(t:16:12: head_max is "64KiB"; expected "1KiB" to "16KiB")"},
      {"small_file_max", "\"2MiB\"",
       R"(t:16:18: small_file_max is "2MiB"; expected "0B" to "1MiB")"},
      {"cached_files", "100",
       R"(t:16:16: cached_files is 100; expected a power of two from 64 to 65536)"},
      {"small_buffers", "17",
       R"(t:16:17: small_buffers is 17; expected a power of two from 16 to 32768)"},
      {"chunks", "-1", R"(t:16:10: chunks is -1; expected 16 to 1048576)"},
      {"chunks", "\"64\"", R"(t:16:10: wrong type for "chunks": a string; expected 16 to 1048576)"},
      {"chunk", "64", R"(t:16:1: unknown key "chunk" in [limits]; did you mean "chunks"?)"},
      {"idle_time_out", "\"1s\"",
       R"(t:16:1: unknown key "idle_time_out" in [limits]; did you mean "idle_timeout"?)"},
  };
  for (const auto& [key, value, line] : cases) {
    EXPECT_EQ(Complain(WithLimit(key, value)), Lines{std::string(line)});
  }
}

TEST(Quantity, ReadsEveryUnit) {
  const std::pair<std::string_view, uint64_t> durations[] = {
      {"7ns", 7},
      {"7us", 7'000},
      {"7ms", 7'000'000},
      {"7s", 7'000'000'000},
      {"7m", 420'000'000'000},
      {"7h", 25'200'000'000'000},
      {"0s", 0},
      {"007s", 7'000'000'000},
  };
  for (const auto& [text, ns] : durations) EXPECT_EQ(ParseDurationNs(text).value_or(1), ns) << text;
  const std::pair<std::string_view, uint64_t> sizes[] = {
      {"3B", 3},
      {"3KB", 3'000},
      {"3MB", 3'000'000},
      {"3GB", 3'000'000'000},
      {"3TB", 3'000'000'000'000},
      {"3KiB", 3072},
      {"3MiB", 3145728},
      {"3GiB", 3221225472},
      {"3TiB", 3298534883328},
  };
  for (const auto& [text, bytes] : sizes)
    EXPECT_EQ(ParseSizeBytes(text).value_or(1), bytes) << text;
}

TEST(Quantity, RefusesWhatIsNoWholeNumberWithItsUnit) {
  for (const std::string_view text :
       {"", "s", "10", "1.5s", "-1s", "+1s", " 1s", "1 s", "1s ", "1m30s", "1S", "1sec", "1KiB",
        "99999999999999999999ns", "18446744073709551615h"}) {
    EXPECT_FALSE(ParseDurationNs(text).ok()) << text;
  }
  for (const std::string_view text : {"", "KiB", "1", "1K", "1kb", "1s", "18014398509481984KiB"}) {
    EXPECT_FALSE(ParseSizeBytes(text).ok()) << text;
  }
}

TEST(Quantity, IsToldInTheLargestUnitThatLeavesAWholeNumber) {
  EXPECT_EQ(DurationText(0), "0s");
  EXPECT_EQ(DurationText(1), "1ns");
  EXPECT_EQ(DurationText(1'500'000'000), "1500ms");
  EXPECT_EQ(DurationText(90'000'000'000), "90s");
  EXPECT_EQ(DurationText(3'600'000'000'000), "1h");
  EXPECT_EQ(SizeText(0), "0B");
  EXPECT_EQ(SizeText(1000), "1000B");
  EXPECT_EQ(SizeText(65536), "64KiB");
  EXPECT_EQ(SizeText(1ULL << 40), "1TiB");
}

TEST(Limits, AreNamedAsTheyWereWrittenWhereTheyAreOutOfRange) {
  EXPECT_EQ(
      Complain(ValidAnd("[limits]\nmessage_max = \"2TB\"\nidle_timeout = \"2000m\"")),
      (std::vector<std::string>{
          R"(t:16:15: message_max is "2TB"; expected "1B" to "1TiB")",
          R"(t:17:16: idle_timeout is "2000m"; expected "1ms" to "24h", or "0s" for never)"}));
}

}  // namespace
}  // namespace ringway::config
