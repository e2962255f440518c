// SPDX-License-Identifier: Apache-2.0
//
// What may go wrong: named probabilities, in ten thousand, each with the event that it is drawn
// for. A seed switches a random subset off, so that faults are met alone and together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tests/sim/random.h"

namespace ringway::sim {

// X(name, highest probability in ten thousand, what happens)
#define RINGWAY_FAULTS(X)                                                                       \
  X(short_receive, 3000, "a receive brings less than is there")                                 \
  X(short_send, 3000, "a send takes less than there is room for")                               \
  X(late, 2500, "an operation waits although it could go on")                                   \
  X(reset, 15, "the network resets a connection")                                               \
  X(epipe, 15, "a send fails with EPIPE while bytes wait to be received")                       \
  X(no_buffers, 300, "a receive ends with -ENOBUFS although there are buffers")                 \
  X(receive_ends, 600, "a multishot receive ends with a good completion, without F_MORE")       \
  X(empty_buffer_at_end, 5000, "the end of a stream comes with a buffer")                       \
  X(data_after_cancel, 4000, "a cancelled receive goes on for a while")                         \
  X(cancel_races_success, 4000, "a cancel finds its target done, or does it by its coming")     \
  X(reorder, 8000, "links complete in another order than they became ready")                    \
  X(completion_after_close, 2500, "a completion comes once more when its descriptor is closed") \
  X(queue_overflow, 2500, "the completion queue is tiny")                                       \
  X(full_submission, 2500, "the submission queue is tiny")                                      \
  X(partial_submit, 500, "an entry takes only some of the submissions")                         \
  X(no_memory, 300, "an entry takes none of the submissions: EAGAIN")                           \
  X(interrupted, 500, "a wait is interrupted by a signal")                                      \
  X(accept_emfile, 700, "accept fails with EMFILE")                                             \
  X(accept_enfile, 500, "accept fails with ENFILE")                                             \
  X(accept_enobufs, 500, "accept fails with ENOBUFS")                                           \
  X(accept_aborted, 700, "accept fails with ECONNABORTED")                                      \
  X(accept_ends, 1500, "a multishot accept ends with a good completion")                        \
  X(socket_emfile, 500, "no descriptor for a backend connection")                               \
  X(connect_refused, 800, "a connect is refused")                                               \
  X(connect_timeout, 500, "a connect ends with ETIMEDOUT")                                      \
  X(connect_unreachable, 500, "a connect ends with EHOSTUNREACH")                               \
  X(connect_silence, 500, "a connect is never answered")                                        \
  X(slow_reader, 3000, "somebody reads little at a time")                                       \
  X(stopped_reader, 2000, "somebody stops reading for a while")                                 \
  X(split_every_byte, 3000, "somebody writes one byte at a time")                               \
  X(exact_deadline, 9000, "time jumps exactly to the deadline")                                 \
  X(late_clock, 3000, "a wait ends later than its deadline")

// Those that only routes of mode "websocket", bulk bytes and unix sockets meet. WHY apart: they are
// drawn from chance of their own, so that what the others draw for a seed does not depend on them.
#define RINGWAY_PASSAGE_FAULTS(X)                                                          \
  X(pipe_emfile, 1500, "no descriptor for a pipe")                                         \
  X(pipe_enfile, 1500, "no pipe: ENFILE")                                                  \
  X(pipe_small, 4000, "a pipe of two pages is granted")                                    \
  X(pipe_of_a_page, 4000, "a pipe of one page is granted")                                 \
  X(small_fragments, 5000, "received bytes lie in pieces of less than a page")             \
  X(short_splice_in, 3000, "a splice takes less than is there")                            \
  X(short_splice_out, 3000, "a splice moves less than there is room for")                  \
  X(splice_in_again, 1500, "a splice finds nothing although there is something")           \
  X(splice_out_again, 1500, "a splice finds no room although there is some")               \
  X(reset_between_halves, 120, "a connection is reset between the two halves of a splice") \
  X(short_ahead, 3000, "a send ahead takes less than there is room for")                   \
  X(ahead_again, 1500, "a send ahead finds no room although there is some")                \
  X(poll_spurious, 300, "a poll says ready, and nothing is")                               \
  X(connect_backlog_full, 800, "a connect to a unix socket finds its backlog full")

// Those that only files meet; apart for the same reason.
#define RINGWAY_FILE_FAULTS(X)                                                        \
  X(open_uncached, 3000, "a name is not in memory although it was")                   \
  X(open_emfile, 500, "no descriptor for a file")                                     \
  X(open_enfile, 500, "no file: ENFILE")                                              \
  X(open_late, 2000, "the ring's open waits long for the disk")                       \
  X(read_cold, 2500, "a probe finds nothing in memory although it is there")          \
  X(probe_refused, 2000, "a file, or all of them, cannot be asked what is in memory") \
  X(short_resident, 3000, "a probe brings less than is in memory")                    \
  X(read_late, 2000, "the ring's read waits long for the disk")                       \
  X(short_read, 3000, "the ring's read brings less than is there")                    \
  X(read_io_error, 300, "the ring's read ends with EIO")                              \
  X(short_sendfile, 3000, "a sendfile moves less than there is room for")             \
  X(sendfile_again, 1500, "a sendfile finds no room although there is some")          \
  X(sendfile_reset, 30, "a connection is reset between two pieces of a file")

// Those that only sends meet which do not wait; apart for the same reason.
#define RINGWAY_NOWAIT_FAULTS(X) \
  X(send_again, 1500, "a send that does not wait finds no room although there is some")

// Drawn apart, also when it strikes: in the runs that it does not, all is as it was without it.
#define RINGWAY_WITHHELD_FAULTS(X) X(withheld, 60, "an operation never completes")

#define RINGWAY_ALL_FAULTS(X) \
  RINGWAY_FAULTS(X)           \
  RINGWAY_PASSAGE_FAULTS(X)   \
  RINGWAY_FILE_FAULTS(X)      \
  RINGWAY_NOWAIT_FAULTS(X)    \
  RINGWAY_WITHHELD_FAULTS(X)

enum class Fault : uint8_t {
#define X(name, most, what) k_##name,
  RINGWAY_ALL_FAULTS(X)
#undef X
};

inline constexpr size_t kFaults = 0
#define X(name, most, what) +1
    RINGWAY_ALL_FAULTS(X)
#undef X
    ;

inline constexpr const char* kFaultNames[] = {
#define X(name, most, what) #name,
    RINGWAY_ALL_FAULTS(X)
#undef X
};

constexpr std::optional<Fault> FindFault(std::string_view name) {
  for (size_t i = 0; i < kFaults; ++i) {
    if (name == kFaultNames[i]) return static_cast<Fault>(i);
  }
  return std::nullopt;
}

/// Faults that do not strike, by number. Chance is drawn for them all the same, so that what others
/// draw stays what it was.
using LeftOut = std::array<bool, kFaults>;

/// The first of those that only passages meet, and behind them the first that only files meet.
inline constexpr size_t kFirstPassageFault = static_cast<size_t>(Fault::k_pipe_emfile);
inline constexpr size_t kFirstFileFault = static_cast<size_t>(Fault::k_open_uncached);

/// Where each list of faults is drawn from.
struct FaultChances {
  Random& random;
  Random& of_passages;
  Random& of_files;
  Random& of_hostiles;
  Random& of_times;
};

/// The probabilities of one run, and how often each struck.
struct Faults {
#define X(name, most, what) uint32_t name = 0;
  RINGWAY_ALL_FAULTS(X)
#undef X
  std::array<uint64_t, kFaults> struck{};
  LeftOut left_out{};

  /// Chance has chosen it. Whether it strikes, which is counted.
  bool Strike(Fault fault) {
    const auto i = static_cast<size_t>(fault);
    if (left_out[i]) return false;
    ++struck[i];
    return true;
  }
  /// Each fault is off for half of the seeds; else its probability is anything up to its highest.
  static Faults Draw(const FaultChances& chances) {
    Faults faults;
#define X(name, most, what) faults.name = One(chances.random, most);
    RINGWAY_FAULTS(X)
#undef X
#define X(name, most, what) faults.name = One(chances.of_passages, most);
    RINGWAY_PASSAGE_FAULTS(X)
#undef X
#define X(name, most, what) faults.name = One(chances.of_files, most);
    RINGWAY_FILE_FAULTS(X)
#undef X
#define X(name, most, what) faults.name = One(chances.of_hostiles, most);
    RINGWAY_NOWAIT_FAULTS(X)
#undef X
#define X(name, most, what) faults.name = One(chances.of_times, most);
    RINGWAY_WITHHELD_FAULTS(X)
#undef X
    return faults;
  }
  static uint32_t One(Random& random, uint32_t most) {
    return random.Chance(5000) ? static_cast<uint32_t>(random.Between(1, most)) : 0;
  }

  /// From now on nothing goes wrong.
  void Stop() {
#define X(name, most, what) name = 0;
    RINGWAY_ALL_FAULTS(X)
#undef X
  }
};

/// Draws one fault by its name and counts it where it strikes.
#define RINGWAY_STRIKES(random, faults, name) \
  ((random).Chance((faults).name) && (faults).Strike(Fault::k_##name))

}  // namespace ringway::sim
