// SPDX-License-Identifier: Apache-2.0
//
// Each of the four ways by small numbers; their shares over many choices are in tests/property.
#include "gateway/route/balance.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace ringway::route {
namespace {

base::SocketAddress Ipv4(uint8_t last, uint16_t port = 1) {
  return {.family = base::AddressFamily::kIpv4, .port = port, .bytes = {192, 0, 2, last}};
}

TEST(PickLeastSessions, TakesTheFewestAndTheFirstAmongEquals) {
  EXPECT_EQ(PickLeastSessions(std::array<Candidate, 1>{}), 0U);
  EXPECT_EQ(PickLeastSessions(std::vector<Candidate>{{0, 1, 5}, {1, 1, 4}, {2, 1, 4}}), 1U);
}

TEST(PickLeastSessions, TakesTheFewestForItsWeight) {
  EXPECT_EQ(PickLeastSessions(std::vector<Candidate>{{0, 1, 0}, {1, 3, 0}}), 1U);
  EXPECT_EQ(PickLeastSessions(std::vector<Candidate>{{0, 1, 0}, {1, 3, 2}}), 0U);
  EXPECT_EQ(PickLeastSessions(std::vector<Candidate>{{0, 1, 1}, {1, 3, 4}}), 1U);
  EXPECT_EQ(PickLeastSessions(std::vector<Candidate>{{0, 1, 4294967295}, {1, 256, 4294967295}}), 1U)
      << "nothing overflows";
}

TEST(PickInTurn, SpreadsTheTurnsOfAHeavyServer) {
  const std::vector<Candidate> candidates = {{0, 5}, {1, 1}, {2, 1}};
  std::vector<int32_t> owed(3);
  std::string turns;
  for (int i = 0; i < 14; ++i) {
    turns += static_cast<char>('a' + PickInTurn(candidates, owed));
  }
  EXPECT_EQ(turns, "aabacaaaabacaa") << "as in nginx's description of it";
}

TEST(PickInTurn, KnowsServersByTheirIndexAndPassesOverThoseThatAreMissing) {
  std::vector<int32_t> owed(4);
  const std::vector<Candidate> all = {{2, 1}, {3, 1}, {0, 1}, {1, 1}};
  EXPECT_EQ(all[PickInTurn(all, owed)].server_index, 2U);
  const std::vector<Candidate> some = {{2, 1}, {1, 1}};
  EXPECT_EQ(some[PickInTurn(some, owed)].server_index, 1U);
  EXPECT_EQ(some[PickInTurn(some, owed)].server_index, 1U) << "it was not asked the first time";
  EXPECT_EQ(some[PickInTurn(some, owed)].server_index, 2U);
}

TEST(PickRandomTwo, TakesTheOneWithFewerOfTwo) {
  const std::vector<Candidate> candidates = {{0, 1, 10}, {1, 1, 3}};
  Chance chance(1);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(PickRandomTwo(candidates, chance), 1U);
}

TEST(PickRandomTwo, NeverTakesTheWorstOfSeveral) {
  const std::vector<Candidate> candidates = {{0, 1, 1}, {1, 1, 9}, {2, 1, 2}};
  Chance chance(2);
  std::array<int, 3> taken{};
  for (int i = 0; i < 300; ++i) ++taken[PickRandomTwo(candidates, chance)];
  EXPECT_EQ(taken[1], 0);
  EXPECT_GT(taken[0], taken[2]);
  EXPECT_GT(taken[2], 0) << "the best is not always among the two";
}

TEST(PickRandomTwo, TakesTheOnlyOne) {
  Chance chance(3);
  EXPECT_EQ(PickRandomTwo(std::array<Candidate, 1>{}, chance), 0U);
}

TEST(Chance, IsTheSameForTheSameSeed) {
  Chance a(7);
  Chance b(7);
  Chance c(8);
  int equal = 0;
  for (int i = 0; i < 100; ++i) {
    const uint32_t number = a.Below(1000);
    EXPECT_LT(number, 1000U);
    EXPECT_EQ(number, b.Below(1000));
    if (number == c.Below(1000)) ++equal;
  }
  EXPECT_LT(equal, 10);
  EXPECT_EQ(a.Below(1), 0U);
}

TEST(PickBySource, GoesByServerAndNotByTheOrderOfTheCandidates) {
  const std::vector<uint64_t> keys = {ServerKey({.host = "a", .port = 1}),
                                      ServerKey({.host = "b", .port = 1}),
                                      ServerKey({.host = "c", .port = 1})};
  const std::vector<Candidate> forwards = {{0, 1}, {1, 1}, {2, 1}};
  const std::vector<Candidate> backwards = {{2, 1}, {1, 1}, {0, 1}};
  for (uint8_t client = 0; client < 100; ++client) {
    const uint64_t key = ClientKey(Ipv4(client));
    EXPECT_EQ(forwards[PickBySource(forwards, key, keys)].server_index,
              backwards[PickBySource(backwards, key, keys)].server_index);
  }
}

TEST(ClientKey, IsOfTheAddressWithoutThePort) {
  EXPECT_EQ(ClientKey(Ipv4(1, 1000)), ClientKey(Ipv4(1, 2000)));
  EXPECT_NE(ClientKey(Ipv4(1)), ClientKey(Ipv4(2)));
  base::SocketAddress ipv6{.family = base::AddressFamily::kIpv6, .port = 1, .bytes = {0x20, 1}};
  base::SocketAddress neighbour = ipv6;
  neighbour.bytes[15] = 1;
  EXPECT_NE(ClientKey(ipv6), ClientKey(neighbour));
}

TEST(ClientKey, OfAnIpv4AddressIsThatOfTheSameOneMappedIntoIpv6) {
  const base::SocketAddress mapped{
      .family = base::AddressFamily::kIpv6,
      .port = 5,
      .bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7}};
  EXPECT_EQ(ClientKey(mapped), ClientKey(Ipv4(7)));
}

TEST(ServerKey, IsOfTheNameThatTheConfigurationGives) {
  const config::Server server{.host = "app.internal", .port = 80};
  config::Server heavy = server;
  heavy.weight = 9;
  EXPECT_EQ(ServerKey(server), ServerKey(heavy));
  EXPECT_NE(ServerKey(server), ServerKey({.host = "app.internal", .port = 81}));
  EXPECT_NE(ServerKey(server), ServerKey({.host = "app.external", .port = 80}));
  EXPECT_NE(ServerKey({.unix_path = "/run/a"}), ServerKey({.unix_path = "/run/b"}));
}

// Clients must meet the same server after an update of the gateway, and at every gateway of a farm.
TEST(PickBySource, ChoosesAsItAlwaysHas) {
  const std::vector<uint64_t> keys = {ServerKey({.host = "10.0.0.1", .port = 80}),
                                      ServerKey({.host = "10.0.0.2", .port = 80}),
                                      ServerKey({.unix_path = "/run/app.sock"})};
  const std::vector<Candidate> candidates = {{0, 1}, {1, 1}, {2, 2}};
  std::string chosen;
  for (uint8_t client = 0; client < 16; ++client) {
    chosen += static_cast<char>('a' + PickBySource(candidates, ClientKey(Ipv4(client)), keys));
  }
  EXPECT_EQ(chosen, "accaacaabbcaacbb");
}

}  // namespace
}  // namespace ringway::route
