// SPDX-License-Identifier: Apache-2.0
//
// Looking names up, at first and again, against a name server made of a map.
#include "gateway/server/resolve.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>

#include "absl/status/status.h"
#include "gateway/server/refresher.h"

namespace ringway::server {
namespace {

base::SocketAddress Ipv4(uint8_t last) {
  return {.family = base::AddressFamily::kIpv4, .port = 80, .bytes = {10, 0, 0, last}};
}

base::SocketAddress Ipv6(uint8_t first) {
  return {.family = base::AddressFamily::kIpv6, .port = 80, .bytes = {first}};
}

/// Names and their addresses; any thread.
class Names {
 public:
  void Set(const std::string& name, std::vector<base::SocketAddress> addresses) {
    const std::lock_guard lock(mutex_);
    names_[name] = std::move(addresses);
  }
  LookUp look_up() {
    return
        [this](const config::Server& server) -> absl::StatusOr<std::vector<base::SocketAddress>> {
          const std::lock_guard lock(mutex_);
          const auto found = names_.find(server.host);
          if (found == names_.end()) return absl::NotFoundError(server.host + ": unknown");
          return found->second;
        };
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<base::SocketAddress>> names_;
};

config::Config WithServers(const std::vector<std::string>& hosts) {
  config::Config config;
  config.backends.push_back({.name = "b"});
  for (const std::string& host : hosts) {
    config.backends[0].servers.push_back({.host = host, .port = 80});
  }
  return config;
}

TEST(LookUpBySystem, FindsNumericAddresses) {
  const auto found = LookUpBySystem({.host = "10.0.0.3", .port = 80});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, std::vector{Ipv4(3)});
}

TEST(LookUpBySystem, SaysWhichNameItDoesNotFind) {
  const auto found = LookUpBySystem({.host = "no such name", .port = 80});
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.status().ToString().find("no such name: "), std::string::npos);
}

TEST(ResolveAll, TakesTheFirstAddressOfEach) {
  Names names;
  names.Set("a", {Ipv4(1), Ipv4(2)});
  names.Set("c", {Ipv6(3)});
  const auto found = ResolveAll(WithServers({"a", "c"}), names.look_up());
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, (worker::ServerAddresses{{Ipv4(1), Ipv6(3)}}));
}

TEST(ResolveAll, TakesAnAddressOfTheFamilyOfASource) {
  Names names;
  names.Set("both", {Ipv4(1), Ipv6(3)});
  names.Set("four", {Ipv4(1)});
  config::Config config = WithServers({"both"});
  config.backends[0].sources = {Ipv6(9)};
  const auto found = ResolveAll(config, names.look_up());
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ((*found)[0][0], Ipv6(3));
  config.backends[0].servers[0].host = "four";
  EXPECT_FALSE(ResolveAll(config, names.look_up()).ok());
}

TEST(ResolveAll, NamesEveryServerThatHasNoAddress) {
  Names names;
  names.Set("a", {Ipv4(1)});
  const auto found = ResolveAll(WithServers({"x", "a", "y"}), names.look_up());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.status().message(),
            "cannot resolve backend \"b\": x: unknown; backend \"b\": y: unknown: check the name, "
            "/etc/hosts and the name server");
}

TEST(ResolveAll, LooksNoUnixSocketUp) {
  Names names;
  config::Config config = WithServers({"10.0.0.1"});
  names.Set("10.0.0.1", {Ipv4(1)});
  config.backends[0].servers.push_back({.unix_path = "/run/app.sock"});
  config.backends[0].sources = {Ipv4(9)};
  const worker::ServerAddresses expected = {{Ipv4(1), base::SocketAddress{}}};
  const auto found = ResolveAll(config, names.look_up());
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, expected);
  EXPECT_FALSE(HasNames(config));
  std::vector<std::string> failures;
  EXPECT_EQ(ResolveAgain(config, names.look_up(), expected, &failures), expected);
  EXPECT_TRUE(failures.empty());
}

TEST(ResolveAgain, KeepsAnAddressThatTheNameStillStandsFor) {
  Names names;
  names.Set("a", {Ipv4(2), Ipv4(1)});
  std::vector<std::string> failures;
  EXPECT_EQ(ResolveAgain(WithServers({"a"}), names.look_up(), {{Ipv4(1)}}, &failures),
            (worker::ServerAddresses{{Ipv4(1)}}));
  names.Set("a", {Ipv4(3)});
  EXPECT_EQ(ResolveAgain(WithServers({"a"}), names.look_up(), {{Ipv4(1)}}, &failures),
            (worker::ServerAddresses{{Ipv4(3)}}));
  EXPECT_TRUE(failures.empty());
}

TEST(ResolveAgain, KeepsWhatItCannotLookUpAndLeavesNumbersAlone) {
  Names names;
  std::vector<std::string> failures;
  EXPECT_EQ(ResolveAgain(WithServers({"gone", "10.0.0.7"}), names.look_up(), {{Ipv4(1), Ipv4(7)}},
                         &failures),
            (worker::ServerAddresses{{Ipv4(1), Ipv4(7)}}));
  EXPECT_EQ(failures, std::vector<std::string>{"backend \"b\": gone: unknown"});
}

TEST(HasNames, IsTrueWhereOneServerIsNoNumber) {
  EXPECT_FALSE(HasNames(WithServers({"10.0.0.1", "::1"})));
  EXPECT_TRUE(HasNames(WithServers({"10.0.0.1", "db.internal"})));
}

TEST(Refresher, PublishesWhatHasChangedAndOnlyThat) {
  Names names;
  names.Set("a", {Ipv4(1)});
  auto config = std::make_shared<config::Config>(WithServers({"a"}));
  config->gateway.resolve_interval_ns = 1'000'000;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<worker::ServerAddresses> published;
  Refresher refresher(config, {{Ipv4(1)}}, names.look_up(), [&](const auto& addresses) {
    const std::lock_guard lock(mutex);
    published.push_back(addresses);
    changed.notify_all();
  });
  for (const uint8_t last : {uint8_t{2}, uint8_t{3}}) {
    names.Set("a", {Ipv4(last)});
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return published.size() + 1 == last; });
    EXPECT_EQ(published.back(), (worker::ServerAddresses{{Ipv4(last)}}));
  }
  EXPECT_EQ(published.size(), 2U);
}

TEST(Refresher, EndsWhileItWaits) {
  const auto config = std::make_shared<config::Config>(WithServers({"a"}));
  Names names;
  const Refresher refresher(config, {{Ipv4(1)}}, names.look_up(), [](const auto&) { FAIL(); });
}

TEST(Refresher, DoesNotWaitForANameServerThatIsGone) {
  struct Gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool asked = false;
    bool open = false;
  };
  const auto gate = std::make_shared<Gate>();  // outlives the test, as the look-up may
  auto config = std::make_shared<config::Config>(WithServers({"a"}));
  config->gateway.resolve_interval_ns = 1'000'000;
  const LookUp silent =
      [gate](const config::Server&) -> absl::StatusOr<std::vector<base::SocketAddress>> {
    std::unique_lock lock(gate->mutex);
    gate->asked = true;
    gate->changed.notify_all();
    gate->changed.wait(lock, [&] { return gate->open; });
    return std::vector{Ipv4(2)};
  };
  {
    const Refresher refresher(config, {{Ipv4(1)}}, silent, [](const auto&) { ADD_FAILURE(); });
    std::unique_lock lock(gate->mutex);
    gate->changed.wait(lock, [&] { return gate->asked; });
  }
  const std::lock_guard lock(gate->mutex);
  gate->open = true;
  gate->changed.notify_all();
}

}  // namespace
}  // namespace ringway::server
