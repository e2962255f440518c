// SPDX-License-Identifier: Apache-2.0
//
// A whole gateway within one process: several workers, clients that come and go from several
// threads, a thread that looks names up, one that probes a server that is there and one that is
// not, one that reads what workers count, and a drain in the middle of it all. Under
// ThreadSanitizer this is the proof of what threads share.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gateway/config/parse.h"
#include "gateway/server/echo_service.h"
#include "gateway/server/gateway.h"
#include "gateway/server/log.h"
#include "gateway/ws/frame_header.h"
#include "uring/probe.h"

namespace ringway::server {
namespace {

constexpr uint32_t kWorkers = 3;
constexpr uint32_t kClients = 6;
/// Whole sessions of each client before the drain begins.
constexpr uint32_t kSessions = 25;
constexpr int kPatienceMs = 20'000;
/// A read that brought nothing looks so often whether the gateway is ending.
constexpr int kLookMs = 50;

/// What all threads of a test know.
struct Stage {
  uint16_t port = 0;
  std::atomic<bool> draining{false};
  std::array<std::atomic<uint32_t>, kClients> whole{};  ///< sessions of each client

  bool Warm() const {
    return std::all_of(whole.begin(), whole.end(),
                       [](const auto& sessions) { return sessions >= kSessions; });
  }
};

/// A blocking WebSocket client. Calls return false when the gateway ends the session, which it may
/// do only while it drains.
class Client {
 public:
  explicit Client(const Stage& stage)
      : stage_(stage), fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool Open() {
    const timeval look{.tv_sec = 0, .tv_usec = kLookMs * 1000};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof look);
    const sockaddr_in to{.sin_family = AF_INET,
                         .sin_port = htons(stage_.port),
                         .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return false;
    if (!Send("GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
              "Sec-WebSocket-Version: 13\r\n\r\n")) {
      return false;
    }
    std::string head;
    for (uint8_t byte = 0; !head.ends_with("\r\n\r\n"); head += static_cast<char>(byte)) {
      if (!Receive({&byte, 1})) return false;
    }
    return head.starts_with("HTTP/1.1 101");
  }

  /// Sends a message and takes it back from the echo, in as many frames as it comes in.
  bool RoundTrip(char letter, size_t bytes) {
    if (!SendFrame(ws::Opcode::kBinary, std::string(bytes, letter))) return false;
    std::string back;
    while (back.size() < bytes) {
      if (!ReceiveFrame(ws::Opcode::kBinary, back)) return false;
    }
    EXPECT_EQ(back, std::string(bytes, letter));
    return true;
  }

  bool CloseInOrder() {
    std::string code;
    return SendFrame(ws::Opcode::kClose, "\x03\xe8") && ReceiveFrame(ws::Opcode::kClose, code) &&
           code == "\x03\xe8";
  }

  void Reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

 private:
  bool Send(const std::string& bytes) {
    return send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }

  bool SendFrame(ws::Opcode opcode, const std::string& payload) {
    std::array<uint8_t, ws::kClientHeaderBytesMax> header;
    const size_t count = ws::BuildClientFrameHeader(opcode, payload.size(), 0, header);
    return Send(std::string(header.begin(), header.begin() + count) + payload);
  }

  bool Receive(std::span<uint8_t> out) {
    for (int waited_ms = 0; !out.empty(); waited_ms += kLookMs) {
      const ssize_t got = recv(fd_, out.data(), out.size(), MSG_WAITALL);
      if (got > 0) out = out.subspan(static_cast<size_t>(got));
      if (out.empty()) return true;
      const bool patient = got > 0 || (got < 0 && errno == EAGAIN);
      if (!patient || stage_.draining || waited_ms > kPatienceMs) return false;
    }
    return true;
  }

  // The payload of the next frame, which is to be of this opcode, behind `payload`.
  bool ReceiveFrame(ws::Opcode opcode, std::string& payload) {
    uint8_t head[2];
    if (!Receive(head) || head[0] != (0x80 | static_cast<uint8_t>(opcode))) return false;
    uint64_t length = head[1];
    if (length >= 126) {
      std::array<uint8_t, 8> extended;
      const std::span<uint8_t> used(extended.data(), length == 126 ? 2U : 8U);
      if (!Receive(used)) return false;
      length = 0;
      for (const uint8_t byte : used) length = length << 8 | byte;
    }
    std::vector<uint8_t> bytes(length);
    if (!Receive(bytes)) return false;
    payload.append(bytes.begin(), bytes.end());
    return true;
  }

  const Stage& stage_;
  int fd_;
};

/// One session: messages of several sizes, then an end of one of three kinds.
bool PlaySession(const Stage& stage, uint32_t number) {
  Client client(stage);
  if (!client.Open()) return false;
  const auto letter = static_cast<char>('a' + number % 26);
  for (const size_t bytes : {size_t{1}, size_t{125}, size_t{5000}, size_t{70'000}}) {
    if (!client.RoundTrip(letter, bytes)) return false;
  }
  if (number % 3 == 0) client.Reset();
  return number % 3 != 1 || client.CloseInOrder();
}

void PlayClient(Stage& stage, uint32_t index) {
  for (uint32_t number = index; !stage.draining; ++number) {
    if (PlaySession(stage, number)) {
      ++stage.whole[index];
    } else if (!stage.draining) {
      ADD_FAILURE() << "a session of client " << index << " ended early";
      return;
    }
  }
}

/// The name makes the gateway look it up on a thread of its own; the source keeps it to IPv4, where
/// the echo service is. Nobody listens at the other server: workers and the prober find that out,
/// each in his way.
std::shared_ptr<const config::Config> ConfigFor(uint16_t echo_port) {
  const std::string text = absl::StrCat(R"([gateway]
workers = )",
                                        kWorkers, R"(
resolve_interval = "1s"
[[listener]]
name = "test"
address = "127.0.0.1:0"
[[route]]
name = "echo"
listener = "test"
path = "/echo"
mode = "tcp"
backend = "echo"
[[backend]]
name = "echo"
source = ["127.0.0.1"]
balance = "random_two"
failures_max = 2
eject_time = "5ms"
eject_time_max = "20ms"
health_check = "tcp"
health_interval = "50ms"
health_fall = 10
servers = ["localhost:)",
                                        echo_port, "\", \"127.0.0.1:1\"]\n");
  auto config = config::ParseConfig(text, "test");
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? *config : nullptr;
}

bool IsReadable(int fd, int timeout_ms) {
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&wait, 1, timeout_ms) == 1;
}

class GatewayThreads : public testing::Test {
 protected:
  static void SetUpTestSuite() { OpenLog(config::LogLevel::kError); }
};

TEST_F(GatewayThreads, WorkersServeAreReadAndDrainWhileClientsComeAndGo) {
  auto echo = EchoService::Start();
  ASSERT_TRUE(echo.ok()) << echo.status();
  const auto config = ConfigFor((*echo)->port());
  ASSERT_NE(config, nullptr);
  auto gateway = Gateway::Start(config, uring::Probe().features);
  ASSERT_TRUE(gateway.ok()) << gateway.status();
  ASSERT_EQ((*gateway)->workers(), kWorkers);

  Stage stage;
  stage.port = (*gateway)->addresses().front().port;
  std::vector<std::thread> clients;
  for (uint32_t index = 0; index < kClients; ++index) {
    clients.emplace_back([&stage, index] { PlayClient(stage, index); });
  }
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (!stage.Warm() && !testing::Test::HasFailure() &&
         std::chrono::steady_clock::now() < give_up) {
    (*gateway)->LogState();  // reads every counter and gauge of every worker
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_TRUE(stage.Warm());
  stage.draining = true;
  (*gateway)->RequestDrain();
  while (!IsReadable((*gateway)->done_fd(), 1) && std::chrono::steady_clock::now() < give_up) {
    (*gateway)->LogState();
    (*gateway)->RequestDrain();  // once more does no harm, also to workers that have ended
  }
  EXPECT_TRUE(IsReadable((*gateway)->done_fd(), kPatienceMs)) << "the drain does not end";
  EXPECT_TRUE((*gateway)->result().ok()) << (*gateway)->result();
  for (std::thread& client : clients) client.join();
}

TEST_F(GatewayThreads, AGatewayThatNobodyMetDrainsAtOnce) {
  auto echo = EchoService::Start();
  ASSERT_TRUE(echo.ok()) << echo.status();
  const auto config = ConfigFor((*echo)->port());
  ASSERT_NE(config, nullptr);
  for (int round = 0; round < 5; ++round) {
    auto gateway = Gateway::Start(config, uring::Probe().features);
    ASSERT_TRUE(gateway.ok()) << gateway.status();
    (*gateway)->RequestDrain();
    ASSERT_TRUE(IsReadable((*gateway)->done_fd(), kPatienceMs));
    EXPECT_TRUE((*gateway)->result().ok());
  }
}

}  // namespace
}  // namespace ringway::server
