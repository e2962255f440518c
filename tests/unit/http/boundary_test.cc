// SPDX-License-Identifier: Apache-2.0
//
// Boundaries differ wherever somebody could compare them.
#include "gateway/http/boundary.h"

#include <gtest/gtest.h>

#include <set>

namespace ringway::http {
namespace {

TEST(Boundary, IsTheSameForTheSameAnswer) { EXPECT_EQ(BoundaryOf(7, 9), BoundaryOf(7, 9)); }

TEST(Boundary, IsAnotherForEachAnswerAndEachSecret) {
  std::set<uint64_t> seen;
  for (uint64_t secret = 0; secret < 20; ++secret) {
    for (uint64_t number = 0; number < 500; ++number) seen.insert(BoundaryOf(secret, number));
  }
  EXPECT_EQ(seen.size(), 20U * 500U);
}

}  // namespace
}  // namespace ringway::http
