// SPDX-License-Identifier: Apache-2.0
//
// From a request's path to names below the root.
#include "gateway/session/file_name.h"

#include <algorithm>

namespace ringway::session {
namespace {

std::string_view SuffixOf(http::ContentCoding coding) {
  switch (coding) {
    case http::ContentCoding::kGzip:
      return ".gz";
    case http::ContentCoding::kBrotli:
      return ".br";
    case http::ContentCoding::kIdentity:
      break;
  }
  return "";
}

/// Behind the prefix of a prefix route, with its slash; of an exact route all of it.
std::string_view PathBelow(const config::Route& route, std::string_view path) {
  if (route.path_match == config::PathMatch::kExact) return path;
  return path.substr(route.path.size() - 1);
}

http::CodingOrder IdentityAlone() {
  http::CodingOrder order;
  order.codings[0] = http::ContentCoding::kIdentity;
  order.count = 1;
  return order;
}

}  // namespace

FileNames::FileNames(const config::Route& route, const http::RequestHead& head)
    : files_(route.files),
      order_(route.files.precompressed ? http::OrderCodings(head.accept_encoding.Kept())
                                       : IdentityAlone()),
      result_(http::DecodeFilePath(PathBelow(route, head.path), decoded_, &path_)) {
  if (result_ != http::FilePathResult::kGood) return;
  base_ = path_.relative;
  if (names_folder()) AppendIndex(route.files.index);
}

// A path without room for it is one that no file has.
void FileNames::AppendIndex(std::string_view index) {
  size_t bytes = path_.relative.size();
  const size_t slash = bytes == 0 ? 0 : 1;
  if (index.size() + slash > decoded_.size() - bytes) {
    result_ = http::FilePathResult::kHidden;
    return;
  }
  if (slash > 0) decoded_[bytes++] = '/';
  std::copy(index.begin(), index.end(), decoded_.begin() + static_cast<ptrdiff_t>(bytes));
  base_ = {decoded_.data(), bytes + index.size()};
}

bool FileNames::Get(uint8_t candidate, FileForm* form) {
  const size_t place = candidate / order_.count;
  if (place > 1 || (place == 1 && files_.fallback.empty())) return false;
  form->is_fallback = place == 1;
  form->base = form->is_fallback ? std::string_view(files_.fallback) : base_;
  form->coding = order_.Kept()[candidate % order_.count];
  const std::string_view suffix = SuffixOf(form->coding);
  char* const suffix_at = std::copy(form->base.begin(), form->base.end(), name_.data());
  const char* const end = std::copy(suffix.begin(), suffix.end(), suffix_at);
  form->name = {name_.data(), static_cast<size_t>(end - name_.data())};
  return true;
}

}  // namespace ringway::session
