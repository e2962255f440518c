// SPDX-License-Identifier: Apache-2.0
//
// static mode, a connection's life: requests that come in pieces or many at once, what ends it, and
// when.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/session/serving_text.h"

namespace ringway::session {
namespace {

using base::BufferClass;

/// Many, so that an answer of each kind is behind another of each kind.
void Fill(Harness& harness) {
  harness.files().Keep("small", "small");
  harness.files().Keep("larger", std::string(5000, 'l'));
  harness.files().Store("stored", std::string(9000, 's'));
}

// ---- Pipelining

TEST(Pipelining, AnswersRequestsOneByOneAsThereIsRoom) {
  Harness harness(kFiles);
  Fill(harness);
  harness.FromClient(Get("/files/small") + Get("/files/none") + Get("/files/stored") +
                     Get("/files/larger") + Ask("HEAD", "/files/small"));
  EXPECT_EQ(harness.Story(), "send client, below client");
  EXPECT_EQ(harness.leased(BufferClass::kCell), 1U) << "what waits";
  EXPECT_EQ(harness.files().asked.size(), 1U);
  harness.Below();
  EXPECT_TRUE(Has(harness.acts()[0].bytes, " 404 "));
  harness.Below();
  EXPECT_EQ(harness.Story(), "send client, file client, below client");
  harness.Below();
  EXPECT_EQ(harness.Story(), "send client, send client, below client");
  EXPECT_EQ(harness.on_files(), 1U);
  harness.Below();
  EXPECT_EQ(harness.Story(), "send client, below client");
  ExpectAtRest(harness);
  EXPECT_EQ(harness.counters().file_requests.value(), 5U);
}

TEST(Pipelining, HoldsTheRestWhileAFileIsLookedFor) {
  Harness harness(kFiles);
  Fill(harness);
  harness.files().Forget("stored");
  harness.FromClient(Get("/files/stored", "Range: bytes=1-2\r\n") + Get("/files/small") +
                     "GET /files/la");
  EXPECT_EQ(harness.Story(), "find client");
  harness.Found();
  EXPECT_EQ(BodyOf(harness.ToClient()), "ss");
  harness.Forget();
  harness.Below();
  EXPECT_EQ(BodyOf(harness.ToClient()), "small");
  harness.Forget();
  harness.Below();
  EXPECT_EQ(harness.Story(), "");
  EXPECT_EQ(harness.state(), State::kHandshake);
  EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kOnce);
  harness.FromClient("rger HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(BodyOf(harness.ToClient()), std::string(5000, 'l'));
  ExpectAtRest(harness);
}

TEST(Pipelining, LosesNoByteWhereverTheRequestsAreCut) {
  const std::string requests = Get("/files/stored") + "\r\n" + Ask("HEAD", "/files/none") +
                               Get("/files/small", "Range: bytes=0-0,2-2\r\n") +
                               Get("/files/larger", "Connection: close\r\n");
  std::string whole;
  for (const bool forgets : {false, true}) {
    for (size_t cut = 0; cut < requests.size(); ++cut) {
      SCOPED_TRACE(cut);
      Harness harness(kFiles);
      Fill(harness);
      if (forgets) harness.files().Forget();
      const auto serve = [&] {
        while (harness.state() == State::kServing) {
          forgets&& harness.session().ReadingOf(kClient) == Reading::kNot&& harness.find_due()
              ? harness.Found()
              : harness.Below();
        }
      };
      if (cut > 0) harness.FromClient(requests.substr(0, cut));
      serve();
      harness.FromClient(requests.substr(cut));
      serve();
      ExpectEnding(harness, EndSide::kClient, EndReason::kAnswered, 200);
      EXPECT_EQ(harness.counters().file_requests.value(), 4U);
      if (whole.empty()) whole = harness.ToClient();
      EXPECT_EQ(harness.ToClient(), whole);
    }
  }
}

TEST(Pipelining, TakesARequestByteByByte) {
  Harness harness(kFiles);
  Fill(harness);
  for (const std::string& request : {Get("/files/small"), Get("/files/stored")}) {
    for (const char byte : request) harness.FromClient(std::string(1, byte));
    EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 200 "));
    ExpectAtRest(harness);
  }
}

TEST(Pipelining, EndsBehindALongHeadWhoseFollowersHaveNoRoom) {
  for (const bool forgets : {false, true}) {
    Harness harness(kFiles);
    Fill(harness);
    if (forgets) harness.files().Forget();
    // A head of almost 16 KiB, and behind its last bytes more than what is left of a chunk.
    const std::string head = Get("/files/small", "X: " + std::string(16'000, 'x') + "\r\n");
    std::string requests = head;
    while (requests.size() < 16'484) requests.append(Get("/files/larger"));
    harness.FromClient(requests.substr(0, 100));
    for (size_t at = 100; at < head.size(); at += 4096) {
      harness.FromClient(requests.substr(at, 4096));
    }
    if (forgets) harness.Found();
    EXPECT_TRUE(Has(harness.ToClient(), "\r\nConnection: close\r\n"));
    EXPECT_EQ(BodyOf(harness.ToClient()), "small");
    ExpectEnded(harness, EndSide::kClient, 200);
  }
}

TEST(Pipelining, TellsABadRequestBehindAGoodOneFromIt) {
  Harness harness(kFiles);
  Fill(harness);
  harness.FromClient(Get("/files/small") + "GET /files/small HTTP/1.1\r\n\r\n");
  harness.Below();
  EXPECT_EQ(harness.Story(), "send client, finish client, timer");
  EXPECT_TRUE(Has(harness.ToClient(), "\r\n\r\nsmallHTTP/1.1 400 "));
  ExpectEnding(harness, EndSide::kGateway, EndReason::kRefused, 400);
}

TEST(Pipelining, LeadsToAnotherRouteToo) {
  Harness harness(kFiles);
  Fill(harness);
  harness.FromClient(Get("/files/small") + std::string(kRequest));
  EXPECT_EQ(harness.on_files(), 1U);
  harness.Below();
  EXPECT_EQ(harness.Story(), "dial, timer");
  EXPECT_EQ(harness.on_files(), 0U);
  harness.Dialed();
  EXPECT_EQ(harness.state(), State::kOpen);
  harness.FromClient(Text("x"));
  EXPECT_EQ(harness.ToBackend(), "x");
}

// ---- The end, as the client wants it

TEST(ServingEnd, ComesBehindTheAnswerWhereTheClientWantsItSo) {
  Harness harness(kFiles);
  Fill(harness);
  harness.FromClient(Get("/files/stored", "Connection: close\r\n") + Get("/files/small"));
  EXPECT_TRUE(Has(harness.ToClient(), "\r\nConnection: close\r\n"));
  EXPECT_EQ(harness.leased(BufferClass::kCell), 1U);
  ExpectEnded(harness, EndSide::kClient, 200);
  EXPECT_EQ(harness.leased(BufferClass::kCell), 0U);
  EXPECT_FALSE(Has(BodyOf(harness.ToClient()), "HTTP/1.1"));
}

TEST(ServingEnd, OfAClientAtRestIsInOrder) {
  Harness harness(kFiles);
  Fill(harness);
  harness.FromClient(Get("/files/small"));
  ExpectAtRest(harness);
  harness.End(kClient, LinkEnd::kFin);
  EXPECT_EQ(harness.Story(), "drop backend, finish client, timer");
  ExpectEnding(harness, EndSide::kClient, EndReason::kAnswered, 200);
  EXPECT_TRUE(harness.over());
}

TEST(ServingEnd, OfAClientThatIsResetWhileItIsServed) {
  for (const std::string_view path : {"/files/small", "/files/stored"}) {
    for (const bool awaits : {false, true}) {
      Harness harness(kFiles);
      Fill(harness);
      if (awaits) harness.files().Forget();
      harness.FromClient(Get(path) + Get("/files/small"));
      harness.End(kClient, LinkEnd::kReset);
      EXPECT_TRUE(harness.over());
      ExpectEnding(harness, EndSide::kClient, EndReason::kClientGone, awaits ? 0 : 200);
      EXPECT_EQ(harness.counters().client_resets.value(), 1U);
      for (size_t c = 0; c < base::kBufferClasses; ++c) {
        const bool is_cell = static_cast<BufferClass>(c) == BufferClass::kCell;
        // The name stays with the kernel, which may be looking for it.
        EXPECT_EQ(harness.leased(static_cast<BufferClass>(c)), awaits && is_cell ? 1U : 0U);
      }
    }
  }
}

TEST(ServingEnd, OfAFileThatCannotBeSentWholeCutsTheClient) {
  for (const FileFault fault : {FileFault::kChanged, FileFault::kUnreadable}) {
    const bool is_changed = fault == FileFault::kChanged;
    Harness harness(kFiles);
    Fill(harness);
    harness.FromClient(Get("/files/stored", "Range: bytes=1-5000\r\n") + Get("/files/small"));
    harness.Break(fault);
    EXPECT_EQ(harness.Story(), "drop client, timer");
    ExpectEnding(harness, EndSide::kGateway,
                 is_changed ? EndReason::kFileChanged : EndReason::kFileUnreadable, 206);
    EXPECT_EQ(harness.counters().files_changed.value(), is_changed ? 1U : 0U);
    EXPECT_EQ(harness.counters().files_unreadable.value(), is_changed ? 0U : 1U);
    EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
  }
}

TEST(ServingEnd, OfAFileInPartsCutsTheClientInEachOfThem) {
  for (int parts = 1; parts <= 2; ++parts) {
    Harness harness(kFiles);
    Fill(harness);
    harness.FromClient(Get("/files/stored", "Range: bytes=1-5000,7000-7001\r\n"));
    for (int part = 0; part < parts; ++part) harness.Below();
    harness.Break(FileFault::kChanged);
    ExpectEnding(harness, EndSide::kGateway, EndReason::kFileChanged, 206);
    EXPECT_EQ(harness.leased(BufferClass::kChunk), 0U);
    EXPECT_EQ(harness.leased(BufferClass::kLent), 0U);
  }
}

// ---- Drain

TEST(ServingDrain, LetsTheAnswerOutThenEnds) {
  Harness harness(kFiles);
  Fill(harness);
  harness.FromClient(Get("/files/stored") + Get("/files/small"));
  harness.Drain();
  EXPECT_EQ(harness.Story(), "");
  EXPECT_EQ(harness.state(), State::kServing);
  ExpectEnded(harness, EndSide::kGateway, 200);
  EXPECT_EQ(BodyOf(harness.ToClient()), std::string(9000, 's'));
}

TEST(ServingDrain, LetsAllPartsOut) {
  Harness harness(kFiles);
  Fill(harness);
  harness.FromClient(Get("/files/larger", "Range: bytes=0-1,3-4\r\n"));
  harness.Drain();
  for (int step = 0; step < 3; ++step) harness.Below();
  EXPECT_TRUE(harness.ToClient().ends_with("--\r\n"));
  ExpectEnded(harness, EndSide::kGateway, 206);
}

TEST(ServingDrain, LetsAFileBeFoundFirst) {
  Harness harness(kFiles);
  Fill(harness);
  harness.files().Forget();
  harness.FromClient(Get("/files/small"));
  harness.Drain();
  EXPECT_EQ(harness.Story(), "");
  harness.Found();
  EXPECT_EQ(BodyOf(harness.ToClient()), "small");
  ExpectEnded(harness, EndSide::kGateway, 200);
}

TEST(ServingDrain, EndsAClientAtRestAtOnce) {
  Harness harness(kFiles);
  Fill(harness);
  harness.FromClient(Get("/files/small"));
  ExpectAtRest(harness);
  harness.Drain();
  EXPECT_EQ(harness.Story(), "finish client, timer");
  ExpectEnding(harness, EndSide::kGateway, EndReason::kDrain, 0);
}

TEST(ServingDrain, CutsWhatIsNotOutInTime) {
  for (const bool awaits : {false, true}) {
    Harness harness(kFiles);
    Fill(harness);
    if (awaits) harness.files().Forget();
    harness.FromClient(Get("/files/stored"));
    harness.Drain();
    harness.Cut();
    EXPECT_TRUE(harness.over());
    EXPECT_TRUE(harness.session().cut());
    ExpectEnding(harness, EndSide::kGateway, EndReason::kDrain, 0);
  }
}

}  // namespace
}  // namespace ringway::session
