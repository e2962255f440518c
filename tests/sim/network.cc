// SPDX-License-Identifier: Apache-2.0
//
// What each end of a connection meets, in the order in which Linux looks: bytes, then the error
// (once), then the end.
#include "tests/sim/network.h"

#include <poll.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ringway::sim {

size_t Pipe::Write(std::span<const uint8_t> bytes) {
  const size_t count = std::min(bytes.size(), room());
  if (head_ == bytes_.size()) {
    bytes_.clear();
    head_ = 0;
  }
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
  written_ += count;
  if (count > 0) segment_ends_.push_back(written_);
  return count;
}

size_t Pipe::Read(std::span<uint8_t> out) {
  const size_t count = std::min(out.size(), size());
  std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(head_), count, out.begin());
  head_ += count;
  taken_ += count;
  while (!segment_ends_.empty() && segment_ends_.front() <= taken_) segment_ends_.pop_front();
  if (head_ > 256 * 1024) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
  return count;
}

void Pipe::Clear() {
  bytes_.clear();
  head_ = 0;
  written_ = taken_;
  segment_ends_.clear();
}

size_t Connection::FarWrite(std::span<const uint8_t> bytes) {
  if (far_reset || broken) return bytes.size();
  if (near_closed) {
    far_reset = true;  // nobody is there: the bytes vanish and an RST comes back
    return bytes.size();
  }
  ++in_wakes;
  return up.Write(bytes);
}

size_t Connection::FarRead(std::span<uint8_t> out) {
  const size_t count = down.Read(out);
  if (no_space && down.is_writable()) {
    no_space = false;
    ++out_wakes;
  }
  return count;
}

StreamState Connection::FarState() const {
  if (down.size() > 0) return StreamState::kOpen;
  if (far_reset) return StreamState::kReset;
  return down.fin ? StreamState::kFin : StreamState::kOpen;
}

// A FIN takes a place in the stream as a byte does: where the window is shut it has to wait.
void Connection::FarShutdown() {
  if (up.fin) return;
  fin_waits = up.room() == 0;
  if (!fin_waits) EndUp();
}

void Connection::EndUp() {
  fin_waits = false;
  up.fin = true;
  WakeAll();
}

void Connection::FarClose() {
  if (down.size() > 0) return FarReset();
  FarShutdown();
  far_closed = true;
}

void Connection::FarReset() {
  far_closed = true;
  WakeAll();
  if (broken) return;
  broken = near_error = true;
  down.Clear();
}

int Connection::NearReceive(std::span<uint8_t> out) {
  touched = true;
  if (up.size() > 0) {
    const size_t got = up.Read(out);
    if (fin_waits && got > 0 && !broken) EndUp();
    return static_cast<int>(got);
  }
  if (up.fin) return 0;  // whatever came behind the end
  if (near_error) {
    near_error = false;
    return -ECONNRESET;
  }
  return broken ? 0 : -EAGAIN;
}

int Connection::NearSendError() {
  if (near_shut) return -EPIPE;
  if (near_error) {
    near_error = false;
    return up.fin ? -EPIPE : -ECONNRESET;  // a stream that has ended is not reset
  }
  return broken ? -EPIPE : 0;
}

// Linux sets SOCK_NOSPACE whenever a send takes less than it was given. What it lacked besides room
// in the socket comes back with a wake.
void Connection::NoteShortSend() {
  if (down.room() == 0) {
    no_space = true;
  } else {
    ++out_wakes;
  }
}

size_t Connection::NearSend(std::span<const uint8_t> bytes) {
  touched = true;
  if (!far_closed) return down.Write(bytes);
  broken = near_error = true;  // the far end's kernel answers with an RST
  WakeAll();
  return bytes.size();
}

int Connection::NearShutdown() {
  if (broken) return -ENOTCONN;
  near_shut = down.fin = touched = true;
  WakeAll();
  return 0;
}

// tcp_poll() of Linux, bit for bit.
uint32_t Connection::NearPoll() {
  uint32_t mask = near_error ? POLLERR : 0;
  const bool in_ended = up.fin || broken;
  const bool out_ended = near_shut || broken;
  if (in_ended && out_ended) mask |= POLLHUP;
  if (in_ended) mask |= POLLIN | POLLRDHUP;
  if (up.size() > 0) mask |= POLLIN;
  if (out_ended || far_closed || down.is_writable()) {
    mask |= POLLOUT;
  } else {
    no_space = true;
  }
  return mask;
}

void Connection::NearClose() {
  near_closed = touched = true;
  if (up.size() > 0 && !broken) {
    // Bytes were left unread, so an RST goes out; it may overtake what the far end has not read.
    far_reset = broken = true;
    down.Clear();
  }
  down.fin = true;
}

void Connection::Break() {
  tainted = touched = true;
  WakeAll();
  if (broken) return;
  broken = near_error = far_reset = true;
  down.Clear();
}

Connection* Network::Open(const sockaddr_storage& far_address) {
  connections_.push_back(std::make_unique<Connection>(capacity_));
  connections_.back()->far_address = far_address;
  return connections_.back().get();
}

Server& Network::Serve(uint16_t port) { return servers_.emplace_back(Server{.port = port}); }

Server& Network::ServePath(const std::string& path) {
  return servers_.emplace_back(Server{.path = path});
}

Server* Network::Find(const sockaddr_storage& address) {
  if (address.ss_family == AF_UNIX) {
    const std::string path = reinterpret_cast<const sockaddr_un&>(address).sun_path;
    const auto at = std::ranges::find(servers_, path, &Server::path);
    return at == servers_.end() || path.empty() ? nullptr : &*at;
  }
  const uint16_t port = ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  const auto found =
      std::ranges::find_if(servers_, [&](const Server& server) { return server.port == port; });
  return found == servers_.end() ? nullptr : &*found;
}

sockaddr_storage Network::AddressOf(uint16_t port) {
  sockaddr_storage address{};
  auto& ipv4 = reinterpret_cast<sockaddr_in&>(address);
  ipv4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  return address;
}

sockaddr_storage Network::AddressOfPath(const std::string& path) {
  sockaddr_storage address{};
  auto& at = reinterpret_cast<sockaddr_un&>(address);
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  return address;
}

}  // namespace ringway::sim
