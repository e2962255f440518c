// SPDX-License-Identifier: Apache-2.0
//
// The slow, obvious queue.
#include "tests/property/flow/queue_model.h"

namespace ringway::flow {

PushResult QueueModel::Push(base::Piece piece) {
  // The piece may be copied and gone afterwards: what is owed is noted before.
  const std::vector<uint8_t> bytes(piece.data, piece.data + piece.bytes);
  const uint32_t before = queue_.bytes();
  const PushResult result = queue_.Push(shared_->stores, session_, std::move(piece));
  const uint32_t queued = queue_.bytes() - before;
  EXPECT_LE(queued, bytes.size());
  EXPECT_EQ(queued < bytes.size(), result == PushResult::kExhausted);
  owed_.insert(owed_.end(), bytes.begin(), bytes.begin() + queued);
  pongs_.clear();
  ended_ = ended_ || result == PushResult::kExhausted;
  return result;
}

PushResult QueueModel::PushPongs(std::vector<uint8_t> bytes) {
  const uint32_t before = queue_.bytes();
  const auto count = static_cast<uint32_t>(bytes.size());
  const PushResult result = queue_.Push(shared_->stores, session_,
                                        {.data = bytes.data(), .bytes = count}, SliceKind::kPongs);
  switch (result) {
    case PushResult::kReplaced:
      EXPECT_TRUE(queue_.stalls() || queue_.footprint() >= shared_->stores.LimitBytes());
      ForgetPongs(before + count - queue_.bytes());
      owed_.insert(owed_.end(), bytes.begin(), bytes.end());
      pongs_.push_back(count);
      break;
    case PushResult::kDropped:
      EXPECT_EQ(queue_.bytes(), before);
      break;
    default:
      EXPECT_EQ(queue_.bytes(), before + count);
      owed_.insert(owed_.end(), bytes.begin(), bytes.end());
      pongs_.push_back(count);
  }
  return result;
}

void QueueModel::MarkBuffers(std::vector<bool>& held,
                             std::array<uint32_t, base::kBufferClasses>& kept) const {
  uint32_t slices = 0;
  uint32_t footprint = 0;
  SendQueue looked_at = queue_;  // so that nothing of the queue itself is in flight afterwards
  looked_at.TakeFront(shared_->slices, [&](const uint8_t* data, uint32_t /*bytes*/) {
    const base::BufferId id = BufferAt(data);
    const base::BufferClass c = shared_->arena.ClassOf(id);
    held[id] = true;
    ++kept[static_cast<size_t>(c)];
    footprint += Stores::FootprintOf(c);
    ++slices;
    return true;
  });
  EXPECT_EQ(slices, queue_.slices());
  EXPECT_EQ(footprint, queue_.footprint());
}

base::BufferId QueueModel::BufferAt(const uint8_t* data) const {
  const base::Arena& arena = shared_->arena;
  auto c = base::BufferClass::kSmall;
  while (true) {
    const uint8_t* first = arena.Data(arena.IdOf(c, 0)) - base::kHeadRoomBytes;
    const auto index = static_cast<size_t>(data - first) / base::Arena::Stride(c);
    if (data >= first && index < arena.count(c)) {
      return arena.IdOf(c, static_cast<uint32_t>(index));
    }
    c = static_cast<base::BufferClass>(static_cast<uint8_t>(c) + 1);
  }
}

}  // namespace ringway::flow
