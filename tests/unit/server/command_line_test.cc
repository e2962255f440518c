// SPDX-License-Identifier: Apache-2.0
//
// What people type after `ringway`.
#include "gateway/server/command_line.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace ringway::server {
namespace {

struct Parsed {
  CommandLine line;
  std::string out;
  std::string error;
};

Parsed Parse(std::initializer_list<const char*> words) {
  std::vector<std::string> texts{"ringway"};
  texts.insert(texts.end(), words.begin(), words.end());
  std::vector<char*> argv;
  for (std::string& text : texts) argv.push_back(text.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Parsed parsed{.line = ParseCommandLine(static_cast<int>(argv.size()), argv.data())};
  parsed.out = testing::internal::GetCapturedStdout();
  parsed.error = testing::internal::GetCapturedStderr();
  return parsed;
}

void ExpectWrong(const Parsed& parsed) {
  EXPECT_EQ(parsed.line.command, Command::kExit);
  EXPECT_EQ(parsed.line.exit_code, 2);
  EXPECT_EQ(parsed.out, "");
  EXPECT_NE(parsed.error, "");
}

TEST(CommandLine, ServesTheFileThatConfigNames) {
  const Parsed parsed = Parse({"--config", "a.toml"});
  EXPECT_EQ(parsed.line.command, Command::kServe);
  EXPECT_EQ(parsed.line.config_file, "a.toml");
  EXPECT_EQ(parsed.out + parsed.error, "");
}

TEST(CommandLine, ChecksTheFileInEitherOrder) {
  EXPECT_EQ(Parse({"--check", "--config=a.toml"}).line.command, Command::kCheck);
  EXPECT_EQ(Parse({"--config", "a.toml", "--check"}).line.command, Command::kCheck);
}

TEST(CommandLine, ServesTheDemoAtItsUsualAddressOrAnother) {
  const Parsed usual = Parse({"demo"});
  EXPECT_EQ(usual.line.command, Command::kDemo);
  EXPECT_EQ(usual.line.demo_address, "127.0.0.1:8080");
  EXPECT_EQ(Parse({"demo", "--listen", "[::1]:0"}).line.demo_address, "[::1]:0");
}

TEST(CommandLine, PrintsFeaturesAsTableOrJson) {
  EXPECT_EQ(Parse({"features"}).line.command, Command::kFeatures);
  EXPECT_FALSE(Parse({"features"}).line.json);
  EXPECT_TRUE(Parse({"features", "--json"}).line.json);
}

TEST(CommandLine, PrintsVersionAndHelpWithoutAnError) {
  const Parsed version = Parse({"--version"});
  EXPECT_EQ(version.line.command, Command::kExit);
  EXPECT_EQ(version.line.exit_code, 0);
  EXPECT_EQ(version.out, "ringway " RINGWAY_VERSION "\n");
  const Parsed help = Parse({"--help"});
  EXPECT_EQ(help.line.exit_code, 0);
  for (const char* word : {"--config", "--check", "demo", "features"}) {
    EXPECT_NE(help.out.find(word), std::string::npos) << word;
  }
}

TEST(CommandLine, SaysWhatIsWrongAndEndsWithTwo) {
  ExpectWrong(Parse({}));
  ExpectWrong(Parse({"--nonsense"}));
  ExpectWrong(Parse({"nonsense"}));
  ExpectWrong(Parse({"--config"}));
  ExpectWrong(Parse({"demo", "--listen"}));
  ExpectWrong(Parse({"demo", "features"}));
}

TEST(CommandLine, SaysAtOnceWhatCheckNeeds) {
  const Parsed check = Parse({"--check"});
  ExpectWrong(check);
  EXPECT_EQ(check.error,
            "--check needs a file: ringway --check --config FILE (README.md has an example)\n");
  const Parsed file = Parse({"--check", "a.toml"});
  ExpectWrong(file);
  EXPECT_NE(file.error.find("A file is given with --config FILE.\n"), std::string::npos)
      << file.error;
}

TEST(CommandLine, RefusesAFileBesideACommandThatTakesNone) {
  for (const char* command : {"demo", "features"}) {
    const Parsed check = Parse({"--check", command});
    ExpectWrong(check);
    EXPECT_EQ(check.error, std::string("--check is for a file that is served; ") + command +
                               " takes no file: leave one of the two out\n");
    const Parsed config = Parse({"--config", "a.toml", command});
    ExpectWrong(config);
    EXPECT_EQ(config.error, std::string("--config is for a file that is served; ") + command +
                                " takes no file: leave one of the two out\n");
  }
}

}  // namespace
}  // namespace ringway::server
