// SPDX-License-Identifier: Apache-2.0
//
// The choice of what never completes.
#include "tests/sim/withholding.h"

#include <algorithm>
#include <utility>

#include "tests/sim/words.h"

namespace ringway::sim {

// Of what the worker can do without: not the accept that all come by, nor its own wake.
bool Withholding::Strikes(const io_uring_sqe& sqe) {
  if (next_ == sqe.opcode) {
    next_.reset();
    return true;
  }
  const Descriptor* at = descriptors_->Find(sqe.fd);
  const bool may =
      at != nullptr && (at->kind == DescriptorKind::kSocket || at->kind == DescriptorKind::kFile);
  return may && withheld_.empty() && RINGWAY_STRIKES(around_.times, around_.faults, withheld);
}

void Withholding::Withhold(Request request) {
  RINGWAY_TRACE(around_.verdict, "kernel: %s will never complete",
                InWords(request.user_data).c_str());
  request.withheld = true;
  withheld_.push_back(request.user_data);
  const Descriptor* at = descriptors_->Find(request.fd);
  if (at->connection != nullptr) at->connection->tainted = at->connection->withheld = true;
  in_flight_->all().push_back(std::move(request));
}

bool Withholding::Withholds(DescriptorKind kind) const {
  return std::ranges::any_of(in_flight_->all(), [&](const Request& request) {
    return request.withheld && descriptors_->Of(request.fd).kind == kind;
  });
}

bool Withholding::WithholdsConnect() const {
  return std::ranges::any_of(in_flight_->all(), [](const Request& request) {
    return request.withheld && request.opcode == IORING_OP_CONNECT;
  });
}

}  // namespace ringway::sim
