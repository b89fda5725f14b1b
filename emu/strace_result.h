// SPDX-License-Identifier: Apache-2.0
//
// The result of a system call, as strace(1) prints it behind the "=".

#ifndef EMU_STRACE_RESULT_H_
#define EMU_STRACE_RESULT_H_

#include <cstdint>
#include <string>

#include "emu/strace_format.h"

namespace emu {

// "3", "-1 ENOENT (No such file or directory)", "1 ([{fd=3, revents=POLLIN}])".
std::string ResultText(const TracedCall& call, int64_t result,
                       GuestReader memory);

}  // namespace emu

#endif  // EMU_STRACE_RESULT_H_
