// SPDX-License-Identifier: Apache-2.0
#include "gateway/session/last_word.h"

#include <cstring>
#include <utility>

#include "gateway/http/backend_refusals.h"
#include "gateway/http/refusals.h"
#include "gateway/session/admission.h"
#include "gateway/session/held_head.h"
#include "gateway/ws/frame_header.h"

namespace ringway::session {
namespace {

using base::LinkRole;

static_assert(http::kRefusalBytesMax <= kCellBytes);

base::Lease TakeLastCell(const Call& call) {
  base::Lease lease = call.stores().TakeCell(call.shell.slot, flow::CellUse::kLastWord);
  RINGWAY_CHECK(static_cast<bool>(lease));  // there is one for each session, said once
  return lease;
}

}  // namespace

Ending ByGateway(EndReason reason, ws::CloseCode code) {
  return {.side = EndSide::kGateway, .reason = reason, .code = static_cast<uint16_t>(code)};
}

Ending ByRefusal(const http::Refusal& refusal) {
  return {.side = EndSide::kGateway,
          .reason = EndReason::kRefused,
          .code = static_cast<uint16_t>(refusal.status)};
}

Next Close(const Call& call, const Ending& ending, Hearing hearing) {
  call.shell.EndWith(ending);
  return call.Go(Next::kClosing, {.hearing = hearing});
}

Next CloseSilently(const Call& call, const Ending& ending) {
  call.intents.Drop(LinkRole::kClient);
  return Close(call, ending);
}

Next Refuse(const Call& call, const http::Refusal& refusal, const Ending& ending,
            http::AnswerBody body) {
  call.counters().handshakes_refused.Add(1);
  LeaveGateway(call.shell);
  base::Piece answer{.lease = TakeLastCell(call)};
  answer.data = answer.lease.data();
  answer.bytes = static_cast<uint32_t>(
      http::BuildRefusal(refusal, {reinterpret_cast<char*>(answer.data), kCellBytes}, body,
                         http::AfterAnswer::kClose, call.environment.unix_s));
  call.intents.Send(LinkRole::kClient, std::move(answer));
  call.intents.Finish(LinkRole::kClient);
  return Close(call, ending);
}

Next RefuseForDrain(const Call& call) {
  call.intents.Drop(LinkRole::kBackend);
  return Refuse(
      call, http::kShuttingDown,
      {EndSide::kGateway, EndReason::kDrain, static_cast<uint16_t>(http::kShuttingDown.status)});
}

Next Abandon(const Call& call) {
  call.intents.Drop(LinkRole::kBackend);
  call.intents.Drop(LinkRole::kClient);
  call.counters().handshakes_abandoned.Add(1);
  return Close(call, {EndSide::kClient, EndReason::kAbandoned, 0});
}

Next RefuseForMemory(const Call& call, http::AnswerBody body) {
  call.counters().pool_exhausted.Add(1);
  call.intents.Drop(LinkRole::kBackend);
  return Refuse(call, http::kMemoryExhausted,
                {EndSide::kGateway, EndReason::kPoolExhausted,
                 static_cast<uint16_t>(http::kMemoryExhausted.status)},
                body);
}

Next CutForMemory(const Call& call) {
  call.counters().pool_exhausted.Add(1);
  call.intents.Drop(LinkRole::kBackend);
  return CloseSilently(call, {EndSide::kGateway, EndReason::kPoolExhausted, 0});
}

void SendClose(const Call& call, uint16_t code, std::string_view reason) {
  base::Piece close{.lease = TakeLastCell(call)};
  // 1005 says that a Close carried no code: it is never put on the wire (RFC 6455 7.4.1).
  const bool has_code = code != static_cast<uint16_t>(ws::CloseCode::kNoStatus);
  reason = reason.substr(0, ws::kControlPayloadBytesMax - 2);
  const size_t payload = has_code ? 2 + reason.size() : 0;
  close.data = close.lease.data();
  uint8_t* at = close.data + ws::BuildFrameHeader(ws::Opcode::kClose, payload, {close.data, 2});
  if (has_code) {
    at[0] = static_cast<uint8_t>(code >> 8);
    at[1] = static_cast<uint8_t>(code);
    std::memcpy(at + 2, reason.data(), reason.size());
  }
  close.bytes = static_cast<uint32_t>(2 + payload);
  call.intents.Send(LinkRole::kClient, std::move(close));
}

}  // namespace ringway::session
