// SPDX-License-Identifier: Apache-2.0
//
// The configuration that `ringway demo` writes for itself.
#include "gateway/server/demo.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace ringway::server {
namespace {

TEST(Demo, RoutesEchoToAServiceOfItsOwn) {
  const auto demo = Demo::Start("127.0.0.1:0", "");
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
  const auto demo = Demo::Start("[::1]:0", "");
  ASSERT_TRUE(demo.ok()) << demo.status();
  const uint16_t echo_port = (*demo)->config()->backends[0].servers[0].port;
  const std::string greeting = (*demo)->Greeting(
      {.family = base::AddressFamily::kIpv4, .port = 4711, .bytes = {127, 0, 0, 1}});
  EXPECT_NE(greeting.find("ws://127.0.0.1:4711/echo"), std::string::npos);
  EXPECT_NE(greeting.find("127.0.0.1:" + std::to_string(echo_port)), std::string::npos);
  EXPECT_EQ(greeting.find("http"), std::string::npos) << "there is no page";
  EXPECT_FALSE((*demo)->has_page());
}

TEST(Demo, RoutesAllElseToItsPageAndGreetsWithItFirst) {
  const std::string page = "/srv/a \"page\"\n\\";
  const auto demo = Demo::Start("127.0.0.1:0", page);
  ASSERT_TRUE(demo.ok()) << demo.status();
  ASSERT_EQ((*demo)->config()->routes.size(), 2U);
  const config::Route& route = (*demo)->config()->routes[1];
  EXPECT_EQ(route.name, "page");
  EXPECT_EQ(route.mode, config::Mode::kStatic);
  EXPECT_EQ(route.path, "/");
  EXPECT_EQ(route.path_match, config::PathMatch::kPrefix);
  EXPECT_EQ(route.files.root, page);
  EXPECT_TRUE((*demo)->has_page());
  const std::string greeting = (*demo)->Greeting(
      {.family = base::AddressFamily::kIpv4, .port = 4711, .bytes = {127, 0, 0, 1}});
  const size_t http = greeting.find("http://127.0.0.1:4711/ ");
  ASSERT_NE(http, std::string::npos);
  EXPECT_LT(http, greeting.find("ws://127.0.0.1:4711/echo"));
}

TEST(FindPage, LooksBesideTheProgramAndWhereItIsInstalled) {
  std::string pattern = testing::TempDir() + "/find_page_XXXXXX";
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const std::filesystem::path folder = pattern;
  const std::filesystem::path program = folder / "bin/ringway";
  EXPECT_EQ(FindPage(program), "");
  std::filesystem::create_directories(folder / "share/ringway/page");
  EXPECT_EQ(FindPage(program), "") << "a folder without a page";
  std::ofstream(folder / "share/ringway/page/index.html") << "<p>";
  EXPECT_EQ(FindPage(program), folder / "share/ringway/page");
  std::filesystem::create_directories(folder / "bin/page");
  EXPECT_EQ(FindPage(program), folder / "share/ringway/page");
  std::ofstream(folder / "bin/page/index.html") << "<p>";
  EXPECT_EQ(FindPage(program), folder / "bin/page");
  EXPECT_EQ(FindPage(""), "") << "a program that nobody knows the place of";
  std::filesystem::remove_all(folder);
}

TEST(Demo, SaysWhatIsWrongWithAnAddress) {
  for (const char* address : {"", "8080", "127.0.0.1", "127.0.0.1:99999", "a\"\nb"}) {
    const auto demo = Demo::Start(address, "/srv/page");
    EXPECT_FALSE(demo.ok()) << address;
    EXPECT_EQ(demo.status().message().substr(0, 5), "demo:") << demo.status();
  }
}

}  // namespace
}  // namespace ringway::server
