// SPDX-License-Identifier: Apache-2.0
//
// Opening the worker, and the steps.
#include "tests/sim/scenario.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/config/parse.h"

namespace ringway::sim {
namespace {

constexpr const char* kConfig = R"([[listener]]
name = "test"
address = "127.0.0.1:0"
[[route]]
name = "tcp"
listener = "test"
path = "/tcp"
mode = "tcp"
backend = "both"
[[route]]
name = "pass"
listener = "test"
path = "/pass"
mode = "websocket"
backend = "both"
[[route]]
name = "files"
listener = "test"
path = "/files/*"
mode = "static"
root = "/srv"
[[backend]]
name = "both"
servers = ["both.test:1000"]
connect_timeout = "2s"
)";

base::SocketAddress Loopback(uint16_t port) {
  return {.family = base::AddressFamily::kIpv4, .port = port, .bytes = {127, 0, 0, 1}};
}

}  // namespace

Scenario::Scenario() {
  limits_.sessions_per_worker_max = 8;
  limits_.small_buffers = 32;
  limits_.bulk_buffers = 4;
  limits_.chunks = 1024;
  limits_.cells = 64;
  limits_.window_bytes = 65536;
}

Scenario::~Scenario() {
  if (worker_ == nullptr) return;
  if (!worker_->finished()) kernel_->tables().watch.LoseRing();
  worker_.reset();
  EXPECT_EQ(verdict_.failure(), "");
}

void Scenario::Open() {
  const auto parsed = config::ParseConfig(kConfig, "test");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const auto config = std::make_shared<config::Config>(**parsed);
  config->limits = limits_;
  kernel_ = std::make_unique<SimKernel>(
      Surroundings{network_, clock_, random_, random_, faults_, verdict_, *this},
      SimKernelOptions{.sq_entries = sq_entries_, .patience_ns = kMs});
  wake_fd_ = kernel_->tables().descriptors.OpenEvent();
  route::AddressSet addresses;
  for (const uint16_t port : ports_) addresses.push_back(Loopback(port));
  const auto snapshot = std::make_shared<const worker::Snapshot>(worker::Snapshot{
      .config = config, .table = route::Table(config), .addresses = {{addresses}}});
  auto occupancy = worker::MapOccupancy(*config, 1, 1);
  ASSERT_TRUE(occupancy.ok()) << occupancy.status();
  occupancy_ = std::make_shared<base::Occupancy>(*std::move(occupancy));
  auto health = worker::MapServerHealth(*config);
  ASSERT_TRUE(health.ok()) << health.status();
  worker::WorkerOptions options{
      .snapshot = snapshot,
      .occupancy = occupancy_,
      .health = std::make_shared<base::ServerHealth>(*std::move(health)),
      .sockets = {{.fd = kernel_->tables().descriptors.OpenListening(door_)}},
      .wake_fd = wake_fd_};
  const int root = kernel_->tables().OpenRoot();
  options.roots = {-1, -1, root};
  options.media_types = std::make_shared<http::MediaTypes>("");
  options.shared_files = std::make_shared<files::SharedFiles>(
      files::SharedFilesOptions{.bytes_max = limits_.file_cache_bytes_max});
  auto worker = worker::Worker::Open(*kernel_, clock_, silent_, std::move(options));
  ASSERT_TRUE(worker.ok()) << worker.status();
  worker_ = *std::move(worker);
}

Connection& Scenario::Connect() {
  Connection* connection = network_.Open(Network::AddressOf(5000));
  door_.waiting.push_back(connection);
  return *connection;
}

void Scenario::Say(Connection& connection, std::string_view text) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  EXPECT_EQ(connection.FarWrite({bytes, text.size()}), text.size());
}

std::string Scenario::Hear(Connection& connection) {
  std::string text(connection.down.size(), '\0');
  connection.FarRead({reinterpret_cast<uint8_t*>(text.data()), text.size()});
  return text;
}

Connection* Scenario::Take(Server& server) {
  if (server.waiting.empty()) return nullptr;
  Connection* connection = server.waiting.front();
  server.waiting.pop_front();
  return connection;
}

std::string Scenario::Request(std::string_view path) {
  return absl::StrCat("GET ", absl::string_view(path.data(), path.size()),
                      " HTTP/1.1\r\nHost: ringway.test\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
}

void Scenario::Pass(uint64_t ns) {
  const uint64_t until_ns = clock_.now_ns + ns;
  while (clock_.now_ns < until_ns && status_.ok()) Turn();
}

void Scenario::Drain() {
  worker_->RequestDrain();
  kernel_->tables().descriptors.Signal(wake_fd_);
}

}  // namespace ringway::sim
