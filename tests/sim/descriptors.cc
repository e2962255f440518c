// SPDX-License-Identifier: Apache-2.0
//
// Numbers given and taken back, and what is open.
#include "tests/sim/descriptors.h"

#include <algorithm>
#include <utility>

namespace ringway::sim {
namespace {

/// Descriptors begin here: a number that is no index of anything else.
constexpr size_t kFirstDescriptor = 100;

}  // namespace

Descriptors::Descriptors() : table_(kFirstDescriptor) {}

Descriptor* Descriptors::Find(int fd) {
  return const_cast<Descriptor*>(std::as_const(*this).Find(fd));
}

const Descriptor* Descriptors::Find(int fd) const {
  const auto index = static_cast<size_t>(fd);
  if (fd < 0 || index >= table_.size()) return nullptr;
  return table_[index].kind == DescriptorKind::kClosed ? nullptr : &table_[index];
}

int Descriptors::Open(DescriptorKind kind) {
  const auto found =
      std::find_if(table_.begin() + kFirstDescriptor, table_.end(),
                   [](const Descriptor& at) { return at.kind == DescriptorKind::kClosed; });
  const auto index = found - table_.begin();
  if (found == table_.end()) table_.emplace_back();
  table_[static_cast<size_t>(index)] = {.kind = kind};
  if (kind == DescriptorKind::kSocket) ++sockets_open_;
  return static_cast<int>(index);
}

int Descriptors::OpenSocket(Connection* connection) {
  const int fd = Open(DescriptorKind::kSocket);
  Find(fd)->connection = connection;
  connection->accepted = true;
  return fd;
}

int Descriptors::OpenListening(Server& server) {
  const int fd = Open(DescriptorKind::kListening);
  Find(fd)->listening = &server;
  return fd;
}

int Descriptors::OpenFile(std::shared_ptr<File> file) {
  const int fd = Open(DescriptorKind::kFile);
  Find(fd)->file = std::move(file);
  return fd;
}

void Descriptors::Close(int fd) {
  Descriptor& at = *Find(fd);
  if (at.kind == DescriptorKind::kSocket) --sockets_open_;
  at = {};
}

uint32_t Descriptors::pipe_ends_open() const {
  return static_cast<uint32_t>(
      std::ranges::count_if(table_, [](const Descriptor& at) { return at.pipe != nullptr; }));
}

uint32_t Descriptors::files_open() const {
  return static_cast<uint32_t>(std::ranges::count_if(
      table_, [](const Descriptor& at) { return at.kind == DescriptorKind::kFile; }));
}

uint64_t Descriptors::pipe_bytes() const {
  uint64_t bytes = 0;
  for (const Descriptor& at : table_) {
    if (at.kind == DescriptorKind::kPipeRead) bytes += at.pipe->size();
  }
  return bytes;
}

}  // namespace ringway::sim
