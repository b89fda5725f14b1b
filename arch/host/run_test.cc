// SPDX-License-Identifier: Apache-2.0
//
// What makes a running guest stop, and how it goes on.

#include "arch/host/test_machine.h"

namespace emu {
namespace {

GUEST_CODE(exits, R"(
  mov eax, 231     # exit_group
  mov edi, 42
  syscall
  hlt
)")

TEST(RunTest, StopsAtASystemCallWithNumberAndArguments) {
  TestMachine host;
  Machine::Guest guest = host.Start(exits);
  Stop stop = guest.cpu->Run({});
  EXPECT_THAT(stop, IsSyscall(SYS_exit_group));
  EXPECT_EQ(stop.args[0], 42u);
}

GUEST_CODE(counts, R"(
1:
  mov eax, 39     # getpid
  syscall
  mov edi, eax
  jmp 1b
)")

TEST(RunTest, GoesOnWithTheResultOfTheCall) {
  TestMachine host;
  Machine::Guest guest = host.Start(counts);
  for (int i = 0; i < 100; ++i) {
    Stop stop = guest.cpu->Run({});
    ASSERT_THAT(stop, IsSyscall(SYS_getpid));
    if (i > 0) {
      EXPECT_EQ(stop.args[0], static_cast<uint64_t>(1000 + i - 1));
    }
    guest.cpu->SetResult(1000 + i);
  }
}

}  // namespace
}  // namespace emu
