// SPDX-License-Identifier: Apache-2.0
//
// Drawing files, what becomes of them, and the stories of those who ask for them.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/sim/plan.h"

namespace ringway::sim {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kFileBytesMax = 300'000;
/// Of a request, roughly.
constexpr uint64_t kRequestBytes = 80;

/// Below the root; the second one makes "d" a folder.
constexpr const char* kPaths[] = {"index.html", "d/a.bin", "b.css",   "d/index.html",
                                  "d/e/c.js",   "d.txt",   "f%g.bin", "h i.svg"};
/// 404, whatever there is.
constexpr const char* kMissing[] = {"absent.bin", "d/absent.bin",    "absent/",     "d/%2E%2E/x",
                                    "d/./x",      ".git/config",     "d/.hidden",   "d%2fa.bin",
                                    "d//a.bin",   "index.html/x.js", "index.html/", "%2fb.css"};
constexpr const char* kMalformed[] = {"%", "b.css%4", "%zz/a.bin", "d/%%61", "b%00.css"};

/// As a target: a client may write any byte of a path in this way.
std::string Encode(const std::string& path, Random& random) {
  std::string target;
  for (const char byte : path) {
    const bool must = byte == '%' || byte == ' ';
    if (!must && (byte == '/' || !random.Chance(500))) {
      target.push_back(byte);
      continue;
    }
    absl::StrAppend(&target, "%", absl::Hex(static_cast<uint8_t>(byte), absl::kZeroPad2));
  }
  return target;
}

}  // namespace

void Plan::DrawStatics() {
  if (!statics.Chance(kStaticSeeds)) return;
  static constexpr uint32_t kSmall[] = {0, 1000, 16'384, 65'536};
  static constexpr uint64_t kCache[] = {0, 100'000, 64ULL * 1024 * 1024};
  static constexpr uint32_t kOpen[] = {0, 1, 4, 256};
  limits.small_file_bytes_max = statics.Pick(kSmall);
  limits.file_cache_bytes_max = statics.Pick(kCache);
  limits.open_files = statics.Pick(kOpen);
  limits.cached_files = 64;
  DrawFiles();
  for (Story& story : stories) {
    if (statics.Chance(6000)) DrawStatic(story);
  }
  DrawChanges();
}

uint64_t Plan::DrawFileBytes() {
  const uint64_t small = limits.small_file_bytes_max;
  const uint64_t sizes[] = {0,      1,      small,  small + 1, small - std::min<uint64_t>(small, 1),
                            16'383, 16'384, 16'385, 5'000,     statics.Below(kFileBytesMax)};
  return statics.Pick(sizes);
}

void Plan::DrawFiles() {
  const uint64_t count = statics.Between(3, std::size(kPaths));
  for (uint64_t i = 0; i < count; ++i) {
    PlannedFile file{.path = kPaths[i], .bytes = DrawFileBytes()};
    if (statics.Chance(4000)) file.resident_bytes = statics.Chance(5000) ? 0 : file.bytes / 2;
    files.push_back(std::move(file));
  }
}

// Most while somebody reads; some when what a worker has found is old.
void Plan::DrawChanges() {
  if (statics.Chance(3000)) return;
  const uint64_t count = statics.Between(1, 12);
  const uint64_t within_ns = statics.Chance(7000) ? 30 * kMs : 3000 * kMs;
  for (uint64_t i = 0; i < count; ++i) {
    changes.push_back({.at_ns = statics.Below(within_ns),
                       .kind = static_cast<ChangeKind>(statics.Below(3)),
                       .file = static_cast<uint32_t>(statics.Below(files.size())),
                       .bytes = DrawFileBytes()});
  }
}

void Plan::DrawRanges(FileRequest& request, uint64_t file_bytes) {
  if (statics.Chance(2000)) {
    request.suffix_bytes = 1 + statics.Below(file_bytes + 10);
    return;
  }
  const uint64_t count = statics.Chance(5000) ? 1 : statics.Between(2, 5);
  const uint64_t apart = file_bytes / count + 2;
  uint64_t at = 0;
  for (uint64_t i = 0; i < count; ++i) {
    AskedRange range{.first = at + statics.Below(apart)};
    const bool is_last = i + 1 == count;
    if (!is_last || statics.Chance(6000)) range.last = range.first + statics.Below(apart);
    at = range.last + 1;
    request.ranges.push_back(range);
  }
}

FileRequest Plan::DrawRequest() {
  FileRequest request;
  request.pipelined = statics.Chance(3500);
  if (statics.Chance(2000)) request.wish = static_cast<Wish>(statics.Between(1, 4));
  request.head = request.wish != Wish::kNoMethod && statics.Chance(1500);
  switch (request.wish) {
    case Wish::kMissing:
      request.target = statics.Pick(kMissing);
      return request;
    case Wish::kMalformed:
      request.target = statics.Pick(kMalformed);
      return request;
    case Wish::kFolder:
      request.target = std::string("d");
      return request;
    case Wish::kFile:
    case Wish::kNoMethod:
      break;
  }
  const PlannedFile& file = files[statics.Below(files.size())];
  request.path = file.path;
  const bool by_folder = file.path.ends_with("index.html") && statics.Chance(5000);
  request.target =
      by_folder ? file.path.substr(0, file.path.size() - 10) : Encode(file.path, statics);
  if (statics.Chance(1000)) request.target += "?v=1/..";
  if (statics.Chance(3500)) request.condition = static_cast<Condition>(statics.Between(1, 4));
  if (statics.Chance(3500)) DrawRanges(request, file.bytes);
  return request;
}

void Plan::DrawStatic(Story& story) {
  static constexpr ClientEnding kEndings[] = {
      ClientEnding::kCloseWhenWhole, ClientEnding::kCloseWhenWhole, ClientEnding::kCloseWhenWhole,
      ClientEnding::kWait,           ClientEnding::kWait,           ClientEnding::kFin,
      ClientEnding::kReset,          ClientEnding::kVanish};
  story.mode = config::Mode::kStatic;
  story.opening = Opening::kValid;
  story.unix_server = false;
  story.empty_servers = 0;
  story.client_ending = statics.Pick(kEndings);
  story.up_bytes = story.down_bytes = 0;
  story.may_be_refused =
      weather == Weather::kHectic || faults.open_emfile > 0 || faults.open_enfile > 0;
  const uint64_t count = statics.Between(1, 12);
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < count; ++i) {
    story.requests.push_back(DrawRequest());
    for (const PlannedFile& file : files) {
      if (file.path == story.requests.back().path) bytes += file.bytes;
    }
    // A request whose path has no meaning is the last one of its connection.
    if (story.requests.back().wish == Wish::kMalformed) break;
  }
  if (story.client_ending == ClientEnding::kWait) story.requests.back().closes = true;
  story.reset_at_bytes = statics.Below(count * kRequestBytes + bytes);
  story.client_reads = DrawDownload(bytes);
  story.client_writes = {};
  if (statics.Chance(3000)) {
    story.client_writes = {.bytes_max = statics.Chance(5000) ? 1U : 30U, .pause_ns_max = 20'000};
  }
}

// However slow, it has an end before the run has.
Pace Plan::DrawDownload(uint64_t bytes) {
  Pace pace;
  if (statics.Chance(3000)) {
    pace.bytes_max = static_cast<uint32_t>(statics.Between(20, 700) + bytes / 1000);
    pace.pause_ns_max = statics.Between(1, 2) * kMs;
  }
  if (statics.Chance(2500)) {
    pace.stop_from_ns = statics.Below(10 * kMs);
    pace.stop_until_ns =
        pace.stop_from_ns + statics.Below(statics.Chance(8000) ? 200 * kMs : 1500 * kMs);
  }
  return pace;
}

}  // namespace ringway::sim
