// SPDX-License-Identifier: Apache-2.0
//
// A prober and what it told. Tests wait for that, never for time to pass.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/route/server_choice.h"
#include "gateway/server/prober.h"

namespace ringway::server {

inline constexpr uint64_t kProbeMs = 1'000'000;
inline constexpr auto kPatience = std::chrono::seconds(20);

inline base::SocketAddress Loopback(uint16_t port) {
  return {.family = base::AddressFamily::kIpv4, .port = port, .bytes = {127, 0, 0, 1}};
}

/// Of this process.
inline size_t Descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

/// What the prober told, and the most descriptors that there were when it did; any thread.
class Told {
 public:
  void Add(const ServerChange& change) {
    const std::lock_guard lock(mutex_);
    descriptors_ = std::max(descriptors_, Descriptors());
    changes_.push_back(change);
    changed_.notify_all();
  }
  /// The next change that nobody has taken; a default one after long patience.
  ServerChange Next() {
    std::unique_lock lock(mutex_);
    const bool is_there = changed_.wait_for(lock, kPatience, [&] { return !changes_.empty(); });
    EXPECT_TRUE(is_there) << "the prober tells nothing";
    if (!is_there) return {};
    ServerChange next = changes_.front();
    changes_.erase(changes_.begin());
    return next;
  }

  size_t descriptors() const {
    const std::lock_guard lock(mutex_);
    return descriptors_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ServerChange> changes_;
  size_t descriptors_ = 0;
};

class ProberTest : public testing::Test {
 protected:
  config::Server& AddServer(const base::SocketAddress& address) {
    if (config_->backends.empty()) {
      config_->backends.emplace_back().name = "b";
      addresses_.emplace_back();
      config::Health& health = config_->backends[0].health;
      health.check = config::HealthCheck::kTcp;
      health.interval_ns = 2 * kProbeMs;
      health.timeout_ns = 2000 * kProbeMs;
    }
    addresses_[0].push_back({address});
    config::Server& server = config_->backends[0].servers.emplace_back();
    server.host = address.HostText();
    server.port = address.port;
    return server;
  }
  /// Until there are so many, all with the same server.
  void CopyBackend(size_t count) {
    config_->backends.resize(count, config_->backends[0]);
    addresses_.resize(count, addresses_[0]);
  }
  void ExpectAllDown(size_t backends) {
    std::set<uint32_t> down;
    while (down.size() < backends && !HasFailure()) down.insert(told_.Next().backend_index);
  }
  config::Health& health_rules() { return config_->backends[0].health; }
  void Start() {
    auto health = base::ServerHealth::Map(route::ServerRow(*config_).count());
    ASSERT_TRUE(health.ok());
    health_ = std::make_shared<base::ServerHealth>(*std::move(health));
    auto prober = Prober::Start(config_, addresses_, health_,
                                [this](const ServerChange& change) { told_.Add(change); });
    ASSERT_TRUE(prober.ok()) << prober.status();
    prober_ = *std::move(prober);
  }
  void ExpectDown(std::string_view why) {
    const ServerChange change = told_.Next();
    EXPECT_EQ(change.change, base::HealthChange::kDown);
    EXPECT_NE(change.why.find(why), std::string::npos) << change.why;
    EXPECT_TRUE(health_->IsDown(change.server_index));
  }
  void ExpectUp() {
    const ServerChange change = told_.Next();
    EXPECT_EQ(change.change, base::HealthChange::kUp);
    EXPECT_FALSE(health_->IsDown(change.server_index));
  }

  std::shared_ptr<config::Config> config_ = std::make_shared<config::Config>();
  worker::ServerAddresses addresses_;
  std::shared_ptr<base::ServerHealth> health_;
  Told told_;
  std::unique_ptr<Prober> prober_;
};

}  // namespace ringway::server
