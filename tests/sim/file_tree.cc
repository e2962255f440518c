// SPDX-License-Identifier: Apache-2.0
//
// Names to files, segment by segment.
#include "tests/sim/file_tree.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace ringway::sim {
namespace {

constexpr size_t kNameBytesMax = 255;
constexpr uint64_t kFilePageBytes = 4096;

}  // namespace

uint64_t File::ResidentFrom(uint64_t offset) const {
  uint64_t end = std::max(offset, resident_bytes);
  while (end < bytes.size() && pages_read.contains(end / kFilePageBytes)) {
    end = (end / kFilePageBytes + 1) * kFilePageBytes;
  }
  end = std::min<uint64_t>(end, bytes.size());
  return end > offset ? end - offset : 0;
}

void File::NoteRead(uint64_t offset, uint64_t count) {
  if (count == 0) return;
  const uint64_t last = (offset + count - 1) / kFilePageBytes;
  for (uint64_t page = offset / kFilePageBytes; page <= last; ++page) pages_read.insert(page);
}

FileTree::FileTree() {
  auto root = std::make_shared<File>();
  root->status = {.is_directory = true, .inode = next_inode_++};
  files_.emplace(".", std::move(root));
}

File& FileTree::Put(const std::string& path, std::vector<uint8_t> bytes, int64_t now_ns) {
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    auto& directory = files_[path.substr(0, slash)];
    if (directory != nullptr) continue;
    directory = std::make_shared<File>();
    directory->path = path.substr(0, slash);
    directory->status = {.is_directory = true, .inode = next_inode_++};
  }
  auto file = std::make_shared<File>();
  file->path = path;
  file->status = {.is_regular = true, .inode = next_inode_++, .links = 1};
  Overwrite(*file, std::move(bytes), now_ns);
  std::shared_ptr<File>& named = files_[path];
  if (named != nullptr) {
    // Its name went, and the kernel says when.
    named->path += " (deleted)";
    named->status.links = 0;
    named->status.changed_ns = std::max(now_ns, named->status.changed_ns + 1);
  }
  named = file;
  return *file;
}

void FileTree::Overwrite(File& file, std::vector<uint8_t> bytes, int64_t now_ns) {
  file.bytes = std::move(bytes);
  file.status.bytes = file.bytes.size();
  file.status.modified_ns = file.status.changed_ns = now_ns;
}

int FileTree::Find(std::string_view path, std::shared_ptr<File>* file) const {
  if (path.empty()) return -ENOENT;
  if (path.front() == '/') return -EXDEV;
  std::vector<std::string_view> names;
  const bool wants_directory = path.ends_with('/');
  auto found = files_.find(".");
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (name.empty() || name == ".") continue;
    if (!found->second->status.is_directory) return -ENOTDIR;
    if (name.size() > kNameBytesMax) return -ENAMETOOLONG;
    if (name == "..") {
      if (names.empty()) return -EXDEV;
      names.pop_back();
    } else {
      names.push_back(name);
    }
    std::string joined;
    for (const std::string_view each : names) {
      if (!joined.empty()) joined += '/';
      joined += each;
    }
    found = files_.find(joined.empty() ? "." : joined);
    if (found == files_.end()) return -ENOENT;
  }
  if (wants_directory && !found->second->status.is_directory) return -ENOTDIR;
  *file = found->second;
  return 0;
}

}  // namespace ringway::sim
