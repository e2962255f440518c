// SPDX-License-Identifier: Apache-2.0
//
// Where a probe goes: with which address, from which one, over which kind of socket, and behind a
// PROXY header where connections of the backend begin with one.
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

TEST_F(ProberTest, BeginsWithAProxyHeaderWhereConnectionsOfTheBackendDo) {
  for (const auto& [kind, expected] :
       {std::pair(config::ProxyHeader::kV1, std::string("PROXY UNKNOWN\r\nGET / ")),
        std::pair(config::ProxyHeader::kV2,
                  std::string("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0GET / ", 22))}) {
    config::Backend backend{.proxy_header = kind};
    backend.health.check = HealthCheck::kHttp;
    const ProbePlan plan = PlanProbe(backend, {.host = "a", .port = 80}, Loopback(80));
    EXPECT_TRUE(plan.request.starts_with(expected)) << plan.request;
    backend.health.check = HealthCheck::kTcp;
    const ProbePlan tcp = PlanProbe(backend, {.host = "a", .port = 80}, Loopback(80));
    EXPECT_EQ(tcp.request, expected.substr(0, expected.size() - 6)) << "and then it ends";
    EXPECT_TRUE(tcp.statuses.empty());
  }
}

TEST_F(ProberTest, ProbesAUnixSocket) {
  char folder[] = "/tmp/ringway-prober-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = absl::StrCat(folder, "/app.sock");
  AddServer({}) = {.unix_path = path};
  health_rules().check = HealthCheck::kHttp;
  Start();
  ExpectDown("No such file");
  {
    const Listener listener(path);
    listener.Listen();
    Service service(listener);
    ExpectUp();
    EXPECT_NE(service.request().find("\r\nHost: localhost\r\n"), std::string::npos);
    prober_.reset();
  }
  std::filesystem::remove_all(folder);
}

TEST_F(ProberTest, AFullQueueOfAUnixSocketIsDown) {
  char folder[] = "/tmp/ringway-prober-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string path = absl::StrCat(folder, "/app.sock");
  const Listener listener(path);
  listener.Listen(0);
  AddServer({}) = {.unix_path = path};
  Start();
  ExpectDown("its queue of connections is full");
  prober_.reset();
  std::filesystem::remove_all(folder);
}

TEST_F(ProberTest, LeavesFromTheBackendsSource) {
  const Listener listener;
  listener.Listen();
  AddServer(listener.address());
  base::SocketAddress source = Loopback(0);
  source.bytes[3] = 77;
  config_->backends[0].sources = {source};
  Start();
  sockaddr_in client{};
  socklen_t bytes = sizeof client;
  const int fd = accept4(listener.fd(), reinterpret_cast<sockaddr*>(&client), &bytes, SOCK_CLOEXEC);
  ASSERT_GE(fd, 0);
  close(fd);
  EXPECT_EQ(FromSockaddr(reinterpret_cast<sockaddr*>(&client)).HostText(), "127.0.0.77");
}

TEST_F(ProberTest, FollowsANameToItsNewAddress) {
  const Listener silent;
  const Listener listener;
  listener.Listen();
  const Service service(listener);
  AddServer(silent.address()).host = "app.internal";
  Start();
  ExpectDown("Connection refused");
  prober_->PostAddresses({{{listener.address()}}});
  ExpectUp();
}

TEST_F(ProberTest, TriesEachAddressOfAServer) {
  const Listener silent;
  const Listener listener;
  listener.Listen();
  const Service service(listener);
  AddServer(silent.address()).host = "app.internal";
  Start();
  ExpectDown("Connection refused");
  prober_->PostAddresses({{{silent.address(), listener.address()}}});
  ExpectUp();
  prober_->PostAddresses({{{silent.address(), silent.address()}}});
  ExpectDown(silent.address().ToString() + ": connect: Connection refused");
}

TEST_F(ProberTest, GivesAnAddressThatDoesNotAnswerOnlyItsShareOfTheTime) {
  // Nobody accepts there: the connection stands, and no answer comes.
  const Listener mute;
  mute.Listen(1000);
  const Listener refusing;
  const Listener listener;
  listener.Listen();
  const Service service(listener);
  AddServer(refusing.address());
  health_rules().check = HealthCheck::kHttp;
  health_rules().interval_ns = health_rules().timeout_ns = 200 * kMs;
  Start();
  ExpectDown("Connection refused");
  prober_->PostAddresses({{{mute.address(), listener.address()}}});
  ExpectUp();
}

}  // namespace
}  // namespace ringway::server
