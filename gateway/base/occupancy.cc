// SPDX-License-Identifier: Apache-2.0
//
// A table of buckets with two choices: at half load, eight entries in each of two buckets are as
// good as never all taken.
#include "gateway/base/occupancy.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "gateway/base/check.h"

namespace ringway::base {
namespace {

constexpr uint32_t kEntriesPerBucket = 8;  // one cache line
constexpr unsigned kCountBits = 24;
constexpr uint64_t kCountMask = (1ULL << kCountBits) - 1;
constexpr uint64_t kMixA = 0x9e37'79b9'7f4a'7c15;
constexpr uint64_t kMixB = 0xd6e8'feb8'6659'fd93;

/// Both halves of a 128-bit product: each bit of either factor reaches the middle of it.
uint64_t Fold(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

}  // namespace

Occupancy::Occupancy(Mapping cells, Mapping entries, const Shape& shape, uint32_t buckets)
    : cells_(std::move(cells)),
      entries_(std::move(entries)),
      routes_(shape.routes),
      buckets_(buckets),
      seed_(shape.seed) {}

absl::StatusOr<Occupancy> Occupancy::Map(const Shape& shape) {
  const size_t cells_bytes = (1 + size_t{shape.routes} + shape.servers) * sizeof(Cell);
  auto cells = Mapping::Reserve(cells_bytes, "counts of sessions");
  if (!cells.ok()) return cells.status();
  const uint32_t buckets =
      shape.addresses == 0
          ? 0
          : std::bit_ceil(std::max<uint32_t>(2, shape.addresses / (kEntriesPerBucket / 2)));
  const size_t entries = std::max<size_t>(1, size_t{buckets} * kEntriesPerBucket);
  auto table = Mapping::Reserve(entries * sizeof(Entry), "counts of sessions by address");
  if (!table.ok()) return table.status();
  return Occupancy(*std::move(cells), *std::move(table), shape, buckets);
}

Admission Occupancy::Raise(Cell& cell, uint32_t max) {
  uint32_t count = cell.load(kRelaxed);
  do {
    if (max != 0 && count >= max) return Admission::kLimitReached;
  } while (!cell.compare_exchange_weak(count, count + 1, kRelaxed));
  return Admission::kAdmitted;
}

void Occupancy::Lower(Cell& cell) { RINGWAY_CHECK_OP(cell.fetch_sub(1, kRelaxed), >, 0U); }

Occupancy::Key Occupancy::KeyOf(const SocketAddress& client) const {
  uint64_t network = 0;
  const size_t bytes = client.family == AddressFamily::kIpv6 ? 8 : 4;
  std::memcpy(&network, client.bytes.data(), bytes);
  const uint64_t first =
      Fold(network ^ seed_, kMixA ^ static_cast<uint64_t>(client.family)) + seed_;
  const uint64_t second = Fold(first, kMixB);
  const auto mask = buckets_ - 1;
  return {.tag = first & ~kCountMask,
          .buckets = {static_cast<uint32_t>(second) & mask,
                      static_cast<uint32_t>(second >> 32) & mask}};
}

// WHY a race is left: two workers that see the first session of one address at once, while another
// session leaves a bucket, may give it two entries. Each stays below the limit, each is left by its
// own sessions, and both are gone with them: the address may for a while have up to twice its
// limit.
Admission Occupancy::EnterAddress(const SocketAddress& client, uint32_t max, AddressSlot* slot) {
  *slot = kNothing;
  if (buckets_ == 0 || client.family == AddressFamily::kNone) return Admission::kAdmitted;
  const Key key = KeyOf(client);
  while (true) {
    uint32_t chosen = kNothing;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < 2 * kEntriesPerBucket; ++i) {
      const uint32_t index =
          key.buckets[i / kEntriesPerBucket] * kEntriesPerBucket + i % kEntriesPerBucket;
      const uint64_t value = entry(index).load(kRelaxed);
      const bool taken = (value & kCountMask) != 0;
      if (taken && (value & ~kCountMask) != key.tag) continue;
      if (!taken && chosen != kNothing) continue;
      chosen = index;
      seen = value;
      if (taken) break;
    }
    if (chosen == kNothing) return Admission::kNoRoom;
    const uint64_t count = seen & kCountMask;
    if (count >= (max == 0 ? kCountMask : std::min<uint64_t>(max, kCountMask)))
      return Admission::kLimitReached;
    if (!entry(chosen).compare_exchange_weak(seen, key.tag | (count + 1), kRelaxed)) continue;
    *slot = chosen;
    return Admission::kAdmitted;
  }
}

void Occupancy::LeaveAddress(AddressSlot slot) {
  if (slot == kNothing) return;
  RINGWAY_CHECK_OP(entry(slot).fetch_sub(1, kRelaxed) & kCountMask, >, 0U);
}

}  // namespace ringway::base
