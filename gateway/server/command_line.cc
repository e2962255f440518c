// SPDX-License-Identifier: Apache-2.0
//
// CLI11's only appearance in the gateway.
#include "gateway/server/command_line.h"

#include <CLI/CLI.hpp>

namespace ringway::server {
namespace {

constexpr int kUsageExitCode = 2;

}  // namespace

CommandLine ParseCommandLine(int argc, char** argv) {
  CommandLine line;
  bool check = false;
  CLI::App app(
      "Ringway, a WebSocket gateway for Linux: WebSocket clients in front of TCP services.\n"
      "Configuration by example: README.md.",
      "ringway");
  app.set_version_flag("--version", "ringway " RINGWAY_VERSION);
  app.add_option("--config", line.config_file, "Serve what this TOML file describes")
      ->type_name("FILE");
  app.add_flag("--check", check,
               "Only validate the file, print a summary and look whether this machine could serve "
               "it (exit code 0 or 1)");
  CLI::App* demo = app.add_subcommand(
      "demo", "Serve a page at / and an echo service at /echo; no file is needed");
  demo->add_option("--listen", line.demo_address, "Address of the demo; port 0: any free one")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  CLI::App* features = app.add_subcommand(
      "features", "Print what this kernel offers, what is used and what was degraded");
  features->add_flag("--json", line.json, "Print one JSON object instead of a table");
  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError& error) {
    app.exit(error);
    std::fprintf(stderr, "A file is given with --config FILE.\n");
    line.exit_code = kUsageExitCode;
    return line;
  } catch (const CLI::ParseError& error) {
    line.exit_code = app.exit(error) == 0 ? 0 : kUsageExitCode;
    return line;
  }
  const bool has_file = !line.config_file.empty();
  if (app.get_subcommands().size() > 0 && (check || has_file)) {
    std::fprintf(stderr,
                 "%s is for a file that is served; %s takes no file: leave one of the two out\n",
                 check ? "--check" : "--config", app.get_subcommands().front()->get_name().c_str());
    line.exit_code = kUsageExitCode;
  } else if (check && !has_file) {
    std::fprintf(
        stderr, "--check needs a file: ringway --check --config FILE (README.md has an example)\n");
    line.exit_code = kUsageExitCode;
  } else if (features->parsed()) {
    line.command = Command::kFeatures;
  } else if (demo->parsed()) {
    line.command = Command::kDemo;
  } else if (has_file) {
    line.command = check ? Command::kCheck : Command::kServe;
  } else {
    std::fprintf(stderr, "%s", app.help().c_str());
    line.exit_code = kUsageExitCode;
  }
  return line;
}

}  // namespace ringway::server
