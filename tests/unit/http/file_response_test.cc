// SPDX-License-Identifier: Apache-2.0
//
// The heads of answers about files, byte by byte.
#include "gateway/http/file_response.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

#include "gateway/http/backend_response.h"
#include "gateway/http/entity_tag.h"
#include "gateway/http/media_types.h"

namespace ringway::http {
namespace {

FileResponse Whole() {
  return {.now_s = 784111777,
          .content_type = "text/plain; charset=utf-8",
          .file_bytes = 10000,
          .last_modified_s = 784111700,
          .entity_tag = "\"t\""};
}

FileResponse Partial(std::span<const ByteRange> ranges) {
  FileResponse response = Whole();
  response.status = Status::kPartialContent;
  response.ranges = ranges;
  response.boundary = 0x0123456789abcdef;
  return response;
}

std::string Head(const FileResponse& response, size_t room = kFileHeadBytesMax) {
  std::string out(room, '?');
  out.resize(BuildFileHead(response, out));
  return out;
}

std::string PartHead(const FileResponse& response, size_t index, size_t room = kPartHeadBytesMax) {
  std::string out(room, '?');
  out.resize(BuildPartHead(response, index, out));
  return out;
}

std::string LastBoundary(const FileResponse& response, size_t room = kPartHeadBytesMax) {
  std::string out(room, '?');
  out.resize(BuildLastBoundary(response, out));
  return out;
}

bool Has(const std::string& head, std::string_view line) {
  return head.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
}

TEST(FileResponse, BringsAWholeFile) {
  EXPECT_EQ(Head(Whole()),
            "HTTP/1.1 200 OK\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 10000\r\n"
            "Last-Modified: Sun, 06 Nov 1994 08:48:20 GMT\r\n"
            "Accept-Ranges: bytes\r\n"
            "ETag: \"t\"\r\n"
            "\r\n");
  EXPECT_EQ(FileBodyBytes(Whole()), 10000U);
}

TEST(FileResponse, SaysCodingChoiceCachingAndTheEnd) {
  FileResponse response = Whole();
  response.coding = ContentCoding::kBrotli;
  response.coding_choice = CodingChoice::kByAcceptEncoding;
  response.cache_control = "max-age=60";
  response.after = AfterAnswer::kClose;
  EXPECT_EQ(Head(response),
            "HTTP/1.1 200 OK\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Encoding: br\r\n"
            "Content-Length: 10000\r\n"
            "Last-Modified: Sun, 06 Nov 1994 08:48:20 GMT\r\n"
            "Accept-Ranges: bytes\r\n"
            "ETag: \"t\"\r\n"
            "Cache-Control: max-age=60\r\n"
            "Vary: Accept-Encoding\r\n"
            "Connection: close\r\n"
            "\r\n");
  response.coding = ContentCoding::kGzip;
  EXPECT_TRUE(Has(Head(response), "Content-Encoding: gzip"));
  // Whoever gets the file as it is has to know that others do not.
  response.coding = ContentCoding::kIdentity;
  EXPECT_FALSE(Has(Head(response), "Content-Encoding: identity"));
  EXPECT_TRUE(Has(Head(response), "Vary: Accept-Encoding"));
}

TEST(FileResponse, BringsAnEmptyFile) {
  FileResponse response = Whole();
  response.file_bytes = 0;
  EXPECT_TRUE(Has(Head(response), "Content-Length: 0"));
}

TEST(FileResponse, BringsAPart) {
  const std::array<ByteRange, 1> ranges{{{100, 50}}};
  const FileResponse response = Partial(ranges);
  EXPECT_EQ(Head(response),
            "HTTP/1.1 206 Partial Content\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 50\r\n"
            "Content-Range: bytes 100-149/10000\r\n"
            "Last-Modified: Sun, 06 Nov 1994 08:48:20 GMT\r\n"
            "Accept-Ranges: bytes\r\n"
            "ETag: \"t\"\r\n"
            "\r\n");
  EXPECT_EQ(FileBodyBytes(response), 50U);
}

TEST(FileResponse, BringsSeveralPartsInMultipart) {
  const std::array<ByteRange, 2> ranges{{{0, 1}, {9990, 10}}};
  FileResponse response = Partial(ranges);
  response.coding = ContentCoding::kGzip;
  const std::string head = Head(response);
  EXPECT_TRUE(Has(head, "Content-Type: multipart/byteranges; boundary=0123456789abcdef"));
  EXPECT_EQ(head.find("Content-Range"), std::string::npos);
  EXPECT_EQ(head.find("Content-Encoding"), std::string::npos);
  EXPECT_EQ(PartHead(response, 0),
            "--0123456789abcdef\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Encoding: gzip\r\n"
            "Content-Range: bytes 0-0/10000\r\n"
            "\r\n");
  EXPECT_EQ(PartHead(response, 1),
            "\r\n--0123456789abcdef\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Encoding: gzip\r\n"
            "Content-Range: bytes 9990-9999/10000\r\n"
            "\r\n");
  EXPECT_EQ(LastBoundary(response), "\r\n--0123456789abcdef--\r\n");
  const size_t body_bytes = PartHead(response, 0).size() + 1 + PartHead(response, 1).size() + 10 +
                            LastBoundary(response).size();
  EXPECT_EQ(FileBodyBytes(response), body_bytes);
  EXPECT_TRUE(Has(head, "Content-Length: " + std::to_string(body_bytes)));
}

TEST(FileResponse, HasABoundaryOfOneLength) {
  const std::array<ByteRange, 2> ranges{{{0, 1}, {5, 1}}};
  FileResponse response = Partial(ranges);
  const uint64_t body_bytes = FileBodyBytes(response);
  for (const uint64_t boundary : {uint64_t{0}, uint64_t{0xa}, ~uint64_t{0}}) {
    response.boundary = boundary;
    EXPECT_EQ(FileBodyBytes(response), body_bytes);
  }
  EXPECT_EQ(LastBoundary(response), "\r\n--ffffffffffffffff--\r\n");
  response.boundary = 10;
  EXPECT_EQ(LastBoundary(response), "\r\n--000000000000000a--\r\n");
}

TEST(FileResponse, SaysThatNothingHasChanged) {
  FileResponse response = Whole();
  response.status = Status::kNotModified;
  response.coding = ContentCoding::kGzip;
  response.coding_choice = CodingChoice::kByAcceptEncoding;
  response.cache_control = "no-cache";
  EXPECT_EQ(Head(response),
            "HTTP/1.1 304 Not Modified\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "ETag: \"t\"\r\n"
            "Cache-Control: no-cache\r\n"
            "Vary: Accept-Encoding\r\n"
            "\r\n");
  EXPECT_EQ(FileBodyBytes(response), 0U);
}

TEST(FileResponse, SaysThatAConditionFailed) {
  FileResponse response = Whole();
  response.status = Status::kPreconditionFailed;
  response.cache_control = "max-age=60";
  response.after = AfterAnswer::kClose;
  EXPECT_EQ(Head(response),
            "HTTP/1.1 412 Precondition Failed\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Content-Length: 0\r\n"
            "Connection: close\r\n"
            "\r\n");
}

TEST(FileResponse, SaysHowLongTheFileIsWhereNoRangeIsInIt) {
  FileResponse response = Whole();
  response.status = Status::kRangeNotSatisfiable;
  response.cache_control = "max-age=60";
  EXPECT_EQ(Head(response),
            "HTTP/1.1 416 Range Not Satisfiable\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Content-Length: 0\r\n"
            "Content-Range: bytes */10000\r\n"
            "\r\n");
  EXPECT_EQ(FileBodyBytes(response), 0U);
}

TEST(FileResponse, DatesAFileOfTheFutureFromNow) {
  FileResponse response = Whole();
  response.last_modified_s = response.now_s + 5;
  EXPECT_TRUE(Has(Head(response), "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"));
  response.last_modified_s = std::numeric_limits<int64_t>::max();
  EXPECT_TRUE(Has(Head(response), "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"));
}

TEST(FileResponse, GivesNoDateThatCannotBeSaid) {
  FileResponse response = Whole();
  response.last_modified_s = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(Head(response).find("Last-Modified"), std::string::npos);
  EXPECT_TRUE(Has(Head(response), "ETag: \"t\""));
}

TEST(FileResponse, FitsIntoItsBounds) {
  constexpr uint64_t kMost = kBodyBytesMax;
  const std::string content_type(kMediaTypeBytesMax, 'x');
  const std::string cache_control(kCacheControlBytesMax, 'x');
  const std::string entity_tag(kEntityTagBytesMax, 'x');
  const std::array<ByteRange, 2> ranges{{{kMost - 2, 1}, {kMost - 1, 1}}};
  FileResponse response = Partial(std::span(ranges).first(1));
  response.content_type = content_type;
  response.cache_control = cache_control;
  response.entity_tag = entity_tag;
  response.file_bytes = kMost;
  response.coding = ContentCoding::kGzip;
  response.coding_choice = CodingChoice::kByAcceptEncoding;
  response.after = AfterAnswer::kKeepOpenAsAsked;
  EXPECT_NE(Head(response), "");
  response.ranges = ranges;
  EXPECT_NE(Head(response), "");
  EXPECT_NE(PartHead(response, 1), "");
  // A file that is too large for parts is still good for one.
  response.file_bytes = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(Head(response), "");
  const std::array<ByteRange, 1> all{{{0, response.file_bytes}}};
  response.ranges = all;
  EXPECT_NE(Head(response), "");
  EXPECT_NE(PartHead(response, 0), "");
}

TEST(FileResponse, IsWrittenWholeOrNotAtAll) {
  const std::array<ByteRange, 2> ranges{{{0, 1}, {5, 1}}};
  const FileResponse response = Partial(ranges);
  for (size_t room = 0; room < Head(response).size(); ++room) ASSERT_EQ(Head(response, room), "");
  for (size_t room = 0; room < PartHead(response, 1).size(); ++room) {
    ASSERT_EQ(PartHead(response, 1, room), "");
  }
  for (size_t room = 0; room < LastBoundary(response).size(); ++room) {
    ASSERT_EQ(LastBoundary(response, room), "");
  }
}

}  // namespace
}  // namespace ringway::http
