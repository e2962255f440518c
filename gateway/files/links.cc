// SPDX-License-Identifier: Apache-2.0
//
// Symbolic links: where what was opened really lies, and the opening of what an absolute link leads
// to.
#include <array>
#include <cerrno>
#include <climits>

#include "gateway/files/files.h"

namespace ringway::files {
namespace {

/// Where the kernel says by which name an open file goes, this is behind the name of one that was
/// deleted or replaced meanwhile (proc(5)).
constexpr std::string_view kDeleted = " (deleted)";

/// A path beneath a root, without links. One whose name, or whose folder's name, begins with a dot
/// is not served, and so no link makes it served.
bool IsHidden(std::string_view path) {
  return path.starts_with('.') || path.find("/.") != std::string_view::npos;
}

}  // namespace

// 0, or the errno that stands for what a client may learn of it: nothing.
int Files::WhyHidden(int fd, uint32_t root) {
  std::array<char, PATH_MAX> path;
  const int bytes = ring_->kernel().PathBeneath(options_.roots[root], fd, path);
  if (bytes < 0) return -bytes;
  return IsHidden({path.data(), static_cast<size_t>(bytes)}) ? ENOENT : 0;
}

// A link has led out of the root by what it says, an absolute path or "..", and may lead back into
// it. What it leads to is located first, then opened by its own path beneath the root, which has no
// link in it: so nobody who turns a link meanwhile gets anything else opened.
int Files::OpenLinked(uint32_t root, const char* path, uring::Lookup lookup) {
  uring::Kernel& kernel = ring_->kernel();
  const int at = options_.roots[root];
  const int found = kernel.OpenPathOnly(at, path, lookup);
  if (found < 0) return found;
  std::array<char, PATH_MAX> own;
  const int bytes = kernel.PathBeneath(at, found, std::span(own).first(own.size() - 1));
  static_cast<void>(kernel.Close(found));
  if (bytes < 0) return bytes;
  own[static_cast<size_t>(bytes)] = '\0';
  const std::string_view text(own.data(), static_cast<size_t>(bytes));
  if (IsHidden(text)) return -ENOENT;
  const int opened = kernel.OpenBeneath(at, text.empty() ? "." : own.data(), lookup);
  // It was replaced between the two: it is worth another look.
  return opened == -ENOENT && text.ends_with(kDeleted) ? -EAGAIN : opened;
}

}  // namespace ringway::files
