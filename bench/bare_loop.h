// SPDX-License-Identifier: Apache-2.0
//
// The cheapest service of system calls that SYSEMU allows: one stop, one
// GET_SYSCALL_INFO, one POKEUSER of the result. What emu's own cost is measured
// against.

#ifndef BENCH_BARE_LOOP_H_
#define BENCH_BARE_LOOP_H_

namespace emu::bench {

// Serves `count` getppid calls of a child of its own on this CPU. Seconds in
// all, negative when the host does not let it.
double TimeBareLoop(long count);

}  // namespace emu::bench

#endif  // BENCH_BARE_LOOP_H_
