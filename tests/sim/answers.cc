// SPDX-License-Identifier: Apache-2.0
//
// Heads and bodies.
#include "tests/sim/answers.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace ringway::sim {
namespace {

constexpr const char* kWrongAccept = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";

std::string Body(const Story& story, uint32_t number) {
  std::string body(Random(story.down_offset + number).Below(story.body_bytes_max) + 1, ' ');
  const Tape tape(TapeKind::kBinary, story.down_offset + number);
  tape.Fill(0, {reinterpret_cast<uint8_t*>(body.data()), body.size()});
  return body;
}

std::string Chunked(const std::string& body, uint64_t seed) {
  Random random(seed);
  std::string chunks;
  for (size_t at = 0; at < body.size();) {
    const size_t bytes = std::min(body.size() - at, 1 + random.Below(900));
    absl::StrAppend(&chunks, absl::Hex(bytes), random.Chance(2000) ? ";name=\"a;b\"" : "", "\r\n",
                    body.substr(at, bytes), "\r\n");
    at += bytes;
  }
  return absl::StrCat(chunks, "0\r\n", random.Chance(3000) ? "Trailer-Field: x\r\n" : "", "\r\n");
}

std::string Switching(const char* accept) {
  return absl::StrCat("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n",
                      "Connection: Upgrade\r\nSec-WebSocket-Accept: ", accept, "\r\n\r\n");
}

}  // namespace

AnswerText BuildAnswer(const Story& story, Answer answer, uint32_t number) {
  const std::string interim =
      story.sends_interim ? "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" : "";
  const auto text = [&](int status, const std::string& framing, std::string body) {
    return AnswerText{.status = status,
                      .head = absl::StrCat(interim, "HTTP/1.1 ", status, " Because\r\n",
                                           "X-Number: ", number, "\r\n", framing, "\r\n"),
                      .body = std::move(body),
                      .framing = framing};
  };
  const std::string body = Body(story, number);
  switch (answer) {
    case Answer::kSwitches:
      return {.status = 101, .head = interim + Switching(kWebSocketAccept)};
    case Answer::kWithLength:
      return text(401, absl::StrCat("Content-Length: ", body.size(), "\r\n"), body);
    case Answer::kChunked:
      return text(422, "Transfer-Encoding: chunked\r\n", Chunked(body, story.down_offset));
    case Answer::kEmpty:
      return text(302, "Content-Length: 0\r\n", "");
    case Answer::kUntilClose:
      return text(410, "", body);
    case Answer::kWrongAccept:
      return {.status = 101, .head = Switching(kWrongAccept)};
    case Answer::kGarbage:
      return {.head = "SSH-2.0-OpenSSH_9.2\r\n\r\n"};
    case Answer::kCut: {
      AnswerText cut = text(401, absl::StrCat("Content-Length: ", body.size() + 1, "\r\n"), body);
      return cut;
    }
    case Answer::kSilence:
    case Answer::kCloses:
      break;
  }
  return {};
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

std::string_view FieldOf(std::string_view head, std::string_view name) {
  for (size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (Lower(line.substr(0, colon)) != Lower(name)) continue;
    const size_t value = line.find_first_not_of(' ', colon + 1);
    return value == std::string_view::npos ? std::string_view() : line.substr(value);
  }
  return {};
}

}  // namespace ringway::sim
