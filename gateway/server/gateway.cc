// SPDX-License-Identifier: Apache-2.0
//
// Threads that begin together, and the descriptor budget that they share.
#include "gateway/server/gateway.h"

#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/server/log.h"
#include "gateway/server/media_types.h"
#include "gateway/server/resolve.h"
#include "gateway/server/threads.h"
#include "uring/linux_kernel.h"

namespace ringway::server {
namespace {

/// Descriptors that are neither sessions' nor workers': the log, look-ups, libraries.
constexpr uint64_t kDescriptorReserve = 128;
/// A worker's ring, its wake descriptor and what it may hold for a moment.
constexpr uint64_t kDescriptorsPerWorker = 4;
/// One pipe, which takes two, for so many descriptors at most; and one open file.
constexpr uint64_t kDescriptorsPerPipe = 16;
constexpr uint64_t kDescriptorsPerOpenFile = 16;

/// Raises the soft limit on descriptors to the hard one; returns it.
uint64_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  rlimit raised = limit;
  raised.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

/// What clients cannot guess.
uint64_t Chance() {
  uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) == sizeof number) return number;
  return static_cast<uint64_t>(SystemClock().NowNs());
}

uint64_t CountStatic(const config::Config& config) {
  return static_cast<uint64_t>(std::count_if(
      config.routes.begin(), config.routes.end(),
      [](const config::Route& route) { return route.mode == config::Mode::kStatic; }));
}

/// `count` for each worker, or fewer where there are not `descriptors_each` for each of them.
uint32_t FitCount(uint32_t count, uint64_t descriptors, uint64_t descriptors_each) {
  return static_cast<uint32_t>(std::min<uint64_t>(count, descriptors / descriptors_each));
}

// A session takes two descriptors. WHY at start: accept then waits for a slot and never meets
// EMFILE, which a multishot accept answers by ending again and again.
std::shared_ptr<const config::Config> FitToDescriptors(const config::Config& config,
                                                       uint32_t workers) {
  auto fitted = std::make_shared<config::Config>(config);
  const uint64_t descriptors = RaiseDescriptorLimit();
  const uint64_t roots = CountStatic(config);
  base::Limits& limits = fitted->limits;
  // Pipes serve bulk, open files spare an open; where descriptors are few, they are for sessions
  // first.
  limits.pipes = FitCount(limits.pipes, descriptors / workers, kDescriptorsPerPipe);
  limits.open_files =
      FitCount(roots == 0 ? 0 : limits.open_files, descriptors / workers, kDescriptorsPerOpenFile);
  const uint64_t reserve = kDescriptorReserve + roots +
                           (HasProbes(config) ? Prober::kProbesMax : 0) +
                           workers * (kDescriptorsPerWorker + config.listeners.size() +
                                      2ULL * limits.pipes + limits.open_files);
  const uint64_t usable = descriptors > reserve * 2 ? descriptors - reserve : descriptors / 2;
  const uint64_t sessions = std::max<uint64_t>(1, usable / 2 / workers);
  if (sessions < limits.sessions_per_worker_max) {
    LogLine(config::LogLevel::kInfo,
            absl::StrCat("the limit on open files (", descriptors, ") permits ", sessions,
                         " sessions per worker of the configured ", limits.sessions_per_worker_max,
                         "; raise it with ulimit -n or LimitNOFILE="));
    limits.sessions_per_worker_max = static_cast<uint32_t>(sessions);
  }
  return fitted;
}

}  // namespace

/// One worker's thread. `worker` is there between opening and end; the mutex lets RequestDrain and
/// LogState, which may come from the main thread at any time, reach it only while it is.
struct Gateway::Thread {
  ~Thread() {
    if (wake_fd >= 0) close(wake_fd);
  }
  uint32_t index = 0;
  int wake_fd = -1;
  std::mutex mutex;
  worker::Worker* worker = nullptr;
  std::thread thread;
};

/// Where workers meet at start: none serves before all have opened, and an error reaches Start.
/// Shared, because the last to leave it may be a worker or Start.
class Gateway::Opening {
 public:
  explicit Opening(uint32_t workers) : missing_(workers) {}

  /// A worker has opened or failed to. Returns whether all did, when all have said so.
  bool Arrive(const absl::Status& status) {
    std::unique_lock lock(mutex_);
    if (!status.ok() && status_.ok()) status_ = status;
    if (--missing_ == 0) changed_.notify_all();
    changed_.wait(lock, [this] { return missing_ == 0; });
    return status_.ok();
  }

  /// So many workers will never arrive.
  void Miss(uint32_t workers, const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    missing_ -= workers;
    if (missing_ == 0) changed_.notify_all();
  }

  absl::Status Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return missing_ == 0; });
    return status_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint32_t missing_;
  absl::Status status_;
};

Gateway::Gateway(std::shared_ptr<const config::Config> config, Listeners listeners,
                 StaticRoots roots)
    : observer_(clock_, std::move(config)),
      listeners_(std::move(listeners)),
      roots_(std::move(roots)),
      seed_(Chance()) {}

absl::StatusOr<std::unique_ptr<Gateway>> Gateway::Start(
    const std::shared_ptr<const config::Config>& config, uring::FeatureSet features) {
  const uint32_t workers =
      config->gateway.workers == 0 ? UsableProcessors() : config->gateway.workers;
  auto snapshot = BuildSnapshot(FitToDescriptors(*config, workers));
  if (!snapshot.ok()) return snapshot.status();
  auto listeners = Listeners::Open(*config, workers);
  if (!listeners.ok()) return listeners.status();
  auto roots = StaticRoots::Open(*config);
  if (!roots.ok()) return roots.status();

  auto occupancy = worker::MapOccupancy(*(*snapshot)->config, workers, Chance());
  if (!occupancy.ok()) return occupancy.status();
  auto health = worker::MapServerHealth(*config);
  if (!health.ok()) return health.status();

  std::unique_ptr<Gateway> gateway(new Gateway(config, *std::move(listeners), *std::move(roots)));
  if (CountStatic(*config) > 0) gateway->media_types_ = ReadMediaTypes();
  gateway->shared_files_ = std::make_shared<files::SharedFiles>(
      files::SharedFilesOptions{.bytes_max = config->limits.file_cache_bytes_max});
  gateway->occupancy_ = std::make_shared<base::Occupancy>(*std::move(occupancy));
  gateway->health_ = std::make_shared<base::ServerHealth>(*std::move(health));
  gateway->done_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (gateway->done_fd_ < 0) {
    return absl::ResourceExhaustedError(absl::StrCat("eventfd: ", std::strerror(errno)));
  }
  for (uint32_t index = 0; index < workers; ++index) {
    auto thread = std::make_unique<Thread>();
    thread->index = index;
    thread->wake_fd = eventfd(0, EFD_CLOEXEC);
    if (thread->wake_fd < 0) {
      return absl::ResourceExhaustedError(absl::StrCat("eventfd: ", std::strerror(errno)));
    }
    gateway->threads_.push_back(std::move(thread));
  }
  if (HasProbes(*config)) {
    absl::Status status = gateway->StartProber(config, (*snapshot)->addresses);
    if (!status.ok()) return status;
  }
  const auto opening = std::make_shared<Opening>(workers);
  gateway->running_.store(workers);
  for (uint32_t index = 0; index < workers; ++index) {
    Thread& thread = *gateway->threads_[index];
    auto started = StartThread(
        "a worker", [&gateway = *gateway, &thread, features, snapshot = *snapshot, opening] {
          gateway.RunWorker(thread, features, snapshot, opening);
        });
    if (!started.ok()) {
      opening->Miss(workers - index, started.status());
      break;
    }
    thread.thread = *std::move(started);
  }
  if (absl::Status status = opening->Wait(); !status.ok()) return status;
  if (!HasNames(*config)) return gateway;
  absl::Status status = CatchThreadError(
      "the look-up of names", [&] { gateway->FollowNames(config, (*snapshot)->addresses); });
  if (status.ok()) return gateway;
  gateway->RequestDrain();
  return status;
}

absl::Status Gateway::StartProber(const std::shared_ptr<const config::Config>& config,
                                  const worker::ServerAddresses& addresses) {
  auto prober = Prober::Start(config, addresses, health_, [config](const ServerChange& change) {
    const bool is_up = change.change == base::HealthChange::kUp;
    LogLine(is_up ? config::LogLevel::kInfo : config::LogLevel::kWarn,
            DescribeChange(*config, change));
  });
  if (!prober.ok()) return prober.status();
  prober_ = *std::move(prober);
  return absl::OkStatus();
}

void Gateway::FollowNames(const std::shared_ptr<const config::Config>& config,
                          const worker::ServerAddresses& addresses) {
  refresher_ = std::make_unique<Refresher>(
      config, addresses, LookUpBySystem,
      [this, row = route::ServerRow(*config), before = addresses](const auto& now) mutable {
        if (!PostAddresses(now)) return false;
        ForgetMoved(row, before, now);
        before = now;
        return true;
      });
}

// What dials of the old addresses have found says nothing of a new one.
void Gateway::ForgetMoved(const route::ServerRow& row, const worker::ServerAddresses& before,
                          const worker::ServerAddresses& now) {
  for (uint32_t backend = 0; backend < now.size(); ++backend) {
    for (uint32_t server = 0; server < now[backend].size(); ++server) {
      const route::AddressSet& old = before[backend][server];
      const route::AddressSet& set = now[backend][server];
      const bool is_known = std::all_of(set.begin(), set.end(), [&](const auto& address) {
        return std::find(old.begin(), old.end(), address) != old.end();
      });
      if (is_known) continue;
      health_->ForgetDials(row.Place(backend, server));
    }
  }
}

void Gateway::RunWorker(Thread& thread, uring::FeatureSet features,
                        std::shared_ptr<const worker::Snapshot> snapshot,
                        const std::shared_ptr<Opening>& opening) {
  pthread_setname_np(pthread_self(), absl::StrCat("ringway-", thread.index).c_str());
  auto kernel = uring::LinuxKernel::Open({.features = features});
  const auto open = [&]() -> absl::StatusOr<std::unique_ptr<worker::Worker>> {
    if (!kernel.ok()) return kernel.status();
    return worker::Worker::Open(**kernel, clock_, observer_,
                                {.index = thread.index,
                                 .snapshot = std::move(snapshot),
                                 .occupancy = occupancy_,
                                 .health = health_,
                                 .seed = seed_,
                                 .sockets = listeners_.of_worker(thread.index),
                                 .wake_fd = thread.wake_fd,
                                 .roots = roots_.by_route(),
                                 .shared_files = shared_files_,
                                 .media_types = media_types_});
  };
  auto worker = open();
  {
    const std::lock_guard lock(thread.mutex);
    if (worker.ok()) thread.worker = worker->get();
  }
  const bool all_open = opening->Arrive(worker.status());
  absl::Status status;
  while (all_open && status.ok() && !(*worker)->finished()) status = (*worker)->Turn();
  {
    const std::lock_guard lock(thread.mutex);
    thread.worker = nullptr;
  }
  EndWorker(std::move(status));
}

void Gateway::EndWorker(absl::Status status) {
  if (!status.ok()) {
    LogLine(config::LogLevel::kError, std::string(status.message()));
    {
      const std::lock_guard lock(result_mutex_);
      if (result_.ok()) result_ = std::move(status);
    }
    // WHY: the kernel goes on giving connections to the sockets of a worker that is gone.
    RequestDrain();
  }
  if (running_.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  const uint64_t one = 1;
  if (::write(done_fd_, &one, sizeof one) != sizeof one) {
    LogLine(config::LogLevel::kError, absl::StrCat("eventfd: ", std::strerror(errno)));
  }
}

void Gateway::Tell(const std::function<void(worker::Worker&)>& what) {
  const uint64_t one = 1;
  for (auto& thread : threads_) {
    const std::lock_guard lock(thread->mutex);
    if (thread->worker == nullptr) continue;
    what(*thread->worker);
    if (::write(thread->wake_fd, &one, sizeof one) != sizeof one) {
      LogLine(config::LogLevel::kError, absl::StrCat("eventfd: ", std::strerror(errno)));
    }
  }
}

void Gateway::RequestDrain() {
  Tell([](worker::Worker& worker) { worker.RequestDrain(); });
  listeners_.Refuse();
}

bool Gateway::PostAddresses(const worker::ServerAddresses& addresses) {
  if (prober_ != nullptr) prober_->PostAddresses(addresses);
  bool all_took = true;
  Tell([&](worker::Worker& worker) {
    if (worker.PostAddresses(std::make_unique<worker::ServerAddresses>(addresses))) return;
    all_took = false;
    LogLine(
        config::LogLevel::kError,
        "a worker has not read its mail for long and refuses new addresses of servers: they are "
        "sent again when names are looked up again");
  });
  return all_took;
}

void Gateway::LogState() {
  for (auto& thread : threads_) {
    const std::lock_guard lock(thread->mutex);
    if (thread->worker == nullptr) continue;
    for (const std::string& line :
         StateLines(thread->index, thread->worker->gauges(), thread->worker->counters(),
                    thread->worker->turn_times())) {
      LogLine(config::LogLevel::kInfo, line);
    }
  }
  for (const std::string& line : observer_.DialLines()) LogLine(config::LogLevel::kInfo, line);
}

absl::Status Gateway::result() const {
  const std::lock_guard lock(result_mutex_);
  return result_;
}

Gateway::~Gateway() {
  refresher_.reset();  // it posts to workers and to the prober
  prober_.reset();
  for (auto& thread : threads_) {
    if (thread->thread.joinable()) thread->thread.join();
  }
  if (done_fd_ >= 0) close(done_fd_);
}

uint32_t UsableProcessors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<uint32_t>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace ringway::server
