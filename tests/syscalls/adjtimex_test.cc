// SPDX-License-Identifier: Apache-2.0
//
// adjtimex(2) and clock_adjtime(2) for those who may only look.

#include <gtest/gtest.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

constexpr int kBadClock = 77;

int Adjust(timex* state) {
  return static_cast<int>(syscall(SYS_adjtimex, state));
}
timex WithModes(unsigned modes) {
  timex state = {};
  state.modes = modes;
  return state;
}

TEST(AdjtimexTest, ReadsAllOfTheClocksState) {
  timex state;
  memset(&state, 0x5a, sizeof(state));
  state.modes = 0;
  const int result = Adjust(&state);
  ASSERT_GE(result, TIME_OK);
  ASSERT_LE(result, TIME_ERROR);
  EXPECT_EQ(state.modes, 0u);
  EXPECT_EQ(result == TIME_ERROR,
            (state.status & (STA_UNSYNC | STA_CLOCKERR)) != 0);
  EXPECT_NEAR(state.tick, 10'000, 1'000);
  EXPECT_EQ(state.precision, 1);
  EXPECT_EQ(state.tolerance, 32'768'000);
  EXPECT_LE(labs(state.freq), state.tolerance);
  EXPECT_LE(state.maxerror, 16'000'000);
  EXPECT_NEAR(state.time.tv_sec, time(nullptr), 2);
  EXPECT_EQ(state.jitcnt, 0);
  EXPECT_EQ(state.stbcnt, 0);
}

TEST(AdjtimexTest, TheSameEachTime) {
  timex first = {}, second = {};
  ASSERT_THAT(Adjust(&first), Succeeds());
  ASSERT_THAT(clock_adjtime(CLOCK_REALTIME, &second), Succeeds());
  EXPECT_EQ(first.status, second.status);
  EXPECT_EQ(first.tick, second.tick);
  EXPECT_EQ(first.constant, second.constant);
  EXPECT_EQ(first.tai, second.tai);
  EXPECT_LE(first.time.tv_sec, second.time.tv_sec);
}

TEST(AdjtimexTest, NothingCanBeSet) {
  for (const unsigned modes :
       {ADJ_OFFSET, ADJ_FREQUENCY, ADJ_STATUS, ADJ_TICK, ADJ_SETOFFSET,
        ADJ_NANO, ADJ_TAI, ADJ_OFFSET_SINGLESHOT}) {
    timex state = WithModes(modes);
    EXPECT_THAT(Adjust(&state), FailsWith(EPERM)) << modes;
  }
}

TEST(AdjtimexTest, PermissionComesBeforeSense) {
  timex state = WithModes(ADJ_TICK);
  state.tick = 1;
  EXPECT_THAT(Adjust(&state), FailsWith(EPERM));
}

TEST(AdjtimexTest, WhatIsLeftOfAnAdjustmentMayBeRead) {
  timex state = WithModes(ADJ_OFFSET_SS_READ);
  EXPECT_THAT(Adjust(&state), Succeeds());
}

TEST(AdjtimexTest, Errors) {
  timex state = {};
  EXPECT_THAT(syscall(SYS_adjtimex, BadAddress()), FailsWith(EFAULT));
  EXPECT_THAT(clock_adjtime(kBadClock, &state), FailsWith(EINVAL));
  EXPECT_THAT(clock_adjtime(CLOCK_MONOTONIC, &state), FailsWith(EOPNOTSUPP));
  EXPECT_THAT(syscall(SYS_clock_adjtime, kBadClock, BadAddress()),
              FailsWith(EFAULT));
}

}  // namespace
}  // namespace emu
