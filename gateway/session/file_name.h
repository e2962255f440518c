// SPDX-License-Identifier: Apache-2.0
//
// Which files a request of a static route may be answered with, in the order in which they are
// tried: what its path names, in the codings that its client likes, then the route's fallback.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/config/config.h"
#include "gateway/http/content_coding.h"
#include "gateway/http/file_path.h"
#include "gateway/http/request_head.h"

namespace ringway::session {

/// ".gz" and ".br".
inline constexpr size_t kSuffixBytesMax = 3;

/// One of them. Views live as long as the FileNames that gave it, until its next Get.
struct FileForm {
  std::string_view name;  ///< below the root
  std::string_view base;  ///< the same without the suffix of its coding: it says the type
  http::ContentCoding coding = http::ContentCoding::kIdentity;
  bool is_fallback = false;
};

/// At most: the file itself, two compressed siblings of it, and the same of the fallback.
inline constexpr uint8_t kFileFormsMax = 2 * http::kContentCodings;

class FileNames {
 public:
  /// Both must outlive it.
  FileNames(const config::Route& route, const http::RequestHead& head);
  FileNames(const FileNames&) = delete;
  FileNames& operator=(const FileNames&) = delete;

  /// What the path is; Get answers only after kGood.
  http::FilePathResult result() const { return result_; }
  /// The path ends with a slash, and so names the index of a folder.
  bool names_folder() const { return path_.kind == http::FilePathKind::kDirectory; }

  /// Form `candidate`, from 0; false: there are no more.
  [[nodiscard]] bool Get(uint8_t candidate, FileForm* form);

 private:
  void AppendIndex(std::string_view index);

  const config::StaticFiles& files_;
  http::CodingOrder order_;
  http::FilePath path_;
  http::FilePathResult result_;
  /// The path with the index behind it, decoded.
  std::string_view base_;
  std::array<char, http::kFilePathBytesMax> decoded_;
  /// With room for the suffix: what becomes too long by it is for the kernel to refuse.
  std::array<char, http::kFilePathBytesMax + kSuffixBytesMax> name_;
};

}  // namespace ringway::session
