// SPDX-License-Identifier: Apache-2.0
//
// open and a look at the permission, and why not.
#include "gateway/server/static_roots.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace ringway::server {
namespace {

absl::Status Error(const config::Route& route, int error) {
  const char* hint = "";
  if (error == ENOENT) {
    hint = "; create the folder, or correct `root`";
  } else if (error == ENOTDIR) {
    hint = "; a root is a folder: name the one that the files are in";
  } else if (error == EACCES) {
    hint = "; the gateway's user needs permission to search (x) it and every folder above";
  } else if (error == EMFILE || error == ENFILE) {
    hint = "; raise the limit on open files with ulimit -n or LimitNOFILE=";
  }
  return absl::UnavailableError(absl::StrCat("route \"", route.name, "\": root ", route.files.root,
                                             ": ", std::strerror(error), hint));
}

/// 0, or why nothing could be opened below `fd`: that it could itself be opened says nothing of it.
int SearchError(int fd) { return faccessat(fd, ".", X_OK, AT_EACCESS) == 0 ? 0 : errno; }

/// 0, or why it could not be seen where a link in it leads (gateway/files/links.cc).
int PathError(int fd) {
  char first = 0;
  return readlink(absl::StrCat("/proc/self/fd/", fd).c_str(), &first, 1) >= 0 ? 0 : errno;
}

absl::Status NoProc(const config::Route& route, int error) {
  return absl::UnavailableError(absl::StrCat(
      "route \"", route.name, "\": root ", route.files.root, ": its path in /proc/self/fd: ",
      std::strerror(error), "; mount /proc, by which the gateway sees where links lead"));
}

}  // namespace

absl::StatusOr<int> OpenRoot(const config::Route& route) {
  const int fd = open(route.files.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Error(route, errno);
  const int search_error = SearchError(fd);
  const int path_error = PathError(fd);
  if (search_error == 0 && path_error == 0) return fd;
  close(fd);
  return search_error != 0 ? Error(route, search_error) : NoProc(route, path_error);
}

absl::StatusOr<StaticRoots> StaticRoots::Open(const config::Config& config) {
  StaticRoots roots;
  roots.by_route_.assign(config.routes.size(), -1);
  for (const config::Route& route : config.routes) {
    if (route.mode != config::Mode::kStatic) continue;
    const auto fd = OpenRoot(route);
    if (!fd.ok()) return fd.status();
    roots.by_route_[route.index] = *fd;
  }
  return roots;
}

StaticRoots::~StaticRoots() {
  for (const int fd : by_route_) {
    if (fd >= 0) close(fd);
  }
}

}  // namespace ringway::server
