// SPDX-License-Identifier: Apache-2.0
#include "arch/host/host_signals.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

TEST(HostSignalsTest, EachSignalIsToldOnceLowestFirst) {
  auto signals = *HostSignals::Install();
  for (int signo : {SIGWINCH, SIGTERM, SIGINT, SIGINT, SIGHUP, SIGTSTP}) {
    raise(signo);
  }
  std::vector<int> told;
  while (std::optional<int> signo = signals->Take()) told.push_back(*signo);
  EXPECT_THAT(told,
              testing::ElementsAre(SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH));
}

TEST(HostSignalsTest, InputAndAlarmsAreNoSignalsForTheGuest) {
  auto signals = *HostSignals::Install();
  raise(SIGIO);
  EXPECT_TRUE(signals->Pending());
  EXPECT_EQ(signals->Take(), std::nullopt);
  EXPECT_FALSE(signals->TakeAlarm());
  EXPECT_TRUE(signals->TakeInput());
  EXPECT_FALSE(signals->TakeInput());
  raise(SIGALRM);
  EXPECT_TRUE(signals->TakeAlarm());
  EXPECT_FALSE(signals->Pending());
}

TEST(HostSignalsTest, ASignalInterruptsTheNextRun) {
  auto signals = *HostSignals::Install();
  EXPECT_FALSE(signals->TakeInterrupt());
  raise(SIGTERM);
  EXPECT_TRUE(signals->TakeInterrupt());
  EXPECT_FALSE(signals->TakeInterrupt());
  signals->Interrupt();
  EXPECT_TRUE(signals->TakeInterrupt());
}

TEST(HostSignalsTest, PollReturnsAtOnceForASignalThatCameBefore) {
  auto signals = *HostSignals::Install();
  raise(SIGINT);
  auto ready = signals->Poll({}, std::nullopt);
  ASSERT_TRUE(ready.ok());
  EXPECT_EQ(*ready, 0);
}

TEST(HostSignalsTest, PollEndsWithASignal) {
  auto signals = *HostSignals::Install();
  alarm(1);
  auto ready = signals->Poll({}, std::nullopt);
  ASSERT_TRUE(ready.ok());
  EXPECT_TRUE(signals->TakeAlarm());
}

TEST(HostSignalsTest, PollEndsWithItsTimeOrItsDescriptors) {
  auto signals = *HostSignals::Install();
  auto ready = signals->Poll({}, 1'000'000);
  ASSERT_TRUE(ready.ok());
  EXPECT_EQ(*ready, 0);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  pollfd fd = {ends[1], POLLOUT, 0};
  ready = signals->Poll(absl::MakeSpan(&fd, 1), std::nullopt);
  ASSERT_TRUE(ready.ok());
  EXPECT_EQ(*ready, 1);
  EXPECT_EQ(fd.revents, POLLOUT);
  close(ends[0]);
  close(ends[1]);
}

TEST(HostSignalsTest, WhatWasIgnoredAtTheStartStaysIgnored) {
  signal(SIGINT, SIG_IGN);
  {
    auto signals = *HostSignals::Install();
    raise(SIGINT);
    EXPECT_FALSE(signals->Pending());
  }
  signal(SIGINT, SIG_DFL);
}

TEST(HostSignalsTest, ThereIsOneAndItPutsBackWhatWas) {
  struct sigaction before, after;
  sigaction(SIGTERM, nullptr, &before);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGWINCH);
  sigprocmask(SIG_BLOCK, &blocked, nullptr);
  {
    auto signals = *HostSignals::Install();
    EXPECT_FALSE(HostSignals::Install().ok());
    raise(SIGWINCH);
    EXPECT_EQ(signals->Take(), SIGWINCH) << "though it was blocked";
  }
  sigaction(SIGTERM, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
  sigset_t now;
  sigprocmask(SIG_UNBLOCK, &blocked, &now);
  EXPECT_TRUE(sigismember(&now, SIGWINCH));
}

}  // namespace
}  // namespace emu
