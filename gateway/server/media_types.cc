// SPDX-License-Identifier: Apache-2.0
//
// A bounded read of one file.
#include "gateway/server/media_types.h"

#include <fstream>

namespace ringway::server {

std::shared_ptr<const http::MediaTypes> ReadMediaTypes(const std::string& file) {
  std::string text(http::kMediaTypesTextBytesMax, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(stream.gcount()));
  return std::make_shared<const http::MediaTypes>(text);
}

}  // namespace ringway::server
