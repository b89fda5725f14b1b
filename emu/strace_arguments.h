// SPDX-License-Identifier: Apache-2.0
//
// What the arguments of system calls are, for printing: from a call's row
// (kernel/syscalls/table.inc), and from emu/strace_arguments.inc where the
// row's types say too little.

#ifndef EMU_STRACE_ARGUMENTS_H_
#define EMU_STRACE_ARGUMENTS_H_

#include <vector>

#include "kernel/syscall.h"

namespace emu {

// What an argument is. Those from kFirstOut on are filled in by the call.
enum class ArgumentKind {
  kInt,
  kUint,
  kHex,
  kPointer,
  kFd,
  kDirFd,
  kPath,
  kBytes,
  kStrings,
  kStringCount,
  kOpenFlags,
  kOpenMode,
  kMode,
  kFileMode,
  kAccessMode,
  kProt,
  kMapFlags,
  kCloneFlags,
  kAtFlags,
  kMsgFlags,
  kWaitOptions,
  kWhence,
  kFcntlCommand,
  kIoctlRequest,
  kFutexOp,
  kEpollOp,
  kEpollEvent,
  kClock,
  kDomain,
  kSockType,
  kSockFlags,
  kResource,
  kRlimit,
  kMadvice,
  kSigHow,
  kSignal,
  kSigset,
  kSigaction,
  kTimespec,
  kTimespec2,
  kSockaddr,
  kIovec,
  kPollfds,
  kFirstOut,
  kBytesOut = kFirstOut,
  kIovecOut,
  kStatOut,
  kTimespecOut,
  kSigsetOut,
  kSigactionOut,
  kRlimitOut,
  kSockaddrOut,
  kWaitStatusOut,
  kFdPairOut,
  kEpollEventsOut,
  kUtsnameOut,
};

// Of each argument of a call. `entry` is null where there is no such call.
std::vector<ArgumentKind> ArgumentKinds(const SyscallEntry* entry);

}  // namespace emu

#endif  // EMU_STRACE_ARGUMENTS_H_
