// SPDX-License-Identifier: Apache-2.0
//
// Whether the simulated client of a static route sees what is wrong: it is shown answers as a
// gateway might give them, good ones and bad ones.
#include "tests/sim/file_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/sim/file_actor.h"

namespace ringway::sim {
namespace {

const std::string kNotModified = "HTTP/1.1 304 Any\r\nX-Content-Type-Options: nosniff\r\n";

class FileReaderTest : public testing::Test {
 protected:
  FileReaderTest() { book_.Put({.path = "a.bin", .bytes = 10'000}); }

  /// Bytes of a version, by its place in the order in which they came.
  static std::string BytesOf(uint64_t number, uint64_t first, uint64_t count) {
    std::vector<uint8_t> bytes(count);
    Tape(TapeKind::kBinary, number * 7919).Fill(first, bytes);
    return {bytes.begin(), bytes.end()};
  }
  static std::string Head(int status, uint64_t number, const std::string& fields) {
    const std::string date = FileBook::DateOf(1'600'000'000 + static_cast<int64_t>(number));
    return absl::StrCat("HTTP/1.1 ", status, " Any\r\nContent-Type: text/plain\r\n",
                        "X-Content-Type-Options: nosniff\r\n", fields, "Last-Modified: ", date,
                        "\r\nETag: \"", number, "\"\r\n\r\n");
  }
  static std::string Whole(uint64_t number, uint64_t bytes) {
    return Head(200, number, absl::StrCat("Content-Length: ", bytes, "\r\n")) +
           BytesOf(number, 0, bytes);
  }
  SentRequest Asked() const {
    return {.request = {.target = "a.bin", .path = "a.bin"},
            .entity_tag = {},
            .sent_ns = clock_.now_ns};
  }
  SentRequest AskedFor(std::vector<AskedRange> ranges) const {
    SentRequest sent = Asked();
    sent.request.ranges = std::move(ranges);
    return sent;
  }
  /// What the client complains of; empty: the answer is good, and whole. Read in pieces.
  std::string Verdict(const SentRequest& sent, const std::string& answer) {
    sim::Verdict verdict(clock_);
    FileReader reader(book_, verdict);
    reader.Expect(sent);
    for (size_t at = 0; at < answer.size() && !reader.is_done();) {
      const auto* front = reinterpret_cast<const uint8_t*>(answer.data()) + at;
      const size_t used = reader.Feed({front, std::min<size_t>(7, answer.size() - at)});
      at += used;
      if (verdict.failed()) return verdict.failure();
      if (reader.is_done() && at < answer.size()) return "bytes behind the answer";
    }
    return reader.is_done() ? "" : "it is not whole";
  }
  void ExpectWrong(const std::string& why, const SentRequest& sent, const std::string& answer) {
    const std::string verdict = Verdict(sent, answer);
    EXPECT_TRUE(absl::StrContains(verdict, why)) << why << " was expected, not: " << verdict;
  }

  SimClock clock_;
  FileTree tree_;
  FileBook book_{tree_, clock_};
};

TEST_F(FileReaderTest, AWholeFileIsGood) { EXPECT_EQ(Verdict(Asked(), Whole(0, 10'000)), ""); }

TEST_F(FileReaderTest, ATypeThatBrowsersMayGuessIsSeen) {
  std::string answer = Whole(0, 10'000);
  const std::string line = "X-Content-Type-Options: nosniff\r\n";
  answer.erase(answer.find(line), line.size());
  ExpectWrong("may be guessed", Asked(), answer);
}

TEST_F(FileReaderTest, AByteThatIsAnotherIsSeen) {
  std::string answer = Whole(0, 10'000);
  answer.back() = static_cast<char>(answer.back() + 1);
  ExpectWrong("wrong bytes", Asked(), answer);
}

TEST_F(FileReaderTest, ALengthThatIsAnotherIsSeen) {
  ExpectWrong("10000 bytes", Asked(), Whole(0, 9'999));
}

TEST_F(FileReaderTest, BytesOfTwoVersionsAreSeen) {
  book_.Change("a.bin", ChangeKind::kOverwrite, 10'000);
  const std::string mixed =
      Head(200, 0, "Content-Length: 10000\r\n") + BytesOf(0, 0, 5'000) + BytesOf(1, 5'000, 5'000);
  ExpectWrong("wrong bytes", Asked(), mixed);
  EXPECT_EQ(Verdict(Asked(), Whole(0, 10'000)), "") << "it was so a moment ago";
  EXPECT_EQ(Verdict(Asked(), Whole(1, 10'000)), "");
}

TEST_F(FileReaderTest, AVersionFromLongAgoIsSeen) {
  book_.Change("a.bin", ChangeKind::kReplace, 300);
  clock_.now_ns += 2'000'000'000;
  ExpectWrong("no such version", Asked(), Whole(0, 10'000));
  EXPECT_EQ(Verdict(Asked(), Whole(1, 300)), "");
}

TEST_F(FileReaderTest, ATagThatTwoVersionsHaveIsSeen) {
  EXPECT_EQ(Verdict(Asked(), Whole(0, 10'000)), "");
  book_.Change("a.bin", ChangeKind::kReplace, 300);
  std::string answer = Whole(1, 300);
  answer.replace(answer.find("\"1\""), 3, "\"0\"");
  ExpectWrong("a wrong tag", Asked(), answer);
}

TEST_F(FileReaderTest, APartIsTheOneThatWasAskedFor) {
  const SentRequest sent = AskedFor({{.first = 9'000}});
  const std::string fields = "Content-Length: 1000\r\nContent-Range: bytes 9000-9999/10000\r\n";
  EXPECT_EQ(Verdict(sent, Head(206, 0, fields) + BytesOf(0, 9'000, 1'000)), "");
  ExpectWrong("wrong bytes", sent, Head(206, 0, fields) + BytesOf(0, 8'999, 1'000));
  ExpectWrong("more than was asked for", sent, Whole(0, 10'000));
  ExpectWrong("less than was asked for", Asked(), Head(206, 0, fields));
}

TEST_F(FileReaderTest, PartsAreReadByTheirHeads) {
  const SentRequest sent = AskedFor({{.first = 0, .last = 9}, {.first = 50, .last = 50}});
  const std::string front = "\r\nContent-Type: text/plain\r\nContent-Range: bytes ";
  const std::string one = absl::StrCat("--B", front, "0-9/10000\r\n\r\n", BytesOf(0, 0, 10));
  const std::string two = absl::StrCat("\r\n--B", front, "50-50/10000\r\n\r\n", BytesOf(0, 50, 1));
  const auto answer = [](const std::string& body) {
    std::string head = Head(206, 0, absl::StrCat("Content-Length: ", body.size(), "\r\n"));
    head.replace(head.find("text/plain"), 10, "multipart/byteranges; boundary=B");
    return head + body;
  };
  EXPECT_EQ(Verdict(sent, answer(one + two + "\r\n--B--\r\n")), "");
  ExpectWrong("part 0", sent, answer(two + one + "\r\n--B--\r\n"));
  ExpectWrong("the last boundary", sent, answer(one + two + "\r\n--C--\r\n"));
  ExpectWrong("length of all parts", sent, answer(one + two + "\r\n--B--\r\n  "));
}

TEST_F(FileReaderTest, NothingOfItIsThereOnlyWhereThatIsSo) {
  const std::string beyond =
      "HTTP/1.1 416 Any\r\nX-Content-Type-Options: nosniff\r\nContent-Range: bytes "
      "*/10000\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(Verdict(AskedFor({{.first = 10'000}}), beyond), "");
  ExpectWrong("something", AskedFor({{.first = 9'999}}), beyond);
}

TEST_F(FileReaderTest, AConditionDecidesByTheTag) {
  SentRequest sent = Asked();
  sent.request.condition = Condition::kIfNoneMatch;
  sent.entity_tag = "\"0\"";
  EXPECT_EQ(Verdict(sent, kNotModified + "ETag: \"0\"\r\n\r\n"), "");
  ExpectWrong("If-None-Match", sent, Whole(0, 10'000));
  sent.entity_tag = "\"other\"";
  EXPECT_EQ(Verdict(sent, Whole(0, 10'000)), "");
  ExpectWrong("If-None-Match", sent, kNotModified + "ETag: \"0\"\r\n\r\n");
  ExpectWrong("nobody asked", Asked(), kNotModified + "ETag: \"0\"\r\n\r\n");
}

TEST_F(FileReaderTest, AHeadBringsNoBody) {
  SentRequest sent = Asked();
  sent.request.head = true;
  EXPECT_EQ(Verdict(sent, Head(200, 0, "Content-Length: 10000\r\n")), "");
  ExpectWrong("10000 bytes", sent, Head(200, 0, "Content-Length: 0\r\n"));
}

TEST_F(FileReaderTest, AFileThatIsNotThereIsNotFound) {
  SentRequest sent = Asked();
  sent.request = {.wish = Wish::kMissing, .target = ".git/config", .path = {}};
  EXPECT_EQ(Verdict(sent, "HTTP/1.1 404 Any\r\nContent-Length: 2\r\n\r\nno"), "");
  ExpectWrong("a wrong status", sent, Whole(0, 10'000));
  ExpectWrong("a wrong status", Asked(), "HTTP/1.1 404 Any\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(FileReaderTest, ChangesHappenInTheirOrderAndInTheirTime) {
  sim::Verdict verdict(clock_);
  const std::vector<PlannedFile> files = {{.path = "d/b.bin", .bytes = 5}};
  FileActor actor(files,
                  {{.at_ns = 20, .kind = ChangeKind::kReplace, .bytes = 7},
                   {.at_ns = 10, .kind = ChangeKind::kResize, .bytes = 3}},
                  book_, verdict);
  actor.BeginAt(1'000);
  std::shared_ptr<File> before;
  ASSERT_EQ(tree_.Find("d/b.bin", &before), 0);
  EXPECT_EQ(actor.due_ns(), 1'010U);
  actor.Act(1'010);
  EXPECT_EQ(before->bytes.size(), 3U);
  EXPECT_EQ(before->status.bytes, 3U);
  EXPECT_TRUE(book_.IsSpoilt("d/b.bin", 0));
  EXPECT_EQ(actor.due_ns(), 1'020U);
  actor.Act(5'000);
  EXPECT_EQ(before->bytes.size(), 3U) << "it has another name's file now";
  std::shared_ptr<File> after;
  ASSERT_EQ(tree_.Find("d/b.bin", &after), 0);
  EXPECT_EQ(after->bytes.size(), 7U);
  EXPECT_NE(after->status.inode, before->status.inode);
  EXPECT_EQ(actor.due_ns(), kNeverNs);
}

}  // namespace
}  // namespace ringway::sim
