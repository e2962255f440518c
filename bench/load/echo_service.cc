// SPDX-License-Identifier: Apache-2.0
//
// The echo loop.
#include "bench/load/echo_service.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ringway::load {
namespace {

/// One read takes a large message's burst, and the buffer still fits a second-level cache.
constexpr size_t kBufferBytes = 256 * 1024;
constexpr int kEventsPerWait = 512;
/// Reads of one client in a row; a flooding one then goes behind the others.
constexpr int kReadsPerTurn = 8;

}  // namespace

EchoService::EchoService(Protocol protocol, Descriptor listener, Descriptor stop)
    : protocol_(protocol),
      listener_(std::move(listener)),
      stop_(std::move(stop)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      buffer_(WsEcho::kHeadRoom + kBufferBytes) {}

void EchoService::Run() {
  Register(listener_.get(), EPOLLIN, &listener_);
  Register(stop_.get(), EPOLLIN, &stop_);
  std::array<epoll_event, kEventsPerWait> events;
  while (true) {
    const int timeout_ms = unfinished_.empty() ? -1 : 0;
    const int count = epoll_wait(epoll_.get(), events.data(), kEventsPerWait, timeout_ms);
    for (Client* client : std::exchange(unfinished_, {})) Pump(*client);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr == &stop_) return;
      if (events[i].data.ptr == &listener_) {
        AcceptAll();
      } else {
        OnEvent(*static_cast<Client*>(events[i].data.ptr), events[i].events);
      }
    }
    if (dead_.empty()) continue;
    // After the batch only: a later event of it may still have named the client.
    std::erase_if(unfinished_, [](const Client* client) { return client->dead; });
    for (Client* client : dead_) clients_.erase(client);
    dead_.clear();
  }
}

void EchoService::Register(int fd, uint32_t events, void* who) {
  epoll_event event = {};
  event.events = events;
  event.data.ptr = who;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void EchoService::AcceptAll() {
  while (true) {
    Descriptor fd(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.open()) return;
    SetNoDelay(fd.get());
    auto client = std::make_unique<Client>();
    client->fd = std::move(fd);
    if (protocol_ == Protocol::kWebSocket) client->ws.emplace();
    Register(client->fd.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, client.get());
    Client* const key = client.get();
    clients_.emplace(key, std::move(client));
  }
}

void EchoService::OnEvent(Client& client, uint32_t events) {
  if (client.dead) return;
  if ((events & EPOLLOUT) != 0 && !client.owed.empty()) OnWritable(client);
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) client.end_signalled = true;
  client.readable = true;
  Pump(client);
}

// Echoes what has come until there is no more or the client takes no more.
void EchoService::Pump(Client& client) {
  uint8_t* const start = buffer_.data() + WsEcho::kHeadRoom;
  for (int reads = 0; !client.dead && client.readable && client.owed.empty(); ++reads) {
    if (reads == kReadsPerTurn) return unfinished_.push_back(&client);
    const ssize_t got = recv(client.fd.get(), start, kBufferBytes, 0);
    if (got < 0) {
      if (errno != EAGAIN) return End(client);
      client.readable = false;
      return;
    }
    if (got == 0) {
      client.readable = false;
      return FinishSending(client);
    }
    // Edge-triggered: a short read emptied the socket, and what comes later raises a new event.
    const size_t bytes = static_cast<size_t>(got);
    if (bytes < kBufferBytes && !client.end_signalled) client.readable = false;
    Send(client,
         client.ws ? client.ws->Feed({start, bytes}) : std::span<const uint8_t>{start, bytes});
    if (client.ws && client.ws->ended()) return FinishSending(client);
  }
}

void EchoService::Send(Client& client, std::span<const uint8_t> bytes) {
  if (bytes.empty()) return;
  const ssize_t sent = send(client.fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return End(client);
  const size_t taken = sent < 0 ? 0 : static_cast<size_t>(sent);
  client.owed.assign(bytes.begin() + taken, bytes.end());
}

void EchoService::OnWritable(Client& client) {
  const ssize_t sent = send(client.fd.get(), client.owed.data(), client.owed.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return End(client);
  if (sent > 0) client.owed.erase(client.owed.begin(), client.owed.begin() + sent);
  if (!client.owed.empty()) return;
  if (client.ending) return End(client);
  Pump(client);
}

void EchoService::FinishSending(Client& client) {
  client.ending = true;
  client.readable = false;
  if (client.owed.empty()) End(client);
}

void EchoService::End(Client& client) {
  if (client.dead) return;
  client.dead = true;
  client.fd.Close();
  dead_.push_back(&client);
}

}  // namespace ringway::load
