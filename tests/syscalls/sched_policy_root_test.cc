// SPDX-License-Identifier: Apache-2.0
//
// sched_setattr(2) by root: every policy, SCHED_DEADLINE's rules, and what forks
// inherit.

#include <errno.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

struct Attr {
  uint32_t size = 56;
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0, deadline = 0, period = 0;
  uint32_t util_min = 0, util_max = 0;
};

constexpr uint32_t kDeadline = 6;
constexpr uint64_t kResetOnFork = 1, kReclaim = 2, kKeepPolicy = 8,
                   kKeepParams = 0x10;

long Set(Attr attr) { return syscall(SYS_sched_setattr, 0, &attr, 0); }

Attr Get() {
  Attr attr;
  EXPECT_THAT(syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0),
              Succeeds());
  return attr;
}

Attr Deadline(uint64_t runtime, uint64_t deadline, uint64_t period) {
  Attr attr;
  attr.policy = kDeadline;
  attr.runtime = runtime;
  attr.deadline = deadline;
  attr.period = period;
  return attr;
}

class SchedAttrTest : public testing::Test {
 protected:
  ~SchedAttrTest() override { Set({}); }
};

TEST_F(SchedAttrTest, DeadlineIsReadBack) {
  Attr wanted = Deadline(1000000, 10000000, 20000000);
  wanted.flags = kReclaim;
  ASSERT_THAT(Set(wanted), Succeeds());
  const Attr attr = Get();
  EXPECT_EQ(attr.policy, kDeadline);
  EXPECT_EQ(attr.flags, kReclaim);
  EXPECT_EQ(attr.runtime, 1000000u);
  EXPECT_EQ(attr.deadline, 10000000u);
  EXPECT_EQ(attr.period, 20000000u);
  EXPECT_THAT(sched_getscheduler(0), SucceedsWith(int{kDeadline}));
  timespec interval = {1, 1};
  EXPECT_THAT(sched_rr_get_interval(0, &interval), Succeeds());
  EXPECT_EQ(interval.tv_nsec, 0);
}

TEST_F(SchedAttrTest, PeriodIsTheDeadlineUnlessGiven) {
  ASSERT_THAT(Set(Deadline(1000000, 10000000, 0)), Succeeds());
  EXPECT_EQ(Get().period, 10000000u);
}

TEST_F(SchedAttrTest, DeadlineMustMakeSense) {
  EXPECT_THAT(Set(Deadline(0, 0, 0)), FailsWith(EINVAL));
  EXPECT_THAT(Set(Deadline(1000, 10000000, 0)), FailsWith(EINVAL));
  EXPECT_THAT(Set(Deadline(20000000, 10000000, 0)), FailsWith(EINVAL));
  EXPECT_THAT(Set(Deadline(1000000, 10000000, 5000000)), FailsWith(EINVAL));
  EXPECT_THAT(Set(Deadline(10000, 20000, 0)), FailsWith(EINVAL));
  EXPECT_THAT(Set(Deadline(1000000, 10000000000, 0)), FailsWith(EINVAL));
  Attr attr = Deadline(1000000, 10000000, 0);
  attr.priority = 1;
  EXPECT_THAT(Set(attr), FailsWith(EINVAL));
}

TEST_F(SchedAttrTest, DeadlineTaskCannotFork) {
  ASSERT_THAT(Set(Deadline(1000000, 10000000, 0)), Succeeds());
  EXPECT_THAT(fork(), FailsWith(EAGAIN));
  Attr attr = Deadline(1000000, 10000000, 0);
  attr.flags = kResetOnFork;
  ASSERT_THAT(Set(attr), Succeeds());
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(sched_getscheduler(0) == SCHED_OTHER);
              }),
              Exited(0));
}

TEST_F(SchedAttrTest, KeepsWhatItIsTold) {
  Attr attr;
  attr.policy = SCHED_FIFO;
  attr.priority = 7;
  ASSERT_THAT(Set(attr), Succeeds());
  attr.policy = SCHED_RR;
  attr.flags = kKeepPolicy;
  attr.priority = 9;
  ASSERT_THAT(Set(attr), Succeeds());
  EXPECT_EQ(Get().policy, uint32_t{SCHED_FIFO});
  EXPECT_EQ(Get().priority, 9u);
  attr.flags = kKeepParams;
  attr.priority = 3;
  ASSERT_THAT(Set(attr), Succeeds());
  // The policy counts as one of the parameters.
  EXPECT_EQ(Get().policy, uint32_t{SCHED_FIFO});
  EXPECT_EQ(Get().priority, 9u);
}

TEST_F(SchedAttrTest, RealtimeNeedsPriority) {
  Attr attr;
  attr.policy = SCHED_FIFO;
  EXPECT_THAT(Set(attr), FailsWith(EINVAL));
  attr.priority = 100;
  EXPECT_THAT(Set(attr), FailsWith(EINVAL));
  attr.policy = SCHED_OTHER;
  attr.priority = 1;
  EXPECT_THAT(Set(attr), FailsWith(EINVAL));
}

TEST_F(SchedAttrTest, NiceIsCut) {
  Attr attr;
  attr.nice = -100;
  ASSERT_THAT(Set(attr), Succeeds());
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), -20);
  EXPECT_EQ(Get().nice, -20);
}

TEST_F(SchedAttrTest, SliceOfFairTasks) {
  Attr attr;
  attr.runtime = 5000000;
  ASSERT_THAT(Set(attr), Succeeds());
  EXPECT_EQ(Get().runtime, 5000000u);
  attr.runtime = 1;
  ASSERT_THAT(Set(attr), Succeeds());
  EXPECT_EQ(Get().runtime, 100000u);
}

TEST_F(SchedAttrTest, SizesAndErrors) {
  Attr attr;
  attr.size = 40;
  EXPECT_THAT(Set(attr), FailsWith(E2BIG));
  attr.size = 48;
  EXPECT_THAT(Set(attr), Succeeds());
  attr.size = 0;
  EXPECT_THAT(Set(attr), Succeeds());
  attr.flags = 0x80;
  EXPECT_THAT(Set(attr), FailsWith(EINVAL));
  attr.flags = 0;
  attr.policy = 7;
  EXPECT_THAT(Set(attr), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_sched_setattr, 0, nullptr, 0), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_sched_setattr, 0, BadAddress(), 0),
              FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_sched_setattr, -1, &attr, 0), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_sched_setattr, 0, &attr, 1), FailsWith(EINVAL));
  attr.policy = 0;
  EXPECT_THAT(syscall(SYS_sched_setattr, 0x3ffffff, &attr, 0),
              FailsWith(ESRCH));
}

TEST_F(SchedAttrTest, WhatOthersMayNot) {
  EXPECT_THAT(RunInChild([] {
                Attr attr;
                attr.policy = SCHED_RR;
                attr.priority = 6;
                CHILD_CHECK(Set(attr) == 0);
                CHILD_CHECK(setresuid(1000, 1000, 1000) == 0);
                attr.priority = 7;
                CHILD_CHECK(Set(attr) == -1 && errno == EPERM);
                attr.priority = 5;
                CHILD_CHECK(Set(attr) == 0);
                CHILD_CHECK(Set(Deadline(1000000, 10000000, 0)) == -1 &&
                            errno == EPERM);
                attr = {};
                attr.nice = -1;
                CHILD_CHECK(Set(attr) == -1 && errno == EPERM);
                attr.nice = 3;
                CHILD_CHECK(Set(attr) == 0);
                attr.policy = SCHED_IDLE;
                CHILD_CHECK(Set(attr) == 0);
                attr.policy = SCHED_OTHER;
                CHILD_CHECK(Set(attr) == -1 && errno == EPERM);
              }),
              Exited(0));
}

}  // namespace
}  // namespace emu
