// SPDX-License-Identifier: Apache-2.0
//
// connect, send, recv, and what each errno says of the server.
#include "gateway/server/probe.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/server/address.h"

namespace ringway::server {
namespace {

/// PROXY protocol 2.1: a connection that nobody's client made.
constexpr std::string_view kProxyV1Unknown = "PROXY UNKNOWN\r\n";
/// PROXY protocol 2.2: signature, version 2 with the command LOCAL (health checks), no address.
constexpr std::string_view kProxyV2Local("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);

std::string_view ProxyHeaderOf(config::ProxyHeader kind) {
  switch (kind) {
    case config::ProxyHeader::kNone:
      break;
    case config::ProxyHeader::kV1:
      return kProxyV1Unknown;
    case config::ProxyHeader::kV2:
      return kProxyV2Local;
  }
  return {};
}

std::string RequestFor(const config::Backend& backend, const config::Server& server) {
  std::string announcement(ProxyHeaderOf(backend.proxy_header));
  if (backend.health.check != config::HealthCheck::kHttp) return announcement;
  // RFC 9112 3.2: a Host there must be; a unix socket has no better one.
  const std::string host = server.unix_path.empty() ? ServerText(server) : "localhost";
  return absl::StrCat(announcement, "GET ", backend.health.path, " HTTP/1.1\r\nHost: ", host,
                      "\r\nUser-Agent: ringway-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n");
}

socklen_t UnixAddress(const std::string& path, sockaddr_storage* out) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  // The configuration refuses a path that is longer.
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  *out = {};
  std::memcpy(out, &address, sizeof address);
  return sizeof address;
}

/// What the gateway itself lacks: it says nothing of the server.
bool IsOurs(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case EADDRINUSE:
      return true;
    default:
      return false;
  }
}

bool IsDigit(char letter) { return letter >= '0' && letter <= '9'; }

}  // namespace

std::string ServerText(const config::Server& server) {
  if (!server.unix_path.empty()) return absl::StrCat("unix:", server.unix_path);
  const bool is_ipv6 = server.host.find(':') != std::string::npos;
  return is_ipv6 ? absl::StrCat("[", server.host, "]:", server.port)
                 : absl::StrCat(server.host, ":", server.port);
}

ProbePlan PlanProbe(const config::Backend& backend, const config::Server& server,
                    const base::SocketAddress& address) {
  ProbePlan plan{.request = RequestFor(backend, server)};
  if (backend.health.check == config::HealthCheck::kHttp) plan.statuses = backend.health.statuses;
  if (!server.unix_path.empty()) {
    plan.address_bytes = UnixAddress(server.unix_path, &plan.address);
    return plan;
  }
  plan.address_bytes = ToSockaddr(address.HostText().c_str(), address.port, &plan.address);
  const auto source =
      std::find_if(backend.sources.begin(), backend.sources.end(),
                   [&](const base::SocketAddress& each) { return each.family == address.family; });
  if (source != backend.sources.end()) plan.source = *source;
  return plan;
}

Probe::Probe(Probe&& from) noexcept { *this = std::move(from); }

Probe& Probe::operator=(Probe&& from) noexcept {
  Close();
  plan_ = std::move(from.plan_);
  fd_ = std::exchange(from.fd_, -1);
  events_ = from.events_;
  stage_ = from.stage_;
  sent_ = from.sent_;
  answer_bytes_ = from.answer_bytes_;
  answer_ = from.answer_;
  interim_bytes_ = from.interim_bytes_;
  line_bytes_ = from.line_bytes_;
  passes_over_ = from.passes_over_;
  why_ = std::move(from.why_);
  return *this;
}

void Probe::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

ProbeOutcome Probe::End(ProbeOutcome outcome, std::string why) {
  Close();
  why_ = std::move(why);
  return outcome;
}

ProbeOutcome Probe::Fail(const char* what, int error) {
  return End(IsOurs(error) ? ProbeOutcome::kSpared : ProbeOutcome::kBad,
             absl::StrCat(what, ": ", std::strerror(error)));
}

bool Probe::BindSource() {
  if (!plan_.source) return true;
  sockaddr_storage address;
  const socklen_t bytes = ToSockaddr(plan_.source->HostText().c_str(), 0, &address);
  const int on = 1;
  // As for sessions: the connect chooses the port.
  return setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) == 0 &&
         bind(fd_, reinterpret_cast<const sockaddr*>(&address), bytes) == 0;
}

ProbeOutcome Probe::Begin() {
  fd_ = socket(plan_.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return End(ProbeOutcome::kSpared, std::strerror(errno));
  if (!BindSource()) return End(ProbeOutcome::kSpared, std::strerror(errno));
  why_ = "it does not accept the connection";
  events_ = POLLOUT;
  const auto* address = reinterpret_cast<const sockaddr*>(&plan_.address);
  if (connect(fd_, address, plan_.address_bytes) == 0) return OnConnected();
  if (errno == EINPROGRESS) return ProbeOutcome::kPending;
  // unix(7): a full backlog would make a blocking connect wait.
  if (errno == EAGAIN) return End(ProbeOutcome::kBad, "its queue of connections is full");
  return Fail("connect", errno);
}

ProbeOutcome Probe::OnReady() {
  switch (stage_) {
    case Stage::kConnecting:
      break;
    case Stage::kSending:
      return Send();
    case Stage::kReceiving:
      return Receive();
  }
  int error = 0;
  socklen_t bytes = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0) error = errno;
  return error == 0 ? OnConnected() : Fail("connect", error);
}

ProbeOutcome Probe::OnConnected() {
  if (plan_.request.empty()) return End(ProbeOutcome::kGood, "");
  stage_ = Stage::kSending;
  why_ = "it does not read the request";
  return Send();
}

ProbeOutcome Probe::Send() {
  const std::string_view rest = std::string_view(plan_.request).substr(sent_);
  const ssize_t sent = send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN ? ProbeOutcome::kPending : Fail("send", errno);
  sent_ += static_cast<size_t>(sent);
  if (sent_ < plan_.request.size()) return ProbeOutcome::kPending;
  if (plan_.statuses.empty()) return End(ProbeOutcome::kGood, "");
  stage_ = Stage::kReceiving;
  events_ = POLLIN;
  why_ = "it does not answer the request";
  return ProbeOutcome::kPending;
}

// What comes behind the status is not read: the socket's close tells the server.
ProbeOutcome Probe::Receive() {
  std::array<char, 512> bytes;
  const ssize_t got = recv(fd_, bytes.data(), bytes.size(), 0);
  if (got < 0) return errno == EAGAIN ? ProbeOutcome::kPending : Fail("recv", errno);
  if (got == 0) return End(ProbeOutcome::kBad, "it ended the connection without an answer");
  return Read({bytes.data(), static_cast<size_t>(got)});
}

ProbeOutcome Probe::Read(std::string_view bytes) {
  for (const char byte : bytes) {
    if (passes_over_) {
      if (++interim_bytes_ > kInterimBytesMax) {
        return End(ProbeOutcome::kBad, "its answers of class 1xx have no end");
      }
      PassOverHeadByte(byte);
    } else if (TakeStatusByte(byte)) {
      if (const ProbeOutcome outcome = Judge(); outcome != ProbeOutcome::kPending) return outcome;
    }
  }
  return ProbeOutcome::kPending;
}

/// True: the status is whole. Several spaces in front of it are one, as for sessions.
bool Probe::TakeStatusByte(char byte) {
  constexpr size_t kStatusAt = 9;
  if (byte == ' ' && answer_bytes_ == kStatusAt) return false;
  answer_[answer_bytes_++] = byte;
  return answer_bytes_ == answer_.size();
}

void Probe::PassOverHeadByte(char byte) {
  if (byte == '\r') return;
  if (byte != '\n') {
    ++line_bytes_;
  } else if (std::exchange(line_bytes_, 0) == 0) {
    passes_over_ = false;
  }
}

// kPending: it is of class 1xx, and another one follows (RFC 9110 15.2). A 101 is the last: behind
// it there is no HTTP any more.
ProbeOutcome Probe::Judge() {
  const std::string_view line(answer_.data(), answer_.size());
  const char behind = line.back();
  const bool is_http = (line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ")) &&
                       std::all_of(line.begin() + 9, line.begin() + 12, IsDigit) &&
                       (behind == ' ' || behind == '\r' || behind == '\n');
  if (!is_http) return End(ProbeOutcome::kBad, "its answer is not HTTP/1.1");
  const std::string_view digits = line.substr(9, 3);
  if (digits.front() == '1' && digits != "101") {
    answer_bytes_ = 0;
    line_bytes_ = behind == '\n' ? 0 : 1;
    passes_over_ = true;
    return ProbeOutcome::kPending;
  }
  const uint32_t status = static_cast<uint32_t>(digits[0] - '0') * 100 +
                          static_cast<uint32_t>(digits[1] - '0') * 10 +
                          static_cast<uint32_t>(digits[2] - '0');
  if (config::Contains(plan_.statuses, status)) return End(ProbeOutcome::kGood, "");
  return End(ProbeOutcome::kBad, absl::StrCat("it answers ", status, " instead of ",
                                              config::StatusText(plan_.statuses)));
}

}  // namespace ringway::server
