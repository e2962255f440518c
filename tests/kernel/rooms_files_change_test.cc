// SPDX-License-Identifier: Apache-2.0
//
// The room files on files that change, and on disks that are slow: what is put in memory, for how
// long it is taken for true, and who still has the old one.
#include <unistd.h>

#include "tests/kernel/rooms_files_fixture.h"

namespace ringway::rooms {
namespace {

using files::Look;

TEST_F(FilesTest, WhatWasFoundIsTrueForASecond) {
  Write("file", "old");
  static_cast<void>(Open("file"));
  EXPECT_EQ(Open("absent").outcome, LookOutcome::kMissing);
  Replace("file", "new");
  now_ns_ += kSecond;
  EXPECT_EQ(TextOf(Find("file")), "old");
  EXPECT_EQ(Find("absent").outcome, LookOutcome::kMissing);
  ++now_ns_;
  EXPECT_EQ(Find("file").outcome, LookOutcome::kUnknown);
  EXPECT_EQ(Find("absent").outcome, LookOutcome::kUnknown);
}

TEST_F(FilesTest, AFileThatIsUnchangedStaysAndIsFreshAgain) {
  Write("small", "x");
  Write("large", std::string(kSmallMax + 1, 'l'));
  for (const char* path : {"small", "large"}) {
    const Look before = Open(path);
    now_ns_ += 2 * kSecond;
    const Look after = Open(path);
    EXPECT_EQ(after.file.id(), before.file.id());
    EXPECT_EQ(Find(path).outcome, LookOutcome::kFile);
  }
  EXPECT_EQ(kernel_.descriptors_open, 1);
  EXPECT_EQ(counters_.files_kept.value(), 1U);
}

TEST_F(FilesTest, AReplacedFileIsAnotherAndWhoHasTheOldOneKeepsIt) {
  const std::string large(kSmallMax + 1, 'l');
  for (const std::string& text : {std::string("old"), large}) {
    Write("file", text);
    const Look old_file = Open("file");
    Replace("file", "new");
    now_ns_ += 2 * kSecond;
    const Look new_file = Open("file");
    EXPECT_NE(new_file.file.id(), old_file.file.id());
    EXPECT_EQ(TextOf(new_file), "new");
    EXPECT_EQ(TextOf(old_file), text);
    EXPECT_EQ(TextOf(Find("file")), "new");
  }
}

TEST_F(FilesTest, AFileThatIsWrittenInPlaceOrCutIsAnother) {
  Write("file", "0123456789");
  const Look old_file = Open("file");
  Write("file", "abc");
  now_ns_ += 2 * kSecond;
  const Look written = Open("file");
  EXPECT_EQ(TextOf(written), "abc");
  ASSERT_EQ(truncate(At("file").c_str(), 0), 0);
  now_ns_ += 2 * kSecond;
  EXPECT_EQ(TextOf(Open("file")), "");
  EXPECT_EQ(TextOf(old_file), "0123456789") << "memory of its own";
  EXPECT_EQ(TextOf(written), "abc");
}

TEST_F(FilesTest, AFileThatIsGoneIsMissingAndOneThatComesIsFound) {
  Write("file", "x");
  static_cast<void>(Open("file"));
  std::filesystem::remove(At("file"));
  EXPECT_EQ(Open("file").outcome, LookOutcome::kMissing);
  EXPECT_EQ(Find("file").outcome, LookOutcome::kMissing);
  files_->Collect();
  EXPECT_EQ(files_->open(), 0U);
  Write("file", "again");
  EXPECT_EQ(TextOf(Open("file")), "again");
  EXPECT_EQ(TextOf(Find("file")), "again");
  std::filesystem::remove(At("file"));
  std::filesystem::create_directory(At("file"));
  EXPECT_EQ(Open("file").outcome, LookOutcome::kDirectory);
}

TEST_F(FilesTest, AColdSmallFileIsADescriptorForThisTime) {
  Write("file", "0123456789");
  for (const uint64_t resident : {0, 4}) {
    kernel_.resident_bytes = resident;
    const Look cold = Open("file");
    EXPECT_GE(files_->DescriptorOf(cold.file), 0);
    EXPECT_EQ(TextOf(cold), "0123456789");
    EXPECT_EQ(Find("file").outcome, LookOutcome::kUnknown) << "looked at again when it is warm";
  }
  EXPECT_EQ(kernel_.waiting_reads, 0);
  kernel_.resident_bytes = UINT64_MAX;
  EXPECT_TRUE(IsInMemory(Open("file")));
  files_->Collect();
  EXPECT_EQ(kernel_.descriptors_open, 0);
}

TEST_F(FilesTest, ASmallFileIsReadInAsManyPiecesAsItTakes) {
  Write("file", "0123456789");
  kernel_.read_bytes_max = 3;
  const Look look = Open("file");
  EXPECT_TRUE(IsInMemory(look));
  EXPECT_EQ(TextOf(look), "0123456789");
  EXPECT_EQ(kernel_.reads, 4);
}

TEST_F(FilesTest, AFileSystemThatDoesNotSayWhatIsInMemoryIsRead) {
  Write("file", "content");
  kernel_.is_tmpfs = true;
  EXPECT_TRUE(IsInMemory(Open("file")));
  EXPECT_EQ(kernel_.waiting_reads, 1);
}

TEST_F(FilesTest, AFileThatChangesWhileItIsReadIsADescriptorForThisTime) {
  Write("file", "0123456789");
  kernel_.read_bytes_max = 4;
  for (const std::string& text : {std::string("0123"), std::string("0123456789ab")}) {
    kernel_.after_read = [&] { Write("file", text); };
    const Look look = Open("file");
    ASSERT_EQ(look.outcome, LookOutcome::kFile);
    EXPECT_FALSE(IsInMemory(look));
    EXPECT_EQ(Find("file").outcome, LookOutcome::kUnknown);
  }
  EXPECT_EQ(shared_->files(), 0U);
}

TEST_F(FilesTest, WhatWasWrittenWithinOneTickOfTheClockIsSeenASecondLater) {
  kernel_.clock_stands = true;
  Write("file", "old");
  const Look old_file = Open("file");
  Write("file", "new");
  EXPECT_EQ(TextOf(Open("file")), "old") << "not to be told apart from it";
  now_ns_ += 2 * kSecond;
  EXPECT_EQ(TextOf(Open("file")), "new");
  EXPECT_EQ(TextOf(old_file), "old");
  now_ns_ += 2 * kSecond;
  EXPECT_EQ(TextOf(Open("file")), "new");
  const int reads = kernel_.reads;
  now_ns_ += 2 * kSecond;
  EXPECT_EQ(TextOf(Open("file")), "new");
  EXPECT_EQ(kernel_.reads, reads) << "it is settled";
}

TEST_F(FilesTest, WorkersShareWhatIsInMemory) {
  Write("file", "content");
  const Look here = Open("file");
  {
    base::Arena arena = *base::Arena::Map({1, 1, 1, 1, 4});
    files::Files other = *files::Files::Map({.slots = 4,
                                             .cached_files = 64,
                                             .small_bytes_max = kSmallMax,
                                             .roots = {root_},
                                             .shared = shared_});
    other.Bind(ring_, arena, counters_);
    Look there = other.Open(0, "file", now_ns_);
    EXPECT_EQ(there.file.data(), here.file.data());
    EXPECT_EQ(counters_.files_kept.value(), 1U);
    EXPECT_EQ(shared_->files(), 1U);
    there.file.Return();
    other.Forget();
    other.Collect();
  }
  EXPECT_EQ(TextOf(here), "content");
}

TEST_F(FilesTest, AFileThatFindsNoRoomInMemoryIsADescriptorUntilThereIsSome) {
  shared_ = std::make_shared<files::SharedFiles>(files::SharedFilesOptions{.bytes_max = 4096});
  Begin({.open_files = 2});
  Write("first", "1");
  Write("second", "2");
  static_cast<void>(Open("first"));
  EXPECT_FALSE(IsInMemory(Open("second")));
  EXPECT_FALSE(IsInMemory(Find("second"))) << "remembered like a large one";
  EXPECT_EQ(kernel_.reads, 1) << "not read in vain";
  now_ns_ += 2 * kSecond;
  EXPECT_FALSE(IsInMemory(Open("second")));
  std::filesystem::remove(At("first"));
  EXPECT_EQ(Open("first").outcome, LookOutcome::kMissing);
  files_->Collect();
  now_ns_ += 2 * kSecond;
  EXPECT_TRUE(IsInMemory(Open("second")));
  EXPECT_EQ(files_->descriptors_remembered(), 0U);
}

TEST_F(FilesTest, WithoutARegistryNothingIsPutInMemory) {
  auto shared = std::exchange(shared_, nullptr);
  Begin({.open_files = 1});
  Write("file", "x");
  Write("empty", "");
  EXPECT_FALSE(IsInMemory(Open("file")));
  EXPECT_FALSE(IsInMemory(Open("empty")));
  shared_ = std::move(shared);
}

}  // namespace
}  // namespace ringway::rooms
