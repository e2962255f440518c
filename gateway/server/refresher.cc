// SPDX-License-Identifier: Apache-2.0
//
// Wait, look up, publish.
#include "gateway/server/refresher.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gateway/server/log.h"

namespace ringway::server {

namespace {

std::string Text(const route::AddressSet& set) {
  return absl::StrJoin(set, ", ", [](std::string* out, const base::SocketAddress& address) {
    out->append(address.ToString());
  });
}

}  // namespace

struct Refresher::State {
  const std::shared_ptr<const config::Config> config;
  const LookUp look_up;
  const Publish publish;
  worker::ServerAddresses addresses;  ///< the thread's

  std::mutex mutex;
  std::condition_variable changed;
  bool looking_up = false;
  bool ending = false;
};

Refresher::Refresher(std::shared_ptr<const config::Config> config,
                     worker::ServerAddresses addresses, LookUp look_up, Publish publish)
    : state_(new State{.config = std::move(config),
                       .look_up = std::move(look_up),
                       .publish = std::move(publish),
                       .addresses = std::move(addresses)}),
      thread_([state = state_] { Run(state); }) {}

Refresher::~Refresher() {
  std::unique_lock lock(state_->mutex);
  state_->ending = true;
  state_->changed.notify_all();
  const bool looking_up = state_->looking_up;
  lock.unlock();
  // WHY: a name server that is gone may hold a look-up for a minute; nobody waits for it at the
  // end.
  looking_up ? thread_.detach() : thread_.join();
}

void Refresher::Run(const std::shared_ptr<State>& state) {
  const std::chrono::nanoseconds interval(state->config->gateway.resolve_interval_ns);
  std::unique_lock lock(state->mutex);
  while (!state->changed.wait_for(lock, interval, [&] { return state->ending; })) {
    state->looking_up = true;
    lock.unlock();
    LookUpNotes notes;
    worker::ServerAddresses found =
        ResolveAgain(*state->config, state->look_up, state->addresses, &notes);
    lock.lock();
    state->looking_up = false;
    if (state->ending) return;
    Take(*state, std::move(found), notes);
  }
}

void Refresher::Take(State& state, worker::ServerAddresses found, const LookUpNotes& notes) {
  if (!notes.failures.empty()) {
    LogLine(config::LogLevel::kWarn, absl::StrCat("the addresses before are kept; cannot resolve ",
                                                  absl::StrJoin(notes.failures, "; ")));
  }
  for (const std::string& text : notes.left_out) LogLine(config::LogLevel::kWarn, text);
  if (found == state.addresses) return;
  // Published before it is told: who reads the line finds it true.
  if (!state.publish(found)) return;
  const worker::ServerAddresses before = std::exchange(state.addresses, std::move(found));
  for (size_t i = 0; i < before.size(); ++i) {
    for (size_t j = 0; j < before[i].size(); ++j) {
      if (before[i][j] == state.addresses[i][j]) continue;
      const config::Backend& backend = state.config->backends[i];
      LogLine(config::LogLevel::kInfo,
              absl::StrCat("backend \"", backend.name, "\": ", backend.servers[j].host, " is now ",
                           Text(state.addresses[i][j]), "; was ", Text(before[i][j])));
    }
  }
}

}  // namespace ringway::server
