// SPDX-License-Identifier: Apache-2.0
//
// The parser of responses against a slow and obvious one that takes the head apart into lines, and
// what is relayed against what came.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "gateway/http/backend_response.h"
#include "gateway/http/relayed_response.h"
#include "tests/property/http/cuts.h"

namespace ringway::http {
namespace {

constexpr size_t kHeadBytesMax = 4096;

struct Reading {
  bool good = false;
  int status = 0;
  BodyFraming framing = BodyFraming::kNone;
  uint64_t body_bytes = 0;
  size_t head_bytes = 0;
  bool upgrade = false;

  friend bool operator==(const Reading&, const Reading&) = default;
};

struct Line {
  std::string name;  ///< lower case
  std::string value;
};

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  return text;
}

std::string Trim(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> Split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end; (end = text.find(separator, begin)) != std::string::npos;) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + separator.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<std::string> Elements(const std::vector<Line>& lines, const std::string& name) {
  std::vector<std::string> elements;
  for (const Line& line : lines) {
    if (line.name != name) continue;
    for (const std::string& part : Split(line.value, ",")) {
      if (!Trim(part).empty()) elements.push_back(Lower(Trim(part)));
    }
  }
  return elements;
}

std::vector<std::string> Values(const std::vector<Line>& lines, const std::string& name) {
  std::vector<std::string> values;
  for (const Line& line : lines) {
    if (line.name == name) values.push_back(line.value);
  }
  return values;
}

bool IsToken(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char byte) {
    return byte < 0x80 &&
           (std::isalnum(byte) ||
            std::string("!#$%&'*+-.^_`|~").find(static_cast<char>(byte)) != std::string::npos);
  });
}

bool HasOnlyValueBytes(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char byte) {
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool SplitFields(const std::vector<std::string>& texts, std::vector<Line>* lines) {
  for (size_t at = 1; at < texts.size(); ++at) {
    const size_t colon = texts[at].find(':');
    if (colon == std::string::npos || !IsToken(texts[at].substr(0, colon))) return false;
    if (!HasOnlyValueBytes(texts[at])) return false;
    lines->push_back({Lower(texts[at].substr(0, colon)), Trim(texts[at].substr(colon + 1))});
  }
  return lines->size() <= kHeaderFieldsMax;
}

bool ReadStatusLine(const std::string& line, Reading* reading) {
  if (!HasOnlyValueBytes(line)) return false;
  if (!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 ")) return false;
  const size_t begin = line.find_first_not_of(' ', 8);
  if (begin == std::string::npos) return false;
  const std::string status = line.substr(begin, line.find(' ', begin) - begin);
  if (status.size() != 3 || status.find_first_not_of("0123456789") != std::string::npos) {
    return false;
  }
  reading->status = std::stoi(status);
  return reading->status >= 100;
}

bool ReadFraming(const std::vector<Line>& lines, bool is_http11, Reading* reading) {
  const auto lengths = Values(lines, "content-length");
  const auto codings = Values(lines, "transfer-encoding");
  if (codings.size() > 1 || (!lengths.empty() && !codings.empty())) return false;
  if (std::set<std::string>(lengths.begin(), lengths.end()).size() > 1) return false;
  if (!codings.empty() && (Lower(codings[0]) != "chunked" || !is_http11)) return false;
  if (!lengths.empty()) {
    const std::string& digits = lengths[0];
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return false;
    // The texts here have at most 19 digits.
    reading->body_bytes = std::stoull(digits);
    if (reading->body_bytes > kBodyBytesMax) return false;
  }
  const int status = reading->status;
  if (status < 200 || status == 204 || status == 304) {
    reading->framing = BodyFraming::kNone;
  } else if (!codings.empty()) {
    reading->framing = BodyFraming::kChunked;
  } else {
    reading->framing = lengths.empty() ? BodyFraming::kUntilClose : BodyFraming::kLength;
  }
  return true;
}

/// REQUIRES: there is a blank line.
Reading ReadSlowly(const std::string& text) {
  Reading reading;
  // Whichever its first line ends with.
  const std::string line_end = text[text.find_first_of("\r\n")] == '\n' ? "\n" : "\r\n";
  const size_t end = text.find(line_end + line_end);
  if (end == std::string::npos) return {};
  const std::vector<std::string> texts = Split(text.substr(0, end), line_end);
  std::vector<Line> lines;
  if (!ReadStatusLine(texts[0], &reading) || !SplitFields(texts, &lines)) return {};
  if (!ReadFraming(lines, texts[0][7] == '1', &reading)) return {};
  reading.good = true;
  reading.head_bytes = end + 2 * line_end.size();
  const auto upgrades = Elements(lines, "upgrade");
  reading.upgrade =
      std::set<std::string>(upgrades.begin(), upgrades.end()) == std::set<std::string>{"websocket"};
  return reading;
}

std::string MakeAnswer(std::string_view line_end, Chance* chance) {
  constexpr std::string_view kFirst[] = {"HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "HTTP/1.0 200 OK",
                                         "HTTP/1.1 101 ",   "HTTP/1.1 204 x",  "HTTP/1.1 304 x",
                                         "HTTP/1.1 999 \t", "HTTP/1.1 099 x",  "HTTP/1.2 200 x",
                                         "HTTP/1.1 404",    "HTTP/1.1  200 OK"};
  constexpr std::string_view kFields[] = {"Content-Length: 5",
                                          "content-length:  12\t",
                                          "Content-Length: 5, 5",
                                          "Content-Length:",
                                          "Transfer-Encoding: chunked",
                                          "TRANSFER-ENCODING:Chunked",
                                          "Transfer-Encoding: gzip",
                                          "Connection: close",
                                          "Connection: Upgrade, x-hop",
                                          "connection:,",
                                          "Connection: timeout=5",
                                          "Connection: keep-alive",
                                          "Upgrade: websocket",
                                          "Upgrade: WebSocket, h2c",
                                          "X-Hop: 1",
                                          "A:",
                                          "Set-Cookie: a=\xc3\xa4",
                                          "Content-Length: 1152921504606846977"};
  std::string text = std::string(chance->OneOf(kFirst)).append(line_end);
  for (size_t fields = chance->Below(5); fields > 0; --fields) {
    text.append(chance->OneOf(kFields)).append(line_end);
  }
  return text;
}

/// The head lines may be damaged; the end stays an end.
std::string MakeText(Chance* chance) {
  const std::string_view line_end = chance->OneIn(5) ? "\n" : "\r\n";
  std::string text = MakeAnswer(line_end, chance);
  constexpr std::string_view kBytes("\r\n :\t,0x\x80\0", 10);
  if (chance->OneIn(3)) {
    text.insert(chance->Below(text.size() - 1), 1, kBytes[chance->Below(kBytes.size())]);
  }
  return text.append(line_end) + "body";
}

Reading ReadFast(std::string_view text, ResponseHead* head, HeadResult* result) {
  Refusal refusal;
  *result = ParseResponseHead(text, kHeadBytesMax, head, &refusal);
  if (*result != HeadResult::kWhole) return {};
  return {.good = true,
          .status = head->status,
          .framing = head->framing,
          .body_bytes = head->body_bytes,
          .head_bytes = head->head_bytes,
          .upgrade = head->upgrade_to_websocket};
}

TEST(ResponseHead, IsReadAsTheSlowReaderReadsIt) {
  size_t good = 0;
  for (uint32_t seed = 0; seed < 30000; ++seed) {
    Chance chance(seed);
    const std::string text = MakeText(&chance);
    ResponseHead head;
    HeadResult result;
    const Reading fast = ReadFast(text, &head, &result);
    ASSERT_NE(result, HeadResult::kNeedMore) << "seed " << seed << "\n" << text;
    ASSERT_EQ(fast, ReadSlowly(text)) << "seed " << seed << "\n" << text;
    good += fast.good;
  }
  EXPECT_GT(good, 5000u);
}

TEST(ResponseHead, HasOneAnswerHoweverItIsCut) {
  for (uint32_t seed = 0; seed < 3000; ++seed) {
    Chance chance(seed);
    const std::string text = MakeText(&chance);
    ResponseHead head;
    HeadResult whole;
    const Reading expected = ReadFast(text, &head, &whole);
    for (size_t bytes = 0; bytes < text.size(); ++bytes) {
      HeadResult result;
      const Reading reading = ReadFast(std::string_view(text).substr(0, bytes), &head, &result);
      if (result == HeadResult::kNeedMore) continue;
      ASSERT_EQ(result, whole) << "seed " << seed << " at " << bytes;
      ASSERT_EQ(reading, expected) << "seed " << seed << " at " << bytes;
    }
  }
}

/// The client reads the relayed head as the gateway read the backend's, and finds nothing of the
/// hop behind it.
TEST(ResponseHead, IsRelayedWithTheSameFraming) {
  for (uint32_t seed = 0; seed < 30000; ++seed) {
    Chance chance(seed);
    const std::string text = MakeText(&chance);
    ResponseHead head;
    HeadResult result;
    Reading came = ReadFast(text, &head, &result);
    if (!came.good || head.IsInterim()) continue;
    const bool until_close = head.framing == BodyFraming::kUntilClose;
    const AfterAnswer after =
        until_close || chance.OneIn(2) ? AfterAnswer::kClose : AfterAnswer::kKeepOpen;
    std::array<char, kHeadBytesMax> out;
    const std::string relayed(out.data(), BuildRelayedResponse(head, text, after, out));
    ASSERT_FALSE(relayed.empty()) << "seed " << seed;
    const Reading went = ReadSlowly(relayed);
    ASSERT_EQ(went.head_bytes, relayed.size()) << "seed " << seed << "\n" << relayed;
    if (head.framing == BodyFraming::kNone && head.status != 304) came.body_bytes = 0;
    came.head_bytes = went.head_bytes;
    came.upgrade = head.status == 101;
    ASSERT_EQ(went, came) << "seed " << seed << "\n" << relayed;
    ResponseHead again;
    ReadFast(relayed, &again, &result);
    ASSERT_EQ(again.keep_alive, after == AfterAnswer::kKeepOpen || head.status == 101);
  }
}

}  // namespace
}  // namespace ringway::http
