// SPDX-License-Identifier: Apache-2.0
//
// Signals as strace(1) prints them.

#ifndef EMU_STRACE_SIGNALS_H_
#define EMU_STRACE_SIGNALS_H_

#include <signal.h>

#include <cstdint>
#include <string>

namespace emu {

// "SIGINT".
std::string SignalName(int signo);

// "[INT TERM]", or "~[KILL]" where most are set; bit n-1 is signal n.
std::string SignalSetText(uint64_t mask);

// "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=3, ...}".
std::string SiginfoText(const siginfo_t& info);

}  // namespace emu

#endif  // EMU_STRACE_SIGNALS_H_
