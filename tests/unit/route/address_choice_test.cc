// SPDX-License-Identifier: Apache-2.0
//
// The addresses of one server: turns, what fails goes last, and what is kept when names change.
#include "gateway/route/address_choice.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

namespace ringway::route {
namespace {

constexpr uint64_t kNow = 1'000'000'000'000;
constexpr uint64_t kRetry = AddressChoice::kRetryNs;

base::SocketAddress Address(uint8_t last) {
  return {.family = base::AddressFamily::kIpv4, .port = 80, .bytes = {10, 0, 0, last}};
}

base::SocketAddress Client(uint8_t last) {
  return {.family = base::AddressFamily::kIpv4, .port = 1, .bytes = {192, 0, 2, last}};
}

AddressSet Addresses(const std::vector<uint8_t>& lasts) {
  AddressSet set;
  for (const uint8_t last : lasts) set.push_back(Address(last));
  return set;
}

std::unique_ptr<const ServerAddresses> OneServer(AddressSet set) {
  return std::make_unique<ServerAddresses>(ServerAddresses{{std::move(set)}});
}

/// One server with some addresses, and a session that tries one after the other.
class Bench {
 public:
  explicit Bench(AddressSet set, uint32_t first = 0,
                 config::Balance balance = config::Balance::kLeastSessions) {
    config_.backends.push_back({.name = "b", .servers = {{.host = "a", .port = 80}}});
    config_.backends[0].balance = balance;
    choice_.emplace(config_, OneServer(std::move(set)), first);
  }

  std::optional<uint32_t> Pick(AddressMask tried = 0, uint64_t now_ns = kNow,
                               const base::SocketAddress& client = Client(1)) {
    return choice_->Pick(0, 0, tried, client, now_ns);
  }
  /// What sessions begin with, one after the other.
  std::vector<uint32_t> Begin(size_t count, uint64_t now_ns = kNow) {
    std::vector<uint32_t> picked;
    for (size_t i = 0; i < count; ++i) picked.push_back(Pick(0, now_ns).value());
    return picked;
  }
  void Fail(uint32_t address, uint64_t now_ns = kNow) { choice_->OnFailed(0, 0, address, now_ns); }
  void Connect(uint32_t address) { choice_->OnConnected(0, 0, address); }
  AddressChoice& choice() { return *choice_; }

 private:
  config::Config config_;
  std::optional<AddressChoice> choice_;
};

using Order = std::vector<uint32_t>;

TEST(AddressChoice, SpreadsSessionsOverAllAddressesInTurn) {
  Bench bench(Addresses({1, 2, 3}));
  EXPECT_EQ(bench.Begin(5), (Order{0, 1, 2, 0, 1}));
}

TEST(AddressChoice, BeginsWithAnotherAddressOnEachWorker) {
  EXPECT_EQ(Bench(Addresses({1, 2, 3}), 1).Begin(3), (Order{1, 2, 0}));
  EXPECT_EQ(Bench(Addresses({1, 2, 3}), 5).Begin(3), (Order{2, 0, 1}));
}

TEST(AddressChoice, GivesASessionEachAddressOnce) {
  AddressSet all;
  for (uint8_t i = 0; i < kAddressesPerServerMax; ++i) all.push_back(Address(i));
  Bench bench(all);
  AddressMask tried = 0;
  for (size_t i = 0; i < kAddressesPerServerMax; ++i) {
    EXPECT_TRUE(bench.choice().HasOther(0, 0, tried));
    const auto picked = bench.Pick(tried);
    ASSERT_TRUE(picked.has_value());
    EXPECT_EQ(tried >> *picked & 1, 0);
    tried |= static_cast<AddressMask>(1U << *picked);
    bench.Fail(*picked);
  }
  EXPECT_FALSE(bench.choice().HasOther(0, 0, tried));
  EXPECT_EQ(bench.Pick(tried), std::nullopt);
}

TEST(AddressChoice, DialsWhatFailedAfterTheOthers) {
  Bench bench(Addresses({1, 2, 3}));
  bench.Fail(1);
  EXPECT_EQ(bench.Begin(4), (Order{0, 2, 0, 2}));
  EXPECT_EQ(bench.Pick(0b101), 1U);
  bench.Connect(1);
  EXPECT_EQ(bench.Begin(3), (Order{2, 0, 1}));
}

TEST(AddressChoice, LetsOneSessionInEachRetryTimeTryWhatFailed) {
  Bench bench(Addresses({1, 2, 3}));
  bench.Fail(1);
  bench.Fail(2);
  EXPECT_EQ(bench.Begin(3, kNow + kRetry - 1), (Order{0, 0, 0}));
  EXPECT_EQ(bench.Begin(3, kNow + kRetry), (Order{1, 0, 0}));
  EXPECT_EQ(bench.Begin(3, kNow + 2 * kRetry), (Order{2, 0, 0}));
  // A session that has tried one already has waited long enough.
  EXPECT_EQ(bench.Pick(0b010, kNow + 3 * kRetry), 0U);
}

TEST(AddressChoice, BeginsWithTheOneThatAnsweredLastWhereAllHaveFailed) {
  Bench bench(Addresses({1, 2, 3}));
  bench.Connect(2);
  for (const uint32_t address : {0U, 1U, 2U}) {
    EXPECT_FALSE(bench.choice().AllFailed(0, 0));
    bench.Fail(address);
  }
  EXPECT_TRUE(bench.choice().AllFailed(0, 0));
  EXPECT_EQ(bench.Begin(2), (Order{2, 2}));
  EXPECT_EQ(bench.Pick(0b100), 0U);
  EXPECT_EQ(bench.Pick(0b100), 1U) << "the others by turns: a session may not reach all of them";
  EXPECT_EQ(bench.Pick(0b101), 1U);
}

TEST(AddressChoice, KnowsWhetherAnotherAddressMayFareBetter) {
  Bench bench(Addresses({1, 2}));
  EXPECT_TRUE(bench.choice().HasOther(0, 0, 0b01));
  bench.Fail(1);
  EXPECT_FALSE(bench.choice().HasOther(0, 0, 0b01)) << "the other one failed";
  bench.Fail(0);
  EXPECT_TRUE(bench.choice().HasOther(0, 0, 0b01)) << "so did this one";
}

TEST(AddressChoice, AFailureIsNewsOnceWhileOthersAnswer) {
  Bench bench(Addresses({1, 2}));
  EXPECT_FALSE(bench.choice().IsKnownToFail(0, 0, 0));
  bench.Fail(0);
  EXPECT_TRUE(bench.choice().IsKnownToFail(0, 0, 0));
  EXPECT_FALSE(bench.choice().IsKnownToFail(0, 0, 1));
  bench.Fail(1);
  EXPECT_FALSE(bench.choice().IsKnownToFail(0, 0, 0)) << "the whole server fails";
}

TEST(AddressChoice, KeepsAClientAtOneAddressWithSourceHash) {
  Bench bench(Addresses({1, 2, 3, 4}), 0, config::Balance::kSourceHash);
  Bench another(Addresses({4, 3, 2, 1}), 1, config::Balance::kSourceHash);
  std::set<uint32_t> met;
  for (uint8_t client = 0; client < 50; ++client) {
    const uint32_t picked = bench.Pick(0, kNow, Client(client)).value();
    met.insert(picked);
    EXPECT_EQ(bench.Pick(0, kNow, Client(client)), picked);
    EXPECT_EQ(another.Pick(0, kNow, Client(client)), 3 - picked) << "by address, not by place";
  }
  EXPECT_EQ(met.size(), 4U);
  const uint32_t first = bench.Pick().value();
  bench.Fail(first);
  EXPECT_NE(bench.Pick(), first);
  EXPECT_EQ(bench.Pick(0, kNow + kRetry), first) << "one client tries it again";
  EXPECT_NE(bench.Pick(0, kNow + kRetry), first);
}

TEST(AddressChoice, ForgetsFailuresOfASetThatChangesAndNoOther) {
  Bench bench(Addresses({1, 2, 3}));
  bench.Connect(2);
  bench.Fail(0);
  bench.choice().Replace(OneServer(Addresses({1, 2, 3})));
  EXPECT_TRUE(bench.choice().IsKnownToFail(0, 0, 0));
  bench.choice().Replace(OneServer(Addresses({3, 4})));
  EXPECT_FALSE(bench.choice().IsKnownToFail(0, 0, 0));
  EXPECT_EQ(bench.choice().At(0, 0, 1), Address(4));
  EXPECT_EQ(bench.choice().At(0, 0, 2), base::SocketAddress{});
  bench.Fail(2);  // of a dial that began before
  bench.Fail(1);
  bench.Fail(0);
  EXPECT_EQ(bench.Pick(), 0U) << "the one that answered last has another place";
}

}  // namespace
}  // namespace ringway::route
