// SPDX-License-Identifier: Apache-2.0
//
// Who may be chosen: each server once for one session, neither one that is down nor one that is
// full, and one that failed only where no better one is left.
#include "gateway/route/server_choice.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace ringway::route {
namespace {

using config::Balance;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kNow = 1000 * kSecond;
constexpr Balance kAllBalances[] = {Balance::kLeastSessions, Balance::kRoundRobin,
                                    Balance::kRandomTwo, Balance::kSourceHash};
constexpr Choice kAllTried = {.outcome = ChoiceOutcome::kAllTried};
constexpr Choice kAllFull = {.outcome = ChoiceOutcome::kAllFull};
constexpr Choice kNoneHealthy = {.outcome = ChoiceOutcome::kNoneHealthy};

constexpr Choice Server(uint32_t index) { return {ChoiceOutcome::kServer, index}; }

base::SocketAddress Client(uint8_t last) {
  return {.family = base::AddressFamily::kIpv4, .port = 1, .bytes = {192, 0, 2, last}};
}

config::Config MakeConfig(const std::vector<size_t>& server_counts,
                          Balance balance = Balance::kLeastSessions) {
  config::Config config;
  for (const size_t count : server_counts) {
    config::Backend& backend = config.backends.emplace_back();
    backend.balance = balance;
    for (size_t i = 0; i < count; ++i) {
      backend.servers.push_back({.host = absl::StrCat("s", i), .port = 80});
    }
  }
  return config;
}

/// A worker's choice, and what it shares with others.
class Bench {
 public:
  explicit Bench(config::Config config, uint32_t first = 0)
      : config_(std::move(config)),
        occupancy_(*base::Occupancy::Map({.servers = ServerRow(config_).count()})),
        health_(*base::ServerHealth::Map(ServerRow(config_).count())),
        choice_(config_, tables(), {.first = first}) {}

  Choice Enter(ServerSet tried = 0, uint64_t now_ns = kNow) {
    return choice_.Enter(0, tried, Client(1), now_ns);
  }
  ChoiceTables tables() {
    return {.occupancy = occupancy_, .health = health_, .counters = counters_};
  }
  const config::Config& config() const { return config_; }
  base::Occupancy& occupancy() { return occupancy_; }
  base::ServerHealth& health() { return health_; }
  const base::Counters& counters() const { return counters_; }
  ServerChoice& choice() { return choice_; }

 private:
  config::Config config_;
  base::Occupancy occupancy_;
  base::ServerHealth health_;
  base::Counters counters_;
  ServerChoice choice_;
};

TEST(ServerRow, GivesEachServerOfEachBackendAPlaceOfItsOwn) {
  const ServerRow row(MakeConfig({2, 1, 3}));
  EXPECT_EQ(row.Place(0, 0), 0u);
  EXPECT_EQ(row.Place(0, 1), 1u);
  EXPECT_EQ(row.Place(1, 0), 2u);
  EXPECT_EQ(row.Place(2, 2), 5u);
  EXPECT_EQ(row.CountOf(2), 3u);
  EXPECT_EQ(row.count(), 6u);
}

TEST(ServerChoice, TakesTurnsWhileAllHaveEquallyMany) {
  Bench bench(MakeConfig({3}));
  for (const uint32_t expected : {0, 1, 2, 0, 1, 2, 0}) EXPECT_EQ(bench.Enter(), Server(expected));
}

TEST(ServerChoice, TakesTheServerWithTheFewestSessions) {
  Bench bench(MakeConfig({3}));
  for (int i = 0; i < 6; ++i) ASSERT_EQ(bench.Enter().outcome, ChoiceOutcome::kServer);
  bench.choice().Leave(0, 1);
  bench.choice().Leave(0, 1);
  bench.choice().Leave(0, 2);
  EXPECT_EQ(bench.Enter(), Server(1));
  EXPECT_EQ(bench.Enter(), Server(2));
  EXPECT_EQ(bench.Enter(), Server(1));
}

TEST(ServerChoice, SeesTheSessionsOfOtherWorkers) {
  Bench there(MakeConfig({1, 2}));
  ServerChoice here(there.config(), there.tables(), {});
  EXPECT_EQ(there.choice().Enter(1, 0, Client(1), 0), Server(0));
  EXPECT_EQ(here.Enter(1, 0, Client(1), 0), Server(1));
  EXPECT_EQ(there.occupancy().on_server(0), 0u) << "that is the other backend's";
}

TEST(ServerChoice, TakesRoundRobinsTurnsByWeightWhateverTheSessions) {
  config::Config config = MakeConfig({2}, Balance::kRoundRobin);
  config.backends[0].servers[0].weight = 2;
  Bench bench(config);
  std::string turns;
  for (int i = 0; i < 6; ++i) turns += static_cast<char>('a' + bench.Enter().server_index);
  EXPECT_EQ(turns, "abaaba");
}

TEST(ServerChoice, BySourceSendsAClientToOneServerAndToTheNextWhenThatOneWasTried) {
  Bench bench(MakeConfig({5}, Balance::kSourceHash));
  const Choice first = bench.Enter();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(bench.Enter(), first);
  const Choice second = bench.Enter(ServerSet{1} << first.server_index);
  EXPECT_NE(second, first);
  Bench other_worker(MakeConfig({5}, Balance::kSourceHash), 3);
  EXPECT_EQ(other_worker.Enter(), first);
  EXPECT_EQ(other_worker.Enter(ServerSet{1} << first.server_index), second);
}

TEST(ServerChoice, TriesEachServerOnceForOneSession) {
  for (const Balance balance : kAllBalances) {
    Bench bench(MakeConfig({3}, balance), 2);
    ServerSet tried = 0;
    for (int i = 0; i < 3; ++i) {
      const Choice choice = bench.Enter(tried);
      ASSERT_EQ(choice.outcome, ChoiceOutcome::kServer);
      EXPECT_EQ(tried >> choice.server_index & 1U, 0u);
      EXPECT_EQ(bench.occupancy().on_server(choice.server_index), 1u);
      tried |= ServerSet{1} << choice.server_index;
    }
    EXPECT_EQ(bench.Enter(tried), kAllTried);
  }
}

TEST(ServerChoice, TriesTheLastOfSixtyFourServers) {
  for (const Balance balance : kAllBalances) {
    Bench bench(MakeConfig({64}, balance));
    EXPECT_EQ(bench.Enter(~ServerSet{0} >> 1), Server(63));
    EXPECT_EQ(bench.Enter(~ServerSet{0}), kAllTried);
  }
}

TEST(ServerChoice, TheNextSessionDoesNotFirstTryAServerThatJustFailed) {
  for (const Balance balance :
       {Balance::kLeastSessions, Balance::kRoundRobin, Balance::kRandomTwo}) {
    Bench bench(MakeConfig({3}, balance));
    constexpr uint64_t kLater = kNow + ServerChoice::kAvoidNs;
    bench.choice().OnFailed(0, 1, kNow);
    for (int i = 0; i < 20; ++i) EXPECT_NE(bench.Enter(0, kLater - 1), Server(1));
    EXPECT_EQ(bench.Enter(0b101), Server(1)) << "there is no other one";
    bench.choice().Leave(0, 1);
    bool taken = false;
    for (int i = 0; i < 50; ++i) taken |= bench.Enter(0, kLater) == Server(1);
    EXPECT_TRUE(taken);
  }
}

TEST(ServerChoice, AvoidsNoServerForLongerThanItWouldBeEjected) {
  config::Config config = MakeConfig({2});
  config.backends[0].health.eject_time_ns = 1000;
  Bench bench(config);
  bench.choice().OnFailed(0, 0, kNow);
  EXPECT_EQ(bench.Enter(0, kNow + 999), Server(1));
  EXPECT_EQ(bench.Enter(0, kNow + 1000), Server(0));
}

TEST(ServerChoice, AClientMovesBySourceOnlyWhenItsServerIsEjected) {
  Bench bench(MakeConfig({3}, Balance::kSourceHash));
  const uint32_t own = bench.Enter().server_index;
  bench.choice().OnFailed(0, own, kNow);
  EXPECT_EQ(bench.Enter(), Server(own));
  bench.choice().OnFailed(0, own, kNow);
  bench.choice().OnFailed(0, own, kNow);
  const Choice next = bench.Enter();
  EXPECT_NE(next, Server(own));
  EXPECT_EQ(bench.Enter(ServerSet{1} << own), next) << "the same one as for who has tried it";
}

TEST(ServerChoice, PassesOverAServerThatAnotherWorkerHasFoundDead) {
  for (const Balance balance : kAllBalances) {
    Bench bench(MakeConfig({2}, balance));
    ServerChoice there(bench.config(), bench.tables(), {.first = 1});
    for (int i = 0; i < 3; ++i) there.OnFailed(0, 1, kNow);
    EXPECT_EQ(bench.counters().servers_ejected.value(), 1u);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(bench.Enter(), Server(0));
    EXPECT_EQ(bench.Enter(0b01), Server(1)) << "there is no other one";
  }
}

TEST(ServerChoice, OneSessionTriesAServerWhoseEjectionIsOver) {
  Bench bench(MakeConfig({2}));
  for (int i = 0; i < 3; ++i) bench.choice().OnFailed(0, 1, kNow);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(bench.Enter(), Server(0));
  const uint64_t back_ns = kNow + bench.config().backends[0].health.eject_time_ns;
  EXPECT_EQ(bench.Enter(0, back_ns), Server(1));
  EXPECT_EQ(bench.Enter(0, back_ns), Server(0));
  bench.choice().OnConnected(0, 1);
  EXPECT_EQ(bench.Enter(0, back_ns), Server(1));
}

TEST(ServerChoice, TakesOneThatFailedWhereAllHave) {
  for (const Balance balance : kAllBalances) {
    Bench bench(MakeConfig({2}, balance));
    for (int i = 0; i < 5; ++i) {
      bench.choice().OnFailed(0, 0, kNow);
      bench.choice().OnFailed(0, 1, kNow);
    }
    ASSERT_TRUE(bench.health().IsEjected(0, kNow) && bench.health().IsEjected(1, kNow));
    EXPECT_EQ(bench.Enter().outcome, ChoiceOutcome::kServer);
  }
}

TEST(ServerChoice, NeverTakesOneThatProbesCallDown) {
  for (const Balance balance : kAllBalances) {
    Bench bench(MakeConfig({2}, balance));
    bench.health().OnProbe(0, base::ProbeResult::kBad, {});
    for (int i = 0; i < 10; ++i) EXPECT_EQ(bench.Enter(), Server(1));
    EXPECT_EQ(bench.Enter(0b10), kNoneHealthy);
    bench.health().OnProbe(1, base::ProbeResult::kBad, {});
    EXPECT_EQ(bench.Enter(), kNoneHealthy);
    EXPECT_EQ(bench.Enter(0b11), kAllTried);
    bench.health().OnProbe(0, base::ProbeResult::kGood, {});
    EXPECT_EQ(bench.Enter(), Server(0));
  }
}

TEST(ServerChoice, FillsEachServerUpToItsSessionsAndNoFurther) {
  for (const Balance balance : kAllBalances) {
    config::Config config = MakeConfig({3}, balance);
    config.backends[0].sessions_per_server_max = 4;
    Bench bench(config);
    for (int i = 0; i < 12; ++i) EXPECT_EQ(bench.Enter().outcome, ChoiceOutcome::kServer);
    for (uint32_t server = 0; server < 3; ++server) {
      EXPECT_EQ(bench.occupancy().on_server(server), 4u);
    }
    EXPECT_EQ(bench.Enter(), kAllFull);
    EXPECT_EQ(bench.Enter(0b011), kAllFull);
    bench.choice().Leave(0, 1);
    EXPECT_EQ(bench.Enter(), Server(1));
    bench.health().OnProbe(2, base::ProbeResult::kBad, {});
    EXPECT_EQ(bench.Enter(), kAllFull) << "a healthy one among them may have room soon";
  }
}

TEST(ServerChoice, TakesAnEjectedServerWhereTheOthersAreFull) {
  config::Config config = MakeConfig({2});
  config.backends[0].sessions_per_server_max = 1;
  Bench bench(config);
  for (int i = 0; i < 3; ++i) bench.choice().OnFailed(0, 1, kNow);
  EXPECT_EQ(bench.Enter(), Server(0));
  EXPECT_EQ(bench.Enter(), Server(1));
  EXPECT_EQ(bench.Enter(), kAllFull);
}

TEST(ServerChoice, KnowsWhetherThereIsAnotherOne) {
  config::Config config = MakeConfig({3});
  config.backends[0].sessions_per_server_max = 1;
  Bench bench(config);
  EXPECT_TRUE(bench.choice().HasOther(0, 0b001, 0));
  bench.health().OnProbe(1, base::ProbeResult::kBad, {});
  EXPECT_TRUE(bench.choice().HasOther(0, 0b001, 0));
  ASSERT_EQ(bench.occupancy().EnterServer(2, 0), base::Admission::kAdmitted);
  EXPECT_FALSE(bench.choice().HasOther(0, 0b001, 0)) << "one is down, one is full";
  EXPECT_TRUE(bench.choice().HasOther(0, 0b110, 0));
  EXPECT_FALSE(bench.choice().HasOther(0, 0b111, 0));
  bench.health().OnDialFailed(
      0, 0, {.failures_max = 1, .time_ns = 1'000'000'000, .time_ns_max = 1'000'000'000});
  EXPECT_FALSE(bench.choice().HasOther(0, 0b110, 1)) << "it is ejected";
  EXPECT_TRUE(bench.choice().HasOther(0, 0b110, 10'000'000'000)) << "and not any more";
}

TEST(ServerChoice, BeginsAtAnotherServerForEachWorker) {
  for (const Balance balance : {Balance::kLeastSessions, Balance::kRoundRobin}) {
    for (const auto& [worker, expected] :
         {std::pair(1u, 1u), std::pair(3u, 0u), std::pair(4294967295u, 0u)}) {
      EXPECT_EQ(Bench(MakeConfig({3}, balance), worker).Enter(), Server(expected));
    }
  }
}

}  // namespace
}  // namespace ringway::route
