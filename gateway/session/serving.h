// SPDX-License-Identifier: Apache-2.0
//
// The phase of static mode: one request is answered with a file, from its head until all of its
// answer is queued or has left. What the worker remembers of files is asked at once; what it does
// not know it looks for, and the request is held meanwhile. Answers leave one by one: the next
// request is read when there is room for its answer.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/http/response_head.h"
#include "gateway/session/call.h"
#include "gateway/session/file_index.h"
#include "gateway/session/link_events.h"

namespace ringway::session {

struct FileAnswer;
struct FileForm;

/// Follows: kHandshake, whose `piece` is what came behind the request, with `moves_timer`;
/// kClosing.
class Serving {
 public:
  /// Handed over: `piece`, the request of this call and what came behind it; `request`. REQUIRES
  /// that this request may use the route, where it is counted.
  Next Begin(const Call& call, Handover&& handover);
  Next OnBytes(const Call& call, base::LinkRole from, base::Piece&& piece);
  Next OnEnd(const Call& call, base::LinkRole from, LinkEnd end);
  Next OnDue(const Call& call, ClientLook client);
  Next OnDrain(const Call& call);
  Next OnExhausted(const Call& call);
  uint64_t DueNs(const Call& call) const;
  Reading ReadingOf(base::LinkRole /*role*/) const { return Reading::kNot; }

  /// What became of its last Find intent. REQUIRES: awaits_file().
  Next OnFound(const Call& call, FoundFile&& found);
  bool awaits_file() const { return awaits_file_; }
  /// What More asked for.
  Next OnRoom(const Call& call);
  /// The file of a File intent cannot be sent whole.
  Next OnFileBroken(const Call& call, FileFault fault);

 private:
  Next Answer(const Call& call, FileRequest request);
  Next LookForFile(const Call& call, FileLook look);
  Next AskForFile(const Call& call, std::string_view name);
  Next Find(const Call& call, base::Piece&& path);
  Next DropRequest(const Call& call, Next next);
  Next AnswerWithFile(const Call& call, const FileForm& form, FileLook look);
  Next Cut(const Call& call, const Ending& ending);

  // ---- file_answer.cc
  Next SendAnswer(const Call& call, const FileAnswer& answer, FileLook look);
  [[nodiscard]] bool KeepParts(const Call& call, const FileAnswer& answer);
  Next SendNextPart(const Call& call);
  Next AnswerWithout(const Call& call, const http::Refusal& refusal);
  Next AnswerWithSlash(const Call& call);
  Next SendWhole(const Call& call, base::Piece&& answer, http::Status status);
  Next End(const Call& call);

  /// The request until it is answered, and what came behind it.
  base::Piece held_;
  base::Lease file_;         ///< whose bytes are sent
  base::Lease parts_;        ///< what is left to say of an answer in parts (a chunk)
  uint16_t head_bytes_ = 0;  ///< of the request, at the front of what is held
  uint8_t candidate_ = 0;    ///< which of the names that the path may stand for
  uint8_t next_part_ = 0;
  uint8_t looks_ = 0;  ///< at that name, which brought nothing
  /// Of the client's connection behind the answer.
  http::AfterAnswer after_ = http::AfterAnswer::kClose;
  bool awaits_file_ : 1 = false;  ///< the worker looks for it
  bool is_answered_ : 1 = false;  ///< a head is on its way: nothing but its body may follow
  bool moved_timer_ : 1 = false;  ///< it is later than the next request's
};

}  // namespace ringway::session
