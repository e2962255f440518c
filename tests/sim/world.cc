// SPDX-License-Identifier: Apache-2.0
//
// Setting a stage, and the course of a run: faults, then calm, then the drain, each with its end.
#include "tests/sim/world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/sim/casting.h"
#include "tests/sim/liveness.h"
#include "tests/sim/progress.h"

namespace ringway::sim {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
/// News of one end reaches the other so late at most.
constexpr uint64_t kLatencyNsMax = 200'000;
/// When faults stop, after the start.
constexpr uint64_t kCalmNs = 5 * kSecond;
/// Far more than any polite story takes, with all the waiting for slots and retries.
constexpr uint64_t kSettleNsMax = 200 * kSecond;
constexpr uint64_t kTurnsMax = 300'000;
/// Turns that a drain takes beyond those that its sessions need to move their bytes.
constexpr uint64_t kDrainSlackNs = 100'000'000;
/// How long a worker waits after its drain for what never completes: an interval in which what was
/// cut completes, and one in which nothing does.
constexpr uint64_t kBackstopNs = 10 * kSecond;
constexpr uint16_t kFirstPort = 1000;
/// Nobody answers there: a connect is refused.
constexpr uint16_t kEmptyPort = 999;
constexpr const char* kEmptyPath = "/run/empty";

SimKernelOptions KernelOptions(const Plan& plan) {
  uring::FeatureSet features;
  if (plan.caps_receives) features = features.With(uring::Feature::kReceiveCap);
  if (plan.has_fixed_buffers) features = features.With(uring::Feature::kFixedBuffers);
  return {.sq_entries = plan.sq_entries, .cq_entries = plan.cq_entries, .features = features};
}

std::string PathOf(uint32_t index) { return absl::StrCat("/run/", index); }

base::SocketAddress Loopback(uint16_t port) {
  return {.family = base::AddressFamily::kIpv4, .port = port, .bytes = {127, 0, 0, 1}};
}

}  // namespace

World::World(Plan plan, Tracing tracing)
    : plan_(std::move(plan)),
      begin_ns_(clock_.now_ns),
      network_(plan_.pipe_bytes),
      around_{network_, clock_, plan_.random, plan_.times, plan_.faults, verdict_, *this},
      kernel_(around_, KernelOptions(plan_)) {
  verdict_.tracing = tracing == Tracing::kOn;
  clock_.wall_step_s = plan_.wall_step_s;
  clock_.wall_step_at_ns = begin_ns_ + plan_.wall_step_ns;
  for (Server*& door : doors_) door = &network_.Serve(0);
  const Scene scene{network_, clock_, plan_.random, verdict_};
  for (uint32_t i = 0; i < plan_.stories.size(); ++i) {
    const Story& story = plan_.stories[i];
    Server& server = story.unix_server ? network_.ServePath(PathOf(i))
                                       : network_.Serve(static_cast<uint16_t>(kFirstPort + i));
    Cast& cast = casts_.emplace_back(story, i, server);
    Assign(cast, scene, *doors_[story.listener], book_);
    for (ClientEnd* client : cast.clients()) {
      if (story.takes_part) client->BeginAt(begin_ns_ + client->story().begin_ns);
    }
  }
  file_actor_.BeginAt(begin_ns_);
  if (!plan_.files.empty()) root_ = tables_.OpenRoot();
  if (plan_.weather == Weather::kHectic) drain_at_ns_ = begin_ns_ + plan_.drain_ns;
  wake_fd_ = tables_.descriptors.OpenEvent();
  OpenWorker();
}

// A worker that was left in the middle of its work would refuse to be destroyed.
World::~World() {
  if (verdict_.failed()) static_cast<void>(worker_.release());
}

std::shared_ptr<const worker::Snapshot> World::MakeSnapshot() const {
  auto config = std::make_shared<config::Config>();
  config->limits = plan_.limits;
  config->listeners.resize(kListeners);
  route::ServerAddresses addresses;
  for (uint32_t i = 0; i < plan_.stories.size(); ++i) {
    const Story& story = plan_.stories[i];
    const auto port = static_cast<uint16_t>(kFirstPort + i);
    const bool is_static = story.mode == config::Mode::kStatic;
    config->routes.push_back(
        {.name = absl::StrCat(i),
         .index = i,
         .listener_index = story.listener,
         .backend_index = is_static ? 0 : i,
         .path = absl::StrCat("/", i, is_static ? "/" : ""),
         .path_match = is_static ? config::PathMatch::kPrefix : config::PathMatch::kExact,
         .mode = story.mode,
         .frames = story.text ? config::Frames::kText : config::Frames::kBinary,
         .splice = story.splice,
         .inspect = story.inspect});
    using config::ProxyHeader;
    config->backends.push_back(
        {.name = "backend",
         .connect_timeout_ns = plan_.connect_timeout_ns,
         .proxy_header = story.SharesBackend() ? ProxyHeader::kV1 : ProxyHeader::kNone});
    addresses.emplace_back();
    route::AddressSet empty_addresses;
    for (uint32_t server = 0; server <= story.empty_servers; ++server) {
      auto& servers = config->backends.back().servers;
      const bool is_empty = server < story.empty_servers;
      if (story.unix_server) {
        servers.push_back({.unix_path = is_empty ? kEmptyPath : PathOf(i)});
        addresses.back().emplace_back(1);
        continue;
      }
      const uint16_t at = is_empty ? kEmptyPort : port;
      if (is_empty && story.one_server) {
        empty_addresses.push_back(Loopback(at));
        continue;
      }
      servers.push_back({.host = "127.0.0.1", .port = at});
      addresses.back().push_back(std::exchange(empty_addresses, {}));
      addresses.back().back().push_back(Loopback(at));
    }
  }
  return std::make_shared<worker::Snapshot>(
      worker::Snapshot{.config = config, .table = route::Table(config), .addresses = addresses});
}

void World::OpenWorker() {
  const auto snapshot = MakeSnapshot();
  auto occupancy = worker::MapOccupancy(*snapshot->config, 1, 1);
  if (!occupancy.ok()) return verdict_.Fail("%s", occupancy.status().ToString().c_str());
  occupancy_ = std::make_shared<base::Occupancy>(*std::move(occupancy));
  auto health = worker::MapServerHealth(*snapshot->config);
  if (!health.ok()) return verdict_.Fail("%s", health.status().ToString().c_str());
  worker::WorkerOptions options{.snapshot = snapshot,
                                .occupancy = occupancy_,
                                .health = std::make_shared<base::ServerHealth>(*std::move(health)),
                                .wake_fd = wake_fd_};
  for (uint32_t i = 0; i < kListeners; ++i) {
    options.sockets.push_back(
        {.fd = tables_.descriptors.OpenListening(*doors_[i]), .listener_index = i});
  }
  for (const Story& story : plan_.stories) {
    options.roots.push_back(story.mode == config::Mode::kStatic ? root_ : -1);
  }
  options.media_types = std::make_shared<http::MediaTypes>("");
  options.shared_files = std::make_shared<files::SharedFiles>(
      files::SharedFilesOptions{.bytes_max = plan_.limits.file_cache_bytes_max});
  auto worker = worker::Worker::Open(kernel_, clock_, ledger_, std::move(options));
  if (!worker.ok()) return verdict_.Fail("%s", worker.status().ToString().c_str());
  worker_ = *std::move(worker);
}

void World::WakeTouched() {
  const uint64_t now = clock_.now_ns;
  for (const Cast& cast : casts_) {
    for (const auto& actor : cast.actors()) {
      if (actor->IsCalled()) actor->WakeBy(now + plan_.random.Below(kLatencyNsMax));
    }
    for (const auto& actor : cast.actors()) {
      if (actor->TakeNews()) actor->WakeBy(now + plan_.random.Below(kLatencyNsMax));
    }
  }
}

uint64_t World::NextDueNs() {
  WakeTouched();
  uint64_t next = std::min(drain_at_ns_, file_actor_.due_ns());
  // Of what never completes nobody hears: whether all else is over is looked at from time to time.
  if (!tables_.withholding.withheld().empty() && drained_ns_ == kNeverNs) {
    next = std::min(next, clock_.now_ns + kSecond);
    acted_ = true;
  }
  for (const Cast& cast : casts_) {
    for (const auto& actor : cast.actors()) next = std::min(next, actor->due_ns());
  }
  return next;
}

void World::RunDue() {
  WakeTouched();
  file_actor_.Act(clock_.now_ns);
  const size_t first = casts_.empty() ? 0 : plan_.random.Below(casts_.size());
  for (size_t i = 0; i < casts_.size(); ++i) {
    for (const auto& actor : casts_[(first + i) % casts_.size()].actors()) {
      if (actor->due_ns() > clock_.now_ns) continue;
      actor->Act();
      acted_ = true;
    }
  }
  if (worker_ == nullptr) return;  // clients come while it still opens; nobody asks it to end
  const bool waits = drained_ns_ == kNeverNs && drain_at_ns_ == kNeverNs;
  Checks checks(plan_, *worker_, tables_, ledger_, verdict_);
  if (std::exchange(acted_, false) && waits && checks.AreSettled(casts_)) {
    drain_at_ns_ = clock_.now_ns + plan_.random.Below(kSecond / 100);
  }
  if (clock_.now_ns >= drain_at_ns_) RequestDrain();
}

// As another thread does it, at any moment of the worker's turn.
void World::RequestDrain() {
  RINGWAY_TRACE(verdict_, "drain");
  drain_at_ns_ = kNeverNs;
  drained_ns_ = clock_.now_ns;
  worker_->RequestDrain();
  tables_.descriptors.Signal(wake_fd_);
}

// What happens when: the calm, the drain of steady weather, and the limits of all waiting.
void World::Direct() {
  const uint64_t since = clock_.now_ns - begin_ns_;
  if (since > kCalmNs) plan_.faults.Stop();
  if (drained_ns_ != kNeverNs) {
    plan_.faults.Stop();
    const uint64_t backstop_ns = tables_.withholding.withheld().empty() ? 0 : kBackstopNs;
    if (clock_.now_ns > drained_ns_ + plan_.limits.drain_timeout_ns + backstop_ns + kDrainSlackNs) {
      verdict_.Fail("the drain does not end: %u sessions, %u links, %zu operations",
                    worker_->sessions_open(), worker_->links_open(), tables_.in_flight.count());
    }
  }
  if (since > kSettleNsMax && drained_ns_ == kNeverNs && drain_at_ns_ == kNeverNs) {
    TellOfTheStuck();
    verdict_.Fail("the stories do not end");
  }
  if (turns_ > kTurnsMax) verdict_.Fail("more than %lu turns", kTurnsMax);
}

void World::TellOfTheStuck() {
  ForEachClient(casts_, [&](const Cast& cast, const ClientEnd& client, size_t) {
    if (!client.story().IsPolite() || client.done()) return;
    const BackendEnd* server = cast.ServerOf(client);
    verdict_.Fail("%s is stuck: status %d, up %lu of %lu, down %lu of %lu",
                  cast.NameOf(client).c_str(), client.status(),
                  server == nullptr ? 0 : server->received(), client.story().up_bytes,
                  client.received(), client.story().down_bytes);
  });
}

// What is counted over all workers, of which this is the only one.
void World::CheckOccupancy() {
  const base::Limits& limits = plan_.limits;
  const uint32_t counted = occupancy_->sessions();
  const uint32_t open = worker_->sessions_open();
  // Who has not asked for anything that there is, is not counted yet.
  const base::Counters& counters = worker_->counters();
  const uint64_t upgraded = counters.sessions_opened.value() - counters.sessions_ended.value();
  if (counted > open || counted < upgraded) {
    verdict_.Fail("%u sessions are counted, %u are open, %lu behind their 101", counted, open,
                  upgraded);
  }
  if (limits.sessions_max > 0 && counted > limits.sessions_max) {
    verdict_.Fail("%u sessions, %u may be", counted, limits.sessions_max);
  }
  // All clients come from one address. Who is refused is in the sum until he has his answer.
  if (limits.sessions_per_address_max > 0 && upgraded > limits.sessions_per_address_max) {
    verdict_.Fail("%lu sessions of one address, %u may be", upgraded,
                  limits.sessions_per_address_max);
  }
  if (open > 0) return;
  uint32_t server = 0;
  for (const Cast& cast : casts_) {
    uint32_t left = occupancy_->of_route(cast.number());
    const uint32_t end = server + cast.story().ServerCount();
    for (; server < end; ++server) left += occupancy_->on_server(server);
    if (left > 0) {
      verdict_.Fail("%u places of route %u and its servers are taken by nobody", left,
                    cast.number());
    }
  }
}

Outcome World::Run() {
  Outcome outcome;
  if (!verdict_.failed()) {
    Checks checks(plan_, *worker_, tables_, ledger_, verdict_);
    Liveness liveness(plan_, *worker_, tables_, clock_, verdict_);
    Progress progress(plan_, *worker_, tables_, clock_, verdict_);
    while (!worker_->finished() && !verdict_.failed()) {
      const absl::Status status = worker_->Turn();
      if (!status.ok()) {
        checks.GivenUp(status);
        gave_up_ = true;
        break;
      }
      ++turns_;
      checks.AfterTurn();
      checks.Windows(casts_);
      if (drained_ns_ == kNeverNs) checks.Memory(casts_);
      CheckOccupancy();
      if (drained_ns_ != kNeverNs) liveness.BeginDrain();
      liveness.AfterTurn(casts_);
      if (drained_ns_ == kNeverNs) progress.AfterTurn(casts_);
      Direct();
    }
    if (!verdict_.failed() && !gave_up_) checks.AtEnd();
  }
  NoteOutcome(outcome);
  if (!verdict_.failed()) EndWorker();
  outcome.failure = verdict_.failure();
  return outcome;
}

// What it has kept for later, it gives back when it goes.
void World::EndWorker() {
  if (gave_up_) tables_.watch.LoseRing();
  worker_.reset();
  if (tables_.descriptors.pipe_ends_open() > 0) {
    verdict_.Fail("%u ends of pipes are open and the worker is gone",
                  tables_.descriptors.pipe_ends_open());
  }
  const uint32_t roots = root_ < 0 ? 0 : 1;
  if (tables_.descriptors.files_open() > roots) {
    verdict_.Fail("%u files are open and the worker is gone",
                  tables_.descriptors.files_open() - roots);
  }
}

void World::NoteOutcome(Outcome& outcome) const {
  outcome.turns = turns_;
  outcome.virtual_ns = clock_.now_ns - begin_ns_;
  outcome.sessions = ledger_.upgraded;
  outcome.bytes = ledger_.client_bytes_in + ledger_.backend_bytes_in;
  outcome.struck = plan_.faults.struck;
  if (worker_ == nullptr) return;
  worker_->counters().Visit([&](std::string_view name, std::string_view, uint64_t value) {
    outcome.counters.emplace_back(name, value);
  });
  if (plan_.weather != Weather::kSteady) return;
  for (const Cast& cast : casts_) {
    const bool whole = std::ranges::all_of(cast.clients(), [](const ClientEnd* client) {
      return client->story().IsPolite() && client->saw_fin() &&
             (client->status() == 101 || client->story().mode == config::Mode::kStatic);
    });
    outcome.whole_stories += whole ? 1 : 0;
  }
}

}  // namespace ringway::sim
