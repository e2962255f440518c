// SPDX-License-Identifier: Apache-2.0
//
// The three steps: text to tree, each table by itself, all tables together.
#include "gateway/config/parse.h"

#include <utility>

#include "gateway/config/complaints.h"
#include "gateway/config/document.h"
#include "gateway/config/resolve.h"
#include "gateway/config/tables.h"

namespace ringway::config {

absl::StatusOr<std::shared_ptr<const Config>> ParseConfig(std::string_view text,
                                                          std::string_view file_name) {
  Complaints complaints(file_name);
  const auto root = ReadDocument(text, complaints);
  if (!root) return complaints.ToStatus();
  Config config = Resolve(ReadTables(*root, complaints), complaints);
  if (!complaints.empty()) return complaints.ToStatus();
  return std::make_shared<const Config>(std::move(config));
}

}  // namespace ringway::config
