// SPDX-License-Identifier: Apache-2.0
//
// URL -> Target.
#include "bench/load/target.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace ringway::load {
namespace {

// A colon after the last bracket, if any, is a port's.
bool HasPort(absl::string_view authority) {
  const size_t colon = authority.rfind(':');
  const size_t bracket = authority.rfind(']');
  return colon != absl::string_view::npos &&
         (bracket == absl::string_view::npos || colon > bracket);
}

}  // namespace

absl::StatusOr<Target> ParseTarget(absl::string_view url) {
  Target target;
  absl::string_view rest = url;
  if (absl::ConsumePrefix(&rest, "tcp://")) {
    target.protocol = Protocol::kTcp;
  } else if (!absl::ConsumePrefix(&rest, "ws://")) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", url, "' begins with neither ws:// nor tcp://"));
  }
  const size_t slash = rest.find('/');
  target.host = std::string(rest.substr(0, slash));
  if (slash != absl::string_view::npos) target.path = std::string(rest.substr(slash));
  std::string authority = target.host;
  if (!HasPort(authority) && target.protocol == Protocol::kWebSocket) authority += ":80";
  absl::StatusOr<Address> address = ParseAddress(authority);
  if (!address.ok()) return address.status();
  target.address = *address;
  return target;
}

}  // namespace ringway::load
