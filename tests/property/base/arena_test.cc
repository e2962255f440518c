// SPDX-License-Identifier: Apache-2.0
//
// The arena against a plain count of references, over random takes, shares and returns.
#include "gateway/base/arena.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace ringway::base {
namespace {

constexpr Arena::Counts kCounts = {8, 4, 5, 7, 6};

/// An arena, the leases that are out, and the counts that they must add up to.
class Counted {
 public:
  explicit Counted(uint64_t seed) : random_(seed) {}

  void Step() {
    switch (Below(7)) {
      case 0:
        return Receive(static_cast<BufferClass>(Below(2)));
      case 1:
        return Take(static_cast<BufferClass>(2 + Below(2)));
      case 2:
        return Share();
      case 3:
        return PassThroughAnId();
      case 4:
        return Lend();
      default:
        return Return();
    }
  }

  void ReturnAll() {
    while (!leases_.empty()) Return();
    Check();
  }

  void Check() {
    std::array<uint32_t, kBufferClasses> leased{};
    for (const auto& [id, references] : references_) {
      ++leased[static_cast<size_t>(arena_.ClassOf(id))];
      ASSERT_EQ(arena_.IsShared(id), references > 1) << id;
    }
    for (size_t c = 0; c < kBufferClasses; ++c) {
      ASSERT_EQ(arena_.leased(static_cast<BufferClass>(c)), leased[c]) << "class " << c;
    }
    for (const Lease& lease : leases_) ASSERT_EQ(*lease.data(), Mark(lease.id())) << lease.id();
  }

 private:
  uint32_t Below(size_t bound) { return static_cast<uint32_t>(random_() % bound); }
  static uint8_t Mark(BufferId id) { return static_cast<uint8_t>(id * 37 + 1); }

  bool AllOut(BufferClass c) { return arena_.leased(c) == arena_.count(c); }

  void Receive(BufferClass c) {
    const uint32_t index = arena_.PopReturned(c);
    ASSERT_EQ(index == Arena::kNone, AllOut(c));
    if (index != Arena::kNone) Keep(arena_.Receive(c, index));
  }

  void Take(BufferClass c) {
    const bool all_out = AllOut(c);
    Lease lease = arena_.TryTake(c);
    ASSERT_EQ(static_cast<bool>(lease), !all_out);
    if (lease) Keep(std::move(lease));
  }

  void Lend() {
    for (uint32_t index = arena_.PopReturned(BufferClass::kLent); index != Arena::kNone;
         index = arena_.PopReturned(BufferClass::kLent)) {
      ASSERT_EQ(lent_.erase(index), 1U) << "named twice";
      ASSERT_EQ(references_.count(arena_.IdOf(BufferClass::kLent, index)), 0U);
    }
    const uint32_t index = Below(kCounts[4]);
    if (lent_.insert(index).second) Keep(arena_.Lend(index, &memory_[index]));
  }

  void Keep(Lease lease) {
    ASSERT_EQ(references_.count(lease.id()), 0U) << "lent twice";
    references_[lease.id()] = 1;
    *lease.data() = Mark(lease.id());
    leases_.push_back(std::move(lease));
  }

  void Share() {
    if (leases_.empty() || leases_.size() > 100) return;
    Lease lease = leases_[Below(leases_.size())].Share();
    ++references_[lease.id()];
    leases_.push_back(std::move(lease));
  }

  void PassThroughAnId() {
    if (leases_.empty()) return;
    Lease& lease = leases_[Below(leases_.size())];
    const BufferId id = lease.Detach();
    ASSERT_FALSE(lease);
    lease = arena_.Adopt(id);
  }

  void Return() {
    if (leases_.empty()) return;
    std::swap(leases_[Below(leases_.size())], leases_.back());
    const BufferId id = leases_.back().id();
    if (--references_[id] == 0) references_.erase(id);
    leases_.pop_back();
  }

  std::mt19937_64 random_;
  Arena arena_ = *Arena::Map(kCounts);
  std::map<BufferId, uint32_t> references_;
  std::set<uint32_t> lent_;  ///< those that PopReturned has not named
  std::array<uint8_t, kCounts[4]> memory_{};
  std::vector<Lease> leases_;
};

class ArenaAgainstCounts : public testing::TestWithParam<uint64_t> {};

TEST_P(ArenaAgainstCounts, LendsEachBufferToOneHolderUntilItsLastReferenceIsGone) {
  Counted counted(GetParam());
  for (int step = 0; step < 20'000; ++step) {
    counted.Step();
    if (!HasFatalFailure()) counted.Check();
    if (HasFatalFailure()) FAIL() << "seed " << GetParam() << ", step " << step;
    if (step % 5000 == 4999) counted.ReturnAll();
  }
  counted.ReturnAll();
}

INSTANTIATE_TEST_SUITE_P(Seeds, ArenaAgainstCounts, testing::Range<uint64_t>(1, 9));

}  // namespace
}  // namespace ringway::base
