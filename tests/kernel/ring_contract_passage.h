// SPDX-License-Identifier: Apache-2.0
//
// The fixture for what a passage of unread bytes needs: pipes, splices, waits until a socket is
// readable or writable, unix sockets.
#pragma once

#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "tests/kernel/ring_contract.h"

namespace ringway::contract {

class RingContractPassage : public RingContract {
 protected:
  static constexpr uint32_t kPage = 4096;
  static constexpr uint32_t kPipeBytes = 16 * kPage;
  static constexpr uint32_t kMuch = 1 << 20;

  /// A pipe whose ends are closed with the test.
  uring::PipeEnds OpenPipe(uint32_t bytes) {
    uring::PipeEnds ends;
    EXPECT_GE(kernel().OpenPipe(bytes, &ends), static_cast<int>(kPage));
    Keep(ends.read);
    Keep(ends.write);
    return ends;
  }

  /// A splice, again with each turn for as long as it says -EAGAIN.
  int AwaitSplice(int from, int to, uint32_t bytes) {
    int result = -EAGAIN;
    EXPECT_TRUE(TurnUntil([&] {
      result = kernel().Splice(from, to, bytes);
      return result != -EAGAIN;
    }));
    return result;
  }

  /// Turns for a while in which a splice has nothing to move.
  void ExpectAgain(int from, int to) {
    for (int i = 0; i < kQuietTurns; ++i) {
      ASSERT_EQ(kernel().Splice(from, to, kMuch), -EAGAIN);
      Turn();
    }
  }

  /// Splices bytes of the pattern to a socket that nobody reads until it is full; `*pending`: what
  /// is left in the pipe. Returns how many bytes the socket took.
  size_t FillSocket(Connection& source, const uring::PipeEnds& pipe, int fd, size_t* pending) {
    size_t spliced = 0;
    size_t written = 0;
    *pending = 0;
    EXPECT_TRUE(TurnUntil([&] {
      if (*pending == 0) {
        const size_t taken = source.remote->Write(loopback::Pattern(written, 8192));
        EXPECT_GT(taken, 0U);
        written += taken;
        while (*pending < taken) {
          const int in = AwaitSplice(source.fd, pipe.write, kMuch);
          if (in <= 0) return true;
          *pending += static_cast<size_t>(in);
        }
      }
      const int out = kernel().Splice(pipe.read, fd, kMuch);
      if (out == -EAGAIN) return true;
      EXPECT_GT(out, 0);
      spliced += static_cast<size_t>(std::max(out, 0));
      *pending -= static_cast<size_t>(std::max(out, 0));
      return out <= 0;
    }));
    return spliced;
  }

  void ArmPoll(int fd, unsigned events, uint64_t user_data) {
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_poll_add(sqe, fd, events);
    Submit(sqe, user_data);
  }
  void ArmMultishot(int fd, unsigned events, uint64_t user_data) {
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_poll_multishot(sqe, fd, events);
    Submit(sqe, user_data);
  }
  /// A send that does not wait, of one slice. Over when this returns; its result.
  int SendAtOnce(int fd, std::span<const uint8_t> bytes, uint64_t user_data) {
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_send(sqe, fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    Submit(sqe, user_data);
    return ResultAtOnce(user_data);
  }
  /// The same of two slices.
  int GatherAtOnce(int fd, std::span<const uint8_t> bytes, uint64_t user_data) {
    const size_t half = bytes.size() / 2;
    auto* at = const_cast<uint8_t*>(bytes.data());
    std::array<iovec, 2> pieces = {{{.iov_base = at, .iov_len = half},
                                    {.iov_base = at + half, .iov_len = bytes.size() - half}}};
    msghdr header{};
    header.msg_iov = pieces.data();
    header.msg_iovlen = pieces.size();
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_sendmsg(sqe, fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    Submit(sqe, user_data);
    return ResultAtOnce(user_data);
  }

  /// Fills a socket without leaving a send behind. Returns how many bytes it took. It stays full
  /// until the other end reads or says something: news from there may carry its window too. WHY not
  /// by SendAhead: the last of those bytes leave by a timer, and make room then.
  size_t Fill(int fd) {
    constexpr int kVainRounds = 6;  // longer than an acknowledgement is delayed
    size_t sent = 0;
    for (int vain = 0; vain < kVainRounds; ++vain) {
      while (const size_t taken = SendNow(fd, loopback::Pattern(sent, 8192))) {
        sent += taken;
        vain = -1;
      }
      QuietTurns();
    }
    return sent;
  }
  /// What a send takes that does not wait.
  size_t SendNow(int fd, const std::vector<uint8_t>& bytes) {
    return static_cast<size_t>(std::max(SendAtOnce(fd, bytes, ++now_user_data_), 0));
  }

  void ConnectTo(int fd, const sockaddr_storage& address, uint64_t user_data) {
    address_ = address;
    io_uring_sqe* sqe = ring().NextEntry();
    io_uring_prep_connect(sqe, fd, reinterpret_cast<const sockaddr*>(&address_),
                          sizeof(sockaddr_un));
    Submit(sqe, user_data);
  }
  /// A connection to the world's unix server.
  Connection ConnectUnix(uint64_t user_data) {
    const int fd = Keep(kernel().OpenSocket(AF_UNIX));
    ConnectTo(fd, world().UnixServerAddress(), user_data);
    EXPECT_EQ(AwaitEnd(user_data).res, 0);
    Connection connection{.fd = fd, .remote = nullptr};
    EXPECT_TRUE(
        TurnUntil([&] { return (connection.remote = world().TakeUnixDialled()) != nullptr; }));
    return connection;
  }

 private:
  int ResultAtOnce(uint64_t user_data) {
    ring().Flush();
    Collect();
    EXPECT_TRUE(Ended(user_data)) << "a send that does not wait is in flight";
    return AwaitEnd(user_data).res;
  }

  uint64_t now_user_data_ = 1'000'000;
  sockaddr_storage address_{};  ///< read when it is submitted
};

}  // namespace ringway::contract
