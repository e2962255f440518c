// SPDX-License-Identifier: Apache-2.0
//
// What each end of a connection meets, in the order in which Linux looks: bytes, then the error
// (once), then the end.
#include "tests/sim/network.h"

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
  return count;
}

size_t Pipe::Read(std::span<uint8_t> out) {
  const size_t count = std::min(out.size(), size());
  std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(head_), count, out.begin());
  head_ += count;
  taken_ += count;
  if (head_ > 256 * 1024) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
  return count;
}

void Pipe::Clear() {
  bytes_.clear();
  head_ = 0;
}

size_t Connection::FarWrite(std::span<const uint8_t> bytes) {
  if (far_reset || broken) return bytes.size();
  if (near_closed) {
    far_reset = true;  // nobody is there: the bytes vanish and an RST comes back
    return bytes.size();
  }
  return up.Write(bytes);
}

size_t Connection::FarRead(std::span<uint8_t> out) { return down.Read(out); }

StreamState Connection::FarState() const {
  if (down.size() > 0) return StreamState::kOpen;
  if (far_reset) return StreamState::kReset;
  return down.fin ? StreamState::kFin : StreamState::kOpen;
}

void Connection::FarClose() {
  if (down.size() > 0) return FarReset();
  up.fin = true;
  far_closed = true;
}

void Connection::FarReset() {
  far_closed = true;
  if (broken) return;
  broken = near_error = true;
  down.Clear();
}

int Connection::NearReceive(std::span<uint8_t> out) {
  touched = true;
  if (up.size() > 0) return static_cast<int>(up.Read(out));
  if (near_error) {
    near_error = false;
    return -ECONNRESET;
  }
  return broken || up.fin ? 0 : -EAGAIN;
}

int Connection::NearSendError() {
  if (near_shut) return -EPIPE;
  if (near_error) {
    near_error = false;
    return -ECONNRESET;
  }
  return broken ? -EPIPE : 0;
}

size_t Connection::NearSend(std::span<const uint8_t> bytes) {
  touched = true;
  if (!far_closed) return down.Write(bytes);
  broken = near_error = true;  // the far end's kernel answers with an RST
  return bytes.size();
}

int Connection::NearShutdown() {
  if (broken) return -ENOTCONN;
  near_shut = down.fin = touched = true;
  return 0;
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

Server* Network::Find(const sockaddr_storage& address) {
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

}  // namespace ringway::sim
