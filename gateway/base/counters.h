// SPDX-License-Identifier: Apache-2.0
//
// What a worker counts, and what it holds right now. One writer, the worker; anybody may read at
// any time. Every refusal, drop and unexpected completion has its row in the list below, with the
// sentence a person reads.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace ringway::base {

/// A number that one thread raises and others read.
class Counter {
 public:
  /// WHY relaxed load and store instead of fetch_add: there is one writer, so no locked
  /// instruction is needed; a reader sees some recent value, never a torn one.
  void Add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

/// A number that one thread sets and others read; each read sees some recent value, never a torn
/// one.
class Gauge {
 public:
  void Set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

/// What one worker holds, as it stood at the end of its last turn; between turns nothing changes.
/// Six numbers, each read by itself: two of them may come from two neighbouring turns.
struct Gauges {
  Gauge sessions_open;
  Gauge links_open;
  Gauge leases_out;    ///< buffers of the arena, of all classes with memory, that somebody holds
  Gauge bytes_queued;  ///< in all send queues and pipes
  Gauge half_open;     ///< of the sessions: connections without a whole request, or between two
  Gauge files_open;    ///< and in memory: remembered, or on their way to a client
};

// X(name, what it counts)
#define RINGWAY_COUNTERS(X)                                                                      \
  X(turns, "turns of the worker's loop")                                                         \
  X(completions, "completions reaped from the ring")                                             \
  X(completions_stale, "completions for a link that is gone, ignored")                           \
  X(completions_unexpected, "completions with a result that no rule names; their link closed")   \
  X(accepted, "client connections accepted")                                                     \
  X(accept_errors, "accepts that failed, and connections closed for want of a slot")             \
  X(accept_paused, "times accept waited because every session slot was taken")                   \
  X(sessions_opened, "handshakes that ended with 101")                                           \
  X(sessions_ended, "sessions that ended after their 101")                                       \
  X(handshakes_refused, "handshakes that ended with an HTTP refusal")                            \
  X(handshakes_timed_out, "clients whose request head did not come in time")                     \
  X(handshakes_abandoned, "clients that left before their handshake ended")                      \
  X(refused_by_sessions_max, "clients refused with 503 because of sessions_max")                 \
  X(refused_by_address,                                                                          \
    "clients refused with 429 (or 503, the table is full) because of sessions_per_address")      \
  X(refused_by_route, "clients refused with 503 because of a route's sessions_max")              \
  X(refused_by_servers_full,                                                                     \
    "clients refused with 503 because every server has its sessions_per_server")                 \
  X(refused_by_path, "clients refused with 400 over a path that others read differently")        \
  X(refused_by_origin, "clients refused with 403 because of a route's origins")                  \
  X(refused_by_health, "clients refused with 503 because probes call every server down")         \
  X(dials, "connections begun to backend servers")                                               \
  X(dials_failed, "connections to backend servers that failed or timed out")                     \
  X(dials_of_next_server, "dials of another server after one that failed")                       \
  X(dials_of_next_address, "dials of another address of the same server after one that failed")  \
  X(dials_given_up, "dials given up after try_timeout, because something else could be tried")   \
  X(servers_ejected, "times that dials which failed in a row ejected a server for a while")      \
  X(bytes_spliced, "bytes moved through pipes, without entering user space")                     \
  X(pipes_missing, "times bulk bytes had to take buffers for want of a pipe")                    \
  X(answers_relayed, "answers of backends other than 101, relayed to clients")                   \
  X(answers_refused, "answers of backends that were no good HTTP, or no good 101")               \
  X(answers_timed_out, "backends that took a handshake and did not answer it in time")           \
  X(proxy_headers_refused, "connections closed for a PROXY header: bad, missing, not trusted")   \
  X(dials_without_port, "dials that found no local port free: a backend needs more `source`")    \
  X(file_requests, "requests for files")                                                         \
  X(files_missing, "requests for files answered with 404")                                       \
  X(files_refused, "requests for files answered with 400, 405 or 503")                           \
  X(bytes_sendfile, "bytes of files sent without entering user space")                           \
  X(bytes_read_cold, "bytes of files that were not in memory, read through the ring")            \
  X(file_reads_fixed, "reads of files into registered memory")                                   \
  X(files_changed, "downloads cut because their file changed meanwhile")                         \
  X(files_unreadable, "downloads cut because reading their file failed")                         \
  X(client_bytes_in, "bytes received from clients")                                              \
  X(client_bytes_out, "bytes sent to clients")                                                   \
  X(backend_bytes_in, "bytes received from backends")                                            \
  X(backend_bytes_out, "bytes sent to backends")                                                 \
  X(messages_in, "data messages from clients")                                                   \
  X(frames_out, "data frames to clients")                                                        \
  X(pings_in, "pings from clients")                                                              \
  X(pings_skipped, "pings not answered because newer ones came in the same receive")             \
  X(pings_out, "pings to clients")                                                               \
  X(pings_postponed, "pings that had to wait for memory")                                        \
  X(pong_timeouts, "clients that answered no ping in time")                                      \
  X(idle_timeouts, "sessions that ended idle")                                                   \
  X(close_timeouts, "closings that did not end in time and were cut")                            \
  X(protocol_errors, "clients refused for breaking RFC 6455")                                    \
  X(invalid_payloads, "text that was not UTF-8, from either side")                               \
  X(too_big, "frames or messages over their limit")                                              \
  X(backend_resets, "backends that reset their connection")                                      \
  X(client_resets, "clients that vanished without a Close")                                      \
  X(backends_left, "backends that ended while the client did not take what came before")         \
  X(bytes_discarded, "bytes received that nobody could take any more")                           \
  X(sends, "sends submitted")                                                                    \
  X(sends_short, "sends that took fewer bytes than offered")                                     \
  X(sends_full, "sends that found no room in the socket")                                        \
  X(pongs_dropped, "runs of pongs without a place behind what waits for their client")           \
  X(requests_dropped,                                                                            \
    "pipelined requests that no buffer was left to hold; their connection ended")                \
  X(pongs_replaced, "pongs that newer ones took the place of while their client does not read")  \
  X(handshakes_over_share, "handshakes refused because too many already wait for their backend") \
  X(half_open_evicted, "connections without a whole request, closed to make room for others")    \
  X(resting_evicted, "connections at rest between requests, closed to make room for others")     \
  X(pipes_emptied, "pipes whose target took nothing, emptied into buffers")                      \
  X(pipes_stalled, "pipes left full because their target's queue already had its share")         \
  X(turns_cut, "turns that left completions for the next because their work was used up")        \
  X(receives_starved, "receives that found no buffer")                                           \
  X(receives_paused, "receives that stopped because credit was used up")                         \
  X(bytes_moved_to_chunks, "queued bytes copied so that receive buffers go back to the ring")    \
  X(closes_received, "Close frames from clients")                                                \
  X(pool_exhausted, "sessions ended because a pool of buffers had none left")                    \
  X(files_opened, "files opened")                                                                \
  X(files_opened_cold, "files opened through the ring, their name not in memory")                \
  X(files_found, "files and missing names answered from memory, without a look at the disk")     \
  X(files_kept, "small files whose content was put in memory")                                   \
  X(files_evicted, "names forgotten because others took their place")                            \
  X(submissions_flushed, "times the submission queue was full within one turn")

/// All counters of one worker.
struct Counters {
#define X(name, help) Counter name;
  RINGWAY_COUNTERS(X)
#undef X

  /// Calls visit(name, help, value) for each counter, in the order of the list.
  template <typename Visitor>
  void Visit(Visitor&& visit) const {
#define X(name, help) visit(std::string_view(#name), std::string_view(help), (name).value());
    RINGWAY_COUNTERS(X)
#undef X
  }
};

}  // namespace ringway::base
