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
  void Set(const std::string& name, route::AddressSet addresses) {
    const std::lock_guard lock(mutex_);
    names_[name] = std::move(addresses);
  }
  LookUp look_up() {
    return [this](const config::Server& server) -> absl::StatusOr<route::AddressSet> {
      const std::lock_guard lock(mutex_);
      const auto found = names_.find(server.host);
      if (found == names_.end()) return absl::NotFoundError(server.host + ": unknown");
      return found->second;
    };
  }

 private:
  std::mutex mutex_;
  std::map<std::string, route::AddressSet> names_;
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
  EXPECT_EQ(*found, route::AddressSet{Ipv4(3)});
}

TEST(LookUpBySystem, SaysWhichNameItDoesNotFind) {
  const auto found = LookUpBySystem({.host = "no such name", .port = 80});
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.status().ToString().find("no such name: "), std::string::npos);
}

worker::ServerAddresses Resolved(const config::Config& config, const LookUp& look_up) {
  LookUpNotes notes;
  auto found = ResolveAll(config, look_up, &notes);
  EXPECT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(notes.left_out.empty());
  return found.ok() ? *std::move(found) : worker::ServerAddresses();
}

TEST(ResolveAll, TakesAllAddressesInTheirOrder) {
  Names names;
  names.Set("a", {Ipv4(2), Ipv4(1), Ipv4(2)});
  names.Set("c", {Ipv6(3)});
  EXPECT_EQ(Resolved(WithServers({"a", "c"}), names.look_up()),
            (worker::ServerAddresses{{{Ipv4(2), Ipv4(1)}, {Ipv6(3)}}}));
}

TEST(ResolveAll, LetsTheFamiliesTakeTurns) {
  Names names;
  names.Set("a", {Ipv6(1), Ipv6(2), Ipv6(3), Ipv4(1), Ipv4(2)});
  names.Set("b", {Ipv4(1), Ipv4(2), Ipv6(1)});
  EXPECT_EQ(Resolved(WithServers({"a", "b"}), names.look_up()),
            (worker::ServerAddresses{
                {{Ipv6(1), Ipv4(1), Ipv6(2), Ipv4(2), Ipv6(3)}, {Ipv4(1), Ipv6(1), Ipv4(2)}}}));
}

/// So many, from 10.0.0.`first` on.
route::AddressSet Many(size_t count, uint8_t first = 0) {
  route::AddressSet set;
  for (size_t i = 0; i < count; ++i) set.push_back(Ipv4(static_cast<uint8_t>(first + i)));
  return set;
}

TEST(ResolveAll, LeavesOutWhatIsMoreThanAServerMayHaveAndTells) {
  Names names;
  names.Set("most", Many(16));
  names.Set("more", Many(17));
  LookUpNotes notes;
  const auto found = ResolveAll(WithServers({"most", "more"}), names.look_up(), &notes);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, (worker::ServerAddresses{{Many(16), Many(16)}}));
  EXPECT_EQ(notes.left_out, std::vector<std::string>{"backend \"b\": more stands for 17 addresses; "
                                                     "16 of them are used"});
}

TEST(ResolveAll, TakesTheAddressesOfTheFamilyOfASource) {
  Names names;
  names.Set("both", {Ipv4(1), Ipv6(3), Ipv4(2), Ipv6(4)});
  names.Set("four", {Ipv4(1)});
  config::Config config = WithServers({"both"});
  config.backends[0].sources = {Ipv6(9)};
  EXPECT_EQ(Resolved(config, names.look_up()), (worker::ServerAddresses{{{Ipv6(3), Ipv6(4)}}}));
  config.backends[0].servers[0].host = "four";
  LookUpNotes notes;
  EXPECT_FALSE(ResolveAll(config, names.look_up(), &notes).ok());
}

TEST(ResolveAll, NamesEveryServerThatHasNoAddress) {
  Names names;
  names.Set("a", {Ipv4(1)});
  LookUpNotes notes;
  const auto found = ResolveAll(WithServers({"x", "a", "y"}), names.look_up(), &notes);
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
  const worker::ServerAddresses expected = {{{Ipv4(1)}, route::AddressSet(1)}};
  EXPECT_EQ(Resolved(config, names.look_up()), expected);
  EXPECT_FALSE(HasNames(config));
  LookUpNotes notes;
  EXPECT_EQ(ResolveAgain(config, names.look_up(), expected, &notes), expected);
  EXPECT_TRUE(notes.failures.empty());
}

TEST(ResolveAgain, KeepsASetThatIsOnlyShuffled) {
  Names names;
  LookUpNotes notes;
  const auto again = [&](route::AddressSet before) {
    return ResolveAgain(WithServers({"a"}), names.look_up(), {{std::move(before)}}, &notes)[0][0];
  };
  names.Set("a", {Ipv4(2), Ipv4(1)});
  EXPECT_EQ(again({Ipv4(1), Ipv4(2)}), (route::AddressSet{Ipv4(1), Ipv4(2)}));
  EXPECT_EQ(again({Ipv4(1)}), (route::AddressSet{Ipv4(2), Ipv4(1)})) << "one has come";
  EXPECT_EQ(again({Ipv4(1), Ipv4(2), Ipv4(3)}), (route::AddressSet{Ipv4(2), Ipv4(1)}));
  names.Set("a", {Ipv4(3)});
  EXPECT_EQ(again({Ipv4(1)}), (route::AddressSet{Ipv4(3)}));
  EXPECT_TRUE(notes.failures.empty());
}

TEST(ResolveAgain, KeepsThoseInUseWhereThereAreTooMany) {
  Names names;
  names.Set("a", Many(20));
  LookUpNotes notes;
  const worker::ServerAddresses before = {{Many(16, 4)}};
  EXPECT_EQ(ResolveAgain(WithServers({"a"}), names.look_up(), before, &notes), before);
  EXPECT_TRUE(notes.left_out.empty()) << "told before";
  route::AddressSet expected = Many(15, 5);
  expected.insert(expected.begin(), Ipv4(0));
  EXPECT_EQ(ResolveAgain(WithServers({"a"}), names.look_up(), {{Many(15, 5)}}, &notes),
            (worker::ServerAddresses{{expected}}));
  EXPECT_EQ(notes.left_out.size(), 1U);
}

TEST(ResolveAgain, KeepsWhatItCannotLookUpAndLeavesNumbersAlone) {
  Names names;
  LookUpNotes notes;
  const worker::ServerAddresses before = {{{Ipv4(1), Ipv4(2)}, {Ipv4(7)}}};
  EXPECT_EQ(ResolveAgain(WithServers({"gone", "10.0.0.7"}), names.look_up(), before, &notes),
            before);
  EXPECT_EQ(notes.failures, std::vector<std::string>{"backend \"b\": gone: unknown"});
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
  Refresher refresher(config, {{{Ipv4(1)}}}, names.look_up(), [&](const auto& addresses) {
    const std::lock_guard lock(mutex);
    published.push_back(addresses);
    changed.notify_all();
    return true;
  });
  for (const uint8_t last : {uint8_t{2}, uint8_t{3}}) {
    names.Set("a", {Ipv4(last)});
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return published.size() + 1 == last; });
    EXPECT_EQ(published.back(), (worker::ServerAddresses{{{Ipv4(last)}}}));
  }
  EXPECT_EQ(published.size(), 2U);
}

TEST(Refresher, PublishesAgainWhatNotAllHaveTaken) {
  Names names;
  names.Set("a", {Ipv4(2)});
  auto config = std::make_shared<config::Config>(WithServers({"a"}));
  config->gateway.resolve_interval_ns = 1'000'000;
  std::mutex mutex;
  std::condition_variable changed;
  int published = 0;
  Refresher refresher(config, {{{Ipv4(1)}}}, names.look_up(), [&](const auto& addresses) {
    EXPECT_EQ(addresses, (worker::ServerAddresses{{{Ipv4(2)}}}));
    const std::lock_guard lock(mutex);
    changed.notify_all();
    return ++published == 3;
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return published == 3; });
}

TEST(Refresher, EndsWhileItWaits) {
  const auto config = std::make_shared<config::Config>(WithServers({"a"}));
  Names names;
  const Refresher refresher(config, {{{Ipv4(1)}}}, names.look_up(), [](const auto&) {
    ADD_FAILURE();
    return true;
  });
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
  const LookUp silent = [gate](const config::Server&) -> absl::StatusOr<route::AddressSet> {
    std::unique_lock lock(gate->mutex);
    gate->asked = true;
    gate->changed.notify_all();
    gate->changed.wait(lock, [&] { return gate->open; });
    return route::AddressSet{Ipv4(2)};
  };
  {
    const Refresher refresher(config, {{{Ipv4(1)}}}, silent, [](const auto&) {
      ADD_FAILURE();
      return true;
    });
    std::unique_lock lock(gate->mutex);
    gate->changed.wait(lock, [&] { return gate->asked; });
  }
  const std::lock_guard lock(gate->mutex);
  gate->open = true;
  gate->changed.notify_all();
}

}  // namespace
}  // namespace ringway::server
