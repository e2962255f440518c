// SPDX-License-Identifier: Apache-2.0
//
// A pipe whose reader the test plays: one that reads, one that stalls, one that is gone.
#include "gateway/server/log_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace ringway::server {
namespace {

// Never reached by a test that passes: a close that waits ends when the lines are written.
constexpr std::chrono::minutes kLong(1);
constexpr std::chrono::milliseconds kShort(10);
constexpr size_t kBytesMax = 1000;

class Pipe {
 public:
  /// Of one page, the least: until it is read it has room for one write.
  Pipe() {
    EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0);
    EXPECT_GT(fcntl(ends_[1], F_SETPIPE_SZ, 4096), 0);
  }
  ~Pipe() {
    CloseReader();
    CloseWriter();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void CloseReader() { Close(ends_[0]); }
  void CloseWriter() { Close(ends_[1]); }
  int writer() const { return ends_[1]; }

  /// Until the last writer has closed its end.
  std::string ReadAll() {
    CloseWriter();
    std::string text;
    std::array<char, 4096> piece;
    for (ssize_t count; (count = read(ends_[0], piece.data(), piece.size())) > 0;) {
      text.append(piece.data(), static_cast<size_t>(count));
    }
    return text;
  }

  void Fill() {
    const std::string page(4096, 'x');
    EXPECT_EQ(write(ends_[1], page.data(), page.size()), 4096);
  }

  void ReadPage() {
    std::array<char, 4096> page;
    EXPECT_EQ(read(ends_[0], page.data(), page.size()), 4096);
  }

 private:
  static void Close(int& fd) {
    if (fd >= 0) close(fd);
    fd = -1;
  }
  std::array<int, 2> ends_ = {-1, -1};
};

LogWriter::Options To(const Pipe& pipe, size_t bytes_max = kBytesMax) {
  return {.fd = pipe.writer(), .bytes_max = bytes_max, .loss_line = [](uint64_t lost) {
            return absl::StrCat("lost ", lost, "\n");
          }};
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  EXPECT_EQ(lines.back(), "") << "the last line has no end";
  lines.pop_back();
  return lines;
}

TEST(LogWriter, WritesLinesInOrder) {
  Pipe pipe;
  LogWriter writer(To(pipe));
  EXPECT_TRUE(writer.idle());
  std::string read;
  std::thread reader([&] { read = pipe.ReadAll(); });
  writer.Add("one\n");
  writer.Add("two\n");
  writer.Add("three\n");
  EXPECT_EQ(writer.Close(kLong), LogWriter::Ending::kDone);
  EXPECT_EQ(writer.Close(kLong), LogWriter::Ending::kDone) << "once more";
  EXPECT_EQ(writer.lost(), 0U);
  reader.join();
  EXPECT_EQ(read, "one\ntwo\nthree\n");
}

TEST(LogWriter, WritesALineThatIsLongerThanAPipe) {
  Pipe pipe;
  std::string read;
  const std::string line = std::string(20'000, 'a') + "\n";
  LogWriter writer(To(pipe, 100'000));
  std::thread reader([&] { read = pipe.ReadAll(); });
  writer.Add("short\n");
  writer.Add(line);
  writer.Add("short\n");
  EXPECT_EQ(writer.Close(kLong), LogWriter::Ending::kDone);
  reader.join();
  EXPECT_EQ(read, "short\n" + line + "short\n");
}

TEST(LogWriter, TellsTheLossInThePlaceOfTheLostLines) {
  Pipe pipe;
  pipe.Fill();
  LogWriter writer(To(pipe));
  const std::string line = std::string(99, 'a') + "\n";
  // Ten lines fit, and as many again if the thread takes them while others come.
  uint64_t added = 0;
  while (writer.lost() == 0 && added < 100) {
    writer.Add(line);
    ++added;
  }
  EXPECT_EQ(writer.lost(), 1U);
  EXPECT_GE(added, kBytesMax / line.size() + 1);
  EXPECT_FALSE(writer.idle());
  pipe.ReadPage();
  std::string read;
  std::thread reader([&] { read = pipe.ReadAll(); });
  EXPECT_EQ(writer.Close(kLong), LogWriter::Ending::kDone);
  reader.join();
  const std::vector<std::string> lines = Lines(read);
  ASSERT_EQ(lines.size(), added);
  EXPECT_EQ(lines.back(), "lost 1");
  EXPECT_EQ(lines.front(), std::string(99, 'a'));
}

TEST(LogWriter, LosesALineThatCanNeverFitAndGoesOn) {
  Pipe pipe;
  LogWriter writer(To(pipe));
  writer.Add(std::string(kBytesMax, 'a') + "\n");
  EXPECT_EQ(writer.lost(), 1U);
  EXPECT_EQ(writer.Close(kLong), LogWriter::Ending::kDone);
  EXPECT_EQ(pipe.ReadAll(), "lost 1\n");
}

// Two threads log faster than a third one reads: each line is either read, whole and in its
// thread's order, or told as lost.
TEST(LogWriter, ReadAndLostLinesAreAllLines) {
  constexpr int kLines = 20'000;
  Pipe pipe;
  std::string read;
  LogWriter writer(To(pipe));
  std::thread reader([&] { read = pipe.ReadAll(); });
  const auto log = [&](const char* name) {
    for (int i = 0; i < kLines; ++i) writer.Add(absl::StrCat(name, " ", i, "\n"));
  };
  std::thread first(log, "first");
  std::thread second(log, "second");
  first.join();
  second.join();
  EXPECT_EQ(writer.Close(kLong), LogWriter::Ending::kDone);
  reader.join();
  int next_first = 0;
  int next_second = 0;
  uint64_t lines = 0;
  uint64_t lost = 0;
  for (const std::string& line : Lines(read)) {
    const std::pair<std::string, std::string> words = absl::StrSplit(line, ' ');
    int number = 0;
    ASSERT_TRUE(absl::SimpleAtoi(words.second, &number)) << line;
    if (words.first == "lost") {
      lost += static_cast<uint64_t>(number);
      continue;
    }
    ASSERT_TRUE(words.first == "first" || words.first == "second") << line;
    int& next = words.first == "first" ? next_first : next_second;
    ASSERT_GE(number, next) << line;
    next = number + 1;
    ++lines;
  }
  EXPECT_EQ(lines + lost, uint64_t{2 * kLines});
  EXPECT_EQ(writer.lost(), lost);
}

TEST(LogWriter, GivesUpOnAReaderThatHasStalled) {
  Pipe pipe;
  pipe.Fill();
  LogWriter writer(To(pipe));
  writer.Add("one\n");
  EXPECT_FALSE(writer.idle());
  EXPECT_EQ(writer.Close(kShort), LogWriter::Ending::kGaveUp);
  EXPECT_EQ(writer.Close(kShort), LogWriter::Ending::kGaveUp) << "once more";
}

// Other processes share stderr's description.
TEST(LogWriter, LeavesTheDescriptorAsItIs) {
  Pipe pipe;
  LogWriter writer(To(pipe));
  writer.Add("one\n");
  EXPECT_EQ(writer.Close(kLong), LogWriter::Ending::kDone);
  EXPECT_EQ(fcntl(pipe.writer(), F_GETFL) & O_NONBLOCK, 0);
}

// No SIGPIPE either, which would end the test.
TEST(LogWriter, CountsWhatNobodyCanRead) {
  Pipe pipe;
  pipe.CloseReader();
  LogWriter writer(To(pipe));
  for (int i = 0; i < 3; ++i) writer.Add("one\n");
  EXPECT_EQ(writer.Close(kLong), LogWriter::Ending::kDone);
  EXPECT_EQ(writer.lost(), 3U);
}

TEST(LogWriter, CountsWhatHasNoDescriptor) {
  LogWriter writer({.fd = -1, .bytes_max = kBytesMax, .loss_line = [](uint64_t) { return "\n"; }});
  writer.Add("one\n");
  EXPECT_EQ(writer.Close(kLong), LogWriter::Ending::kDone);
  EXPECT_EQ(writer.lost(), 1U);
}

}  // namespace
}  // namespace ringway::server
