// SPDX-License-Identifier: Apache-2.0
//
// uname(2), sysinfo(2), times(2).

#ifndef ARCH_ABI_SYSTEM_H_
#define ARCH_ABI_SYSTEM_H_

#include <cstdint>

namespace emu::abi {

struct utsname {
  char sysname[65];
  char nodename[65];
  char release[65];
  char version[65];
  char machine[65];
  char domainname[65];
};
static_assert(sizeof(utsname) == 390);

struct sysinfo {
  int64_t uptime;
  uint64_t loads[3];
  uint64_t totalram;
  uint64_t freeram;
  uint64_t sharedram;
  uint64_t bufferram;
  uint64_t totalswap;
  uint64_t freeswap;
  uint16_t procs;
  uint16_t pad;
  uint64_t totalhigh;
  uint64_t freehigh;
  uint32_t mem_unit;
};
static_assert(sizeof(sysinfo) == 112);

struct tms {
  int64_t tms_utime;
  int64_t tms_stime;
  int64_t tms_cutime;
  int64_t tms_cstime;
};
static_assert(sizeof(tms) == 32);

}  // namespace emu::abi

#endif  // ARCH_ABI_SYSTEM_H_
