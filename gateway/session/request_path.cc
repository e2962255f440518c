// SPDX-License-Identifier: Apache-2.0
//
// Every reading starts from what was sent: its dot segments are removed last, and where it has
// fewer segments than the normal form, ".." removes another one.
#include "gateway/session/request_path.h"

#include "gateway/http/path.h"
#include "gateway/http/path_refusals.h"

namespace ringway::session {

const http::Refusal* NormalizePath(http::RequestHead* head, PathBytes* out) {
  const http::PathForm form = http::FormOf(head->path);
  if (form == http::PathForm::kNormal) return nullptr;
  if (form == http::PathForm::kAmbiguous && head->path.size() > http::kAmbiguousPathBytesMax) {
    return &http::kAmbiguousPathTooLong;
  }
  return http::NormalizePath(head->path, *out, &head->path);
}

const http::Refusal* CheckReadings(const route::Table& table, uint32_t listener_index,
                                   const http::RequestHead& head, std::string_view sent) {
  if (http::FormOf(sent) != http::PathForm::kAmbiguous) return nullptr;
  const config::Route* const route = table.Find(listener_index, head.host, head.path);
  for (const http::PathReading reading : http::kPathReadings) {
    std::array<char, http::kAmbiguousPathBytesMax> other;
    const std::string_view path = http::ReadPathAs(reading, sent, other);
    if (table.Find(listener_index, head.host, path) != route) {
      return &http::RefusalOf(reading, sent);
    }
  }
  return nullptr;
}

}  // namespace ringway::session
