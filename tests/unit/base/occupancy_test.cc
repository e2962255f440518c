// SPDX-License-Identifier: Apache-2.0
//
// Limits hold exactly while one thread enters and within their stated race while many do; whatever
// was entered and left, the table ends as it began.
#include "gateway/base/occupancy.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace ringway::base {
namespace {

constexpr uint32_t kNoLimit = 0;
constexpr uint32_t kMax = 3;

Occupancy Make(const Occupancy::Shape& shape) {
  auto made = Occupancy::Map(shape);
  EXPECT_TRUE(made.ok());
  return *std::move(made);
}

SocketAddress Ipv4(uint32_t host, uint16_t port = 1) {
  SocketAddress address{.family = AddressFamily::kIpv4, .port = port};
  for (size_t i = 0; i < 4; ++i) address.bytes[i] = static_cast<uint8_t>(host >> (8 * i));
  return address;
}

SocketAddress Ipv6(uint8_t network, uint8_t host) {
  SocketAddress address{.family = AddressFamily::kIpv6, .port = 1};
  address.bytes[7] = network;
  address.bytes[15] = host;
  return address;
}

TEST(Occupancy, AdmitsUpToTheLimitAndAgainAfterALeave) {
  Occupancy counts = Make({.routes = 2});
  EXPECT_EQ(counts.Enter(2), Admission::kAdmitted);
  EXPECT_EQ(counts.Enter(2), Admission::kAdmitted);
  EXPECT_EQ(counts.Enter(2), Admission::kLimitReached);
  EXPECT_EQ(counts.Enter(kNoLimit), Admission::kAdmitted);
  EXPECT_EQ(counts.sessions(), 3u);
  counts.Leave();
  counts.Leave();
  EXPECT_EQ(counts.Enter(2), Admission::kAdmitted);
}

TEST(Occupancy, CountsEachRouteAndEachServerByItself) {
  Occupancy counts = Make({.routes = 2, .servers = 3});
  EXPECT_EQ(counts.EnterRoute(0, 1), Admission::kAdmitted);
  EXPECT_EQ(counts.EnterRoute(0, 1), Admission::kLimitReached);
  EXPECT_EQ(counts.EnterRoute(1, 1), Admission::kAdmitted);
  counts.LeaveRoute(0);
  EXPECT_EQ(counts.of_route(0), 0u);
  EXPECT_EQ(counts.EnterServer(2, 2), Admission::kAdmitted);
  EXPECT_EQ(counts.EnterServer(2, 2), Admission::kAdmitted);
  EXPECT_EQ(counts.EnterServer(2, 2), Admission::kLimitReached);
  counts.LeaveServer(2);
  EXPECT_EQ(counts.on_server(2), 1u);
  EXPECT_EQ(counts.on_server(0) + counts.on_server(1), 0u);
  EXPECT_EQ(counts.sessions(), 0u);
}

TEST(Occupancy, CountsAnAddressWhateverItsPort) {
  Occupancy counts = Make({.addresses = 100, .seed = 7});
  Occupancy::AddressSlot first = 0;
  Occupancy::AddressSlot second = 0;
  EXPECT_EQ(counts.EnterAddress(Ipv4(1, 10), 1, &first), Admission::kAdmitted);
  EXPECT_EQ(counts.EnterAddress(Ipv4(1, 11), 1, &second), Admission::kLimitReached);
  EXPECT_EQ(second, Occupancy::kNothing);
  EXPECT_EQ(counts.EnterAddress(Ipv4(2, 10), 1, &second), Admission::kAdmitted);
  EXPECT_NE(first, second);
  counts.LeaveAddress(first);
  EXPECT_EQ(counts.EnterAddress(Ipv4(1, 12), 1, &first), Admission::kAdmitted);
}

TEST(Occupancy, CountsIpv6ByItsNetwork) {
  Occupancy counts = Make({.addresses = 100, .seed = 7});
  Occupancy::AddressSlot slot = 0;
  EXPECT_EQ(counts.EnterAddress(Ipv6(1, 1), 1, &slot), Admission::kAdmitted);
  EXPECT_EQ(counts.EnterAddress(Ipv6(1, 2), 1, &slot), Admission::kLimitReached);
  EXPECT_EQ(counts.EnterAddress(Ipv6(2, 1), 1, &slot), Admission::kAdmitted);
}

TEST(Occupancy, LeavesAnUnknownAddressAndAnUnaskedTableAlone) {
  Occupancy with = Make({.addresses = 8});
  Occupancy without = Make({});
  Occupancy::AddressSlot slot = 0;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(with.EnterAddress({}, 1, &slot), Admission::kAdmitted);
    EXPECT_EQ(slot, Occupancy::kNothing);
    EXPECT_EQ(without.EnterAddress(Ipv4(1), 1, &slot), Admission::kAdmitted);
    EXPECT_EQ(slot, Occupancy::kNothing);
  }
  with.LeaveAddress(slot);
}

TEST(Occupancy, HasRoomForAsManyAddressesAsItWasMadeFor) {
  constexpr uint32_t kAddresses = 20'000;
  for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{0x1234'5678'9abc'def0}}) {
    Occupancy counts = Make({.addresses = kAddresses, .seed = seed});
    Occupancy::AddressSlot slot = 0;
    for (uint32_t i = 0; i < kAddresses; ++i) {
      ASSERT_EQ(counts.EnterAddress(Ipv4(i), 1, &slot), Admission::kAdmitted) << i;
    }
    for (uint32_t i = 0; i < kAddresses; ++i) {
      ASSERT_EQ(counts.EnterAddress(Ipv4(i), 1, &slot), Admission::kLimitReached) << i;
    }
  }
}

TEST(Occupancy, RefusesAnAddressWhenBothItsBucketsAreTaken) {
  Occupancy counts = Make({.addresses = 1});
  Occupancy::AddressSlot slot = 0;
  uint32_t admitted = 0;
  bool refused = false;
  for (uint32_t i = 0; i < 100 && !refused; ++i) {
    refused = counts.EnterAddress(Ipv4(i), kNoLimit, &slot) == Admission::kNoRoom;
    if (!refused) ++admitted;
  }
  EXPECT_TRUE(refused);
  EXPECT_GE(admitted, 8u);
  EXPECT_LE(admitted, 16u);
}

TEST(Occupancy, EndsAsItBeganAfterManyThreads) {
  Occupancy counts = Make({.routes = 1, .servers = 1, .addresses = 64, .seed = 5});
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&counts, thread] {
      for (uint32_t i = 0; i < 20'000; ++i) {
        Occupancy::AddressSlot slot = 0;
        const bool entered =
            counts.EnterAddress(Ipv4((i + thread) % 5), kMax, &slot) == Admission::kAdmitted;
        if (counts.Enter(kMax) == Admission::kAdmitted) {
          EXPECT_LE(counts.sessions(), kMax);
          counts.Leave();
        }
        if (counts.EnterServer(0, kMax) == Admission::kAdmitted) {
          EXPECT_LE(counts.on_server(0), kMax);
          counts.LeaveServer(0);
        }
        if (entered) counts.LeaveAddress(slot);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counts.sessions(), 0u);
  EXPECT_EQ(counts.on_server(0), 0u);
  // Nothing is left of any address: each takes its whole limit again.
  for (uint32_t host = 0; host < 5; ++host) {
    Occupancy::AddressSlot slot = 0;
    for (uint32_t i = 0; i < kMax; ++i) {
      EXPECT_EQ(counts.EnterAddress(Ipv4(host), kMax, &slot), Admission::kAdmitted);
    }
    EXPECT_EQ(counts.EnterAddress(Ipv4(host), kMax, &slot), Admission::kLimitReached);
  }
}

}  // namespace
}  // namespace ringway::base
