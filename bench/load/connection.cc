// SPDX-License-Identifier: Apache-2.0
//
// A load connection's life, event by event.
#include "bench/load/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/load/cpu_clock.h"
#include "bench/load/handshake.h"

namespace ringway::load {
namespace {

/// Close with status 1000, normal closure (RFC 6455 7.4.1).
constexpr std::string_view kNormalClosure = "\x03\xe8";

std::string ErrorText(int error) { return std::strerror(error); }

}  // namespace

Connection::Connection(const Shared& shared, uint32_t index)
    : shared_(shared), index_(index), begun_at_ns_(shared.plan.outstanding) {
  wire_bytes_ = shared.pattern.message_bytes();
  if (shared.plan.target.protocol == Protocol::kTcp) return;
  FrameHead head;
  head.masked = true;
  head.payload_bytes = shared.pattern.message_bytes();
  std::array<uint8_t, kFrameHeadBytesMax> bytes;
  wire_bytes_ += WriteFrameHead(head, bytes);
}

void Connection::Open(int epoll) {
  absl::StatusOr<Descriptor> fd = StartConnect(shared_.plan.target.address);
  if (!fd.ok()) return Fail(std::string(fd.status().message()));
  fd_ = *std::move(fd);
  state_ = State::kConnecting;
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = this;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd_.get(), &event) != 0) Fail("epoll_ctl failed");
}

void Connection::OnEvent(uint32_t events) {
  if (ended()) return;
  if (state_ == State::kConnecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    OnConnected();
  }
  if ((events & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0) end_signalled_ = true;
  if (!ended() && (events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0) OnReadable();
  if (!ended()) Flush();
}

void Connection::OnConnected() {
  const int error = ConnectError(fd_.get());
  if (error != 0) return Fail(absl::StrCat("connect: ", ErrorText(error)));
  if (shared_.plan.target.protocol == Protocol::kTcp) {
    state_ = State::kOpen;
    return;
  }
  state_ = State::kShaking;
  key_ = MakeKey(shared_.plan.seed ^ (static_cast<uint64_t>(index_) << 32));
  control_out_ = BuildRequest(shared_.plan.target, key_, shared_.plan.headers);
}

// ---- What comes ---------------------------------------------------------------------------------

void Connection::OnReadable() {
  std::vector<uint8_t>& buffer = shared_.scratch.in;
  while (!ended()) {
    const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) return Fail(absl::StrCat("receive: ", ErrorText(errno)));
    if (got == 0) return OnEndOfStream();
    now_ns_ = NowNs();
    const auto bytes = static_cast<size_t>(got);
    OnBytes(std::span(buffer).first(bytes));
    // A short read emptied the socket, unless the end of the stream waits behind it.
    if (bytes < buffer.size() && !end_signalled_) return;
  }
}

void Connection::OnBytes(std::span<uint8_t> bytes) {
  if (state_ == State::kShaking) return OnHandshakeBytes(bytes);
  if (shared_.plan.target.protocol == Protocol::kTcp) return OnPayload(bytes);
  OnFrames(bytes);
}

void Connection::OnHandshakeBytes(std::span<uint8_t> bytes) {
  const size_t before = response_.size();
  response_.append(bytes.begin(), bytes.end());
  const size_t head_bytes = HeadBytes(response_);
  if (head_bytes == 0) {
    if (response_.size() > kHandshakeBytesMax) Fail("handshake: response head without an end");
    return;
  }
  const absl::Status status = CheckResponse(response_.substr(0, head_bytes), key_);
  if (!status.ok()) return Fail(absl::StrCat("handshake: ", status.message()));
  state_ = State::kOpen;
  response_ = std::string();
  OnFrames(bytes.subspan(head_bytes - before));
}

void Connection::OnFrames(std::span<uint8_t> bytes) {
  while (!bytes.empty() && !ended()) {
    if (reader_.payload_left() == 0) {
      const FrameReader::Result result = reader_.TakeHead(bytes);
      if (result == FrameReader::Result::kNeedMore) return;
      if (result == FrameReader::Result::kViolation) {
        return Fail(absl::StrCat("protocol violation: ", reader_.violation()));
      }
    }
    const std::span<uint8_t> payload = reader_.TakePayload(bytes);
    if (!IsControl(reader_.head().opcode)) {
      OnPayload(payload);
      continue;
    }
    control_in_.append(payload.begin(), payload.end());
    if (reader_.payload_left() == 0) OnControl();
  }
}

void Connection::OnPayload(std::span<const uint8_t> bytes) {
  const uint64_t message_bytes = shared_.pattern.message_bytes();
  while (!bytes.empty() && !ended()) {
    const uint64_t sequence = received_bytes_ / message_bytes;
    const uint64_t offset = received_bytes_ % message_bytes;
    if (sequence >= begun_) return Fail("received more than was sent");
    const size_t some = std::min<uint64_t>(bytes.size(), message_bytes - offset);
    const bool same =
        shared_.pattern.Matches(IdOf(sequence), offset, bytes.first(some), shared_.plan.verify);
    if (!same) return OnMismatch(sequence, offset);
    bytes = bytes.subspan(some);
    received_bytes_ += some;
    if (offset + some == message_bytes) OnMessage(sequence);
  }
}

void Connection::OnMessage(uint64_t sequence) {
  Ledger& ledger = shared_.ledger;
  ++ledger.messages;
  ledger.payload_bytes += shared_.pattern.message_bytes();
  ledger.latency.Record(now_ns_ - BeganAtNs(sequence));
  if (sending_ && !shared_.pace.open_loop()) Allow(sequence + 1 + shared_.plan.outstanding);
}

uint64_t Connection::BeganAtNs(uint64_t sequence) const {
  if (shared_.pace.open_loop()) return shared_.pace.DueNs(index_, sequence);
  return begun_at_ns_[sequence % begun_at_ns_.size()];
}

void Connection::OnControl() {
  const std::string payload = std::exchange(control_in_, std::string());
  switch (reader_.head().opcode) {
    case Opcode::kPing:
      ++shared_.ledger.pings;
      control_out_ += BuildControlFrame(Opcode::kPong, payload, Masking::kMasked);
      return;
    case Opcode::kClose:
      return OnClose(payload);
    default:
      return;
  }
}

void Connection::OnClose(std::string_view payload) {
  if (state_ == State::kClosing) return End(State::kClosed);
  int code = 1005;  // RFC 6455 7.1.5: no status was received
  if (payload.size() >= 2) {
    code = (static_cast<uint8_t>(payload[0]) << 8) | static_cast<uint8_t>(payload[1]);
  }
  const std::string_view reason = payload.size() > 2 ? payload.substr(2) : std::string_view();
  Fail(absl::StrCat("Close received: ", code, reason.empty() ? "" : " ",
                    absl::string_view(reason.data(), reason.size())));
}

void Connection::OnEndOfStream() {
  if (state_ != State::kClosing) return Fail("connection ended by the other side");
  // For TCP this is the answer; a WebSocket server owes a Close frame first.
  const bool clean = shared_.plan.target.protocol == Protocol::kTcp;
  End(clean ? State::kClosed : State::kFailed);
}

void Connection::OnMismatch(uint64_t sequence, uint64_t offset) {
  Ledger& ledger = shared_.ledger;
  ++ledger.mismatches;
  if (ledger.first_mismatch.empty()) {
    ledger.first_mismatch = absl::StrCat("connection ", index_, ", message ", sequence,
                                         ", in the piece from byte ", offset);
  }
  Fail("content differs from what was sent");
}

// ---- What leaves --------------------------------------------------------------------------------

void Connection::StartSending() {
  if (state_ != State::kOpen) return;
  sending_ = true;
  if (shared_.pace.open_loop()) return;
  Allow(shared_.plan.outstanding);
  Flush();
}

void Connection::OnDue(uint64_t now_ns) {
  if (state_ != State::kOpen || !sending_) return;
  Allow(shared_.pace.CountDue(index_, now_ns));
  Flush();
}

void Connection::StopSending() {
  sending_ = false;
  allowed_ = begun_;
}

void Connection::BeginClose() {
  if (state_ != State::kOpen) return;
  state_ = State::kClosing;
  if (shared_.plan.target.protocol == Protocol::kTcp) {
    shutdown(fd_.get(), SHUT_WR);
    return;
  }
  control_out_ += BuildControlFrame(Opcode::kClose, kNormalClosure, Masking::kMasked);
  Flush();
}

bool Connection::finished() const {
  const uint64_t max = shared_.plan.messages_max;
  return max != 0 && received_bytes_ / shared_.pattern.message_bytes() >= max;
}

uint64_t Connection::on_the_way() const {
  return begun_ - received_bytes_ / shared_.pattern.message_bytes();
}

// So many messages may have been begun.
void Connection::Allow(uint64_t messages) {
  allowed_ = messages;
  if (shared_.plan.messages_max != 0) allowed_ = std::min(allowed_, shared_.plan.messages_max);
}

void Connection::Flush() {
  // A control frame may leave only between two messages' frames.
  while (!ended()) {
    const uint64_t into_frame = written_bytes_ % wire_bytes_;
    if (!control_out_.empty() && into_frame == 0) {
      if (!FlushControl()) return;
      continue;
    }
    const uint64_t rest = wire_bytes_ - into_frame;
    const uint64_t due = control_out_.empty() ? allowed_ * wire_bytes_ - written_bytes_ : rest;
    if (due == 0 || !FlushMessages(due)) return;
  }
}

// False: the socket takes no more for now.
bool Connection::FlushControl() {
  const ssize_t sent = send(fd_.get(), control_out_.data(), control_out_.size(), MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN) Fail(absl::StrCat("send: ", ErrorText(errno)));
    return false;
  }
  control_out_.erase(0, static_cast<size_t>(sent));
  return control_out_.empty();
}

// Writes up to `due` bytes of messages. False: the socket takes no more for now. What it does not
// take is made again next time: nothing is stored for a connection.
bool Connection::FlushMessages(uint64_t due) {
  const size_t bytes = FillOutput(due);
  const uint64_t now_ns = NowNs();
  const ssize_t sent = send(fd_.get(), shared_.scratch.out.data(), bytes, MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN) Fail(absl::StrCat("send: ", ErrorText(errno)));
    return false;
  }
  written_bytes_ += static_cast<uint64_t>(sent);
  const uint64_t begun = (written_bytes_ + wire_bytes_ - 1) / wire_bytes_;
  for (; begun_ < begun; ++begun_) begun_at_ns_[begun_ % begun_at_ns_.size()] = now_ns;
  return static_cast<size_t>(sent) == bytes;
}

// Puts the next min(due, buffer) bytes of the outgoing stream into the scratch buffer.
size_t Connection::FillOutput(uint64_t due) {
  const bool framed = shared_.plan.target.protocol == Protocol::kWebSocket;
  std::span<uint8_t> out(shared_.scratch.out);
  out = out.first(std::min<uint64_t>(due, out.size()));
  const size_t bytes = out.size();
  uint64_t at = written_bytes_;
  while (!out.empty()) {
    const MessageId id = IdOf(at / wire_bytes_);
    uint64_t offset = at % wire_bytes_;
    std::array<uint8_t, kFrameHeadBytesMax> head_bytes;
    FrameHead head;
    head.masked = true;
    head.key = framed ? shared_.pattern.MaskOf(id) : MaskKey{};
    head.payload_bytes = shared_.pattern.message_bytes();
    const size_t head_size = framed ? WriteFrameHead(head, head_bytes) : 0;
    size_t some = 0;
    if (offset < head_size) {
      some = std::min<size_t>(head_size - offset, out.size());
      std::copy_n(&head_bytes[offset], some, out.begin());
    } else {
      some = std::min<uint64_t>(wire_bytes_ - offset, out.size());
      offset -= head_size;
      shared_.pattern.CopyMasked(id, offset, head.key, out.first(some));
    }
    out = out.subspan(some);
    at += some;
  }
  return bytes;
}

// ---- The end ------------------------------------------------------------------------------------

void Connection::Fail(std::string text) {
  shared_.ledger.AddError(std::move(text));
  End(State::kFailed);
}

void Connection::End(State state) {
  state_ = state;
  fd_.Close();
}

}  // namespace ringway::load
