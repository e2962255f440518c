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
#include "gateway/http/response_head.h"
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
  base::Lease back;  ///< what the request has behind `answer_`, if it does not fit into that
  uint16_t back_bytes = 0;
  uint8_t interim_count = 0;   ///< 1xx answers that were passed over
  bool keeps_client = false;   ///< the client's connection goes on behind the answer
  bool request_keeps = false;  ///< the request would have it so
};

/// websocket mode behind the 101.
struct Passage {
  ws::HeaderFollower from_client{ws::Direction::kFromClient};
  ws::HeaderFollower from_backend{ws::Direction::kFromBackend};
};

/// static mode: one request, from its head until all of its answer is queued or has left.
struct Serving {
  base::Lease file;      ///< whose bytes are sent
  base::Lease name;      ///< holds that of the file that the worker was asked for
  base::Lease parts;     ///< what is left to say of an answer in parts (a chunk)
  uint16_t name_at = 0;  ///< where in its buffer: behind the request
  uint16_t name_bytes = 0;
  uint16_t head_bytes = 0;  ///< of the request, at the front of what is held
  uint8_t candidate = 0;    ///< which of the names that the path may stand for
  uint8_t next_part = 0;
  uint8_t looks = 0;         ///< at that name, which brought nothing
  bool awaits_file = false;  ///< the worker looks for it
  bool is_answered = false;  ///< a head is on its way: nothing but its body may follow
  /// Of the client's connection behind the answer.
  http::AfterAnswer after = http::AfterAnswer::kClose;
  bool moved_timer = false;  ///< it is later than the next request's
};

/// One head as it came, and what lay behind it.
struct RawAnswer {
  std::string_view head;
  base::Piece rest;
};

/// How a path names files: as it stands, or the root of them without the slash behind it.
enum class FileRequest : uint8_t { kWhole, kLacksSlash };

enum class HeaderStep : uint8_t { kNotWhole, kTaken, kRefused };

using Stream = std::variant<Frames, Answer, Passage, Serving>;

}  // namespace ringway::session
