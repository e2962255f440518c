// SPDX-License-Identifier: Apache-2.0
//
// The prober against servers on the loopback that answer, refuse, stay silent and come back. Tests
// wait for what the prober tells, never for time to pass.
#include "gateway/server/prober.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gateway/route/server_choice.h"
#include "gateway/server/address.h"
#include "tests/unit/server/probed_service.h"

namespace ringway::server {
namespace {

using base::HealthChange;
using config::HealthCheck;

constexpr uint64_t kMs = 1'000'000;
constexpr auto kPatience = std::chrono::seconds(20);

base::SocketAddress Loopback(uint16_t port) {
  return {.family = base::AddressFamily::kIpv4, .port = port, .bytes = {127, 0, 0, 1}};
}

/// Of this process.
size_t Descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

/// What the prober told, and the most descriptors that there were when it did; any thread.
class Told {
 public:
  void Add(const ServerChange& change) {
    const std::lock_guard lock(mutex_);
    descriptors_ = std::max(descriptors_, Descriptors());
    changes_.push_back(change);
    changed_.notify_all();
  }
  /// The next change that nobody has taken; a default one after long patience.
  ServerChange Next() {
    std::unique_lock lock(mutex_);
    const bool is_there = changed_.wait_for(lock, kPatience, [&] { return !changes_.empty(); });
    EXPECT_TRUE(is_there) << "the prober tells nothing";
    if (!is_there) return {};
    ServerChange next = changes_.front();
    changes_.erase(changes_.begin());
    return next;
  }

  size_t descriptors() const {
    const std::lock_guard lock(mutex_);
    return descriptors_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ServerChange> changes_;
  size_t descriptors_ = 0;
};

class ProberTest : public testing::Test {
 protected:
  config::Server& AddServer(const base::SocketAddress& address) {
    if (config_->backends.empty()) {
      config_->backends.push_back({.name = "b"});
      addresses_.emplace_back();
      config::Health& health = config_->backends[0].health;
      health.check = HealthCheck::kTcp;
      health.interval_ns = 2 * kMs;
      health.timeout_ns = 2000 * kMs;
    }
    addresses_[0].push_back({address});
    return config_->backends[0].servers.emplace_back(
        config::Server{.host = address.HostText(), .port = address.port});
  }
  /// Until there are so many, all with the same server.
  void CopyBackend(size_t count) {
    config_->backends.resize(count, config_->backends[0]);
    addresses_.resize(count, addresses_[0]);
  }
  void ExpectAllDown(size_t backends) {
    std::set<uint32_t> down;
    while (down.size() < backends && !HasFailure()) down.insert(told_.Next().backend_index);
  }
  config::Health& health_rules() { return config_->backends[0].health; }
  void Start() {
    auto health = base::ServerHealth::Map(route::ServerRow(*config_).count());
    ASSERT_TRUE(health.ok());
    health_ = std::make_shared<base::ServerHealth>(*std::move(health));
    auto prober = Prober::Start(config_, addresses_, health_,
                                [this](const ServerChange& change) { told_.Add(change); });
    ASSERT_TRUE(prober.ok()) << prober.status();
    prober_ = *std::move(prober);
  }
  void ExpectDown(std::string_view why) {
    const ServerChange change = told_.Next();
    EXPECT_EQ(change.change, HealthChange::kDown);
    EXPECT_NE(change.why.find(why), std::string::npos) << change.why;
    EXPECT_TRUE(health_->IsDown(change.server_index));
  }
  void ExpectUp() {
    const ServerChange change = told_.Next();
    EXPECT_EQ(change.change, HealthChange::kUp);
    EXPECT_FALSE(health_->IsDown(change.server_index));
  }

  std::shared_ptr<config::Config> config_ = std::make_shared<config::Config>();
  worker::ServerAddresses addresses_;
  std::shared_ptr<base::ServerHealth> health_;
  Told told_;
  std::unique_ptr<Prober> prober_;
};

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
