// SPDX-License-Identifier: Apache-2.0
//
// Two configurations at once: a session keeps the one that it began with.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/session/harness.h"

namespace ringway::session {
namespace {

constexpr HarnessOptions kOld{.limits = "ping_interval = \"20s\"\nframe_max = \"100B\""};
constexpr HarnessOptions kNew{.route = "frames = \"text\"",
                              .limits = "ping_interval = \"30s\"\nframe_max = \"10B\"",
                              .websocket = ""};

TEST(Snapshot, IsKeptByASessionAfterANewerOneHasCome) {
  Harness newer(kNew);
  Harness harness(kOld);
  harness.Open();
  harness.Renew(newer.snapshot());
  EXPECT_EQ(harness.session().route(), &harness.snapshot().routes[0]);
  EXPECT_EQ(&harness.session().snapshot(), &harness.snapshot());

  // Its limits, the rules of its frames, and its route are the old ones.
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 20 * kSecond);
  harness.WaitUntilDue();
  EXPECT_EQ(harness.FramesToClient(), (std::vector<ServerFrame>{{kPingOpcode, ""}}));
  harness.Forget();
  const std::string payload(50, 'x');
  harness.FromClient(Binary(payload));
  EXPECT_EQ(harness.ToBackend(), payload);
  harness.FromBackend("\xff");
  EXPECT_EQ(harness.FramesToClient(), (std::vector<ServerFrame>{{kBinaryOpcode, "\xff"}}));
  EXPECT_EQ(harness.state(), State::kOpen);
}

TEST(Snapshot, IsTheNewerOneForSessionsThatBeginAfterIt) {
  Harness newer(kNew);
  Harness harness(kOld);
  harness.Renew(newer.snapshot());
  harness.Accept();
  harness.Open();
  EXPECT_EQ(harness.session().route(), &newer.snapshot().routes[0]);
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 30 * kSecond);
  harness.FromBackend("text");
  EXPECT_EQ(harness.FramesToClient(), (std::vector<ServerFrame>{{kTextOpcode, "text"}}));
  harness.FromClient(Binary(std::string(50, 'x')));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kTooBig, 1009);
}

TEST(Snapshot, CountsTheSessionsThatNameIt) {
  Harness newer(kNew);
  Harness harness(kOld);
  EXPECT_EQ(harness.snapshot().sessions, 1U);
  EXPECT_EQ(newer.snapshot().sessions, 1U);
  harness.Open();
  harness.Renew(newer.snapshot());
  EXPECT_EQ(harness.snapshot().sessions, 1U);
  harness.Accept();
  EXPECT_EQ(harness.snapshot().sessions, 0U) << "nobody looks at it any more";
  EXPECT_EQ(newer.snapshot().sessions, 2U);
}

}  // namespace
}  // namespace ringway::session
