// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the answer of a backend: its head has one reading in whatever pieces it comes, what is
// relayed of it is framed as it was, and its body ends at one place.
//
// Input: the bytes that a backend sends. Its last byte, plus one, is the size of the pieces in
// which the body reader gets the rest.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/http/backend_response.h"
#include "gateway/http/body_reader.h"
#include "gateway/http/relayed_response.h"
#include "gateway/http/switching_check.h"

namespace {

using ringway::http::AfterAnswer;
using ringway::http::BodyFraming;
using ringway::http::BodyReader;
using ringway::http::BodyResult;
using ringway::http::BodyStep;
using ringway::http::HeadResult;
using ringway::http::Refusal;
using ringway::http::RequestHead;
using ringway::http::ResponseHead;
using ringway::http::Status;

constexpr size_t kHeadBytesMax = 4 * 1024;
constexpr size_t kChunkBytes = 16 * 1024;
/// Beyond so many bytes prefixes are tried at growing distances: all of them would be quadratic.
constexpr size_t kEveryPrefixBytes = 512;
constexpr uint16_t kSwitching = static_cast<uint16_t>(Status::kSwitchingProtocols);

constexpr std::string_view kRequest =
    "GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: chat, superchat\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; a=\"b,c\", x\r\n\r\n";

struct Answer {
  HeadResult result = HeadResult::kNeedMore;
  ResponseHead head;
  Refusal refusal;
};

Answer Parse(std::string_view bytes) {
  Answer answer;
  answer.result =
      ringway::http::ParseResponseHead(bytes, kHeadBytesMax, &answer.head, &answer.refusal);
  RINGWAY_CHECK(answer.result != HeadResult::kRefused ||
                (answer.refusal.status == Status::kBadGateway && !answer.refusal.reason.empty()));
  return answer;
}

void CheckInside(std::string_view part, std::string_view whole) {
  if (part.empty()) return;
  const std::less_equal<const char*> not_after;
  RINGWAY_CHECK(not_after(whole.data(), part.data()));
  RINGWAY_CHECK(not_after(part.data() + part.size(), whole.data() + whole.size()));
}

void CheckHead(const ResponseHead& head, std::string_view bytes) {
  RINGWAY_CHECK(head.head_bytes <= std::min(bytes.size(), kHeadBytesMax));
  const std::string_view own = bytes.substr(0, head.head_bytes);
  // Lines end in one way alone.
  RINGWAY_CHECK(own.ends_with("\r\n\r\n") ||
                (own.ends_with("\n\n") && own.find('\r') == std::string_view::npos));
  CheckInside(head.reason, own);
  CheckInside(head.websocket_accept, own);
  for (const std::string_view value : head.subprotocols.Kept()) CheckInside(value, own);
  for (const std::string_view value : head.extensions.Kept()) CheckInside(value, own);
  RINGWAY_CHECK(head.status >= 100 && head.status <= 999 && head.version_minor <= 1);
  RINGWAY_CHECK(head.body_bytes <= ringway::http::kBodyBytesMax);
  RINGWAY_CHECK(head.framing != BodyFraming::kUntilClose || !head.keep_alive);
}

/// Once refused always refused, for the same reason; once whole always the same head.
void CheckPrefix(std::string_view bytes, const Answer& whole) {
  // A copy of its own size, so that a look beyond it is seen by the sanitizer.
  const std::vector<char> prefix(bytes.begin(), bytes.end());
  const Answer early = Parse({prefix.data(), prefix.size()});
  if (early.result == HeadResult::kNeedMore) return;
  RINGWAY_CHECK(early.result == whole.result);
  RINGWAY_CHECK(early.refusal == whole.refusal);
  RINGWAY_CHECK_OP(early.head.head_bytes, ==, whole.head.head_bytes);
  RINGWAY_CHECK_OP(early.head.body_bytes, ==, whole.head.body_bytes);
  RINGWAY_CHECK(early.head.framing == whole.head.framing);
}

void CheckSwitching(const ResponseHead& head) {
  RequestHead request;
  Refusal refusal;
  const HeadResult parsed =
      ringway::http::ParseRequestHead(kRequest, kHeadBytesMax, &request, &refusal);
  RINGWAY_CHECK(parsed == HeadResult::kWhole);
  if (ringway::http::CheckSwitching(head, request, &refusal) ==
      ringway::http::SwitchingResult::kGood) {
    RINGWAY_CHECK(head.websocket_accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    RINGWAY_CHECK(head.subprotocols.count == 0 || head.subprotocols.values[0] == "chat" ||
                  head.subprotocols.values[0] == "superchat");
  } else {
    RINGWAY_CHECK(refusal.status == Status::kBadGateway);
  }
}

void CheckRelayed(const ResponseHead& head, std::string_view bytes) {
  const AfterAnswer after =
      head.framing == BodyFraming::kUntilClose ? AfterAnswer::kClose : AfterAnswer::kKeepOpen;
  std::array<char, kChunkBytes> out;
  const size_t out_bytes = ringway::http::BuildRelayedResponse(head, bytes, after, out);
  if (out_bytes == 0) return;
  const std::string_view text(out.data(), out_bytes);
  ResponseHead relayed;
  Refusal refusal;
  const HeadResult parsed = ringway::http::ParseResponseHead(text, kChunkBytes, &relayed, &refusal);
  RINGWAY_CHECK(parsed == HeadResult::kWhole);
  RINGWAY_CHECK_OP(relayed.head_bytes, ==, out_bytes);
  RINGWAY_CHECK_OP(relayed.status, ==, head.status);
  RINGWAY_CHECK(relayed.framing == head.framing && relayed.reason == head.reason);
  RINGWAY_CHECK(relayed.framing == BodyFraming::kNone || relayed.body_bytes == head.body_bytes);
  RINGWAY_CHECK(relayed.websocket_accept == head.websocket_accept);
  RINGWAY_CHECK_OP(relayed.upgrade_to_websocket, >=, head.status == kSwitching);
}

struct BodyEnd {
  size_t bytes = 0;
  std::string kept{};
  BodyResult result = BodyResult::kNeedMore;
  bool may_end = false;
};

BodyEnd ReadBody(const ResponseHead& head, std::string_view body, size_t piece_bytes) {
  BodyReader reader;
  reader.Begin(head.framing, head.body_bytes);
  BodyEnd end;
  for (size_t at = 0; at < body.size(); at += piece_bytes) {
    std::string piece(body.substr(at, piece_bytes));
    const BodyStep step = reader.Consume(piece);
    RINGWAY_CHECK(step.kept_bytes <= step.bytes);
    end.kept.append(piece, 0, step.kept_bytes);
    RINGWAY_CHECK(step.bytes <= piece.size());
    RINGWAY_CHECK(step.result != BodyResult::kNeedMore || step.bytes == piece.size());
    end.bytes += step.bytes;
    end.result = step.result;
    RINGWAY_CHECK(reader.IsComplete() == (step.result == BodyResult::kComplete));
  }
  end.may_end = reader.MayEndHere();
  return end;
}

void CheckBody(const ResponseHead& head, std::string_view body, size_t piece_bytes) {
  const BodyEnd at_once = ReadBody(head, body, std::max<size_t>(body.size(), 1));
  const BodyEnd in_pieces = ReadBody(head, body, piece_bytes);
  RINGWAY_CHECK_OP(at_once.bytes, ==, in_pieces.bytes);
  RINGWAY_CHECK(at_once.kept == in_pieces.kept);
  RINGWAY_CHECK(at_once.result == in_pieces.result && at_once.may_end == in_pieces.may_end);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t input_bytes) {
  const std::string text(input, input + input_bytes);
  const std::string_view bytes = text;
  const Answer whole = Parse(bytes);
  for (size_t prefix_bytes = 0; prefix_bytes <= bytes.size();) {
    CheckPrefix(bytes.substr(0, prefix_bytes), whole);
    prefix_bytes += prefix_bytes < kEveryPrefixBytes ? 1 : prefix_bytes / 8;
  }
  if (whole.result != HeadResult::kWhole) return 0;
  CheckHead(whole.head, bytes);
  if (whole.head.status == kSwitching) CheckSwitching(whole.head);
  if (!whole.head.IsInterim()) CheckRelayed(whole.head, bytes);
  const size_t piece_bytes = static_cast<unsigned char>(text.back()) + size_t{1};
  CheckBody(whole.head, bytes.substr(whole.head.head_bytes), piece_bytes);
  return 0;
}
