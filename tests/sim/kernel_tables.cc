// SPDX-License-Identifier: Apache-2.0
//
// The tables together.
#include "tests/sim/kernel_tables.h"

#include <memory>
#include <utility>

namespace ringway::sim {

KernelTables::KernelTables(const Surroundings& surroundings, const SimKernelOptions& kernel_options)
    : around(surroundings),
      options(kernel_options),
      completions(options.cq_entries),
      groups(around.verdict),
      in_flight(around, descriptors, completions),
      withholding(around, descriptors, in_flight),
      watch(options.watch, around, descriptors, in_flight) {}

int KernelTables::OpenNameless(std::span<const uint8_t> bytes) {
  auto file = std::make_shared<File>();
  file->status = {.is_regular = true};
  FileTree::Overwrite(*file, {bytes.begin(), bytes.end()}, 0);
  return descriptors.OpenFile(std::move(file));
}

int KernelTables::OpenRoot() {
  std::shared_ptr<File> root;
  const int found = tree.Find(".", &root);
  return found != 0 ? found : descriptors.OpenFile(std::move(root));
}

uint64_t KernelTables::BytesMoved() const {
  return completions.reaped_bytes(Nature::kSent) + completions.reaped_bytes(Nature::kReceived) +
         moved.spliced_in + moved.spliced_out + moved.sent_ahead + moved.sent_from_files;
}

}  // namespace ringway::sim
