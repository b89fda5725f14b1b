// SPDX-License-Identifier: Apache-2.0
//
// The second futex interface: a call for each operation, and waits for several
// words.

#include <linux/futex.h>
#include <time.h>

#include <memory>
#include <utility>
#include <vector>

#include "arch/abi/futex.h"
#include "arch/abi/time.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/futex_wait.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

constexpr uint32_t kSizeMask = 3, kSize32 = 2;  // FUTEX2_SIZE_*
constexpr uint32_t kNuma = 4, kPolicy = 8;      // FUTEX2_NUMA, _MPOL
constexpr uint32_t kNoNode = ~uint32_t{0};      // FUTEX_NO_NODE
constexpr uint32_t kMostWaitv = 128;            // FUTEX_WAITV_MAX

// Words have 32 bits.
bool AreValidFlags(uint32_t flags) {
  constexpr uint32_t kKnown = FUTEX_PRIVATE_FLAG | kSizeMask | kNuma | kPolicy;
  return (flags & ~kKnown) == 0 && (flags & kSizeMask) == kSize32;
}

bool Fits(uint64_t value) { return value >> 32 == 0; }

// The word behind one of FUTEX2_NUMA names its node: that is the one there is.
Result<FutexKey> KeyOf(Task& task, GuestAddr addr, uint32_t flags) {
  if ((flags & kNuma) != 0) {
    if (addr % (2 * sizeof(uint32_t)) != 0) return Errno(EINVAL);
    const UserPtr<uint32_t> at(addr + sizeof(uint32_t));
    const uint32_t node = TRY(task.Read(at));
    if (node == kNoNode) {
      TRY(task.Write(at, 0));
    } else if (node != 0) {
      return Errno(EINVAL);
    }
  }
  return FindFutex(*task.mm, addr, (flags & FUTEX_PRIVATE_FLAG) != 0);
}

Result<FutexDeadline> ReadEnd(Task& task, GuestAddr timeout, int clock) {
  if (timeout == 0) return FutexDeadline();
  if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) {
    return Errno(EINVAL);
  }
  return ReadFutexDeadline(task, timeout, true, clock == CLOCK_REALTIME);
}

// EFAULT, EINVAL.
Result<std::vector<abi::futex_waitv>> ReadWords(
    Task& task, UserPtr<const abi::futex_waitv> waiters, uint32_t count) {
  auto words = TRY(task.ReadArray(waiters, count));
  for (const abi::futex_waitv& word : words) {
    if (!AreValidFlags(word.flags) || word.reserved != 0 || !Fits(word.val)) {
      return Errno(EINVAL);
    }
  }
  return words;
}

}  // namespace

Result<FutexDeadline> ReadFutexDeadline(Task& task, GuestAddr timeout,
                                        bool absolute, bool realtime) {
  if (timeout == 0) return FutexDeadline();
  const auto wire = TRY(task.Read(UserPtr<const abi::timespec>(timeout)));
  const Nanos time = TRY(FromTimespec(wire));
  if (!absolute) return FutexDeadline{After(task.clock().now(), time), false};
  return FutexDeadline{time, realtime && time != kNever};
}

Result<> CheckFutexValue(Task& task, GuestAddr addr, uint32_t expected) {
  const uint32_t value = TRY(task.Read(UserPtr<const uint32_t>(addr)));
  if (value != expected) return Errno(EAGAIN);
  return {};
}

Result<int> WaitForFutex(Task& task, const FutexWaitRequest& request) {
  if (request.bitset == 0) return Errno(EINVAL);
  const FutexKey key =
      TRY(FindFutex(*task.mm, request.addr, request.is_private));
  TRY(CheckFutexValue(task, request.addr, request.value));
  auto wait = std::make_unique<FutexWait>(task, request.deadline);
  wait->Add(key).bitset = request.bitset;
  task.pending().scratch = std::move(wait);
  return FutexWait::Of(task)->GoOn();
}

// futex_waitv(2).
Result<int> sys_futex_waitv(Task& task, UserPtr<const abi::futex_waitv> waiters,
                            uint32_t count, uint32_t flags, GuestAddr timeout,
                            int clock) {
  if (FutexWait* wait = FutexWait::Of(task)) return wait->GoOn();
  if (flags != 0 || count == 0 || count > kMostWaitv || !waiters) {
    return Errno(EINVAL);
  }
  const FutexDeadline deadline = TRY(ReadEnd(task, timeout, clock));
  const auto words = TRY(ReadWords(task, waiters, count));
  auto wait = std::make_unique<FutexWait>(task, deadline);
  for (const abi::futex_waitv& word : words) {
    const FutexKey key = TRY(KeyOf(task, word.uaddr, word.flags));
    wait->Add(key);
    TRY(CheckFutexValue(task, word.uaddr, static_cast<uint32_t>(word.val)));
  }
  task.pending().scratch = std::move(wait);
  return FutexWait::Of(task)->GoOn();
}

// futex_wait(2).
Result<int> sys_futex_wait(Task& task, GuestAddr addr, uint64_t value,
                           uint64_t mask, uint32_t flags, GuestAddr timeout,
                           int clock) {
  if (FutexWait* wait = FutexWait::Of(task)) return wait->GoOn();
  if (!AreValidFlags(flags) || !Fits(value) || !Fits(mask)) {
    return Errno(EINVAL);
  }
  const FutexDeadline deadline = TRY(ReadEnd(task, timeout, clock));
  return WaitForFutex(task,
                      {.addr = addr,
                       .value = static_cast<uint32_t>(value),
                       .bitset = static_cast<uint32_t>(mask),
                       .is_private = (flags & FUTEX_PRIVATE_FLAG) != 0,
                       .deadline = deadline});
}

// futex_wake(2).
Result<int> sys_futex_wake(Task& task, GuestAddr addr, uint64_t mask, int count,
                           uint32_t flags) {
  if (!AreValidFlags(flags) || !Fits(mask) || mask == 0) return Errno(EINVAL);
  const FutexKey key = TRY(KeyOf(task, addr, flags));
  // Unlike futex(2), this takes none for none.
  if (count == 0) return 0;
  return WakeFutex(key, count, static_cast<uint32_t>(mask));
}

// futex_requeue(2).
Result<int> sys_futex_requeue(Task& task,
                              UserPtr<const abi::futex_waitv> waiters,
                              uint32_t flags, int wake, int requeue) {
  if (flags != 0 || !waiters) return Errno(EINVAL);
  const auto words = TRY(ReadWords(task, waiters, 2));
  if (wake < 0 || requeue < 0) return Errno(EINVAL);
  const FutexKey from = TRY(KeyOf(task, words[0].uaddr, words[0].flags));
  const FutexKey to = TRY(KeyOf(task, words[1].uaddr, words[1].flags));
  TRY(CheckFutexValue(task, words[0].uaddr,
                      static_cast<uint32_t>(words[0].val)));
  return RequeueFutex(from, to, wake, requeue);
}

}  // namespace emu
