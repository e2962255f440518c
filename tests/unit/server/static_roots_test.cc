// SPDX-License-Identifier: Apache-2.0
//
// Folders that are there, and those that are not, on the real file system.
#include "gateway/server/static_roots.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace ringway::server {
namespace {

/// A folder of its own for each test, gone at its end.
class StaticRootsTest : public testing::Test {
 protected:
  StaticRootsTest() {
    std::string pattern = testing::TempDir() + "/static_roots_XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~StaticRootsTest() override { std::filesystem::remove_all(folder_); }

  void AddRoute(const std::string& root, config::Mode mode = config::Mode::kStatic) {
    config::Route route;
    route.name = "site";
    route.index = static_cast<uint32_t>(config_.routes.size());
    route.mode = mode;
    route.files.root = root;
    config_.routes.push_back(std::move(route));
  }

  std::string Refusal() const {
    const auto roots = StaticRoots::Open(config_);
    return roots.ok() ? "" : std::string(roots.status().message());
  }

  std::filesystem::path folder_;
  config::Config config_;
};

/// Root may search every folder: for so long the process is nobody.
class NotRoot {
 public:
  NotRoot() { EXPECT_TRUE(!is_root_ || seteuid(kNobody) == 0); }
  ~NotRoot() { EXPECT_TRUE(!is_root_ || seteuid(0) == 0); }

 private:
  static constexpr uid_t kNobody = 65534;
  const bool is_root_ = geteuid() == 0;
};

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST_F(StaticRootsTest, OpensOneForEachStaticRoute) {
  std::ofstream(folder_ / "page.html") << "hello";
  AddRoute("", config::Mode::kTcp);
  AddRoute(folder_);
  AddRoute("", config::Mode::kWebSocket);
  AddRoute("/");
  const auto roots = StaticRoots::Open(config_);
  ASSERT_TRUE(roots.ok()) << roots.status();
  const auto& by_route = roots->by_route();
  ASSERT_EQ(by_route.size(), 4U);
  EXPECT_EQ(by_route[0], -1);
  EXPECT_EQ(by_route[2], -1);
  struct stat seen {};
  EXPECT_EQ(fstatat(by_route[1], "page.html", &seen, 0), 0);
  EXPECT_EQ(seen.st_size, 5);
  EXPECT_EQ(fstatat(by_route[3], "page.html", &seen, 0), -1);
  EXPECT_EQ(fcntl(by_route[1], F_GETFL) & O_PATH, O_PATH);
  EXPECT_EQ(fcntl(by_route[1], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST_F(StaticRootsTest, ClosesThemOnceAtItsEnd) {
  AddRoute(folder_);
  int fd = -1;
  {
    auto roots = StaticRoots::Open(config_);
    ASSERT_TRUE(roots.ok()) << roots.status();
    fd = roots->by_route()[0];
    {
      const StaticRoots moved = *std::move(roots);
      EXPECT_TRUE(IsOpen(fd));
      EXPECT_EQ(moved.by_route()[0], fd);
    }
    EXPECT_FALSE(IsOpen(fd));
    fd = open("/", O_PATH);
  }
  EXPECT_TRUE(IsOpen(fd)) << "what was moved from closes nothing";
  close(fd);
}

TEST_F(StaticRootsTest, FollowsALinkToAFolder) {
  std::filesystem::create_directory_symlink(folder_, folder_ / "link");
  AddRoute(folder_ / "link");
  EXPECT_EQ(Refusal(), "");
}

TEST_F(StaticRootsTest, SaysThatAFolderIsMissing) {
  AddRoute(folder_);
  AddRoute(folder_ / "none");
  EXPECT_EQ(Refusal(), "route \"site\": root " + (folder_ / "none").string() +
                           ": No such file or directory; create the folder, or correct `root`");
}

TEST_F(StaticRootsTest, SaysThatAFileIsNoFolder) {
  std::ofstream(folder_ / "file") << "x";
  AddRoute(folder_ / "file");
  EXPECT_EQ(Refusal(), "route \"site\": root " + (folder_ / "file").string() +
                           ": Not a directory; a root is a folder: name the one that the files "
                           "are in");
}

TEST_F(StaticRootsTest, SaysThatAFolderMayNotBeSearched) {
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  std::filesystem::create_directory(folder_ / "closed");
  std::filesystem::permissions(folder_ / "closed", std::filesystem::perms::owner_read);
  AddRoute(folder_ / "closed");
  const NotRoot user;
  EXPECT_EQ(Refusal(), "route \"site\": root " + (folder_ / "closed").string() +
                           ": Permission denied; the gateway's user needs permission to search "
                           "(x) it and every folder above");
}

}  // namespace
}  // namespace ringway::server
