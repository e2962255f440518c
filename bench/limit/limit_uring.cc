// SPDX-License-Identifier: Apache-2.0
//
// The bare io_uring forwarder's command line.
#include <cstdio>
#include <string>

#include "bench/limit/options.h"
#include "bench/limit/uring_forwarder.h"
#include "bench/load/sockets.h"

namespace ringway::limit {
namespace {

int Main(int argc, char** argv) {
  Options options;
  const ParseResult parsed = ParseOptions(argc, argv, options);
  if (parsed != ParseResult::kRun) return parsed == ParseResult::kExitOk ? 0 : 2;
  absl::Status pinned = load::PinToCpu(options.cpu);
  absl::StatusOr<load::Descriptor> stop = load::OpenStopSignals();
  absl::StatusOr<load::Descriptor> listener = load::Listen(options.listen);
  UringForwarder forwarder;
  absl::Status opened = forwarder.Open(options);
  for (const absl::Status& status : {pinned, stop.status(), listener.status(), opened}) {
    if (status.ok()) continue;
    std::fprintf(stderr, "limit_uring: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  load::AnnounceListening(listener->get());
  forwarder.Run(listener->get(), stop->get());
  return 0;
}

}  // namespace
}  // namespace ringway::limit

int main(int argc, char** argv) { return ringway::limit::Main(argc, argv); }
