// SPDX-License-Identifier: Apache-2.0
//
// futex(2) and robust lists.

#include <linux/futex.h>

#include <memory>
#include <utility>

#include "kernel/kernel.h"
#include "kernel/mm/futex_pi.h"
#include "kernel/mm/futex_waiter.h"
#include "kernel/pid_namespace.h"
#include "kernel/process.h"
#include "kernel/ptrace_access.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/futex_wait.h"
#include "kernel/task.h"

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

namespace emu {
namespace {

constexpr uint32_t kRobustHeadSize = 24;

// futex(2)'s arguments, taken apart.
struct Call {
  GuestAddr addr = 0;
  int command = 0;
  bool is_private = false;
  bool realtime = false;
  uint32_t value = 0;
  GuestAddr timeout = 0;  // or a second count
  GuestAddr addr2 = 0;
  uint32_t value3 = 0;

  // The second count.
  int count2() const { return static_cast<int>(timeout); }
};

Result<int> Wait(Task& task, const Call& call, uint32_t bitset) {
  if (FutexWait* wait = FutexWait::Of(task)) return wait->GoOn();
  const bool absolute = call.command == FUTEX_WAIT_BITSET;
  const FutexDeadline deadline =
      TRY(ReadFutexDeadline(task, call.timeout, absolute, call.realtime));
  task.OnSignal(call.timeout == 0 ? ERESTARTSYS : ERESTART_RESTARTBLOCK);
  return WaitForFutex(task, {.addr = call.addr,
                             .value = call.value,
                             .bitset = bitset,
                             .is_private = call.is_private,
                             .deadline = deadline});
}

Result<int> Wake(Task& task, const Call& call, uint32_t bitset) {
  if (bitset == 0) return Errno(EINVAL);
  const FutexKey key = TRY(FindFutex(*task.mm, call.addr, call.is_private));
  return WakeFutex(key, static_cast<int>(call.value), bitset);
}

Result<int> Requeue(Task& task, const Call& call) {
  const int wake = static_cast<int>(call.value);
  if (wake < 0 || call.count2() < 0) return Errno(EINVAL);
  const FutexKey from = TRY(FindFutex(*task.mm, call.addr, call.is_private));
  const FutexKey to = TRY(FindFutex(*task.mm, call.addr2, call.is_private));
  if (call.command == FUTEX_CMP_REQUEUE) {
    TRY(CheckFutexValue(task, call.addr, call.value3));
  }
  return RequeueFutex(from, to, wake, call.count2());
}

// FUTEX_WAKE_OP's operation: what becomes of `old`. ENOSYS.
Result<uint32_t> Operate(uint32_t operation, uint32_t old) {
  uint32_t argument = static_cast<int32_t>(operation << 8) >> 20;
  int kind = (operation >> 28) & 15;
  if (kind & FUTEX_OP_OPARG_SHIFT) {
    argument = 1u << (argument & 31);
    kind &= ~FUTEX_OP_OPARG_SHIFT;
  }
  switch (kind) {
    case FUTEX_OP_SET:
      return argument;
    case FUTEX_OP_ADD:
      return old + argument;
    case FUTEX_OP_OR:
      return old | argument;
    case FUTEX_OP_ANDN:
      return old & ~argument;
    case FUTEX_OP_XOR:
      return old ^ argument;
    default:
      return Errno(ENOSYS);
  }
}

Result<bool> Compare(uint32_t operation, uint32_t value) {
  const int32_t old = static_cast<int32_t>(value);
  const int32_t argument = static_cast<int32_t>(operation << 20) >> 20;
  switch ((operation >> 24) & 15) {
    case FUTEX_OP_CMP_EQ:
      return old == argument;
    case FUTEX_OP_CMP_NE:
      return old != argument;
    case FUTEX_OP_CMP_LT:
      return old < argument;
    case FUTEX_OP_CMP_GE:
      return old >= argument;
    case FUTEX_OP_CMP_LE:
      return old <= argument;
    case FUTEX_OP_CMP_GT:
      return old > argument;
    default:
      return Errno(ENOSYS);
  }
}

Result<int> WakeOp(Task& task, const Call& call) {
  const FutexKey first = TRY(FindFutex(*task.mm, call.addr, call.is_private));
  const FutexKey second = TRY(FindFutex(*task.mm, call.addr2, call.is_private));
  const UserPtr<uint32_t> word(call.addr2);
  const uint32_t old = TRY(task.Read(word));
  const uint32_t changed = TRY(Operate(call.value3, old));
  TRY(task.Write(word, changed));
  const bool both = TRY(Compare(call.value3, old));
  const int woken = TRY(WakeFutex(first, static_cast<int>(call.value), ~0u));
  if (!both) return woken;
  const int more = TRY(WakeFutex(second, call.count2(), ~0u));
  return woken + more;
}

Result<int> Lock(Task& task, const Call& call) {
  if (FutexWait* wait = FutexWait::Of(task)) {
    TRY(wait->GoOn());
    return 0;
  }
  const bool try_only = call.command == FUTEX_TRYLOCK_PI;
  const bool realtime = call.command == FUTEX_LOCK_PI || call.realtime;
  FutexDeadline deadline;
  if (!try_only) {
    deadline = TRY(ReadFutexDeadline(task, call.timeout, true, realtime));
  }
  const FutexKey key = TRY(FindFutex(*task.mm, call.addr, call.is_private));
  const Result<> locked = LockPi(task, key, call.addr, try_only, deadline);
  if (locked.ok()) return 0;
  if (locked.error() != kBlocked) return locked.error();
  task.OnSignal(ERESTARTNOINTR);
  TRY(FutexWait::Of(task)->GoOn());
  return 0;
}

Result<int> Unlock(Task& task, const Call& call) {
  const FutexKey key = TRY(FindFutex(*task.mm, call.addr, call.is_private));
  TRY(UnlockPi(task, key, call.addr));
  return 0;
}

Result<int> WaitRequeuePi(Task& task, const Call& call) {
  if (FutexWait* wait = FutexWait::Of(task)) {
    TRY(wait->GoOn());
    return 0;
  }
  const FutexDeadline deadline =
      TRY(ReadFutexDeadline(task, call.timeout, true, call.realtime));
  if (call.addr == call.addr2) return Errno(EINVAL);
  const FutexKey to = TRY(FindFutex(*task.mm, call.addr2, call.is_private));
  const FutexKey key = TRY(FindFutex(*task.mm, call.addr, call.is_private));
  TRY(CheckFutexValue(task, call.addr, call.value));
  if (key == to) return Errno(EINVAL);
  task.OnSignal(ERESTARTNOINTR);
  auto wait = std::make_unique<FutexWait>(task, deadline);
  FutexWaiter& waiter = wait->Add(key);
  waiter.kind = FutexWaiter::Kind::kRequeue;
  waiter.target = to;
  waiter.word = call.addr2;
  task.pending().scratch = std::move(wait);
  TRY(FutexWait::Of(task)->GoOn());
  return 0;
}

Result<int> CmpRequeuePi(Task& task, const Call& call) {
  if (call.addr == call.addr2 || call.value != 1 || call.count2() < 0) {
    return Errno(EINVAL);
  }
  const FutexKey from = TRY(FindFutex(*task.mm, call.addr, call.is_private));
  const FutexKey to = TRY(FindFutex(*task.mm, call.addr2, call.is_private));
  if (from == to) return Errno(EINVAL);
  TRY(CheckFutexValue(task, call.addr, call.value3));
  return RequeuePi(task, from, to, call.addr2, call.count2());
}

bool TakesRealtime(int command) {
  return command == FUTEX_WAIT_BITSET || command == FUTEX_WAIT_REQUEUE_PI ||
         command == FUTEX_LOCK_PI2;
}

// Timeouts are read before anything else is looked at.
Result<> CheckTimeout(Task& task, const Call& call) {
  switch (call.command) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
    case FUTEX_WAIT_REQUEUE_PI:
      if (task.pending().rerun) return {};
      TRY(ReadFutexDeadline(task, call.timeout, true, false));
      return {};
    default:
      return {};
  }
}

Result<int> Serve(Task& task, const Call& call) {
  TRY(CheckTimeout(task, call));
  if (call.realtime && !TakesRealtime(call.command)) return Errno(ENOSYS);
  switch (call.command) {
    case FUTEX_WAIT:
      TRY(Wait(task, call, FUTEX_BITSET_MATCH_ANY));
      return 0;
    case FUTEX_WAIT_BITSET:
      TRY(Wait(task, call, call.value3));
      return 0;
    case FUTEX_WAKE:
      return Wake(task, call, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET:
      return Wake(task, call, call.value3);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
      return Requeue(task, call);
    case FUTEX_WAKE_OP:
      return WakeOp(task, call);
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
    case FUTEX_TRYLOCK_PI:
      return Lock(task, call);
    case FUTEX_UNLOCK_PI:
      return Unlock(task, call);
    case FUTEX_WAIT_REQUEUE_PI:
      return WaitRequeuePi(task, call);
    case FUTEX_CMP_REQUEUE_PI:
      return CmpRequeuePi(task, call);
    default:
      return Errno(ENOSYS);
  }
}

}  // namespace

// futex(2).
Result<int> sys_futex(Task& task, GuestAddr addr, int operation, uint32_t value,
                      GuestAddr timeout, GuestAddr addr2, uint32_t value3) {
  return Serve(task, {.addr = addr,
                      .command = operation & FUTEX_CMD_MASK,
                      .is_private = (operation & FUTEX_PRIVATE_FLAG) != 0,
                      .realtime = (operation & FUTEX_CLOCK_REALTIME) != 0,
                      .value = value,
                      .timeout = timeout,
                      .addr2 = addr2,
                      .value3 = value3});
}

// set_robust_list(2).
Result<> sys_set_robust_list(Task& task, GuestAddr head, size_t length) {
  if (length != kRobustHeadSize) return Errno(EINVAL);
  task.robust_list = head;
  return {};
}

// get_robust_list(2).
Result<> sys_get_robust_list(Task& task, Pid pid, UserPtr<GuestAddr> head,
                             UserPtr<uint64_t> length) {
  Task* target = pid == 0 ? &task : task.kernel().pids().FindTask(pid);
  if (target == nullptr) return Errno(ESRCH);
  if (!MayInspect(task, *target)) return Errno(EPERM);
  TRY(task.Write(length, kRobustHeadSize));
  return task.Write(head, target->robust_list);
}

}  // namespace emu
