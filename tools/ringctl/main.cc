// SPDX-License-Identifier: Apache-2.0
//
// ringctl, the command line that people type at a running gateway. It knows its version and its
// help; looking into the gateway's queues waits for the control socket.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

namespace {

constexpr int kUsageExit = 2;

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Looks into a running ringway.\n\n"
      "This version answers --version and --help. Inspecting the queues of a running gateway\n"
      "comes with its control socket, which ringway " RINGWAY_VERSION " does not have yet."};
  app.set_version_flag("--version", "ringctl " RINGWAY_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == EXIT_SUCCESS;
    app.exit(error, std::cout, std::cerr);
    return asked ? EXIT_SUCCESS : kUsageExit;
  }
  std::cerr << app.help();
  return kUsageExit;
}
