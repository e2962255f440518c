// SPDX-License-Identifier: Apache-2.0
//
// From a command line to a running gateway and back.
#include "gateway/server/run.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gateway/config/parse.h"
#include "gateway/config/summary.h"
#include "gateway/server/command_line.h"
#include "gateway/server/demo.h"
#include "gateway/server/features.h"
#include "gateway/server/gateway.h"
#include "gateway/server/log.h"
#include "gateway/server/signals.h"
#include "gateway/server/static_roots.h"

namespace ringway::server {
namespace {

using config::LogLevel;

constexpr int kFailed = 1;
/// A configuration is text by hand; a larger file is a mistake (a log, an image).
constexpr size_t kConfigBytesMax = 16UL * 1024 * 1024;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return kFailed;
}

absl::StatusOr<std::shared_ptr<const config::Config>> ReadConfig(const std::string& file_name) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file_name, ignored)) {
    return absl::InvalidArgumentError(absl::StrCat(file_name, ": is a folder, not a file"));
  }
  std::ifstream file(file_name, std::ios::binary);
  if (!file)
    return absl::NotFoundError(absl::StrCat(file_name, ": cannot be read: does it exist?"));
  // WHY not its size: a pipe has none.
  std::string text(kConfigBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (file.bad()) return absl::NotFoundError(absl::StrCat(file_name, ": reading it failed"));
  if (text.size() > kConfigBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(file_name, ": larger than 16 MiB"));
  }
  return config::ParseConfig(text, file_name);
}

void LogStart(const Gateway& gateway, const config::Config& config,
              const uring::ProbeResult& probe) {
  LogLine(LogLevel::kInfo, absl::StrCat("ringway " RINGWAY_VERSION ", pid ", getpid(), ", ",
                                        gateway.workers(), " workers, ", config.routes.size(),
                                        " routes, ", config.backends.size(), " backends"));
  for (const uring::ProbeRow& row : probe.rows) {
    if (row.support != uring::Support::kMissing) continue;
    LogLine(LogLevel::kInfo, absl::StrCat("degraded: ", row.name, ": ", row.note));
  }
  if (!config.gateway.control_socket.empty()) {
    LogLine(LogLevel::kWarn, "control_socket: this version opens no inspection socket");
  }
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    LogAlways(absl::StrCat("listener \"", config.listeners[i].name, "\" listening on ",
                           gateway.addresses()[i].ToString()));
  }
}

// Waits for a signal that ends the gateway, whose number it returns, or for the end of its workers:
// 0. SIGUSR1 only asks.
int WaitForEnd(Signals& signals, Gateway& gateway) {
  while (true) {
    const int signal = signals.WaitOr(gateway.done_fd());
    if (signal != SIGUSR1) return signal;
    gateway.LogState();
    if (const uint64_t lost = LostLogLines(); lost > 0) {
      LogLine(LogLevel::kInfo, absl::StrCat("log lost_lines=", lost));
    }
  }
}

int FailStart(const absl::Status& status) {
  LogFailure(std::string(status.message()));
  return kFailed;
}

// Serves until a signal and the end of the drain that follows it. REQUIRES: the log is open.
int ServeUntilEnd(const std::shared_ptr<const config::Config>& config, const Demo* demo,
                  Signals& signals) {
  const uring::ProbeResult probe = ProbeAll();
  if (!probe.usable) return FailStart(absl::FailedPreconditionError(probe.error));
  auto gateway = Gateway::Start(config, probe.features);
  if (!gateway.ok()) return FailStart(gateway.status());
  LogStart(**gateway, *config, probe);
  if (demo != nullptr && !demo->has_page()) {
    LogLine(LogLevel::kWarn,
            "the demo's page is missing (page/ beside the program, or ../share/ringway/page): only "
            "/echo is served");
  }
  if (demo != nullptr) {
    std::fputs(demo->Greeting((*gateway)->addresses().front()).c_str(), stdout);
    std::fflush(stdout);
  }
  if (const int signal = WaitForEnd(signals, **gateway); signal != 0) {
    LogLine(LogLevel::kInfo, "ending: sessions are closed; a second signal ends at once");
    (*gateway)->RequestDrain();
    if (const int second = WaitForEnd(signals, **gateway); second != 0) {
      CloseLog();
      std::_Exit(128 + second);
    }
  }
  const absl::Status result = (*gateway)->result();
  if (!result.ok()) (*gateway)->RequestDrain();
  LogLine(LogLevel::kInfo, "ended");
  return result.ok() ? 0 : kFailed;
}

int Serve(const std::shared_ptr<const config::Config>& config, const Demo* demo, Signals& signals) {
  OpenLog(config->gateway.log_level);
  const int exit_code = ServeUntilEnd(config, demo, signals);
  CloseLog();
  return exit_code;
}

int ServeFile(const std::string& file_name) {
  const auto config = ReadConfig(file_name);
  if (!config.ok()) return Fail(config.status());
  auto signals = Signals::Open();
  if (!signals.ok()) return Fail(signals.status());
  return Serve(*config, nullptr, *signals);
}

int Check(const std::string& file_name) {
  const auto config = ReadConfig(file_name);
  if (!config.ok()) return Fail(config.status());
  std::fputs(config::Summary(**config).c_str(), stdout);
  // WHY no failure: a configuration may be checked on another machine than the one that serves it.
  const auto roots = StaticRoots::Open(**config);
  if (!roots.ok()) {
    std::fprintf(stderr, "valid, but it could not be served here: %s\n",
                 std::string(roots.status().message()).c_str());
  }
  return 0;
}

int ServeDemo(const std::string& address) {
  // WHY first: a thread that starts before would take the signals and end the process.
  auto signals = Signals::Open();
  if (!signals.ok()) return Fail(signals.status());
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const auto demo = Demo::Start(address, FindPage(program));
  if (!demo.ok()) return Fail(demo.status());
  return Serve((*demo)->config(), demo->get(), *signals);
}

int PrintFeatures(bool as_json) {
  const uring::ProbeResult probe = ProbeAll();
  std::fputs((as_json ? FeatureJson(probe) : FeatureTable(probe)).c_str(), stdout);
  return probe.usable ? 0 : kFailed;
}

}  // namespace

int Run(int argc, char** argv) {
  const CommandLine line = ParseCommandLine(argc, argv);
  switch (line.command) {
    case Command::kServe:
      return ServeFile(line.config_file);
    case Command::kCheck:
      return Check(line.config_file);
    case Command::kDemo:
      return ServeDemo(line.demo_address);
    case Command::kFeatures:
      return PrintFeatures(line.json);
    case Command::kExit:
      break;
  }
  return line.exit_code;
}

}  // namespace ringway::server
