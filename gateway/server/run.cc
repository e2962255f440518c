// SPDX-License-Identifier: Apache-2.0
//
// From a command line to a running gateway and back.
#include "gateway/server/run.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gateway/config/summary.h"
#include "gateway/server/command_line.h"
#include "gateway/server/config_file.h"
#include "gateway/server/demo.h"
#include "gateway/server/features.h"
#include "gateway/server/gateway.h"
#include "gateway/server/log.h"
#include "gateway/server/preflight.h"
#include "gateway/server/resolve.h"
#include "gateway/server/signals.h"
#include "gateway/server/threads.h"

namespace ringway::server {
namespace {

using config::LogLevel;

constexpr int kFailed = 1;

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return kFailed;
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
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    LogAlways(absl::StrCat("listener \"", config.listeners[i].name, "\" listening on ",
                           gateway.addresses()[i].ToString()));
  }
}

// Waits for SIGTERM or SIGINT, whose number it returns, or for the end of the workers: 0. SIGUSR1
// only asks.
int WaitForEnd(Signals& signals, Gateway& gateway) {
  while (true) {
    const int signal = signals.WaitOr(gateway.done_fd());
    if (signal == 0 || signal == SIGTERM || signal == SIGINT) return signal;
    if (signal != SIGUSR1) {
      LogLine(LogLevel::kWarn, DescribeIgnored(signal));
      continue;
    }
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
    WaitForEnd(signals, **gateway);
  }
  const absl::Status result = (*gateway)->result();
  if (!result.ok()) (*gateway)->RequestDrain();
  LogLine(LogLevel::kInfo, "ended");
  return result.ok() ? 0 : kFailed;
}

void EndAtOnce(int signal) {
  AwaitLog();
  std::_Exit(128 + signal);
}

/// `warnings`: of the configuration.
int Serve(const std::shared_ptr<const config::Config>& config,
          const std::vector<std::string>& warnings, const Demo* demo, Signals& signals) {
  const absl::Status opened =
      CatchThreadError("the log", [&] { OpenLog(config->gateway.log_level); });
  if (!opened.ok()) return Fail(opened);
  const absl::Status watching = signals.Watch(EndAtOnce);
  for (const std::string& warning : warnings) LogLine(LogLevel::kWarn, warning);
  const int exit_code = watching.ok() ? ServeUntilEnd(config, demo, signals) : FailStart(watching);
  CloseLog();
  return exit_code;
}

int ServeFile(const std::string& file_name) {
  const auto parsed = ReadConfigFile(file_name);
  if (!parsed.ok()) return Fail(parsed.status());
  auto signals = Signals::Open();
  if (!signals.ok()) return Fail(signals.status());
  return Serve(parsed->config, parsed->warnings, nullptr, *signals);
}

void PrintErrors(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::fprintf(stderr, "%s\n", line.c_str());
}

int Check(const std::string& file_name) {
  const auto parsed = ReadConfigFile(file_name);
  if (!parsed.ok()) return Fail(parsed.status());
  std::fputs(config::Summary(*parsed->config).c_str(), stdout);
  std::fflush(stdout);
  PrintErrors(parsed->warnings);
  const PreflightReport report = Preflight(*parsed, file_name, ProbeAll(), LookUpBySystem);
  PrintErrors(report.warnings);
  PrintErrors(report.errors);
  return report.errors.empty() ? 0 : kFailed;
}

int ServeDemo(const std::string& address) {
  // WHY first: a thread that starts before would take the signals and end the process.
  auto signals = Signals::Open();
  if (!signals.ok()) return Fail(signals.status());
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const auto demo = Demo::Start(address, FindPage(program));
  if (!demo.ok()) return Fail(demo.status());
  return Serve((*demo)->config(), {}, demo->get(), *signals);
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
