// SPDX-License-Identifier: Apache-2.0
//
// Nothing is allocated on the message path: every malloc and operator new of the worker's thread is
// counted while messages of many shapes, and files, pass through a real worker on a real ring.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gateway/config/parse.h"
#include "gateway/server/echo_service.h"
#include "gateway/server/listeners.h"
#include "gateway/server/resolve.h"
#include "gateway/server/static_roots.h"
#include "gateway/server/system_clock.h"
#include "gateway/worker/worker.h"
#include "gateway/ws/frame_header.h"
#include "uring/linux_kernel.h"
#include "uring/probe.h"

namespace {

/// What the hook below counts: allocations of this thread while `counting`.
thread_local bool counting = false;
thread_local uint64_t allocations = 0;

}  // namespace

extern "C" {
// NOLINTBEGIN: glibc's names
void* __libc_malloc(size_t bytes);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_realloc(void* from, size_t bytes);
void* __libc_memalign(size_t alignment, size_t bytes);
// NOLINTEND

// Stand in front of glibc's; operator new comes here too.
void* malloc(size_t bytes) {
  if (counting) ++allocations;
  return __libc_malloc(bytes);
}
void* calloc(size_t count, size_t bytes) {
  if (counting) ++allocations;
  return __libc_calloc(count, bytes);
}
void* realloc(void* from, size_t bytes) {
  if (counting) ++allocations;
  return __libc_realloc(from, bytes);
}
void* aligned_alloc(size_t alignment, size_t bytes) {
  if (counting) ++allocations;
  return __libc_memalign(alignment, bytes);
}
}

namespace ringway {
namespace {

class SilentObserver : public worker::Observer {
 public:
  void OnSessionEnd(const worker::SessionEnd& end) override {
    static_cast<void>(end);
    ++sessions;
  }
  void OnDialFailed(const worker::DialFailure& failure) override { static_cast<void>(failure); }
  void OnAcceptPaused(std::string_view why) override { static_cast<void>(why); }
  int sessions = 0;
};

/// `folder`: of the files below /files/.
std::shared_ptr<const config::Config> ConfigOf(uint16_t echo_port, const std::string& folder) {
  auto config = config::ParseConfig(absl::StrCat(R"([[listener]]
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
servers = ["127.0.0.1:)",
                                                 echo_port, R"("]
[[route]]
name = "files"
listener = "test"
path = "/files/*"
mode = "static"
precompressed = true
root = ")",
                                                 folder, "\"\n"),
                                    "test");
  EXPECT_TRUE(config.ok()) << config.status();
  return *config;
}

/// A blocking WebSocket client over a plain socket.
class Client {
 public:
  explicit Client(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in to{
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    Send(
        "GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
      char byte = 0;
      if (recv(fd_, &byte, 1, 0) != 1) break;
      head += byte;
    }
    EXPECT_EQ(head.substr(0, 12), "HTTP/1.1 101");
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends one message and a ping, and reads until the payload is back.
  void RoundTrip(size_t bytes) {
    std::string out;
    AppendFrame(ws::Opcode::kBinary, bytes, out);
    AppendFrame(ws::Opcode::kPing, 5, out);
    Send(out);
    size_t payload = 0;
    while (payload < bytes) {
      uint8_t head[2];
      Receive(head, 2);
      uint64_t length = head[1];
      if (length >= 126) {
        uint8_t extended[8];
        const size_t count = length == 126 ? 2 : 8;
        Receive(extended, count);
        length = 0;
        for (size_t i = 0; i < count; ++i) length = length << 8 | extended[i];
      }
      scratch_.resize(length);
      Receive(scratch_.data(), length);
      if ((head[0] & 0x0f) == static_cast<int>(ws::Opcode::kBinary)) payload += length;
    }
    ASSERT_EQ(payload, bytes);
  }

 private:
  static void AppendFrame(ws::Opcode opcode, size_t bytes, std::string& out) {
    std::array<uint8_t, ws::kClientHeaderBytesMax> header;
    const size_t count = ws::BuildClientFrameHeader(opcode, bytes, 0, header);
    out.append(reinterpret_cast<const char*>(header.data()), count);
    out.append(bytes, 'x');
  }
  void Send(const std::string& bytes) {
    ASSERT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void Receive(uint8_t* to, size_t bytes) {
    if (bytes == 0) return;
    ASSERT_EQ(recv(fd_, to, bytes, MSG_WAITALL), static_cast<ssize_t>(bytes));
  }

  int fd_;
  std::vector<uint8_t> scratch_;
};

/// A blocking HTTP client.
class Reader {
 public:
  explicit Reader(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in to{
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  ~Reader() { close(fd_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// `fields`: whole lines with their ends. Expects the status, and takes the body.
  void Get(const std::string& path, const std::string& fields, const std::string& status) {
    const std::string request = "GET /files/" + path + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
    ASSERT_EQ(send(fd_, request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n") && recv(fd_, &byte, 1, 0) == 1) head += byte;
    ASSERT_EQ(head.substr(9, 3), status) << path;
    const size_t length = head.find("Content-Length: ");
    body_.resize(length == std::string::npos ? 0 : std::stoul(head.substr(length + 16)));
    if (body_.empty()) return;
    ASSERT_EQ(recv(fd_, body_.data(), body_.size(), MSG_WAITALL),
              static_cast<ssize_t>(body_.size()));
  }

 private:
  int fd_;
  std::vector<uint8_t> body_;
};

/// Files of many sizes, for as long as it lives.
class Folder {
 public:
  Folder() {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
    std::filesystem::create_directory(path_ + "/folder");
    for (const auto& [name, bytes] :
         {std::pair("empty", 0U), std::pair("small", 100U), std::pair("page", 40'000U),
          std::pair("page.gz", 9'000U), std::pair("large", 3'000'000U)}) {
      std::ofstream(path_ + "/" + name, std::ios::binary) << std::string(bytes, 'x');
    }
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_ = testing::TempDir() + "allocations-XXXXXX";
};

enum Phase : int { kWarmUp, kCounted, kOver };

/// Runs a worker beside `client`, which is called in a thread of its own with the worker's port,
/// and counts the worker's allocations while `phase` says so.
void Count(const std::atomic<int>& phase, std::function<void(uint16_t)> client) {
  allocations = 0;
  const Folder folder;
  auto echo = server::EchoService::Start();
  ASSERT_TRUE(echo.ok()) << echo.status();
  const auto config = ConfigOf((*echo)->port(), folder.path());
  auto snapshot = server::BuildSnapshot(config);
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  auto roots = server::StaticRoots::Open(*config);
  ASSERT_TRUE(roots.ok()) << roots.status();
  auto listeners = server::Listeners::Open(*config, 1);
  ASSERT_TRUE(listeners.ok()) << listeners.status();
  auto kernel = uring::LinuxKernel::Open({.features = uring::Probe().features});
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  server::SystemClock clock;
  SilentObserver observer;
  const int wake_fd = eventfd(0, EFD_CLOEXEC);
  auto occupancy = worker::MapOccupancy(*config, 1, 1);
  ASSERT_TRUE(occupancy.ok()) << occupancy.status();
  auto health = worker::MapServerHealth(*config);
  ASSERT_TRUE(health.ok()) << health.status();
  auto worker = worker::Worker::Open(
      **kernel, clock, observer,
      {.snapshot = *snapshot,
       .occupancy = std::make_shared<base::Occupancy>(*std::move(occupancy)),
       .health = std::make_shared<base::ServerHealth>(*std::move(health)),
       .sockets = listeners->of_worker(0),
       .wake_fd = wake_fd,
       .roots = roots->by_route(),
       .shared_files = std::make_shared<files::SharedFiles>(
           files::SharedFilesOptions{.bytes_max = config->limits.file_cache_bytes_max})});
  ASSERT_TRUE(worker.ok()) << worker.status();

  std::thread client_thread([&, port = listeners->addresses().front().port] {
    client(port);
    (*worker)->RequestDrain();
    const uint64_t one = 1;
    EXPECT_EQ(::write(wake_fd, &one, sizeof one), static_cast<ssize_t>(sizeof one));
  });
  uint64_t counted_turns = 0;
  while (!(*worker)->finished()) {
    counting = phase == kCounted;
    const absl::Status status = (*worker)->Turn();
    counted_turns += counting ? 1 : 0;
    counting = false;
    ASSERT_TRUE(status.ok()) << status;
  }
  client_thread.join();
  close(wake_fd);
  EXPECT_GT(counted_turns, 100U);
  EXPECT_EQ(allocations, 0U);
  EXPECT_EQ(observer.sessions, 1);
}

void Exchange(Client& client) {
  for (const size_t bytes : {1UL, 64UL, 125UL, 126UL, 4096UL, 5000UL, 70'000UL, 300'000UL}) {
    for (int i = 0; i < 20; ++i) client.RoundTrip(bytes);
  }
}

void ReadAll(Reader& reader) {
  for (int i = 0; i < 20; ++i) {
    reader.Get("empty", "", "200");
    reader.Get("small", "", "200");
    reader.Get("page", "", "200");
    reader.Get("page", "Accept-Encoding: gzip, br\r\n", "200");
    reader.Get("page", "If-None-Match: *\r\n", "304");
    reader.Get("page", "Range: bytes=5-9,100-20000\r\n", "206");
    reader.Get("large", "", "200");
    reader.Get("large", "Range: bytes=5-9,1000000-2000000\r\n", "206");
    reader.Get("folder", "", "301");
    reader.Get("none", "", "404");
  }
}

// The client moves the phase between messages; the worker sees it with its next turn.
TEST(MessagePath, AllocatesNothingAfterTheHandshake) {
  if (const auto probe = uring::Probe(); !probe.usable) GTEST_SKIP() << probe.error;
  std::atomic<int> phase{kWarmUp};
  Count(phase, [&](uint16_t port) {
    Client client(port);
    Exchange(client);
    phase = kCounted;
    Exchange(client);
    phase = kOver;
  });
}

TEST(ServingPath, AllocatesNothingAfterTheFirstRequestOfAFile) {
  if (const auto probe = uring::Probe(); !probe.usable) GTEST_SKIP() << probe.error;
  std::atomic<int> phase{kWarmUp};
  Count(phase, [&](uint16_t port) {
    Reader reader(port);
    ReadAll(reader);
    phase = kCounted;
    ReadAll(reader);
    // What is remembered is looked at again a second later.
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    ReadAll(reader);
    phase = kOver;
  });
}

TEST(MessagePath, TheHookCounts) {
  allocations = 0;
  counting = true;
  // The pointer is volatile so that the pair is not optimised away.
  void* volatile block = malloc(16);
  std::string* volatile text = new std::string(100, 'x');
  counting = false;
  free(block);
  delete text;
  EXPECT_EQ(allocations, 3U);
  allocations = 0;
}

}  // namespace
}  // namespace ringway
