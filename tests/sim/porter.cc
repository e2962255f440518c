// SPDX-License-Identifier: Apache-2.0
//
// Reading who comes.
#include "tests/sim/porter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/sim/cast.h"

namespace ringway::sim {
namespace {

/// The longest header of version 1 (haproxy.org's proxy-protocol.txt, 2.1).
constexpr size_t kHeaderBytesMax = 107;
constexpr const char* kLineEnd = "\r\n";

/// What the gateway has to say in front of a connection that it makes for this client, who has come
/// to port 1.
std::string HeaderOf(const ClientEnd& client) {
  return absl::StrCat("PROXY TCP4 127.0.0.1 127.0.0.1 ", client.port(), " 1", kLineEnd);
}

}  // namespace

void Porter::Act() {
  due_ns_ = kNeverNs;
  for (; !door_->waiting.empty(); door_->waiting.pop_front()) {
    arrivals_.push_back({.connection = door_->waiting.front(), .header = {}});
    RINGWAY_TRACE(*verdict_, "porter %u: somebody comes", number_);
  }
  std::erase_if(arrivals_, [&](Arrival& arrival) { return Leaves(arrival); });
}

bool Porter::TakeNews() {
  bool has_news = false;
  for (const Arrival& arrival : arrivals_) {
    has_news |= std::exchange(arrival.connection->touched, false);
  }
  return has_news;
}

// Whether it is known for whom the connection comes, or that it comes for nobody any more.
bool Porter::Leaves(Arrival& arrival) {
  Connection& connection = *arrival.connection;
  uint8_t byte = 0;
  while (!arrival.header.ends_with(kLineEnd) && arrival.header.size() < kHeaderBytesMax &&
         connection.FarRead({&byte, 1}) == 1) {
    arrival.header.push_back(static_cast<char>(byte));
  }
  if (arrival.header.ends_with(kLineEnd) || arrival.header.size() == kHeaderBytesMax) {
    Lead(arrival);
    return true;
  }
  const StreamState state = connection.FarState();
  if (state == StreamState::kOpen) return false;
  RINGWAY_TRACE(*verdict_, "porter %u: somebody goes after %zu bytes", number_,
                arrival.header.size());
  lost_tainted_ |= connection.tainted;
  lost_withheld_ |= connection.withheld;
  state == StreamState::kFin ? connection.FarClose() : connection.FarReset();
  return true;
}

void Porter::Lead(const Arrival& arrival) {
  const auto clients = cast_->clients();
  const auto found = std::ranges::find_if(
      clients, [&](const ClientEnd* client) { return HeaderOf(*client) == arrival.header; });
  if (found == clients.end()) {
    return verdict_->Fail("porter %u: a PROXY header names no client of the story: %s", number_,
                          arrival.header.c_str());
  }
  RINGWAY_TRACE(*verdict_, "porter %u: for client %u", number_, (*found)->number());
  cast_->ServerOf(**found)->door().waiting.push_back(arrival.connection);
}

bool Porter::tainted() const {
  const auto is_tainted = [](const Connection* connection) { return connection->tainted; };
  return lost_tainted_ || std::ranges::any_of(door_->waiting, is_tainted) ||
         std::ranges::any_of(arrivals_, is_tainted, &Arrival::connection);
}

bool Porter::withheld() const {
  const auto is_withheld = [](const Connection* connection) { return connection->withheld; };
  return lost_withheld_ || std::ranges::any_of(door_->waiting, is_withheld) ||
         std::ranges::any_of(arrivals_, is_withheld, &Arrival::connection);
}

}  // namespace ringway::sim
