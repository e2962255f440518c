// SPDX-License-Identifier: Apache-2.0
//
// Requests for files, and what is looked for in their answers.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "gateway/http/entity_tag.h"
#include "tests/unit/session/harness.h"

namespace ringway::session {

inline constexpr HarnessOptions kFiles{.files = ""};
inline constexpr std::string_view kDateLine = "\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n";
inline constexpr std::string_view kModifiedDate = "Tue, 14 Nov 2023 21:56:40 GMT";

/// `fields`: whole lines with their ends.
inline std::string Ask(std::string_view method, std::string_view path,
                       std::string_view fields = "") {
  std::string request(method);
  request.append(" ").append(path).append(" HTTP/1.1\r\nHost: a\r\n");
  return request.append(fields).append("\r\n");
}
inline std::string Get(std::string_view path, std::string_view fields = "") {
  return Ask("GET", path, fields);
}

inline bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// What stands behind the first head.
inline std::string BodyOf(std::string_view answer) {
  const size_t end = answer.find("\r\n\r\n");
  return end == std::string_view::npos ? "no head" : std::string(answer.substr(end + 4));
}

/// Of a file of FakeFiles.
inline std::string TagOf(uint64_t bytes,
                         http::ContentCoding coding = http::ContentCoding::kIdentity) {
  std::array<char, http::kEntityTagBytesMax> tag;
  return {tag.data(),
          http::BuildEntityTag(
              {.bytes = bytes, .modified_ns = kModifiedSeconds * 1'000'000'000 + 5}, coding, tag)};
}

/// The last answer has left, and the next request may come. Forgets the answer.
inline void ExpectAtRest(Harness& harness) {
  EXPECT_EQ(harness.state(), State::kServing);
  EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kNot);
  harness.Below();
  EXPECT_EQ(harness.state(), State::kHandshake);
  EXPECT_EQ(harness.session().ReadingOf(kClient), Reading::kOnce);
  EXPECT_FALSE(harness.link(kClient).finished);
  EXPECT_EQ(harness.ending().reason, EndReason::kNone);
  EXPECT_EQ(harness.on_files(), 0U);
  for (size_t c = 0; c < base::kBufferClasses; ++c) {
    EXPECT_EQ(harness.leased(static_cast<base::BufferClass>(c)), 0U) << "class " << c;
  }
  harness.Forget();
}

/// The last answer has left, and it was the last of its connection.
inline void ExpectEnded(Harness& harness, EndSide side, int status) {
  harness.Below();
  EXPECT_EQ(harness.Story(), "finish client, timer");
  EXPECT_EQ(harness.on_files(), 0U);
  ExpectEnding(harness, side, EndReason::kAnswered, status);
}

}  // namespace ringway::session
