// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes the request head: whatever comes, in whatever pieces, has one answer, and what it answers
// lies inside the bytes that came.
//
// Input: the bytes of a connection. If it does not end with a line feed, its last byte, times four,
// is the longest head, so that short inputs reach 431.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/check.h"
#include "gateway/http/request_head.h"
#include "gateway/http/response_head.h"

namespace {

using ringway::http::HeadResult;
using ringway::http::ListFields;
using ringway::http::Method;
using ringway::http::Refusal;
using ringway::http::RequestHead;
using ringway::http::SingleField;
using ringway::http::UpgradeResult;

constexpr size_t kHeadBytesMax = 16 * 1024;
/// Beyond so many bytes prefixes are tried at growing distances: all of them would be quadratic.
constexpr size_t kEveryPrefixBytes = 512;

struct Answer {
  HeadResult result = HeadResult::kNeedMore;
  RequestHead head;
  Refusal refusal;
};

Answer Parse(std::string_view bytes, size_t head_bytes_max) {
  Answer answer;
  answer.result =
      ringway::http::ParseRequestHead(bytes, head_bytes_max, &answer.head, &answer.refusal);
  return answer;
}

void CheckInside(std::string_view part, std::string_view whole) {
  if (part.empty()) return;
  const std::less_equal<const char*> not_after;
  RINGWAY_CHECK(not_after(whole.data(), part.data()));
  RINGWAY_CHECK(not_after(part.data() + part.size(), whole.data() + whole.size()));
}

void CheckHead(const RequestHead& head, std::string_view bytes, size_t head_bytes_max) {
  RINGWAY_CHECK(head.head_bytes <= std::min(bytes.size(), head_bytes_max));
  const std::string_view own = bytes.substr(0, head.head_bytes);
  RINGWAY_CHECK(own.ends_with("\r\n\r\n"));
  for (const std::string_view part :
       {head.method_text, head.query, head.host, head.origin, head.user_agent, head.websocket_key,
        head.websocket_version}) {
    CheckInside(part, own);
  }
  for (const ListFields& fields : {head.subprotocols, head.extensions, head.accept_encoding,
                                   head.if_match, head.if_none_match}) {
    for (const std::string_view value : fields.Kept()) CheckInside(value, own);
  }
  for (const SingleField& field :
       {head.if_modified_since, head.if_unmodified_since, head.if_range, head.range}) {
    RINGWAY_CHECK(field.count > 0 || field.value.empty());
    CheckInside(field.value, own);
  }
  RINGWAY_CHECK(head.path.starts_with('/'));
  if (head.path != "/") CheckInside(head.path, own);  // that of a target without one is elsewhere
  RINGWAY_CHECK(head.has_query || head.query.empty());
  RINGWAY_CHECK(!head.host.empty() || head.minor_version == 0);
  RINGWAY_CHECK(!head.upgrade_to_websocket || head.minor_version > 0);
  RINGWAY_CHECK(head.has_origin || head.origin.empty());
  RINGWAY_CHECK(!head.has_body || (head.method == Method::kOther && !head.keep_alive));
}

void CheckRefusal(const Refusal& refusal) {
  std::array<char, 512> cell;
  const size_t bytes = ringway::http::BuildRefusal(refusal, cell);
  RINGWAY_CHECK(bytes > 0 && bytes <= ringway::http::kRefusalBytesMax);
}

void CheckAnswerToUpgrade(const RequestHead& head) {
  Refusal refusal;
  switch (ringway::http::CheckUpgrade(head, &refusal)) {
    case UpgradeResult::kNotUpgrade:
      return;
    case UpgradeResult::kRefused:
      return CheckRefusal(refusal);
    case UpgradeResult::kUpgrade:
      break;
  }
  const std::vector<std::string> offered = {"chat", "superchat", "a"};
  const std::string_view chosen = ringway::http::SelectSubprotocol(head, offered);
  RINGWAY_CHECK(chosen.empty() ||
                std::find(offered.begin(), offered.end(), chosen) != offered.end());
  std::array<char, 512> cell;
  RINGWAY_CHECK(ringway::http::BuildUpgradeResponse(head.websocket_key, chosen, cell) > 0);
}

/// Once refused always refused, for the same reason; once whole always the same head.
void CheckPrefix(std::string_view bytes, size_t head_bytes_max, const Answer& whole) {
  // A copy of its own size, so that a look beyond it is seen by the sanitizer.
  const std::vector<char> prefix(bytes.begin(), bytes.end());
  const Answer early = Parse({prefix.data(), prefix.size()}, head_bytes_max);
  if (early.result == HeadResult::kNeedMore) return;
  RINGWAY_CHECK(early.result == whole.result);
  RINGWAY_CHECK(early.refusal == whole.refusal);
  RINGWAY_CHECK_OP(early.head.head_bytes, ==, whole.head.head_bytes);
  RINGWAY_CHECK(early.head.path == whole.head.path && early.head.query == whole.head.query);
  RINGWAY_CHECK(early.head.host == whole.head.host);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t input_bytes) {
  std::string text(input_bytes, '\0');
  if (input_bytes > 0) std::memcpy(text.data(), input, input_bytes);
  const std::string_view bytes = text;
  const bool short_head = !text.empty() && text.back() != '\n';
  const size_t head_bytes_max =
      short_head ? static_cast<unsigned char>(text.back()) * size_t{4} : kHeadBytesMax;
  const Answer whole = Parse(bytes, head_bytes_max);
  if (whole.result == HeadResult::kRefused) CheckRefusal(whole.refusal);
  if (whole.result == HeadResult::kWhole) {
    CheckHead(whole.head, bytes, head_bytes_max);
    CheckAnswerToUpgrade(whole.head);
  }
  for (size_t prefix_bytes = 0; prefix_bytes <= bytes.size();) {
    CheckPrefix(bytes.substr(0, prefix_bytes), head_bytes_max, whole);
    prefix_bytes += prefix_bytes < kEveryPrefixBytes ? 1 : prefix_bytes / 8;
  }
  // Bytes behind a head belong to somebody else, and a refusal has no way back.
  if (whole.result != HeadResult::kNeedMore) {
    const std::string more = text + "GET";
    const Answer longer = Parse(more, head_bytes_max);
    RINGWAY_CHECK(longer.result == whole.result);
    RINGWAY_CHECK(longer.refusal == whole.refusal);
    RINGWAY_CHECK_OP(longer.head.head_bytes, ==, whole.head.head_bytes);
  }
  return 0;
}
