// SPDX-License-Identifier: Apache-2.0
//
// Dialling over the loopback interface: found, refused, unreachable, cancelled.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cstring>

#include "gateway/dial/dialer.h"
#include "tests/kernel/descriptor_limit.h"
#include "tests/kernel/rooms_fixture.h"

namespace ringway::dial {
namespace {

base::SocketAddress ServerOn(const loopback::Socket& socket) {
  const sockaddr_storage from = loopback::AddressOf(socket);
  base::SocketAddress address;
  if (from.ss_family == AF_INET6) {
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(from);
    address.family = base::AddressFamily::kIpv6;
    address.port = ntohs(ipv6.sin6_port);
    std::memcpy(address.bytes.data(), &ipv6.sin6_addr, 16);
  } else {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(from);
    address.family = base::AddressFamily::kIpv4;
    address.port = ntohs(ipv4.sin_port);
    std::memcpy(address.bytes.data(), &ipv4.sin_addr, 4);
  }
  return address;
}

class DialerTest : public rooms::RoomTest {
 protected:
  /// Begins a dial on a socket of its own.
  loopback::Socket Begin(const base::SocketAddress& server, base::LinkId id = kLink) {
    loopback::Socket socket(dialer_.OpenSocket({.address = server}, nullptr));
    EXPECT_TRUE(socket);
    dialer_.Connect(id, socket.fd(), {.address = server});
    return socket;
  }

  DialOutcome End() {
    const rooms::Arrived arrived = Next();
    EXPECT_EQ(arrived.operation(), base::Operation::kConnect);
    EXPECT_EQ(arrived.id(), kLink);
    EXPECT_FALSE(arrived.more());
    return dialer_.OnCompletion(arrived.Cqe());
  }

  static constexpr base::LinkId kLink = {.slot = 9, .generation = 0xab'cdef};
  Dialer dialer_{ring_, counters_};
};

TEST_F(DialerTest, ConnectsToItsServer) {
  const loopback::Socket server = loopback::Listen();
  loopback::Socket dialled = Begin(ServerOn(server));
  EXPECT_EQ(End(), DialOutcome::kConnected);
  loopback::Socket accepted = loopback::Accept(server);
  ASSERT_TRUE(accepted);
  dialled.Write("hello");
  EXPECT_EQ(ReadFrom(accepted, 5).size(), 5U);
  EXPECT_EQ(counters_.dials.value(), 1U);
  EXPECT_EQ(counters_.dials_failed.value(), 0U);
}

TEST_F(DialerTest, ConnectsToItsServerOverIpv6) {
  const loopback::Socket server = loopback::Listen(AF_INET6);
  if (!server) GTEST_SKIP() << "the loopback interface has no IPv6 address";
  const loopback::Socket dialled = Begin(ServerOn(server));
  EXPECT_EQ(End(), DialOutcome::kConnected);
  EXPECT_TRUE(loopback::Accept(server));
}

TEST_F(DialerTest, ItsSocketDoesNotBlockNorDelay) {
  const loopback::Socket server = loopback::Listen();
  const loopback::Socket socket(dialer_.OpenSocket({.address = ServerOn(server)}, nullptr));
  int no_delay = 0;
  socklen_t bytes = sizeof no_delay;
  EXPECT_EQ(getsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &bytes), 0);
  EXPECT_NE(no_delay, 0);
  EXPECT_NE(fcntl(socket.fd(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(socket.fd(), F_GETFD) & FD_CLOEXEC, 0);
}

base::SocketAddress Source(uint8_t last) {
  base::SocketAddress source{.family = base::AddressFamily::kIpv4};
  source.bytes = {127, 0, 0, last};
  return source;
}

TEST_F(DialerTest, LeavesFromTheSourceThatItIsGiven) {
  const loopback::Socket server = loopback::Listen();
  const base::SocketAddress source = Source(77);
  const loopback::Socket socket(dialer_.OpenSocket({.address = ServerOn(server)}, &source));
  ASSERT_TRUE(socket);
  dialer_.Connect(kLink, socket.fd(), {.address = ServerOn(server)});
  EXPECT_EQ(End(), DialOutcome::kConnected);
  const loopback::Socket accepted = loopback::Accept(server);
  ASSERT_TRUE(accepted);
  sockaddr_in from{};
  socklen_t bytes = sizeof from;
  ASSERT_EQ(getpeername(accepted.fd(), reinterpret_cast<sockaddr*>(&from), &bytes), 0);
  EXPECT_EQ(ntohl(from.sin_addr.s_addr), 0x7f00'004dU);
}

TEST_F(DialerTest, ASourceOfAnotherMachineIsSaidToBeOne) {
  const loopback::Socket server = loopback::Listen();
  base::SocketAddress source = Source(1);
  source.bytes = {192, 0, 2, 1};  // RFC 5737
  const int error = dialer_.OpenSocket({.address = ServerOn(server)}, &source);
  ASSERT_LT(error, 0);
  EXPECT_EQ(dialer_.OnSocketError(error), DialOutcome::kNoSource);
  EXPECT_NE(std::string_view(DescribeForOperator(DialOutcome::kNoSource)),
            Describe(DialOutcome::kNoSource));
}

TEST_F(DialerTest, WithoutALocalPortItSaysSoAndCounts) {
  io_uring_cqe cqe{};
  cqe.res = -EADDRNOTAVAIL;
  EXPECT_EQ(dialer_.OnCompletion(cqe), DialOutcome::kNoLocalPort);
  EXPECT_EQ(counters_.dials_without_port.value(), 1U);
}

TEST_F(DialerTest, NobodyThereIsARefusal) {
  const loopback::Socket nobody = loopback::Refuse();
  const loopback::Socket socket = Begin(ServerOn(nobody));
  EXPECT_EQ(End(), DialOutcome::kRefused);
  EXPECT_EQ(counters_.dials_failed.value(), 1U);
  EXPECT_EQ(counters_.completions_unexpected.value(), 0U);
}

TEST_F(DialerTest, ABroadcastAddressIsUnreachable) {
  base::SocketAddress address{.family = base::AddressFamily::kIpv4, .port = 9};
  address.bytes = {127, 255, 255, 255};
  const loopback::Socket socket = Begin(address);
  EXPECT_EQ(End(), DialOutcome::kUnreachable);
}

TEST_F(DialerTest, MoreDialsInOneTurnThanItHasMemoryForAllConnect) {
  constexpr int kDials = 70;
  const loopback::Socket server = loopback::Listen(AF_INET, 2 * kDials);
  std::vector<loopback::Socket> sockets;
  for (int i = 0; i < kDials; ++i) sockets.push_back(Begin(ServerOn(server)));
  EXPECT_EQ(ring_.flushes(), 1U);
  for (int i = 0; i < kDials; ++i) EXPECT_EQ(End(), DialOutcome::kConnected);
  for (int i = 0; i < kDials; ++i) EXPECT_TRUE(loopback::Accept(server));
}

TEST_F(DialerTest, ADialThatNobodyAnswersCanBeCancelled) {
  const loopback::Socket server = loopback::Listen(AF_INET, 0);
  const loopback::Socket takes_the_only_place = loopback::Dial(server);
  const loopback::Socket socket = Begin(ServerOn(server));
  EXPECT_TRUE(IsQuiet());
  io_uring_sqe* sqe = ring_.NextEntry();
  io_uring_prep_cancel_fd(sqe, socket.fd(), IORING_ASYNC_CANCEL_ALL);
  sqe->user_data = 0;
  ASSERT_TRUE(TurnUntil([&] { return arrived_.size() == 2; }));
  if (arrived_.front().user_data != 0) std::swap(arrived_.front(), arrived_.back());
  EXPECT_GE(TakeFront().res, 0);  // the cancel's own
  EXPECT_EQ(End(), DialOutcome::kCancelled);
}

TEST_F(DialerTest, WithoutADescriptorItSaysSo) {
  const loopback::Socket server = loopback::Listen();
  const base::SocketAddress address = ServerOn(server);
  const rooms::NoDescriptorLeft limit;
  const int error = dialer_.OpenSocket({.address = address}, nullptr);
  ASSERT_LT(error, 0);
  EXPECT_EQ(dialer_.OnSocketError(error), DialOutcome::kNoDescriptor);
  EXPECT_EQ(counters_.dials_failed.value(), 1U);
}

TEST_F(DialerTest, AResultWithoutARuleIsCounted) {
  const loopback::Socket server = loopback::Listen();
  dialer_.Connect(kLink, 1 << 20, {.address = ServerOn(server)});
  EXPECT_EQ(End(), DialOutcome::kUnexpected);
  EXPECT_EQ(counters_.completions_unexpected.value(), 1U);
}

TEST(DialOutcome, EachHasASentence) {
  for (int i = 0; i <= static_cast<int>(DialOutcome::kUnexpected); ++i) {
    EXPECT_STRNE(Describe(static_cast<DialOutcome>(i)), "");
  }
}

}  // namespace
}  // namespace ringway::dial
