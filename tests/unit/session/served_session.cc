// SPDX-License-Identifier: Apache-2.0
//
// What the small worker does with intents.
#include "tests/unit/session/served_session.h"

#include <utility>

namespace ringway::session {
namespace {

using base::BufferClass;
using base::LinkRole;

std::string_view Word(IntentKind kind) {
  switch (kind) {
    case IntentKind::kSend:
      return "send";
    case IntentKind::kPongs:
      return "pongs";
    case IntentKind::kDial:
      return "dial";
    case IntentKind::kFinish:
      return "finish";
    case IntentKind::kDrop:
      return "drop";
    case IntentKind::kTimer:
      return "timer";
    case IntentKind::kFind:
      return "find";
    case IntentKind::kFile:
      return "file";
    case IntentKind::kBelow:
      return "below";
  }
  return "";
}

}  // namespace

void ServedSession::BeginSession(const base::SocketAddress& client) {
  links_ = {};
  Link(kClient).there = true;
  due_ns_ = UINT64_MAX;
  find_due_ = below_due_ = false;
  session_.emplace(0U, client, now_ns());
  session_->Begin(*environment_, kSlot, intents_);
  CarryOut();
}

void ServedSession::EndSession() {
  const bool began = session_.has_value();
  if (began) session_->Leave(*environment_);
  session_.reset();
  hoard_.clear();
  download_ = {};
  wanted_ = {};
  if (began) ExpectNothingHeld();
}

void ServedSession::CarryOut() {
  acts_.clear();
  for (Intent& intent : intents_.all()) CarryOutOne(intent);
  intents_.Clear();
  for (const BufferClass c : {BufferClass::kSmall, BufferClass::kBulk}) {
    EXPECT_EQ(arena_.leased(c), 0U) << "the session keeps a receive buffer";
  }
}

void ServedSession::CarryOutOne(Intent& intent) {
  const bool send = intent.kind == IntentKind::kSend || intent.kind == IntentKind::kPongs;
  const std::string_view bytes(reinterpret_cast<const char*>(intent.piece.data),
                               send ? intent.piece.bytes : 0);
  acts_.push_back({intent.kind, intent.to, std::string(bytes), intent.backend_index,
                   intent.server_index, intent.address_index, intent.due_ns, intent.offset});
  LinkState& link = Link(intent.to);
  switch (intent.kind) {
    case IntentKind::kPongs:
      EXPECT_FALSE(intent.piece.lease);
      EXPECT_EQ(intent.to, kClient);
      [[fallthrough]];
    case IntentKind::kSend:
      EXPECT_FALSE(download_) << "something is sent before the file has left";
      EXPECT_GT(intent.piece.bytes, 0U);
      EXPECT_TRUE(link.there && !link.finished) << "something is sent behind the end";
      link.sent.append(bytes);
      break;
    case IntentKind::kDial:
      EXPECT_FALSE(link.there);
      link = {.there = true, .connecting = true};
      break;
    case IntentKind::kFinish:
      link.finished = true;
      if (link.connecting) LoseLink(intent.to);
      LoseIfDone(intent.to);
      break;
    case IntentKind::kDrop:
      LoseLink(intent.to);
      break;
    case IntentKind::kFind:
      EXPECT_FALSE(find_due_) << "two files at once";
      find_due_ = true;
      wanted_ = std::move(intent.piece);
      question_ = intent.file;
      break;
    case IntentKind::kFile:
      BeginDownload(intent);
      break;
    case IntentKind::kBelow:
      EXPECT_FALSE(below_due_) << "asked twice";
      EXPECT_GT(intent.bytes, 0U);
      below_due_ = true;
      break;
    case IntentKind::kTimer:
      due_ns_ = intent.due_ns;
      break;
  }
}

void ServedSession::BeginDownload(Intent& intent) {
  EXPECT_FALSE(download_) << "two downloads at once";
  EXPECT_TRUE(link(kClient).there && !link(kClient).finished);
  EXPECT_GT(intent.bytes, 0U);
  acts_.back().bytes = files_.Read(intent.piece.lease, intent.offset, intent.bytes);
  Link(kClient).sent.append(acts_.back().bytes);
  download_ = std::move(intent.piece.lease);
}

void ServedSession::LoseLink(LinkRole role) {
  if (role == kClient) download_ = {};
  Link(role).there = Link(role).connecting = false;
}

void ServedSession::LoseIfDone(LinkRole role) {
  if (link(role).ended && link(role).finished) LoseLink(role);
}

void ServedSession::Forget() {
  for (LinkState& link : links_) link.sent.clear();
}

std::string ServedSession::Story() const {
  std::string story;
  for (const Act& act : acts_) {
    if (!story.empty()) story.append(", ");
    story.append(Word(act.kind));
    if (act.kind == IntentKind::kTimer || act.kind == IntentKind::kDial) continue;
    story.append(act.to == kClient ? " client" : " backend");
  }
  return story;
}

}  // namespace ringway::session
