// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_writer.h"

#include <signal.h>

#include <string>

#include "gtest/gtest.h"

namespace emu {
namespace {

SyscallEntry Entry(const char* name) {
  return {.name = name,
          .kind = SyscallEntry::Kind::kServed,
          .note = "",
          .parameters = "int n",
          .result = "int",
          .error = 0,
          .call = nullptr};
}

class StraceWriterTest : public testing::Test {
 protected:
  void Send(Event event) {
    writer_.OnEvent(event,
                    [](void*, GuestAddr, size_t) -> size_t { return 0; });
  }
  void Enter(Pid tid, const SyscallEntry& entry, Nanos time = 0) {
    Event event{.kind = Event::Kind::kEnter};
    event.tid = tid;
    event.time = time;
    event.entry = &entry;
    event.args = {7};
    Send(event);
  }
  void Tell(Event::Kind kind, Pid tid, int64_t result = 0,
            uint64_t number = 0) {
    Event event{.kind = kind};
    event.tid = tid;
    event.time = 2'000'003'000;
    event.result = result;
    event.number = number;
    Send(event);
  }

  void Spawn(Pid tid, Pid child) { Tell(Event::Kind::kSpawn, tid, 0, child); }

  std::string text_;
  StraceWriter writer_{StraceWriter::To::kTerminal,
                       [this](absl::string_view line) {
                         text_.append(line.data(), line.size());
                       }};
  const SyscallEntry sleep_ = Entry("sleep");
  const SyscallEntry wake_ = Entry("wake");
  // Fills its argument in.
  const SyscallEntry pipe_ = Entry("pipe");
};

TEST_F(StraceWriterTest, ACallIsALineWithTheTimeItBegan) {
  Enter(2, sleep_, 1'000'000);
  Tell(Event::Kind::kExit, 2, 5);
  EXPECT_EQ(text_, "0.001000 sleep(7)                       = 5\n");
}

TEST_F(StraceWriterTest, TasksAreNamedWhileThereAreSeveral) {
  Enter(2, sleep_);
  Spawn(2, 3);
  Tell(Event::Kind::kExit, 2);
  Tell(Event::Kind::kDeath, 3, 0, 3 << 8);
  Enter(2, sleep_);
  Tell(Event::Kind::kExit, 2);
  EXPECT_EQ(text_,
            "strace: Process 3 attached\n"
            "[pid     2] 0.000000 sleep(7)           = 0\n"
            "[pid     3] 2.000003 +++ exited with 3 +++\n"
            "0.000000 sleep(7)                       = 0\n");
}

TEST_F(StraceWriterTest, InAFileTasksAreAlwaysNamed) {
  StraceWriter writer(StraceWriter::To::kFile, [this](absl::string_view line) {
    text_.append(line.data(), line.size());
  });
  Event death{.kind = Event::Kind::kDeath};
  death.tid = 2;
  writer.OnFirstExec(death, "execve(\"/p\", [\"p\"], NULL");
  writer.OnEvent(death, [](void*, GuestAddr, size_t) -> size_t { return 0; });
  EXPECT_EQ(text_,
            "2     0.000000 execve(\"/p\", [\"p\"], NULL) = 0\n"
            "2     0.000000 +++ exited with 0 +++\n");
}

TEST_F(StraceWriterTest, ACallThatOthersInterruptIsTwoLines) {
  Enter(2, sleep_);
  Spawn(2, 3);
  Tell(Event::Kind::kBlock, 2);
  Enter(3, wake_);
  Tell(Event::Kind::kExit, 3);
  Tell(Event::Kind::kWake, 2);
  Tell(Event::Kind::kExit, 2);
  EXPECT_EQ(text_,
            "strace: Process 3 attached\n"
            "[pid     2] 0.000000 sleep(7 <unfinished ...>\n"
            "[pid     3] 0.000000 wake(7)            = 0\n"
            "[pid     2] 2.000003 <... sleep resumed>) = 0\n");
}

TEST_F(StraceWriterTest, ACallThatWaitsIsSeenMeanwhile) {
  Enter(2, sleep_);
  Tell(Event::Kind::kBlock, 2);
  EXPECT_EQ(text_, "0.000000 sleep(7");
  Tell(Event::Kind::kBlock, 2);
  Tell(Event::Kind::kWake, 2);
  Tell(Event::Kind::kExit, 2);
  EXPECT_EQ(text_, "0.000000 sleep(7)                       = 0\n");
}

TEST_F(StraceWriterTest, WhatNeverReturnsHasNoResult) {
  Enter(2, sleep_);
  Tell(Event::Kind::kDeath, 2, 0, 3 << 8);
  EXPECT_EQ(text_,
            "0.000000 sleep(7)                       = ?\n"
            "2.000003 +++ exited with 3 +++\n");
}

TEST_F(StraceWriterTest, WhatACallWouldHaveFilledInIsUnfinished) {
  Enter(2, pipe_);
  Spawn(2, 3);
  Enter(3, wake_);
  Tell(Event::Kind::kDeath, 2, 0, SIGKILL);
  EXPECT_EQ(text_,
            "strace: Process 3 attached\n"
            "[pid     2] 0.000000 pipe( <unfinished ...>\n"
            "[pid     3] 0.000000 wake(7 <unfinished ...>\n"
            "[pid     2] 2.000003 <... pipe resumed> <unfinished ...>) = ?\n"
            "[pid     2] 2.000003 +++ killed by SIGKILL +++\n");
}

TEST_F(StraceWriterTest, ExecEndsWithANewProgram) {
  Enter(2, sleep_);
  Tell(Event::Kind::kExec, 2);
  Tell(Event::Kind::kExec, 2);
  EXPECT_EQ(text_, "0.000000 sleep(7)                       = 0\n");
}

TEST_F(StraceWriterTest, AThreadThatExecutesTakesTheLeadersName) {
  Enter(2, sleep_);
  Spawn(2, 3);
  Enter(3, wake_);
  text_.clear();
  writer_.Rename(3, 2, 2'000'003'000);
  Tell(Event::Kind::kExec, 2);
  EXPECT_EQ(text_,
            "[pid     3] 0.000000 wake(7 <unfinished ...>\n"
            "[pid     2] 2.000003 <... sleep resumed>) = ?\n"
            "[pid     2] 2.000003 +++ superseded by execve in pid 3 +++\n"
            "2.000003 <... wake resumed>)            = 0\n");
}

TEST_F(StraceWriterTest, SaysWhoStopped) {
  Enter(2, sleep_);
  writer_.OnStop(2, 5000, SIGTSTP);
  EXPECT_EQ(text_,
            "0.000000 sleep(7 <unfinished ...>\n"
            "0.000005 --- stopped by SIGTSTP ---\n");
}

TEST_F(StraceWriterTest, ReturningFromASignalShowsTheMask) {
  static constexpr SyscallEntry kReturn = {
      .name = "rt_sigreturn",
      .kind = SyscallEntry::Kind::kServed,
      .note = "",
      .parameters = "",
      .result = "void",
      .error = 0,
      .call = nullptr};
  Enter(2, kReturn);
  writer_.OnMask(2, uint64_t{1} << (SIGINT - 1));
  writer_.OnMask(2, 0);
  Enter(2, sleep_);
  EXPECT_EQ(text_, "0.000000 rt_sigreturn({mask=[INT]})     = ?\n");
}

TEST_F(StraceWriterTest, SignalsAndTheDeathsByThemAreTold) {
  Tell(Event::Kind::kSignal, 2, 0, SIGTERM);
  Tell(Event::Kind::kDeath, 2, 0, SIGTERM);
  EXPECT_EQ(
      text_,
      "2.000003 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=0, "
      "si_uid=0} ---\n"
      "2.000003 +++ killed by SIGTERM +++\n");
}

TEST_F(StraceWriterTest, TheEndShowsWhatIsUnfinished) {
  Enter(2, sleep_);
  writer_.Finish();
  writer_.Finish();
  EXPECT_EQ(text_, "0.000000 sleep(7 <unfinished ...>\n");
}

}  // namespace
}  // namespace emu
