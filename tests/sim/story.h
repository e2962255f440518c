// SPDX-License-Identifier: Apache-2.0
//
// The story of a session, or of several that share a backend: what a client and whoever serves it
// do, and what becomes of them.
#pragma once

#include <cstdint>
#include <vector>

#include "gateway/config/config.h"
#include "tests/sim/file_plan.h"
#include "tests/sim/hostile_plan.h"
#include "tests/sim/tape.h"

namespace ringway::sim {

enum class Opening : uint8_t {
  kValid,
  kGarbage,    ///< no HTTP: 400
  kNoRoute,    ///< 404
  kNoUpgrade,  ///< 426
  kTooLarge,   ///< 431
  kNever,      ///< stops in the middle: 408, or the drain
  kLeaves,     ///< FIN in the middle
};

enum class ClientEnding : uint8_t {
  kCloseWhenSent,   ///< a Close as soon as everything was sent
  kCloseWhenWhole,  ///< a Close when everything that is owed has come
  kWait,            ///< the backend ends first
  kFin,             ///< FIN without a Close
  kReset,
  kVanish,    ///< neither reads nor writes any more
  kBadFrame,  ///< an unmasked frame: 1002
};

enum class BackendKind : uint8_t {
  kEcho,    ///< answers each byte
  kTalker,  ///< sends by itself
  kSink,    ///< sends nothing
};

enum class BackendEnding : uint8_t {
  kWithClient,  ///< closes when the gateway has half-closed and everything was sent
  kHalfClose,   ///< half-closes when everything was sent, and goes on reading
  kReset,       ///< resets after some bytes
};

/// What a service of a route of mode "websocket" says to a handshake.
enum class Answer : uint8_t {
  kSwitches,     ///< 101
  kWithLength,   ///< a body with Content-Length
  kChunked,      ///< a chunked one
  kEmpty,        ///< a redirection without one
  kUntilClose,   ///< one that ends with the connection
  kWrongAccept,  ///< a 101 that answers another key
  kGarbage,      ///< no HTTP
  kCut,          ///< a body that ends before its length
  kSilence,
  kCloses,
};

/// How somebody moves bytes: at most so many at a time, so long apart.
struct Pace {
  uint32_t bytes_max = 65536;
  uint64_t pause_ns_max = 100'000;
  uint64_t stop_from_ns = UINT64_MAX;  ///< does not read from then
  uint64_t stop_until_ns = 0;          ///< until then
};

struct Story {
  bool takes_part = true;  ///< else nobody comes, and nothing is owed
  uint64_t begin_ns = 0;   ///< after the start
  uint32_t clients = 1;    ///< each with a session of its own; one backend serves them all
  uint64_t apart_ns = 0;   ///< one comes so long after the other
  uint32_t listener = 0;
  bool text = false;  ///< the route's frames
  Opening opening = Opening::kValid;
  bool pipelines = false;  ///< sends its first frames without waiting for the 101
  uint64_t up_bytes = 0;   ///< payload from the client
  uint32_t message_bytes_max = 1;
  uint32_t fragments_max = 1;
  uint32_t ping_chance = 0;  ///< in ten thousand, before each frame
  ClientEnding client_ending = ClientEnding::kCloseWhenSent;
  bool answers_pings = true;
  Pace client_reads;
  Pace client_writes;

  uint32_t empty_servers = 0;  ///< of its backend, in front of the one that answers
  bool one_server = false;     ///< they are addresses of that one
  BackendKind backend = BackendKind::kEcho;
  BackendEnding backend_ending = BackendEnding::kWithClient;
  uint64_t down_bytes = 0;      ///< payload from the backend, an echo's too
  uint64_t reset_at_bytes = 0;  ///< received or sent
  Pace backend_reads;
  Pace backend_writes;

  config::Mode mode = config::Mode::kTcp;
  config::Inspect inspect = config::Inspect::kOff;  ///< kWebSocket, as all that follows
  config::Splice splice = config::Splice::kAuto;
  uint32_t refusals = 0;  ///< answers in front of the last one
  Answer refusal = Answer::kWithLength;
  Answer last_answer = Answer::kSwitches;
  bool sends_interim = false;  ///< a 103 in front of each
  uint32_t body_bytes_max = 1;

  bool unix_server = false;  ///< its backend is found by a path

  std::vector<FileRequest> requests;  ///< kStatic, as what follows
  bool may_be_refused = false;        ///< descriptors or memory may be lacking

  HostilePart hostile;

  uint64_t up_offset = 0;    ///< of the client's tape
  uint64_t down_offset = 0;  ///< of a talker's tape

  /// What is told of one client of it: when it comes, and bytes that are no other's.
  Story OfClient(uint32_t place) const;
  /// So its backend cannot tell by the route alone for whom it is dialled.
  bool SharesBackend() const { return clients > 1 && mode != config::Mode::kStatic; }
  uint32_t ServerCount() const { return one_server ? 1 : empty_servers + 1; }
  Tape UpTape() const { return {text ? TapeKind::kText : TapeKind::kBinary, up_offset}; }
  Tape DownTape() const;
  /// Nobody in it does anything wrong or stops for good: all of it has to arrive.
  bool IsPolite() const;
};

}  // namespace ringway::sim
