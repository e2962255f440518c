// SPDX-License-Identifier: Apache-2.0
//
// The grammar of RFC 9112 7.1 as a machine that takes framing byte by byte and the bytes of a chunk
// at once. It takes nothing that the grammar does not have (no line feed alone, no folded trailer),
// since whoever is lenient here disagrees with somebody; white space behind a size is the one
// exception, and whoever reads on behind the gateway does not see it.
#include "gateway/http/body_reader.h"

#include <algorithm>
#include <cstring>

#include "gateway/base/check.h"
#include "gateway/http/bytes.h"

namespace ringway::http {
namespace {

constexpr uint64_t kHexDigitBits = 4;

/// REQUIRES: Is(ByteClass::kHex, digit).
uint64_t HexValue(char digit) {
  const uint64_t value = static_cast<unsigned char>(digit);
  // Letters differ in one bit from their other case.
  return digit <= '9' ? value - '0' : (value | 0x20) - 'a' + 10;
}

}  // namespace

void BodyReader::Begin(BodyFraming framing, uint64_t body_bytes) {
  RINGWAY_CHECK(framing != BodyFraming::kLength || body_bytes <= kBodyBytesMax);
  *this = BodyReader();
  switch (framing) {
    case BodyFraming::kNone:
      return;
    case BodyFraming::kLength:
      left_ = body_bytes;
      if (left_ > 0) state_ = State::kLength;
      return;
    case BodyFraming::kChunked:
      state_ = State::kSizeFirst;
      return;
    case BodyFraming::kUntilClose:
      state_ = State::kUntilClose;
      return;
  }
}

// Of the bytes before `at` the first `kept` are to be relayed.
BodyStep BodyReader::Consume(std::span<char> bytes) {
  size_t at = 0;
  size_t kept = 0;
  const auto keep = [&](size_t count) {
    if (kept != at) std::memmove(bytes.data() + kept, bytes.data() + at, count);
    at += count;
    kept += count;
  };
  while (true) {
    if (state_ == State::kComplete) return {at, kept, BodyResult::kComplete};
    if (state_ == State::kMalformed) return {at, kept, BodyResult::kMalformed};
    if (at == bytes.size()) return {at, kept, BodyResult::kNeedMore};
    if (const size_t passed = PassContent(bytes.size() - at); passed > 0) {
      keep(passed);
    } else if (!TakeFramingByte(bytes[at])) {
      state_ = State::kMalformed;
    } else if (state_ == State::kSizeSpace) {
      ++at;
    } else {
      keep(1);
    }
  }
}

/// How many of the next `bytes` nobody has to look at; 0: the next one is framing.
size_t BodyReader::PassContent(size_t bytes) {
  if (state_ == State::kUntilClose) return bytes;
  if (state_ != State::kLength && state_ != State::kChunk) return 0;
  const size_t passed = std::min<uint64_t>(left_, bytes);
  left_ -= passed;
  if (left_ == 0) state_ = state_ == State::kLength ? State::kComplete : State::kChunkReturn;
  return passed;
}

/// False: the byte may not stand here.
bool BodyReader::TakeFramingByte(char byte) {
  const auto expect = [&](char wanted, State next) {
    state_ = next;
    return byte == wanted;
  };
  switch (state_) {
    case State::kSizeFirst:
    case State::kSize:
    case State::kSizeSpace:
    case State::kExtension:
      return TakeSizeByte(byte);
    case State::kSizeLineFeed:
      return expect('\n', State::kChunk);
    case State::kChunkReturn:
      return expect('\r', State::kChunkLineFeed);
    case State::kChunkLineFeed:
      line_bytes_ = 0;
      return expect('\n', State::kSizeFirst);
    case State::kLastLineFeed:
      line_bytes_ = 0;
      return expect('\n', State::kTrailerFirst);
    case State::kFinalLineFeed:
      return expect('\n', State::kComplete);
    default:
      return TakeTrailerByte(byte);
  }
}

/// chunk-size *( SP / HTAB ) [ chunk-ext ] CR. Between digits there is no white space: "1 0" is 1
/// to who stops there and 16 to who does not.
bool BodyReader::TakeSizeByte(char byte) {
  if (byte == '\r' && state_ != State::kSizeFirst) {
    state_ = left_ == 0 ? State::kLastLineFeed : State::kSizeLineFeed;
    return true;
  }
  if (++line_bytes_ > kChunkLineBytesMax) return false;
  if (state_ == State::kExtension) return Is(ByteClass::kValue, byte);
  if (byte == ';' && state_ != State::kSizeFirst) {
    state_ = State::kExtension;
    return true;
  }
  if ((byte == ' ' || byte == '\t') && state_ != State::kSizeFirst) {
    state_ = State::kSizeSpace;
    return true;
  }
  if (state_ == State::kSizeSpace) return false;
  if (!Is(ByteClass::kHex, byte)) return false;
  if (left_ > kBodyBytesMax >> kHexDigitBits) return false;
  left_ = left_ << kHexDigitBits | HexValue(byte);
  state_ = State::kSize;
  return left_ <= kBodyBytesMax;
}

/// *( field-line CRLF ) and the blank line's CR.
bool BodyReader::TakeTrailerByte(char byte) {
  if (state_ == State::kTrailerFirst && byte == '\r') {
    state_ = State::kFinalLineFeed;
    return true;
  }
  if (++line_bytes_ > kTrailerBytesMax) return false;
  switch (state_) {
    case State::kTrailerFirst:
      state_ = State::kTrailerName;
      return Is(ByteClass::kToken, byte);
    case State::kTrailerName:
      if (byte == ':') state_ = State::kTrailerValue;
      return byte == ':' || Is(ByteClass::kToken, byte);
    case State::kTrailerValue:
      if (byte == '\r') state_ = State::kTrailerLineFeed;
      return byte == '\r' || Is(ByteClass::kValue, byte);
    case State::kTrailerLineFeed:
      state_ = State::kTrailerFirst;
      return byte == '\n';
    default:
      RINGWAY_CHECK(false);
      return false;
  }
}

}  // namespace ringway::http
