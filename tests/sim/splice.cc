// SPDX-License-Identifier: Apache-2.0
//
// The direct calls that move bytes: pipes, splice(2), and the send of what stands in front.
#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "tests/sim/sim_kernel.h"

namespace ringway::sim {
namespace {

/// What an unprivileged user with many pipes gets.
constexpr uint32_t kPipeBytesSmall = 2 * kPageBytes;

bool IsSend(uint8_t opcode) {
  return opcode == IORING_OP_SEND || opcode == IORING_OP_SENDMSG || opcode == IORING_OP_SEND_ZC;
}

}  // namespace

int SimKernel::OpenPipe(uint32_t bytes, uring::PipeEnds* ends) {
  if (RINGWAY_STRIKES(around_.random, around_.faults, pipe_emfile)) return -EMFILE;
  if (RINGWAY_STRIKES(around_.random, around_.faults, pipe_enfile)) return -ENFILE;
  uint32_t granted = KernelPipe::Granted(bytes);
  if (RINGWAY_STRIKES(around_.random, around_.faults, pipe_small)) {
    granted = std::min(granted, kPipeBytesSmall);
  } else if (RINGWAY_STRIKES(around_.random, around_.faults, pipe_of_a_page)) {
    granted = kPageBytes;
  }
  const auto pipe = std::make_shared<KernelPipe>(granted);
  ends->read = NewDescriptor(DescriptorKind::kPipeRead);
  Find(ends->read)->pipe = pipe;
  ends->write = NewDescriptor(DescriptorKind::kPipeWrite);
  Find(ends->write)->pipe = pipe;
  RINGWAY_TRACE(around_.verdict, "worker: pipe %d from %d, %u bytes", ends->read, ends->write,
                granted);
  return static_cast<int>(granted);
}

int SimKernel::ReadPipe(int fd, std::span<uint8_t> out) {
  const Descriptor* at = Find(fd);
  if (at == nullptr || at->kind != DescriptorKind::kPipeRead) return -EBADF;
  KernelPipe& pipe = *at->pipe;
  if (pipe.size() == 0) return pipe.write_open ? -EAGAIN : 0;
  size_t taken = 0;
  while (taken < out.size() && pipe.size() > 0) {
    const auto front = pipe.Front();
    const size_t bytes = std::min(front.size(), out.size() - taken);
    std::copy_n(front.begin(), bytes, out.begin() + static_cast<std::ptrdiff_t>(taken));
    pipe.Pop(bytes);
    taken += bytes;
  }
  RINGWAY_TRACE(around_.verdict, "worker: read of pipe %d = %zu", fd, taken);
  return static_cast<int>(taken);
}

int SimKernel::UnreadBytes(int fd) {
  const Descriptor* at = Find(fd);
  if (at == nullptr) return -EBADF;
  if (at->connection == nullptr) return 0;
  return static_cast<int>(at->connection->up.size());
}

int SimKernel::Splice(int from, int to, uint32_t bytes) {
  const int result = SpliceOneOf(from, to, bytes);
  RINGWAY_TRACE(around_.verdict, "worker: splice %d to %d, at most %u = %d", from, to, bytes,
                result);
  return result;
}

// In the order in which Linux looks: the length, the descriptors, the pipe, then the socket.
int SimKernel::SpliceOneOf(int from, int to, uint32_t bytes) {
  if (bytes == 0) return 0;
  const Descriptor* source = Find(from);
  const Descriptor* sink = Find(to);
  if (source == nullptr || sink == nullptr) return -EBADF;
  if (source->kind == DescriptorKind::kPipeWrite || sink->kind == DescriptorKind::kPipeRead) {
    return -EBADF;
  }
  if (source->kind == DescriptorKind::kSocket && sink->kind == DescriptorKind::kPipeWrite) {
    KernelPipe& pipe = *sink->pipe;
    if (!pipe.read_open) return -EPIPE;
    if (pipe.slots_free() == 0) return -EAGAIN;
    if (source->connection == nullptr) return -ENOTCONN;
    return SpliceIn(from, *source->connection, pipe, bytes);
  }
  if (source->kind == DescriptorKind::kPipeRead && sink->kind == DescriptorKind::kSocket) {
    KernelPipe& pipe = *source->pipe;
    if (pipe.size() == 0) return pipe.write_open ? -EAGAIN : 0;
    if (sink->connection == nullptr) return -EPIPE;
    return SpliceOut(to, pipe, *sink->connection, bytes);
  }
  return -EINVAL;
}

// The bytes of one segment lie together, in pieces that are as long as the memory they came in.
size_t SimKernel::FragmentBytes() {
  static constexpr size_t kSmall[] = {1, 300, 1448, kPageBytes};
  const bool small = RINGWAY_STRIKES(around_.random, around_.faults, small_fragments);
  return small ? around_.random.Pick(kSmall) : kFragmentBytesMax;
}

int SimKernel::SpliceIn(int fd, Connection& from, KernelPipe& pipe, uint32_t bytes) {
  WatchOrder(fd, IORING_OP_RECV);
  if (RINGWAY_STRIKES(around_.random, around_.faults, reset)) from.Break();
  if (RINGWAY_STRIKES(around_.random, around_.faults, splice_in_again)) return -EAGAIN;
  if (from.up.size() == 0) return from.NearReceive({});
  // Linux counts a page for each free slot, whatever will lie in it.
  size_t left = std::min({size_t{bytes}, from.up.size(), pipe.slots_free() * kPageBytes});
  if (left > 1 && RINGWAY_STRIKES(around_.random, around_.faults, short_splice_in)) {
    left = 1 + around_.random.Below(left - 1);
  }
  const size_t fragment = FragmentBytes();
  int moved = 0;
  while (left > 0 && pipe.slots_free() > 0) {
    std::vector<uint8_t> piece(std::min({left, from.up.front_segment(), fragment}));
    from.NearReceive(piece);
    left -= piece.size();
    moved += static_cast<int>(piece.size());
    pipe.Push(std::move(piece));
  }
  pipe.source = &from;
  spliced_in_ += static_cast<uint64_t>(moved);
  return moved;
}

void SimKernel::BreakBetweenHalves(const KernelPipe& pipe, Connection& to) {
  const bool at_source = pipe.source != nullptr && around_.random.Chance(5000);
  (at_source ? *pipe.source : to).Break();
}

int SimKernel::SpliceOut(int fd, KernelPipe& pipe, Connection& to, uint32_t bytes) {
  WatchOrder(fd, IORING_OP_SEND);
  if (RINGWAY_STRIKES(around_.random, around_.faults, reset_between_halves)) {
    BreakBetweenHalves(pipe, to);
  }
  if (const int error = to.NearSendError(); error != 0) return error;
  const size_t room = to.far_closed ? SIZE_MAX : to.down.room();
  to.no_space |= room == 0;
  if (room == 0) return -EAGAIN;
  if (RINGWAY_STRIKES(around_.random, around_.faults, splice_out_again)) {
    ++to.out_wakes;  // Linux marks the socket then: what it lacked comes back with a wake
    return -EAGAIN;
  }
  size_t left = std::min({size_t{bytes}, pipe.size(), room});
  if (left > 1 && RINGWAY_STRIKES(around_.random, around_.faults, short_splice_out)) {
    left = 1 + around_.random.Below(left - 1);
  }
  const int moved = static_cast<int>(left);
  while (left > 0) {
    const std::span<const uint8_t> front = pipe.Front();
    const size_t piece = std::min(left, front.size());
    to.NearSend(front.first(piece));
    pipe.Pop(piece);
    left -= piece;
  }
  spliced_out_ += static_cast<uint64_t>(moved);
  return moved;
}

// The bytes leave at once: what MSG_MORE holds back on Linux is held for 200 ms at most, so nobody
// may count on it.
int SimKernel::SendAhead(int fd, std::span<const uint8_t> bytes) {
  const Descriptor* at = Find(fd);
  if (at == nullptr) return -EBADF;
  if (at->kind != DescriptorKind::kSocket) return -ENOTSOCK;
  if (at->connection == nullptr) return -EPIPE;
  Connection& to = *at->connection;
  WatchOrder(fd, IORING_OP_SEND);
  if (const int error = to.NearSendError(); error != 0) return error;
  if (bytes.empty()) return 0;
  size_t count = to.far_closed ? bytes.size() : std::min(bytes.size(), to.down.room());
  to.no_space |= count == 0;
  if (count == 0) return -EAGAIN;
  if (RINGWAY_STRIKES(around_.random, around_.faults, ahead_again)) {
    ++to.out_wakes;
    return -EAGAIN;
  }
  if (count > 1 && RINGWAY_STRIKES(around_.random, around_.faults, short_ahead)) {
    count = 1 + around_.random.Below(count - 1);
  }
  to.NearSend(bytes.first(count));
  sent_ahead_ += count;
  RINGWAY_TRACE(around_.verdict, "worker: %zu of %zu bytes ahead on %d", count, bytes.size(), fd);
  return static_cast<int>(count);
}

// Bytes that leave beside an operation of the ring have no order with its own.
void SimKernel::WatchOrder(int fd, uint8_t opcode) {
  if (options_.watch == Watch::kContract) return;
  for (const Request& one : requests_) {
    const bool same = opcode == IORING_OP_RECV ? one.opcode == opcode : IsSend(one.opcode);
    if (one.fd != fd || one.done || !same) continue;
    around_.verdict.Fail("bytes of descriptor %d are spliced beside operation %u on it", fd,
                         one.opcode);
  }
}

}  // namespace ringway::sim
