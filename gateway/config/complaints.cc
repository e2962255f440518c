// SPDX-License-Identifier: Apache-2.0
//
// Keeps the first complaints sorted, whatever order the checks ran in.
#include "gateway/config/complaints.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
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

std::vector<std::string> Complaints::Lines() const {
  std::vector<std::string> lines;
  for (const Complaint& complaint : first_) {
    const std::string what = lines.size() < kShownMax ? complaint.what
                                                      : Cat("from here on ", total_ - kShownMax,
                                                            " more ", kind_, "s, not shown");
    lines.push_back(
        Cat(file_name_, ":", complaint.place.line, ":", complaint.place.column, ": ", what));
  }
  return lines;
}

absl::Status Complaints::ToStatus() const {
  if (empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(Lines(), "\n"));
}

}  // namespace ringway::config
