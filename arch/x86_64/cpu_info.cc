// SPDX-License-Identifier: Apache-2.0

#include "arch/isa/cpu_info.h"

#include "absl/strings/str_format.h"

namespace emu::isa {
namespace {

// What every CPU of the x86-64-v2 level has, in Linux's names and order.
constexpr char kFlags[] =
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 "
    "clflush mmx fxsr sse sse2 syscall nx rdtscp lm constant_tsc nopl cpuid pni "
    "ssse3 cx16 sse4_1 sse4_2 popcnt hypervisor lahf_lm";

}  // namespace

std::string CpuInfo(int cpu, int cpus) {
  return absl::StrFormat(
      "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 26\n"
      "model name\t: emu virtual CPU (x86-64-v2)\nstepping\t: 0\n"
      "cpu MHz\t\t: 1000.000\ncache size\t: 1024 KB\nphysical id\t: 0\n"
      "siblings\t: %d\ncore id\t\t: %d\ncpu cores\t: %d\napicid\t\t: %d\n"
      "initial apicid\t: %d\nfpu\t\t: yes\nfpu_exception\t: yes\n"
      "cpuid level\t: 11\nwp\t\t: yes\nflags\t\t: %s\nbugs\t\t:\n"
      "bogomips\t: 2000.00\nclflush size\t: 64\ncache_alignment\t: 64\n"
      "address sizes\t: 46 bits physical, 48 bits virtual\n"
      "power management:\n",
      cpus, cpu, cpus, cpu, cpu, kFlags);
}

}  // namespace emu::isa
