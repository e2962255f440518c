// SPDX-License-Identifier: Apache-2.0
//
// static mode, from a path to a file: names that are not remembered, siblings, folders, fallbacks,
// and every way to say no.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/session/serving_text.h"

namespace ringway::session {
namespace {

using Names = std::vector<std::string>;

void ExpectAnswer(Harness& harness, const std::string& request, std::string_view status,
                  std::string_view body) {
  SCOPED_TRACE(request);
  harness.FromClient(request);
  EXPECT_EQ(harness.Story(), "send client, more client");
  EXPECT_EQ(harness.ToClient().substr(0, 13), "HTTP/1.1 " + std::string(status) + " ");
  EXPECT_EQ(BodyOf(harness.ToClient()), body);
  EXPECT_FALSE(Has(harness.ToClient(), "\r\nConnection: "));
  ExpectAtRest(harness);
}

// ---- Names that are not remembered

TEST(UnknownFile, IsLookedForWhileTheRequestIsHeld) {
  Harness harness(kFiles);
  harness.files().Keep("a/b.html", "<p>");
  harness.files().Forget();
  harness.FromClient(Get("/files/a/b.html"));
  EXPECT_EQ(harness.Story(), "find client");
  EXPECT_EQ(harness.state(), State::kServing);
  EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kNot);
  EXPECT_EQ(harness.wanted_path(), "a/b.html");
  EXPECT_EQ(harness.leased(base::BufferClass::kCell), 1U) << "the request, and the name behind it";
  EXPECT_EQ(harness.on_files(), 1U);
  harness.Found();
  EXPECT_EQ(harness.Story(), "send client, more client");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(BodyOf(harness.ToClient()), "<p>");
  EXPECT_EQ(harness.counters().file_requests.value(), 1U);
  ExpectAtRest(harness);
}

TEST(UnknownFile, IsNotWhatAnEarlierRequestHasAskedFor) {
  Harness harness(kFiles);
  harness.files().Store("f", "of the request before");
  harness.files().Keep("g", "its own");
  harness.files().Forget();
  harness.FromClient(Get("/files/g"));
  harness.FoundTooLate();
  EXPECT_EQ(harness.Story(), "");
  EXPECT_EQ(harness.state(), State::kServing);
  harness.Found();
  EXPECT_EQ(BodyOf(harness.ToClient()), "its own");
  ExpectAtRest(harness);
  harness.FoundTooLate();
  EXPECT_EQ(harness.Story(), "") << "nobody asks";
}

TEST(UnknownFile, IsForgottenWithTheSessionThatAskedForIt) {
  Harness harness(kFiles);
  harness.files().Keep("f", "x");
  harness.files().Forget();
  harness.FromClient(Get("/files/f"));
  harness.End(kClient, LinkEnd::kReset);
  EXPECT_EQ(harness.leased(base::BufferClass::kCell), 1U) << "the name, which is the operation's";
  EXPECT_EQ(harness.wanted_path(), "f");
  harness.Found();
  EXPECT_EQ(harness.Story(), "");
  EXPECT_EQ(harness.leased(base::BufferClass::kCell), 0U);
  ExpectEnding(harness, EndSide::kClient, EndReason::kClientGone, 0);
}

TEST(UnknownFile, IsAnsweredByTheConditionsOfItsRequest) {
  Harness harness(kFiles);
  harness.files().Store("f", "0123456789");
  harness.files().Forget();
  const auto ask = [&](const std::string& request) {
    harness.FromClient(request);
    harness.Found();
    const std::string answer = harness.ToClient();
    ExpectAtRest(harness);
    return answer;
  };
  EXPECT_EQ(ask(Get("/files/f", "If-None-Match: " + TagOf(10) + "\r\n")).substr(9, 3), "304");
  EXPECT_EQ(BodyOf(ask(Get("/files/f", "Range: bytes=3-4\r\n"))), "34");
  EXPECT_EQ(BodyOf(ask(Ask("HEAD", "/files/f"))), "");
}

TEST(UnknownFile, IsLookedForAgainWhereALookBringsNothingUpTo8Times) {
  Harness harness(kFiles);
  harness.files().Keep("f", "x");
  harness.files().Forget();
  harness.FromClient(Get("/files/f"));
  for (int look = 1; look < 8; ++look) {
    harness.Found(FileOutcome::kUnknown);
    EXPECT_EQ(harness.Story(), "find client");
    EXPECT_EQ(harness.wanted_path(), "f");
  }
  harness.Found(FileOutcome::kUnknown);
  EXPECT_EQ(harness.Story(), "send client, more client");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(Has(harness.ToClient(), "\r\nRetry-After: "));
  EXPECT_EQ(harness.counters().files_refused.value(), 1U);
  ExpectAtRest(harness);
  // The next request has looks of its own.
  harness.FromClient(Get("/files/f"));
  harness.Found(FileOutcome::kUnknown);
  harness.Found();
  EXPECT_EQ(BodyOf(harness.ToClient()), "x");
  ExpectAtRest(harness);
}

TEST(UnknownFile, MayHaveANameThatNoCellHolds) {
  const std::string folder(100, 'd');
  for (const size_t last : {50U, 100U, 130U, 200U}) {
    const std::string name = folder + "/" + std::string(last, 'n');
    SCOPED_TRACE(name.size());
    const bool fits = Get("/files/" + name).size() + name.size() + 1 <= 512;
    Harness harness(kFiles);
    harness.files().Keep(name, "x");
    harness.files().Forget();
    harness.FromClient(Get("/files/" + name));
    EXPECT_EQ(harness.leased(base::BufferClass::kCell), fits ? 1U : 0U);
    EXPECT_EQ(harness.leased(base::BufferClass::kChunk), fits ? 0U : 1U);
    EXPECT_EQ(harness.wanted_path(), name);
    harness.Found();
    EXPECT_EQ(BodyOf(harness.ToClient()), "x");
    ExpectAtRest(harness);
  }
}

TEST(UnknownFile, IsLookedForUnderEachOfItsNames) {
  Harness harness({.files = "precompressed = true\nfallback = \"app.html\"\n"});
  harness.files().Keep("app.html", "app");
  harness.files().Forget();
  harness.FromClient(Get("/files/f", "Accept-Encoding: gzip, br\r\n"));
  for (const std::string_view name : {"f.br", "f.gz", "f", "app.html.br", "app.html.gz"}) {
    EXPECT_EQ(harness.wanted_path(), name);
    harness.Found();
    EXPECT_EQ(harness.Story(), "find client");
  }
  harness.Found();
  EXPECT_EQ(harness.files().asked,
            (Names{"f.br", "f.gz", "f", "app.html.br", "app.html.gz", "app.html"}));
  EXPECT_EQ(BodyOf(harness.ToClient()), "app");
  ExpectAtRest(harness);
}

TEST(UnknownFile, WhoseFolderOrDiskIsNoFileIsAnsweredAsOneThatIsKnown) {
  Harness harness(kFiles);
  harness.files().Set("dir", FileOutcome::kDirectory);
  harness.files().Set("busy", FileOutcome::kUnavailable);
  harness.files().Forget();
  for (const auto& [path, status] :
       {std::pair("/files/dir?q=1", "301"), std::pair("/files/busy", "503"),
        std::pair("/files/none", "404")}) {
    harness.FromClient(Get(path));
    harness.Found();
    EXPECT_EQ(harness.ToClient().substr(9, 3), status);
    ExpectAtRest(harness);
  }
}

// ---- No file

TEST(MissingFile, Is404AndTheConnectionStays) {
  Harness harness(kFiles);
  ExpectAnswer(harness, Get("/files/none"), "404", "there is no such file\n");
  ExpectAnswer(harness, Ask("HEAD", "/files/none"), "404", "");
  EXPECT_EQ(harness.counters().files_missing.value(), 2U);
  EXPECT_EQ(harness.counters().handshakes_refused.value(), 0U);
}

TEST(MissingFile, IsWhatAHiddenOneIs) {
  Harness harness(kFiles);
  for (const std::string_view path :
       {"/files/.git/config", "/files//b", "/files/a%2fb", "/files/%2Egit", "/files/a/../.b"}) {
    ExpectAnswer(harness, Get(path), "404", "there is no such file\n");
  }
  EXPECT_EQ(harness.files().asked, Names());
}

TEST(MissingFile, IsAnsweredWithTheFallback) {
  Harness harness({.files = "fallback = \"app/index.html\"\n"});
  harness.files().Keep("app/index.html", "<app>");
  harness.FromClient(Get("/files/deep/link"));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(Has(harness.ToClient(), "\r\nContent-Type: text/html; charset=utf-8\r\n"));
  EXPECT_EQ(BodyOf(harness.ToClient()), "<app>");
  ExpectAtRest(harness);
  // What may not be seen has none, and says nothing of it.
  ExpectAnswer(harness, Get("/files/.hidden"), "404", "there is no such file\n");
}

TEST(MissingFile, WhoseFallbackIsMissingTooOrAFolderIs404) {
  Harness harness({.files = "fallback = \"app\"\n"});
  ExpectAnswer(harness, Get("/files/a"), "404", "there is no such file\n");
  harness.files().Set("app", FileOutcome::kDirectory);
  ExpectAnswer(harness, Get("/files/a"), "404", "there is no such file\n");
}

TEST(UnavailableFile, Is503AndTheConnectionStays) {
  Harness harness({.files = "fallback = \"app\"\n"});
  harness.files().Keep("app", "x");
  harness.files().Set("busy", FileOutcome::kUnavailable);
  ExpectAnswer(harness, Get("/files/busy"), "503", "the gateway cannot open one more file now\n");
  EXPECT_EQ(harness.counters().files_refused.value(), 1U);
}

// ---- Codings

TEST(CodedFile, IsTakenInTheOrderThatTheClientLikes) {
  Harness harness({.files = "precompressed = true\n"});
  harness.files().Keep("a.css", "plain");
  harness.files().Keep("a.css.gz", "gzipped!");
  harness.files().Keep("b.css", "plain");
  const auto ask = [&](std::string_view path, std::string_view fields) {
    harness.files().asked.clear();
    harness.FromClient(Get(path, fields));
    const std::string answer = harness.ToClient();
    EXPECT_TRUE(Has(answer, "\r\nVary: Accept-Encoding\r\n"));
    EXPECT_TRUE(Has(answer, "\r\nContent-Type: text/css; charset=utf-8\r\n"));
    ExpectAtRest(harness);
    return answer;
  };
  std::string answer = ask("/files/a.css", "Accept-Encoding: br, gzip\r\n");
  EXPECT_EQ(harness.files().asked, (Names{"a.css.br", "a.css.gz"}));
  EXPECT_EQ(BodyOf(answer), "gzipped!");
  EXPECT_TRUE(Has(answer, "\r\nContent-Encoding: gzip\r\n"));
  EXPECT_TRUE(Has(answer, "\r\nETag: " + TagOf(8, http::ContentCoding::kGzip) + "\r\n"));
  answer = ask("/files/a.css", "");
  EXPECT_EQ(harness.files().asked, Names{"a.css"});
  EXPECT_EQ(BodyOf(answer), "plain");
  EXPECT_FALSE(Has(answer, "\r\nContent-Encoding: "));
  answer = ask("/files/b.css", "Accept-Encoding: gzip\r\nAccept-Encoding: br;q=0.5\r\n");
  EXPECT_EQ(harness.files().asked, (Names{"b.css.gz", "b.css.br", "b.css"}));
  EXPECT_EQ(BodyOf(answer), "plain");
}

TEST(CodedFile, IsNotLookedForWhereTheRouteDoesNotSaySo) {
  Harness harness(kFiles);
  harness.files().Keep("a.css", "plain");
  harness.files().Keep("a.css.gz", "gzipped!");
  harness.FromClient(Get("/files/a.css", "Accept-Encoding: gzip\r\n"));
  EXPECT_EQ(BodyOf(harness.ToClient()), "plain");
  EXPECT_FALSE(Has(harness.ToClient(), "\r\nVary: "));
  ExpectAtRest(harness);
}

TEST(CodedFile, ThatIsAFolderIsNone) {
  Harness harness({.files = "precompressed = true\n"});
  harness.files().Keep("a", "plain");
  harness.files().Set("a.gz", FileOutcome::kDirectory);
  ExpectAnswer(harness, Get("/files/a", "Accept-Encoding: gzip\r\n"), "200", "plain");
}

// ---- Folders

TEST(Folder, WithoutItsSlashIs301WithTheQueryKept) {
  Harness harness(kFiles);
  harness.files().Set("a b/dir", FileOutcome::kDirectory);
  harness.FromClient(Get("/files/a%20b/dir?x=/1&y"));
  EXPECT_EQ(harness.Story(), "send client, more client");
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 301 "));
  EXPECT_TRUE(Has(harness.ToClient(), "\r\nLocation: /files/a%20b/dir/?x=/1&y\r\n"));
  EXPECT_TRUE(Has(harness.ToClient(), "\r\nContent-Length: 0\r\n"));
  ExpectAtRest(harness);
}

TEST(Folder, WhoseAddressHasNoRoomInA301Is404) {
  Harness harness(kFiles);
  harness.files().Set("d", FileOutcome::kDirectory);
  for (const auto& [query, status] : {std::pair(16'200U, "301"), std::pair(16'340U, "404")}) {
    const std::string request = Get("/files/d?" + std::string(query, 'q'));
    for (size_t at = 0; at < request.size(); at += 4096) {
      harness.FromClient(request.substr(at, 4096));
    }
    EXPECT_EQ(harness.ToClient().substr(9, 3), status);
    ExpectAtRest(harness);
  }
}

TEST(Folder, WithItsSlashIsItsIndex) {
  Harness harness({.files = "index = \"home.html\"\n"});
  harness.files().Keep("home.html", "root");
  harness.files().Keep("a/home.html", "a");
  ExpectAnswer(harness, Get("/files/"), "200", "root");
  ExpectAnswer(harness, Get("/files/a/"), "200", "a");
  ExpectAnswer(harness, Get("/files/b/"), "404", "there is no such file\n");
  EXPECT_EQ(harness.files().asked, (Names{"home.html", "a/home.html", "b/home.html"}));
}

TEST(Folder, WhoseIndexIsAFolderIs404) {
  Harness harness(kFiles);
  harness.files().Set("a/index.html", FileOutcome::kDirectory);
  ExpectAnswer(harness, Get("/files/a/"), "404", "there is no such file\n");
  harness.FromClient(Get("/files/a/index.html"));
  EXPECT_TRUE(Has(harness.ToClient(), "\r\nLocation: /files/a/index.html/\r\n"));
  ExpectAtRest(harness);
}

TEST(Folder, WhoseIndexHasNoRoomBehindALongPathIs404) {
  Harness harness(kFiles);
  std::string path;
  while (path.size() + 201 <= 4090) path.append(200, 'd').append("/");
  path.append(4090 - path.size(), 'd');
  const std::string request = Get("/files/" + path + "/");
  harness.FromClient(request.substr(0, 4000));
  harness.FromClient(request.substr(4000));
  EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 404 "));
  ExpectAtRest(harness);
}

TEST(Folder, OfAnExactRouteIsBelowItsRoot) {
  Harness harness({.files = "", .files_path = "/favicon.ico"});
  harness.files().Keep("favicon.ico", "icon");
  ExpectAnswer(harness, Get("/favicon.ico?v=2"), "200", "icon");
  EXPECT_EQ(harness.files().asked, Names{"favicon.ico"});
}

// ---- Requests that cannot be answered

TEST(FileRefusal, OfAMalformedPathIs400) {
  for (const std::string_view path : {"/files/%", "/files/a%2", "/files/.a%zz"}) {
    SCOPED_TRACE(path);
    Harness harness({.files = "fallback = \"app\"\n"});
    harness.files().Keep("app", "x");
    harness.FromClient(Get(path));
    EXPECT_EQ(harness.ToClient().substr(0, 13), "HTTP/1.1 400 ");
    EXPECT_EQ(BodyOf(harness.ToClient()),
              "a '%' in the path without two hexadecimal digits behind it\n");
  }
}

TEST(FileRefusal, OfAnotherMethodIs405AndSaysWhichAreAllowed) {
  Harness harness(kFiles);
  harness.files().Keep("a", "x");
  for (const std::string_view method : {"POST", "OPTIONS", "DELETE", "PROPFIND"}) {
    harness.FromClient(Ask(method, "/files/a"));
    EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 405 "));
    EXPECT_TRUE(Has(harness.ToClient(), "\r\nAllow: GET, HEAD\r\n"));
    EXPECT_EQ(BodyOf(harness.ToClient()), "a file is read with GET or HEAD\n");
    ExpectAtRest(harness);
  }
}

TEST(FileRefusal, OfARequestWithABodyEndsTheConnection) {
  for (const std::string_view field : {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
    Harness harness(kFiles);
    harness.FromClient(Ask("POST", "/files/a", field) + "GET /files/a HTTP/1.1\r\n");
    EXPECT_TRUE(harness.ToClient().starts_with("HTTP/1.1 405 "));
    EXPECT_TRUE(Has(harness.ToClient(), "\r\nConnection: close\r\n"));
    ExpectEnded(harness, EndSide::kClient, 405);
    harness.FromClient("Host: a\r\n\r\n");
    EXPECT_EQ(harness.Story(), "");
    EXPECT_EQ(harness.leased(base::BufferClass::kChunk), 0U);
  }
}

TEST(FileRefusal, OfMoreThan8FieldsOfAListIs400) {
  Harness harness(kFiles);
  harness.files().Keep("a", "x");
  for (const std::string_view name : {"Accept-Encoding", "If-Match", "If-None-Match"}) {
    std::string fields;
    for (int i = 0; i < 8; ++i) fields.append(name).append(": \"a\"\r\n");
    harness.FromClient(Get("/files/a", fields));
    EXPECT_NE(harness.ToClient().substr(9, 3), "400");
    ExpectAtRest(harness);
    ExpectAnswer(harness, Get("/files/a", fields.append(name).append(": *\r\n")), "400",
                 "more than 8 Accept-Encoding, If-Match or If-None-Match fields\n");
  }
}

}  // namespace
}  // namespace ringway::session
