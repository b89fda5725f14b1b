// SPDX-License-Identifier: Apache-2.0
//
// CHECK: an invariant of our own that, when false, is a bug in emu. Prints the
// condition and aborts. Never for what a guest or a host can cause.

#ifndef ARCH_BASE_CHECK_H_
#define ARCH_BASE_CHECK_H_

namespace emu {

[[noreturn]] void CheckFailed(const char* condition, const char* file,
                              int line);
// Called once before the abort, for a last word (the trace's end, terminal
// settings put back). Null: none.
void SetCheckFailureHook(void (*hook)());

}  // namespace emu

#define EMU_CHECK(condition)    \
  ((condition) ? (void)0        \
               : ::emu::CheckFailed(#condition, __FILE__, __LINE__))

#endif  // ARCH_BASE_CHECK_H_
