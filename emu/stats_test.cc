// SPDX-License-Identifier: Apache-2.0

#include "emu/stats.h"

#include <errno.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernel/syscall.h"

namespace emu {
namespace {

using testing::HasSubstr;
using testing::Not;

class StatsTest : public testing::Test {
 protected:
  void Tell(Event::Kind kind, Pid tid, const SyscallEntry* entry = nullptr,
            int64_t result = 0) {
    Event event{.kind = kind};
    event.tid = tid;
    event.entry = entry;
    event.result = result;
    event.number = 9;
    stats_.Count(event);
  }

  static SyscallEntry Entry(const char* name, SyscallEntry::Kind kind,
                            const char* note) {
    return {.name = name,
            .kind = kind,
            .note = note,
            .parameters = "",
            .result = "int",
            .error = EPERM,
            .call = nullptr};
  }

  Nanos now_ = 1;
  uint64_t stops_ = 0;
  Stats stats_{[this] { return now_; }, [this] { return stops_; }, nullptr};
  const SyscallEntry read_ = Entry("read", SyscallEntry::Kind::kServed, "");
  const SyscallEntry bpf_ =
      Entry("bpf", SyscallEntry::Kind::kRefused, "no programs in the kernel");
};

TEST_F(StatsTest, CountsCallsErrorsAndTime) {
  for (int i = 0; i < 3; ++i) {
    ++stops_;
    Tell(Event::Kind::kEnter, 2, &read_);
    now_ += 2'000'000;
    Tell(Event::Kind::kExit, 2, &read_, i == 0 ? -EBADF : 1);
  }
  EXPECT_THAT(stats_.Table(),
              HasSubstr("100.00    0.006000    2000.000         3         3"
                        "         1         0 read\n"));
}

TEST_F(StatsTest, WaitingIsNotCounted) {
  Tell(Event::Kind::kEnter, 2, &read_);
  now_ += 1'000'000;
  Tell(Event::Kind::kBlock, 2);
  now_ += 500'000'000;
  Tell(Event::Kind::kSwitch, 2);
  now_ += 1'000'000;
  Tell(Event::Kind::kExit, 2, &read_);
  EXPECT_THAT(stats_.Table(), HasSubstr("    0.002000 "));
}

TEST_F(StatsTest, StopsAreThoseThatACallCost) {
  stops_ += 3;  // two faults, and the call
  Tell(Event::Kind::kEnter, 2, &read_);
  stops_ += 4;  // for the answer
  Tell(Event::Kind::kBlock, 2);
  ++stops_;  // another task's fault
  Tell(Event::Kind::kSwitch, 2);
  stops_ += 2;
  Tell(Event::Kind::kExit, 2, &read_);
  EXPECT_THAT(stats_.Table(), HasSubstr("        1         7         0"));
  EXPECT_THAT(stats_.Table(), HasSubstr(" 3 stops between calls\n"));
}

TEST_F(StatsTest, RefusedCallsAreNamedWithTheReason) {
  Tell(Event::Kind::kEnter, 2, &bpf_);
  Tell(Event::Kind::kExit, 2, &bpf_, -EPERM);
  Tell(Event::Kind::kEnter, 2, nullptr);
  Tell(Event::Kind::kExit, 2, nullptr, -ENOSYS);
  EXPECT_THAT(stats_.Table(),
              HasSubstr("refused: bpf (no programs in the kernel)\n"));
  EXPECT_THAT(stats_.Table(), HasSubstr("refused: syscall_9 (no such call)\n"));
}

TEST_F(StatsTest, AnEmptyRunHasATable) {
  EXPECT_THAT(stats_.Table(), HasSubstr(" total\n"));
  EXPECT_THAT(stats_.Table(), Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace emu
