// SPDX-License-Identifier: Apache-2.0
//
// The bytes of the gateway's own answers.
#include "gateway/http/response_head.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "gateway/http/file_refusals.h"
#include "gateway/http/path_refusals.h"
#include "gateway/http/refusals.h"

namespace ringway::http {
namespace {

/// A cell of the worker, where these answers are written.
constexpr size_t kCellBytes = 512;
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";

constexpr std::array kAllStatuses{Status::kSwitchingProtocols,  Status::kOk,
                                  Status::kPartialContent,      Status::kMovedPermanently,
                                  Status::kNotModified,         Status::kPreconditionFailed,
                                  Status::kRangeNotSatisfiable, Status::kBadRequest,
                                  Status::kForbidden,           Status::kNotFound,
                                  Status::kMethodNotAllowed,    Status::kRequestTimeout,
                                  Status::kPayloadTooLarge,     Status::kUpgradeRequired,
                                  Status::kTooManyRequests,     Status::kHeadTooLarge,
                                  Status::kInternalError,       Status::kNotImplemented,
                                  Status::kBadGateway,          Status::kServiceUnavailable,
                                  Status::kGatewayTimeout,      Status::kVersionNotSupported};

std::string Refuse(Status status, std::string_view reason) {
  std::array<char, kCellBytes> cell;
  return {cell.data(), BuildRefusal({status, reason}, cell)};
}

/// With all that may stand in one.
std::string RefuseAtLength(Status status, std::string_view reason) {
  std::array<char, kCellBytes> cell;
  constexpr int64_t kNow = 1'700'000'000;
  return {cell.data(), BuildRefusal({status, reason, Allow::kGetAndHead}, cell, AnswerBody::kSent,
                                    AfterAnswer::kClose, kNow)};
}

std::string Upgrade(std::string_view subprotocol) {
  std::array<char, kCellBytes> cell;
  return {cell.data(), BuildUpgradeResponse(kKey, subprotocol, cell)};
}

TEST(UpgradeResponse, IsThatOfTheStandard) {
  EXPECT_EQ(Upgrade(""),
            "HTTP/1.1 101 Switching Protocols\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "\r\n");
}

TEST(UpgradeResponse, NamesTheSubprotocolOnlyIfThereIsOne) {
  EXPECT_TRUE(Upgrade("chat").ends_with("xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"));
}

TEST(UpgradeResponse, IsWrittenWholeOrNotAtAll) {
  const size_t whole = Upgrade("chat").size();
  std::array<char, kCellBytes> cell;
  for (size_t bytes = 0; bytes < whole; ++bytes) {
    EXPECT_EQ(BuildUpgradeResponse(kKey, "chat", std::span(cell).first(bytes)), 0u);
  }
  EXPECT_EQ(BuildUpgradeResponse(kKey, "chat", std::span(cell).first(whole)), whole);
  EXPECT_EQ(Upgrade(std::string(kCellBytes, 'p')), "");
}

TEST(Refusal, IsAWholeResponseThatEndsTheConnection) {
  EXPECT_EQ(Refuse(Status::kNotFound, "no route fits"),
            "HTTP/1.1 404 Not Found\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 14\r\n"
            "Connection: close\r\n"
            "\r\n"
            "no route fits\n");
}

TEST(Refusal, OfHeadHasTheLengthOfTheBodyButNotTheBody) {
  std::array<char, kCellBytes> cell;
  const http::Refusal refusal{Status::kNotFound, "no route fits"};
  const std::string_view with_body(cell.data(), BuildRefusal(refusal, cell));
  const std::string expected(with_body.substr(0, with_body.size() - 14));
  const size_t bytes = BuildRefusal(refusal, cell, AnswerBody::kOmitted);
  EXPECT_EQ(std::string_view(cell.data(), bytes), expected);
  EXPECT_TRUE(expected.ends_with("\r\n\r\n"));
  EXPECT_NE(expected.find("\r\nContent-Length: 14\r\n"), std::string::npos);
}

TEST(AnswerBody, IsOmittedForHeadAlone) {
  for (const char* request : {"HEAD ", "HEAD / HTTP/1.1\r\n", "\r\nHEAD / HTTP/1.1\r\n\r\n"}) {
    EXPECT_EQ(AnswerBodyOf(request), AnswerBody::kOmitted) << request;
  }
  for (const char* request : {"", "HEAD", "HEADER / HTTP/1.1\r\n", "head / HTTP/1.1\r\n",
                              "GET / HTTP/1.1\r\n", "\r\n\r\nHEAD / HTTP/1.1\r\n"}) {
    EXPECT_EQ(AnswerBodyOf(request), AnswerBody::kSent) << request;
  }
}

TEST(Refusal, CarriesTheFieldsThatItsStatusNeeds) {
  EXPECT_NE(Refuse(Status::kMethodNotAllowed, "x").find("\r\nAllow: GET\r\n"), std::string::npos);
  const std::string upgrade = Refuse(Status::kUpgradeRequired, "x");
  EXPECT_NE(upgrade.find("\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                         "Connection: upgrade, close\r\n"),
            std::string::npos);
  for (const Status busy : {Status::kTooManyRequests, Status::kServiceUnavailable}) {
    EXPECT_NE(Refuse(busy, "x").find("\r\nRetry-After: 1\r\n"), std::string::npos);
  }
  EXPECT_EQ(Refuse(Status::kNotFound, "x").find("Retry-After"), std::string::npos);
}

TEST(Refusal, FitsInItsBoundForEveryStatusWithTheLongestReason) {
  for (const Status status : kAllStatuses) {
    const std::string answer = RefuseAtLength(status, std::string(kReasonBytesMax, 'r'));
    EXPECT_FALSE(answer.empty()) << static_cast<int>(status);
    EXPECT_LE(answer.size(), kRefusalBytesMax) << static_cast<int>(status);
  }
}

TEST(Refusal, SaysWhenItWasMadeWhereThatIsKnown) {
  const std::string answer = RefuseAtLength(Status::kNotFound, "x");
  EXPECT_TRUE(
      answer.starts_with("HTTP/1.1 404 Not Found\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n"))
      << answer;
  EXPECT_EQ(Refuse(Status::kNotFound, "x").find("Date"), std::string::npos);
}

TEST(Refusal, OfTheTableIsOneShortLineThatFits) {
  for (const http::Refusal& refusal : kRefusals) {
    EXPECT_LE(refusal.reason.size(), kReasonBytesMax);
    EXPECT_EQ(refusal.reason.find_first_of("\r\n"), std::string_view::npos);
    EXPECT_LE(Refuse(refusal.status, refusal.reason).size(), kRefusalBytesMax);
    EXPECT_TRUE(
        Refuse(refusal.status, refusal.reason).ends_with(std::string(refusal.reason) + "\n"));
  }
}

TEST(Refusal, IsWrittenWholeOrNotAtAll) {
  std::array<char, kCellBytes> cell;
  const http::Refusal refusal{Status::kBadRequest, "x"};
  const size_t whole = BuildRefusal(refusal, cell);
  for (size_t bytes = 0; bytes < whole; ++bytes) {
    EXPECT_EQ(BuildRefusal(refusal, std::span(cell).first(bytes)), 0u);
  }
}

TEST(ReasonPhrase, IsThereForEveryStatus) {
  for (const Status status : kAllStatuses) {
    EXPECT_NE(ReasonPhrase(status), "") << static_cast<int>(status);
  }
  EXPECT_EQ(ReasonPhrase(Status::kHeadTooLarge), "Request Header Fields Too Large");
}

// ---- The answers of static routes

std::string RefuseFile(const http::Refusal& refusal, AnswerBody body, AfterAnswer after) {
  std::array<char, kCellBytes> cell;
  return {cell.data(), BuildRefusal(refusal, cell, body, after)};
}

TEST(FileRefusal, SaysNothingOfAConnectionThatStays) {
  EXPECT_EQ(RefuseFile(kFileMissing, AnswerBody::kSent, AfterAnswer::kKeepOpen),
            "HTTP/1.1 404 Not Found\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 22\r\n"
            "\r\n"
            "there is no such file\n");
  EXPECT_TRUE(RefuseFile(kFileMissing, AnswerBody::kOmitted, AfterAnswer::kKeepOpen)
                  .ends_with("\r\nContent-Length: 22\r\n\r\n"));
  EXPECT_TRUE(RefuseFile(kFileMissing, AnswerBody::kOmitted, AfterAnswer::kClose)
                  .ends_with("\r\nConnection: close\r\n\r\n"));
}

TEST(FileRefusal, SaysThatTheConnectionStaysToAClientThatHasToBeTold) {
  EXPECT_TRUE(RefuseFile(kFileMissing, AnswerBody::kOmitted, AfterAnswer::kKeepOpenAsAsked)
                  .ends_with("\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(FileRefusal, OfAnotherMethodAllowsGetAndHead) {
  const std::string answer = RefuseFile(kFileMethod, AnswerBody::kSent, AfterAnswer::kKeepOpen);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_NE(answer.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos);
}

TEST(FileRefusal, OfTheTableIsOneShortLineThatFits) {
  std::vector<http::Refusal> table(kFileRefusals.begin(), kFileRefusals.end());
  table.insert(table.end(), kPathRefusals.begin(), kPathRefusals.end());
  for (const http::Refusal& refusal : table) {
    EXPECT_LE(refusal.reason.size(), kReasonBytesMax);
    EXPECT_EQ(refusal.reason.find_first_of("\r\n"), std::string_view::npos);
    const std::string answer =
        RefuseFile(refusal, AnswerBody::kSent, AfterAnswer::kKeepOpenAsAsked);
    EXPECT_FALSE(answer.empty());
    EXPECT_LE(answer.size(), kRefusalBytesMax);
  }
}

std::string Redirect(std::string_view path, std::string_view query, AfterAnswer after,
                     size_t room = kCellBytes) {
  std::string out(room, '?');
  out.resize(BuildSlashRedirect(path, query, after, out));
  return out;
}

TEST(SlashRedirect, AddsTheSlashAndKeepsTheQuery) {
  EXPECT_EQ(Redirect("/a%20b/c", "q=/x&y", AfterAnswer::kKeepOpen),
            "HTTP/1.1 301 Moved Permanently\r\n"
            "Content-Length: 0\r\n"
            "Location: /a%20b/c/?q=/x&y\r\n"
            "\r\n");
  EXPECT_TRUE(Redirect("/c", "", AfterAnswer::kClose)
                  .ends_with("\r\nLocation: /c/\r\nConnection: close\r\n\r\n"));
}

TEST(SlashRedirect, NeverNamesAnotherHost) {
  for (const std::string_view path : {"//evil.example", "///evil.example"}) {
    const std::string answer = Redirect(path, "", AfterAnswer::kClose);
    EXPECT_NE(answer.find("\r\nLocation: /evil.example/\r\n"), std::string::npos) << answer;
  }
}

TEST(SlashRedirect, IsWrittenWholeOrNotAtAll) {
  const size_t whole = Redirect("/c", "q", AfterAnswer::kClose).size();
  for (size_t room = 0; room < whole; ++room) {
    EXPECT_EQ(Redirect("/c", "q", AfterAnswer::kClose, room), "");
  }
  EXPECT_EQ(Redirect("/c", "q", AfterAnswer::kClose, whole).size(), whole);
}

}  // namespace
}  // namespace ringway::http
