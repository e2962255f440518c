// SPDX-License-Identifier: Apache-2.0
//
// The body reader against a slow and obvious one that sees the whole text, in every cutting.
#include "gateway/http/body_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/property/http/cuts.h"

namespace ringway::http {
namespace {

struct Expected {
  size_t bytes = 0;
  BodyResult result = BodyResult::kNeedMore;
  std::string kept{};

  friend bool operator==(const Expected&, const Expected&) = default;
};

constexpr std::string_view kDigits = "0123456789abcdef0123456789ABCDEF";
constexpr std::string_view kTokenBytes =
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool IsValueByte(char byte) {
  const auto number = static_cast<unsigned char>(byte);
  return number == '\t' || (number >= 0x20 && number != 0x7f);
}

bool IsSizeEnd(char byte) {
  return std::string_view("\r; \t").find(byte) != std::string_view::npos;
}

/// Reads RFC 9112 7.1 line by line. Throws what Consume should answer where it cannot go on.
class Oracle {
 public:
  explicit Oracle(std::string_view text) : text_(text) {}

  Expected Read() {
    try {
      while (ReadChunk()) continue;
      while (ReadTrailer()) continue;
      return {at_, BodyResult::kComplete, Kept()};
    } catch (Expected& stopped) {
      stopped.kept = Kept(stopped.bytes);
      return stopped;
    }
  }

 private:
  char Next() {
    if (at_ == text_.size()) throw Expected{at_, BodyResult::kNeedMore};
    return text_[at_];
  }

  void Require(bool holds) const {
    if (!holds) throw Expected{at_, BodyResult::kMalformed};
  }

  void Pass(std::string_view wanted) {
    for (const char byte : wanted) {
      Require(Next() == byte);
      ++at_;
    }
  }

  bool ReadChunk() {
    const size_t begin = at_;
    uint64_t size = 0;
    while (!IsSizeEnd(Next())) {
      const size_t digit = kDigits.find(Next());
      Require(digit != std::string_view::npos && at_ - begin < kChunkLineBytesMax);
      // Sixteen times the largest is too large, and would not fit.
      Require(size < kBodyBytesMax);
      size = size * 16 + digit % 16;
      Require(size <= kBodyBytesMax);
      ++at_;
    }
    Require(at_ > begin);
    while (Next() == ' ' || Next() == '\t') {
      Require(at_ - begin < kChunkLineBytesMax);
      spaces_.push_back(at_++);
    }
    Require(Next() == '\r' || Next() == ';');
    for (bool first = true; Next() != '\r'; first = false) {
      Require((first || IsValueByte(Next())) && at_ - begin < kChunkLineBytesMax);
      ++at_;
    }
    Pass("\r\n");
    if (size == 0) {
      trailers_begin_ = at_;
      return false;
    }
    if (size > text_.size() - at_) throw Expected{text_.size(), BodyResult::kNeedMore};
    at_ += static_cast<size_t>(size);
    Pass("\r\n");
    return true;
  }

  bool ReadTrailer() {
    const size_t begin = at_;
    if (Next() == '\r') {
      Pass("\r\n");
      return false;
    }
    const auto pass = [&](bool may) {
      Require(may && at_ - trailers_begin_ < kTrailerBytesMax);
      ++at_;
    };
    while (Next() != ':' || at_ == begin) pass(kTokenBytes.find(Next()) != std::string_view::npos);
    pass(true);
    while (Next() != '\r') pass(IsValueByte(Next()));
    pass(true);
    pass(Next() == '\n');
    return true;
  }

  std::string Kept() const { return Kept(at_); }
  std::string Kept(size_t bytes) const {
    std::string kept(text_.substr(0, bytes));
    for (auto at = spaces_.rbegin(); at != spaces_.rend(); ++at) kept.erase(*at, 1);
    return kept;
  }

  std::string_view text_;
  std::vector<size_t> spaces_;  ///< white space that is taken out
  size_t at_ = 0;
  size_t trailers_begin_ = 0;
};

Expected ReadPieces(const Pieces& pieces) {
  BodyReader reader;
  reader.Begin(BodyFraming::kChunked, 0);
  Expected sum;
  for (const std::string_view piece : pieces) {
    std::string text(piece);
    const BodyStep step = reader.Consume(text);
    sum.bytes += step.bytes;
    sum.kept.append(text, 0, step.kept_bytes);
    sum.result = step.result;
  }
  return sum;
}

std::string MakeBody(Chance* chance) {
  std::string body;
  const auto extend = [&] {
    constexpr std::string_view kExtensions[] = {
        "", "", ";", ";a", ";a=b", ";a=\"b;c\" ; d", "  \t", " ; a=b "};
    body.append(chance->OneOf(kExtensions)).append("\r\n");
  };
  for (size_t chunks = chance->Below(4); chunks > 0; --chunks) {
    const size_t size = 1 + chance->Below(20);
    body.append(chance->Below(3), '0');
    if (size >= 16) body.push_back('1');
    body.push_back(kDigits[size % 16 + (chance->OneIn(2) ? 16 : 0)]);
    extend();
    for (size_t i = 0; i < size; ++i) {
      body.push_back("\r\n0;x"[chance->Below(5)]);
    }
    body.append("\r\n");
  }
  body.append(1 + chance->Below(3), '0');
  extend();
  for (size_t trailers = chance->Below(3); trailers > 0; --trailers) {
    constexpr std::string_view kTrailers[] = {"A: b\r\n", "Long-Name:\r\n", "c:\t\xc3\xa4 \r\n"};
    body.append(chance->OneOf(kTrailers));
  }
  return body.append("\r\nHTTP/1.1 200 OK\r\n");
}

/// Some bytes changed, taken away or put in, mostly such as mean something.
void Damage(std::string* body, Chance* chance) {
  constexpr std::string_view kBytes("\r\n0a;: \t\"g\x80\x7f\0,", 14);
  for (size_t damages = chance->Below(3); damages > 0; --damages) {
    const size_t at = chance->Below(body->size());
    const char byte = kBytes[chance->Below(kBytes.size())];
    switch (chance->Below(4)) {
      case 0:
        body->erase(at, 1 + chance->Below(2));
        break;
      case 1:
        body->insert(at, 1, byte);
        break;
      case 2:
        body->insert(at, chance->OneIn(20) ? kTrailerBytesMax : chance->Below(400), byte);
        break;
      default:
        (*body)[at] = byte;
    }
    if (body->empty()) body->push_back(byte);
  }
}

TEST(BodyReader, AgreesWithTheSlowOneHoweverTheBodyIsCut) {
  size_t complete = 0;
  size_t malformed = 0;
  for (uint32_t seed = 0; seed < 20000; ++seed) {
    Chance chance(seed);
    std::string body = MakeBody(&chance);
    Damage(&body, &chance);
    const Expected expected = Oracle(body).Read();
    complete += expected.result == BodyResult::kComplete;
    malformed += expected.result == BodyResult::kMalformed;
    ASSERT_EQ(ReadPieces({body}), expected) << "seed " << seed;
    ASSERT_EQ(ReadPieces(SingleBytes(body)), expected) << "seed " << seed;
    ASSERT_EQ(ReadPieces(RandomPieces(body, &chance)), expected) << "seed " << seed;
  }
  // The bodies are worth the trouble.
  EXPECT_GT(complete, 5000u);
  EXPECT_GT(malformed, 5000u);
}

TEST(BodyReader, AgreesWithTheSlowOneInEverySplitIntoTwo) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    Chance chance(seed);
    std::string text = MakeBody(&chance);
    if (chance.OneIn(2)) Damage(&text, &chance);
    const std::string_view body = text;
    const Expected expected = Oracle(body).Read();
    for (size_t cut = 0; cut <= body.size(); ++cut) {
      ASSERT_EQ(ReadPieces({body.substr(0, cut), body.substr(cut)}), expected)
          << "seed " << seed << ", cut at " << cut;
    }
  }
}

TEST(BodyReader, CountsALengthHoweverTheBodyIsCut) {
  const std::string text(200, 'x');
  for (uint32_t seed = 0; seed < 2000; ++seed) {
    Chance chance(seed);
    const size_t length = chance.Below(300);
    BodyReader reader;
    reader.Begin(BodyFraming::kLength, length);
    size_t bytes = 0;
    for (const std::string_view piece : RandomPieces(text, &chance)) {
      std::string copy(piece);
      bytes += reader.Consume(copy).kept_bytes;
    }
    ASSERT_EQ(bytes, std::min(length, text.size())) << "seed " << seed;
    ASSERT_EQ(reader.IsComplete(), length <= text.size()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace ringway::http
