// SPDX-License-Identifier: Apache-2.0
//
// Simulated TCP: connections of two bounded byte queues, with FIN, RST and half-close as Linux has
// them; sockets that listen, and addresses where somebody answers. The near end is the worker's
// (its kernel acts for it), the far end belongs to a simulated client or backend.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ringway::sim {

/// One direction of a connection.
class Pipe {
 public:
  explicit Pipe(size_t capacity) : capacity_(capacity) {}

  /// Takes as many bytes as there is room for.
  size_t Write(std::span<const uint8_t> bytes);
  size_t Read(std::span<uint8_t> out);
  void Clear();

  size_t size() const { return bytes_.size() - head_; }
  size_t room() const { return capacity_ - size(); }
  uint64_t taken() const { return taken_; }  ///< bytes read in all
  /// Linux calls a socket writable when a third of its buffer is free.
  bool is_writable() const { return 3 * room() >= capacity_; }
  /// Bytes at the front that one Write brought: they lie together. REQUIRES: size() > 0.
  size_t front_segment() const { return static_cast<size_t>(segment_ends_.front() - taken_); }

  bool fin = false;  ///< nothing comes behind what is in it

 private:
  size_t capacity_;
  std::vector<uint8_t> bytes_;
  size_t head_ = 0;
  uint64_t taken_ = 0;
  uint64_t written_ = 0;
  std::deque<uint64_t> segment_ends_;  ///< of what is in it, by the count of bytes written
};

enum class StreamState : uint8_t { kOpen, kFin, kReset };

struct Connection {
  explicit Connection(size_t capacity) : up(capacity), down(capacity) {}

  // ---- The far end. No call waits.
  size_t FarWrite(std::span<const uint8_t> bytes);
  size_t FarRead(std::span<uint8_t> out);
  /// What the stream says when FarRead brings nothing.
  StreamState FarState() const;
  void FarShutdown();
  /// FIN, or RST when bytes were left unread.
  void FarClose();
  void FarReset();

  // ---- The near end.
  /// 0 or more: bytes; a negative errno; -EAGAIN: nothing yet.
  int NearReceive(std::span<uint8_t> out);
  /// What a send would meet before a byte is looked at: 0, or a negative errno.
  int NearSendError();
  /// What is left unsent waits for room: news of that is owed to whoever waits for it.
  void NoteShortSend();
  size_t NearSend(std::span<const uint8_t> bytes);
  int NearShutdown();
  void NearClose();
  /// poll(2): every POLL* that holds.
  uint32_t NearPoll();

  /// The stream towards the near end has ended.
  void EndUp();
  /// An RST that neither end asked for.
  void Break();
  /// The state of the connection has changed: wakes everybody, whatever he waits for.
  void WakeAll() {
    ++in_wakes;
    ++out_wakes;
    ++state_wakes;
  }

  Pipe up;    ///< far to near
  Pipe down;  ///< near to far
  sockaddr_storage far_address{};
  bool accepted = false;  ///< the near end has a descriptor of it
  /// The far end has sent a FIN that found no room in `up`: it arrives when the near end has read.
  bool fin_waits = false;
  bool near_shut = false;
  bool near_closed = false;
  bool far_closed = false;
  bool broken = false;      ///< an RST has passed
  bool near_error = false;  ///< and the near end was not told yet: it is told once
  bool far_reset = false;   ///< the far end sees it
  bool withheld = false;    ///< an operation on it never completes: its story may never end
  bool tainted = false;     ///< a fault struck: nothing is owed any more but order
  bool touched = false;     ///< something changed for the far end
  uint64_t in_wakes = 0;    ///< times that a wait for bytes was woken
  uint64_t out_wakes = 0;
  uint64_t state_wakes = 0;  ///< of those, and of whoever waits for neither: FINs and resets
  bool no_space = false;     ///< somebody met a full socket: room will wake him
};

/// Somebody at an address, or behind a listening socket: connections that wait to be taken.
struct Server {
  uint16_t port = 0;
  std::string path = {};  ///< of a unix socket, which has no port
  std::deque<Connection*> waiting;
  size_t receive_bytes = 0;  ///< what its receive buffers hold; 0: as everybody's
  bool unreachable = false;  ///< a fault kept somebody from coming here
};

class Network {
 public:
  explicit Network(size_t capacity) : capacity_(capacity) {}

  /// A connection that nobody has taken yet.
  Connection* Open(const sockaddr_storage& far_address);
  /// Somebody answers at 127.0.0.1:port from now on.
  Server& Serve(uint16_t port);
  /// Somebody answers at this path from now on.
  Server& ServePath(const std::string& path);
  /// Who answers there, or nullptr.
  Server* Find(const sockaddr_storage& address);

  static sockaddr_storage AddressOf(uint16_t port);
  /// REQUIRES: path.size() < 108.
  static sockaddr_storage AddressOfPath(const std::string& path);

 private:
  size_t capacity_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::deque<Server> servers_;
};

}  // namespace ringway::sim
