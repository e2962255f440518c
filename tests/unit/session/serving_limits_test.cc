// SPDX-License-Identifier: Apache-2.0
//
// static mode where something runs out: time, buffers, a route's sessions.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/unit/session/serving_text.h"

namespace ringway::session {
namespace {

using base::BufferClass;

constexpr HarnessOptions kTimes{.limits = "handshake_timeout = \"10s\"\nidle_timeout = \"60s\"",
                                .files = ""};

// ---- Time

// A file that is answered at once leaves the timer alone, which a relayed answer has set late.
TEST(ServingTimer, IsNotThatOfTheAnswerBeforeForTheNextRequest) {
  HarnessOptions options = kTimes;
  options.websocket = "";
  Harness harness(options);
  harness.files().Keep("f", "small");
  harness.FromClient(std::string(kWsRequest) + Get("/files/f"));
  harness.Dialed();
  harness.FromBackend("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 60 * kSecond);
  harness.Below();
  ASSERT_EQ(harness.state(), State::kServing);
  harness.Below();
  ASSERT_EQ(harness.state(), State::kHandshake);
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 10 * kSecond);
}

TEST(ServingTimer, EndsADownloadThatStands) {
  Harness harness(kTimes);
  harness.files().Store("f", std::string(9000, 'f'));
  harness.FromClient(Get("/files/f"));
  const uint64_t asked_ns = harness.now_ns();
  harness.Advance(20 * kSecond);
  harness.session().OnSent(kClient, harness.now_ns());
  while (harness.state() == State::kServing) harness.WaitUntilDue();
  EXPECT_EQ(harness.now_ns(), asked_ns + 80 * kSecond);
  EXPECT_EQ(harness.Story(), "drop client, timer");
  ExpectEnding(harness, EndSide::kGateway, EndReason::kIdle, 200);
  EXPECT_EQ(harness.counters().idle_timeouts.value(), 1U);
}

TEST(ServingTimer, OfTheNextRequestIsThereWhereSessionsMayIdleForEver) {
  Harness harness({.limits = "handshake_timeout = \"10s\"\nidle_timeout = \"0s\"", .files = ""});
  harness.files().Store("f", std::string(9000, 'f'));
  harness.FromClient(Get("/files/f"));
  harness.Below();
  ASSERT_EQ(harness.state(), State::kHandshake);
  harness.FromClient("GET /files/f HTTP");
  const uint64_t asked_ns = harness.now_ns();
  while (harness.state() == State::kHandshake) harness.WaitUntilDue();
  EXPECT_LE(harness.now_ns(), asked_ns + 11 * kSecond);
  ExpectEnding(harness, EndSide::kGateway, EndReason::kHandshakeTimeout, 408);
}

TEST(ServingTimer, EndsALookThatBringsNothing) {
  Harness harness(kTimes);
  harness.files().Forget();
  harness.FromClient(Get("/files/f"));
  while (harness.state() == State::kServing) harness.WaitUntilDue();
  ExpectEnding(harness, EndSide::kGateway, EndReason::kIdle, 0);
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  EXPECT_EQ(harness.leased(BufferClass::kCell), 1U) << "the name, until the look has ended";
}

TEST(ServingTimer, SparesADownloadThatMoves) {
  Harness harness(kTimes);
  harness.files().Store("f", std::string(9000, 'f'));
  harness.FromClient(Get("/files/f"));
  for (int i = 0; i < 10; ++i) {
    harness.Advance(50 * kSecond);
    harness.session().OnSent(kClient, harness.now_ns());
    if (harness.now_ns() >= harness.due_ns()) harness.Due();
    ASSERT_EQ(harness.state(), State::kServing);
  }
  ExpectAtRest(harness);
}

TEST(ServingTimer, IsSetBackForTheNextRequest) {
  Harness harness(kTimes);
  harness.files().Store("f", std::string(9000, 'f'));
  harness.FromClient(Get("/files/f"));
  harness.WaitUntilDue();  // the time for the head: it came, so the answer's counts
  EXPECT_EQ(harness.Story(), "timer");
  EXPECT_GT(harness.due_ns(), harness.now_ns() + 40 * kSecond);
  harness.Below();
  EXPECT_EQ(harness.Story(), "timer");
  EXPECT_EQ(harness.due_ns(), harness.now_ns() + 10 * kSecond);
  harness.WaitUntilDue();
  ExpectEnding(harness, EndSide::kClient, EndReason::kAnswered, 200);
  EXPECT_EQ(harness.counters().idle_timeouts.value(), 0U);
  EXPECT_EQ(harness.counters().handshakes_timed_out.value(), 0U);
}

TEST(ServingTimer, IsLeftAloneByShortAnswers) {
  Harness harness(kTimes);
  harness.files().Keep("f", "f");
  const uint64_t due_ns = harness.due_ns();
  for (int i = 0; i < 5; ++i) {
    harness.Advance(kSecond);
    harness.FromClient(Get("/files/f"));
    EXPECT_EQ(harness.Story(), "send client, below client");
    harness.Below();
    EXPECT_EQ(harness.Story(), "");
    EXPECT_EQ(harness.due_ns(), due_ns);
  }
  const uint64_t rests_ns = harness.now_ns();
  harness.WaitUntilDue();  // it was the first request's
  EXPECT_EQ(harness.state(), State::kHandshake);
  harness.WaitUntilDue();
  EXPECT_EQ(harness.now_ns(), rests_ns + 10 * kSecond);
  ExpectEnding(harness, EndSide::kClient, EndReason::kAnswered, 200);
}

TEST(ServingTimer, OfTheNextHeadThatStopsIs408) {
  Harness harness(kTimes);
  harness.files().Keep("f", "f");
  harness.FromClient(Get("/files/f") + "GET /fil");
  harness.Below();
  harness.Forget();
  while (harness.state() == State::kHandshake) harness.WaitUntilDue();
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
}

// ---- Buffers

void Expect503(const Harness& harness) {
  EXPECT_EQ(harness.Story(), "drop backend, send client, finish client, timer");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(Has(harness.ToClient(), "\r\nConnection: close\r\n"));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 503);
}

void ExpectCut(const Harness& harness) {
  EXPECT_TRUE(harness.over());
  ExpectEnding(harness, EndSide::kGateway, EndReason::kPoolExhausted, 0);
  EXPECT_EQ(harness.counters().pool_exhausted.value(), 1U);
}

void Fill(Harness& harness) {
  harness.files().Keep("small", "0123456789");
  harness.files().Keep("larger", std::string(5000, 'l'));
  harness.files().Store("stored", std::string(9000, 's'));
  harness.files().Set("folder", FileOutcome::kDirectory);
}

TEST(ServingWithoutChunk, Is503WhereTheAnswerNeedsOne) {
  for (const std::string& request :
       {Get("/files/folder"), Get("/files/larger", "Range: bytes=1-2,4-5\r\n")}) {
    SCOPED_TRACE(request);
    Harness harness(kFiles);
    Fill(harness);
    harness.Hoard(BufferClass::kChunk, 0);
    harness.FromClient(request);
    Expect503(harness);
  }
}

TEST(ServingWithoutChunk, SendsASmallFileFromWhereItIs) {
  Harness harness(kFiles);
  Fill(harness);
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromClient(Get("/files/small"));
  EXPECT_EQ(harness.Story(), "send client, send client, below client");
  EXPECT_TRUE(harness.ToClient().ends_with("\r\n\r\n0123456789"));
}

TEST(ServingWithoutChunk, Is503WhereTheRequestCannotBeHeld) {
  Harness harness(kFiles);
  Fill(harness);
  harness.files().Forget();
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromClient(Get("/files/stored", "X-Long: " + std::string(600, 'x') + "\r\n"));
  Expect503(harness);
  EXPECT_FALSE(harness.find_due());
}

TEST(ServingWithoutChunk, Is503WithoutABodyForHead) {
  Harness harness(kFiles);
  Fill(harness);
  harness.files().Forget();
  harness.Hoard(BufferClass::kChunk, 0);
  harness.FromClient(Ask("HEAD", "/files/stored", "X-Long: " + std::string(600, 'x') + "\r\n"));
  Expect503(harness);
  EXPECT_EQ(BodyOf(harness.ToClient()), "");
}

TEST(ServingWithoutChunk, DoesNotMatterToWhatNeedsNone) {
  Harness harness(kFiles);
  Fill(harness);
  harness.Hoard(BufferClass::kChunk, 0);
  for (const std::string& request :
       {Get("/files/larger"), Get("/files/stored"), Get("/files/none"), Ask("HEAD", "/files/small"),
        Get("/files/larger", "Range: bytes=0-4500\r\n")}) {
    harness.FromClient(request);
    EXPECT_FALSE(Has(harness.ToClient(), " 503 "));
    ExpectAtRest(harness);
  }
}

TEST(ServingWithoutChunk, EndsBehindTheAnswerWhereTheNextRequestCannotBeHeld) {
  Harness harness(kFiles);
  Fill(harness);
  harness.HoardCells();  // the session's own is that of the answer's head
  harness.HoardHeld(harness.stores().held(), 0);
  harness.FromClient(Get("/files/larger") + Get("/files/stored"));
  EXPECT_EQ(harness.Story(), "send client, send client, below client");
  EXPECT_EQ(BodyOf(harness.ToClient()), std::string(5000, 'l'));
  EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  harness.Forget();
  ExpectEnded(harness, EndSide::kGateway, 200);
  EXPECT_EQ(harness.ToClient(), "") << "the second request was dropped";
  EXPECT_EQ(harness.counters().pool_exhausted.value(), 0U);
}

TEST(ServingWithoutCell, SendsAnAnswerInAChunk) {
  for (const std::string& request :
       {Get("/files/small"), Get("/files/stored"), Get("/files/none")}) {
    SCOPED_TRACE(request);
    Harness harness(kFiles);
    Fill(harness);
    harness.Hoard(BufferClass::kCell, 0);
    harness.FromClient(request);
    EXPECT_TRUE(Has(harness.ToClient(), "HTTP/1.1 "));
    ExpectAtRest(harness);
  }
}

TEST(ServingWithoutCell, BeyondTheSessionsOwnAnswersWhateverIsAsked) {
  for (const std::string& request :
       {Get("/files/stored"), Get("/files/none"), Get("/files/%"), Ask("POST", "/files/small")}) {
    SCOPED_TRACE(request);
    Harness harness(kFiles);
    Fill(harness);
    harness.HoardCells();
    harness.Hoard(BufferClass::kChunk, 0);
    harness.FromClient(request);
    EXPECT_TRUE(Has(harness.ToClient(), "HTTP/1.1 "));
    EXPECT_FALSE(Has(harness.ToClient(), " 503 "));
  }
}

TEST(ServingWithoutCell, HoldsALongRequestInAChunkWhileItsFileIsLookedFor) {
  Harness harness(kFiles);
  Fill(harness);
  harness.files().Forget();
  harness.HoardCells();
  harness.FromClient(Get("/files/small", "X-Long: " + std::string(600, 'x') + "\r\n"));
  EXPECT_TRUE(harness.find_due());
  EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
  EXPECT_EQ(harness.held(harness.stores().asking()), 1U) << "the request, and the name behind it";
  harness.Found();
  EXPECT_EQ(BodyOf(harness.ToClient()), "0123456789");
  ExpectAtRest(harness);
}

TEST(ServingWithoutBuffer, CutsAClientBetweenTwoParts) {
  for (int parts = 0; parts < 3; ++parts) {
    for (const std::string_view path : {"/files/larger", "/files/stored"}) {
      Harness harness(kFiles);
      Fill(harness);
      harness.FromClient(Get(path, "Range: bytes=1-2,4-5\r\n"));
      for (int part = 0; part < parts; ++part) harness.Below();
      harness.Hoard(BufferClass::kCell, 0);
      harness.Hoard(BufferClass::kChunk, 0);
      harness.Below();
      ExpectCut(harness);
    }
  }
}

TEST(ServingWithoutSlices, CutsAnAnswerThatHasBegun) {
  for (const std::string_view path : {"/files/small", "/files/stored"}) {
    Harness harness(kFiles);
    Fill(harness);
    harness.FromClient(Get(path) + Get("/files/small"));
    harness.Exhaust();
    ExpectCut(harness);
    EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  }
}

// ---- A route's sessions

TEST(ServingSessionsMax, IsCountedForEachRequest) {
  Harness harness({.files = "sessions_max = 1\n"});
  Fill(harness);
  const uint32_t route = 1;
  harness.FromClient(Get("/files/small"));
  EXPECT_EQ(harness.occupancy().of_route(route), 1U);
  ExpectAtRest(harness);
  // A resting client takes no place.
  ASSERT_EQ(harness.occupancy().EnterRoute(route, 1), base::Admission::kAdmitted);
  harness.FromClient(Get("/files/small"));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(harness.counters().refused_by_route.value(), 1U);
  ExpectEnding(harness, EndSide::kGateway, EndReason::kRefused, 503);
  harness.occupancy().LeaveRoute(route);
  harness.Accept();
  harness.FromClient(Get("/files/stored"));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 200 "));
  harness.End(kClient, LinkEnd::kReset);
  EXPECT_EQ(harness.on_files(), 1U) << "until the session has left";
  harness.Accept();
  EXPECT_EQ(harness.on_files(), 0U);
}

}  // namespace
}  // namespace ringway::session
