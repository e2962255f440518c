// SPDX-License-Identifier: Apache-2.0
//
// The load generator's event loop.
#include "bench/load/fleet.h"

#include <sys/epoll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <limits>

#include "bench/load/cpu_clock.h"

namespace ringway::load {
namespace {

constexpr int kEventsPerWait = 512;
/// Connects and handshakes on the way at once: below common listen backlogs.
constexpr size_t kOpeningAtOnce = 100;
/// One read or write moves a large message's burst; both buffers fit a second-level cache.
constexpr size_t kScratchBytes = 256 * 1024;
/// The longest wait for events: how late `done` may be asked while nothing happens.
constexpr uint64_t kWaitNsMax = 100'000'000;
constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

timespec ToTimespec(uint64_t ns) {
  return {.tv_sec = static_cast<time_t>(ns / 1'000'000'000),
          .tv_nsec = static_cast<long>(ns % 1'000'000'000)};
}

}  // namespace

Fleet::Fleet(const Plan& plan, uint32_t connections)
    : plan_(plan),
      pace_{.period_ns = plan.period_ns, .connections = connections},
      pattern_(plan.seed, plan.message_bytes),
      scratch_{std::vector<uint8_t>(kScratchBytes), std::vector<uint8_t>(kScratchBytes)},
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  const Connection::Shared shared = {plan_, pace_, pattern_, ledger_, scratch_};
  for (uint32_t index = 0; index < connections; ++index) {
    connections_.push_back(std::make_unique<Connection>(shared, index));
  }
}

void Fleet::RunUntil(uint64_t deadline_ns, const std::function<bool()>& done) {
  std::array<epoll_event, kEventsPerWait> events;
  while (!done()) {
    const uint64_t now_ns = NowNs();
    if (now_ns >= deadline_ns) return;
    const uint64_t due_ns = SendDue();
    const uint64_t wake_ns = std::min({deadline_ns, now_ns + kWaitNsMax, due_ns});
    const timespec wait = ToTimespec(wake_ns > now_ns ? wake_ns - now_ns : 0);
    const int count = epoll_pwait2(epoll_.get(), events.data(), kEventsPerWait, &wait, nullptr);
    for (int i = 0; i < count; ++i) {
      static_cast<Connection*>(events[i].data.ptr)->OnEvent(events[i].events);
    }
  }
}

void Fleet::OpenAll(uint64_t deadline_ns) {
  std::vector<Connection*> opening;
  auto next = connections_.begin();
  RunUntil(deadline_ns, [&] {
    std::erase_if(opening, [](const Connection* each) { return each->settled(); });
    for (; opening.size() < kOpeningAtOnce && next != connections_.end(); ++next) {
      (*next)->Open(epoll_.get());
      opening.push_back(next->get());
    }
    return opening.empty() && next == connections_.end();
  });
  for (const auto& each : connections_) {
    if (each->settled()) continue;
    ledger_.AddError("not open in time");
    each->Abandon();
  }
}

void Fleet::StartSending() {
  for (const auto& each : connections_) each->StartSending();
  pacing_ = pace_.open_loop();
  pace_.start_ns = NowNs();
  // A wait may else end 50 us late, as much as what is measured.
  if (pacing_) prctl(PR_SET_TIMERSLACK, 1UL);
}

// Begins what is due by now; returns when the next message will be. The pace goes round the
// connections in their order.
uint64_t Fleet::SendDue() {
  if (!pacing_) return kNever;
  const uint64_t now_ns = NowNs();
  const size_t count = connections_.size();
  for (;; ++next_due_) {
    const size_t index = next_due_ % count;
    const uint64_t due_ns = pace_.DueNs(static_cast<uint32_t>(index), next_due_ / count);
    if (due_ns > now_ns) return due_ns;
    connections_[index]->OnDue(now_ns);
  }
}

bool Fleet::AllFinished() const {
  return std::all_of(connections_.begin(), connections_.end(), [](const auto& each) {
    return each->state() != Connection::State::kOpen || each->finished();
  });
}

uint64_t Fleet::Drain(uint64_t deadline_ns) {
  pacing_ = false;
  for (const auto& each : connections_) each->StopSending();
  const auto missing = [this] {
    uint64_t sum = 0;
    for (const auto& each : connections_) sum += each->on_the_way();
    return sum;
  };
  const auto awaited = [](const auto& each) {
    return each->state() == Connection::State::kOpen && each->on_the_way() != 0;
  };
  RunUntil(deadline_ns,
           [&] { return std::none_of(connections_.begin(), connections_.end(), awaited); });
  return missing();
}

uint64_t Fleet::CloseAll(uint64_t deadline_ns) {
  const uint64_t open = CountOpen();
  const uint64_t closed_before = CountIn(Connection::State::kClosed);
  for (const auto& each : connections_) each->BeginClose();
  RunUntil(deadline_ns, [this] { return CountIn(Connection::State::kClosing) == 0; });
  return open - (CountIn(Connection::State::kClosed) - closed_before);
}

uint64_t Fleet::CountIn(Connection::State state) const {
  return static_cast<uint64_t>(
      std::count_if(connections_.begin(), connections_.end(),
                    [state](const auto& each) { return each->state() == state; }));
}

}  // namespace ringway::load
