// SPDX-License-Identifier: Apache-2.0
//
// ringbench: command line. Exit codes: 0 all well, 1 an error or a difference was found, 2 usage.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <random>
#include <string>

#include "bench/load/echo_service.h"
#include "bench/load/idle_run.h"
#include "bench/load/load_run.h"
#include "bench/load/sockets.h"
#include "bench/load/target.h"

namespace ringway::load {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFound = 1;
constexpr int kExitUsage = 2;

struct Arguments {
  std::string url;
  std::string listen = "127.0.0.1:0";
  uint32_t connections = 1;
  uint32_t outstanding = 1;
  double rate = 0;
  uint64_t bytes = 64;
  double seconds = 0;
  double warmup = 0.5;
  double hold = 5;
  uint64_t messages = 0;
  int cpu = -1;
  std::vector<pid_t> server_pids;
  bool json = false;
  Verify verify = Verify::kFull;
  std::vector<std::string> headers;
};

uint64_t ToNs(double seconds) { return static_cast<uint64_t>(seconds * 1e9); }

int Complain(const absl::Status& status) {
  std::fprintf(stderr, "ringbench: %s\n", std::string(status.message()).c_str());
  return kExitUsage;
}

// A connection is a descriptor; the soft limit is often far below what is allowed.
void RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

absl::StatusOr<Plan> MakePlan(const Arguments& arguments) {
  absl::StatusOr<Target> target = ParseTarget(arguments.url);
  if (!target.ok()) return target.status();
  Plan plan;
  plan.target = *std::move(target);
  plan.message_bytes = arguments.bytes;
  plan.outstanding = arguments.outstanding;
  plan.period_ns = Pace::PeriodNs(arguments.rate);
  plan.verify = arguments.verify;
  plan.headers = arguments.headers;
  plan.seed = std::random_device()();
  // Rounded up, so that every connection does the same.
  plan.messages_max = (arguments.messages + arguments.connections - 1) / arguments.connections;
  return plan;
}

template <typename Report>
int Print(const Report& report, bool json) {
  std::fputs((json ? FormatJson(report) : FormatText(report)).c_str(), stdout);
  return report.ok() ? kExitOk : kExitFound;
}

int Load(const Arguments& arguments) {
  absl::StatusOr<Plan> plan = MakePlan(arguments);
  if (!plan.ok()) return Complain(plan.status());
  LoadOptions options;
  options.plan = *std::move(plan);
  options.connections = arguments.connections;
  options.warmup_ns = ToNs(arguments.warmup);
  const double default_seconds = arguments.messages == 0 ? 5 : 300;
  options.window_ns = ToNs(arguments.seconds > 0 ? arguments.seconds : default_seconds);
  options.server_pids = arguments.server_pids;
  return Print(RunLoad(options, arguments.url), arguments.json);
}

int Idle(const Arguments& arguments) {
  absl::StatusOr<Plan> plan = MakePlan(arguments);
  if (!plan.ok()) return Complain(plan.status());
  IdleOptions options;
  options.plan = *std::move(plan);
  options.connections = arguments.connections;
  options.hold_ns = ToNs(arguments.hold);
  options.server_pids = arguments.server_pids;
  return Print(RunIdle(options, arguments.url), arguments.json);
}

int Serve(const Arguments& arguments, Protocol protocol) {
  absl::StatusOr<Address> address = ParseAddress(arguments.listen);
  if (!address.ok()) return Complain(address.status());
  absl::StatusOr<Descriptor> stop = OpenStopSignals();
  if (!stop.ok()) return Complain(stop.status());
  absl::StatusOr<Descriptor> listener = Listen(*address);
  if (!listener.ok()) return Complain(listener.status());
  AnnounceListening(listener->get());
  EchoService(protocol, *std::move(listener), *std::move(stop)).Run();
  return kExitOk;
}

void AddTargetOptions(CLI::App& command, Arguments& arguments) {
  command.add_option("--url", arguments.url, "ws://ADDRESS:PORT/PATH or tcp://ADDRESS:PORT")
      ->required();
  command.add_option("--connections", arguments.connections, "connections to open")
      ->check(CLI::Range(1U, 1'000'000U))
      ->capture_default_str();
  command.add_option("--server-pid", arguments.server_pids, "processes to measure, PID[,PID...]")
      ->delimiter(',');
  command.add_option("--header", arguments.headers, "further request header 'Name: value'");
  command.add_flag("--json", arguments.json, "print one JSON object");
}

void AddLoadOptions(CLI::App& command, Arguments& arguments) {
  const std::map<std::string, Verify> kinds = {
      {"full", Verify::kFull}, {"sample", Verify::kSample}, {"off", Verify::kOff}};
  AddTargetOptions(command, arguments);
  CLI::Option* outstanding =
      command
          .add_option("--outstanding", arguments.outstanding, "messages on the way per connection")
          ->check(CLI::Range(1U, 1'000'000U))
          ->capture_default_str();
  command
      .add_option("--rate", arguments.rate,
                  "messages per second and connection instead, whatever comes back; latency counts "
                  "from when a message was due")
      ->check(CLI::Range(0.001, 1e6))
      ->excludes(outstanding);
  command.add_option("--bytes", arguments.bytes, "payload of one message")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 40))
      ->capture_default_str();
  command.add_option("--seconds", arguments.seconds,
                     "measured window (default 5); with --messages its longest (default 300)");
  command.add_option("--messages", arguments.messages,
                     "messages in all instead of a time, divided among the connections");
  command.add_option("--warmup", arguments.warmup, "seconds of load before the window")
      ->capture_default_str();
  command.add_option("--verify", arguments.verify, "full, sample or off")
      ->transform(CLI::CheckedTransformer(kinds))
      ->default_str("full");
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app(
      "ringbench: WebSocket and TCP load, verified byte for byte, and the "
      "echo services behind a gateway under test.");
  app.require_subcommand(1);
  CLI::App* load = app.add_subcommand("load", "keep messages on the way and verify their echo");
  CLI::App* idle = app.add_subcommand("idle", "open sessions, hold them, read the server's memory");
  CLI::App* tcp_echo = app.add_subcommand("tcp-echo", "serve TCP echo until SIGTERM");
  CLI::App* ws_echo = app.add_subcommand("ws-echo", "serve WebSocket echo until SIGTERM");
  AddLoadOptions(*load, arguments);
  AddTargetOptions(*idle, arguments);
  idle->add_option("--hold", arguments.hold, "seconds to hold them")->capture_default_str();
  for (CLI::App* service : {tcp_echo, ws_echo}) {
    service->add_option("--listen", arguments.listen, "ADDRESS:PORT; port 0: any free one")
        ->capture_default_str();
  }
  for (CLI::App* each : {load, idle, tcp_echo, ws_echo}) {
    each->add_option("--cpu", arguments.cpu, "core to run on");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  signal(SIGPIPE, SIG_IGN);
  RaiseDescriptorLimit();
  absl::Status pinned = PinToCpu(arguments.cpu);
  if (!pinned.ok()) return Complain(pinned);
  if (load->parsed()) return Load(arguments);
  if (idle->parsed()) return Idle(arguments);
  return Serve(arguments, ws_echo->parsed() ? Protocol::kWebSocket : Protocol::kTcp);
}

}  // namespace
}  // namespace ringway::load

int main(int argc, char** argv) { return ringway::load::Main(argc, argv); }
