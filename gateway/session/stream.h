// SPDX-License-Identifier: Apache-2.0
//
// What a session keeps of the bytes that pass, by what it is doing with them. One of these at a
// time: a session pays for the largest.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <variant>

#include "gateway/base/arena.h"
#include "gateway/http/body_reader.h"
#include "gateway/ws/frame_reader.h"
#include "gateway/ws/header_follower.h"
#include "gateway/ws/utf8.h"

namespace ringway::session {

/// tcp mode: frames from the client, text for it.
struct Frames {
  ws::FrameReader reader;
  ws::Utf8Validator backend_text;
  uint8_t carry_bytes = 0;  ///< front of a character whose rest the backend has not sent yet
  std::array<uint8_t, 3> carry{};
};

/// websocket mode until the 101, or while another answer is relayed.
struct Answer {
  base::Piece head;  ///< the front of a head that has not come whole (a chunk)
  http::BodyReader body;
  uint16_t status = 0;
  uint8_t interim_count = 0;   ///< 1xx answers that were passed over
  bool keeps_client = false;   ///< the client's connection goes on behind the answer
  bool request_keeps = false;  ///< the request would have it so
};

/// websocket mode behind the 101.
struct Passage {
  ws::HeaderFollower from_client{ws::Direction::kFromClient};
  ws::HeaderFollower from_backend{ws::Direction::kFromBackend};
};

/// One head as it came, and what lay behind it.
struct RawAnswer {
  std::string_view head;
  base::Piece rest;
};

enum class HeaderStep : uint8_t { kNotWhole, kTaken, kRefused };

using Stream = std::variant<Frames, Answer, Passage>;

}  // namespace ringway::session
