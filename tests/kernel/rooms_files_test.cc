// SPDX-License-Identifier: Apache-2.0
//
// The room files on real files: what a name leads to, what is remembered, and what is refused.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/kernel/descriptor_limit.h"
#include "tests/kernel/rooms_files_fixture.h"

namespace ringway::rooms {
namespace {

using files::Look;

TEST_F(FilesTest, ASmallFileIsPutInMemoryAndFoundThere) {
  Write("a/small.txt", "content");
  EXPECT_EQ(Find("a/small.txt").outcome, LookOutcome::kUnknown);
  const Look opened = Open("a/small.txt");
  ASSERT_EQ(opened.outcome, LookOutcome::kFile);
  EXPECT_TRUE(IsInMemory(opened));
  EXPECT_EQ(TextOf(opened), "content");
  EXPECT_EQ(opened.status.bytes, 7U);
  EXPECT_TRUE(opened.status.is_regular);
  const Look found = Find("a/small.txt");
  ASSERT_EQ(found.outcome, LookOutcome::kFile);
  EXPECT_EQ(found.file.id(), opened.file.id());
  EXPECT_EQ(found.status, opened.status);
  EXPECT_EQ(kernel_.descriptors_open, 0);
  EXPECT_EQ(counters_.files_opened.value(), 1U);
  EXPECT_EQ(counters_.files_found.value(), 1U);
  EXPECT_EQ(counters_.files_kept.value(), 1U);
}

TEST_F(FilesTest, AnEmptyFileIsAFile) {
  Write("empty", "");
  const Look look = Open("empty");
  ASSERT_EQ(look.outcome, LookOutcome::kFile);
  EXPECT_TRUE(IsInMemory(look));
  EXPECT_EQ(look.file.data(), nullptr);
  EXPECT_EQ(Find("empty").outcome, LookOutcome::kFile);
}

TEST_F(FilesTest, ALargerFileIsADescriptorThatIsKeptForTheNextRequest) {
  Write("max", std::string(kSmallMax, 'm'));
  Write("large", std::string(kSmallMax + 1, 'l'));
  EXPECT_TRUE(IsInMemory(Open("max")));
  EXPECT_EQ(TextOf(Open("large")), std::string(kSmallMax + 1, 'l'));
  files_->Collect();
  const Look found = Find("large");
  ASSERT_EQ(found.outcome, LookOutcome::kFile);
  EXPECT_GE(files_->DescriptorOf(found.file), 0);
  EXPECT_EQ(kernel_.descriptors_open, 1);
  EXPECT_EQ(files_->open(), 2U);
}

TEST_F(FilesTest, BeyondOpenFilesADescriptorIsForTheOneRequest) {
  const std::string large(kSmallMax + 1, 'l');
  for (const char* path : {"1", "2", "3"}) Write(path, large);
  static_cast<void>(Open("1"));
  static_cast<void>(Open("2"));
  Look third = Open("3");
  EXPECT_EQ(TextOf(third), large);
  EXPECT_EQ(files_->descriptors_remembered(), 2U);
  EXPECT_EQ(Find("3").outcome, LookOutcome::kUnknown);
  EXPECT_EQ(Find("1").outcome, LookOutcome::kFile);
  EXPECT_EQ(kernel_.descriptors_open, 3);
  third.file.Return();
  files_->Collect();
  EXPECT_EQ(kernel_.descriptors_open, 2);
  std::filesystem::remove(At("1"));
  EXPECT_EQ(Open("1").outcome, LookOutcome::kMissing);
  static_cast<void>(Open("3"));
  EXPECT_EQ(Find("3").outcome, LookOutcome::kFile) << "there is room again";
}

TEST_F(FilesTest, WhatIsNoFileToServeIsMissing) {
  Write("folder/file", "x");
  ASSERT_EQ(mkfifo(At("fifo").c_str(), 0600), 0);
  ASSERT_EQ(symlink("/etc/passwd", At("out").c_str()), 0);
  ASSERT_EQ(symlink("loop", At("loop").c_str()), 0);
  const std::string long_name(256, 'n');
  for (const char* path : {"absent", "absent/file", "folder/file/x", "fifo", "out", "loop", "../x",
                           "/etc/passwd", "", long_name.c_str()}) {
    EXPECT_EQ(Open(path).outcome, LookOutcome::kMissing) << path;
    EXPECT_EQ(OpenCold(path).outcome, LookOutcome::kMissing) << path;
  }
  EXPECT_EQ(Find("absent").outcome, LookOutcome::kMissing);
  EXPECT_EQ(Find("fifo").outcome, LookOutcome::kMissing);
  EXPECT_EQ(counters_.completions_unexpected.value(), 0U);
  EXPECT_EQ(kernel_.descriptors_open, 0);
}

TEST_F(FilesTest, ADirectoryIsRememberedAsOne) {
  Write("folder/file", "x");
  EXPECT_EQ(Open("folder").outcome, LookOutcome::kDirectory);
  EXPECT_EQ(Find("folder").outcome, LookOutcome::kDirectory);
  EXPECT_EQ(OpenCold("folder/").outcome, LookOutcome::kDirectory);
}

TEST_F(FilesTest, ANameThatIsNotInMemoryIsOpenedThroughTheRing) {
  Write("cold.txt", "content");
  kernel_.open_error = EAGAIN;
  EXPECT_EQ(Open("cold.txt").outcome, LookOutcome::kUnknown);
  EXPECT_EQ(Find("cold.txt").outcome, LookOutcome::kUnknown) << "nothing is known of it";
  EXPECT_EQ(TextOf(OpenCold("cold.txt")), "content");
  EXPECT_EQ(Find("cold.txt").outcome, LookOutcome::kFile);
  EXPECT_EQ(counters_.files_opened.value(), 1U);
  EXPECT_EQ(counters_.files_opened_cold.value(), 1U);
}

TEST_F(FilesTest, TwoThatWaitForOneNameShareItsFile) {
  Write("cold", std::string(kSmallMax + 1, 'c'));
  const Look first = OpenCold("cold");
  const Look second = OpenCold("cold");
  EXPECT_EQ(first.file.id(), second.file.id());
  EXPECT_EQ(kernel_.descriptors_open, 1);
}

TEST_F(FilesTest, EveryErrnoSaysWhatItMeans) {
  io_uring_cqe cqe{};
  const auto outcome_of = [&](int error) {
    cqe.res = -error;
    return files_->OnCompletion(cqe, 0, "name", now_ns_).outcome;
  };
  for (const int error : {ENOENT, ENOTDIR, ENAMETOOLONG, EXDEV, ELOOP, EACCES, EPERM, EINVAL,
                          EILSEQ, ENXIO, ENODEV, ENOMEDIUM, EBUSY, EOVERFLOW}) {
    EXPECT_EQ(outcome_of(error), LookOutcome::kMissing) << error;
  }
  EXPECT_EQ(Find("name").outcome, LookOutcome::kMissing);
  EXPECT_EQ(outcome_of(EAGAIN), LookOutcome::kUnknown);
  for (const int error : {EMFILE, ENFILE, ENOMEM, EIO, EUCLEAN, EBADMSG, ESTALE, ETIMEDOUT,
                          EHOSTDOWN, ECONNREFUSED, ENOTCONN, ENOKEY, EINTR, ECANCELED}) {
    EXPECT_EQ(outcome_of(error), LookOutcome::kUnavailable) << error;
  }
  EXPECT_EQ(counters_.completions_unexpected.value(), 0U);
  EXPECT_EQ(outcome_of(EBADF), LookOutcome::kUnavailable);
  EXPECT_EQ(counters_.completions_unexpected.value(), 1U);
}

TEST_F(FilesTest, WithoutADescriptorAFileIsUnavailableAndNotForgotten) {
  Write("file", std::string(kSmallMax + 1, 'x'));
  static_cast<void>(Open("file"));
  const Look look = [&] {
    const NoDescriptorLeft none;
    now_ns_ += 2 * kSecond;
    return Open("file");
  }();
  EXPECT_EQ(look.outcome, LookOutcome::kUnavailable);
  EXPECT_EQ(files_->open(), 1U);
  EXPECT_EQ(Open("file").outcome, LookOutcome::kFile);
}

TEST_F(FilesTest, AFileThatCannotBeLookedAtIsUnavailable) {
  Write("file", "x");
  kernel_.status_error = EIO;
  EXPECT_EQ(Open("file").outcome, LookOutcome::kUnavailable);
  EXPECT_EQ(kernel_.descriptors_open, 0);
}

TEST_F(FilesTest, WithoutASlotAFileIsUnavailable) {
  Write("file", "x");
  std::vector<Look> held;
  for (uint32_t i = 0; i < kSlots; ++i) {
    Replace("file", std::to_string(i));
    held.push_back(Open("file"));
    ASSERT_EQ(held.back().outcome, LookOutcome::kFile);
  }
  Replace("file", "last");
  EXPECT_EQ(Open("file").outcome, LookOutcome::kUnavailable);
  EXPECT_EQ(kernel_.descriptors_open, 0);
  EXPECT_EQ(TextOf(held[7]), "7");
  held.clear();
  EXPECT_EQ(TextOf(Open("file")), "last");
}

TEST_F(FilesTest, ALongNameIsServedAndNotRemembered) {
  const std::string path = std::string(200, 'a') + "/" + std::string(200, 'b');
  Write(path, "x");
  EXPECT_EQ(TextOf(Open(path.c_str())), "x");
  EXPECT_EQ(Find(path.c_str()).outcome, LookOutcome::kUnknown);
  EXPECT_EQ(Open((path + "absent").c_str()).outcome, LookOutcome::kMissing);
}

TEST_F(FilesTest, AFloodOfMissingNamesPushesNoFileOut) {
  Write("hot", "x");
  static_cast<void>(Open("hot"));
  for (int i = 0; i < 2000; ++i) static_cast<void>(Open(std::to_string(i).c_str()));
  EXPECT_EQ(Find("hot").outcome, LookOutcome::kFile);
  EXPECT_GT(counters_.files_evicted.value(), 1000U);
}

TEST_F(FilesTest, AFileThatIsPushedOutStaysWithWhoHasIt) {
  Write("first", std::string(kSmallMax + 1, 'f'));
  Look first = Open("first");
  for (int i = 0; i < 400; ++i) {
    Write(std::to_string(i), "x");
    static_cast<void>(Open(std::to_string(i).c_str()));
    files_->Collect();
  }
  ASSERT_EQ(Find("first").outcome, LookOutcome::kUnknown) << "pushed out";
  EXPECT_EQ(files_->descriptors_remembered(), 0U);
  EXPECT_EQ(TextOf(first), std::string(kSmallMax + 1, 'f'));
  EXPECT_LE(files_->open(), 65U);
  first.file.Return();
  files_->Collect();
  EXPECT_EQ(kernel_.descriptors_open, 0);
}

TEST_F(FilesTest, WhatNobodyAsksForIsForgottenInTime) {
  Write("large", std::string(kSmallMax + 1, 'l'));
  Write("small", "s");
  static_cast<void>(Open("large"));
  static_cast<void>(Open("small"));
  now_ns_ += files::kRememberedNs / 2;
  static_cast<void>(Open("small"));
  now_ns_ += files::kRememberedNs / 2 + 1;
  files_->Age(now_ns_);
  files_->Collect();
  EXPECT_EQ(files_->open(), 1U) << "the small one was asked for meanwhile";
  EXPECT_EQ(kernel_.descriptors_open, 0);
}

TEST_F(FilesTest, ForgettingLeavesWhatOthersHold) {
  Write("file", "x");
  const Look held = Open("file");
  files_->Forget();
  files_->Collect();
  EXPECT_EQ(Find("file").outcome, LookOutcome::kUnknown);
  EXPECT_EQ(files_->open(), 1U);
  EXPECT_EQ(TextOf(held), "x");
}

TEST_F(FilesTest, AFailedWorkerClosesAllItsFiles) {
  Write("large", std::string(kSmallMax + 1, 'l'));
  Look held = Open("large");
  files_->Abandon();
  EXPECT_EQ(files_->open(), 0U);
  EXPECT_EQ(kernel_.descriptors_open, 0);
  held.file.Detach();
  files_.reset();
  arena_ = *base::Arena::Map({1, 1, 1, 1, kSlots});
  Begin({});
}

}  // namespace
}  // namespace ringway::rooms
