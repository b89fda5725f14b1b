// SPDX-License-Identifier: Apache-2.0

#include "kernel/procfs/cpu_list.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace emu {

std::string CpuList(uint64_t set) {
  std::string text;
  for (int cpu = 0; cpu < 64; ++cpu) {
    if (((set >> cpu) & 1) == 0) continue;
    int last = cpu;
    while (last < 63 && ((set >> (last + 1)) & 1) != 0) ++last;
    absl::StrAppend(&text, text.empty() ? "" : ",", cpu);
    if (last > cpu) absl::StrAppend(&text, "-", last);
    cpu = last;
  }
  return text;
}

std::string CpuMask(uint64_t set) {
  const uint32_t high = static_cast<uint32_t>(set >> 32);
  const uint32_t low = static_cast<uint32_t>(set);
  if (high == 0) return absl::StrFormat("%x", low);
  return absl::StrFormat("%x,%08x", high, low);
}

}  // namespace emu
