// SPDX-License-Identifier: Apache-2.0
//
// From a request's listener, host and path to its route. Built once from a configuration and never
// changed: all workers read the same table, and a session keeps the one that it began with alive.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"

namespace ringway::route {

/// Threads: immutable after construction; any thread may read.
class Table {
 public:
  explicit Table(std::shared_ptr<const config::Config> config);

  /// The route whose pattern fits best: one with a host before one without, then an exact path
  /// before a prefix, then the longer prefix before the shorter. nullptr: no route fits.
  ///
  /// `host_header`: the Host field as it came (RFC 9110 7.2); case, a port and a trailing dot do
  /// not count, IPv6 literals come in brackets and are compared as text. Empty: only routes without
  /// a host fit.
  /// `path`: of the request target, in normal form (http/path.h), without the query; case counts.
  ///
  /// The result lives as long as the configuration. Allocates nothing; at most kRoutesMax
  /// comparisons.
  [[nodiscard]] const config::Route* Find(uint32_t listener_index, std::string_view host_header,
                                          std::string_view path) const;

  [[nodiscard]] const config::Config& config() const { return *config_; }

  /// The static route that fits best when `path` gets a slash behind it, if it is the root of that
  /// route's files ("/spa" of "/spa/*") and no route fits the path itself better; else nullptr.
  [[nodiscard]] const config::Route* FindFolder(uint32_t listener_index,
                                                std::string_view host_header,
                                                std::string_view path) const;

 private:
  std::shared_ptr<const config::Config> config_;
  /// For each listener its routes, best first: the first that fits is the answer.
  std::vector<std::vector<const config::Route*>> by_listener_;
};

}  // namespace ringway::route
