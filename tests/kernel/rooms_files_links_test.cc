// SPDX-License-Identifier: Apache-2.0
//
// Symbolic links beneath a root: followed where they end inside of it, however they are written;
// never out of it, and never to what is hidden.
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/kernel/rooms_files_fixture.h"

namespace ringway::rooms {
namespace {

using files::Look;

class FilesLinksTest : public FilesTest {
 protected:
  void Link(std::string_view name, const std::string& target) const {
    std::filesystem::create_symlink(target, At(name));
  }
  void ExpectText(const char* path, std::string_view text) {
    for (const bool is_cold : {false, true}) {
      const Look look = is_cold ? OpenCold(path) : Open(path);
      ASSERT_EQ(look.outcome, LookOutcome::kFile) << path << (is_cold ? " through the ring" : "");
      EXPECT_EQ(TextOf(look), text) << path;
    }
  }
  void ExpectOutcome(const char* path, LookOutcome outcome) {
    EXPECT_EQ(Open(path).outcome, outcome) << path;
    EXPECT_EQ(OpenCold(path).outcome, outcome) << path << " through the ring";
    EXPECT_EQ(kernel_.descriptors_open, 0) << path;
  }
};

TEST_F(FilesLinksTest, OneThatEndsInsideIsFollowedHoweverItIsWritten) {
  Write("folder/file", "inside");
  const std::string own_name = std::filesystem::path(folder_).filename();
  Link("relative", "folder/file");
  Link("absolute", At("folder/file"));
  Link("folder-absolute", At("folder"));
  Link("twice", "absolute");
  Link("out-and-back", "../" + own_name + "/folder/file");
  for (const char* path :
       {"relative", "absolute", "folder-absolute/file", "twice", "out-and-back"}) {
    ExpectText(path, "inside");
  }
  Link("self", folder_);
  ExpectText("self/folder/file", "inside");
  EXPECT_EQ(Open("self").outcome, LookOutcome::kDirectory);
  EXPECT_EQ(Open("folder-absolute").outcome, LookOutcome::kDirectory);
  EXPECT_EQ(counters_.completions_unexpected.value(), 0U);
}

TEST_F(FilesLinksTest, NoneLeadsOutOfTheRoot) {
  const std::string beside = folder_ + "-beside";  // its path begins as the root's does
  std::filesystem::create_directory(beside);
  std::ofstream(beside + "/file") << "outside";
  Link("file", beside + "/file");
  Link("folder", beside);
  Link("up", "..");
  Link("top", "/");
  Link("magic", "/proc/self/fd/0");
  Link("dangling", At("nothing"));
  Link("circle", At("circle"));
  const std::string through_up =
      "up/" + std::filesystem::path(beside).filename().string() + "/file";
  for (const char* path : {"file", "folder", "folder/file", "up", through_up.c_str(), "top",
                           "top/etc/passwd", "magic", "dangling", "circle"}) {
    ExpectOutcome(path, LookOutcome::kMissing);
  }
  EXPECT_EQ(counters_.completions_unexpected.value(), 0U);
  std::filesystem::remove_all(beside);
}

TEST_F(FilesLinksTest, OneToSomethingHiddenIsAsHidden) {
  Write(".hidden", "h");
  Write(".git/config", "g");
  Write(".git/deep/er", "d");
  Write("folder/.env", "e");
  Link("file", ".hidden");
  Link("absolute", At(".hidden"));
  Link("folder-link", ".git");
  Link("folder-absolute", At(".git"));
  Link("deep", ".git/deep");
  Link("env", "folder/.env");
  Link("twice", "file");
  for (const char* path :
       {"file", "absolute", "folder-link", "folder-link/config", "folder-absolute",
        "folder-absolute/config", "deep/er", "env", "twice"}) {
    ExpectOutcome(path, LookOutcome::kMissing);
  }
  EXPECT_EQ(Find("file").outcome, LookOutcome::kMissing) << "that is remembered";
  Write("..a/b.", "x");
  Link("dots", "..a/b.");
  ExpectOutcome("dots", LookOutcome::kMissing);
  Write("a./.b", "x");
  Write("a./b", "seen");
  ExpectText("a./b", "seen");
}

TEST_F(FilesLinksTest, AnAbsoluteOneThatIsNotInMemoryIsLookedUpWhenTheRingHasSaidSo) {
  Write("file", "inside");
  Link("link", At("file"));
  kernel_.links_are_cold = true;
  EXPECT_EQ(Open("link").outcome, LookOutcome::kUnknown);
  EXPECT_EQ(TextOf(OpenCold("link")), "inside");
  EXPECT_EQ(Find("link").outcome, LookOutcome::kFile);
}

TEST_F(FilesLinksTest, WhatALinkLeadsToMayBeReplacedWhileItIsFollowed) {
  Write("file", "old");
  Link("link", At("file"));
  kernel_.after_path = [this] { Replace("file", "new"); };
  EXPECT_EQ(TextOf(Open("link")), "new") << "it is opened by the path that was found";
  Link("other", At("file"));
  kernel_.after_path_only = [this] { Replace("file", "newer"); };
  EXPECT_EQ(Open("other").outcome, LookOutcome::kUnknown)
      << "its path was that of no file any more";
  EXPECT_EQ(TextOf(Open("other")), "newer");
}

TEST_F(FilesLinksTest, AFolderThatIsMovedAwayMeanwhileIsOutside) {
  Write("folder/file", "inside");
  const std::string beside = folder_ + "-beside";
  kernel_.after_open = [&] { std::filesystem::rename(At("folder"), beside); };
  EXPECT_EQ(Open("folder/file").outcome, LookOutcome::kMissing);
  EXPECT_EQ(kernel_.descriptors_open, 0);
  std::filesystem::remove_all(beside);
}

}  // namespace
}  // namespace ringway::rooms
