// SPDX-License-Identifier: Apache-2.0
//
// What the small worker is made of.
#include "tests/unit/session/small_worker.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/config/parse.h"

namespace ringway::session {
namespace {

using base::BufferClass;

std::shared_ptr<const config::Config> ConfigOf(const HarnessOptions& options) {
  std::string text = R"([[listener]]
name = "web"
address = "127.0.0.1:8080"
)";
  text.append(options.listener).append(R"(
[[backend]]
name = "first"
servers = ["127.0.0.1:5000"]
[[backend]]
name = "second"
servers = ["127.0.0.1:5001", "127.0.0.1:5002"]
connect_timeout = "3s"
)");
  text.append(options.backend).append("\n[limits]\n");
  text.append(options.limits).append(R"(
[[route]]
name = "r"
listener = "web"
path = "/echo"
mode = "tcp"
backend = "second"
)");
  text.append(options.route);
  if (options.websocket) {
    text.append(R"(
[[route]]
name = "ws"
listener = "web"
path = "/ws"
mode = "websocket"
backend = "second"
)")
        .append(*options.websocket);
  }
  if (options.files) {
    text.append(R"(
[[route]]
name = "files"
listener = "web"
mode = "static"
root = "/srv"
path = ")")
        .append(options.files_path)
        .append("\"\n")
        .append(*options.files);
  }
  auto config = config::ParseConfig(text, "test");
  if (!config.ok()) ADD_FAILURE() << config.status();
  return *config;
}

/// As the configuration has them, with pools of the test's size.
base::Limits StoresLimits(base::Limits limits, const base::Arena::Counts& counts) {
  limits.sessions_per_worker_max = SmallWorker::kSlots;
  limits.small_buffers = counts[0];
  limits.bulk_buffers = counts[1];
  limits.chunks = counts[2];
  limits.cells = counts[3];
  return limits;
}

constexpr uint32_t kBackends = 2;

/// For each server so many.
std::unique_ptr<const route::ServerAddresses> AddressesOf(const config::Config& config,
                                                          uint8_t count) {
  route::AddressSet set;
  for (uint8_t last = 0; last < count; ++last) {
    set.push_back({.family = base::AddressFamily::kIpv4, .port = 5000, .bytes = {192, 0, 2, last}});
  }
  auto addresses = std::make_unique<route::ServerAddresses>();
  for (const config::Backend& backend : config.backends) {
    addresses->emplace_back(backend.servers.size(), set);
  }
  return addresses;
}

}  // namespace

SmallWorker::SmallWorker(const HarnessOptions& options)
    : config_(ConfigOf(options)),
      arena_(*base::Arena::Map(options.counts, flow::Stores::AccountsOf(kSlots, kBackends))),
      slices_(*flow::SlicePool::Map(8, "slices")),
      stores_(arena_, slices_, StoresLimits(config_->limits, options.counts)) {
  table_.emplace(config_);
  occupancy_.emplace(*base::Occupancy::Map({.routes = static_cast<uint32_t>(config_->routes.size()),
                                            .servers = route::ServerRow(*config_).count(),
                                            .addresses = 8}));
  health_.emplace(*base::ServerHealth::Map(route::ServerRow(*config_).count()));
  servers_.emplace(
      *config_,
      route::ChoiceTables{.occupancy = *occupancy_, .health = *health_, .counters = counters_},
      route::ChoiceStart{});
  addresses_.emplace(*config_, AddressesOf(*config_, options.addresses), 0U);
  const base::Limits& limits = config_->limits;
  snapshot_.emplace(Snapshot{.table = *table_,
                             .routes = config_->routes,
                             .servers = *servers_,
                             .addresses = *addresses_,
                             .occupancy = *occupancy_,
                             .media_types = media_types_,
                             .rules = {.frame_bytes_max = limits.frame_bytes_max,
                                       .message_bytes_max = limits.message_bytes_max}});
  environment_.emplace(stores_, counters_, &*snapshot_, files_, news_, peers_, kBeginNs,
                       kUnixSeconds, /*secret=*/1U);
}

void SmallWorker::ExpectNothingHeld() {
  EXPECT_EQ(snapshot_->sessions, 0U) << "still named by a session that has left";
  EXPECT_EQ(occupancy_->on_server(1) + occupancy_->on_server(2), 0U) << "still on a server";
  for (const config::Route& route : config_->routes) {
    if (route.mode != config::Mode::kStatic) continue;
    EXPECT_EQ(occupancy_->of_route(route.index), 0U) << "still on route " << route.name;
  }
  for (size_t c = 0; c < base::kBufferClasses; ++c) {
    EXPECT_EQ(arena_.leased(static_cast<BufferClass>(c)), 0U) << "leases of class " << c;
  }
}

void SmallWorker::Hoard(BufferClass c, uint32_t left) {
  while (arena_.count(c) - arena_.leased(c) > left) hoard_.push_back(arena_.TryTake(c));
}

void SmallWorker::HoardCells() {
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    if (slot == kSlot) continue;
    while (base::Lease cell = stores_.TakeCell(slot, flow::CellUse::kLastWord)) {
      hoard_.push_back(std::move(cell));
    }
  }
}

void SmallWorker::HoardHeld(base::AccountId account, uint32_t left) {
  std::vector<base::Lease> chunks;
  while (base::Lease chunk = stores_.TakeHeldChunk(account)) chunks.push_back(std::move(chunk));
  while (left-- > 0 && !chunks.empty()) chunks.pop_back();
  std::move(chunks.begin(), chunks.end(), std::back_inserter(hoard_));
}

uint32_t SmallWorker::leased(BufferClass c) const {
  const auto hoarded = std::count_if(hoard_.begin(), hoard_.end(), [&](const base::Lease& lease) {
    return arena_.ClassOf(lease.id()) == c;
  });
  return arena_.leased(c) - static_cast<uint32_t>(hoarded);
}

uint32_t SmallWorker::on_files() const {
  return occupancy_->of_route(config_->routes.back().index);
}

}  // namespace ringway::session
