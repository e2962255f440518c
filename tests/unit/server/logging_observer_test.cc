// SPDX-License-Identifier: Apache-2.0
//
// The lines that an operator reads, and how few they are.
#include "gateway/server/logging_observer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "gateway/config/parse.h"

namespace ringway::server {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

class HandClock : public base::Clock {
 public:
  uint64_t NowNs() override { return now_ns; }
  int64_t UnixSeconds() override { return 1'700'000'000; }
  uint64_t now_ns = 5 * kSecond;
};

std::shared_ptr<const config::Config> TwoServers() {
  return *config::ParseConfig(R"([[listener]]
name = "web"
address = "127.0.0.1:0"
[[backend]]
name = "app"
servers = ["127.0.0.1:5000", "db.internal:5001"]
[[route]]
name = "r"
listener = "web"
path = "/ws"
mode = "tcp"
backend = "app"
origins = ["https://good.example"]
)",
                              "t");
}

size_t Count(const std::string& text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

/// Logs what `Written` is called around.
class LoggingObserverTest : public testing::Test {
 protected:
  static constexpr session::ServerId kFirst = {0, 0};
  static constexpr session::ServerId kSecondServer = {0, 1};

  void Open(config::LogLevel level = config::LogLevel::kInfo) {
    testing::internal::CaptureStderr();
    OpenLog(level);
  }
  static std::string Written() {
    CloseLog();
    return testing::internal::GetCapturedStderr();
  }
  void FailDial(session::ServerId server, dial::DialOutcome outcome, int error) {
    observer_.OnDialFailed(
        {.server = server, .address = address_, .outcome = outcome, .error = error});
  }
  void RefuseOrigin(std::string_view origin, std::string_view path = "/ws") {
    observer_.OnOriginRefused({.route = config_->routes[0],
                               .client = client_,
                               .origin = origin,
                               .host = "gw.example",
                               .path = path});
  }

  const base::SocketAddress address_{
      .family = base::AddressFamily::kIpv4, .port = 5000, .bytes = {127, 0, 0, 1}};
  const base::SocketAddress client_{
      .family = base::AddressFamily::kIpv4, .port = 4000, .bytes = {192, 0, 2, 9}};
  HandClock clock_;
  std::shared_ptr<const config::Config> config_ = TwoServers();
  LoggingObserver observer_{clock_, config_};
};

TEST_F(LoggingObserverTest, WarnsOnceASecondOfEachKindOfTrouble) {
  Open();
  for (int i = 0; i < 3; ++i) FailDial(kFirst, dial::DialOutcome::kRefused, ECONNREFUSED);
  observer_.OnAcceptPaused("full");
  clock_.now_ns += kSecond;
  FailDial(kFirst, dial::DialOutcome::kRefused, ECONNREFUSED);
  observer_.OnSessionEnd({.client = client_});
  const std::string text = Written();
  EXPECT_EQ(Count(text, "\n"), 3U) << text;
  EXPECT_EQ(Count(text,
                  "warning dial to 127.0.0.1:5000 failed: the backend refused the connection "
                  "(Connection refused)\n"),
            1U)
      << text;
  EXPECT_EQ(Count(text, "warning accept waits: full\n"), 1U) << text;
  EXPECT_EQ(Count(text, "(Connection refused) (and 2 more like it)\n"), 1U) << text;
}

TEST_F(LoggingObserverTest, TellsOfARefusedOriginOnceASecond) {
  Open();
  RefuseOrigin("https://bad.example");
  RefuseOrigin("https://worse.example");
  clock_.now_ns += kSecond;
  RefuseOrigin("null");
  const std::string text = Written();
  EXPECT_EQ(Count(text, "\n"), 2U) << text;
  EXPECT_EQ(Count(text,
                  "info refused origin=\"https://bad.example\" route=r host=\"gw.example\" "
                  "path=\"/ws\" client=192.0.2.9:4000: the route's origins do not name it\n"),
            1U)
      << text;
  EXPECT_EQ(Count(text, "origin=\"null\""), 1U) << text;
  EXPECT_EQ(Count(text, "do not name it (and 1 more like it)\n"), 1U) << text;
}

TEST_F(LoggingObserverTest, ShowsWhatAClientSentEscapedAndCutShort) {
  Open();
  RefuseOrigin("a\"\x1b[31m\n\xff", "/" + std::string(16000, 'x'));
  const std::string text = Written();
  EXPECT_EQ(Count(text, R"(origin="a\"\x1b[31m\x0a\xff" )"), 1U) << text;
  EXPECT_EQ(Count(text, "xxx...\" client="), 1U) << text;
  EXPECT_LT(text.size(), 400U) << text;
}

TEST_F(LoggingObserverTest, TellsOfNoOriginBelowInfo) {
  Open(config::LogLevel::kWarn);
  RefuseOrigin("https://bad.example");
  EXPECT_EQ(Written(), "");
}

TEST_F(LoggingObserverTest, TellsOfEachServerThatIsEjectedAndBack) {
  Open();
  FailDial(kFirst, dial::DialOutcome::kRefused, ECONNREFUSED);
  observer_.OnServerEjected(kFirst);
  FailDial(kSecondServer, dial::DialOutcome::kUnreachable, EHOSTUNREACH);
  observer_.OnServerEjected(kSecondServer);
  observer_.OnServerBack(kFirst);
  observer_.OnServerEjected(kFirst);
  const std::string text = Written();
  EXPECT_EQ(Count(text,
                  "info backend \"app\": server 127.0.0.1:5000 is ejected for at least 5s: dials "
                  "failed, the last one: Connection refused\n"),
            1U)
      << text;
  EXPECT_EQ(Count(text,
                  "info backend \"app\": server db.internal:5001 is ejected for at least 5s: dials "
                  "failed, the last one: No route to host\n"),
            1U)
      << text;
  EXPECT_EQ(Count(text, "info backend \"app\": server 127.0.0.1:5000 is back: a dial succeeded\n"),
            1U)
      << text;
  EXPECT_EQ(Count(text, "ejected"), 2U) << "once a second of a server: " << text;
}

TEST_F(LoggingObserverTest, TellsOfADialThatConnectTimeoutEnded) {
  Open();
  observer_.OnDialTimedOut(kSecondServer);
  observer_.OnServerEjected(kSecondServer);
  const std::string text = Written();
  EXPECT_EQ(
      Count(text, "warning dial to db.internal:5001 failed: no answer within connect_timeout (5s)"),
      1U)
      << text;
  EXPECT_EQ(Count(text, "the last one: Connection timed out\n"), 1U) << text;
}

TEST_F(LoggingObserverTest, TellsOncePerRouteThatATokenIsNotLookedAt) {
  Open();
  for (int i = 0; i < 3; ++i) {
    observer_.OnTokenIgnored(config_->routes[0]);
    clock_.now_ns += 10 * kSecond;
  }
  const std::string text = Written();
  EXPECT_EQ(Count(text, "\n"), 1U) << text;
  EXPECT_EQ(
      Count(text,
            "info route \"r\": a client asks with ?token=, which is not looked at: its backend "
            "is \"app\" whatever the token"),
      1U)
      << text;
}

TEST_F(LoggingObserverTest, CountsFailuresOfEachServerByKind) {
  Open(config::LogLevel::kError);
  EXPECT_TRUE(observer_.DialLines().empty());
  for (int i = 0; i < 3; ++i) FailDial(kFirst, dial::DialOutcome::kRefused, ECONNREFUSED);
  observer_.OnDialTimedOut(kFirst);
  FailDial(kSecondServer, dial::DialOutcome::kTimedOut, ETIMEDOUT);
  FailDial(kSecondServer, dial::DialOutcome::kUnreachable, ENETUNREACH);
  FailDial(kSecondServer, dial::DialOutcome::kNoLocalPort, EADDRNOTAVAIL);
  FailDial(kSecondServer, dial::DialOutcome::kNoSource, EADDRNOTAVAIL);
  FailDial(kSecondServer, dial::DialOutcome::kNoDescriptor, EMFILE);
  FailDial(kSecondServer, dial::DialOutcome::kUnexpected, EBADMSG);
  EXPECT_EQ(observer_.DialLines(),
            (std::vector<std::string>{
                "dials backend=app server=127.0.0.1:5000 refused=3 timed_out=1",
                "dials backend=app server=db.internal:5001 unreachable=1 timed_out=1 "
                "no_local_port=1 no_source=1 no_descriptor=1 other=1"}));
  Written();
}

TEST_F(LoggingObserverTest, AnswersWithABoundedNumberOfLines) {
  config::Config many;
  for (uint32_t i = 0; i < 300; ++i) {
    config::Backend backend;
    backend.name = "b" + std::to_string(i);
    backend.servers = {{.host = "10.0.0.1", .port = 1}};
    many.backends.push_back(backend);
  }
  Open(config::LogLevel::kError);
  LoggingObserver observer(clock_, std::make_shared<const config::Config>(many));
  for (uint32_t i = 0; i < 300; ++i) observer.OnDialTimedOut({i, 0});
  const auto lines = observer.DialLines();
  ASSERT_EQ(lines.size(), LoggingObserver::kDialLinesMax + 1);
  EXPECT_EQ(lines.back(), "dials servers_left_out=44");
  Written();
}

}  // namespace
}  // namespace ringway::server
