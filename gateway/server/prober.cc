// SPDX-License-Identifier: Apache-2.0
//
// Begin what is due, wait for sockets or time, see how each probe goes on.
#include "gateway/server/prober.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gateway/route/server_choice.h"
#include "gateway/server/threads.h"

namespace ringway::server {
namespace {

using base::HealthChange;
using base::ProbeResult;

}  // namespace

std::string DescribeChange(const config::Config& config, const ServerChange& change) {
  const config::Backend& backend = config.backends[change.backend_index];
  const std::string who = absl::StrCat("backend \"", backend.name, "\": server ",
                                       ServerText(backend.servers[change.server_index]));
  if (change.change == HealthChange::kUp) {
    return absl::StrCat(who, " is up: ", backend.health.rise, " probes in a row succeeded");
  }
  return absl::StrCat(who, " is down: ", backend.health.fall,
                      " probes in a row failed, the last one: ", change.why);
}

bool HasProbes(const config::Config& config) {
  return std::any_of(config.backends.begin(), config.backends.end(), [](const auto& backend) {
    return backend.health.check != config::HealthCheck::kOff;
  });
}

absl::StatusOr<std::unique_ptr<Prober>> Prober::Start(std::shared_ptr<const config::Config> config,
                                                      worker::ServerAddresses addresses,
                                                      std::shared_ptr<base::ServerHealth> health,
                                                      OnChange on_change) {
  std::unique_ptr<Prober> prober(
      new Prober(std::move(config), std::move(addresses), std::move(health), std::move(on_change)));
  prober->wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (prober->wake_fd_ < 0) {
    return absl::ResourceExhaustedError(absl::StrCat("eventfd: ", std::strerror(errno)));
  }
  auto thread = StartThread("the prober", [&prober = *prober] { prober.Run(); });
  if (!thread.ok()) return thread.status();
  prober->thread_ = *std::move(thread);
  return prober;
}

// WHY the i-th of n begins i n-ths of its interval later: servers are many and probes few, and a
// backend whose servers share a machine should not meet them all at once.
Prober::Prober(std::shared_ptr<const config::Config> config, worker::ServerAddresses addresses,
               std::shared_ptr<base::ServerHealth> health, OnChange on_change)
    : config_(std::move(config)),
      health_(std::move(health)),
      on_change_(std::move(on_change)),
      addresses_(std::move(addresses)) {
  const route::ServerRow row(*config_);
  for (uint32_t backend = 0; backend < config_->backends.size(); ++backend) {
    if (config_->backends[backend].health.check == config::HealthCheck::kOff) continue;
    for (uint32_t server = 0; server < row.CountOf(backend); ++server) {
      targets_.push_back(
          {.backend_index = backend, .server_index = server, .place = row.Place(backend, server)});
    }
  }
  const uint64_t now_ns = clock_.NowNs();
  for (size_t i = 0; i < targets_.size(); ++i) {
    due_.emplace(now_ns + HealthOf(i).interval_ns / targets_.size() * i, i);
  }
  running_.reserve(kProbesMax);
}

Prober::~Prober() {
  if (thread_.joinable()) {
    ending_.store(true, std::memory_order_release);
    eventfd_write(wake_fd_, 1);
    thread_.join();
  }
  if (wake_fd_ >= 0) close(wake_fd_);
}

void Prober::PostAddresses(worker::ServerAddresses addresses) {
  {
    const std::lock_guard lock(mutex_);
    posted_ = std::move(addresses);
  }
  eventfd_write(wake_fd_, 1);
}

void Prober::TakePostedAddresses() {
  eventfd_t ignored = 0;
  // EAGAIN where nothing woke it.
  static_cast<void>(eventfd_read(wake_fd_, &ignored));
  const std::lock_guard lock(mutex_);
  if (posted_) addresses_ = *std::exchange(posted_, std::nullopt);
}

void Prober::Run() {
  pthread_setname_np(pthread_self(), "ringway-prober");
  while (!ending_.load(std::memory_order_acquire)) {
    TakePostedAddresses();
    const uint64_t now_ns = clock_.NowNs();
    BeginDue(now_ns);
    Wait(now_ns);
  }
}

void Prober::BeginDue(uint64_t now_ns) {
  while (!due_.empty() && due_.top().first <= now_ns && running_.size() < kProbesMax) {
    const size_t index = due_.top().second;
    due_.pop();
    const Target& target = targets_[index];
    const route::AddressSet& addresses = addresses_[target.backend_index][target.server_index];
    running_.push_back({.target = index,
                        .began_ns = now_ns,
                        .addresses = addresses,
                        .first = target.answered % static_cast<uint32_t>(addresses.size()),
                        .probe = Probe({})});
    Running& running = running_.back();
    const ProbeOutcome outcome = TryNext(running, now_ns);
    if (Take(running, outcome, running.probe.why())) running_.pop_back();
  }
}

// WHY not health_timeout for each: a server is probed within it, however many addresses it has.
ProbeOutcome Prober::TryNext(Running& running, uint64_t now_ns) {
  const Target& target = targets_[running.target];
  const config::Backend& backend = config_->backends[target.backend_index];
  const uint64_t end_ns = DeadlineNs(running);
  const uint64_t left_ns = end_ns - std::min(end_ns, now_ns);
  running.due_ns = now_ns + left_ns / (running.addresses.size() - running.tried);
  ++running.tried;
  running.probe = Probe(PlanProbe(backend, backend.servers[target.server_index],
                                  running.addresses[running.address()]));
  return running.probe.Begin();
}

int Prober::WaitMs(uint64_t now_ns) const {
  uint64_t next_ns = UINT64_MAX;
  for (const Running& running : running_) next_ns = std::min(next_ns, running.due_ns);
  if (!due_.empty() && running_.size() < kProbesMax) next_ns = std::min(next_ns, due_.top().first);
  if (next_ns == UINT64_MAX) return -1;
  constexpr uint64_t kMinuteMs = 60'000;
  const uint64_t wait_ns = next_ns - std::min(next_ns, now_ns);
  return static_cast<int>(std::min(kMinuteMs, (wait_ns + base::kNsPerMs - 1) / base::kNsPerMs));
}

void Prober::Wait(uint64_t now_ns) {
  std::array<pollfd, kProbesMax + 1> sockets;
  sockets[0] = {.fd = wake_fd_, .events = POLLIN, .revents = 0};
  for (size_t i = 0; i < running_.size(); ++i) {
    const Probe& probe = running_[i].probe;
    sockets[i + 1] = {.fd = probe.fd(), .events = probe.events(), .revents = 0};
  }
  const int ready = poll(sockets.data(), running_.size() + 1, WaitMs(now_ns));
  // From the back: whoever has ended is replaced by the last, which was looked at before.
  for (size_t i = running_.size(); i-- > 0;) {
    Running& running = running_[i];
    auto outcome = ProbeOutcome::kPending;
    if (ready > 0 && sockets[i + 1].revents != 0) outcome = running.probe.OnReady();
    std::string why = running.probe.why();
    if (outcome == ProbeOutcome::kPending && clock_.NowNs() >= running.due_ns) {
      outcome = ProbeOutcome::kBad;
      absl::StrAppend(&why, " in time");
    }
    if (!Take(running, outcome, std::move(why))) continue;
    if (i + 1 < running_.size()) running = std::move(running_.back());
    running_.pop_back();
  }
}

bool Prober::Take(Running& running, ProbeOutcome outcome, std::string why) {
  while (outcome != ProbeOutcome::kPending) {
    running.is_spared |= outcome == ProbeOutcome::kSpared;
    const bool is_last = running.tried == running.addresses.size();
    if (outcome == ProbeOutcome::kGood || is_last) {
      if (outcome != ProbeOutcome::kGood && running.is_spared) outcome = ProbeOutcome::kSpared;
      if (running.tried > 1) {
        why = absl::StrCat(running.addresses[running.address()].ToString(), ": ", why);
      }
      End(running, outcome, why);
      return true;
    }
    outcome = TryNext(running, clock_.NowNs());
    why = running.probe.why();
  }
  return false;
}

void Prober::End(const Running& running, ProbeOutcome outcome, const std::string& why) {
  const config::Health& health = HealthOf(running.target);
  // A probe that had to wait for others moves the next ones too: none comes sooner than asked.
  due_.emplace(running.began_ns + health.interval_ns, running.target);
  if (outcome == ProbeOutcome::kSpared) return;
  Target& target = targets_[running.target];
  if (outcome == ProbeOutcome::kGood) target.answered = running.address();
  const HealthChange change = health_->OnProbe(
      target.place, outcome == ProbeOutcome::kGood ? ProbeResult::kGood : ProbeResult::kBad,
      {.rise = health.rise, .fall = health.fall});
  if (change == HealthChange::kNone) return;
  on_change_({.backend_index = target.backend_index,
              .server_index = target.server_index,
              .change = change,
              .why = why});
}

}  // namespace ringway::server
