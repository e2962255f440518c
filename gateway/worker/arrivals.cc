// SPDX-License-Identifier: Apache-2.0
//
// Accepting, parking, pausing.
#include "gateway/worker/arrivals.h"

#include "gateway/worker/remote_address.h"
#include "gateway/worker/timers.h"

namespace ringway::worker {
namespace {

/// What a turn's work counts for a connection that was accepted: three system calls and a slot.
constexpr uint64_t kOpenNs = 4000;

/// How long accept waits before it tries again when none of our own sessions is there whose end
/// would free what was missing.
constexpr uint64_t kAcceptRetryMs = 1000;

}  // namespace

Arrivals::Arrivals(Parts& parts, Sessions& sessions)
    : parts_(parts),
      sessions_(sessions),
      acceptor_(parts.ring, parts.counters, parts.options.sockets) {
  parked_.reserve(parts.options.sockets.size());
}

void Arrivals::Open() { acceptor_.Arm(parts_.memory.slots.count()); }

void Arrivals::OnAccept(const io_uring_cqe& cqe, uint32_t socket) {
  const accept::Accepted accepted = acceptor_.OnCompletion(cqe, socket);
  switch (accepted.outcome) {
    case accept::AcceptOutcome::kConnected:
      OpenClient(accepted.fd, accepted.listener_index);
      break;
    case accept::AcceptOutcome::kNothing:
      break;
    case accept::AcceptOutcome::kExhausted:
      return Pause("no descriptor or memory is left");
    case accept::AcceptOutcome::kBroken:
      if (parts_.drain_wanted) return;  // whoever asked has closed it
      return parts_.observer.OnAcceptPaused("a listening socket is broken");
  }
  // WHY: single accepts end with their connection, and a multishot one ends when the completion
  // queue had no room, or with an error.
  const auto& slots = parts_.memory.slots;
  if (!acceptor_.paused()) acceptor_.Arm(slots.count() - slots.open());
}

void Arrivals::OpenClient(int fd, uint32_t listener_index) {
  parts_.links->AddWork(kOpenNs);
  sockaddr_storage remote{};
  uring::Kernel& kernel = parts_.ring.kernel();
  static_cast<void>(kernel.SetNoDelay(fd));  // without it a session is slower, no more
  if (kernel.RemoteAddress(fd, &remote) != 0) {
    // The client has reset the connection already, and nobody could be counted or answered.
    parts_.counters.accept_errors.Add(1);
    static_cast<void>(kernel.Close(fd));
    return;
  }
  const uint32_t session = sessions_.TryOpen(fd, listener_index, FromSockaddr(remote));
  if (session == base::kNoSlot) return Park(fd, listener_index);
  if (is_stopped_) sessions_.Drain(session);
  const auto& slots = parts_.memory.slots;
  if (slots.open() == slots.count()) Pause("every session slot is taken");
}

// Accepted in the same turn as the one that took the last slot: it gets the next one.
void Arrivals::Park(int fd, uint32_t listener_index) {
  if (parked_.size() < parked_.capacity() && !is_stopped_) {
    parked_.push_back({.fd = fd, .listener_index = listener_index});
  } else {
    parts_.counters.accept_errors.Add(1);
    static_cast<void>(parts_.ring.kernel().Close(fd));
  }
  Pause("every session slot is taken");
}

void Arrivals::DropParked() {
  for (const Parked& parked : parked_) {
    static_cast<void>(parts_.ring.kernel().Close(parked.fd));
  }
  parts_.counters.accept_errors.Add(parked_.size());
  parked_.clear();
}

void Arrivals::Stop() {
  is_stopped_ = true;
  acceptor_.Stop();
  DropParked();
}

void Arrivals::Pause(std::string_view why) {
  if (acceptor_.paused()) return;
  parts_.counters.accept_paused.Add(1);
  parts_.observer.OnAcceptPaused(why);
  acceptor_.Pause();
  parts_.memory.wheel.Set(TimerOf(WorkerTimer::kAccept, parts_.limits),
                          parts_.now_ns() / base::kNsPerMs + kAcceptRetryMs);
}

void Arrivals::Resume() {
  const auto& slots = parts_.memory.slots;
  while (!parked_.empty() && slots.open() < slots.count()) {
    const Parked next = parked_.front();
    parked_.erase(parked_.begin());
    OpenClient(next.fd, next.listener_index);
  }
  if (!acceptor_.paused() || is_stopped_ || slots.open() == slots.count()) return;
  acceptor_.Arm(slots.count() - slots.open());
}

}  // namespace ringway::worker
