// SPDX-License-Identifier: Apache-2.0
//
// Command line of the bare forwarders.
#include "bench/limit/options.h"

#include <CLI/CLI.hpp>
#include <bit>
#include <cstdio>
#include <string>

namespace ringway::limit {
namespace {

// Bytes of receive buffers unless --buffers says otherwise: small enough to stay in a second-level
// cache while interactive, four times as much for bulk, where fewer buffers would stall.
uint32_t DefaultBuffers(uint32_t buffer_bytes) {
  return buffer_bytes <= 4096 ? 256 : std::bit_ceil((4U << 20) / buffer_bytes);
}

bool Convert(const std::string& text, load::Address& address) {
  absl::StatusOr<load::Address> parsed = load::ParseAddress(text);
  if (!parsed.ok()) {
    std::fprintf(stderr, "%s\n", std::string(parsed.status().message()).c_str());
    return false;
  }
  address = *parsed;
  return true;
}

}  // namespace

ParseResult ParseOptions(int argc, char** argv, Options& options) {
  CLI::App app("Bare TCP forwarder: what a gateway costs that does nothing but move bytes.");
  std::string listen = "127.0.0.1:0";
  std::string target;
  app.add_option("--listen", listen, "ADDRESS:PORT to accept on; port 0: any free one")
      ->capture_default_str();
  app.add_option("--target", target, "ADDRESS:PORT to connect to, once per accepted connection")
      ->required();
  app.add_option("--cpu", options.cpu, "core to run on");
  app.add_option("--buffer-bytes", options.buffer_bytes,
                 "size of one receive buffer (io_uring; 65536 suits bulk)")
      ->check(CLI::Range(512U, 1U << 20))
      ->capture_default_str();
  app.add_option("--buffers", options.buffers,
                 "receive buffers, a power of two (io_uring; 0: by their size)")
      ->check(CLI::Range(0U, 32768U));
  app.add_flag("--splice", options.splice, "through pipes, without entering user space (epoll)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ParseResult::kExitOk : ParseResult::kExitUsage;
  }
  if (options.buffers == 0) options.buffers = DefaultBuffers(options.buffer_bytes);
  if (!std::has_single_bit(options.buffers)) {
    std::fprintf(stderr, "--buffers must be a power of two\n");
    return ParseResult::kExitUsage;
  }
  if (!Convert(listen, options.listen) || !Convert(target, options.target)) {
    return ParseResult::kExitUsage;
  }
  return ParseResult::kRun;
}

}  // namespace ringway::limit
