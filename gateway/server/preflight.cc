// SPDX-License-Identifier: Apache-2.0
//
// The checks that the start does, one by one, so that all are told and each has its place.
#include "gateway/server/preflight.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gateway/config/complaints.h"
#include "gateway/server/address.h"
#include "gateway/server/listeners.h"
#include "gateway/server/static_roots.h"

namespace ringway::server {
namespace {

using config::Complaints;
using config::Place;

constexpr const char* kNotHere = "could not be served here: ";

void Add(Complaints& complaints, Place place, const char* kind, const absl::Status& status) {
  complaints.Add(place, absl::StrCat(kind, std::string(status.message())));
}

void CheckListeners(const config::ParsedConfig& parsed, Complaints& errors, Complaints& warnings) {
  for (size_t i = 0; i < parsed.config->listeners.size(); ++i) {
    const absl::Status status = CheckFree(parsed.config->listeners[i]);
    if (status.ok()) continue;
    const bool is_in_use = absl::IsAlreadyExists(status);
    Add(is_in_use ? warnings : errors, parsed.places.addresses[i],
        is_in_use ? "warning: " : kNotHere, status);
  }
}

void CheckRoots(const config::ParsedConfig& parsed, Complaints& errors) {
  for (const config::Route& route : parsed.config->routes) {
    if (route.mode != config::Mode::kStatic) continue;
    const auto fd = OpenRoot(route);
    if (fd.ok()) {
      close(*fd);
    } else {
      Add(errors, parsed.places.roots[route.index], kNotHere, fd.status());
    }
  }
}

/// A name is looked up as at the start, each by itself.
void CheckServers(const config::ParsedConfig& parsed, const LookUp& look_up, Complaints& errors) {
  const auto& backends = parsed.config->backends;
  for (size_t i = 0; i < backends.size(); ++i) {
    for (size_t j = 0; j < backends[i].servers.size(); ++j) {
      config::Config alone;
      alone.backends.push_back(backends[i]);
      alone.backends.front().servers = {backends[i].servers[j]};
      LookUpNotes notes;  // what the names have too many of is told at the start
      const auto addresses = ResolveAll(alone, look_up, &notes);
      if (!addresses.ok()) {
        Add(errors, parsed.places.servers[i][j], kNotHere, addresses.status());
      }
    }
  }
}

/// 0, or why no connection can leave from `source`.
int BindError(const base::SocketAddress& source) {
  sockaddr_storage address;
  const socklen_t bytes = ToSockaddr(source.HostText().c_str(), 0, &address);
  if (bytes == 0) return EINVAL;
  const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const bool is_bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), bytes) == 0;
  const int error = is_bound ? 0 : errno;
  close(fd);
  return error;
}

void CheckSources(const config::ParsedConfig& parsed, Complaints& errors) {
  const auto& backends = parsed.config->backends;
  for (size_t i = 0; i < backends.size(); ++i) {
    for (size_t j = 0; j < backends[i].sources.size(); ++j) {
      const base::SocketAddress& source = backends[i].sources[j];
      const int error = BindError(source);
      if (error == 0) continue;
      errors.Add(
          parsed.places.sources[i][j],
          absl::StrCat(
              kNotHere, "backend \"", backends[i].name, "\": source ", source.HostText(), ": ",
              std::strerror(error),
              error == EADDRNOTAVAIL ? "; add the address to an interface of this machine" : ""));
    }
  }
}

}  // namespace

PreflightReport Preflight(const config::ParsedConfig& parsed, std::string_view file_name,
                          const uring::ProbeResult& probe, const LookUp& look_up) {
  Complaints errors(file_name);
  Complaints warnings(file_name, "warning");
  CheckListeners(parsed, errors, warnings);
  CheckRoots(parsed, errors);
  CheckServers(parsed, look_up, errors);
  CheckSources(parsed, errors);
  PreflightReport report{.errors = errors.Lines(), .warnings = warnings.Lines()};
  if (!probe.usable) report.errors.push_back(absl::StrCat(kNotHere, probe.error));
  return report;
}

}  // namespace ringway::server
