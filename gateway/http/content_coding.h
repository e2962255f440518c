// SPDX-License-Identifier: Apache-2.0
//
// Which of a file's forms a client likes best: as it is, or one of its compressed siblings
// (RFC 9110 12.5.3).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ringway::http {

/// The content codings that are served (RFC 9110 8.4.1; br: RFC 7932).
enum class ContentCoding : uint8_t { kIdentity, kGzip, kBrotli };

inline constexpr size_t kContentCodings = 3;

/// Which siblings a file has; the file itself is always there.
struct CodedSiblings {
  bool gzip = false;
  bool brotli = false;
};

/// Codings to try, best first: the first that exists is the answer. Identity is always among them,
/// and last where the client did not ask for it or even excluded it: a file without an acceptable
/// form is sent as it is, as RFC 9110 12.4.1 allows, rather than refused.
struct CodingOrder {
  std::array<ContentCoding, kContentCodings> codings{};
  size_t count = 0;

  /// Lives as long as this, so a temporary has none.
  [[nodiscard]] std::span<const ContentCoding> Kept() const& { return {codings.data(), count}; }
  std::span<const ContentCoding> Kept() const&& = delete;
  [[nodiscard]] ContentCoding FirstOf(CodedSiblings siblings) const;
};

/// Reads the values of all Accept-Encoding fields; without one, or with an empty one, the order is
/// identity alone. Higher weights come first; at the same weight br before gzip before identity.
/// "*" stands for what is not named, "x-gzip" for gzip (8.4.1.3). Of a coding that is named twice
/// the last weight counts; an element that is not well-formed is as if it had not come.
///
/// Looks at every byte about twice.
[[nodiscard]] CodingOrder OrderCodings(std::span<const std::string_view> accept_encoding);

}  // namespace ringway::http
