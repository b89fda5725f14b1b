// SPDX-License-Identifier: Apache-2.0
//
// The vDSO that guests are shown: an ELF image of the ISA's own whose functions
// read virtual time without a stop, up to a limit that the kernel sets, and the
// page that it reads it from. The
// page lies directly below the image. All guests map the same one, writable,
// for a read of the clock moves time as a system call does; so what stands in it
// after a guest ran is the guest's word, to be checked.

#ifndef ARCH_VDSO_H_
#define ARCH_VDSO_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace emu {

// The page's first bytes; times in nanoseconds.
struct VdsoData {
  int64_t now;              // since boot
  int64_t realtime_offset;  // CLOCK_REALTIME less `now`
  int64_t limit;            // a read that comes so far is a system call
  int64_t reads;            // in a row, with no other call between
  int64_t reads_limit;      // a read that is so many in a row is one too
  int64_t cheap_reads;      // behind so many, each costs twice the last one
  int64_t doubled_below;    // as long as that cost less than this
  int64_t step;             // what the last read cost, or one of the cheap does
};
static_assert(sizeof(VdsoData) == 64);

// The image, whole pages when mapped: one segment, read and execute.
absl::string_view VdsoImage();

}  // namespace emu

#endif  // ARCH_VDSO_H_
