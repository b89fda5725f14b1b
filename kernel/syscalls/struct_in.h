// SPDX-License-Identifier: Apache-2.0
//
// Structs that grow from one kernel to the next and come with their size
// (clone3, openat2, sched_setattr): Linux's copy_struct_from_user.

#ifndef KERNEL_SYSCALLS_STRUCT_IN_H_
#define KERNEL_SYSCALLS_STRUCT_IN_H_

#include <algorithm>
#include <cstring>
#include <vector>

#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/task.h"

namespace emu {

// The first `size` bytes of a T, the rest zero. E2BIG when the guest's struct is
// longer and says something there. The caller has bounded `size`.
template <typename T>
Result<std::remove_const_t<T>> ReadStruct(Task& task, UserPtr<T> from,
                                          size_t size) {
  std::remove_const_t<T> value = {};
  std::vector<char> bytes(std::max(size, sizeof(value)));
  TRY(task.mm->CopyIn(bytes.data(), from.addr(), size));
  if (std::any_of(bytes.begin() + sizeof(value), bytes.end(),
                  [](char c) { return c != 0; })) {
    return Errno(E2BIG);
  }
  memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

}  // namespace emu

#endif  // KERNEL_SYSCALLS_STRUCT_IN_H_
