// SPDX-License-Identifier: Apache-2.0
//
// The command line of `ringway`.
#pragma once

#include <cstdint>
#include <string>

namespace ringway::server {

enum class Command : uint8_t {
  kServe,     ///< --config FILE
  kCheck,     ///< --check --config FILE
  kDemo,      ///< demo
  kFeatures,  ///< features
  kExit,      ///< help or version was printed, or the line was wrong: end with exit_code
};

struct CommandLine {
  Command command = Command::kExit;
  int exit_code = 0;
  std::string config_file;
  std::string demo_address = "127.0.0.1:8080";
  bool json = false;
};

/// Prints help, version or what is wrong with the line by itself. Exit code 2: a wrong line.
CommandLine ParseCommandLine(int argc, char** argv);

}  // namespace ringway::server
