// SPDX-License-Identifier: Apache-2.0
//
// Several workers' choices over shared tables against plain rules, over random sessions, failures,
// probes and passing time, for each balance.
#include "gateway/route/server_choice.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"

namespace ringway::route {
namespace {

using config::Balance;

constexpr uint32_t kServers = 5;
constexpr uint32_t kWorkers = 3;
constexpr uint64_t kMs = 1'000'000;

config::Config MakeConfig(Balance balance, std::mt19937_64& random) {
  config::Config config;
  // A backend in front: places in the row are not those in the backend.
  config.backends.push_back({.servers = {{.host = "other", .port = 1}}});
  config::Backend& backend = config.backends.emplace_back();
  backend.balance = balance;
  backend.sessions_per_server_max = random() % 2 == 0 ? 0 : 6;
  for (uint32_t i = 0; i < kServers; ++i) {
    backend.servers.push_back({.host = absl::StrCat("s", i),
                               .port = 80,
                               .weight = static_cast<uint32_t>(1 + random() % 4)});
  }
  return config;
}

class Bench {
 public:
  Bench(Balance balance, uint64_t seed)
      : random_(seed),
        config_(MakeConfig(balance, random_)),
        occupancy_(*base::Occupancy::Map({.servers = kServers + 1})),
        health_(*base::ServerHealth::Map(kServers + 1)) {
    for (uint32_t worker = 0; worker < kWorkers; ++worker) {
      workers_.push_back(std::make_unique<ServerChoice>(
          config_, ChoiceTables{.occupancy = occupancy_, .health = health_, .counters = counters_},
          ChoiceStart{.first = worker, .seed = seed}));
    }
  }
  ~Bench() {
    while (!sessions_.empty()) EndOne();
    for (uint32_t place = 0; place <= kServers; ++place) EXPECT_EQ(occupancy_.on_server(place), 0U);
  }

  void Step() {
    now_ns_ += random_() % (200 * kMs);
    switch (random_() % 8) {
      case 0:
        health_.OnProbe(1 + static_cast<uint32_t>(random_() % kServers),
                        random_() % 2 == 0 ? base::ProbeResult::kGood : base::ProbeResult::kBad,
                        {});
        return;
      case 1:
      case 2:
      case 3:
        if (!sessions_.empty()) EndOne();
        return;
      default:
        return BeginOne();
    }
  }

 private:
  bool IsFull(uint32_t server) const {
    const uint32_t max = config_.backends[1].sessions_per_server_max;
    return max != 0 && occupancy_.on_server(1 + server) >= max;
  }

  // What the rules permit, before the choice.
  void ExpectPermitted(const Choice& choice, ServerSet tried, ServerSet usable, ServerSet open) {
    if (choice.outcome != ChoiceOutcome::kServer) {
      EXPECT_EQ(open, 0U) << "a server is left";
      const bool all_tried = tried == (ServerSet{1} << kServers) - 1;
      EXPECT_EQ(choice.outcome == ChoiceOutcome::kAllTried, all_tried);
      return;
    }
    EXPECT_TRUE(open >> choice.server_index & 1U) << choice.server_index;
    if (usable == 0) return;
    EXPECT_TRUE(usable >> choice.server_index & 1U) << "ejected: " << choice.server_index;
  }

  // A session that dials until a server takes it, or none is left.
  void BeginOne() {
    ServerChoice& worker = *workers_[random_() % kWorkers];
    const base::SocketAddress client{.family = base::AddressFamily::kIpv4,
                                     .bytes = {10, 0, 0, static_cast<uint8_t>(random_())}};
    ServerSet tried = 0;
    while (true) {
      ServerSet usable = 0;
      ServerSet open = 0;
      for (uint32_t server = 0; server < kServers; ++server) {
        if ((tried >> server & 1U) != 0 || IsFull(server) || health_.IsDown(1 + server)) continue;
        open |= ServerSet{1} << server;
        if (health_.IsUsable(1 + server, now_ns_)) usable |= ServerSet{1} << server;
      }
      const Choice choice = worker.Enter(1, tried, client, now_ns_);
      ExpectPermitted(choice, tried, usable, open);
      if (choice.outcome != ChoiceOutcome::kServer) return;
      if (random_() % 3 != 0) {
        worker.OnConnected(1, choice.server_index);
        return sessions_.push_back(choice.server_index);
      }
      worker.OnFailed(1, choice.server_index, now_ns_);
      worker.Leave(1, choice.server_index);
      tried |= ServerSet{1} << choice.server_index;
    }
  }

  void EndOne() {
    const size_t which = random_() % sessions_.size();
    workers_[random_() % kWorkers]->Leave(1, sessions_[which]);
    sessions_[which] = sessions_.back();
    sessions_.pop_back();
  }

  std::mt19937_64 random_;
  config::Config config_;
  base::Occupancy occupancy_;
  base::ServerHealth health_;
  base::Counters counters_;
  std::vector<std::unique_ptr<ServerChoice>> workers_;
  std::vector<uint32_t> sessions_;  ///< the server of each
  uint64_t now_ns_ = 1;
};

class ServerChoices : public testing::TestWithParam<std::tuple<Balance, uint64_t>> {};

TEST_P(ServerChoices, KeepTheRulesOfHealthAndRoom) {
  const auto [balance, seed] = GetParam();
  Bench bench(balance, seed);
  for (int i = 0; i < 5000 && !HasFailure(); ++i) bench.Step();
}

INSTANTIATE_TEST_SUITE_P(All, ServerChoices,
                         testing::Combine(testing::Values(Balance::kLeastSessions,
                                                          Balance::kRoundRobin, Balance::kRandomTwo,
                                                          Balance::kSourceHash),
                                          testing::Range(uint64_t{1}, uint64_t{9})));

}  // namespace
}  // namespace ringway::route
