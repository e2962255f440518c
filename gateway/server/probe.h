// SPDX-License-Identifier: Apache-2.0
//
// One probe of one server: a connection, and where it is asked for a GET and the status line of the
// answer, behind those of class 1xx. Never waits: it says which event it wants and is called when
// that has come.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/socket_address.h"
#include "gateway/config/config.h"

namespace ringway::server {

/// What is asked of a server, and where.
struct ProbePlan {
  sockaddr_storage address{};
  socklen_t address_bytes = 0;
  /// Where the connection leaves from; port 0.
  std::optional<base::SocketAddress> source;
  /// All that is sent; empty: that the server accepts is enough.
  std::string request;
  /// One of these is a good answer to the request; empty: none is waited for.
  std::vector<config::StatusRange> statuses;
};

/// The plan for a server of a backend whose `check` is not kOff. `address`: of a unix server it
/// says nothing. Where the backend's connections begin with a PROXY header the probe's does too.
ProbePlan PlanProbe(const config::Backend& backend, const config::Server& server,
                    const base::SocketAddress& address);

/// "app.internal:80", "[2001:db8::1]:80" or "unix:/run/app.sock": as the configuration has it.
std::string ServerText(const config::Server& server);

enum class [[nodiscard]] ProbeOutcome : uint8_t{
    kPending, kGood, kBad,
    kSpared,  ///< the gateway lacked a descriptor, a port or its address: nobody is to blame
};

/// Owner and thread: the prober's. Owns its socket. Move-only.
class Probe {
 public:
  explicit Probe(ProbePlan plan) : plan_(std::move(plan)) {}
  ~Probe() { Close(); }
  Probe(Probe&& from) noexcept;
  Probe& operator=(Probe&& from) noexcept;
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  /// Once, before all else. Every outcome but kPending is the last, and closes the socket.
  ProbeOutcome Begin();
  /// The event has come, or the socket has an error.
  ProbeOutcome OnReady();

  int fd() const { return fd_; }
  /// Of poll(2).
  short events() const { return events_; }
  /// After kBad or kSpared, in a few words; while it is pending what it waits for.
  const std::string& why() const { return why_; }

 private:
  enum class Stage : uint8_t { kConnecting, kSending, kReceiving };

  ProbeOutcome End(ProbeOutcome outcome, std::string why);
  ProbeOutcome Fail(const char* what, int error);
  ProbeOutcome OnConnected();
  ProbeOutcome Send();
  ProbeOutcome Receive();
  ProbeOutcome Read(std::string_view bytes);
  bool TakeStatusByte(char byte);
  void PassOverHeadByte(char byte);
  ProbeOutcome Judge();
  bool BindSource();
  void Close();

  /// "HTTP/1.1 200" and what stands behind it (RFC 9112 4).
  static constexpr size_t kStatusBytes = 13;
  /// Of all answers of class 1xx, whose heads are passed over; more are an answer without an end.
  static constexpr size_t kInterimBytesMax = 16 * 1024;

  ProbePlan plan_;
  int fd_ = -1;
  short events_ = 0;
  Stage stage_ = Stage::kConnecting;
  size_t sent_ = 0;
  size_t answer_bytes_ = 0;  ///< of answer_, that have come
  std::array<char, kStatusBytes> answer_{};
  size_t interim_bytes_ = 0;
  size_t line_bytes_ = 0;  ///< of the line that is passed over, so far
  bool passes_over_ = false;
  std::string why_;
};

}  // namespace ringway::server
