// SPDX-License-Identifier: Apache-2.0
//
// Which client trusted proxies tell of: the rightmost address that is none of theirs.
#include "gateway/session/told_client.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace ringway::session {
namespace {

constexpr base::SocketAddress kSender{
    .family = base::AddressFamily::kIpv4, .port = 4711, .bytes = {10, 0, 0, 1}};
/// 10.0.0.0/8
constexpr std::array kTrusted{base::AddressRange{
    .first = {.family = base::AddressFamily::kIpv4, .bytes = {10}}, .prefix_bits = 8}};

std::string Told(std::string_view fields) {
  const std::string head =
      "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "X-Other: 9.9.9.9\r\n\r\n";
  const base::SocketAddress client = ToldClient(head, kSender, kTrusted);
  return client == kSender ? "sender" : client.HostText();
}

struct Case {
  const char* fields;
  const char* client;
};

TEST(ToldClient, IsTheRightmostAddressThatIsNotTrusted) {
  for (const Case& one : {
           Case{"X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"},
           Case{"X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n", "192.0.2.1"},
           Case{"X-Forwarded-For: 192.0.2.1, 10.1.1.1, 10.2.2.2\r\n", "192.0.2.1"},
           Case{"X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.1.1.1\r\n", "192.0.2.1"},
           Case{"x-forwarded-for: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"},
           Case{"X-Forwarded-For: 10.1.1.1, 10.2.2.2\r\n", "10.1.1.1"},
           Case{"X-Forwarded-For: 192.0.2.1:443\r\n", "192.0.2.1"},
           Case{"X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1"},
           Case{"X-Forwarded-For: [2001:db8::1]:443\r\n", "2001:db8::1"},
           Case{"X-Forwarded-For: ::ffff:192.0.2.1, ::ffff:10.0.0.9\r\n", "192.0.2.1"},
       }) {
    EXPECT_EQ(Told(one.fields), one.client) << one.fields;
  }
}

TEST(ToldClient, IsReadFromForwardedWhereTheOtherFieldDidNotCome) {
  for (const Case& one : {
           Case{"Forwarded: for=192.0.2.1;proto=http\r\n", "192.0.2.1"},
           Case{"Forwarded: by=10.0.0.1; FOR=\"192.0.2.1:80\", for=10.0.0.2\r\n", "192.0.2.1"},
           Case{"Forwarded: for=\"[2001:db8::1]:443\"\r\n", "2001:db8::1"},
           Case{"Forwarded: for=6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"},
           Case{"Forwarded: proto=http\r\n", "sender"},
           Case{"X-Forwarded-For: x\r\nForwarded: for=192.0.2.1\r\n", "192.0.2.1"},
       }) {
    EXPECT_EQ(Told(one.fields), one.client) << one.fields;
  }
}

TEST(ToldClient, IsNotReadOutOfAQuotedString) {
  for (const Case& one : {
           Case{"Forwarded: proto=http;host=\"a;for=6.6.6.6;b\";for=192.0.2.1\r\n", "192.0.2.1"},
           Case{"Forwarded: for=192.0.2.1;host=\"a,for=6.6.6.6;x\"\r\n", "192.0.2.1"},
           Case{"Forwarded: for=192.0.2.1;host=\"a\\\",for=6.6.6.6\"\r\n", "192.0.2.1"},
           Case{"Forwarded: for=6.6.6.6;host=\", for=192.0.2.1\r\n", "192.0.2.1"},
       }) {
    EXPECT_EQ(Told(one.fields), one.client) << one.fields;
  }
}

TEST(ToldClient, IsWhoIsKnownBestWhereAnElementIsNoAddress) {
  for (const Case& one : {
           Case{"", "sender"},
           Case{"X-Forwarded-For: unknown\r\n", "sender"},
           Case{"X-Forwarded-For: 6.6.6.6, unknown\r\n", "sender"},
           Case{"X-Forwarded-For: 6.6.6.6, unknown, 10.1.1.1\r\n", "10.1.1.1"},
           Case{"X-Forwarded-For: 6.6.6.6, 192.0.2.1.5\r\n", "sender"},
           Case{"X-Forwarded-For: [2001:db8::1\r\n", "sender"},
           Case{"X-Forwarded-For: ,\r\n", "sender"},
           Case{"Forwarded: for=_hidden\r\n", "sender"},
           Case{"Forwarded: for=\"\r\n", "sender"},
       }) {
    EXPECT_EQ(Told(one.fields), one.client) << one.fields;
  }
}

}  // namespace
}  // namespace ringway::session
