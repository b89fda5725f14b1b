// SPDX-License-Identifier: Apache-2.0
//
// What there is of terminals, one of each kernel. Owned by its Subsystems.

#ifndef KERNEL_DEV_TERMINALS_H_
#define KERNEL_DEV_TERMINALS_H_

#include <memory>

namespace emu {

class Console;
class Devpts;

struct Terminals {
  Devpts* devpts = nullptr;          // owned by the mount tree
  std::shared_ptr<Console> console;  // null: no standard stream is a terminal
};

}  // namespace emu

#endif  // KERNEL_DEV_TERMINALS_H_
