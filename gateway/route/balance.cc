// SPDX-License-Identifier: Apache-2.0
//
// Least sessions, turns, two by chance, rendezvous hashing.
#include "gateway/route/balance.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

#include "gateway/base/check.h"

namespace ringway::route {
namespace {

constexpr uint64_t kGolden = 0x9e37'79b9'7f4a'7c15;

/// The finalizer of splitmix64: each bit of the number reaches all of the result.
uint64_t Mix(uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58'476d'1ce4'e5b9;
  number = (number ^ (number >> 27)) * 0x94d0'49bb'1331'11eb;
  return number ^ (number >> 31);
}

/// FNV-1a behind `hash`. WHY not absl's: that one differs from process to process.
uint64_t Append(uint64_t hash, std::string_view text) {
  for (const char letter : text) {
    hash = (hash ^ static_cast<uint8_t>(letter)) * 0x0000'0100'0000'01b3;
  }
  return hash;
}

/// Whether `a` would have fewer sessions for its weight than `b`, each with one more.
bool HasFewer(const Candidate& a, const Candidate& b) {
  return (uint64_t{a.sessions} + 1) * b.weight < (uint64_t{b.sessions} + 1) * a.weight;
}

uint32_t SumOfWeights(Candidates candidates) {
  uint32_t sum = 0;
  for (const Candidate& each : candidates) sum += each.weight;
  return sum;
}

/// One by chance, as likely as its weight, but never `without` (a place, or candidates.size()).
size_t Draw(Candidates candidates, size_t without, Chance& chance) {
  const uint32_t left_out = without < candidates.size() ? candidates[without].weight : 0;
  uint32_t drawn = chance.Below(SumOfWeights(candidates) - left_out);
  size_t last = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (i == without) continue;
    last = i;
    if (drawn < candidates[i].weight) break;
    drawn -= candidates[i].weight;
  }
  return last;
}

}  // namespace

uint32_t Chance::Below(uint32_t count) {
  state_ += kGolden;
  // Lemire's reduction: the upper half of a product instead of a division.
  return static_cast<uint32_t>((Mix(state_) >> 32) * count >> 32);
}

size_t PickLeastSessions(Candidates candidates) {
  RINGWAY_CHECK(!candidates.empty());
  return static_cast<size_t>(std::min_element(candidates.begin(), candidates.end(), HasFewer) -
                             candidates.begin());
}

size_t PickInTurn(Candidates candidates, std::span<int32_t> owed) {
  RINGWAY_CHECK(!candidates.empty());
  size_t chosen = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    owed[candidates[i].server_index] += static_cast<int32_t>(candidates[i].weight);
    if (owed[candidates[i].server_index] > owed[candidates[chosen].server_index]) chosen = i;
  }
  owed[candidates[chosen].server_index] -= static_cast<int32_t>(SumOfWeights(candidates));
  return chosen;
}

size_t PickRandomTwo(Candidates candidates, Chance& chance) {
  RINGWAY_CHECK(!candidates.empty());
  if (candidates.size() == 1) return 0;
  const size_t first = Draw(candidates, candidates.size(), chance);
  const size_t second = Draw(candidates, first, chance);
  return HasFewer(candidates[second], candidates[first]) ? second : first;
}

// WHY -ln(u)/weight: it is the time until something happens that happens `weight` times a second;
// among several such the first is one of them with a chance of its weight in the sum of all.
size_t PickBySource(Candidates candidates, uint64_t client_key,
                    std::span<const uint64_t> server_keys) {
  RINGWAY_CHECK(!candidates.empty());
  size_t chosen = 0;
  double best = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < candidates.size(); ++i) {
    const uint64_t mixed = Mix(client_key ^ server_keys[candidates[i].server_index]);
    // 53 bits and a half: between 0 and 1, and neither.
    const double uniform = (static_cast<double>(mixed >> 11) + 0.5) * 0x1p-53;
    const double time = -std::log(uniform) / candidates[i].weight;
    if (time < best) {
      best = time;
      chosen = i;
    }
  }
  return chosen;
}

uint64_t ClientKey(const base::SocketAddress& client) {
  std::array<uint8_t, 16> bytes = client.bytes;
  if (client.family == base::AddressFamily::kIpv4) {
    // RFC 4291 2.5.5.2
    bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    std::copy_n(client.bytes.begin(), 4, bytes.begin() + 12);
  }
  std::array<uint64_t, 2> halves{};
  std::memcpy(halves.data(), bytes.data(), sizeof halves);
  return Mix(Mix(halves[0] + kGolden) ^ halves[1]);
}

uint64_t ServerKey(const config::Server& server) {
  constexpr uint64_t kFnvBasis = 0xcbf2'9ce4'8422'2325;
  if (!server.unix_path.empty()) return Mix(Append(Append(kFnvBasis, "unix:"), server.unix_path));
  return Mix(Append(Append(kFnvBasis, server.host), ":") ^ Mix(server.port));
}

}  // namespace ringway::route
