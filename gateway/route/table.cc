// SPDX-License-Identifier: Apache-2.0
//
// The order of the routes is the rule: sorted once, the first that fits is the best.
#include "gateway/route/table.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "gateway/config/text.h"

namespace ringway::route {
namespace {

using config::PathMatch;
using config::Route;

/// "Example.COM.:8080" -> "Example.COM"; "[::1]:8080" -> "[::1]".
std::string_view HostOnly(std::string_view host_header) {
  const size_t bracket = host_header.rfind(']');
  const size_t colon = host_header.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  std::string_view host = has_port ? host_header.substr(0, colon) : host_header;
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

/// Best first. Exact paths of one listener and host differ, so only prefixes need their length.
bool GoesBefore(const Route* left, const Route* right) {
  const auto rank = [](const Route* route) {
    return std::tuple(route->host.empty(), route->path_match == PathMatch::kPrefix);
  };
  if (rank(left) != rank(right)) return rank(left) < rank(right);
  return left->path.size() > right->path.size();
}

bool FitsHost(const Route& route, std::string_view host) {
  return route.host.empty() || config::EqualsIgnoreCase(route.host, host);
}

bool Fits(const Route& route, std::string_view host, std::string_view path) {
  if (!FitsHost(route, host)) return false;
  return route.path_match == PathMatch::kExact ? path == route.path : path.starts_with(route.path);
}

/// The root of a static route's files, without its slash.
bool IsFolder(const Route& route, std::string_view host, std::string_view path) {
  return route.mode == config::Mode::kStatic && route.path_match == PathMatch::kPrefix &&
         route.path.size() == path.size() + 1 && route.path.starts_with(path) &&
         FitsHost(route, host);
}

}  // namespace

Table::Table(std::shared_ptr<const config::Config> config)
    : config_(std::move(config)), by_listener_(config_->listeners.size()) {
  for (const Route& route : config_->routes) by_listener_[route.listener_index].push_back(&route);
  for (auto& routes : by_listener_) std::stable_sort(routes.begin(), routes.end(), GoesBefore);
}

const Route* Table::Find(uint32_t listener_index, std::string_view host_header,
                         std::string_view path) const {
  if (listener_index >= by_listener_.size()) return nullptr;
  const std::string_view host = HostOnly(host_header);
  for (const Route* route : by_listener_[listener_index]) {
    if (Fits(*route, host, path)) return route;
  }
  return nullptr;
}

const Route* Table::FindFolder(uint32_t listener_index, std::string_view host_header,
                               std::string_view path) const {
  if (listener_index >= by_listener_.size()) return nullptr;
  const std::string_view host = HostOnly(host_header);
  for (const Route* route : by_listener_[listener_index]) {
    if (IsFolder(*route, host, path)) return route;
    if (Fits(*route, host, path)) return nullptr;
  }
  return nullptr;
}

}  // namespace ringway::route
