// SPDX-License-Identifier: Apache-2.0
//
// The small worker.
#include "tests/unit/session/harness.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "gateway/config/parse.h"

namespace ringway::session {
namespace {

using base::BufferClass;
using base::LinkRole;

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
    case IntentKind::kMore:
      return "more";
  }
  return "";
}

/// As the configuration has them, with pools of the test's size.
base::Limits StoresLimits(base::Limits limits, const base::Arena::Counts& counts) {
  limits.sessions_per_worker_max = Harness::kSlots;
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

Harness::Harness(const HarnessOptions& options)
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
  Accept();
}

Harness::~Harness() { EndSession(); }

void Harness::EndSession() {
  if (session_) {
    session_->Leave(*environment_);
    session_.reset();
    EXPECT_EQ(snapshot_->sessions, 0U) << "still named by a session that has left";
    EXPECT_EQ(occupancy_->on_server(1) + occupancy_->on_server(2), 0U) << "still on a server";
    for (const config::Route& route : config_->routes) {
      if (route.mode != config::Mode::kStatic) continue;
      EXPECT_EQ(occupancy_->of_route(route.index), 0U) << "still on route " << route.name;
    }
  }
  hoard_.clear();
  download_ = {};
  wanted_ = {};
  for (size_t c = 0; c < base::kBufferClasses; ++c) {
    EXPECT_EQ(arena_.leased(static_cast<BufferClass>(c)), 0U) << "leases of class " << c;
  }
}

void Harness::Accept(const base::SocketAddress& client) {
  EndSession();
  links_ = {};
  Link(kClient).there = true;
  due_ns_ = UINT64_MAX;
  backend_gone_due_ = find_due_ = room_due_ = false;
  session_.emplace(0U, client, now_ns());
  session_->Begin(*environment_, kSlot, intents_);
  CarryOut();
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

void Harness::BackendGone() {
  ASSERT_TRUE(backend_gone_due_);
  backend_gone_due_ = false;
  acts_.clear();
  if (!link(kClient).there || link(kBackend).there) return;
  session_->OnBackendGone(*environment_, intents_);
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
  backend_gone_due_ = false;  // free already, so that the next server may be dialled
  session_->OnDialFailed(*environment_, failure, next, intents_);
  CarryOut();
  backend_gone_due_ = link(kClient).there && !link(kBackend).there;
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

void Harness::Room() {
  ASSERT_TRUE(std::exchange(room_due_, false));
  download_ = {};
  session_->OnRoom(*environment_, intents_);
  CarryOut();
}

void Harness::Break(FileFault fault) {
  ASSERT_TRUE(download_);
  session_->OnFileBroken(*environment_, fault, intents_);
  CarryOut();
}

uint32_t Harness::on_files() const { return occupancy_->of_route(config_->routes.back().index); }

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

void Harness::Hoard(BufferClass c, uint32_t left) {
  while (arena_.count(c) - arena_.leased(c) > left) hoard_.push_back(arena_.TryTake(c));
}

void Harness::HoardCells() {
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    if (slot == kSlot) continue;
    while (base::Lease cell = stores_.TakeCell(slot, flow::CellUse::kLastWord)) {
      hoard_.push_back(std::move(cell));
    }
  }
}

void Harness::HoardHeld(base::AccountId account, uint32_t left) {
  std::vector<base::Lease> chunks;
  while (base::Lease chunk = stores_.TakeHeldChunk(account)) chunks.push_back(std::move(chunk));
  while (left-- > 0 && !chunks.empty()) chunks.pop_back();
  std::move(chunks.begin(), chunks.end(), std::back_inserter(hoard_));
}

uint32_t Harness::leased(BufferClass c) const {
  const auto hoarded = std::count_if(hoard_.begin(), hoard_.end(), [&](const base::Lease& lease) {
    return arena_.ClassOf(lease.id()) == c;
  });
  return arena_.leased(c) - static_cast<uint32_t>(hoarded);
}

void Harness::Forget() {
  for (LinkState& link : links_) link.sent.clear();
}

std::string Harness::Story() const {
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
