// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/script.h"

#include <gtest/gtest.h>

#include <string>

namespace emu {
namespace {

TEST(ScriptTest, InterpreterAndOneArgument) {
  const auto line = ParseScript("#! \t/bin/sh  -e x \t\nrest");
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->interpreter, "/bin/sh");
  ASSERT_TRUE(line->has_argument);
  EXPECT_EQ(line->argument, "-e x");
}

TEST(ScriptTest, NoArgument) {
  const auto line = ParseScript("#!/bin/sh   \n");
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->interpreter, "/bin/sh");
  EXPECT_FALSE(line->has_argument);
}

TEST(ScriptTest, LineMayEndWithTheFile) {
  const auto line = ParseScript("#!/bin/sh -e");
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->interpreter, "/bin/sh");
  EXPECT_EQ(line->argument, "-e");
}

TEST(ScriptTest, EmptyLineNamesNoInterpreter) {
  EXPECT_EQ(ParseScript("#! \t \n/bin/sh").error(), Errno(ENOEXEC));
}

TEST(ScriptTest, NameThatIsCutOffIsRefusedAndArgumentIsNot) {
  const std::string long_name = "#!/" + std::string(300, 'x') + "\n";
  EXPECT_EQ(ParseScript(long_name).error(), Errno(ENOEXEC));
  const auto line = ParseScript("#!/bin/sh " + std::string(300, 'x') + "\n");
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->argument, std::string(kScriptBytes - 1 - 10, 'x'));
}

}  // namespace
}  // namespace emu
