// SPDX-License-Identifier: Apache-2.0
//
// The prober against servers on the loopback that answer, refuse, stay silent and come back.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gateway/server/address.h"
#include "tests/unit/server/probed_service.h"
#include "tests/unit/server/prober_fixture.h"

namespace ringway::server {
namespace {

using base::HealthChange;
using config::HealthCheck;

constexpr uint64_t kMs = kProbeMs;

TEST_F(ProberTest, FindsAServerThatDoesNotListenDownAndUpWhenItDoes) {
  const Listener listener;
  AddServer(listener.address());
  Start();
  ExpectDown("Connection refused");
  listener.Listen();
  const Service service(listener);
  ExpectUp();
}

TEST_F(ProberTest, AsksOverHttpAndExpectsTheStatus) {
  const Listener listener;
  listener.Listen();
  Service service(listener);
  AddServer(listener.address());
  health_rules().check = HealthCheck::kHttp;
  health_rules().path = "/health?full";
  health_rules().statuses = {{.first = 204, .last = 204}};
  Start();
  ExpectDown("it answers 200 instead of 204");
  EXPECT_EQ(service.request(),
            absl::StrCat("GET /health?full HTTP/1.1\r\nHost: 127.0.0.1:", listener.address().port,
                         "\r\nUser-Agent: ringway-probe\r\nAccept: */*\r\n"
                         "Connection: close\r\n\r\n"));
  service.Answer("HTTP/1.1 204 No Content\r\n\r\n");
  ExpectUp();
  service.Answer("HTTP/1.0 204\r\n\r\n");
  // Other words are no status line.
  service.Answer("HTTP/1.1 2040 Odd\r\n\r\n");
  ExpectDown("not HTTP/1.1");
  service.Answer("HTTP/1.1 204\r\n\r\n");
  ExpectUp();
  service.Answer("SSH-2.0-OpenSSH_9.2\r\n");
  ExpectDown("not HTTP/1.1");
  service.Answer("HTTP/1.1 204 \r\n\r\n");
  ExpectUp();
  service.Answer("HTTP/1.1 204");
  ExpectDown("ended the connection without an answer");
}

TEST_F(ProberTest, PassesOverAnswersOfClass1xx) {
  const Listener listener;
  listener.Listen();
  Service service(listener);
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  service.Answer(hints + "HTTP/1.1 503 No\r\n\r\n");
  AddServer(listener.address());
  health_rules().check = HealthCheck::kHttp;
  Start();
  ExpectDown("it answers 503 instead of 200");
  service.Answer("HTTP/1.1 100\n\n" + hints + hints + "HTTP/1.1 200 OK\r\n\r\n");
  ExpectUp();
  service.Answer("HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
  ExpectDown("it answers 101 instead of 200");
  service.Answer(hints + "HTTP/1.1  200\r\n\r\n");
  ExpectUp();
  service.Answer(hints);
  ExpectDown("ended the connection without an answer");
  service.Answer("HTTP/1.1 200\n\n");
  ExpectUp();
  service.Answer("HTTP/1.1 103 x\r\nA: " + std::string(20'000, 'x'));
  ExpectDown("1xx have no end");
}

TEST_F(ProberTest, TakesEveryStatusThatIsWanted) {
  const Listener listener;
  listener.Listen();
  Service service(listener);
  AddServer(listener.address());
  health_rules().check = HealthCheck::kHttp;
  health_rules().statuses = {{.first = 200, .last = 299}, {.first = 401, .last = 401}};
  service.Answer("HTTP/1.1 300 x\r\n\r\n");
  Start();
  ExpectDown("it answers 300 instead of 200-299, 401");
  service.Answer("HTTP/1.1 299 x\r\n\r\n");
  ExpectUp();
  service.Answer("HTTP/1.1 400 x\r\n\r\n");
  ExpectDown("it answers 400");
  service.Answer("HTTP/1.1 401 x\r\n\r\n");
  ExpectUp();
}

TEST_F(ProberTest, AServerThatAnswersNothingInTimeIsDown) {
  const Listener listener;
  listener.Listen();
  Service service(listener);
  service.Answer("");
  AddServer(listener.address());
  health_rules().check = HealthCheck::kHttp;
  health_rules().timeout_ns = 5 * kMs;
  health_rules().interval_ns = 5 * kMs;
  Start();
  ExpectDown("it does not answer the request in time");
}

TEST_F(ProberTest, LeavesBackendsAloneThatAskForNothing) {
  const Listener asked;
  const Listener unasked;
  AddServer(asked.address());
  config_->backends.insert(config_->backends.begin(),
                           {.name = "unasked", .servers = {{.host = "127.0.0.1", .port = 1}}});
  addresses_.insert(addresses_.begin(), {route::AddressSet{unasked.address()}});
  unasked.Listen();
  Start();
  const ServerChange change = told_.Next();
  EXPECT_EQ(change.backend_index, 1U);
  EXPECT_FALSE(health_->IsDown(0));
  EXPECT_TRUE(health_->IsDown(1));
  pollfd wait{.fd = unasked.fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&wait, 1, 0), 0) << "somebody has connected";
  EXPECT_TRUE(HasProbes(*config_));
  config_->backends.pop_back();
  EXPECT_FALSE(HasProbes(*config_));
}

TEST_F(ProberTest, ReachesAllOfMoreServersThanItProbesAtOnce) {
  const Listener silent;
  AddServer(silent.address());
  health_rules().fall = 1;
  constexpr size_t kBackends = 3 * Prober::kProbesMax;
  CopyBackend(kBackends);
  Start();
  ExpectAllDown(kBackends);
}

TEST_F(ProberTest, HasNoMoreThanItsProbesUnderWay) {
  // Nobody accepts: each connection stays in the queue, and each probe waits for its answer.
  const Listener listener;
  listener.Listen(1000);
  AddServer(listener.address());
  health_rules().check = HealthCheck::kHttp;
  health_rules().fall = 1;
  health_rules().interval_ns = health_rules().timeout_ns = 50 * kMs;
  constexpr size_t kBackends = 2 * Prober::kProbesMax;
  CopyBackend(kBackends);
  const size_t before = Descriptors() + 1;  // one to wake the prober
  Start();
  ExpectAllDown(kBackends);  // those too that waited for the first ones
  EXPECT_LE(told_.descriptors(), before + Prober::kProbesMax);
  EXPECT_GT(told_.descriptors(), before + Prober::kProbesMax / 2);
}

TEST_F(ProberTest, EndsWithoutWaitingForProbes) {
  const Listener listener;
  listener.Listen();
  Service service(listener);
  service.Answer("");
  AddServer(listener.address());
  health_rules().check = HealthCheck::kHttp;
  health_rules().timeout_ns = health_rules().interval_ns = 3600'000 * kMs;
  Start();
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (service.connections() == 0 && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::yield();
  }
  ASSERT_EQ(service.connections(), 1);
  const auto before = std::chrono::steady_clock::now();
  prober_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - before, kPatience);
}

TEST(DescribeChange, SaysWhichServerOfWhichBackendAndWhy) {
  config::Config config;
  config.backends.push_back({.name = "app",
                             .servers = {{.host = "2001:db8::1", .port = 80},
                                         {.host = "app.internal", .port = 81},
                                         {.unix_path = "/run/app.sock"}}});
  EXPECT_EQ(DescribeChange(config, {.change = HealthChange::kDown, .why = "connect: refused"}),
            "backend \"app\": server [2001:db8::1]:80 is down: 3 probes in a row failed, the last "
            "one: connect: refused");
  EXPECT_EQ(DescribeChange(config, {.server_index = 1, .change = HealthChange::kUp}),
            "backend \"app\": server app.internal:81 is up: 2 probes in a row succeeded");
  EXPECT_TRUE(DescribeChange(config, {.server_index = 2, .change = HealthChange::kUp})
                  .starts_with("backend \"app\": server unix:/run/app.sock is up"));
}

}  // namespace
}  // namespace ringway::server
