// SPDX-License-Identifier: Apache-2.0
//
// The bare epoll forwarder: the least that a well-written proxy on epoll must do for each message.
// Each socket is registered once, edge-triggered for both directions; one 64 KiB buffer serves all
// of them and stays in the cache; what was read is written at once, and only what the socket did
// not take is copied aside. With --splice bytes go through a pipe for each direction instead, and
// never enter user space.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bench/limit/options.h"
#include "bench/load/sockets.h"

namespace ringway::limit {
namespace {

constexpr size_t kBufferBytes = 64 * 1024;
constexpr int kEventsPerWait = 512;
/// Reads of one socket in a row; a flooding one then goes behind the others.
constexpr int kReadsPerTurn = 16;
/// More than a socket holds when a message of 64 KiB has come: a short splice then emptied it.
constexpr int kPipeBytes = 1024 * 1024;

struct Session;

/// One socket. What is read here goes out at the session's other link.
struct Link {
  Session* session = nullptr;
  Link* opposite = nullptr;
  load::Descriptor fd;
  bool connected = false;
  bool readable = false;
  /// The end of the stream was signalled, so a short read is not the last one.
  bool end_signalled = false;
  bool ended = false;
  /// Bytes read from the opposite link that this one did not take; while there are any, the
  /// opposite link is not read.
  std::vector<uint8_t> owed;
  /// With --splice: what was read here and not yet written there.
  load::Descriptor pipe_read;
  load::Descriptor pipe_write;
  size_t in_pipe = 0;
};

struct Session {
  std::array<Link, 2> links;
  bool dead = false;
};

class Forwarder {
 public:
  Forwarder(const Options& options, load::Descriptor listener, load::Descriptor stop)
      : target_(options.target),
        splice_(options.splice),
        listener_(std::move(listener)),
        stop_(std::move(stop)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        buffer_(kBufferBytes) {}

  void Run() {
    Register(listener_.get(), EPOLLIN, &listener_);
    Register(stop_.get(), EPOLLIN, &stop_);
    std::array<epoll_event, kEventsPerWait> events;
    while (true) {
      const int timeout_ms = unfinished_.empty() ? -1 : 0;
      const int count = epoll_wait(epoll_.get(), events.data(), kEventsPerWait, timeout_ms);
      for (Link* link : std::exchange(unfinished_, {})) Pump(*link);
      for (int i = 0; i < count; ++i) {
        if (events[i].data.ptr == &stop_) return;
        if (events[i].data.ptr == &listener_) {
          AcceptAll();
        } else {
          OnEvent(*static_cast<Link*>(events[i].data.ptr), events[i].events);
        }
      }
      FreeDead();
    }
  }

 private:
  void Register(int fd, uint32_t events, void* who) {
    epoll_event event = {};
    event.events = events;
    event.data.ptr = who;
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }

  void AcceptAll() {
    while (true) {
      load::Descriptor client(
          accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!client.open()) return;
      absl::StatusOr<load::Descriptor> target = load::StartConnect(target_);
      if (!target.ok()) continue;
      load::SetNoDelay(client.get());
      auto session = std::make_unique<Session>();
      auto& [front, back] = session->links;
      front.fd = std::move(client);
      front.connected = true;
      front.opposite = &back;
      back.fd = *std::move(target);
      back.opposite = &front;
      for (Link& link : session->links) {
        link.session = session.get();
        Register(link.fd.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &link);
      }
      Session* const key = session.get();
      sessions_.emplace(key, std::move(session));
    }
  }

  void OnEvent(Link& link, uint32_t events) {
    if (link.session->dead) return;
    if (!link.connected && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
      if (load::ConnectError(link.fd.get()) != 0) return End(*link.session);
      link.connected = true;
      Pump(*link.opposite);
    }
    if ((events & EPOLLOUT) != 0 && !link.owed.empty()) OnWritable(link);
    if ((events & EPOLLOUT) != 0 && link.opposite->in_pipe > 0) Pump(*link.opposite);
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) link.end_signalled = true;
    link.readable = true;
    Pump(link);
  }

  void OnWritable(Link& link) {
    const ssize_t sent = send(link.fd.get(), link.owed.data(), link.owed.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return End(*link.session);
    if (sent > 0) link.owed.erase(link.owed.begin(), link.owed.begin() + sent);
    if (link.owed.empty()) Pump(*link.opposite);
  }

  // Moves what `from` has to the other side until one is empty or the other is full.
  void Pump(Link& from) {
    Link& to = *from.opposite;
    if (from.session->dead || from.ended || !to.connected) return;
    if (splice_) return PumpThroughPipe(from, to);
    for (int reads = 0; from.readable && to.owed.empty(); ++reads) {
      if (reads == kReadsPerTurn) return unfinished_.push_back(&from);
      const ssize_t got = recv(from.fd.get(), buffer_.data(), kBufferBytes, 0);
      if (got < 0) {
        if (errno != EAGAIN) return End(*from.session);
        from.readable = false;
        return;
      }
      if (got == 0) return OnEndOfStream(from, to);
      // Edge-triggered: a short read emptied the socket, and what comes later raises a new event.
      const size_t bytes = static_cast<size_t>(got);
      if (bytes < kBufferBytes && !from.end_signalled) from.readable = false;
      if (!Write(to, bytes)) return End(*from.session);
    }
  }

  void PumpThroughPipe(Link& from, Link& to) {
    if (!from.pipe_read.open() && !OpenPipe(from)) return End(*from.session);
    while (from.readable || from.in_pipe > 0) {
      if (from.in_pipe == 0) {
        const ssize_t got = Move(from.fd.get(), from.pipe_write.get(), kPipeBytes);
        if (got < 0 && errno != EAGAIN) return End(*from.session);
        if (got == 0) return OnEndOfStream(from, to);
        if (got < kPipeBytes && !from.end_signalled) from.readable = false;
        if (got < 0) return;
        from.in_pipe = static_cast<size_t>(got);
      }
      const ssize_t sent = Move(from.pipe_read.get(), to.fd.get(), from.in_pipe);
      if (sent < 0) {
        if (errno != EAGAIN) End(*from.session);
        return;
      }
      from.in_pipe -= static_cast<size_t>(sent);
    }
  }

  static bool OpenPipe(Link& link) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return false;
    link.pipe_read = load::Descriptor(ends[0]);
    link.pipe_write = load::Descriptor(ends[1]);
    return fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes) > 0;
  }

  static ssize_t Move(int from, int to, size_t bytes) {
    return splice(from, nullptr, to, nullptr, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  }

  // Sends the first `bytes` of the buffer, keeping what does not fit. False: the socket is broken.
  bool Write(Link& to, size_t bytes) {
    const ssize_t sent = send(to.fd.get(), buffer_.data(), bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    const size_t taken = sent < 0 ? 0 : static_cast<size_t>(sent);
    to.owed.assign(buffer_.begin() + taken, buffer_.begin() + bytes);
    return true;
  }

  void OnEndOfStream(Link& from, Link& to) {
    from.ended = true;
    if (to.ended) return End(*from.session);
    shutdown(to.fd.get(), SHUT_WR);
  }

  void End(Session& session) {
    if (session.dead) return;
    session.dead = true;
    for (Link& link : session.links) link.fd.Close();
    dead_.push_back(&session);
  }

  // After the batch only: a later event of it may still have named the session.
  void FreeDead() {
    if (dead_.empty()) return;
    std::erase_if(unfinished_, [](const Link* link) { return link->session->dead; });
    for (Session* session : dead_) sessions_.erase(session);
    dead_.clear();
  }

  load::Address target_;
  bool splice_;
  load::Descriptor listener_;
  load::Descriptor stop_;
  load::Descriptor epoll_;
  std::vector<uint8_t> buffer_;
  std::unordered_map<Session*, std::unique_ptr<Session>> sessions_;
  std::vector<Link*> unfinished_;
  std::vector<Session*> dead_;
};

int Main(int argc, char** argv) {
  Options options;
  const ParseResult parsed = ParseOptions(argc, argv, options);
  if (parsed != ParseResult::kRun) return parsed == ParseResult::kExitOk ? 0 : 2;
  absl::Status pinned = load::PinToCpu(options.cpu);
  absl::StatusOr<load::Descriptor> stop = load::OpenStopSignals();
  absl::StatusOr<load::Descriptor> listener = load::Listen(options.listen);
  for (const absl::Status& status : {pinned, stop.status(), listener.status()}) {
    if (status.ok()) continue;
    std::fprintf(stderr, "limit_epoll: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  load::AnnounceListening(listener->get());
  Forwarder(options, *std::move(listener), *std::move(stop)).Run();
  return 0;
}

}  // namespace
}  // namespace ringway::limit

int main(int argc, char** argv) { return ringway::limit::Main(argc, argv); }
