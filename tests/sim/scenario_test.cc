// SPDX-License-Identifier: Apache-2.0
//
// Scenes that chance rarely meets, each written down: what happens when the kernel does not give an
// operation back, or takes its time with the first of two dials.
#include "tests/sim/scenario.h"

#include <liburing.h>

#include <vector>

#include "gateway/ws/close_code.h"
#include "tests/unit/session/wire.h"

namespace ringway::sim {
namespace {

class OneSession : public Scenario {
 protected:
  /// A client behind its 101, and its backend.
  void OpenSession() {
    Open();
    client_ = &Connect();
    Say(*client_, Request("/tcp"));
    ASSERT_TRUE(TurnUntil([&] { return (backend_end_ = Take(first_)) != nullptr; }));
    ASSERT_TRUE(TurnUntil([&] { return client_->down.size() > 0; }));
    EXPECT_TRUE(Contains(Hear(*client_), "101 Switching Protocols"));
  }
  void ExpectEnd() {
    Drain();
    EXPECT_TRUE(TurnUntil([&] { return worker_->finished(); }));
    EXPECT_TRUE(status_.ok()) << status_;
  }

  Connection* client_ = nullptr;
  Connection* backend_end_ = nullptr;
};

TEST_F(OneSession, BringsBytesBothWays) {
  OpenSession();
  Say(*client_, session::Binary("up"));
  ASSERT_TRUE(TurnUntil([&] { return backend_end_->down.size() == 2; }));
  EXPECT_EQ(Hear(*backend_end_), "up");
  Say(*backend_end_, "down");
  ASSERT_TRUE(TurnUntil([&] { return client_->down.size() > 0; }));
  const auto frames = session::ServerFrames(Hear(*client_));
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].payload, "down");
  ExpectEnd();
}

TEST_F(OneSession, IsNamedWithItsSendThatNeverCompletes) {
  OpenSession();
  withholding().WithholdNext(IORING_OP_SEND);
  Say(*backend_end_, "down");
  ASSERT_TRUE(TurnUntil([&] { return withholding().withheld().size() == 1; }));
  Drain();
  Pass(limits_.drain_timeout_ns + 4 * kSecond);
  EXPECT_TRUE(status_.ok()) << status_;
  EXPECT_EQ(worker_->links_open(), 1U) << "only what never completes stays";
  Pass(7 * kSecond);
  EXPECT_EQ(status_.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(Contains(status_.ToString(), "send of link"));
  EXPECT_TRUE(Contains(status_.ToString(), "to a client, route \"tcp\""));
}

TEST_F(OneSession, IsNamedWithItsCancelThatNeverCompletes) {
  OpenSession();
  Drain();
  Turn();
  withholding().WithholdNext(IORING_OP_ASYNC_CANCEL);
  client_->FarReset();
  Pass(limits_.drain_timeout_ns + 11 * kSecond);
  EXPECT_EQ(status_.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(Contains(status_.ToString(), "cancel of link"));
}

TEST_F(OneSession, OfOthersGoesOnBesideAReceiveThatNeverCompletes) {
  OpenSession();
  withholding().WithholdNext(IORING_OP_RECV);
  Connection& other = Connect();
  Say(other, Request("/tcp"));
  ASSERT_TRUE(TurnUntil([&] { return withholding().withheld().size() == 1; }));
  Say(*client_, session::Binary("still"));
  EXPECT_TRUE(TurnUntil([&] { return backend_end_->down.size() == 5; }));
}

TEST_F(Scenario, AFileWhoseOpenNeverComesIsAnsweredByNobodyAndNamedAtTheEnd) {
  Open();
  tree().Put("slow.txt", {'x'}, 0);
  withholding().WithholdNext(IORING_OP_OPENAT2);
  Connection& client = Connect();
  Say(client, "GET /files/slow.txt HTTP/1.1\r\nHost: ringway.test\r\n\r\n");
  ASSERT_TRUE(TurnUntil([&] { return withholding().withheld().size() == 1; }));
  Drain();
  Pass(limits_.drain_timeout_ns + 11 * kSecond);
  EXPECT_EQ(status_.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(Contains(status_.ToString(), "open of a file for session"));
  EXPECT_TRUE(Contains(status_.ToString(), "route \"files\""));
}

TEST_F(Scenario, AConnectThatNeverCompletesIsGivenUpForTheNextAddress) {
  Open();
  withholding().WithholdNext(IORING_OP_CONNECT);
  Connection& client = Connect();
  Say(client, Request("/tcp"));
  Pass(2 * kSecond);
  EXPECT_TRUE(Contains(Hear(client), "101 Switching Protocols"));
  EXPECT_NE(Take(backend_), nullptr);
  EXPECT_EQ(worker_->links_open(), 3U) << "the kernel has not given the first dial back";
}

TEST_F(Scenario, AThirdDialWaitsForTheKernelToGiveOneBack) {
  ports_ = {1000, 1001, 1002};
  Open();
  Connection& client = Connect();
  Say(client, Request("/tcp"));
  for (size_t kept = 1; kept <= 2; ++kept) {
    withholding().WithholdNext(IORING_OP_CONNECT);
    ASSERT_TRUE(TurnUntil([&] { return withholding().withheld().size() == kept; }));
  }
  Pass(2 * kSecond);
  const std::string answer = Hear(client);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_TRUE(Contains(answer, "the backend did not answer in time"));
  EXPECT_EQ(counters().dials.value(), 2U);
  // Another session has its own.
  Connection& other = Connect();
  Say(other, Request("/tcp"));
  ASSERT_TRUE(TurnUntil([&] { return other.down.size() > 0; }));
  EXPECT_TRUE(Contains(Hear(other), "101 Switching Protocols"));
}

// The link that was given up and the one that was refused are both there until the turn's end.
TEST_F(Scenario, AServerThatRefusesBehindOneThatWasGivenUpLeadsToTheThird) {
  ports_ = {1000, 1009, 1001};  // nobody answers at 1009
  Open();
  Connection& client = Connect();
  Say(client, Request("/tcp"));
  withholding().WithholdNext(IORING_OP_CONNECT);
  ASSERT_TRUE(TurnUntil([&] { return client.down.size() > 0; }));
  EXPECT_TRUE(Contains(Hear(client), "101 Switching Protocols"));
  EXPECT_EQ(counters().dials.value(), 3U);
}

TEST_F(Scenario, AServerThatRefusesLeadsToItsNextAddress) {
  first_.port = 1;  // nobody answers at 1000 any more
  Open();
  Connection& client = Connect();
  Say(client, Request("/tcp"));
  ASSERT_TRUE(TurnUntil([&] { return client.down.size() > 0; }));
  EXPECT_TRUE(Contains(Hear(client), "101 Switching Protocols"));
  EXPECT_NE(Take(backend_), nullptr);
}

TEST_F(Scenario, ADateFollowsAClockThatIsSetBack) {
  Open();
  tree().Put("a.txt", {'x'}, 0);
  Connection& client = Connect();
  const auto ask = [&] {
    Say(client, "GET /files/a.txt HTTP/1.1\r\nHost: ringway.test\r\n\r\n");
    EXPECT_TRUE(TurnUntil([&] { return client.down.size() > 0; }));
    return Hear(client);
  };
  EXPECT_TRUE(Contains(ask(), "Date: Tue, 14 Nov 2023 22:13:2"));
  clock_.wall_step_s = -3600;
  EXPECT_TRUE(Contains(ask(), "Date: Tue, 14 Nov 2023 21:13:2"));
}

// So many ask in one turn that it enters the kernel again and again. The wake that comes
// by one of those entries is seen in the same turn, and so must be what it wakes for.
TEST_F(Scenario, ADrainThatIsAskedForInTheMiddleOfATurnIsHeardInIt) {
  limits_.sessions_per_worker_max = 256;
  limits_.cells = base::kCellsPerSession * limits_.sessions_per_worker_max;
  sq_entries_ = 8;
  Open();
  std::vector<Connection*> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(&Connect());
  ASSERT_TRUE(TurnUntil([&] { return worker_->sessions_open() == clients.size(); }));
  for (Connection* client : clients) Say(*client, Request("/tcp"));
  int entries = 0;
  bool asked = false;
  on_entry_ = [&] {
    if (++entries < 3 || asked) return;
    Drain();
    asked = true;
  };
  for (int i = 0; i < 20 && !asked; ++i) {
    entries = 0;
    Turn();
  }
  EXPECT_TRUE(asked) << "no turn has entered the kernel in its middle";
  EXPECT_TRUE(TurnUntil([&] { return worker_->finished(); }));
  EXPECT_TRUE(status_.ok()) << status_;
}

}  // namespace
}  // namespace ringway::sim
