// SPDX-License-Identifier: Apache-2.0
//
// What the gateway says to a client for the last time, and how a phase leaves for the closing. All
// of these name kClosing as what follows; the first cause stays the ending.
#pragma once

#include <string_view>

#include "gateway/http/response_head.h"
#include "gateway/http/status.h"
#include "gateway/session/call.h"
#include "gateway/ws/close_code.h"

namespace ringway::session {

Ending ByGateway(EndReason reason, ws::CloseCode code);
/// A refusal of the gateway's own.
Ending ByRefusal(const http::Refusal& refusal);

/// Nothing more is said.
Next Close(const Call& call, const Ending& ending, Hearing hearing = Hearing::kDeaf);
/// The client's link is dropped, without a word.
Next CloseSilently(const Call& call, const Ending& ending);

/// Before the 101: an HTTP answer, behind which the connection ends. `body`: as the request asks.
Next Refuse(const Call& call, const http::Refusal& refusal, const Ending& ending,
            http::AnswerBody body = http::AnswerBody::kSent);
/// Because the gateway shuts down; the backend's link is dropped, here and below.
Next RefuseForDrain(const Call& call);
/// The client has left before its request was answered.
Next Abandon(const Call& call);
/// No memory is left, and nothing of an answer is on its way.
Next RefuseForMemory(const Call& call, http::AnswerBody body = http::AnswerBody::kSent);
/// The same where a part of what came is missing: the client's link is dropped, too.
Next CutForMemory(const Call& call);

/// Queues a Close frame for the client. REQUIRES: none was sent.
void SendClose(const Call& call, uint16_t code, std::string_view reason);

}  // namespace ringway::session
