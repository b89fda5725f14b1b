// SPDX-License-Identifier: Apache-2.0

#include "kernel/signal/signal_state.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <vector>

namespace emu {
namespace {

constexpr SignalSet kAll = ~SignalSet{0};
const int kRealtime = 40;

Siginfo Sent(int signo, Pid from = 1) {
  return Siginfo::Kill(signo, SI_QUEUE, from, 0);
}

std::vector<int> TakeAll(SignalQueue& queue, SignalSet allowed = kAll) {
  std::vector<int> taken;
  while (std::optional<Siginfo> info = queue.Take(allowed)) {
    taken.push_back(info->signo());
  }
  return taken;
}

TEST(SignalQueueTest, KeepsStandardSignalsOnceWithTheFirstSender) {
  SignalQueue queue;
  EXPECT_TRUE(queue.Add(Sent(SIGUSR1, 5)));
  EXPECT_FALSE(queue.Add(Sent(SIGUSR1, 6)));
  EXPECT_EQ(queue.Take(kAll)->pid(), 5);
  EXPECT_FALSE(queue.Take(kAll).has_value());
}

TEST(SignalQueueTest, KeepsEveryRealtimeSignalInOrderOfSending) {
  SignalQueue queue;
  for (Pid from : {7, 8, 9}) EXPECT_TRUE(queue.Add(Sent(kRealtime, from)));
  for (Pid from : {7, 8, 9}) {
    EXPECT_TRUE(queue.Has(kRealtime));
    EXPECT_EQ(queue.Take(kAll)->pid(), from);
  }
  EXPECT_EQ(queue.set(), 0u);
}

TEST(SignalQueueTest, GivesFaultsFirstAndThenTheLowestNumber) {
  SignalQueue queue;
  for (int signo : {kRealtime, SIGTERM, SIGHUP, SIGSEGV}) {
    queue.Add(Sent(signo));
  }
  EXPECT_EQ(TakeAll(queue),
            (std::vector<int>{SIGSEGV, SIGHUP, SIGTERM, kRealtime}));
}

TEST(SignalQueueTest, TakesOnlyWhatIsAllowed) {
  SignalQueue queue;
  queue.Add(Sent(SIGHUP));
  queue.Add(Sent(SIGTERM));
  EXPECT_EQ(TakeAll(queue, SignalBit(SIGTERM)), std::vector<int>{SIGTERM});
  EXPECT_TRUE(queue.Has(SIGHUP));
}

TEST(SignalQueueTest, ForgetsOneTimerAndKeepsTheOther) {
  SignalQueue queue;
  queue.Add(Siginfo::TimerExpired(kRealtime, 3, 0, 0));
  queue.Add(Siginfo::TimerExpired(kRealtime, 4, 0, 0));
  EXPECT_TRUE(queue.HasTimer(3));
  queue.DiscardTimer(3);
  EXPECT_FALSE(queue.HasTimer(3));
  EXPECT_TRUE(queue.Has(kRealtime));
  queue.DiscardTimer(4);
  EXPECT_FALSE(queue.Has(kRealtime));
}

TEST(SiginfoTest, ChildHasItsFieldsWhereLinuxHasThem) {
  const Siginfo info = Siginfo::Child(SIGCHLD, CLD_KILLED, 12, 1000, SIGTERM,
                                      3, 4);
  siginfo_t wire;
  static_assert(sizeof(wire) == sizeof(SiginfoBytes));
  memcpy(&wire, info.bytes().data(), sizeof(wire));
  EXPECT_EQ(wire.si_signo, SIGCHLD);
  EXPECT_EQ(wire.si_code, CLD_KILLED);
  EXPECT_EQ(wire.si_pid, 12);
  EXPECT_EQ(wire.si_uid, 1000u);
  EXPECT_EQ(wire.si_status, SIGTERM);
  EXPECT_EQ(wire.si_utime, 3);
  EXPECT_EQ(wire.si_stime, 4);
}

TEST(SiginfoTest, TimerHasItsFieldsWhereLinuxHasThem) {
  const Siginfo info = Siginfo::TimerExpired(SIGALRM, 2, 9, 0x1234);
  siginfo_t wire;
  memcpy(&wire, info.bytes().data(), sizeof(wire));
  EXPECT_EQ(wire.si_code, SI_TIMER);
  EXPECT_EQ(wire.si_timerid, 2);
  EXPECT_EQ(wire.si_overrun, 9);
  EXPECT_EQ(wire.si_value.sival_ptr, reinterpret_cast<void*>(0x1234));
}

}  // namespace
}  // namespace emu
