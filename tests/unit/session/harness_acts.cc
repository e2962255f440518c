// SPDX-License-Identifier: Apache-2.0
//
// What the small worker does with intents.
#include <utility>

#include "tests/unit/session/harness.h"

namespace ringway::session {

using base::BufferClass;
using base::LinkRole;

void Harness::CarryOut() {
  acts_.clear();
  for (Intent& intent : intents_.all()) CarryOutOne(intent);
  intents_.Clear();
  for (const BufferClass c : {BufferClass::kSmall, BufferClass::kBulk}) {
    EXPECT_EQ(arena_.leased(c), 0U) << "the session keeps a receive buffer";
  }
}

void Harness::CarryOutOne(Intent& intent) {
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
      EXPECT_FALSE(backend_gone_due_) << "the last backend link is not free yet";
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
    case IntentKind::kMore:
      EXPECT_FALSE(room_due_) << "asked twice";
      room_due_ = true;
      break;
    case IntentKind::kTimer:
      due_ns_ = intent.due_ns;
      break;
  }
}

void Harness::BeginDownload(Intent& intent) {
  EXPECT_FALSE(download_) << "two downloads at once";
  EXPECT_TRUE(link(kClient).there && !link(kClient).finished);
  EXPECT_GT(intent.bytes, 0U);
  acts_.back().bytes = files_.Read(intent.piece.lease, intent.offset, intent.bytes);
  Link(kClient).sent.append(acts_.back().bytes);
  download_ = std::move(intent.piece.lease);
}

void Harness::LoseLink(LinkRole role) {
  if (role == kClient) download_ = {};
  const bool was_there = Link(role).there;
  Link(role).there = Link(role).connecting = false;
  if (role == kBackend && was_there && link(kClient).there) backend_gone_due_ = true;
}

void Harness::LoseIfDone(LinkRole role) {
  if (link(role).ended && link(role).finished) LoseLink(role);
}

void ExpectEnding(const Harness& harness, EndSide side, EndReason reason, int code) {
  const Ending& ending = harness.ending();
  EXPECT_EQ(harness.state(), State::kClosing);
  EXPECT_EQ(Word(ending.side), Word(side));
  EXPECT_EQ(Word(ending.reason), Word(reason));
  EXPECT_EQ(ending.code, code);
}

}  // namespace ringway::session
