// SPDX-License-Identifier: Apache-2.0
//
// The contract of unix stream sockets: found by their path, and from then on as TCP's are.
#include <sys/un.h>

#include "tests/kernel/ring_contract_passage.h"

namespace ringway::contract {
namespace {

TEST_P(RingContractPassage, AConnectFindsItsServerByItsPath) {
  Connection connection = ConnectUnix(1);
  ASSERT_NE(connection.remote, nullptr);
  const std::vector<uint8_t> text = Bytes("dialled");
  PrepareSend(connection.fd, text, 2);
  EXPECT_EQ(ReadRemote(*connection.remote, text.size()), text);
  sockaddr_storage found{};
  EXPECT_EQ(kernel().RemoteAddress(connection.fd, &found), 0);
  const sockaddr_storage server = world().UnixServerAddress();
  EXPECT_EQ(found.ss_family, AF_UNIX);
  EXPECT_STREQ(reinterpret_cast<const sockaddr_un&>(found).sun_path,
               reinterpret_cast<const sockaddr_un&>(server).sun_path);
}

TEST_P(RingContractPassage, BothDirectionsWork) {
  Connection connection = ConnectUnix(1);
  ASSERT_NE(connection.remote, nullptr);
  ReceiveBuffers& buffers = AddBuffers(8, 64);
  buffers.OfferAll();
  const std::vector<uint8_t> out = loopback::Pattern(0, 4000);
  WriteRemote(*connection.remote, loopback::Pattern(7, 3000));
  PrepareSend(connection.fd, out, 3);
  EXPECT_EQ(ReceiveAll(connection.fd, buffers, 3000, 2), loopback::Pattern(7, 3000));
  EXPECT_EQ(AwaitEnd(3).res, 4000);
  EXPECT_EQ(ReadRemote(*connection.remote, 4000), out);
}

TEST_P(RingContractPassage, ItIsSplicedAsTcpIs) {
  Connection local = ConnectUnix(1);
  ASSERT_NE(local.remote, nullptr);
  Connection tcp = Connect();
  uring::PipeEnds pipe;
  ASSERT_GT(kernel().OpenPipe(64 * 1024, &pipe), 0);
  Keep(pipe.read);
  Keep(pipe.write);
  const auto pass = [&](Connection& from, Connection& to) {
    WriteRemote(*from.remote, Bytes("through a pipe"));
    int moved = -EAGAIN;
    EXPECT_TRUE(TurnUntil([&] {
      moved = kernel().Splice(from.fd, pipe.write, 1 << 20);
      return moved != -EAGAIN;
    }));
    EXPECT_EQ(moved, 14);
    EXPECT_EQ(kernel().SendAhead(to.fd, Bytes("ahead, ")), 7);
    EXPECT_EQ(kernel().Splice(pipe.read, to.fd, 1 << 20), 14);
    EXPECT_EQ(ReadRemote(*to.remote, 21), Bytes("ahead, through a pipe"));
  };
  pass(local, tcp);
  pass(tcp, local);
}

TEST_P(RingContractPassage, ItsStreamsEndInBothDirections) {
  Connection connection = ConnectUnix(1);
  ASSERT_NE(connection.remote, nullptr);
  ReceiveBuffers& buffers = AddBuffers(4, 16);
  buffers.OfferAll();
  EXPECT_EQ(kernel().Shutdown(connection.fd, SHUT_WR), 0);
  EXPECT_EQ(AwaitRemoteEnd(*connection.remote), StreamEnd::kFin);
  WriteRemote(*connection.remote, Bytes("last"));
  EXPECT_EQ(ReceiveAll(connection.fd, buffers, 4, 2), Bytes("last"));
  connection.remote->ShutdownWrite();
  EXPECT_EQ(AwaitEnd(2).res, 0);
}

TEST_P(RingContractPassage, AConnectToAPathThatNobodyHasMadeIsEnoent) {
  const int fd = Keep(kernel().OpenSocket(AF_UNIX));
  ConnectTo(fd, world().AbsentPath(), 1);
  EXPECT_EQ(AwaitEnd(1).res, -ENOENT);
}

TEST_P(RingContractPassage, WhatIsTcpsIsNotSupported) {
  const int fd = Keep(kernel().OpenSocket(AF_UNIX));
  EXPECT_EQ(kernel().SetNoDelay(fd), -EOPNOTSUPP);
  EXPECT_EQ(kernel().BindSource(fd, world().ServerAddress(), sizeof(sockaddr_storage)),
            -EOPNOTSUPP);
}

}  // namespace
}  // namespace ringway::contract
