// SPDX-License-Identifier: Apache-2.0
//
// Each server in turn, for each backend by itself.
#include "gateway/route/server_choice.h"

#include <gtest/gtest.h>

namespace ringway::route {
namespace {

config::Config MakeConfig(std::vector<size_t> server_counts) {
  config::Config config;
  for (const size_t count : server_counts) {
    config.backends.push_back({.servers = std::vector<config::Server>(count)});
  }
  return config;
}

TEST(ServerChoice, TakesEachServerInTurn) {
  ServerChoice choice(MakeConfig({3}), 0);
  for (const uint32_t expected : {0, 1, 2, 0, 1, 2, 0}) EXPECT_EQ(choice.Next(0), expected);
}

TEST(ServerChoice, CountsForEachBackendByItself) {
  ServerChoice choice(MakeConfig({2, 1, 2}), 0);
  EXPECT_EQ(choice.Next(0), 0u);
  EXPECT_EQ(choice.Next(2), 0u);
  EXPECT_EQ(choice.Next(1), 0u);
  EXPECT_EQ(choice.Next(1), 0u);
  EXPECT_EQ(choice.Next(0), 1u);
  EXPECT_EQ(choice.Next(2), 1u);
}

TEST(ServerChoice, BeginsAtAnotherServerForEachWorker) {
  EXPECT_EQ(ServerChoice(MakeConfig({3}), 1).Next(0), 1u);
  EXPECT_EQ(ServerChoice(MakeConfig({3}), 3).Next(0), 0u);
  EXPECT_EQ(ServerChoice(MakeConfig({3}), 4294967295u).Next(0), 0u);
}

}  // namespace
}  // namespace ringway::route
