// SPDX-License-Identifier: Apache-2.0
//
// The contract of accepting and connecting.
#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/kernel/ring_contract.h"

namespace ringway::contract {
namespace {

void PrepareAccept(uring::Ring& ring, io_uring_sqe** sqe, int fd) {
  *sqe = ring.NextEntry();
  io_uring_prep_multishot_accept(*sqe, fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void PrepareConnect(uring::Ring& ring, io_uring_sqe** sqe, int fd,
                    const sockaddr_storage& address) {
  *sqe = ring.NextEntry();
  io_uring_prep_connect(*sqe, fd, reinterpret_cast<const sockaddr*>(&address), sizeof(sockaddr_in));
}

TEST_P(RingContract, MultishotAcceptGivesOneConnectionAfterTheOther) {
  const int listening = Listen();
  io_uring_sqe* sqe = nullptr;
  PrepareAccept(ring(), &sqe, listening);
  Submit(sqe, 1);
  QuietTurns();
  EXPECT_TRUE(Of(1).empty());
  for (size_t i = 0; i < 5; ++i) {
    const auto remote = world().DialIn(listening);
    ASSERT_NE(remote, nullptr);
    ASSERT_TRUE(AwaitCount(1, i + 1));
    EXPECT_TRUE(Of(1)[i].more());
    const int fd = Keep(Of(1)[i].res);
    const std::vector<uint8_t> greeting = Bytes("hello");
    PrepareSend(fd, greeting, 10 + i);
    EXPECT_EQ(ReadRemote(*remote, 5), greeting);
  }
}

TEST_P(RingContract, ConnectionsThatWaitedInTheBacklogAreAcceptedInTheirOrder) {
  const int listening = Listen();
  std::vector<std::unique_ptr<RemoteEnd>> remotes;
  for (uint8_t i = 0; i < 4; ++i) {
    remotes.push_back(world().DialIn(listening));
    remotes.back()->Write({&i, 1});
  }
  io_uring_sqe* sqe = nullptr;
  PrepareAccept(ring(), &sqe, listening);
  Submit(sqe, 1);
  ASSERT_TRUE(AwaitCount(1, 4));
  ReceiveBuffers& buffers = AddBuffers(8, 16);
  buffers.OfferAll();
  for (uint8_t i = 0; i < 4; ++i) {
    EXPECT_EQ(ReceiveAll(Keep(Of(1)[i].res), buffers, 1, 10U + i), std::vector<uint8_t>{i});
  }
}

TEST_P(RingContract, ACancelledAcceptEndsWithEcanceledAndWithoutMore) {
  const int listening = Listen();
  io_uring_sqe* sqe = nullptr;
  PrepareAccept(ring(), &sqe, listening);
  Submit(sqe, 1);
  QuietTurns();
  CancelByUserData(1, 2);
  EXPECT_EQ(AwaitEnd(1).res, -ECANCELED);
  EXPECT_EQ(AwaitEnd(2).res, 0);
}

TEST_P(RingContract, WhoComesAfterACancelWaitsForTheNextAccept) {
  const int listening = Listen();
  io_uring_sqe* sqe = nullptr;
  PrepareAccept(ring(), &sqe, listening);
  Submit(sqe, 1);
  CancelByUserData(1, 2);
  AwaitEnd(1);
  const auto remote = world().DialIn(listening);
  QuietTurns();
  EXPECT_EQ(Of(1).size(), 1U);
  PrepareAccept(ring(), &sqe, listening);
  Submit(sqe, 3);
  ASSERT_TRUE(AwaitCount(3, 1));
  EXPECT_GE(Keep(Of(3)[0].res), 0);
}

TEST_P(RingContract, AcceptOnADescriptorThatIsNoneFails) {
  io_uring_sqe* sqe = nullptr;
  PrepareAccept(ring(), &sqe, 1 << 20);
  Submit(sqe, 1);
  EXPECT_EQ(AwaitEnd(1).res, -EBADF);
}

TEST_P(RingContract, AConnectFindsItsServer) {
  const sockaddr_storage server = world().ServerAddress();
  const int fd = Keep(kernel().OpenSocket(AF_INET));
  EXPECT_EQ(kernel().SetNoDelay(fd), 0);
  {
    sockaddr_storage address = server;
    io_uring_sqe* sqe = nullptr;
    PrepareConnect(ring(), &sqe, fd, address);
    Submit(sqe, 1);
    ring().Flush();
    address = {};
  }
  EXPECT_EQ(AwaitEnd(1).res, 0);
  std::unique_ptr<RemoteEnd> remote;
  ASSERT_TRUE(TurnUntil([&] { return (remote = world().TakeDialled()) != nullptr; }));
  const std::vector<uint8_t> text = Bytes("dialled");
  PrepareSend(fd, text, 2);
  EXPECT_EQ(ReadRemote(*remote, text.size()), text);

  sockaddr_storage found{};
  EXPECT_EQ(kernel().RemoteAddress(fd, &found), 0);
  const auto& expected = reinterpret_cast<const sockaddr_in&>(server);
  const auto& actual = reinterpret_cast<const sockaddr_in&>(found);
  EXPECT_EQ(actual.sin_family, AF_INET);
  EXPECT_EQ(actual.sin_port, expected.sin_port);
  EXPECT_EQ(actual.sin_addr.s_addr, expected.sin_addr.s_addr);
}

sockaddr_storage Ipv4Source(uint32_t host) {
  sockaddr_storage source{};
  auto& ipv4 = reinterpret_cast<sockaddr_in&>(source);
  ipv4.sin_family = AF_INET;
  ipv4.sin_addr.s_addr = htonl(host);
  return source;
}

TEST_P(RingContract, AConnectFromAnAddressOfThisMachineFindsItsServer) {
  const int fd = Keep(kernel().OpenSocket(AF_INET));
  EXPECT_EQ(kernel().BindSource(fd, Ipv4Source(0x7f00'0005), sizeof(sockaddr_in)), 0);
  const sockaddr_storage server = world().ServerAddress();  // read when it is submitted
  io_uring_sqe* sqe = nullptr;
  PrepareConnect(ring(), &sqe, fd, server);
  Submit(sqe, 1);
  EXPECT_EQ(AwaitEnd(1).res, 0);
}

TEST_P(RingContract, AnAddressOfAnotherMachineIsNoSource) {
  constexpr uint32_t kOfDocumentation = 0xc000'0201;  // RFC 5737
  const int fd = Keep(kernel().OpenSocket(AF_INET));
  EXPECT_EQ(kernel().BindSource(fd, Ipv4Source(kOfDocumentation), sizeof(sockaddr_in)),
            -EADDRNOTAVAIL);
}

TEST_P(RingContract, SeveralConnectsOfOneTurnFindTheirServer) {
  const sockaddr_storage server = world().ServerAddress();
  for (uint64_t i = 0; i < 5; ++i) {
    io_uring_sqe* sqe = nullptr;
    PrepareConnect(ring(), &sqe, Keep(kernel().OpenSocket(AF_INET)), server);
    Submit(sqe, i);
  }
  for (uint64_t i = 0; i < 5; ++i) EXPECT_EQ(AwaitEnd(i).res, 0);
  for (size_t taken = 0; taken < 5; ++taken) {
    EXPECT_TRUE(TurnUntil([&] { return world().TakeDialled() != nullptr; }));
  }
  EXPECT_EQ(world().TakeDialled(), nullptr);
}

TEST_P(RingContract, AConnectToNobodyIsRefused) {
  const sockaddr_storage nobody = world().RefusingAddress();
  const int fd = Keep(kernel().OpenSocket(AF_INET));
  io_uring_sqe* sqe = nullptr;
  PrepareConnect(ring(), &sqe, fd, nobody);
  Submit(sqe, 1);
  EXPECT_EQ(AwaitEnd(1).res, -ECONNREFUSED);
  EXPECT_EQ(Of(1).size(), 1U);
}

TEST_P(RingContract, ASocketThatIsNotConnectedHasNoRemoteAddress) {
  const int fd = Keep(kernel().OpenSocket(AF_INET));
  sockaddr_storage address{};
  EXPECT_EQ(kernel().RemoteAddress(fd, &address), -ENOTCONN);
  EXPECT_EQ(kernel().Shutdown(fd, SHUT_WR), -ENOTCONN);
}

TEST_P(RingContract, DirectCallsOnADescriptorThatIsNoneFail) {
  constexpr int kNone = 1 << 20;
  sockaddr_storage address{};
  EXPECT_EQ(kernel().RemoteAddress(kNone, &address), -EBADF);
  EXPECT_EQ(kernel().SetNoDelay(kNone), -EBADF);
  EXPECT_EQ(kernel().BindSource(kNone, Ipv4Source(0x7f00'0001), sizeof(sockaddr_in)), -EBADF);
  EXPECT_EQ(kernel().Shutdown(kNone, SHUT_WR), -EBADF);
  EXPECT_EQ(kernel().Close(kNone), -EBADF);
}

}  // namespace
}  // namespace ringway::contract
