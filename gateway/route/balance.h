// SPDX-License-Identifier: Apache-2.0
//
// The four ways to choose one of several servers, each a function over those that may be chosen.
// What may be chosen, and what a choice costs, is server_choice.h's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "gateway/base/socket_address.h"
#include "gateway/config/config.h"

namespace ringway::route {

/// A server that may be chosen.
struct Candidate {
  uint32_t server_index = 0;  ///< its place in Backend::servers
  uint32_t weight = 1;        ///< 1 to kWeightMax
  uint32_t sessions = 0;      ///< over all workers
};

/// 1 to kServersPerBackendMax of them, with different indices. Each function below returns the
/// place of the chosen one in it; the first wins among equals, so whoever wants equals to take
/// turns begins with another one each time.
using Candidates = std::span<const Candidate>;

/// Numbers by chance, the same ones for the same seed: splitmix64 (Steele, Lea, Flood 2014).
class Chance {
 public:
  explicit Chance(uint64_t seed) : state_(seed) {}
  /// 0 to `count` - 1, each equally likely but for one in 2^32. REQUIRES: count > 0.
  uint32_t Below(uint32_t count);

 private:
  uint64_t state_;
};

/// The one that would have the fewest sessions for its weight with this one more.
[[nodiscard]] size_t PickLeastSessions(Candidates candidates);

/// Smooth weighted turns (nginx's): in as many choices as the weights' sum each is chosen as often
/// as its weight says, as evenly between the others as can be. `owed`: of each server by its index,
/// zero at first: how far it is behind its share, in choices times the sum of weights.
[[nodiscard]] size_t PickInTurn(Candidates candidates, std::span<int32_t> owed);

/// Two different ones by chance, each as likely as its weight; of them the one with fewer sessions
/// for its weight. WHY two: no worker needs all counts to be fresh, and still none is overrun
/// (Mitzenmacher 2001).
[[nodiscard]] size_t PickRandomTwo(Candidates candidates, Chance& chance);

/// Weighted rendezvous hashing (Thaler, Ravishankar 1998): each pair of client and server has a
/// number, the best of a client's numbers wins. Whoever leaves takes only his own clients along,
/// and each of them goes to the server that comes next in his own order. `server_keys`: of each
/// server by its index.
[[nodiscard]] size_t PickBySource(Candidates candidates, uint64_t client_key,
                                  std::span<const uint64_t> server_keys);

/// What PickBySource knows a client by: its address without the port; an IPv4 address that is
/// mapped into IPv6 is the same client. The same in every process.
[[nodiscard]] uint64_t ClientKey(const base::SocketAddress& client);

/// What PickBySource knows a server by: what the configuration calls it, so that neither its
/// place in the list nor a new address of its name moves clients. The same in every process.
[[nodiscard]] uint64_t ServerKey(const config::Server& server);

}  // namespace ringway::route
