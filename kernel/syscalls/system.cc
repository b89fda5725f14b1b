// SPDX-License-Identifier: Apache-2.0
//
// What a program may ask about the system as a whole.

#include <linux/capability.h>
#include <linux/membarrier.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"
#include "arch/abi/resource.h"
#include "arch/abi/system.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/resource_usage.h"
#include "kernel/subsystems.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_util.h"
#include "kernel/uts.h"

namespace emu {
namespace {

constexpr int kLongestName = 64;  // __NEW_UTS_LEN

void CopyName(char (&to)[65], absl::string_view from) {
  memcpy(to, from.data(), std::min(from.size(), sizeof(to) - 1));
}

Result<> SetName(Task& task, UserPtr<const char> from, int length,
                 std::string* name) {
  if (!task.creds->Has(CAP_SYS_ADMIN)) return Errno(EPERM);
  if (length < 0 || length > kLongestName) return Errno(EINVAL);
  char bytes[kLongestName];
  TRY(task.mm->CopyIn(bytes, from.addr(), length));
  *name = std::string(bytes, strnlen(bytes, length));
  return {};
}

}  // namespace

// uname(2).
Result<> sys_uname(Task& task, UserPtr<abi::utsname> names) {
  const UtsNames& uts = task.kernel().subsystems().uts;
  abi::utsname out = {};
  CopyName(out.sysname, kSysName);
  CopyName(out.nodename, uts.nodename);
  CopyName(out.release, kRelease);
  CopyName(out.version, kVersion);
  CopyName(out.machine, task.kernel().machine().platform().machine);
  CopyName(out.domainname, uts.domainname);
  return task.Write(names, out);
}

// sethostname(2).
Result<> sys_sethostname(Task& task, UserPtr<const char> name, int length) {
  return SetName(task, name, length, &task.kernel().subsystems().uts.nodename);
}

// setdomainname(2).
Result<> sys_setdomainname(Task& task, UserPtr<const char> name, int length) {
  return SetName(task, name, length,
                 &task.kernel().subsystems().uts.domainname);
}

// sysinfo(2). The load is nothing, and the memory free what no guest has mapped.
Result<> sys_sysinfo(Task& task, UserPtr<abi::sysinfo> info) {
  Kernel& kernel = task.kernel();
  uint64_t used = 0;
  for (const auto& [pid, process] : kernel.pids().processes()) {
    const Task* thread = process->LiveTask();
    if (thread != nullptr && thread->mm != nullptr) {
      used += thread->mm->mapped_bytes();
    }
  }
  const uint64_t total = kernel.options().memory;
  abi::sysinfo out = {};
  out.uptime = kernel.clock().now() / kNanosPerSecond;
  out.totalram = total;
  out.freeram = total - std::min(used, total / 2);
  out.procs = static_cast<uint16_t>(kernel.pids().task_count());
  out.mem_unit = 1;
  return task.Write(info, out);
}

// getrusage(2).
Result<> sys_getrusage(Task& task, int who, UserPtr<abi::rusage> usage) {
  const Process& process = task.process();
  switch (who) {
    case RUSAGE_SELF:
      return task.Write(usage, UsageOf(process));
    case RUSAGE_CHILDREN:
      return task.Write(usage, UsageOfChildren(process));
    case RUSAGE_THREAD:
      return task.Write(usage, UsageOf(task));
    default:
      return Errno(EINVAL);
  }
}

// times(2).
Result<int64_t> sys_times(Task& task, UserPtr<abi::tms> times) {
  const Process& process = task.process();
  task.clock().TickPolling();
  if (times) {
    TRY(task.Write(times, {ToClockTicks(process.user_time()),
                           ToClockTicks(process.system_time()),
                           ToClockTicks(process.children_user_time),
                           ToClockTicks(process.children_system_time)}));
  }
  return ToClockTicks(task.clock().now());
}

// getcpu(2). The first, whatever the affinity mask says.
Result<> sys_getcpu(Task& task, UserPtr<uint32_t> cpu, UserPtr<uint32_t> node) {
  if (cpu) TRY(task.Write(cpu, 0));
  if (node) TRY(task.Write(node, 0));
  return {};
}

// syslog(2). Nothing was ever logged.
Result<int> sys_syslog(Task& task, int type, UserPtr<char> buf, int length) {
  constexpr int kReadAll = 3, kReadClear = 4, kConsoleLevel = 8, kUnread = 9,
                kSizeBuffer = 10;
  if (type != kReadAll && type != kSizeBuffer &&
      !task.creds->Has(CAP_SYSLOG)) {
    return Errno(EPERM);
  }
  if (type < 0 || type > kSizeBuffer) return Errno(EINVAL);
  if (type == 2 || type == kReadAll || type == kReadClear) {
    if (!buf || length < 0) return Errno(EINVAL);
  }
  if (type == kConsoleLevel && (length < 1 || length > 8)) {
    return Errno(EINVAL);
  }
  if (type == kUnread) return 0;
  return type == kSizeBuffer ? 1 << 17 : 0;
}

// membarrier(2). One guest thread runs at a time, and a switch orders memory:
// every barrier has happened already.
Result<int> sys_membarrier(Task& task, int cmd, uint32_t flags, int) {
  constexpr int kPrivate = MEMBARRIER_CMD_PRIVATE_EXPEDITED;
  constexpr int kRegister = MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
  constexpr int kGlobal = MEMBARRIER_CMD_GLOBAL |
                          MEMBARRIER_CMD_GLOBAL_EXPEDITED |
                          MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED;
  constexpr int kSyncCore =
      MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |
      MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
  constexpr int kCommands = kPrivate | kRegister | kGlobal | kSyncCore;
  if (flags != 0) return Errno(EINVAL);
  if (cmd == MEMBARRIER_CMD_QUERY) return kCommands;
  if ((cmd & kCommands) == 0 || (cmd & (cmd - 1)) != 0) return Errno(EINVAL);
  Process& process = task.process();
  if (cmd == kRegister ||
      cmd == MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE) {
    process.membarrier_registered |= cmd;
  }
  const bool unregistered =
      (cmd == kPrivate && (process.membarrier_registered & kRegister) == 0) ||
      (cmd == MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE &&
       (process.membarrier_registered &
        MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE) == 0);
  if (unregistered) return Errno(EPERM);
  return 0;
}

}  // namespace emu
