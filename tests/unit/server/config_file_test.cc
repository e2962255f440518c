// SPDX-License-Identifier: Apache-2.0
//
// Files that can be read, and what is said of those that cannot.
#include "gateway/server/config_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace ringway::server {
namespace {

constexpr std::string_view kText = R"([[listener]]
name = "web"
address = "127.0.0.1:0"
[[route]]
name = "r"
listener = "web"
path = "/*"
mode = "static"
root = "/"
)";

/// A folder of its own for each test, gone at its end.
class ConfigFileTest : public testing::Test {
 protected:
  ConfigFileTest() {
    std::string pattern = testing::TempDir() + "/config_file_XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~ConfigFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Name() const { return folder_ / "ringway.toml"; }
  std::string Refusal() const {
    const auto parsed = ReadConfigFile(Name());
    return parsed.ok() ? "" : std::string(parsed.status().message());
  }

  std::filesystem::path folder_;
};

TEST_F(ConfigFileTest, ReadsAFile) {
  std::ofstream(Name()) << kText;
  const auto parsed = ReadConfigFile(Name());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->config->routes.size(), 1U);
}

TEST_F(ConfigFileTest, SaysWhyAFileCannotBeOpened) {
  EXPECT_EQ(Refusal(), Name() + ": cannot open: No such file or directory");
  std::filesystem::create_symlink(Name(), Name());
  EXPECT_EQ(Refusal(), Name() + ": cannot open: Too many levels of symbolic links");
}

TEST_F(ConfigFileTest, SaysThatAFileMayNotBeRead) {
  std::ofstream(Name()) << kText;
  std::filesystem::permissions(Name(), std::filesystem::perms::none);
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  constexpr uid_t kNobody = 65534;
  const bool is_root = geteuid() == 0;
  ASSERT_TRUE(!is_root || seteuid(kNobody) == 0);
  const std::string refusal = Refusal();
  ASSERT_TRUE(!is_root || seteuid(0) == 0);
  EXPECT_EQ(refusal, Name() + ": cannot open: Permission denied");
}

TEST_F(ConfigFileTest, RefusesAFolder) {
  std::filesystem::create_directory(Name());
  EXPECT_EQ(Refusal(), Name() + ": is a folder, not a file");
}

TEST_F(ConfigFileTest, RefusesAFifoThatNobodyWritesAtOnce) {
  ASSERT_EQ(mkfifo(Name().c_str(), 0600), 0);
  EXPECT_EQ(Refusal(),
            Name() + ": is a pipe (FIFO) that nobody writes, not a file with a configuration");
}

TEST_F(ConfigFileTest, ReadsAPipeThatSomebodyWrites) {
  int pipe_fds[2] = {-1, -1};
  ASSERT_EQ(pipe2(pipe_fds, O_CLOEXEC), 0);
  const int reader = pipe_fds[0];
  const int writer = pipe_fds[1];
  absl::StatusOr<config::ParsedConfig> parsed = absl::UnknownError("not read");
  // It may begin before, between and behind the two writes.
  std::thread thread(
      [&, name = "/dev/fd/" + std::to_string(reader)] { parsed = ReadConfigFile(name); });
  for (const std::string_view half : {kText.substr(0, 20), kText.substr(20)}) {
    EXPECT_EQ(write(writer, half.data(), half.size()), static_cast<ssize_t>(half.size()));
  }
  close(writer);
  thread.join();
  close(reader);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
}

TEST_F(ConfigFileTest, RefusesATextThatIsTooLong) {
  std::ofstream(Name()) << std::string(config::kTextBytesMax + 1, '\n');
  EXPECT_NE(Refusal().find("expected at most 1048576"), std::string::npos) << Refusal();
}

}  // namespace
}  // namespace ringway::server
