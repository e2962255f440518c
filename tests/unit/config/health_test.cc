// SPDX-License-Identifier: Apache-2.0
//
// When a server counts as gone: every key, its default, both ends of its range, and the keys that
// need another.
#include <gtest/gtest.h>

#include "gateway/config/text.h"
#include "tests/unit/config/parse_text.h"

namespace ringway::config {
namespace {

using Lines = std::vector<std::string>;

/// `more` begins in line 18.
std::string BackendAnd(std::string_view more) {
  return ValidAnd(Cat("[[backend]]\nname = \"b\"\nservers = [\"a:1\"]\n", more));
}

/// `more` begins in line 19.
std::string HttpCheckAnd(std::string_view more) {
  return BackendAnd(Cat("health_check = \"http\"\n", more));
}

/// With failures_max 99 if the text is not valid.
Health HealthOf(const std::string& text) {
  const auto config = ParseOrNull(text);
  return config ? config->backends[1].health : Health{.failures_max = 99};
}

TEST(Health, FillsDefaults) {
  const Health health = HealthOf(BackendAnd(""));
  EXPECT_EQ(health.failures_max, 3u);
  EXPECT_EQ(health.eject_time_ns, 5'000'000'000u);
  EXPECT_EQ(health.eject_time_max_ns, 300'000'000'000u);
  EXPECT_EQ(health.check, HealthCheck::kOff);
  EXPECT_EQ(health.interval_ns, 2'000'000'000u);
  EXPECT_EQ(health.timeout_ns, 1'000'000'000u);
  EXPECT_EQ(health.rise, 2u);
  EXPECT_EQ(health.fall, 3u);
  EXPECT_EQ(health.path, "/");
  EXPECT_EQ(StatusText(health.statuses), "200");
}

TEST(Health, ReadsEveryKey) {
  const Health health = HealthOf(HttpCheckAnd(R"(failures_max = 7
eject_time = "1s"
eject_time_max = "1m"
health_interval = "3s"
health_timeout = "2s"
health_rise = 4
health_fall = 5
health_path = "/health?deep=1"
health_status = 204
)"));
  EXPECT_EQ(health.failures_max, 7u);
  EXPECT_EQ(health.eject_time_ns, 1'000'000'000u);
  EXPECT_EQ(health.eject_time_max_ns, 60'000'000'000u);
  EXPECT_EQ(health.check, HealthCheck::kHttp);
  EXPECT_EQ(health.interval_ns, 3'000'000'000u);
  EXPECT_EQ(health.timeout_ns, 2'000'000'000u);
  EXPECT_EQ(health.rise, 4u);
  EXPECT_EQ(health.fall, 5u);
  EXPECT_EQ(health.path, "/health?deep=1");
  EXPECT_EQ(StatusText(health.statuses), "204");
}

TEST(Health, ReadsTheOtherChecks) {
  EXPECT_EQ(HealthOf(BackendAnd("health_check = \"tcp\"\nhealth_rise = 9")).check,
            HealthCheck::kTcp);
  EXPECT_EQ(HealthOf(BackendAnd("health_check = \"off\"")).check, HealthCheck::kOff);
  EXPECT_EQ(Complain(BackendAnd("health_check = \"https\"\nhealth_path = \"/\"")),
            Lines{R"(t:18:16: unknown health_check "https"; expected one of "off", "tcp", "http"; )"
                  R"(did you mean "http"?)"});
}

TEST(Health, TakesBothEndsOfEachRangeAndNoMore) {
  struct Row {
    std::string key;
    std::string below, least, most, above;
    std::string range;
  };
  const Row rows[] = {
      {"failures_max", "-1", "0", "1000", "1001", "0 to 1000"},
      {"eject_time", "\"999us\"", "\"1ms\"", "\"24h\"", "\"25h\"", R"("1ms" to "24h")"},
      {"health_interval", "\"9ms\"", "\"10ms\"", "\"24h\"", "\"25h\"", R"("10ms" to "24h")"},
      {"health_timeout", "\"999us\"", "\"1ms\"", "\"2s\"", "\"25h\"", R"("1ms" to "24h")"},
      {"health_rise", "0", "1", "1000", "1001", "1 to 1000"},
      {"health_fall", "0", "1", "1000", "1001", "1 to 1000"},
      {"health_status", "199", "200", "599", "600",
       R"(a status of 200 to 599, a range such as "200-299", or a list of both)"},
  };
  for (const Row& row : rows) {
    const std::string place = Cat("t:19:", row.key.size() + 4, ": ");
    for (const std::string& value : {row.least, row.most}) {
      EXPECT_EQ(Complain(HttpCheckAnd(Cat(row.key, " = ", value))), Lines{}) << row.key;
    }
    for (const std::string& value : {row.below, row.above}) {
      EXPECT_EQ(Complain(HttpCheckAnd(Cat(row.key, " = ", value))),
                Lines{Cat(place, row.key, " is ", value, "; expected ", row.range)});
    }
  }
}

TEST(Health, BoundsTheLongestEjection) {
  EXPECT_EQ(Complain(BackendAnd("eject_time_max = \"5s\"")), Lines{});
  EXPECT_EQ(Complain(BackendAnd("eject_time_max = \"24h\"")), Lines{});
  EXPECT_EQ(Complain(BackendAnd("eject_time_max = \"25h\"")),
            Lines{R"(t:18:18: eject_time_max is "25h"; expected "1ms" to "24h")"});
  EXPECT_EQ(Complain(BackendAnd("eject_time_max = \"4s\"")),
            Lines{R"(t:18:18: eject_time_max is "4s"; expected at least the eject_time, "5s")"});
  EXPECT_EQ(Complain(BackendAnd("eject_time = \"2s\"\neject_time_max = \"1s\"")),
            Lines{R"(t:19:18: eject_time_max is "1s"; expected at least the eject_time, "2s")"});
}

TEST(Health, BoundsTheTimeOfAProbeByTheInterval) {
  EXPECT_EQ(Complain(HttpCheckAnd("health_timeout = \"2001ms\"")),
            Lines{R"(t:19:18: health_timeout is "2001ms"; expected at most the health_interval, )"
                  R"("2s")"});
  EXPECT_EQ(
      Complain(HttpCheckAnd("health_interval = \"1s\"\nhealth_timeout = \"2s\"")),
      Lines{R"(t:20:18: health_timeout is "2s"; expected at most the health_interval, "1s")"});
}

TEST(Health, LetsABoundThatWasLeftOutGiveWay) {
  EXPECT_EQ(HealthOf(BackendAnd("eject_time = \"10m\"")).eject_time_max_ns, 600'000'000'000u);
  EXPECT_EQ(HealthOf(BackendAnd("eject_time = \"1s\"")).eject_time_max_ns, 300'000'000'000u);
  EXPECT_EQ(HealthOf(HttpCheckAnd("health_interval = \"500ms\"")).timeout_ns, 500'000'000u);
  EXPECT_EQ(HealthOf(HttpCheckAnd("health_interval = \"9s\"")).timeout_ns, 1'000'000'000u);
}

TEST(Health, DoesNotMeasureABoundAgainstAMistake) {
  EXPECT_EQ(Complain(BackendAnd("eject_time = \"1\"\neject_time_max = \"1s\"")).size(), 1u);
  EXPECT_EQ(Complain(HttpCheckAnd("health_interval = 5\nhealth_timeout = \"4s\"")).size(), 1u);
}

TEST(Health, RefusesKeysOfAProbeWithoutACheck) {
  const std::pair<std::string, std::string> keys[] = {
      {"health_interval", "\"1s\""}, {"health_timeout", "\"1s\""}, {"health_rise", "1"},
      {"health_fall", "1"},          {"health_path", "\"/\""},     {"health_status", "200"},
  };
  for (const auto& [key, value] : keys) {
    const bool is_http = key == "health_path" || key == "health_status";
    const std::string place = Cat(key.size() + 4, ": \"", key, "\" is for health_check ");
    const std::string rest = Cat(is_http ? "" : "\"tcp\" or ",
                                 "\"http\"; expected it left out, without a health_check nothing "
                                 "is probed");
    EXPECT_EQ(Complain(BackendAnd(Cat(key, " = ", value))), Lines{Cat("t:18:", place, rest)});
    EXPECT_EQ(Complain(BackendAnd(Cat("health_check = \"off\"\n", key, " = ", value))),
              Lines{Cat("t:19:", place, rest)});
    const Lines tcp = {
        Cat("t:19:", place, "\"http\"; expected it left out, a probe of \"tcp\" only connects")};
    EXPECT_EQ(Complain(BackendAnd(Cat("health_check = \"tcp\"\n", key, " = ", value))),
              is_http ? tcp : Lines{});
  }
}

TEST(Health, RefusesTimesOfAnEjectionThatNeverComes) {
  EXPECT_EQ(HealthOf(BackendAnd("failures_max = 0")).failures_max, 0u);
  EXPECT_EQ(Complain(BackendAnd("failures_max = 0\neject_time = \"1s\"\neject_time_max = \"2s\"")),
            (Lines{R"(t:19:14: "eject_time" is for a failures_max above 0; expected it left out, )"
                   R"(with failures_max 0 no server is ejected)",
                   R"(t:20:18: "eject_time_max" is for a failures_max above 0; expected it left )"
                   R"(out, with failures_max 0 no server is ejected)"}));
}

TEST(Health, ReadsStatusesAndRangesOfThem) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"\"200-299\"", "200-299"}, {"\"204\"", "204"},
      {"\"200-599\"", "200-599"}, {"[200, \"300-399\", 401]", "200, 300-399, 401"},
      {"\"404-404\"", "404"},     {"[204]", "204"},
  };
  for (const auto& [value, text] : rows) {
    EXPECT_EQ(StatusText(HealthOf(HttpCheckAnd(Cat("health_status = ", value))).statuses), text);
  }
  const Health health = HealthOf(HttpCheckAnd("health_status = [\"200-299\", 304]"));
  for (const uint32_t status : {200, 250, 299, 304}) {
    EXPECT_TRUE(Contains(health.statuses, status)) << status;
  }
  for (const uint32_t status : {100, 199, 300, 303, 305, 599}) {
    EXPECT_FALSE(Contains(health.statuses, status)) << status;
  }
}

TEST(Health, RefusesWhatIsNoStatus) {
  const std::string expected =
      R"(; expected a status of 200 to 599, a range such as "200-299", or a list of both)";
  for (const std::string_view text :
       {"", "2xx", "200-", "-299", "200-199", "199-299", "200-600", "200 - 299", "200-299-300",
        "200,204", "2000", "20", "200-29", "+20"}) {
    EXPECT_EQ(Complain(HttpCheckAnd(Cat("health_status = \"", text, "\""))),
              Lines{Cat("t:19:17: health_status is \"", text, "\"", expected)});
  }
  EXPECT_EQ(Complain(HttpCheckAnd("health_status = [200, \"300-\", -1]")),
            (Lines{Cat("t:19:23: health_status is \"300-\"", expected),
                   Cat("t:19:31: health_status is -1", expected)}));
  EXPECT_EQ(Complain(HttpCheckAnd("health_status = true")),
            Lines{Cat("t:19:17: wrong type for \"health_status\": a boolean", expected)});
  std::string most = "[200";
  for (size_t i = 1; i < kHealthStatusesMax; ++i) most += ", 200";
  EXPECT_EQ(Complain(HttpCheckAnd(Cat("health_status = ", most, "]"))), Lines{});
  EXPECT_EQ(Complain(HttpCheckAnd(Cat("health_status = ", most, ", 200]"))),
            Lines{R"(t:19:17: "health_status" has 17 entries; expected 1 to 16)"});
  EXPECT_EQ(Complain(HttpCheckAnd("health_status = []")),
            Lines{R"(t:19:17: "health_status" has 0 entries; expected 1 to 16)"});
}

TEST(Health, TellsHowAPathIsWritten) {
  const std::string longest = "/" + std::string(1023, 'x');
  EXPECT_EQ(HealthOf(HttpCheckAnd(Cat("health_path = \"", longest, "\""))).path, longest);
  EXPECT_EQ(Complain(HttpCheckAnd(Cat("health_path = \"", longest, "x\""))).size(), 1u);
  for (const std::string_view path : {"", "health", "http://a/", "/a b", "/a#b", "*"}) {
    EXPECT_EQ(Complain(HttpCheckAnd(Cat("health_path = \"", path, "\""))),
              Lines{Cat("t:19:15: health_path is \"", path,
                        "\"; expected a path such as \"/health\", of at most 1024 bytes, without "
                        "spaces and \"#\"")});
  }
  EXPECT_EQ(Complain(HttpCheckAnd("health_path = \"/\\r\\nX: 1\"")).size(), 1u);
}

}  // namespace
}  // namespace ringway::config
