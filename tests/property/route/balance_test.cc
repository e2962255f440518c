// SPDX-License-Identifier: Apache-2.0
//
// Over many choices each server has its share, whatever the weights; and whoever leaves source_hash
// takes only his own clients along.
#include "gateway/route/balance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"

namespace ringway::route {
namespace {

constexpr int kRounds = 30;

uint32_t Sum(const std::vector<Candidate>& candidates) {
  return std::accumulate(candidates.begin(), candidates.end(), 0U,
                         [](uint32_t sum, const Candidate& each) { return sum + each.weight; });
}

/// Between two and twelve servers with weights up to `weight_max`.
std::vector<Candidate> SomeServers(std::mt19937_64& random, uint32_t weight_max) {
  std::vector<Candidate> candidates(2 + random() % 11);
  for (uint32_t i = 0; i < candidates.size(); ++i) {
    candidates[i] = {.server_index = i, .weight = static_cast<uint32_t>(1 + random() % weight_max)};
  }
  return candidates;
}

std::vector<uint64_t> KeysOf(const std::vector<Candidate>& candidates) {
  std::vector<uint64_t> keys;
  for (size_t i = 0; i < candidates.size(); ++i) {
    keys.push_back(ServerKey({.host = absl::StrCat("10.1.2.", i), .port = 8080}));
  }
  return keys;
}

/// The n-th client of a network in which neighbours have neighbouring addresses.
uint64_t ClientOf(uint32_t number) {
  base::SocketAddress client{.family = base::AddressFamily::kIpv4, .port = 1};
  client.bytes = {10, static_cast<uint8_t>(number >> 16), static_cast<uint8_t>(number >> 8),
                  static_cast<uint8_t>(number)};
  return ClientKey(client);
}

/// Five standard deviations of a share by chance: one round in millions is beyond.
void ExpectShares(const std::vector<Candidate>& candidates, const std::vector<uint32_t>& taken) {
  const double total = std::accumulate(taken.begin(), taken.end(), 0.0);
  for (size_t i = 0; i < candidates.size(); ++i) {
    const double share = static_cast<double>(candidates[i].weight) / Sum(candidates);
    const double spread = 5 * std::sqrt(total * share * (1 - share)) + 1;
    EXPECT_NEAR(taken[i], total * share, spread) << "server " << i;
  }
}

TEST(PickLeastSessions, NeverGoesFurtherThanOneSessionFromAShareWhileAllStay) {
  std::mt19937_64 random(1);
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Candidate> candidates = SomeServers(random, 20);
    const double sum = Sum(candidates);
    for (uint32_t count = 1; count <= 500; ++count) {
      ++candidates[PickLeastSessions(candidates)].sessions;
      for (const Candidate& each : candidates) {
        // Whoever has the least for its weight gets the next: none is ahead by a whole session.
        ASSERT_LT(each.sessions, count * each.weight / sum + 1 + each.weight * 12 / sum);
      }
    }
  }
}

TEST(PickInTurn, GivesEachExactlyItsWeightInEachRoundOfAllWeights) {
  std::mt19937_64 random(2);
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Candidate> candidates = SomeServers(random, 256);
    std::vector<int32_t> owed(candidates.size());
    for (int cycle = 0; cycle < 3; ++cycle) {
      std::vector<uint32_t> taken(candidates.size());
      for (uint32_t i = 0; i < Sum(candidates); ++i) ++taken[PickInTurn(candidates, owed)];
      for (size_t i = 0; i < candidates.size(); ++i) EXPECT_EQ(taken[i], candidates[i].weight);
    }
  }
}

TEST(PickInTurn, WhatIsOwedStaysBoundedHoweverServersComeAndGo) {
  std::mt19937_64 random(3);
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Candidate> all = SomeServers(random, 256);
    std::vector<int32_t> owed(all.size());
    const auto bound = static_cast<int32_t>(all.size() * Sum(all));
    for (int i = 0; i < 20'000; ++i) {
      std::vector<Candidate> some;
      for (const Candidate& each : all) {
        if (random() % 2 == 0) some.push_back(each);
      }
      if (some.empty()) continue;
      static_cast<void>(PickInTurn(some, owed));
      for (const int32_t each : owed) ASSERT_LE(std::abs(each), bound);
    }
  }
}

TEST(PickRandomTwo, GivesSessionsThatStayByWeight) {
  std::mt19937_64 random(4);
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Candidate> candidates = SomeServers(random, 8);
    Chance chance(static_cast<uint64_t>(round));
    for (int i = 0; i < 20'000; ++i) ++candidates[PickRandomTwo(candidates, chance)].sessions;
    std::vector<uint32_t> taken;
    for (const Candidate& each : candidates) taken.push_back(each.sessions);
    ExpectShares(candidates, taken);
  }
}

TEST(PickRandomTwo, TakesByWeightWhileNobodyHasSessions) {
  const std::vector<Candidate> candidates = {{0, 1}, {1, 1}, {2, 1}, {3, 1}};
  Chance chance(5);
  std::vector<uint32_t> taken(candidates.size());
  for (int i = 0; i < 40'000; ++i) ++taken[PickRandomTwo(candidates, chance)];
  ExpectShares(candidates, taken);
}

TEST(PickBySource, GivesEachServerItsShareOfTheClients) {
  std::mt19937_64 random(6);
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Candidate> candidates = SomeServers(random, 10);
    const std::vector<uint64_t> keys = KeysOf(candidates);
    std::vector<uint32_t> taken(candidates.size());
    for (uint32_t client = 0; client < 20'000; ++client) {
      ++taken[PickBySource(candidates, ClientOf(client), keys)];
    }
    ExpectShares(candidates, taken);
  }
}

TEST(PickBySource, AServerThatLeavesMovesOnlyItsOwnClientsAndTheyComeBackWithIt) {
  std::mt19937_64 random(7);
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Candidate> all = SomeServers(random, 10);
    const std::vector<uint64_t> keys = KeysOf(all);
    const size_t gone = random() % all.size();
    std::vector<Candidate> rest = all;
    rest.erase(rest.begin() + static_cast<ptrdiff_t>(gone));
    std::vector<uint32_t> moved(all.size());
    for (uint32_t client = 0; client < 5000; ++client) {
      const uint64_t key = ClientOf(client);
      const uint32_t before = all[PickBySource(all, key, keys)].server_index;
      const uint32_t after = rest[PickBySource(rest, key, keys)].server_index;
      if (before == gone) {
        ++moved[after];
      } else {
        ASSERT_EQ(before, after);
      }
    }
    // Those that move spread over the others by their weights.
    moved.erase(moved.begin() + static_cast<ptrdiff_t>(gone));
    ExpectShares(rest, moved);
  }
}

TEST(PickBySource, AServerThatGetsMoreWeightOnlyGainsClients) {
  std::mt19937_64 random(8);
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Candidate> light = SomeServers(random, 10);
    const std::vector<uint64_t> keys = KeysOf(light);
    const size_t changed = random() % light.size();
    std::vector<Candidate> heavy = light;
    heavy[changed].weight *= 2;
    for (uint32_t client = 0; client < 2000; ++client) {
      const uint64_t key = ClientOf(client);
      const size_t after = PickBySource(heavy, key, keys);
      if (after == changed) continue;
      ASSERT_EQ(after, PickBySource(light, key, keys));
    }
  }
}

}  // namespace
}  // namespace ringway::route
