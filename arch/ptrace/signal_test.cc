// SPDX-License-Identifier: Apache-2.0
//
// The signal of a stop, the signals that wait, and the signals that are held.
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "arch/base/host_status.h"
#include "arch/ptrace/ptrace.h"
#include "arch/ptrace/test_tracee.h"
#include "arch/ptrace/types.h"
#include "arch/ptrace/wait.h"
#include "gtest/gtest.h"

namespace emu::ptrace {
namespace {

// Queues `signal` with `value` for the calling process.
void Queue(int signal, int value) {
  sigval v;
  v.sival_int = value;
  sigqueue(getpid(), signal, v);
}

void Block(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

// Queues SIGUSR1 with 7; ends with the value that its handler sees.
int ReportsValue() {
  static volatile sig_atomic_t seen = 0;
  struct sigaction action = {};
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = [](int, siginfo_t* info, void*) {
    seen = info->si_value.sival_int;
  };
  sigaction(SIGUSR1, &action, nullptr);
  Queue(SIGUSR1, 7);
  return seen;
}

TEST(GetsiginfoTest, TellsTheSignalAndItsSender) {
  Tracee tracee = Tracee::Seize(ReportsValue);
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGUSR1}}));
  const absl::StatusOr<siginfo_t> info = getsiginfo(tracee.tid());
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->si_signo, SIGUSR1);
  EXPECT_EQ(info->si_code, SI_QUEUE);
  EXPECT_EQ(info->si_pid, tracee.tid().value);
  EXPECT_EQ(info->si_value.sival_int, 7);
}

TEST(GetsiginfoTest, FailsInTheGroupStopOfAnAttachedTracee) {
  Tracee tracee = Tracee::Fork([] {
    for (;;) pause();
    return 0;
  });
  ASSERT_TRUE(attach(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGSTOP}}));
  EXPECT_TRUE(getsiginfo(tracee.tid()).ok());
  ASSERT_TRUE(cont(tracee.tid(), Signal{SIGSTOP}).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGSTOP}}));
  EXPECT_EQ(ErrnoOf(getsiginfo(tracee.tid()).status()), EINVAL);
}

TEST(SetsiginfoTest, ChangesWhatTheHandlerSees) {
  Tracee tracee = Tracee::Seize(ReportsValue);
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGUSR1}}));
  siginfo_t info = *getsiginfo(tracee.tid());
  info.si_value.sival_int = 42;
  ASSERT_TRUE(setsiginfo(tracee.tid(), info).ok());
  ASSERT_TRUE(cont(tracee.tid(), Signal{SIGUSR1}).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{42}));
}

class PeeksiginfoTest : public testing::Test {
 protected:
  // Stops with three signals queued for the process, and one for the thread.
  PeeksiginfoTest()
      : tracee_(Tracee::Seize([] {
          Block(SIGRTMIN);
          Block(SIGUSR2);
          for (int value = 1; value <= 3; ++value) Queue(SIGRTMIN, value);
          RaiseHere(Signal{SIGUSR2});
          RaiseHere(Signal{SIGUSR1});
          return 0;
        })) {
    EXPECT_TRUE(cont(tracee_.tid()).ok());
    EXPECT_EQ(tracee_.Wait(), TraceStop(SignalDeliveryStop{{SIGUSR1}}));
  }

  // Fills infos_ from `offset` of `queue` on.
  absl::StatusOr<size_t> Peek(SignalQueue queue, uint64_t offset) {
    return peeksiginfo(tracee_.tid(), queue, offset, absl::MakeSpan(infos_));
  }

  Tracee tracee_;
  siginfo_t infos_[4] = {};
};

TEST_F(PeeksiginfoTest, CopiesTheProcessesQueueInOrder) {
  EXPECT_EQ(*Peek(SignalQueue::PROCESS, 0), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(infos_[i].si_signo, SIGRTMIN);
    EXPECT_EQ(infos_[i].si_value.sival_int, i + 1);
  }
}

TEST_F(PeeksiginfoTest, CopiesTheThreadsOwnQueue) {
  EXPECT_EQ(*Peek(SignalQueue::THREAD, 0), 1u);
  EXPECT_EQ(infos_[0].si_signo, SIGUSR2);
  EXPECT_EQ(infos_[0].si_code, SI_TKILL);
}

TEST_F(PeeksiginfoTest, StartsAtTheOffsetAndEndsWithTheQueue) {
  EXPECT_EQ(*Peek(SignalQueue::PROCESS, 2), 1u);
  EXPECT_EQ(infos_[0].si_value.sival_int, 3);
  EXPECT_EQ(*Peek(SignalQueue::PROCESS, 3), 0u);
}

TEST_F(PeeksiginfoTest, CopiesNoMoreThanThereIsRoomFor) {
  EXPECT_EQ(*peeksiginfo(tracee_.tid(), SignalQueue::PROCESS, 0,
                         absl::MakeSpan(infos_, 2)),
            2u);
  EXPECT_EQ(infos_[2].si_signo, 0);
}

TEST_F(PeeksiginfoTest, LeavesTheSignalsQueued) {
  EXPECT_EQ(*Peek(SignalQueue::PROCESS, 0), 3u);
  EXPECT_EQ(*Peek(SignalQueue::PROCESS, 0), 3u);
}

TEST_F(PeeksiginfoTest, RefusesAQueueThatDoesNotExist) {
  EXPECT_EQ(ErrnoOf(Peek(SignalQueue{2}, 0).status()), EINVAL);
}

TEST(GetsigmaskTest, TellsWhatIsBlocked) {
  Tracee tracee = Tracee::Seize([] {
    Block(SIGUSR2);
    RaiseHere(Signal{SIGUSR1});
    return 0;
  });
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGUSR1}}));
  const absl::StatusOr<SignalMask> mask = getsigmask(tracee.tid());
  ASSERT_TRUE(mask.ok()) << mask.status();
  EXPECT_TRUE(mask->Contains(Signal{SIGUSR2}));
  EXPECT_FALSE(mask->Contains(Signal{SIGUSR1}));
}

TEST(SetsigmaskTest, HoldsSignalsBack) {
  Tracee tracee = Tracee::Seize([] {
    RaiseHere(Signal{SIGTERM});
    return 8;
  });
  SignalMask mask;
  mask.Add(Signal{SIGTERM});
  ASSERT_TRUE(setsigmask(tracee.tid(), mask).ok());
  EXPECT_EQ(*getsigmask(tracee.tid()), mask);
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{8}));
}

TEST(SetsigmaskTest, NeverHoldsSigkillAndSigstop) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  ASSERT_TRUE(setsigmask(tracee.tid(), SignalMask{~uint64_t{0}}).ok());
  SignalMask expected{~uint64_t{0}};
  expected.Remove(Signal{SIGKILL});
  expected.Remove(Signal{SIGSTOP});
  EXPECT_EQ(*getsigmask(tracee.tid()), expected);
}

}  // namespace
}  // namespace emu::ptrace
