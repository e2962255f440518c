// SPDX-License-Identifier: Apache-2.0
//
// Weights are thousandths, the finest that RFC 9110 12.4.2 can say.
#include "gateway/http/content_coding.h"

#include <optional>

#include "gateway/http/bytes.h"
#include "gateway/http/list_reader.h"

namespace ringway::http {
namespace {

constexpr uint16_t kWeightMax = 1000;
/// Digits behind the point.
constexpr size_t kWeightDigitsMax = 3;

/// Ties go to the first: what is smaller on the wire.
constexpr std::array<ContentCoding, kContentCodings> kByPreference = {
    ContentCoding::kBrotli, ContentCoding::kGzip, ContentCoding::kIdentity};

using Weight = std::optional<uint16_t>;

/// What the client said of each coding, by its number, and of "*".
struct Weights {
  std::array<Weight, kContentCodings> of_coding{};
  Weight of_others;

  [[nodiscard]] uint16_t Of(ContentCoding coding) const {
    const Weight named = of_coding[static_cast<size_t>(coding)];
    return named ? *named : of_others.value_or(0);
  }
};

std::string_view TrimFront(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

std::string_view TrimBack(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

/// qvalue: "0" or "1", and a point and up to three digits, of which none makes it more than 1.
Weight ReadQvalue(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  uint16_t value = text[0] == '1' ? kWeightMax : 0;
  text.remove_prefix(1);
  if (text.empty()) return value;
  if (text[0] != '.' || text.size() > 1 + kWeightDigitsMax) return std::nullopt;
  uint16_t worth = kWeightMax / 10;
  for (const char digit : text.substr(1)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = static_cast<uint16_t>(value + (digit - '0') * worth);
    worth /= 10;
  }
  return value <= kWeightMax ? Weight(value) : std::nullopt;
}

/// weight: OWS ";" OWS "q=" qvalue; what follows the coding's name, from the semicolon on.
Weight ReadWeight(std::string_view text) {
  constexpr std::string_view kName = "q=";
  text = TrimFront(text.substr(1));
  if (!EqualsIgnoreCase(text.substr(0, kName.size()), kName)) return std::nullopt;
  return ReadQvalue(text.substr(kName.size()));
}

void ReadElement(std::string_view element, Weights* weights) {
  const size_t semicolon = element.find(';');
  const std::string_view name = TrimBack(element.substr(0, semicolon));
  const Weight weight = semicolon == std::string_view::npos ? Weight(kWeightMax)
                                                            : ReadWeight(element.substr(semicolon));
  if (!weight) return;
  const auto set = [&](ContentCoding coding) {
    weights->of_coding[static_cast<size_t>(coding)] = weight;
  };
  if (name == "*") weights->of_others = weight;
  if (EqualsIgnoreCase(name, "br")) set(ContentCoding::kBrotli);
  if (EqualsIgnoreCase(name, "gzip") || EqualsIgnoreCase(name, "x-gzip")) set(ContentCoding::kGzip);
  if (EqualsIgnoreCase(name, "identity")) set(ContentCoding::kIdentity);
}

}  // namespace

ContentCoding CodingOrder::FirstOf(CodedSiblings siblings) const {
  for (const ContentCoding coding : Kept()) {
    if (coding == ContentCoding::kIdentity) break;
    if (coding == ContentCoding::kGzip ? siblings.gzip : siblings.brotli) return coding;
  }
  return ContentCoding::kIdentity;
}

CodingOrder OrderCodings(std::span<const std::string_view> accept_encoding) {
  Weights weights;
  for (const std::string_view value : accept_encoding) {
    ListReader reader(value);
    std::string_view element;
    while (reader.Next(&element)) ReadElement(element, &weights);
  }
  CodingOrder order;
  std::array<uint16_t, kContentCodings> placed{};
  for (const ContentCoding coding : kByPreference) {
    const uint16_t weight = weights.Of(coding);
    if (weight == 0 && coding != ContentCoding::kIdentity) continue;
    size_t at = order.count++;
    for (; at > 0 && placed[at - 1] < weight; --at) {
      placed[at] = placed[at - 1];
      order.codings[at] = order.codings[at - 1];
    }
    placed[at] = weight;
    order.codings[at] = coding;
  }
  return order;
}

}  // namespace ringway::http
