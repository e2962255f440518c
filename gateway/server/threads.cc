// SPDX-License-Identifier: Apache-2.0
//
// pthread_create's EAGAIN in words.
#include "gateway/server/threads.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ringway::server {

absl::Status ThreadError(std::string_view what, const std::system_error& error) {
  return absl::ResourceExhaustedError(absl::StrCat(
      "cannot start the thread of ", std::string(what), ": ", error.code().message(),
      "; raise the limit on threads (ulimit -u, TasksMax= of the unit, pids.max of the "
      "container), or lower `workers`"));
}

absl::StatusOr<std::thread> StartThread(std::string_view what, std::function<void()> run) {
  try {
    return std::thread(std::move(run));
  } catch (const std::system_error& error) {
    return ThreadError(what, error);
  }
}

absl::Status CatchThreadError(std::string_view what, const std::function<void()>& start) {
  try {
    start();
  } catch (const std::system_error& error) {
    return ThreadError(what, error);
  }
  return absl::OkStatus();
}

}  // namespace ringway::server
