// SPDX-License-Identifier: Apache-2.0
//
// What a session shares with those of other workers: whether there is room for it. It is counted
// from an Enter until the Leave of the same name.
#pragma once

#include <string_view>

#include "gateway/base/socket_address.h"
#include "gateway/http/status.h"
#include "gateway/session/call.h"

namespace ringway::session {

/// Counts the client with all of its address. False: `*refusal` is set, here and below.
[[nodiscard]] bool EnterAddress(const Call& call, http::Refusal* refusal);
/// The same of whom a trusted proxy tells in this head: from now on that is the client. Each
/// request anew: a proxy sends those of many clients on one connection.
[[nodiscard]] bool EnterToldClient(const Call& call, std::string_view head, http::Refusal* refusal);
/// Counts it in all, and on its route. WHY not before the request: a connection that has asked for
/// nothing is no session, and those that never do could keep all others out. Their bound is the
/// worker's slots, of which they go first.
[[nodiscard]] bool EnterRoute(const Call& call, http::Refusal* refusal);

/// Each of these does nothing where nothing is counted.
void LeaveAddress(Shell& shell);
void LeaveGateway(Shell& shell);
void LeaveRoute(Shell& shell);
void LeaveServer(Shell& shell);

/// Who sent the request: a proxy, where the client is only told of.
base::SocketAddress SenderOf(const Call& call);
bool IsTrusted(const Shell& shell, const base::SocketAddress& sender);

}  // namespace ringway::session
