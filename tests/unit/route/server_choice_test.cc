// SPDX-License-Identifier: Apache-2.0
//
// The fewest sessions first, turns where they are equal, each server once for one session.
#include "gateway/route/server_choice.h"

#include <gtest/gtest.h>

namespace ringway::route {
namespace {

config::Config MakeConfig(const std::vector<size_t>& server_counts) {
  config::Config config;
  for (const size_t count : server_counts) {
    config.backends.push_back({.servers = std::vector<config::Server>(count)});
  }
  return config;
}

base::Occupancy MakeOccupancy(const config::Config& config) {
  auto made = base::Occupancy::Map({.servers = ServerRow(config).count()});
  EXPECT_TRUE(made.ok());
  return *std::move(made);
}

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
  const config::Config config = MakeConfig({3});
  base::Occupancy occupancy = MakeOccupancy(config);
  ServerChoice choice(config, occupancy, 0);
  for (const uint32_t expected : {0, 1, 2, 0, 1, 2, 0}) EXPECT_EQ(choice.Enter(0, 0, 0), expected);
}

TEST(ServerChoice, TakesTheServerWithTheFewestSessions) {
  const config::Config config = MakeConfig({3});
  base::Occupancy occupancy = MakeOccupancy(config);
  ServerChoice choice(config, occupancy, 0);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(choice.Enter(0, 0, 0));
  choice.Leave(0, 1);
  choice.Leave(0, 1);
  choice.Leave(0, 2);
  EXPECT_EQ(choice.Enter(0, 0, 0), 1u);
  EXPECT_EQ(choice.Enter(0, 0, 0), 2u);
  EXPECT_EQ(choice.Enter(0, 0, 0), 1u);
}

TEST(ServerChoice, SeesTheSessionsOfOtherWorkers) {
  const config::Config config = MakeConfig({1, 2});
  base::Occupancy occupancy = MakeOccupancy(config);
  ServerChoice here(config, occupancy, 0);
  ServerChoice there(config, occupancy, 0);
  EXPECT_EQ(there.Enter(1, 0, 0), 0u);
  EXPECT_EQ(here.Enter(1, 0, 0), 1u);
  EXPECT_EQ(occupancy.on_server(0), 0u) << "that is the other backend's";
}

TEST(ServerChoice, TriesEachServerOnceForOneSession) {
  const config::Config config = MakeConfig({3});
  base::Occupancy occupancy = MakeOccupancy(config);
  ServerChoice choice(config, occupancy, 2);
  EXPECT_EQ(choice.Enter(0, 0b000, 0), 2u);
  EXPECT_EQ(choice.Enter(0, 0b100, 0), 0u);
  EXPECT_EQ(choice.Enter(0, 0b101, 0), 1u);
  EXPECT_EQ(choice.Enter(0, 0b111, 0), std::nullopt);
  EXPECT_EQ(occupancy.on_server(0) + occupancy.on_server(1) + occupancy.on_server(2), 3u);
}

TEST(ServerChoice, TriesTheLastOfSixtyFourServers) {
  const config::Config config = MakeConfig({64});
  base::Occupancy occupancy = MakeOccupancy(config);
  ServerChoice choice(config, occupancy, 0);
  EXPECT_EQ(choice.Enter(0, ~ServerSet{0} >> 1, 0), 63u);
  EXPECT_EQ(choice.Enter(0, ~ServerSet{0}, 0), std::nullopt);
}

TEST(ServerChoice, AvoidsAServerThatFailedForAWhile) {
  const config::Config config = MakeConfig({3});
  base::Occupancy occupancy = MakeOccupancy(config);
  ServerChoice choice(config, occupancy, 0);
  constexpr uint64_t kNow = 1000;
  constexpr uint64_t kLater = kNow + ServerChoice::kAvoidNs;
  choice.OnFailed(0, 1, kNow);
  for (const uint32_t expected : {0, 2, 0, 2}) EXPECT_EQ(choice.Enter(0, 0, kNow), expected);
  EXPECT_EQ(choice.Enter(0, 0b101, kNow), 1u) << "there is no other one";
  choice.Leave(0, 1);
  EXPECT_EQ(choice.Enter(0, 0, kLater - 1), 2u);
  EXPECT_EQ(choice.Enter(0, 0, kLater), 1u);
}

TEST(ServerChoice, TakesOneThatFailedWhereAllHave) {
  const config::Config config = MakeConfig({2});
  base::Occupancy occupancy = MakeOccupancy(config);
  ServerChoice choice(config, occupancy, 0);
  choice.OnFailed(0, 0, 0);
  choice.OnFailed(0, 1, 0);
  EXPECT_TRUE(choice.Enter(0, 0, 0));
}

TEST(ServerChoice, BeginsAtAnotherServerForEachWorker) {
  const config::Config config = MakeConfig({3});
  for (const auto& [worker, expected] :
       {std::pair(1u, 1u), std::pair(3u, 0u), std::pair(4294967295u, 0u)}) {
    base::Occupancy occupancy = MakeOccupancy(config);
    EXPECT_EQ(ServerChoice(config, occupancy, worker).Enter(0, 0, 0), expected);
  }
}

}  // namespace
}  // namespace ringway::route
