// SPDX-License-Identifier: Apache-2.0
//
// Settings of the calling thread on the host that guests inherit.

#ifndef ARCH_HOST_HOST_SETTINGS_H_
#define ARCH_HOST_HOST_SETTINGS_H_

#include <sched.h>

#include <utility>

#include "absl/status/status.h"

namespace emu {

// Whether the time stamp counter may be read: RDTSC is a fault otherwise, in
// the C library's clocks too.
bool TrapTimestampCounter(bool trap);

// Makes CPUID a fault, where the CPU can.
void TrapCpuid();

// Runs this thread, and what it starts, on one CPU of those allowed: a stop is
// six times as dear between CPUs. Several emus spread by their pids.
absl::Status PinToOneCpu();

// As many descriptors as the host lets emu have: each process takes one.
void RaiseDescriptorLimit();

// Keeps the allowed CPUs to set them again.
class CpuAffinity {
 public:
  CpuAffinity();
  ~CpuAffinity();
  CpuAffinity(const CpuAffinity&) = delete;
  CpuAffinity& operator=(const CpuAffinity&) = delete;
  void Swap(CpuAffinity& other) { std::swap(before_, other.before_); }

 private:
  cpu_set_t before_;
};

}  // namespace emu

#endif  // ARCH_HOST_HOST_SETTINGS_H_
