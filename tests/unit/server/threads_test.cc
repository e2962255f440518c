// SPDX-License-Identifier: Apache-2.0
//
// A thread that the machine refuses is a sentence.
#include "gateway/server/threads.h"

#include <gtest/gtest.h>

#include <string>

namespace ringway::server {
namespace {

const std::system_error kRefused(std::make_error_code(std::errc::resource_unavailable_try_again));
constexpr const char* kSentence =
    "cannot start the thread of a worker: Resource temporarily unavailable; raise the limit on "
    "threads (ulimit -u, TasksMax= of the unit, pids.max of the container), or lower `workers`";

TEST(Threads, RunWhatTheyAreGiven) {
  bool ran = false;
  auto thread = StartThread("a worker", [&] { ran = true; });
  ASSERT_TRUE(thread.ok()) << thread.status();
  thread->join();
  EXPECT_TRUE(ran);
}

TEST(Threads, AreMissedInWords) {
  const absl::Status status = ThreadError("a worker", kRefused);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(std::string(status.message()), kSentence);
}

TEST(Threads, CatchWhatAConstructorThrows) {
  EXPECT_TRUE(CatchThreadError("a worker", [] {}).ok());
  const absl::Status status = CatchThreadError("a worker", [] { throw kRefused; });
  EXPECT_EQ(std::string(status.message()), kSentence);
}

}  // namespace
}  // namespace ringway::server
