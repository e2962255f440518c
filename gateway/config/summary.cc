// SPDX-License-Identifier: Apache-2.0
//
// One paragraph for each kind of table, columns aligned by the longest name.
#include "gateway/config/summary.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "gateway/config/address.h"
#include "gateway/config/limit_rows.h"
#include "gateway/config/quantity.h"
#include "gateway/config/text.h"
#include "gateway/config/vocabulary.h"

namespace ringway::config {
namespace {

/// `text` with spaces behind it, so that the next column begins at one place in all lines.
std::string Padded(std::string_view text, size_t width) {
  return Cat(text, std::string(width - std::min(width, text.size()), ' '));
}

template <typename Named>
size_t NameWidth(const std::vector<Named>& all) {
  size_t width = 0;
  for (const Named& each : all) width = std::max(width, each.name.size());
  return width;
}

std::string Joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += Cat(all.empty() ? "" : ", ", text);
  return all;
}

void AppendGateway(const Gateway& gateway, std::string& out) {
  const std::string workers =
      gateway.workers == 0 ? "auto (one for each processor)" : Cat(gateway.workers);
  const std::string_view socket = gateway.control_socket;
  out += Cat("gateway\n  workers ", workers, ", log level ", WordFor(gateway.log_level),
             ", control socket ", socket.empty() ? "none" : socket, "\n");
}

void AppendListeners(const Config& config, std::string& out) {
  const size_t width = NameWidth(config.listeners);
  out += "listeners\n";
  for (const Listener& each : config.listeners) {
    out += Cat("  ", Padded(each.name, width), "  ", AddressText(each.host, each.port),
               each.port == 0 ? " (the kernel chooses the port)" : "",
               each.proxy_protocol ? ", PROXY header required" : "", "\n");
    if (each.trusted_proxies.empty()) continue;
    std::vector<std::string> ranges;
    for (const base::AddressRange& range : each.trusted_proxies) {
      ranges.push_back(AddressRangeText(range));
    }
    out += Cat("  ", Padded("", width), "  trusted proxies: ", Joined(ranges), "\n");
  }
}

std::string OriginsText(const Route& route) {
  if (route.origins.empty()) return "not enforced (any web page may connect)";
  if (route.origins.front() == "*") return "* (any web page may connect)";
  return Joined(route.origins);
}

/// What becomes of the bytes, after the name of the mode.
std::string ModeText(const Route& route) {
  const std::string splice = Cat(", splice ", WordFor(route.splice));
  if (route.mode == Mode::kTcp) {
    return Cat(", frames ", WordFor(route.frames),
               route.frames == Frames::kText ? std::string(", no splice") : splice);
  }
  const std::string inspect = Cat(", inspect ", WordFor(route.inspect));
  return route.inspect == Inspect::kOff ? Cat(inspect, splice) : Cat(inspect, ", no splice");
}

/// What a route leads to, behind its pattern.
std::string TargetText(const Config& config, const Route& route) {
  if (route.mode == Mode::kStatic) {
    return Cat(WordFor(route.mode), ", root ", route.files.root, ", index ", route.files.index);
  }
  return Cat(WordFor(route.mode), ModeText(route), ", backend ",
             config.backends[route.backend_index].name);
}

/// The lines below the first, each behind `indent`.
void AppendFiles(const StaticFiles& files, std::string_view indent, std::string& out) {
  const std::string_view fallback = files.fallback;
  out += Cat(indent, "fallback: ", fallback.empty() ? "none (404)" : fallback, "\n");
  const std::string_view cache_control = files.cache_control;
  if (!cache_control.empty()) out += Cat(indent, "cache control: ", cache_control, "\n");
  if (files.precompressed) out += Cat(indent, "precompressed: .br, .gz\n");
}

void AppendWebSockets(const Route& route, std::string_view indent, std::string& out) {
  if (!route.backend_host.empty()) {
    out += Cat(indent, "host for the backend: ", route.backend_host, "\n");
  }
  out += Cat(indent, "origins: ", OriginsText(route), "\n");
  if (route.subprotocols.empty()) return;
  out += Cat(indent, "subprotocols: ", Joined(route.subprotocols), "\n");
}

void AppendRoutes(const Config& config, std::string& out) {
  const size_t width = NameWidth(config.routes);
  const std::string indent = Cat("  ", Padded("", width), "  ");
  out += "routes\n";
  for (const Route& each : config.routes) {
    const std::string_view host = each.host;
    out += Cat("  ", Padded(each.name, width), "  ", config.listeners[each.listener_index].name,
               ", host ", host.empty() ? "any" : host, ", path ", PathPattern(each), " -> ",
               TargetText(config, each), "\n");
    if (each.mode == Mode::kStatic) {
      AppendFiles(each.files, indent, out);
    } else {
      AppendWebSockets(each, indent, out);
    }
    if (each.sessions_max != 0) {
      out += Cat(indent, "sessions: at most ", each.sessions_max, "\n");
    }
  }
}

std::string SourcesText(const Backend& backend) {
  std::string out;
  for (const base::SocketAddress& each : backend.sources) {
    out += Cat(out.empty() ? ", from " : ", ", each.HostText());
  }
  return out;
}

std::string BalanceText(const Backend& backend) {
  std::string out = Cat("balance ", WordFor(backend.balance));
  if (backend.sessions_per_server_max != 0) {
    out += Cat(", at most ", backend.sessions_per_server_max, " sessions a server");
  }
  if (backend.proxy_header == ProxyHeader::kNone) return out;
  return Cat(out, ", PROXY header ", WordFor(backend.proxy_header));
}

std::string EjectionText(const Health& health) {
  if (health.failures_max == 0) return "no server is ejected";
  return Cat("ejected after ", health.failures_max, " failures in a row, for ",
             DurationText(health.eject_time_ns), " to ", DurationText(health.eject_time_max_ns));
}

std::string ProbesText(const Health& health) {
  if (health.check == HealthCheck::kOff) return "health check off";
  const std::string request = health.check == HealthCheck::kHttp
                                  ? Cat(" GET ", health.path, " for ", StatusText(health.statuses))
                                  : "";
  return Cat("health check ", WordFor(health.check), request, " every ",
             DurationText(health.interval_ns), ", timeout ", DurationText(health.timeout_ns),
             ", rise ", health.rise, ", fall ", health.fall);
}

void AppendBackends(const Config& config, std::string& out) {
  const size_t width = NameWidth(config.backends);
  if (config.backends.empty()) return;
  out += "backends\n";
  for (const Backend& each : config.backends) {
    std::vector<std::string> servers;
    for (const Server& server : each.servers) {
      servers.push_back(server.weight == 1
                            ? ServerText(server)
                            : Cat(ServerText(server), " (weight ", server.weight, ")"));
    }
    const std::string indent = Cat("  ", Padded("", width), "  ");
    out += Cat("  ", Padded(each.name, width), "  ", Joined(servers), ", connect timeout ",
               DurationText(each.connect_timeout_ns), ", try timeout ",
               DurationText(each.try_timeout_ns), SourcesText(each), "\n");
    out += Cat(indent, BalanceText(each), "\n");
    out += Cat(indent, EjectionText(each.health), "; ", ProbesText(each.health), "\n");
  }
}

void AppendLimits(const Config& config, std::string& out) {
  const base::Limits& limits = config.limits;
  const base::Limits defaults;
  if (limits == defaults) {
    out += "limits\n  all at their defaults\n";
    return;
  }
  out += "limits (those that differ from their default)\n";
  size_t width = 0;
  for (const LimitRow& row : LimitRows()) width = std::max(width, row.key.size());
  for (size_t i = 0; i < LimitRows().size(); ++i) {
    const LimitRow& row = LimitRows()[i];
    const uint64_t value = GetLimit(limits, row);
    const uint64_t usual = GetLimit(defaults, row);
    if (value == usual) continue;
    // Zero has a word of its own where it means never; all else is shown as it was written.
    const bool is_written = value != 0 && i < config.limit_texts.size();
    const std::string_view written = is_written ? config.limit_texts[i] : std::string_view();
    out += Cat("  ", Padded(row.key, width), "  ",
               written.empty() ? LimitText(row, value) : std::string(written), " (default ",
               LimitText(row, usual), ")\n");
  }
}

}  // namespace

std::string Summary(const Config& config) {
  std::string out;
  AppendGateway(config.gateway, out);
  AppendListeners(config, out);
  AppendRoutes(config, out);
  AppendBackends(config, out);
  AppendLimits(config, out);
  return out;
}

}  // namespace ringway::config
