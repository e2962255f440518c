// SPDX-License-Identifier: Apache-2.0
//
// What happens to the session.
#include "tests/unit/session/harness.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace ringway::session {

using base::BufferClass;
using base::LinkRole;

Harness::Harness(const HarnessOptions& options) : ServedSession(options) { Accept(); }

Harness::~Harness() { EndSession(); }

void Harness::Accept(const base::SocketAddress& client) {
  EndSession();
  BeginSession(client);
}

void Harness::Feed(LinkRole from, std::string_view bytes, BufferClass c) {
  const uint32_t index = arena_.PopReturned(c);
  ASSERT_NE(index, base::Arena::kNone);
  ASSERT_LE(bytes.size(), base::kBufferBytes[static_cast<size_t>(c)]);
  base::Piece piece{.lease = arena_.Receive(c, index),
                    .bytes = static_cast<uint32_t>(bytes.size())};
  piece.data = piece.lease.data();
  std::memcpy(piece.data, bytes.data(), bytes.size());
  session_->OnBytes(*environment_, from, std::move(piece), intents_);
  CarryOut();
}

void Harness::End(LinkRole from, LinkEnd end) {
  Link(from).ended = true;
  session_->OnEnd(*environment_, from, end, intents_);
  CarryOut();
  if (end == LinkEnd::kReset) LoseLink(from);
  LoseIfDone(from);
}

void Harness::Dialed(const base::SocketAddress& reached) {
  Link(kBackend).connecting = false;
  session_->OnDialed(*environment_,
                     session_->WantsReached(*environment_) ? reached : base::SocketAddress{},
                     intents_);
  CarryOut();
}

void Harness::Splice(LinkRole from, std::string_view bytes) {
  ASSERT_TRUE(session_->CanSplice(from));
  std::array<uint8_t, 10> ahead;
  const size_t ahead_bytes =
      session_->OnSplice(*environment_, from, static_cast<uint32_t>(bytes.size()), ahead);
  ASSERT_LE(ahead_bytes, ahead.size());
  LinkState& to = Link(Opposite(from));
  EXPECT_TRUE(to.there && !to.finished) << "something is sent behind the end";
  to.sent.append(reinterpret_cast<const char*>(ahead.data()), ahead_bytes).append(bytes);
}

void Harness::DialFailed(std::string_view failure, NextServer next) {
  LoseLink(kBackend);
  session_->OnDialFailed(*environment_, failure, next, intents_);
  CarryOut();
}

void Harness::Due(ClientLook client) {
  if (now_ns() >= due_ns_) due_ns_ = UINT64_MAX;
  session_->OnDue(*environment_, client, intents_);
  CarryOut();
}

void Harness::WaitUntilDue(ClientLook client) {
  ASSERT_NE(due_ns_, UINT64_MAX);
  environment_->now_ns = std::max(now_ns(), due_ns_);
  Due(client);
}

void Harness::Found(std::optional<FileOutcome> outcome) {
  ASSERT_TRUE(std::exchange(find_due_, false));
  const std::string_view path = wanted_path();
  EXPECT_EQ(path.data()[path.size()], '\0');
  EXPECT_EQ(config_->routes[question_.route_index].name, "files");
  session_->OnFound(*environment_,
                    {.generation = question_.generation,
                     .look = outcome ? FileLook{.outcome = *outcome} : files_.Look(path),
                     .path = std::exchange(wanted_, {})},
                    intents_);
  CarryOut();
}

void Harness::FoundTooLate() {
  const auto generation = static_cast<uint16_t>(question_.generation - 1);
  session_->OnFound(*environment_, {.generation = generation, .look = files_.Look("f")}, intents_);
  CarryOut();
}

void Harness::Below() {
  ASSERT_TRUE(std::exchange(below_due_, false));
  acts_.clear();
  download_ = {};
  if (!link(kClient).there) return;
  session_->OnBelow(*environment_, intents_);
  CarryOut();
}

void Harness::Break(FileFault fault) {
  ASSERT_TRUE(download_);
  session_->OnFileBroken(*environment_, fault, intents_);
  CarryOut();
}

void Harness::Drain() {
  session_->OnDrain(*environment_, intents_);
  CarryOut();
}

void Harness::Cut() {
  session_->OnCut(intents_);
  CarryOut();
}

void Harness::Exhaust() {
  session_->OnPoolExhausted(*environment_, intents_);
  CarryOut();
}

void Harness::Evict() {
  session_->OnEvicted(*environment_, intents_);
  CarryOut();
}

void Harness::Open() {
  FromClient(kRequest);
  Dialed();
  ASSERT_EQ(state(), State::kOpen);
  Forget();
}

void Harness::OpenWebSocket() {
  FromClient(kWsRequest);
  Dialed();
  FromBackend(kSwitching);
  ASSERT_EQ(state(), State::kOpen);
  Forget();
}

void ExpectEnding(const Harness& harness, EndSide side, EndReason reason, int code) {
  const Ending& ending = harness.ending();
  EXPECT_EQ(harness.state(), State::kClosing);
  EXPECT_EQ(Word(ending.side), Word(side));
  EXPECT_EQ(Word(ending.reason), Word(reason));
  EXPECT_EQ(ending.code, code);
}

}  // namespace ringway::session
