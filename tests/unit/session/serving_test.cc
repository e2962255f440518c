// SPDX-License-Identifier: Apache-2.0
//
// static mode, a file that is known: what is sent for it, whole, in part, in parts, or not at all.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/session/serving_text.h"

namespace ringway::session {
namespace {

/// Digits that tell where they stand.
std::string Content(size_t bytes) {
  std::string content;
  while (content.size() < bytes) content.append(std::to_string(content.size())).append(" ");
  content.resize(bytes);
  return content;
}

TEST(Serving, SendsASmallFileInOneSliceWithItsHead) {
  Harness harness({.files = "cache_control = \"max-age=60\"\n"});
  harness.files().Keep("a.css", "body{}");
  harness.FromClient(Get("/files/a.css"));
  EXPECT_EQ(harness.Story(), "send client, below client");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 200 OK\r\n"));
  for (const std::string& line :
       {std::string(kDateLine), std::string("\r\nContent-Type: text/css; charset=utf-8\r\n"),
        std::string("\r\nContent-Length: 6\r\n"), "\r\nETag: " + TagOf(6) + "\r\n",
        "\r\nLast-Modified: " + std::string(kModifiedDate) + "\r\n",
        std::string("\r\nCache-Control: max-age=60\r\n")}) {
    EXPECT_TRUE(Has(harness.ToClient(), line)) << line << harness.ToClient();
  }
  EXPECT_FALSE(Has(harness.ToClient(), "\r\nVary: "));
  EXPECT_FALSE(Has(harness.ToClient(), "\r\nConnection: "));
  EXPECT_EQ(BodyOf(harness.ToClient()), "body{}");
  EXPECT_EQ(harness.counters().file_requests.value(), 1U);
  EXPECT_EQ(harness.on_files(), 1U);
  ExpectAtRest(harness);
}

TEST(Serving, SendsALargerFileInMemoryAsASliceOfItsOwn) {
  Harness harness(kFiles);
  for (const size_t bytes : {4096U, 4097U, 60'000U}) {
    SCOPED_TRACE(bytes);
    const std::string content = Content(bytes);
    harness.files().Keep("f", content);
    harness.FromClient(Get("/files/f"));
    EXPECT_EQ(harness.Story(), bytes <= 4096 ? "send client, below client"
                                             : "send client, send client, below client");
    EXPECT_EQ(BodyOf(harness.ToClient()), content);
    ExpectAtRest(harness);
  }
}

TEST(Serving, SendsAFileOfADescriptorAsItLiesOnTheDisk) {
  Harness harness(kFiles);
  for (const size_t bytes : {1U, 100'000U}) {
    SCOPED_TRACE(bytes);
    const std::string content = Content(bytes);
    harness.files().Store("f", content);
    harness.FromClient(Get("/files/f"));
    ASSERT_EQ(harness.Story(), "send client, file client, below client");
    EXPECT_EQ(harness.acts()[1].offset, 0U);
    EXPECT_EQ(harness.acts()[1].bytes, content);
    EXPECT_TRUE(Has(harness.ToClient(), "\r\nContent-Type: application/octet-stream\r\n"));
    EXPECT_TRUE(Has(harness.ToClient(), "\r\nContent-Length: " + std::to_string(bytes) + "\r\n"));
    ExpectAtRest(harness);
  }
}

TEST(Serving, SendsAnEmptyFileAsAHeadAlone) {
  Harness harness(kFiles);
  harness.files().Keep("kept", "");
  harness.files().Store("stored", "");
  for (const std::string_view path : {"/files/kept", "/files/stored"}) {
    harness.FromClient(Get(path));
    EXPECT_EQ(harness.Story(), "send client, below client");
    EXPECT_TRUE(Has(harness.ToClient(), "\r\nContent-Length: 0\r\n"));
    EXPECT_EQ(BodyOf(harness.ToClient()), "");
    ExpectAtRest(harness);
  }
}

TEST(Serving, AnswersHeadWithTheHeadOfGet) {
  Harness harness({.files = "precompressed = true\ncache_control = \"no-cache\"\n"});
  harness.files().Keep("small", "12345");
  harness.files().Keep("larger", Content(10'000));
  harness.files().Store("stored", Content(10'000));
  for (const std::string path : {"/files/small", "/files/larger", "/files/stored"}) {
    harness.FromClient(Get(path));
    const std::string get = harness.ToClient();
    ExpectAtRest(harness);
    harness.FromClient(Ask("HEAD", path));
    EXPECT_EQ(harness.Story(), "send client, below client");
    EXPECT_EQ(harness.ToClient() + BodyOf(get), get);
    EXPECT_EQ(BodyOf(harness.ToClient()), "");
    ExpectAtRest(harness);
  }
}

/// `request` over another version, without a Host.
std::string Over(std::string_view version, std::string request) {
  request.replace(request.find("HTTP/1.1"), version.size(), version);
  return request.erase(request.find("Host: a\r\n"), 9);
}

TEST(Serving, AnswersHttp10AndClosesUnlessItIsAskedToStay) {
  for (const std::string_view path :
       {"/files/kept", "/files/stored", "/files/none", "/files/dir"}) {
    for (const std::string_view method : {"GET", "HEAD", "POST"}) {
      SCOPED_TRACE(std::string(method) + " " + std::string(path));
      Harness harness(kFiles);
      harness.files().Keep("kept", "12345");
      harness.files().Store("stored", Content(10'000));
      harness.files().Set("dir", FileOutcome::kDirectory);
      harness.FromClient(Over("HTTP/1.0", Ask(method, path, "Connection: Keep-Alive\r\n")));
      EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 "));
      EXPECT_TRUE(Has(harness.ToClient(), "\r\nConnection: keep-alive\r\n"));
      const std::string status = harness.ToClient().substr(9, 3);
      ExpectAtRest(harness);
      harness.FromClient(Over("HTTP/1.0", Ask(method, path)));
      EXPECT_EQ(harness.ToClient().substr(9, 3), status);
      EXPECT_TRUE(Has(harness.ToClient(), "\r\nConnection: close\r\n"));
      ExpectEnded(harness, EndSide::kClient, std::stoi(status));
    }
  }
}

TEST(Serving, FindsForHttp10WithoutAHostOnlyRoutesWithoutOne) {
  Harness harness({.files = "host = \"a\""});
  harness.files().Keep("f", "12345");
  harness.FromClient(Get("/files/f"));
  EXPECT_EQ(BodyOf(harness.ToClient()), "12345");
  ExpectAtRest(harness);
  harness.FromClient(Over("HTTP/1.0", Get("/files/f")));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 404 "));
}

TEST(Serving, TakesALaterMinorVersionForHttp11) {
  Harness harness(kFiles);
  harness.files().Keep("f", "12345");
  std::string request = Get("/files/f", "Range: bytes=1-2\r\n");
  request[request.find("HTTP/1.1") + 7] = '2';
  harness.FromClient(request);
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 206 "));
  EXPECT_FALSE(Has(harness.ToClient(), "\r\nConnection: "));
  EXPECT_EQ(BodyOf(harness.ToClient()), "23");
  ExpectAtRest(harness);
}

TEST(Serving, TellsAFileFromAnotherOfItsSizeAndTime) {
  Harness harness(kFiles);
  harness.files().Keep("f", "0123456789");
  harness.files().changed_ns = (kModifiedSeconds + 100) * 1'000'000'000;
  harness.FromClient(Get("/files/f"));
  const std::string changed_date = "Tue, 14 Nov 2023 21:58:20 GMT";
  EXPECT_TRUE(Has(harness.ToClient(), "\r\nLast-Modified: " + changed_date + "\r\n"));
  EXPECT_FALSE(Has(harness.ToClient(), "\r\nETag: " + TagOf(10) + "\r\n"));
  ExpectAtRest(harness);
  for (const std::string& condition :
       {"If-None-Match: " + TagOf(10), "If-Modified-Since: " + std::string(kModifiedDate),
        "Range: bytes=1-2\r\nIf-Range: " + TagOf(10),
        "Range: bytes=1-2\r\nIf-Range: " + std::string(kModifiedDate)}) {
    harness.FromClient(Get("/files/f", condition + "\r\n"));
    EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 200 ")) << condition;
    ExpectAtRest(harness);
  }
  harness.FromClient(Get("/files/f", "If-Modified-Since: " + changed_date + "\r\n"));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 304 "));
  ExpectAtRest(harness);
}

TEST(Serving, LooksAtNoRangeOfHead) {
  Harness harness(kFiles);
  harness.files().Keep("f", "0123456789");
  harness.FromClient(Ask("HEAD", "/files/f", "Range: bytes=2-3\r\n"));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(Has(harness.ToClient(), "\r\nContent-Length: 10\r\n"));
  ExpectAtRest(harness);
}

TEST(Serving, Answers304WithoutABody) {
  Harness harness(kFiles);
  harness.files().Keep("f", "0123456789");
  for (const std::string& field :
       {"If-None-Match: " + TagOf(10) + "\r\n", std::string("If-None-Match: *\r\n"),
        "If-None-Match: \"x\"\r\nIf-None-Match: W/" + TagOf(10) + "\r\n",
        "If-Modified-Since: " + std::string(kModifiedDate) + "\r\n"}) {
    SCOPED_TRACE(field);
    for (const std::string_view method : {"GET", "HEAD"}) {
      harness.FromClient(Ask(method, "/files/f", field));
      EXPECT_EQ(harness.Story(), "send client, below client");
      EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 304 ")) << harness.ToClient();
      EXPECT_TRUE(Has(harness.ToClient(), "\r\nETag: " + TagOf(10) + "\r\n"));
      EXPECT_EQ(BodyOf(harness.ToClient()), "");
      ExpectAtRest(harness);
    }
  }
}

TEST(Serving, Answers412WhereTheFileIsNotWhatTheClientBelieves) {
  Harness harness(kFiles);
  harness.files().Keep("f", "0123456789");
  for (const std::string_view field :
       {"If-Match: \"x\"\r\n", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"}) {
    harness.FromClient(Get("/files/f", field));
    EXPECT_EQ(harness.Story(), "send client, below client");
    EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 412 "));
    EXPECT_EQ(BodyOf(harness.ToClient()), "");
    ExpectAtRest(harness);
  }
}

TEST(Serving, Answers416WithTheSizeOfTheFile) {
  Harness harness(kFiles);
  harness.files().Store("f", "0123456789");
  harness.FromClient(Get("/files/f", "Range: bytes=10-\r\n"));
  EXPECT_EQ(harness.Story(), "send client, below client");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 416 "));
  EXPECT_TRUE(Has(harness.ToClient(), "\r\nContent-Range: bytes */10\r\n"));
  ExpectAtRest(harness);
}

TEST(Serving, SendsOnePartOfAFile) {
  const std::string content = Content(50'000);
  Harness harness(kFiles);
  harness.files().Keep("kept", content);
  harness.files().Store("stored", content);
  harness.FromClient(Get("/files/kept", "Range: bytes=10-19\r\n"));
  EXPECT_EQ(harness.Story(), "send client, below client");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 206 "));
  EXPECT_TRUE(Has(harness.ToClient(), "\r\nContent-Range: bytes 10-19/50000\r\n"));
  EXPECT_EQ(BodyOf(harness.ToClient()), content.substr(10, 10));
  ExpectAtRest(harness);
  harness.FromClient(Get("/files/kept", "Range: bytes=30000-\r\n"));
  EXPECT_EQ(harness.Story(), "send client, send client, below client");
  EXPECT_EQ(BodyOf(harness.ToClient()), content.substr(30'000));
  ExpectAtRest(harness);
  harness.FromClient(
      Get("/files/stored", "Range: bytes=-7\r\nIf-Range: " + TagOf(50'000) + "\r\n"));
  ASSERT_EQ(harness.Story(), "send client, file client, below client");
  EXPECT_EQ(harness.acts()[1].offset, 49'993U);
  EXPECT_EQ(BodyOf(harness.ToClient()), content.substr(49'993));
  ExpectAtRest(harness);
  harness.FromClient(Get("/files/stored", "Range: bytes=-7\r\nIf-Range: \"x\"\r\n"));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(BodyOf(harness.ToClient()), content);
  ExpectAtRest(harness);
}

// ---- Several parts

std::string BoundaryIn(std::string_view answer) {
  constexpr std::string_view kName = "boundary=";
  const size_t at = answer.find(kName);
  return at == std::string_view::npos ? "none" : std::string(answer.substr(at + kName.size(), 16));
}

/// Of an octet-stream.
std::string InParts(std::string_view content, const std::string& boundary,
                    const std::vector<std::pair<size_t, size_t>>& ranges) {
  std::string body;
  for (const auto& [first, last] : ranges) {
    body.append(body.empty() ? "--" : "\r\n--").append(boundary);
    body.append("\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes ");
    body.append(std::to_string(first)).append("-").append(std::to_string(last)).append("/");
    body.append(std::to_string(content.size())).append("\r\n\r\n");
    body.append(content.substr(first, last - first + 1));
  }
  return body.append("\r\n--").append(boundary).append("--\r\n");
}

void ExpectParts(Harness& harness, const std::string& content, std::string_view step) {
  harness.FromClient(Get("/files/f", "Range: bytes=5-9,20000-40000,-1\r\n"));
  EXPECT_EQ(harness.Story(), "send client, below client");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 206 "));
  const std::string boundary = BoundaryIn(harness.ToClient());
  for (int part = 0; part < 3; ++part) {
    EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kNot);
    harness.Below();
    EXPECT_EQ(harness.Story(), step);
  }
  EXPECT_EQ(harness.acts()[1].bytes.size(), 1U);
  harness.Below();
  EXPECT_EQ(harness.Story(), "send client, below client");
  const std::string body = BodyOf(harness.ToClient());
  EXPECT_EQ(body, InParts(content, boundary, {{5, 9}, {20'000, 40'000}, {49'999, 49'999}}));
  EXPECT_TRUE(
      Has(harness.ToClient(), "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n"));
  ExpectAtRest(harness);
}

TEST(ServingInParts, SendsOnePartOfAFileInMemoryAtATime) {
  const std::string content = Content(50'000);
  Harness harness(kFiles);
  harness.files().Keep("f", content);
  ExpectParts(harness, content, "send client, send client, below client");
}

TEST(ServingInParts, SendsOnePartOfADescriptorAtATime) {
  const std::string content = Content(50'000);
  Harness harness(kFiles);
  harness.files().Store("f", content);
  ExpectParts(harness, content, "send client, file client, below client");
}

TEST(ServingInParts, HasABoundaryForEachAnswer) {
  Harness harness(kFiles);
  harness.files().Keep("f", "0123456789");
  std::vector<std::string> boundaries;
  for (int answer = 0; answer < 3; ++answer) {
    harness.FromClient(Get("/files/f", "Range: bytes=0-1,5-6\r\n"));
    boundaries.push_back(BoundaryIn(harness.ToClient()));
    while (harness.state() == State::kServing) harness.Below();
    harness.Forget();
  }
  std::ranges::sort(boundaries);
  EXPECT_EQ(std::ranges::adjacent_find(boundaries), boundaries.end());
}

TEST(ServingInParts, EndsAClientThatWantsItSoBehindTheLastBoundary) {
  Harness harness(kFiles);
  harness.files().Keep("f", "0123456789");
  harness.FromClient(Get("/files/f", "Range: bytes=0-1,5-6\r\nConnection: close\r\n"));
  for (int step = 0; step < 3; ++step) harness.Below();
  EXPECT_TRUE(harness.ToClient().ends_with("--\r\n"));
  EXPECT_TRUE(Has(harness.ToClient(), "\r\nConnection: close\r\n"));
  ExpectEnded(harness, EndSide::kClient, 206);
}

}  // namespace
}  // namespace ringway::session
