// SPDX-License-Identifier: Apache-2.0
//
// Fill, pour, and what their results mean.
#include "gateway/splice/splicer.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/base/check.h"
#include "uring/user_data.h"

namespace ringway::splice {
namespace {

enum class Trouble : uint8_t { kNone, kAgain, kBroken, kReset, kUnexpected };

Trouble TroubleOf(int result) {
  if (result >= 0) return Trouble::kNone;
  switch (-result) {
    case EAGAIN:
    case EINTR:
      return Trouble::kAgain;
    case EPIPE:
      return Trouble::kBroken;
    case ECONNRESET:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case ECONNABORTED:
      return Trouble::kReset;
    default:
      return Trouble::kUnexpected;
  }
}

uint64_t UserData(base::Operation operation, base::LinkId id) {
  return uring::UserData{
      .kind = static_cast<uint8_t>(operation), .generation = id.generation, .slot = id.slot}
      .Pack();
}

}  // namespace

Splicer::Splicer(uring::Ring& ring, base::Counters& counters, uint32_t pipes_max)
    : ring_(&ring), counters_(&counters), pipes_(ring.kernel(), counters, pipes_max) {}

FillOutcome Splicer::Fill(int fd, uint32_t bytes_max, SpliceState& state, uint32_t* bytes) {
  RINGWAY_CHECK_OP(state.pipe, ==, kNoPipe);
  const uint16_t index = pipes_.TryTake();
  if (index == kNoPipe) return FillOutcome::kPipeMissing;
  Pipe& pipe = pipes_[index];
  const int result = ring_->kernel().Splice(fd, pipe.ends.write, bytes_max);
  if (result > 0) {
    pipe.bytes = *bytes = static_cast<uint32_t>(result);
    state.pipe = index;
    counters_->bytes_spliced.Add(*bytes);
    bytes_held_ += *bytes;
    return FillOutcome::kBytes;
  }
  pipes_.Return(index);
  switch (TroubleOf(result)) {
    case Trouble::kNone:
      return FillOutcome::kFin;
    case Trouble::kAgain:
      return FillOutcome::kNothing;
    case Trouble::kBroken:
    case Trouble::kReset:
      return FillOutcome::kReset;
    case Trouble::kUnexpected:
      break;
  }
  counters_->completions_unexpected.Add(1);
  return FillOutcome::kUnexpected;
}

void Splicer::PutAhead(std::span<const uint8_t> bytes, SpliceState& state) {
  Pipe& pipe = pipes_[state.pipe];
  RINGWAY_CHECK_OP(bytes.size(), <=, kAheadBytesMax);
  std::ranges::copy(bytes, pipe.ahead.begin());
  pipe.ahead_bytes = static_cast<uint8_t>(bytes.size());
  bytes_held_ += bytes.size();
}

PourOutcome Splicer::Pour(int target_fd, SpliceState& state, uint32_t* bytes) {
  RINGWAY_CHECK_OP(state.pipe, !=, kNoPipe);
  Pipe& pipe = pipes_[state.pipe];
  *bytes = 0;
  int result = 0;
  while (pipe.ahead_bytes > 0) {
    result = ring_->kernel().SendAhead(target_fd, {pipe.ahead.data(), pipe.ahead_bytes});
    if (result < 0) break;
    pipe.ahead_bytes -= static_cast<uint8_t>(result);
    std::memmove(pipe.ahead.data(), pipe.ahead.data() + result, pipe.ahead_bytes);
    *bytes += static_cast<uint32_t>(result);
  }
  while (result >= 0 && pipe.bytes > 0) {
    result = ring_->kernel().Splice(pipe.ends.read, target_fd, pipe.bytes);
    // A pipe that holds bytes has no end of stream: 0 would be a socket that takes nothing.
    if (result == 0) result = -EAGAIN;
    if (result < 0) break;
    pipe.bytes -= static_cast<uint32_t>(result);
    *bytes += static_cast<uint32_t>(result);
  }
  bytes_held_ -= *bytes;
  if (result >= 0) {
    pipes_.Return(std::exchange(state.pipe, kNoPipe));
    return PourOutcome::kEmpty;
  }
  const Trouble trouble = TroubleOf(result);
  if (trouble == Trouble::kAgain) return PourOutcome::kFull;
  counters_->bytes_discarded.Add(Discard(state));
  if (trouble == Trouble::kBroken) return PourOutcome::kBroken;
  if (trouble == Trouble::kReset) return PourOutcome::kReset;
  counters_->completions_unexpected.Add(1);
  return PourOutcome::kUnexpected;
}

uint32_t Splicer::Held(const SpliceState& state) {
  if (state.pipe == kNoPipe) return 0;
  const Pipe& pipe = pipes_[state.pipe];
  return pipe.bytes + pipe.ahead_bytes;
}

uint32_t Splicer::Discard(SpliceState& state) {
  const uint32_t bytes = Held(state);
  bytes_held_ -= bytes;
  if (state.pipe != kNoPipe) pipes_.Return(std::exchange(state.pipe, kNoPipe));
  return bytes;
}

uint32_t Splicer::TakeBack(std::span<uint8_t> out, SpliceState& state) {
  RINGWAY_CHECK_OP(state.pipe, !=, kNoPipe);
  Pipe& pipe = pipes_[state.pipe];
  const auto ahead = static_cast<uint32_t>(std::min<size_t>(out.size(), pipe.ahead_bytes));
  std::memcpy(out.data(), pipe.ahead.data(), ahead);
  pipe.ahead_bytes -= static_cast<uint8_t>(ahead);
  std::memmove(pipe.ahead.data(), pipe.ahead.data() + ahead, pipe.ahead_bytes);
  uint32_t taken = ahead;
  if (pipe.bytes > 0 && taken < out.size()) {
    // A pipe that holds bytes gives them at once.
    const int result = ring_->kernel().ReadPipe(pipe.ends.read, out.subspan(taken));
    const auto bytes = static_cast<uint32_t>(std::max(result, 0));
    pipe.bytes -= std::min(bytes, pipe.bytes);
    taken += bytes;
  }
  bytes_held_ -= taken;
  if (pipe.bytes == 0 && pipe.ahead_bytes == 0) {
    pipes_.Return(std::exchange(state.pipe, kNoPipe));
  }
  return taken;
}

void Splicer::ArmReadable(base::LinkId id, int fd, SpliceState& state) {
  io_uring_sqe* sqe = ring_->NextEntry();
  io_uring_prep_poll_add(sqe, fd, POLLIN | POLLRDHUP);
  sqe->user_data = UserData(base::Operation::kReadable, id);
  state.readable_armed = true;
}

// WHY multishot: io_uring adds POLLRDHUP to every poll, so on a socket whose other end has sent its
// FIN a single one ends at once, each time anew; a multishot one tells of the FIN once and then of
// room.
void Splicer::ArmWritable(base::LinkId id, int fd, SpliceState& state) {
  io_uring_sqe* sqe = ring_->NextEntry();
  io_uring_prep_poll_multishot(sqe, fd, POLLOUT);
  sqe->user_data = UserData(base::Operation::kWritable, id);
  state.writable_armed = true;
  state.writable_ending = false;
}

bool Splicer::OnWritable(const io_uring_cqe& cqe, SpliceState& state) {
  if ((cqe.flags & IORING_CQE_F_MORE) == 0) state.writable_armed = state.writable_ending = false;
  return cqe.res > 0 && (cqe.res & (POLLOUT | POLLERR | POLLHUP)) != 0;
}

bool Splicer::DisarmWritable(base::LinkId id, SpliceState& state) {
  if (!state.writable_armed || state.writable_ending) return false;
  io_uring_sqe* sqe = ring_->NextEntry();
  io_uring_prep_cancel64(sqe, UserData(base::Operation::kWritable, id), 0);
  sqe->user_data = UserData(base::Operation::kCancel, id);
  state.writable_ending = true;
  return true;
}

}  // namespace ringway::splice
