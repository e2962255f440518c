// SPDX-License-Identifier: Apache-2.0
//
// Threads that the machine may refuse: a sentence instead of an exception that nobody catches.
#pragma once

#include <functional>
#include <string_view>
#include <system_error>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ringway::server {

/// RESOURCE_EXHAUSTED: the thread of `what` could not be started, why, and what to do.
absl::Status ThreadError(std::string_view what, const std::system_error& error);

/// Starts `run` on a thread of its own. `what` names it in an error, "a worker".
absl::StatusOr<std::thread> StartThread(std::string_view what, std::function<void()> run);

/// Calls `start`, whose constructors may start a thread.
absl::Status CatchThreadError(std::string_view what, const std::function<void()>& start);

}  // namespace ringway::server
