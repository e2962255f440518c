// SPDX-License-Identifier: Apache-2.0
//
// The configuration that `ringway demo` writes for itself.
#include "gateway/server/demo.h"

#include <gtest/gtest.h>

#include <string>

namespace ringway::server {
namespace {

TEST(Demo, RoutesEchoToAServiceOfItsOwn) {
  const auto demo = Demo::Start("127.0.0.1:0");
  ASSERT_TRUE(demo.ok()) << demo.status();
  const config::Config& config = *(*demo)->config();
  ASSERT_EQ(config.listeners.size(), 1U);
  EXPECT_EQ(config.listeners[0].host, "127.0.0.1");
  EXPECT_EQ(config.listeners[0].port, 0);
  ASSERT_EQ(config.routes.size(), 1U);
  EXPECT_EQ(config.routes[0].path, "/echo");
  EXPECT_EQ(config.routes[0].frames, config::Frames::kBinary);
  ASSERT_EQ(config.backends.size(), 1U);
  ASSERT_EQ(config.backends[0].servers.size(), 1U);
  EXPECT_EQ(config.backends[0].servers[0].host, "127.0.0.1");
  EXPECT_GT(config.backends[0].servers[0].port, 0);
}

TEST(Demo, GreetsWithTheAddressThatListensAndTheServiceBehindIt) {
  const auto demo = Demo::Start("[::1]:0");
  ASSERT_TRUE(demo.ok()) << demo.status();
  const uint16_t echo_port = (*demo)->config()->backends[0].servers[0].port;
  const std::string greeting = (*demo)->Greeting(
      {.family = base::AddressFamily::kIpv4, .port = 4711, .bytes = {127, 0, 0, 1}});
  EXPECT_NE(greeting.find("ws://127.0.0.1:4711/echo"), std::string::npos);
  EXPECT_NE(greeting.find("127.0.0.1:" + std::to_string(echo_port)), std::string::npos);
}

TEST(Demo, SaysWhatIsWrongWithAnAddress) {
  for (const char* address : {"", "8080", "127.0.0.1", "127.0.0.1:99999", "a\"\nb"}) {
    const auto demo = Demo::Start(address);
    EXPECT_FALSE(demo.ok()) << address;
    EXPECT_EQ(demo.status().message().substr(0, 5), "demo:") << demo.status();
  }
}

}  // namespace
}  // namespace ringway::server
