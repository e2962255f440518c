// SPDX-License-Identifier: Apache-2.0
//
// What goes into a pipe and out of it.
#include "tests/sim/pipe_calls.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

namespace ringway::sim {
namespace {

/// What an unprivileged user with many pipes gets.
constexpr uint32_t kPipeBytesSmall = 2 * kPageBytes;

}  // namespace

int PipeCalls::Open(uint32_t bytes, uring::PipeEnds* ends) {
  if (RINGWAY_STRIKES(around_.random, around_.faults, pipe_emfile)) return -EMFILE;
  if (RINGWAY_STRIKES(around_.random, around_.faults, pipe_enfile)) return -ENFILE;
  uint32_t granted = KernelPipe::Granted(bytes);
  if (RINGWAY_STRIKES(around_.random, around_.faults, pipe_small)) {
    granted = std::min(granted, kPipeBytesSmall);
  } else if (RINGWAY_STRIKES(around_.random, around_.faults, pipe_of_a_page)) {
    granted = kPageBytes;
  }
  const auto pipe = std::make_shared<KernelPipe>(granted);
  ends->read = tables_->descriptors.Open(DescriptorKind::kPipeRead);
  tables_->descriptors.Find(ends->read)->pipe = pipe;
  ends->write = tables_->descriptors.Open(DescriptorKind::kPipeWrite);
  tables_->descriptors.Find(ends->write)->pipe = pipe;
  RINGWAY_TRACE(around_.verdict, "worker: pipe %d from %d, %u bytes", ends->read, ends->write,
                granted);
  return static_cast<int>(granted);
}

int PipeCalls::Read(int fd, std::span<uint8_t> out) {
  const Descriptor* at = tables_->descriptors.Find(fd);
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

int PipeCalls::Splice(int from, int to, uint32_t bytes) {
  const int result = SpliceOneOf(from, to, bytes);
  RINGWAY_TRACE(around_.verdict, "worker: splice %d to %d, at most %u = %d", from, to, bytes,
                result);
  return result;
}

// In the order in which Linux looks: the length, the descriptors, the pipe, then the socket.
int PipeCalls::SpliceOneOf(int from, int to, uint32_t bytes) {
  if (bytes == 0) return 0;
  const Descriptor* source = tables_->descriptors.Find(from);
  const Descriptor* sink = tables_->descriptors.Find(to);
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
size_t PipeCalls::FragmentBytes() {
  static constexpr size_t kSmall[] = {1, 300, 1448, kPageBytes};
  const bool small = RINGWAY_STRIKES(around_.random, around_.faults, small_fragments);
  return small ? around_.random.Pick(kSmall) : kFragmentBytesMax;
}

int PipeCalls::SpliceIn(int fd, Connection& from, KernelPipe& pipe, uint32_t bytes) {
  tables_->watch.OnDirectBytes(fd, IORING_OP_RECV);
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
  tables_->moved.spliced_in += static_cast<uint64_t>(moved);
  return moved;
}

void PipeCalls::BreakBetweenHalves(const KernelPipe& pipe, Connection& to) {
  const bool at_source = pipe.source != nullptr && around_.random.Chance(5000);
  (at_source ? *pipe.source : to).Break();
}

int PipeCalls::SpliceOut(int fd, KernelPipe& pipe, Connection& to, uint32_t bytes) {
  tables_->watch.OnDirectBytes(fd, IORING_OP_SEND);
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
  tables_->moved.spliced_out += static_cast<uint64_t>(moved);
  return moved;
}

}  // namespace ringway::sim
