// SPDX-License-Identifier: Apache-2.0
//
// What the system calls itself: uname(2), /proc/version, /proc/sys/kernel.

#ifndef KERNEL_UTS_H_
#define KERNEL_UTS_H_

#include <string>
#include <utility>

namespace emu {

inline constexpr char kSysName[] = "Linux";
// The version whose system calls are served.
inline constexpr char kRelease[] = "6.12.0-emu";
inline constexpr char kVersion[] = "#1 SMP PREEMPT_DYNAMIC";

// One for the kernel, in its Subsystems.
struct UtsNames {
  std::string nodename;
  std::string domainname = "(none)";
};

}  // namespace emu

#endif  // KERNEL_UTS_H_
