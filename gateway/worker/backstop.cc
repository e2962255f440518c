// SPDX-License-Identifier: Apache-2.0
//
// What the kernel has not given back when all that was open is cut. An operation that never
// completes would keep its link, and with it the worker, for ever.
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gateway/worker/worker.h"

namespace ringway::worker {
namespace {

using base::Operation;

/// So many links are named; of the others their number says enough.
constexpr size_t kNamedMax = 8;

}  // namespace

// Those with a name of their own, and what is in flight beside them: cancels.
std::string Worker::OperationsOf(const Link& link) const {
  std::vector<const char*> names;
  const auto add = [&](bool is_in_flight, Operation operation) {
    if (is_in_flight) names.push_back(NameOf(operation));
  };
  add(link.connecting, Operation::kConnect);
  add(link.receive.armed, Operation::kReceive);
  add(link.receive.watched, Operation::kEnd);
  add(link.send.in_flight, Operation::kSend);
  add(link.splice.readable_armed, Operation::kReadable);
  add(link.splice.writable_armed, Operation::kWritable);
  add(link.opens_file, Operation::kOpenFile);
  add(link.reads_file, Operation::kReadFile);
  add(link.in_flight > names.size(), Operation::kCancel);
  return absl::StrJoin(names, " and ");
}

absl::Status Worker::NotGivenBack() {
  std::vector<std::string> named;
  size_t others = 0;
  bool is_about_files = false;
  for (uint32_t index = 0; index < memory_.links.touched(); ++index) {
    if (!memory_.links.IsOpen(index)) continue;
    const Link& link = memory_.links[index];
    is_about_files |= link.opens_file || link.reads_file;
    if (named.size() == kNamedMax) {
      ++others;
      continue;
    }
    const config::Route* route = memory_.slots[link.session].session.route();
    named.push_back(
        absl::StrCat(OperationsOf(link), " of link ", index,
                     link.role == base::LinkRole::kClient ? " to a client" : " to a backend",
                     route == nullptr ? "" : absl::StrCat(", route \"", route->name, "\"")));
  }
  if (others > 0) named.push_back(absl::StrCat("and of ", others, " more links"));
  if (acceptor_.in_flight() > 0) named.push_back(NameOf(Operation::kAccept));
  if (wake_armed_) named.push_back(NameOf(Operation::kWake));
  return absl::DeadlineExceededError(absl::StrCat(
      "the drain is over and the kernel has not given back: ", absl::StrJoin(named, "; "),
      ". This worker ends without them",
      is_about_files ? ". Look at the disks and file systems below the static roots: one hangs"
                     : ""));
}

}  // namespace ringway::worker
