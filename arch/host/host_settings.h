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

// Makes CPUID a fault, where the CPU can. False: it cannot.
bool TrapCpuid();
// Whether it can; nothing is changed.
bool CanTrapCpuid();

// Runs this thread, and what it starts, on one CPU of those allowed: a stop is
// six times as dear between CPUs. Several emus spread by their pids. On CPU
// `preferred` if that is one of them.
absl::Status PinToOneCpu(int preferred);
// The one that it will be; -1 if that cannot be known.
int CpuToPinTo(int preferred);

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
