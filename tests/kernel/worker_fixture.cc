// SPDX-License-Identifier: Apache-2.0
//
// The steps that worker tests are made of.
#include "tests/kernel/worker_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/config/parse.h"
#include "gateway/ws/frame_header.h"
#include "gateway/ws/mask.h"
#include "uring/probe.h"

namespace ringway::worker {
namespace {

uring::FeatureSet FeaturesOf(Offered offered) {
  static const uring::FeatureSet kFound = uring::Probe().features;
  return offered == Offered::kEverything ? kFound : uring::FeatureSet();
}

std::shared_ptr<config::Config> EchoConfig(const base::SocketAddress& backend,
                                           const std::string& more) {
  const auto parsed = config::ParseConfig(absl::StrCat(R"([[listener]]
name = "test"
address = "127.0.0.1:0"
[[route]]
name = "echo"
listener = "test"
path = "/echo"
mode = "tcp"
backend = "echo"
[[route]]
name = "pass"
listener = "test"
path = "/pass"
mode = "websocket"
backend = "echo"
[[route]]
name = "copy"
listener = "test"
path = "/copy"
mode = "websocket"
splice = "off"
backend = "echo"
[[backend]]
name = "echo"
servers = ["127.0.0.1:)",
                                                       backend.port, "\"]\n", more),
                                          "test");
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return std::make_shared<config::Config>(**parsed);
}

}  // namespace

base::SocketAddress Ipv4AddressOf(const loopback::Socket& socket) {
  const sockaddr_storage from = loopback::AddressOf(socket);
  const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(from);
  base::SocketAddress address{.family = base::AddressFamily::kIpv4, .port = ntohs(ipv4.sin_port)};
  address.bytes = {127, 0, 0, 1};
  return address;
}

int ImpatientKernel::Enter(const uring::EnterRequest& request) {
  if (broken_) return -EBADF;
  constexpr uint64_t kPatienceNs = 1'000'000;
  ++entered_;
  uring::EnterRequest shorter = request;
  shorter.timeout_ns = std::min(request.timeout_ns, kPatienceNs);
  return ForwardingKernel::Enter(shorter);
}

void Record::OnSessionEnd(const SessionEnd& end) {
  ends.push_back({.ending = end.ending,
                  .upgraded = end.upgraded,
                  .cut = end.cut,
                  .backend_left = end.backend_left,
                  .route = std::string(end.route),
                  .duration_ns = end.duration_ns,
                  .client_bytes_in = end.client_bytes_in,
                  .backend_bytes_in = end.backend_bytes_in,
                  .messages_in = end.messages_in,
                  .frames_out = end.frames_out,
                  .client_bytes_spliced = end.client_bytes_spliced,
                  .backend_bytes_spliced = end.backend_bytes_spliced});
}

void Record::OnDialFailed(const DialFailure& failure) {
  if (!failure.is_news) return;
  EXPECT_NE(failure.address.port, 0);
  failed_dials.emplace_back(dial::DescribeForOperator(failure.outcome));
  dial_errors.push_back(failure.error);
}

void Record::OnAcceptPaused(std::string_view why) { pauses.emplace_back(why); }

uint16_t Frame::close_code() const {
  if (payload.size() < 2) return 0;
  return static_cast<uint16_t>(static_cast<uint8_t>(payload[0]) << 8 |
                               static_cast<uint8_t>(payload[1]));
}

WorkerTest::WorkerTest() {
  limits_.sessions_per_worker_max = 8;
  limits_.small_buffers = 32;
  limits_.bulk_buffers = 8;
  limits_.chunks = 2048;  // a queue's share is a window
  limits_.cells = 64;
  limits_.window_bytes = 256 * 1024;
}

void WorkerTest::Open() {
  const base::SocketAddress backend = Ipv4AddressOf(backend_);
  const std::shared_ptr<config::Config> config = EchoConfig(backend, more_config_);
  config->limits = limits_;
  // Small: without privileges queues are locked memory, and the kernel frees those of the test
  // before in its own time.
  auto kernel = uring::LinuxKernel::Open(
      {.sq_entries = 256, .cq_entries = 1024, .features = FeaturesOf(GetParam())});
  ASSERT_TRUE(kernel.ok()) << kernel.status();
  kernel_ = Front(*std::move(kernel));
  route::AddressSet addresses = dead_addresses_;
  addresses.push_back(backend);
  const auto snapshot = std::make_shared<const Snapshot>(
      Snapshot{.config = config, .table = route::Table(config), .addresses = {{addresses}}});
  auto occupancy = MapOccupancy(*config, 1, 1);
  ASSERT_TRUE(occupancy.ok()) << occupancy.status();
  occupancy_ = std::make_shared<base::Occupancy>(*std::move(occupancy));
  auto health = MapServerHealth(*config);
  ASSERT_TRUE(health.ok()) << health.status();
  WorkerOptions options{.snapshot = snapshot,
                        .occupancy = occupancy_,
                        .health = std::make_shared<base::ServerHealth>(*std::move(health)),
                        .sockets = {{.fd = listener_.fd()}}};
  Prepare(options);
  auto worker = Worker::Open(*kernel_, clock_, record_, std::move(options));
  ASSERT_TRUE(worker.ok()) << worker.status();
  worker_ = *std::move(worker);
}

std::unique_ptr<ImpatientKernel> WorkerTest::Front(std::unique_ptr<uring::LinuxKernel> kernel) {
  return std::make_unique<ImpatientKernel>(std::move(kernel));
}

void WorkerTest::TearDown() {
  if (worker_ == nullptr) return;
  worker_->RequestDrain();
  QuietTurns();
  clock_.Advance(limits_.drain_timeout_ns);
  EXPECT_TRUE(TurnUntil([&] { return worker_->finished(); })) << "the drain does not end";
  EXPECT_EQ(worker_->sessions_open(), 0U);
  EXPECT_EQ(worker_->links_open(), 0U);
  EXPECT_EQ(worker_->pipes_held(), 0U);
  for (size_t c = 0; c < base::kBufferClasses; ++c) {
    // Files are remembered.
    if (static_cast<base::BufferClass>(c) == base::BufferClass::kLent) continue;
    EXPECT_EQ(worker_->arena().leased(static_cast<base::BufferClass>(c)), 0U) << "class " << c;
  }
  EXPECT_EQ(worker_->counters().completions_unexpected.value(), 0U);
  EXPECT_EQ(worker_->counters().completions_stale.value(), 0U);
}

void WorkerTest::Turn() {
  const absl::Status status = worker_->Turn();
  EXPECT_TRUE(status.ok()) << status;
}

Client WorkerTest::Connect() {
  const uint64_t before = worker_->counters().accepted.value();
  Client client{.socket = loopback::Dial(listener_), .received = {}};
  EXPECT_TRUE(client.socket);
  EXPECT_TRUE(TurnUntil([&] { return worker_->counters().accepted.value() > before; }));
  return client;
}

std::string WorkerTest::Request(std::string_view path) {
  return "GET " + std::string(path) +
         " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
}

loopback::Socket WorkerTest::TakeBackend() {
  loopback::Socket taken;
  EXPECT_TRUE(TurnUntil([&] { return static_cast<bool>(taken = loopback::Accept(backend_)); }))
      << "the worker does not dial";
  return taken;
}

Client WorkerTest::OpenSession(loopback::Socket* backend) {
  Client client = Connect();
  client.socket.Write(Request());
  *backend = TakeBackend();
  EXPECT_EQ(ReadHead(client).substr(0, 12), "HTTP/1.1 101");
  return client;
}

Client WorkerTest::OpenPassage(std::string_view path, loopback::Socket* backend) {
  Client client = Connect();
  client.socket.Write(Request(path));
  Client service{.socket = TakeBackend(), .received = {}};
  EXPECT_EQ(ReadHead(service).substr(0, 4 + path.size()), "GET " + std::string(path));
  service.socket.Write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  EXPECT_EQ(ReadHead(client).substr(0, 12), "HTTP/1.1 101");
  *backend = std::move(service.socket);
  return client;
}

void WorkerTest::SendText(Client& client, std::string_view text) {
  SendFrame(client, ws::Opcode::kText, text);
}

std::string WorkerTest::FrameOf(ws::Opcode opcode, std::string_view payload) {
  constexpr uint32_t kMask = 0x9a3c'55e1;
  std::vector<uint8_t> frame(ws::kClientHeaderBytesMax + payload.size());
  const size_t header = ws::BuildClientFrameHeader(opcode, payload.size(), kMask, frame);
  for (size_t i = 0; i < payload.size(); ++i) {
    const uint32_t mask = ws::RotateMask(kMask, i);
    frame[header + i] = static_cast<uint8_t>(payload[i]) ^ *reinterpret_cast<const uint8_t*>(&mask);
  }
  return {reinterpret_cast<const char*>(frame.data()), header + payload.size()};
}

void WorkerTest::SendFrame(Client& client, ws::Opcode opcode, std::string_view payload) {
  const std::string frame = FrameOf(opcode, payload);
  EXPECT_EQ(client.socket.Write(frame), frame.size());
}

void WorkerTest::SendClose(Client& client, uint16_t code) {
  const char payload[] = {static_cast<char>(code >> 8), static_cast<char>(code)};
  SendFrame(client, ws::Opcode::kClose, {payload, 2});
}

void WorkerTest::Pull(Client& client) {
  std::array<uint8_t, 16384> piece;
  for (size_t read = client.socket.Read(piece); read > 0; read = client.socket.Read(piece)) {
    client.received.append(reinterpret_cast<const char*>(piece.data()), read);
  }
}

std::string WorkerTest::ReadHead(Client& client) {
  size_t end = std::string::npos;
  EXPECT_TRUE(TurnUntil([&] {
    Pull(client);
    end = client.received.find("\r\n\r\n");
    return end != std::string::npos;
  })) << "no whole head: "
      << client.received;
  if (end == std::string::npos) return {};
  const std::string head = client.received.substr(0, end + 4);
  client.received.erase(0, end + 4);
  return head;
}

Frame WorkerTest::ReadFrame(Client& client) {
  Frame frame;
  EXPECT_TRUE(TurnUntil([&] {
    Pull(client);
    const auto* at = reinterpret_cast<const uint8_t*>(client.received.data());
    const size_t have = client.received.size();
    if (have < 2) return false;
    const size_t extended = at[1] < 126 ? 0 : at[1] == 126 ? 2 : 8;
    if (have < 2 + extended) return false;
    uint64_t bytes = extended == 0 ? at[1] : 0;
    for (size_t i = 0; i < extended; ++i) bytes = bytes << 8 | at[2 + i];
    if (have < 2 + extended + bytes) return false;
    frame.opcode = static_cast<ws::Opcode>(at[0] & 0x0f);
    frame.payload = client.received.substr(2 + extended, bytes);
    client.received.erase(0, 2 + extended + bytes);
    return true;
  })) << "no whole frame: "
      << client.received.size() << " bytes";
  return frame;
}

std::string WorkerTest::Read(loopback::Socket& socket, size_t count) {
  std::vector<uint8_t> all(count);
  size_t got = 0;
  EXPECT_TRUE(TurnUntil([&] {
    got += socket.Read({all.data() + got, count - got});
    return got == count || socket.end() != loopback::StreamEnd::kOpen;
  })) << got
      << " bytes of " << count << " came";
  return {reinterpret_cast<const char*>(all.data()), got};
}

loopback::StreamEnd WorkerTest::AwaitEnd(loopback::Socket& socket) {
  std::array<uint8_t, 4096> discarded;
  EXPECT_TRUE(TurnUntil([&] {
    while (socket.Read(discarded) > 0) continue;
    return socket.end() != loopback::StreamEnd::kOpen;
  })) << "the stream does not end";
  return socket.end();
}

}  // namespace ringway::worker
