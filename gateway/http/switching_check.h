// SPDX-License-Identifier: Apache-2.0
//
// The client's side of the opening handshake, RFC 6455 4.1: does the backend's 101 answer the very
// request that was forwarded?
#pragma once

#include <cstdint>

#include "gateway/http/backend_response.h"
#include "gateway/http/request_head.h"
#include "gateway/http/status.h"

namespace ringway::http {

enum class [[nodiscard]] SwitchingResult : uint8_t{
    kGood,  ///< Relay it; from here on bytes are opaque.
    kRefused,
};

/// Checks a 101: HTTP/1.1, Upgrade is websocket alone, Connection lists it, one
/// Sec-WebSocket-Accept and the one for this key, at most one subprotocol and one of those offered,
/// extensions only among those offered (their parameters are for the two ends to judge).
///
/// `request`: what the client sent, its bytes still there. REQUIRES: CheckUpgrade answered kUpgrade
/// for it; response.status is 101.
/// kRefused: `*refusal` is set: 502 with a sentence.
SwitchingResult CheckSwitching(const ResponseHead& response, const RequestHead& request,
                               Refusal* refusal);

}  // namespace ringway::http
