// SPDX-License-Identifier: Apache-2.0
//
// Wait, look up, publish.
#include "gateway/server/refresher.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace ringway::server {

Refresher::Refresher(std::shared_ptr<const config::Config> config,
                     worker::ServerAddresses addresses, LookUp look_up, Publish publish)
    : config_(std::move(config)),
      addresses_(std::move(addresses)),
      look_up_(std::move(look_up)),
      publish_(std::move(publish)),
      thread_([this] { Run(); }) {}

Refresher::~Refresher() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Refresher::Run() {
  const std::chrono::nanoseconds interval(config_->gateway.resolve_interval_ns);
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, interval, [this] { return ending_; })) {
    lock.unlock();
    Refresh();
    lock.lock();
  }
}

void Refresher::Refresh() {
  std::vector<std::string> failures;
  worker::ServerAddresses found = ResolveAgain(*config_, look_up_, addresses_, &failures);
  if (!failures.empty()) {
    LogLine(config::LogLevel::kWarn, absl::StrCat("the addresses before are kept; cannot resolve ",
                                                  absl::StrJoin(failures, "; ")));
  }
  if (found == addresses_) return;
  for (size_t i = 0; i < found.size(); ++i) {
    for (size_t j = 0; j < found[i].size(); ++j) {
      if (found[i][j] == addresses_[i][j]) continue;
      LogLine(config::LogLevel::kInfo,
              absl::StrCat("backend \"", config_->backends[i].name,
                           "\": ", config_->backends[i].servers[j].host, " is now ",
                           found[i][j].ToString(), ", was ", addresses_[i][j].ToString()));
    }
  }
  addresses_ = std::move(found);
  publish_(addresses_);
}

}  // namespace ringway::server
