// SPDX-License-Identifier: Apache-2.0
//
// What to say when every task waits and nothing will ever wake one.

#ifndef KERNEL_DEADLOCK_H_
#define KERNEL_DEADLOCK_H_

#include <string>

namespace emu {

class Kernel;

// A line for each task that waits: its ids and name, the call it is in with its
// arguments, and the descriptor it waits for, or where in user code it spins.
// Ends in a newline.
std::string DeadlockReport(Kernel& kernel);

}  // namespace emu

#endif  // KERNEL_DEADLOCK_H_
