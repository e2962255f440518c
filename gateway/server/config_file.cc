// SPDX-License-Identifier: Apache-2.0
//
// open, read, and errno in words.
#include "gateway/server/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ringway::server {
namespace {

/// Closes a descriptor at its end.
class File {
 public:
  // WHY O_NONBLOCK: to open a FIFO would wait for its writer.
  explicit File(const std::string& name)
      : fd_(open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

absl::Status Error(const std::string& file_name, const char* what, int error) {
  return absl::NotFoundError(absl::StrCat(file_name, ": ", what, ": ", std::strerror(error)));
}

absl::StatusOr<std::string> ReadText(const std::string& file_name) {
  const File file(file_name);
  struct stat seen {};
  if (file.fd() < 0 || fstat(file.fd(), &seen) != 0) {
    return Error(file_name, "cannot open", errno);
  }
  if (S_ISDIR(seen.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(file_name, ": is a folder, not a file"));
  }
  std::string text;
  std::array<char, 16384> piece;
  while (text.size() <= config::kTextBytesMax) {
    const ssize_t bytes = read(file.fd(), piece.data(), piece.size());
    if (bytes > 0) {
      text.append(piece.data(), static_cast<size_t>(bytes));
    } else if (bytes == 0 && text.empty() && S_ISFIFO(seen.st_mode)) {
      return absl::InvalidArgumentError(absl::StrCat(
          file_name, ": is a pipe (FIFO) that nobody writes, not a file with a configuration"));
    } else if (bytes == 0) {
      return text;
    } else if (errno == EAGAIN) {
      // Somebody has it open for writing: from here on it is waited for.
      fcntl(file.fd(), F_SETFL, fcntl(file.fd(), F_GETFL) & ~O_NONBLOCK);
    } else if (errno != EINTR) {
      return Error(file_name, "cannot read", errno);
    }
  }
  // A longer text is refused by its size.
  return text;
}

}  // namespace

absl::StatusOr<config::ParsedConfig> ReadConfigFile(const std::string& file_name) {
  const auto text = ReadText(file_name);
  if (!text.ok()) return text.status();
  return config::ParseWithWarnings(*text, file_name);
}

}  // namespace ringway::server
