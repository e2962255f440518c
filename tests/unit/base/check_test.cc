// SPDX-License-Identifier: Apache-2.0
//
// What a failed check prints, and that it is on in every build.
#include "gateway/base/check.h"

#include <gtest/gtest.h>

#include <csignal>

namespace ringway::base {
namespace {

TEST(Check, PassesInSilence) {
  RINGWAY_CHECK(1 + 1 == 2);
  RINGWAY_CHECK_OP(1, <, 2);
}

TEST(Check, PrintsFileLineAndConditionAndAborts) {
  EXPECT_EXIT(RINGWAY_CHECK(1 + 1 == 3), testing::KilledBySignal(SIGABRT),
              "check_test.cc:[0-9]+: check failed: 1 \\+ 1 == 3");
}

TEST(Check, PrintsBothValues) {
  const int leases = 5;
  const int buffers = -7;
  EXPECT_DEATH(RINGWAY_CHECK_OP(leases, ==, buffers), "leases == buffers \\(left 5, right -7\\)");
}

TEST(Check, EvaluatesAPassingConditionOnce) {
  int calls = 0;
  RINGWAY_CHECK(++calls == 1);
  RINGWAY_CHECK_OP(++calls, ==, 2);
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace ringway::base
