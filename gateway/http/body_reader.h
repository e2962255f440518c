// SPDX-License-Identifier: Apache-2.0
//
// Follows the body of a response that is relayed byte by byte: where does it end, so that what
// comes behind it is not taken for a part of it? Keeps no byte of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "gateway/http/backend_response.h"

namespace ringway::http {

/// A chunk's size with white space and extensions, without the CR LF; then malformed. They have no
/// use that anybody knows of, and a body of them is an attack on whoever reads it.
inline constexpr uint32_t kChunkLineBytesMax = 256;
/// All trailer fields of a body with their line ends; then malformed.
inline constexpr uint32_t kTrailerBytesMax = 8 * 1024;

enum class [[nodiscard]] BodyResult : uint8_t{
    kNeedMore,  ///< All bytes belong to the body, and it goes on.
    kComplete,  ///< The body ends behind `bytes`; the rest belongs to somebody else.
    /// The byte behind `bytes` is against RFC 9112 7.1. Nothing of it, or of what follows, may be
    /// relayed: where the body ends is no longer known, so both connections have to close.
    kMalformed,
};

struct BodyStep {
  /// How many of the bytes given belong to the body.
  size_t bytes = 0;
  /// How many of them are to be relayed: now the first ones. Fewer than `bytes` where white space
  /// behind a chunk's size was taken out.
  size_t kept_bytes = 0;
  BodyResult result = BodyResult::kNeedMore;
};

/// Knows the framing of one body and where in it the stream is. A plain value of 16 bytes.
class BodyReader {
 public:
  /// A reader of a body that is complete.
  BodyReader() = default;

  /// `body_bytes`: for kLength, at most kBodyBytesMax.
  void Begin(BodyFraming framing, uint64_t body_bytes);

  /// Reads on, and takes out white space between a chunk's size and what ends it (RFC 9112 7.1.1
  /// calls it bad; backends that pad their sizes send it): what is behind it moves up in place.
  /// kComplete and kMalformed stay: later calls say the same, and 0 bytes. The answers, and what is
  /// kept, do not depend on how the bytes were cut.
  BodyStep Consume(std::span<char> bytes);

  /// True also before the first byte of a body that has none.
  [[nodiscard]] bool IsComplete() const { return state_ == State::kComplete; }

  /// Whether the backend's FIN at this place ends the body well: it is complete, or runs until
  /// then. If not, the client has to learn of it: its connection is reset.
  [[nodiscard]] bool MayEndHere() const { return IsComplete() || state_ == State::kUntilClose; }

 private:
  // What the next byte is.
  enum class State : uint8_t {
    kComplete,
    kMalformed,
    kUntilClose,
    kLength,           ///< One of left_ bytes.
    kSizeFirst,        ///< The first digit of a chunk's size.
    kSize,             ///< A digit, or what ends the size.
    kSizeSpace,        ///< Behind white space that follows the size.
    kExtension,        ///< Behind the ";" of a chunk extension.
    kSizeLineFeed,     ///< The end of the line of a chunk that has bytes.
    kChunk,            ///< One of left_ bytes.
    kChunkReturn,      ///< The CR behind a chunk.
    kChunkLineFeed,    ///< Its LF.
    kLastLineFeed,     ///< The end of the line of the last chunk.
    kTrailerFirst,     ///< A trailer field, or the blank line.
    kTrailerName,      ///< Behind the first byte of a trailer field's name.
    kTrailerValue,     ///< Behind its colon.
    kTrailerLineFeed,  ///< The end of its line.
    kFinalLineFeed,    ///< The end of the blank line, and of the body.
  };

  size_t PassContent(size_t bytes);
  bool TakeFramingByte(char byte);
  bool TakeSizeByte(char byte);
  bool TakeTrailerByte(char byte);

  /// Bytes that are missing to the end of the body or chunk; while a size is read, the size.
  uint64_t left_ = 0;
  /// Bytes of the chunk line, or of all trailer fields, so far.
  uint32_t line_bytes_ = 0;
  State state_ = State::kComplete;
};

static_assert(sizeof(BodyReader) <= 16);
static_assert(std::is_trivially_copyable_v<BodyReader>);

}  // namespace ringway::http
