// SPDX-License-Identifier: Apache-2.0
//
// Which processor a run has, as far as CPUID told guests, and as it may lie in
// their memory since.

#ifndef EMU_RECORD_PROCESSOR_H_
#define EMU_RECORD_PROCESSOR_H_

#include <cstdint>

namespace emu {

struct Processor {
  static constexpr int kMostCpus = 1 << 16;

  uint64_t model = 0;  // isa::CpuModel
  // The number of the CPU on the host, which guests find in CPUID; 0 where that
  // is trapped.
  int cpu = 0;

  // Of a run that begins now, on CPU `preferred` if it may.
  static Processor Here(int preferred = -1);
  friend bool operator==(const Processor&, const Processor&) = default;
};

}  // namespace emu

#endif  // EMU_RECORD_PROCESSOR_H_
