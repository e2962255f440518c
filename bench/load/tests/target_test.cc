// SPDX-License-Identifier: Apache-2.0
//
// URLs and addresses.
#include "bench/load/target.h"

#include <gtest/gtest.h>

namespace ringway::load {
namespace {

TEST(Target, ReadsWebSocketUrl) {
  const absl::StatusOr<Target> target = ParseTarget("ws://127.0.0.1:8080/echo?token=x");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->protocol, Protocol::kWebSocket);
  EXPECT_EQ(FormatAddress(target->address), "127.0.0.1:8080");
  EXPECT_EQ(target->host, "127.0.0.1:8080");
  EXPECT_EQ(target->path, "/echo?token=x");
}

TEST(Target, DefaultsToPort80AndRootPath) {
  const absl::StatusOr<Target> target = ParseTarget("ws://[::1]");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(FormatAddress(target->address), "[::1]:80");
  EXPECT_EQ(target->path, "/");
}

TEST(Target, ReadsTcpUrl) {
  const absl::StatusOr<Target> target = ParseTarget("tcp://localhost:9000");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->protocol, Protocol::kTcp);
  EXPECT_EQ(FormatAddress(target->address), "127.0.0.1:9000");
}

TEST(Target, RefusesWhatItDoesNotKnow) {
  for (const char* url : {"", "http://127.0.0.1/", "ws://example.com/", "ws://127.0.0.1:99999/",
                          "tcp://127.0.0.1", "ws://127.0.0.1:12x/", "ws://:80/"}) {
    EXPECT_FALSE(ParseTarget(url).ok()) << url;
  }
}

}  // namespace
}  // namespace ringway::load
