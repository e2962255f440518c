// SPDX-License-Identifier: Apache-2.0
//
// Keeps the first complaints sorted, whatever order the checks ran in.
#include "gateway/config/complaints.h"

#include <algorithm>
#include <utility>

#include "gateway/config/text.h"

namespace ringway::config {

void Complaints::Add(Place place, std::string what) {
  ++total_;
  const auto after =
      std::upper_bound(first_.begin(), first_.end(), place,
                       [](Place left, const Complaint& right) { return left < right.place; });
  first_.insert(after, Complaint{place, std::move(what)});
  if (first_.size() > kShownMax + 1) first_.pop_back();
}

absl::Status Complaints::ToStatus() const {
  if (empty()) return absl::OkStatus();
  std::string lines;
  for (size_t i = 0; i < first_.size(); ++i) {
    const Complaint& complaint = first_[i];
    lines += Cat(i == 0 ? "" : "\n", file_name_, ":", complaint.place.line, ":",
                 complaint.place.column, ": ");
    if (i < kShownMax) {
      lines += complaint.what;
    } else {
      lines += Cat("from here on ", total_ - kShownMax, " more errors, not shown");
    }
  }
  return absl::InvalidArgumentError(lines);
}

}  // namespace ringway::config
