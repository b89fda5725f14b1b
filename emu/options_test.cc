// SPDX-License-Identifier: Apache-2.0

#include "emu/options.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

RunOptions Parse(const std::vector<std::string>& args) {
  auto options = ParseRunOptions(args, nullptr);
  EXPECT_TRUE(options.ok()) << options.status();
  return options.ok() ? *options : RunOptions();
}

std::string Error(const std::vector<std::string>& args) {
  const auto options = ParseRunOptions(args, nullptr);
  return options.ok() ? "no error" : std::string(options.status().message());
}

TEST(ParseRunOptionsTest, HasDefaultsForAll) {
  const RunOptions o = Parse({"true"});
  EXPECT_EQ(o.root, "/");
  EXPECT_EQ(o.user.user, "1000");
  EXPECT_EQ(o.hostname, "emu");
  EXPECT_EQ(o.cpus, 1);
  EXPECT_EQ(o.memory, uint64_t{4} << 30);
  EXPECT_EQ(o.seed, 0u);
  EXPECT_EQ(o.epoch, kDefaultEpoch);
  EXPECT_FALSE(o.host_time || o.timeout || o.strace || o.stats || o.env_host);
  EXPECT_FALSE(o.strict || o.strict_processor);
}

TEST(ParseRunOptionsTest, TheProgramsOptionsAreItsOwn) {
  EXPECT_THAT(Parse({"--stats", "ls", "--root", "-v"}).argv,
              ElementsAre("ls", "--root", "-v"));
  EXPECT_THAT(Parse({"-w", "/", "--", "-odd", "--"}).argv,
              ElementsAre("-odd", "--"));
  EXPECT_THAT(Parse({"sh", "-c", "--", "x"}).argv,
              ElementsAre("sh", "-c", "--", "x"));
  EXPECT_THAT(Parse({"-"}).argv, ElementsAre("-"));
}

TEST(ParseRunOptionsTest, TakesEverySpelling) {
  const RunOptions o = Parse(
      {"--root=/tmp/r", "-v", "/a:/b", "--volume", "/c:/d:rw", "-v/e:/f",
       "--export", "/x:y", "--tmpfs=/scratch", "-w", "/b", "-e", "A=1",
       "--env=B=", "-e", "C", "--env-host", "-u", "0:5", "--hostname", "h",
       "--cpus=3", "--memory", "1G", "--pids-limit", "9", "--seed", "7",
       "--epoch", "2001-01-01", "--time=host", "--timeout", "3s", "--stats",
       "prog"});
  EXPECT_EQ(o.root, "/tmp/r");
  ASSERT_EQ(o.binds.size(), 3u);
  EXPECT_TRUE(o.binds[1].writable);
  EXPECT_EQ(o.binds[2].guest, "/f");
  EXPECT_EQ(o.exports.at(0).host, "y");
  EXPECT_THAT(o.tmpfs, ElementsAre("/scratch"));
  EXPECT_EQ(o.workdir, "/b");
  ASSERT_EQ(o.env.size(), 3u);
  EXPECT_EQ(o.env[1].second, "");
  EXPECT_EQ(o.env[2].second, std::nullopt);
  EXPECT_TRUE(o.env_host);
  EXPECT_EQ(o.user.group, "5");
  EXPECT_EQ(o.cpus, 3);
  EXPECT_EQ(o.pids_limit, 9u);
  EXPECT_EQ(o.seed, 7u);
  EXPECT_EQ(o.epoch, Nanos{978307200} * 1'000'000'000);
  EXPECT_TRUE(o.host_time);
  EXPECT_EQ(o.timeout, Nanos{3} * 1'000'000'000);
  EXPECT_THAT(o.argv, ElementsAre("prog"));
}

TEST(ParseRunOptionsTest, TheLastOneOfTwoCounts) {
  EXPECT_EQ(Parse({"--seed", "1", "--seed", "2", "x"}).seed, 2u);
}

TEST(ParseRunOptionsTest, StrictnessTowardsTheProcessorIncludesTheOther) {
  const RunOptions strict = Parse({"--strict", "x"});
  EXPECT_TRUE(strict.strict && !strict.strict_processor);
  const RunOptions both = Parse({"--strict-processor", "x"});
  EXPECT_TRUE(both.strict && both.strict_processor);
}

TEST(ParseRunOptionsTest, StraceNeverTakesTheProgramForItsFile) {
  const RunOptions plain = Parse({"--strace", "ls"});
  EXPECT_EQ(plain.strace, "");
  EXPECT_THAT(plain.argv, ElementsAre("ls"));
  EXPECT_EQ(Parse({"--strace=out.txt", "ls"}).strace, "out.txt");
}

TEST(ParseRunOptionsTest, AValueMayLookLikeAnOption) {
  EXPECT_EQ(Parse({"-e", "-x=--", "prog"}).env.at(0).first, "-x");
}

TEST(ParseRunOptionsTest, RandomAndNowComeFromTheHost) {
  const RunOptions o = Parse({"--seed", "random", "--epoch", "now", "x"});
  EXPECT_EQ(o.seed, std::nullopt);
  EXPECT_EQ(o.epoch, std::nullopt);
}

TEST(ParseRunOptionsTest, SourceDateEpochIsTheEpochUnlessAnOptionSaysIt) {
  EXPECT_EQ(ParseRunOptions({"x"}, "5")->epoch, Nanos{5'000'000'000});
  EXPECT_EQ(ParseRunOptions({"--epoch", "6", "x"}, "5")->epoch,
            Nanos{6'000'000'000});
  EXPECT_THAT(std::string(ParseRunOptions({"x"}, "soon").status().message()),
              StartsWith("the environment's SOURCE_DATE_EPOCH: \"soon\""));
}

TEST(ParseRunOptionsTest, HelpNeedsNoProgram) {
  EXPECT_TRUE(Parse({"--help"}).help);
  EXPECT_TRUE(Parse({"-h"}).help);
  EXPECT_FALSE(Parse({"ls", "--help"}).help);
}

TEST(ParseRunOptionsTest, SaysWhichOptionIsWrongAndHow) {
  EXPECT_EQ(Error({"--memory", "lots", "x"}),
            "--memory: \"lots\" is not a size in bytes, such as 512M or 4G "
            "(emu run --help explains the options)");
  EXPECT_THAT(Error({"--bogus", "x"}), StartsWith("unknown option --bogus"));
  EXPECT_THAT(Error({"--bogus=3", "x"}), StartsWith("unknown option --bogus"));
  EXPECT_THAT(Error({"-z", "x"}), StartsWith("unknown option -z"));
  EXPECT_THAT(Error({"-v", "/a", "x"}), StartsWith("--volume: \"/a\" is not"));
  EXPECT_THAT(Error({"--time", "fast", "x"}), StartsWith("--time: "));
  EXPECT_THAT(Error({"--seed", "x", "x"}), HasSubstr("\"random\""));
  EXPECT_THAT(Error({"-e", "=x", "x"}), StartsWith("--env: "));
  EXPECT_THAT(Error({"--cpus", "0", "x"}), StartsWith("--cpus: "));
  EXPECT_THAT(Error({"--memory", "4K", "x"}), StartsWith("--memory: "));
  EXPECT_THAT(Error({"--root=", "x"}), HasSubstr("--root"));
}

TEST(ParseRunOptionsTest, MissingThingsAreNamed) {
  EXPECT_THAT(Error({}), StartsWith("no program to run"));
  EXPECT_THAT(Error({"--stats"}), StartsWith("no program to run"));
  EXPECT_THAT(Error({"--"}), StartsWith("no program to run"));
  EXPECT_THAT(Error({"--root"}), HasSubstr("--root"));
}

TEST(ParseRunOptionsTest, MessagesAreOneLine) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{
           {}, {"--root"}, {"--bogus"}, {"--memory", "x\ny", "z"}}) {
    EXPECT_EQ(Error(args).find('\n'), std::string::npos) << Error(args);
  }
}

TEST(RunHelpTest, NamesEveryOptionAndWarnsOfKeys) {
  const std::string help = RunHelp();
  for (const OptionInfo& option : RunOptionList()) {
    EXPECT_THAT(help, HasSubstr("--" + option.long_name));
    EXPECT_THAT(help, HasSubstr(option.value));
  }
  EXPECT_THAT(help, StartsWith("Runs PROGRAM"));
  EXPECT_THAT(help, HasSubstr("WARNING"));
  EXPECT_THAT(help, HasSubstr("Never use keys"));
}

TEST(RunHelpTest, FitsATerminal) {
  size_t start = 0;
  const std::string help = RunHelp();
  while (start < help.size()) {
    const size_t end = help.find('\n', start);
    EXPECT_LE(end - start, 80u) << help.substr(start, end - start);
    start = end + 1;
  }
}

}  // namespace
}  // namespace emu
