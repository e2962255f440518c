// SPDX-License-Identifier: Apache-2.0
//
// The content of one small file, as it was read: in memory that nobody can change any more, not
// even this process. WHY not the file's own pages, mapped: whoever truncates the file would take
// them from under a send.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace ringway::files {

/// Immutable; any thread. An empty file is valid and takes no memory.
class SmallFile {
 public:
  /// A sealed memfd with these bytes, mapped for reading; nullptr where the process has no
  /// descriptor, no mapping or no memory for it. The descriptor is closed again.
  static std::unique_ptr<const SmallFile> Create(std::span<const uint8_t> content);

  SmallFile(const SmallFile&) = delete;
  SmallFile& operator=(const SmallFile&) = delete;
  ~SmallFile();

  /// nullptr of an empty file.
  const uint8_t* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  std::span<const uint8_t> content() const { return {data_, bytes_}; }

  /// The memory that so many bytes of content take: whole pages.
  static constexpr uint64_t MemoryBytes(uint64_t content_bytes) {
    return (content_bytes + 4095) / 4096 * 4096;
  }

 private:
  SmallFile(const uint8_t* data, size_t bytes) : data_(data), bytes_(bytes) {}

  const uint8_t* data_;
  size_t bytes_;
};

}  // namespace ringway::files
