// SPDX-License-Identifier: Apache-2.0
//
// A worker on the real kernel, turned by hand in the test's own thread: the test plays its clients
// and its backend over loopback sockets, moves its clock, and reads what it reports.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/worker/worker.h"
#include "gateway/ws/opcode.h"
#include "tests/kernel/forwarding_kernel.h"
#include "tests/kernel/loopback.h"
#include "tests/kernel/pattern.h"
#include "uring/linux_kernel.h"

namespace ringway::worker {

inline constexpr uint64_t kSecondNs = 1'000'000'000;

/// Time that moves when the test says so.
class HandClock : public base::Clock {
 public:
  uint64_t NowNs() override { return now_ns_; }
  int64_t UnixSeconds() override { return 1'700'000'000; }
  void Advance(uint64_t ns) { now_ns_ += ns; }

 private:
  uint64_t now_ns_ = 1000 * kSecondNs;
};

/// io_uring, but no entry waits for longer than a millisecond: what a worker waits for by a clock
/// that stands still might never come.
class ImpatientKernel : public uring::ForwardingKernel {
 public:
  using ForwardingKernel::ForwardingKernel;

  int Enter(const uring::EnterRequest& request) override;

  /// From now on every entry fails.
  void Break() { broken_ = true; }
  /// Entries so far.
  uint64_t entered() const { return entered_; }

 private:
  uint64_t entered_ = 0;
  bool broken_ = false;
};

/// Everything that a worker reported.
class Record : public Observer {
 public:
  struct End {
    session::Ending ending;
    bool upgraded = false;
    bool cut = false;
    bool backend_left = false;
    std::string route;
    uint64_t duration_ns = 0;
    uint64_t client_bytes_in = 0;
    uint64_t backend_bytes_in = 0;
    uint64_t messages_in = 0;
    uint64_t frames_out = 0;
    uint64_t client_bytes_spliced = 0;
    uint64_t backend_bytes_spliced = 0;
  };

  void OnSessionEnd(const SessionEnd& end) override;
  void OnDialFailed(const DialFailure& failure) override;
  void OnAcceptPaused(std::string_view why) override;

  std::vector<End> ends;
  std::vector<std::string> failed_dials;
  std::vector<int> dial_errors;  ///< of each of them, errno
  std::vector<std::string> pauses;
};

struct Frame {
  ws::Opcode opcode = ws::Opcode::kContinuation;
  std::string payload;

  /// Of a Close frame; 0 if it has none.
  uint16_t close_code() const;
};

/// A WebSocket client that the test plays.
struct Client {
  loopback::Socket socket;
  std::string received;  ///< and not yet understood
};

/// Of a socket of the loopback interface.
base::SocketAddress Ipv4AddressOf(const loopback::Socket& socket);

/// What the kernel offers to the worker: everything, or what Linux 6.1 has.
enum class Offered : uint8_t { kEverything, kNothingOptional };

class WorkerTest : public testing::TestWithParam<Offered> {
 protected:
  static constexpr int kTurnsMax = 5000;
  static constexpr int kQuietTurns = 10;

  WorkerTest();
  /// Drains what is left, and expects that nothing stays: no session, link, lease or operation.
  void TearDown() override;

  /// Opens the worker with `limits_`; a route /echo leads to `backend_`.
  void Open();
  /// What a suite puts in front of the kernel, and what it adds to the options.
  virtual std::unique_ptr<ImpatientKernel> Front(std::unique_ptr<uring::LinuxKernel> kernel);
  virtual void Prepare(WorkerOptions& options) { static_cast<void>(options); }

  void Turn();
  void QuietTurns() {
    for (int i = 0; i < kQuietTurns; ++i) Turn();
  }
  template <typename Done>
  [[nodiscard]] bool TurnUntil(Done&& done) {
    for (int i = 0; i < kTurnsMax; ++i) {
      if (done()) return true;
      Turn();
    }
    return done();
  }
  /// Moves the clock, and lets the worker see it.
  void Advance(uint64_t ns) {
    clock_.Advance(ns);
    QuietTurns();
  }

  /// A connection to the worker, accepted.
  Client Connect();
  /// The head of an upgrade request.
  static std::string Request(std::string_view path = "/echo");
  /// A client after its 101; its backend's end goes to `*backend`.
  Client OpenSession(loopback::Socket* backend);
  loopback::Socket TakeBackend();
  /// The same where the backend has answered the handshake itself: bytes pass as they are.
  Client OpenPassage(std::string_view path, loopback::Socket* backend);

  /// A masked frame.
  static std::string FrameOf(ws::Opcode opcode, std::string_view payload);
  void SendText(Client& client, std::string_view text);
  static void SendFrame(Client& client, ws::Opcode opcode, std::string_view payload);
  static void SendClose(Client& client, uint16_t code);
  /// The next frame for the client.
  Frame ReadFrame(Client& client);
  /// The head of an HTTP answer and, with it, nothing behind it.
  std::string ReadHead(Client& client);
  /// So many bytes, or fewer if the stream ends.
  std::string Read(loopback::Socket& socket, size_t count);
  loopback::StreamEnd AwaitEnd(loopback::Socket& socket);
  /// Turns until the worker has no session.
  void AwaitNoSession() {
    EXPECT_TRUE(TurnUntil([&] { return worker_->sessions_open() == 0; })) << "a session stays";
  }

  base::Limits limits_;
  std::string more_config_;  ///< routes behind the fixture's own three
  /// Stand in front of `backend_`'s address as the same server's.
  route::AddressSet dead_addresses_;
  HandClock clock_;
  Record record_;
  loopback::Socket backend_ = loopback::Listen();
  loopback::Socket listener_ = loopback::Listen();
  std::unique_ptr<ImpatientKernel> kernel_;
  std::shared_ptr<base::Occupancy> occupancy_;
  std::unique_ptr<Worker> worker_;

 private:
  void Pull(Client& client);
};

}  // namespace ringway::worker
