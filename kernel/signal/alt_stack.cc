// SPDX-License-Identifier: Apache-2.0

#include "kernel/signal/alt_stack.h"

#include "kernel/kernel.h"
#include "kernel/task.h"

namespace emu {
namespace {
constexpr uint64_t kSmallest = 2048;  // MINSIGSTKSZ
}  // namespace

bool IsWithinAltStack(const AltStack& stack, GuestAddr sp) {
  return sp > stack.base && sp - stack.base <= stack.size;
}

bool IsOnAltStack(const AltStack& stack, GuestAddr sp) {
  return (stack.flags & kAltStackAutodisarm) == 0 &&
         IsWithinAltStack(stack, sp);
}

Result<> SetAltStack(Task& task, const AltStack& stack) {
  if (IsOnAltStack(task.altstack, task.cpu().sp())) return Errno(EPERM);
  const int32_t mode = stack.flags & ~kAltStackAutodisarm;
  if (mode != 0 && mode != kAltStackOn && mode != kAltStackDisabled) {
    return Errno(EINVAL);
  }
  if (mode == kAltStackDisabled) {
    task.altstack = {.base = 0, .size = 0, .flags = stack.flags};
    return {};
  }
  if (stack.base == task.altstack.base && stack.size == task.altstack.size &&
      stack.flags == task.altstack.flags) {
    return {};
  }
  if (stack.size < kSmallest) return Errno(ENOMEM);
  task.altstack = stack;
  return {};
}

}  // namespace emu
