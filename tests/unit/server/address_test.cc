// SPDX-License-Identifier: Apache-2.0
//
// Addresses to the system's form and back.
#include "gateway/server/address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <string>

namespace ringway::server {
namespace {

const sockaddr* AsSockaddr(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

TEST(Address, SurvivesTheWayToTheSystemAndBack) {
  const struct {
    const char* host;
    socklen_t bytes;
    const char* text;
  } rows[] = {
      {"127.0.0.1", sizeof(sockaddr_in), "127.0.0.1:8080"},
      {"255.254.253.252", sizeof(sockaddr_in), "255.254.253.252:8080"},
      {"::1", sizeof(sockaddr_in6), "[::1]:8080"},
      {"2001:db8::f00", sizeof(sockaddr_in6), "[2001:db8::f00]:8080"},
  };
  for (const auto& row : rows) {
    sockaddr_storage system;
    EXPECT_EQ(ToSockaddr(row.host, 8080, &system), row.bytes);
    EXPECT_EQ(FromSockaddr(AsSockaddr(system)).ToString(), row.text);
  }
}

TEST(Address, PutsThePortInNetworkByteOrder) {
  sockaddr_storage system;
  ASSERT_EQ(ToSockaddr("::", 0x1234, &system), sizeof(sockaddr_in6));
  const auto* bytes = reinterpret_cast<const uint8_t*>(&system);
  EXPECT_EQ(bytes[offsetof(sockaddr_in6, sin6_port)], 0x12);
  EXPECT_EQ(bytes[offsetof(sockaddr_in6, sin6_port) + 1], 0x34);
}

TEST(Address, IsRefusedWhereTheTextIsNotNumeric) {
  for (const char* host :
       {"", "localhost", "127.0.0", "1.2.3.4:80", "[::1]", "::1%lo", "256.0.0.1"}) {
    sockaddr_storage system;
    EXPECT_EQ(ToSockaddr(host, 1, &system), 0U) << host;
  }
}

TEST(Address, OfAnotherFamilyIsUnknown) {
  sockaddr_storage system{};
  system.ss_family = AF_UNIX;
  const base::SocketAddress address = FromSockaddr(AsSockaddr(system));
  EXPECT_EQ(address.family, base::AddressFamily::kNone);
  EXPECT_EQ(address.ToString(), "unknown");
}

}  // namespace
}  // namespace ringway::server
