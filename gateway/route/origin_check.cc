// SPDX-License-Identifier: Apache-2.0
//
// At most kOriginsPerRouteMax comparisons for each handshake, without allocation.
#include "gateway/route/origin_check.h"

#include <algorithm>

#include "gateway/config/origin.h"

namespace ringway::route {

OriginResult CheckOrigin(const config::Route& route, std::optional<std::string_view> origin) {
  if (route.origins.empty() || route.origins.front() == "*" || !origin) {
    return OriginResult::kAllowed;
  }
  const auto asked = config::ParseOrigin(*origin);
  if (!asked) return OriginResult::kRefused;
  const bool is_listed =
      std::any_of(route.origins.begin(), route.origins.end(), [&](std::string_view text) {
        const auto listed = config::ParseOrigin(text);
        return listed && config::SameOrigin(*listed, *asked);
      });
  return is_listed ? OriginResult::kAllowed : OriginResult::kRefused;
}

}  // namespace ringway::route
