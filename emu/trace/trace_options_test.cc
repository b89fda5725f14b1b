// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/trace_options.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::StatusOr<TraceCommandOptions> Parse(std::vector<std::string> args) {
  return ParseTraceOptions(args);
}

std::string ErrorOf(std::vector<std::string> args) {
  const auto options = Parse(std::move(args));
  EXPECT_FALSE(options.ok());
  return std::string(options.status().message());
}

TEST(TraceOptionsTest, ReadsEveryOption) {
  const auto dump =
      Parse({"dump", "--from", "5", "--to=9", "--tid", "3,4", "--calls",
             "read,write", "-n", "--no-times", "--inputs", "--json", "file"});
  ASSERT_TRUE(dump.ok()) << dump.status();
  EXPECT_EQ(dump->command, "dump");
  EXPECT_THAT(dump->files, ElementsAre("file"));
  EXPECT_EQ(dump->dump.from, 5);
  EXPECT_EQ(dump->dump.to, 9);
  EXPECT_THAT(dump->dump.tids, ElementsAre(3, 4));
  EXPECT_THAT(dump->dump.calls, ElementsAre("read", "write"));
  EXPECT_TRUE(dump->dump.numbers && !dump->dump.times && dump->dump.inputs &&
              dump->dump.json);
  EXPECT_EQ(Parse({"files", "--extract", "/x", "file"})->extract, "/x");
  EXPECT_EQ(Parse({"diff", "a", "b", "--context", "3"})->context, 3);
  EXPECT_EQ(Parse({"export", "-o", "out", "a"})->output, "out");
  EXPECT_THAT(Parse({"info", "a", "b", "c"})->files,
              ElementsAre("a", "b", "c"));
}

TEST(TraceOptionsTest, SaysWhatIsWrong) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("emu trace --help explains"));
  EXPECT_THAT(ErrorOf({"bogus"}), HasSubstr("knows no \"bogus\""));
  EXPECT_THAT(ErrorOf({"dump"}), HasSubstr("takes one recording"));
  EXPECT_THAT(ErrorOf({"dump", "a", "b"}), HasSubstr("takes one recording"));
  EXPECT_THAT(ErrorOf({"diff", "a"}), HasSubstr("takes two recordings"));
  EXPECT_THAT(ErrorOf({"dump", "--bogus", "a"}),
              HasSubstr("unknown option --bogus"));
  EXPECT_THAT(ErrorOf({"dump", "--from", "x", "a"}),
              HasSubstr("--from: \"x\""));
  EXPECT_THAT(ErrorOf({"export", "--format", "x", "a"}),
              HasSubstr("\"x\" is not chrome"));
}

TEST(TraceOptionsTest, ExplainsEachCommand) {
  EXPECT_TRUE(Parse({"--help"})->help);
  for (const TraceCommandInfo& command : TraceCommandList()) {
    EXPECT_TRUE(Parse({command.name, "--help"})->help);
    EXPECT_THAT(TraceHelp(""), HasSubstr("emu trace " + command.name));
    for (const std::string& option : command.options) {
      EXPECT_THAT(TraceHelp(command.name),
                  HasSubstr(option.substr(0, option.find('='))));
    }
  }
}

}  // namespace
}  // namespace emu
