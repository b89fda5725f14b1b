// SPDX-License-Identifier: Apache-2.0
//
// prctl(2), arch_prctl(2), personality(2).

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <string>

#include "kernel/process.h"
#include "kernel/seccomp.h"
#include "kernel/signal/frame_memory.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/prctl_memory.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint64_t kDefaultTimerSlack = 50'000;
constexpr uint64_t kNameSize = 16;  // TASK_COMM_LEN

struct Args {
  uint64_t arg2, arg3, arg4, arg5;
};

bool IsCapability(uint64_t n) { return n <= CAP_LAST_CAP; }

std::shared_ptr<Credentials> Copy(const Task& task) {
  return std::make_shared<Credentials>(*task.creds);
}

Result<int> SetName(Task& task, GuestAddr from) {
  char name[kNameSize] = {};
  // The bytes up to the NUL are all that must be there.
  for (size_t i = 0; i + 1 < kNameSize; ++i) {
    TRY(task.mm->CopyIn(&name[i], from + i, 1));
    if (name[i] == 0) break;
  }
  task.comm = name;
  return 0;
}

Result<int> GetName(Task& task, GuestAddr to) {
  char name[kNameSize] = {};
  std::copy(task.comm.begin(), task.comm.end(), name);
  TRY(task.mm->CopyOut(to, name, sizeof(name)));
  return 0;
}

Result<int> SetDeathSignal(Task& task, uint64_t signo) {
  if (signo > kSignals) return Errno(EINVAL);
  task.parent_death_signal = static_cast<int>(signo);
  return 0;
}

Result<int> SetDumpable(Task& task, uint64_t value) {
  if (value > 1) return Errno(EINVAL);
  for (const std::unique_ptr<Task>& thread : task.process().tasks) {
    thread->dumpable = value == 1;
  }
  return 0;
}

Result<int> SetKeepCaps(Task& task, uint64_t value) {
  if (value > 1) return Errno(EINVAL);
  if (task.creds->Secure(SECURE_KEEP_CAPS_LOCKED)) return Errno(EPERM);
  std::shared_ptr<Credentials> creds = Copy(task);
  creds->securebits &= ~(1u << SECURE_KEEP_CAPS);
  creds->securebits |= static_cast<uint32_t>(value) << SECURE_KEEP_CAPS;
  task.creds = std::move(creds);
  return 0;
}

Result<int> SetSecureBits(Task& task, uint64_t bits) {
  constexpr uint32_t kLocks = SECURE_ALL_LOCKS;
  const uint32_t old = task.creds->securebits;
  if ((((old & kLocks) >> 1) & (old ^ bits)) != 0 ||
      (old & kLocks & ~bits) != 0 ||
      (bits & ~uint64_t{SECURE_ALL_LOCKS | SECURE_ALL_BITS}) != 0 ||
      !task.creds->Has(CAP_SETPCAP)) {
    return Errno(EPERM);
  }
  std::shared_ptr<Credentials> creds = Copy(task);
  creds->securebits = static_cast<uint32_t>(bits);
  task.creds = std::move(creds);
  return 0;
}

Result<int> ReadBounding(const Task& task, uint64_t capability) {
  if (!IsCapability(capability)) return Errno(EINVAL);
  return (task.creds->bounding >> capability) & 1;
}

Result<int> DropBounding(Task& task, uint64_t capability) {
  if (!task.creds->Has(CAP_SETPCAP)) return Errno(EPERM);
  if (!IsCapability(capability)) return Errno(EINVAL);
  std::shared_ptr<Credentials> creds = Copy(task);
  creds->bounding &= ~(uint64_t{1} << capability);
  task.creds = std::move(creds);
  return 0;
}

Result<int> Ambient(Task& task, const Args& args) {
  if (args.arg2 == PR_CAP_AMBIENT_CLEAR_ALL) {
    if ((args.arg3 | args.arg4 | args.arg5) != 0) return Errno(EINVAL);
    std::shared_ptr<Credentials> creds = Copy(task);
    creds->ambient = 0;
    task.creds = std::move(creds);
    return 0;
  }
  if (!IsCapability(args.arg3) || (args.arg4 | args.arg5) != 0) {
    return Errno(EINVAL);
  }
  const uint64_t bit = uint64_t{1} << args.arg3;
  std::shared_ptr<Credentials> creds = Copy(task);
  switch (args.arg2) {
    case PR_CAP_AMBIENT_IS_SET:
      return (creds->ambient & bit) != 0 ? 1 : 0;
    case PR_CAP_AMBIENT_RAISE:
      if ((creds->permitted & creds->inheritable & bit) == 0 ||
          creds->Secure(SECURE_NO_CAP_AMBIENT_RAISE)) {
        return Errno(EPERM);
      }
      creds->ambient |= bit;
      break;
    case PR_CAP_AMBIENT_LOWER:
      creds->ambient &= ~bit;
      break;
    default:
      return Errno(EINVAL);
  }
  task.creds = std::move(creds);
  return 0;
}

Result<int> SetNoNewPrivs(Task& task, const Args& args) {
  if (args.arg2 != 1 || (args.arg3 | args.arg4 | args.arg5) != 0) {
    return Errno(EINVAL);
  }
  std::shared_ptr<Credentials> creds = Copy(task);
  creds->no_new_privs = true;
  task.creds = std::move(creds);
  return 0;
}

// There are no machine checks; what a program asks for is as good as done.
Result<int> SetMachineCheckKill(const Args& args) {
  if ((args.arg4 | args.arg5) != 0) return Errno(EINVAL);
  if (args.arg2 == PR_MCE_KILL_CLEAR) {
    if (args.arg3 != 0) return Errno(EINVAL);
    return 0;
  }
  if (args.arg2 != PR_MCE_KILL_SET || args.arg3 > PR_MCE_KILL_DEFAULT) {
    return Errno(EINVAL);
  }
  return 0;
}

Result<int> GetAuxv(Task& task, const Args& args) {
  if ((args.arg4 | args.arg5) != 0) return Errno(EINVAL);
  const std::string& auxv = task.mm->layout.auxv;
  TRY(task.mm->CopyOut(args.arg2, auxv.data(),
                       std::min<uint64_t>(auxv.size(), args.arg3)));
  return static_cast<int>(auxv.size());
}

Result<int> SetTimerSlack(Task& task, uint64_t value) {
  const bool reset = static_cast<int64_t>(value) <= 0;
  task.timer_slack = reset ? kDefaultTimerSlack : value;
  return 0;
}

Result<int> GetSpeculation(uint64_t which) {
  constexpr uint64_t kNotAffected = 0;  // PR_SPEC_NOT_AFFECTED
  if (which > PR_SPEC_L1D_FLUSH) return Errno(ENODEV);
  return static_cast<int>(kNotAffected);
}

Result<int> SetTsc(uint64_t mode) {
  // The counter is virtual time: it is there, and cannot be taken away.
  if (mode != PR_TSC_ENABLE) return Errno(EINVAL);
  return 0;
}

Result<int> WriteInt(Task& task, GuestAddr to, int value) {
  TRY(task.Write(UserPtr<int>(to), value));
  return 0;
}

Result<int> IfUnused(const Args& args, int value) {
  if ((args.arg2 | args.arg3 | args.arg4 | args.arg5) != 0) {
    return Errno(EINVAL);
  }
  return value;
}

// Calls from outside of a range, or from within it, are signals.
Result<int> SetUserDispatch(Task& task, const Args& args) {
  constexpr uint64_t kOff = 0, kExclude = 1, kInclude = 2;  // PR_SYS_DISPATCH_*
  Task::UserDispatch dispatch;
  dispatch.on = args.arg2 != kOff;
  dispatch.start = args.arg3;
  dispatch.length = args.arg4;
  dispatch.selector = args.arg5;
  const GuestAddr end = args.arg3 + args.arg4;
  switch (args.arg2) {
    case kOff:
      if ((args.arg3 | args.arg4 | args.arg5) != 0) return Errno(EINVAL);
      break;
    case kExclude:
      if (args.arg3 != 0 && end <= args.arg3) return Errno(EINVAL);
      break;
    case kInclude:
      if (args.arg4 == 0 || end <= args.arg3) return Errno(EINVAL);
      // What is outside is what lets calls through.
      dispatch.start = end;
      dispatch.length = -args.arg4;
      break;
    default:
      return Errno(EINVAL);
  }
  if (args.arg5 >= task.mm->space().highest()) return Errno(EFAULT);
  task.user_dispatch = dispatch;
  return 0;
}

Result<int> PrctlOfCapabilities(Task& task, int option, const Args& args) {
  switch (option) {
    case PR_GET_KEEPCAPS:
      return task.creds->Secure(SECURE_KEEP_CAPS) ? 1 : 0;
    case PR_SET_KEEPCAPS:
      return SetKeepCaps(task, args.arg2);
    case PR_GET_SECUREBITS:
      return static_cast<int>(task.creds->securebits);
    case PR_SET_SECUREBITS:
      return SetSecureBits(task, args.arg2);
    case PR_CAPBSET_READ:
      return ReadBounding(task, args.arg2);
    case PR_CAPBSET_DROP:
      return DropBounding(task, args.arg2);
    case PR_CAP_AMBIENT:
      return Ambient(task, args);
    case PR_GET_NO_NEW_PRIVS:
      return IfUnused(args, task.creds->no_new_privs ? 1 : 0);
    case PR_SET_NO_NEW_PRIVS:
      return SetNoNewPrivs(task, args);
    default:
      return Errno(EINVAL);
  }
}

}  // namespace

// prctl(2).
Result<int> sys_prctl(Task& task, int option, uint64_t arg2, uint64_t arg3,
                      uint64_t arg4, uint64_t arg5) {
  constexpr int kGetAuxv = 0x41555856;  // PR_GET_AUXV
  constexpr int kSetUserDispatch = 59;  // PR_SET_SYSCALL_USER_DISPATCH
  const Args args = {arg2, arg3, arg4, arg5};
  switch (option) {
    case PR_SET_NAME:
      return SetName(task, arg2);
    case PR_GET_NAME:
      return GetName(task, arg2);
    case PR_SET_PDEATHSIG:
      return SetDeathSignal(task, arg2);
    case PR_GET_PDEATHSIG:
      return WriteInt(task, arg2, task.parent_death_signal);
    case PR_SET_DUMPABLE:
      return SetDumpable(task, arg2);
    case PR_GET_DUMPABLE:
      return task.dumpable ? 1 : 0;
    case PR_SET_CHILD_SUBREAPER:
      task.process().is_subreaper = arg2 != 0;
      return 0;
    case PR_GET_CHILD_SUBREAPER:
      return WriteInt(task, arg2, task.process().is_subreaper ? 1 : 0);
    case PR_SET_TIMERSLACK:
      return SetTimerSlack(task, arg2);
    case PR_GET_TIMERSLACK:
      return static_cast<int>(std::min<uint64_t>(task.timer_slack, INT_MAX));
    case PR_SET_TIMING:
      return arg2 == PR_TIMING_STATISTICAL ? Result<int>(0) : Errno(EINVAL);
    case PR_GET_TIMING:
    case PR_TASK_PERF_EVENTS_DISABLE:
    case PR_TASK_PERF_EVENTS_ENABLE:
      return 0;
    case PR_GET_TSC:
      return WriteInt(task, arg2, PR_TSC_ENABLE);
    case PR_SET_TSC:
      return SetTsc(arg2);
    case PR_MCE_KILL:
      return SetMachineCheckKill(args);
    case PR_MCE_KILL_GET:
      return IfUnused(args, PR_MCE_KILL_DEFAULT);
    case PR_SET_MM:
      return SetMemoryLayout(task, arg2, arg3, arg4, arg5);
    case PR_SET_VMA:
      return SetMemoryName(task, arg2, arg3, arg4, arg5);
    case PR_GET_SECCOMP:
      return task.seccomp_mode;
    case PR_SET_SECCOMP:
      if (arg2 == SECCOMP_MODE_STRICT) return SetStrictMode(task);
      if (arg2 == SECCOMP_MODE_FILTER) return SetFilterMode(task, 0, arg3);
      return Errno(EINVAL);
    case kSetUserDispatch:
      return SetUserDispatch(task, args);
    case PR_GET_TID_ADDRESS:
      TRY(task.Write(UserPtr<GuestAddr>(arg2), task.clear_child_tid));
      return 0;
    case PR_SET_THP_DISABLE:
      return (arg3 | arg4 | arg5) == 0 ? Result<int>(0) : Errno(EINVAL);
    case PR_GET_THP_DISABLE:
      return IfUnused(args, 0);
    case PR_GET_SPECULATION_CTRL:
      if ((arg3 | arg4 | arg5) != 0) return Errno(EINVAL);
      return GetSpeculation(arg2);
    case PR_SET_SPECULATION_CTRL:
      if ((arg4 | arg5) != 0) return Errno(EINVAL);
      return Errno(arg2 > PR_SPEC_L1D_FLUSH ? ENODEV : ENXIO);
    case PR_SET_IO_FLUSHER:
    case PR_GET_IO_FLUSHER:
      return Errno(task.creds->Has(CAP_SYS_RESOURCE) ? EINVAL : EPERM);
    case kGetAuxv:
      return GetAuxv(task, args);
    default:
      return PrctlOfCapabilities(task, option, args);
  }
}

// arch_prctl(2).
Result<int64_t> sys_arch_prctl(Task& task, int code, GuestAddr arg) {
  TaskFrameMemory memory(task);
  return task.cpu().ArchPrctl(code, arg, memory);
}

// personality(2). Remembered, and of no effect: addresses are not random in
// Linux's sense anyway.
Result<uint32_t> sys_personality(Task& task, uint32_t persona) {
  const uint32_t old = task.personality;
  if (persona != 0xffffffff) task.personality = persona;
  return old;
}

}  // namespace emu
