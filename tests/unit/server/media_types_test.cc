// SPDX-License-Identifier: Apache-2.0
//
// The file of media types: there, not there, and larger than anybody reads.
#include "gateway/server/media_types.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

namespace ringway::server {
namespace {

/// A file with `text`, gone at its end.
class MimeTypes {
 public:
  explicit MimeTypes(const std::string& text) { std::ofstream(name_) << text; }
  ~MimeTypes() { std::remove(name_.c_str()); }

  const std::string& name() const { return name_; }

 private:
  const std::string name_ = testing::TempDir() + "/mime_types_" + std::to_string(getpid());
};

TEST(ReadMediaTypes, KnowsWhatTheFileSays) {
  const MimeTypes file("# a comment\nmodel/x-ring\tring rng\n");
  const auto types = ReadMediaTypes(file.name());
  ASSERT_TRUE(types);
  EXPECT_EQ(types->ForPath("a/b.rng"), "model/x-ring");
  EXPECT_EQ(types->ForPath("index.html"), "text/html; charset=utf-8");
}

TEST(ReadMediaTypes, KnowsWhatPagesAreMadeOfWithoutAFile) {
  for (const char* name : {"/nowhere/mime.types", "/", ""}) {
    const auto types = ReadMediaTypes(name);
    ASSERT_TRUE(types) << name;
    EXPECT_EQ(types->ForPath("index.html"), "text/html; charset=utf-8") << name;
    EXPECT_EQ(types->ForPath("a.rng"), http::kUnknownMediaType) << name;
  }
}

TEST(ReadMediaTypes, ReadsNoMoreThanItsBound) {
  const std::string line = "model/x-early early\n";
  const MimeTypes file(line + std::string(http::kMediaTypesTextBytesMax - line.size(), '\n') +
                       "model/x-late late\n");
  const auto types = ReadMediaTypes(file.name());
  EXPECT_EQ(types->ForPath("a.early"), "model/x-early");
  EXPECT_EQ(types->ForPath("a.late"), http::kUnknownMediaType);
}

}  // namespace
}  // namespace ringway::server
