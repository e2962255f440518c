// SPDX-License-Identifier: Apache-2.0
//
// An answer with a file, worked out and not yet sent. One in parts is kept like this, in a chunk,
// until its last part is on its way.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "gateway/base/arena.h"
#include "gateway/http/byte_ranges.h"
#include "gateway/http/entity_tag.h"
#include "gateway/http/file_response.h"
#include "gateway/session/held_head.h"

namespace ringway::session {

struct FileAnswer {
  FileAnswer() = default;
  FileAnswer(const FileAnswer&) = delete;
  FileAnswer& operator=(const FileAnswer&) = delete;

  /// Its entity tag and its ranges are views of what follows.
  http::FileResponse response;
  http::ByteRanges ranges;
  std::array<char, http::kEntityTagBytesMax> entity_tag{};
};
static_assert(sizeof(FileAnswer) <= kChunkBytes && std::is_trivially_destructible_v<FileAnswer>);

}  // namespace ringway::session
