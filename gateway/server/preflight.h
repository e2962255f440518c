// SPDX-License-Identifier: Apache-2.0
//
// What a valid configuration asks of the machine that serves it, looked at before it does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/parse.h"
#include "gateway/server/resolve.h"
#include "uring/probe.h"

namespace ringway::server {

/// Lines of at most kShownMax + 1 each, in the order of the text.
struct PreflightReport {
  /// "FILE:LINE:COLUMN: could not be served here: ...", or without a place where it has none;
  /// empty: it could be served.
  std::vector<std::string> errors;
  /// "FILE:LINE:COLUMN: warning: ...": what may have changed when the gateway starts.
  std::vector<std::string> warnings;
};

/// Tries each address, root, source and name, and leaves nothing open: roots of static routes that
/// cannot be opened, addresses that are not of this machine or not permitted, names that `look_up`
/// does not find, a kernel that offers no io_uring are errors; a port in use is a warning. May wait
/// for `look_up`.
PreflightReport Preflight(const config::ParsedConfig& parsed, std::string_view file_name,
                          const uring::ProbeResult& probe, const LookUp& look_up);

}  // namespace ringway::server
