// SPDX-License-Identifier: Apache-2.0
//
// Drawing a plan. Most stories are ordinary and small: what is rare should meet what is common.
#include "tests/sim/plan.h"

#include <algorithm>

#include "gateway/accept/acceptor.h"

namespace ringway::sim {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kSecond = 1'000 * kMs;
/// Any number that leads to chance of its own.
constexpr uint64_t kStaticsTurn = 0x5555'5555'5555'5005;
/// Another one.
constexpr uint64_t kHostilesTurn = 0x3333'3333'3333'3003;
constexpr uint64_t kAddressesTurn = 0x4444'4444'4444'4004;
constexpr uint64_t kTimesTurn = 0x6666'6666'6666'6006;
constexpr uint64_t kCastsTurn = 0x7777'7777'7777'7007;
/// So far apart are the tapes of a story's clients: no two of them are alike for long.
constexpr uint64_t kTapesApart = 7919;
/// Each session has so many cells, whatever the others hold.
constexpr uint32_t kCellsPerSession = 2;
/// What one receive of the bulk class needs at most when its bytes are moved.
constexpr uint32_t kChunksPerBulk = 4;

/// What stalled sockets may hold back in all, so that nobody has to wait for them.
uint32_t ChunksFor(const base::Limits& limits) {
  return 64 + 2 * limits.sessions_per_worker_max * (limits.window_bytes / 16384 + 4);
}

}  // namespace

Tape Story::DownTape() const {
  if (backend != BackendKind::kEcho) {
    return {text ? TapeKind::kText : TapeKind::kBinary, down_offset};
  }
  return {text ? TapeKind::kText : TapeKind::kInverted, up_offset};
}

Story Story::OfClient(uint32_t place) const {
  Story story = *this;
  if (place == 0) return story;
  story.begin_ns += place * apart_ns;
  story.up_offset += place * kTapesApart;
  story.down_offset += place * kTapesApart;
  // Another tape has its characters at other places.
  story.up_bytes = story.UpTape().CharacterFront(up_bytes);
  story.down_bytes = story.DownTape().CharacterFront(down_bytes);
  return story;
}

bool Story::IsPolite() const {
  if (hostile.kind != Hostile::kNone || !takes_part) return false;
  if (mode == config::Mode::kStatic) {
    return client_ending == ClientEnding::kCloseWhenWhole || client_ending == ClientEnding::kWait;
  }
  switch (client_ending) {
    case ClientEnding::kReset:
    case ClientEnding::kVanish:
    case ClientEnding::kBadFrame:
      return false;
    case ClientEnding::kWait:
      if (backend_ending != BackendEnding::kHalfClose) return false;
      break;
    default:
      break;
  }
  if (mode == config::Mode::kWebSocket && last_answer > Answer::kUntilClose) return false;
  return opening == Opening::kValid && backend_ending != BackendEnding::kReset && answers_pings;
}

Plan::Plan() : random(0), passages(0), statics(0), hostiles(0), addresses(0), times(0), casts(0) {
  limits.cells = kCellsPerSession * 64;
  limits.sessions_per_worker_max = 64;
  limits.small_buffers = 64;
  limits.bulk_buffers = 4;
  limits.chunks = 1024;
}

void Plan::KeepStory(size_t number) {
  for (size_t i = 0; i < stories.size(); ++i) stories[i].takes_part &= i == number;
}

uint32_t Plan::ClientCount() const {
  uint32_t count = 0;
  for (const Story& story : stories) count += story.clients;
  return count;
}

Plan::Plan(uint64_t seed, const LeftOut& left_out)
    : random(seed),
      passages(~seed),
      statics(seed ^ kStaticsTurn),
      hostiles(seed ^ kHostilesTurn),
      addresses(seed ^ kAddressesTurn),
      times(seed ^ kTimesTurn),
      casts(seed ^ kCastsTurn),
      faults(Faults::Draw({random, passages, statics, hostiles, times})) {
  faults.left_out = left_out;
  static constexpr uint64_t kPipes[] = {200, 1500, 8192, 65536, 262144};
  static constexpr uint32_t kWindows[] = {1024, 4096, 8192, 32768, 131072};
  static constexpr uint32_t kSmall[] = {2, 4, 8, 32, 64};
  static constexpr uint32_t kBulk[] = {1, 2, 4};
  pipe_bytes = random.Pick(kPipes);
  limits.window_bytes = random.Pick(kWindows);
  limits.small_buffers = random.Pick(kSmall);
  limits.bulk_buffers = random.Pick(kBulk);
  limits.sessions_per_worker_max = static_cast<uint32_t>(random.Between(1, 12));
  caps_receives = random.Chance(5000);
  sq_entries = RINGWAY_STRIKES(random, faults, full_submission) ? 1U << random.Between(1, 3) : 256;
  cq_entries = RINGWAY_STRIKES(random, faults, queue_overflow) ? 1U << random.Between(2, 4) : 1024;
  connect_timeout_ns = 500 * kMs;
  weather = random.Chance(6000) ? Weather::kSteady : Weather::kHectic;
  weather == Weather::kSteady ? DrawSteady() : DrawHectic();
  // So much room that accepts are multishot.
  if (random.Chance(5000)) limits.sessions_per_worker_max = 4 * accept::kBacklog;
  const uint64_t count = random.Chance(500) ? random.Between(8, 24) : random.Between(1, 8);
  const uint64_t apart_ns = random.Below(3) * 4 * kMs;
  for (uint64_t i = 0; i < count; ++i) {
    stories.push_back(DrawStory(i * random.Below(apart_ns + 1)));
  }
  DrawPassages();
  DrawStatics();
  DrawCasts();
  DrawHostiles();
  DrawAddresses();
  DrawTimes();
  // What the configuration is held to: bytes that have come always have a place.
  limits.cells = std::max(limits.cells, kCellsPerSession * limits.sessions_per_worker_max);
  limits.chunks += limits.small_buffers + kChunksPerBulk * limits.bulk_buffers;
}

void Plan::DrawSteady() {
  limits.handshake_timeout_ns = 20 * kSecond;
  limits.idle_timeout_ns = random.Chance(5000) ? 0 : 3000 * kSecond;
  limits.ping_interval_ns = random.Chance(5000) ? 0 : 2 * kSecond;
  limits.pong_timeout_ns = 100 * kSecond;
  limits.close_timeout_ns = 100 * kSecond;
  limits.drain_timeout_ns = random.Below(3 * kSecond);
  limits.chunks = ChunksFor(limits);
  limits.cells = 4096;
}

void Plan::DrawHectic() {
  limits.handshake_timeout_ns = random.Between(1, 200) * kMs;
  limits.idle_timeout_ns = random.Between(1, 500) * kMs;
  limits.ping_interval_ns = random.Chance(3000) ? 0 : random.Between(1, 50) * kMs;
  limits.pong_timeout_ns = random.Between(1, 50) * kMs;
  limits.close_timeout_ns = random.Between(1, 200) * kMs;
  limits.drain_timeout_ns = random.Below(300) * kMs;
  connect_timeout_ns = random.Between(1, 50) * kMs;
  limits.chunks = static_cast<uint32_t>(random.Between(1, 64));
  limits.cells = static_cast<uint32_t>(random.Between(2, 64));
  if (random.Chance(5000)) limits.worker_queued_bytes_max = random.Between(2000, 200'000);
  if (random.Chance(2000)) limits.frame_bytes_max = random.Between(100, 5000);
  if (random.Chance(2000)) limits.message_bytes_max = random.Between(100, 5000);
  if (random.Chance(2000)) limits.sessions_max = static_cast<uint32_t>(random.Between(1, 6));
  if (random.Chance(2000)) {
    limits.sessions_per_address_max = static_cast<uint32_t>(random.Between(1, 6));
  }
  drain_ns = random.Chance(3000) ? random.Below(20 * kMs) : random.Below(kSecond);
}

Pace Plan::DrawReading() {
  Pace pace;
  if (RINGWAY_STRIKES(random, faults, slow_reader)) {
    pace.bytes_max = static_cast<uint32_t>(random.Between(20, 700));
    pace.pause_ns_max = random.Between(1, 2) * kMs;
  }
  if (RINGWAY_STRIKES(random, faults, stopped_reader)) {
    pace.stop_from_ns = random.Below(10 * kMs);
    pace.stop_until_ns = pace.stop_from_ns + random.Below(200 * kMs);
  }
  return pace;
}

Pace Plan::DrawWriting(uint64_t bytes) {
  Pace pace;
  if (RINGWAY_STRIKES(random, faults, split_every_byte)) {
    pace.bytes_max = static_cast<uint32_t>(1 + bytes / 600);  // a long story would never end
    pace.pause_ns_max = 20'000;
  } else if (random.Chance(5000)) {
    pace.bytes_max = static_cast<uint32_t>(random.Between(2, 3000) + bytes / 300);
  }
  return pace;
}

void Plan::DrawTraffic(Story& story) {
  static constexpr uint64_t kSizes[] = {300, 300, 300, 3000, 8000, 20'000, 100'000};
  const Tape up = story.UpTape();
  story.up_bytes = up.CharacterFront(random.Below(random.Pick(kSizes)));
  story.message_bytes_max =
      static_cast<uint32_t>(1 + random.Below(story.up_bytes + 1) + story.up_bytes / 50);
  story.fragments_max = random.Chance(6000) ? 1 : static_cast<uint32_t>(random.Between(2, 5));
  story.ping_chance = random.Chance(6000) ? 0 : static_cast<uint32_t>(random.Below(5000));
  const uint64_t talk = random.Below(random.Pick(kSizes));
  switch (story.backend) {
    case BackendKind::kEcho:
      story.down_bytes = story.up_bytes;
      break;
    case BackendKind::kTalker:
      story.down_bytes = story.DownTape().CharacterFront(talk);
      break;
    case BackendKind::kSink:
      break;
  }
  story.reset_at_bytes = random.Below(story.up_bytes + story.down_bytes + 1);
}

Story Plan::DrawStory(uint64_t begin_ns) {
  Story story;
  story.begin_ns = begin_ns;
  story.listener = static_cast<uint32_t>(random.Below(kListeners));
  story.text = random.Chance(3000);
  if (random.Chance(1200)) story.opening = static_cast<Opening>(random.Between(1, 6));
  story.pipelines = random.Chance(2000);
  story.up_offset = random.Below(60'000);
  story.down_offset = random.Below(60'000);
  story.backend = static_cast<BackendKind>(random.Below(3));
  story.answers_pings = !random.Chance(1000);
  if (random.Chance(3000)) story.backend_ending = BackendEnding::kHalfClose;
  if (random.Chance(1000)) story.backend_ending = BackendEnding::kReset;
  static constexpr ClientEnding kUsual[] = {ClientEnding::kCloseWhenSent,
                                            ClientEnding::kCloseWhenWhole, ClientEnding::kFin};
  story.client_ending = story.backend_ending == BackendEnding::kHalfClose && random.Chance(7000)
                            ? ClientEnding::kWait
                            : random.Pick(kUsual);
  if (random.Chance(1500)) {
    story.client_ending =
        static_cast<ClientEnding>(random.Between(static_cast<uint64_t>(ClientEnding::kReset), 6));
  }
  if (random.Chance(1500)) story.empty_servers = static_cast<uint32_t>(random.Between(1, 3));
  DrawTraffic(story);
  story.client_reads = DrawReading();
  story.backend_reads = DrawReading();
  story.client_writes = DrawWriting(story.up_bytes);
  story.backend_writes = DrawWriting(story.down_bytes);
  return story;
}

// All at once, or one while the others talk.
void Plan::DrawCasts() {
  if (!casts.Chance(kSharedSeeds)) return;
  for (Story& story : stories) {
    if (story.mode == config::Mode::kStatic || !casts.Chance(5000)) continue;
    story.clients = static_cast<uint32_t>(casts.Between(2, kSharingMax));
    story.apart_ns = casts.Below(3) * 2 * kMs;
  }
}

// More of them than elsewhere, so that also what is cancelled meets another address.
void Plan::DrawAddresses() {
  if (!addresses.Chance(kAddressSeeds)) return;
  for (Story& story : stories) {
    if (story.unix_server || story.mode == config::Mode::kStatic) continue;
    if (addresses.Chance(4000)) {
      story.empty_servers = static_cast<uint32_t>(addresses.Between(1, 15));
    }
    story.one_server = story.empty_servers > 0 && addresses.Chance(7000);
  }
}

// The clock is set both ways, and by less than what files remember as well as by years.
void Plan::DrawTimes() {
  static constexpr uint64_t kSteps[] = {2, 100, 4000, 100'000'000};
  // Who never comes back keeps his slot: only where there are enough for all.
  const uint32_t slots = std::max(2 * kStoriesMax, kStoriesMax + ClientCount());
  if (!times.Chance(kWithheldSeeds) || limits.sessions_per_worker_max < slots ||
      limits.sessions_max > 0 || limits.sessions_per_address_max > 0) {
    faults.withheld = 0;
  }
  has_fixed_buffers = times.Chance(5000);
  if (!times.Chance(kClockSeeds)) return;
  wall_step_s = static_cast<int64_t>(times.Below(times.Pick(kSteps)) + 1);
  if (times.Chance(5000)) wall_step_s = -wall_step_s;
  wall_step_ns = times.Below(kSecond);
}

void Plan::DrawPassages() {
  const bool has_passages = passages.Chance(kPassageSeeds);
  const bool has_unix = passages.Chance(kUnixSeeds);
  const bool has_bulk = passages.Chance(kBulkSeeds);
  for (Story& story : stories) {
    if (has_passages && passages.Chance(6000)) DrawPassage(story);
    if (has_unix && passages.Chance(5000)) story.unix_server = true;
    if (has_bulk && passages.Chance(4000)) DrawBulk(story);
  }
  if (has_bulk && passages.Chance(8000)) DrawRoom();
  if ((has_passages || has_bulk) && passages.Chance(3000)) {
    limits.pipes = static_cast<uint32_t>(passages.Below(4));
  }
}

// So much room that a receive or a splice can bring bulk: near the limit of a queue receives are
// small, and a queue's limit is a part of the free chunks.
void Plan::DrawRoom() {
  pipe_bytes = 262'144;
  limits.window_bytes = std::max(limits.window_bytes, 262'144U);
  limits.bulk_buffers = 4;
  limits.chunks = std::max({limits.chunks, ChunksFor(limits), 4096U});
}

void Plan::DrawPassage(Story& story) {
  static constexpr Answer kPolite[] = {Answer::kWithLength, Answer::kWithLength, Answer::kChunked,
                                       Answer::kChunked, Answer::kEmpty};
  static constexpr Answer kOther[] = {Answer::kUntilClose,  Answer::kWithLength, Answer::kChunked,
                                      Answer::kWrongAccept, Answer::kGarbage,    Answer::kCut,
                                      Answer::kSilence,     Answer::kCloses};
  story.mode = config::Mode::kWebSocket;
  story.opening = Opening::kValid;
  story.text = false;
  story.answers_pings = true;
  if (passages.Chance(3000)) story.inspect = config::Inspect::kHeaders;
  if (passages.Chance(2000)) story.splice = config::Splice::kOff;
  if (passages.Chance(3000)) story.refusals = static_cast<uint32_t>(passages.Between(1, 3));
  story.refusal = passages.Pick(kPolite);
  if (passages.Chance(2500)) story.last_answer = passages.Pick(kOther);
  story.sends_interim = passages.Chance(1500);
  story.body_bytes_max = passages.Chance(7000) ? 200 : 20'000;
  if (story.client_ending == ClientEnding::kBadFrame) story.client_ending = ClientEnding::kFin;
}

// So much that the gateway finds it worth a pipe, and so fast that the end of the run is not far.
void Plan::DrawBulk(Story& story) {
  static constexpr uint64_t kSizes[] = {300'000, 1'000'000, 2'000'000};
  const uint64_t bytes = passages.Pick(kSizes);
  const bool up = story.mode == config::Mode::kWebSocket && passages.Chance(5000);
  if (up) story.up_bytes += bytes;
  if (up && story.backend == BackendKind::kEcho) story.down_bytes = story.up_bytes;
  if (!up && story.backend != BackendKind::kEcho) {
    story.backend = BackendKind::kTalker;
    story.down_bytes = story.DownTape().CharacterFront(bytes);
  }
  story.message_bytes_max = std::max(story.message_bytes_max, static_cast<uint32_t>(bytes / 50));
  const uint32_t least = passages.Chance(7000) ? 65'536 : static_cast<uint32_t>(bytes / 500);
  for (Pace* pace :
       {&story.client_reads, &story.client_writes, &story.backend_reads, &story.backend_writes}) {
    pace->bytes_max = std::max(pace->bytes_max, least);
  }
  // Who stops in the middle of it leaves a pipe full, which is emptied into buffers after a second.
  if (weather != Weather::kSteady || !passages.Chance(4000)) return;
  Pace& reads = up ? story.backend_reads : story.client_reads;
  reads.stop_from_ns = passages.Between(1, 40) * kMs;
  reads.stop_until_ns = reads.stop_from_ns + passages.Between(1100, 2500) * kMs;
}

}  // namespace ringway::sim
