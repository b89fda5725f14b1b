// SPDX-License-Identifier: Apache-2.0

#include "emu/completion.h"

#include <stdlib.h>

#include <string>

#include "arch/host/test_directory.h"
#include "emu/replay_options.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

using testing::HasSubstr;

CommandLine Commands() {
  return {.run = RunOptionList(),
          .record = RecordOptionList(),
          .verify = VerifyOptionList(),
          .replay = ReplayOptionList(),
          .trace = TraceCommandList()};
}

TEST(CompletionScriptTest, KnowsEveryOptionInEveryShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto script = CompletionScript(shell, Commands());
    ASSERT_TRUE(script.ok());
    for (const OptionInfo& option : RecordOptionList()) {
      EXPECT_THAT(*script, HasSubstr(option.long_name)) << shell;
    }
    for (const OptionInfo& option : VerifyOptionList()) {
      EXPECT_THAT(*script, HasSubstr(option.long_name)) << shell;
    }
    for (const TraceCommandInfo& command : TraceCommandList()) {
      EXPECT_THAT(*script, HasSubstr(command.name)) << shell;
    }
  }
  EXPECT_FALSE(CompletionScript("tcsh", Commands()).ok());
}

// What bash itself makes of the script.
TEST(CompletionScriptTest, BashCompletesOptionsAndLeavesProgramsAlone) {
  TestDirectory dir;
  dir.Write("script", *CompletionScript("bash", Commands()));
  dir.Write("test",
            "source ./script\n"
            "try() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _emu;"
            " echo \"${COMPREPLY[*]}\"; }\n"
            "try emu ru\n"
            "try emu rec\n"
            "try emu record --outp\n"
            "try emu record -o /nonexistent --stat\n"
            "try emu replay --ex\n"
            "try emu run --hostn\n"
            "try emu run --hostname --tim\n"
            "try emu run --time vir\n"
            "try emu run -w / --stat\n"
            "try emu run ls --stat\n"
            "try emu run -- --stat\n"
            "try emu verify --ru\n"
            "try emu verify -n 3 --stat\n"
            "try emu help ver\n"
            "try emu completion f\n"
            "try emu trace du\n"
            "try emu trace dump --no\n");
  ASSERT_EQ(system(("cd " + dir.path() + " && bash test >out 2>&1").c_str()),
            0);
  EXPECT_EQ(dir.Read("out"),
            "run\n"
            "record\n"
            "--output\n"
            "--stats\n"
            "--export\n"
            "--hostname\n"
            "\n"
            "virtual\n"
            "--stats\n"
            "\n"
            "\n"
            "--runs\n"
            "--stats\n"
            "verify\n"
            "fish\n"
            "dump\n"
            "--no-times\n");
}

}  // namespace
}  // namespace emu
