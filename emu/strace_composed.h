// SPDX-License-Identifier: Apache-2.0
//
// Arguments that are numbers made of several, as strace(1) prints them.

#ifndef EMU_STRACE_COMPOSED_H_
#define EMU_STRACE_COMPOSED_H_

#include <cstdint>
#include <string>

namespace emu {

// "FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME".
std::string FutexOpText(uint64_t op);
// What FUTEX_WAKE_OP does: "FUTEX_OP_SET<<28|0x1<<12|FUTEX_OP_CMP_EQ<<24|0".
std::string FutexWakeOpText(uint64_t op);
// "TCGETS", "_IOC(_IOC_READ, 0x12, 0x34, 0x4)".
std::string IoctlRequestText(uint64_t request);
// "SOCK_STREAM|SOCK_CLOEXEC".
std::string SockTypeText(uint64_t type);
// "10 /* SYSLOG_ACTION_SIZE_BUFFER */".
std::string SyslogActionText(uint64_t action);
// "PER_LINUX|ADDR_NO_RANDOMIZE".
std::string PersonalityText(uint64_t persona);
// "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)".
std::string IoprioText(uint64_t priority);
// "AT_STATX_SYNC_AS_STAT|AT_SYMLINK_NOFOLLOW".
std::string StatxFlagsText(uint64_t flags);
// "IPC_CREAT|0600".
std::string IpcFlagsText(uint64_t flags);

}  // namespace emu

#endif  // EMU_STRACE_COMPOSED_H_
