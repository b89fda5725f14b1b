// SPDX-License-Identifier: Apache-2.0
//
// The robust list of a thread that ends: see set_robust_list(2).

#include <linux/futex.h>

#include "arch/abi/futex.h"
#include "kernel/mm/futex.h"
#include "kernel/mm/futex_pi.h"
#include "kernel/task.h"

namespace emu {
namespace {

// A list that is longer is taken for a circle.
constexpr int kLongestList = 2048;

struct Entry {
  GuestAddr addr = 0;
  bool pi = false;
};

Entry ToEntry(uint64_t pointer) {
  return {pointer & ~uint64_t{1}, (pointer & 1) != 0};
}

// The word at `addr` has lost its owner, if that was `task`. False: the list
// cannot be trusted any further.
bool Abandon(Task& task, GuestAddr addr, bool pi, bool pending) {
  if (addr % sizeof(uint32_t) != 0) return false;
  const UserPtr<uint32_t> word(addr);
  const Result<uint32_t> value = task.Read(word);
  if (!value.ok()) return false;
  const uint32_t owner = *value & FUTEX_TID_MASK;
  // It died after it had unlocked the word, before it woke the next.
  if (pending && !pi && owner == 0) {
    FutexWakeAddress(*task.mm, addr, 1);
    return true;
  }
  if (owner != static_cast<uint32_t>(task.tid())) return true;
  const uint32_t marked = (*value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
  if (!task.Write(word, marked).ok()) return false;
  if (!pi && (*value & FUTEX_WAITERS)) FutexWakeAddress(*task.mm, addr, 1);
  return true;
}

void WalkList(Task& task) {
  const UserPtr<abi::robust_list_head> at(task.robust_list);
  const Result<abi::robust_list_head> head = task.Read(at);
  if (!head.ok()) return;
  const Entry pending = ToEntry(head->list_op_pending);
  Entry entry = ToEntry(head->list);
  for (int i = 0; i < kLongestList && entry.addr != at.addr(); ++i) {
    // The next one first: the entry may be another's once it is released.
    const Result<uint64_t> next = task.Read(UserPtr<uint64_t>(entry.addr));
    if (entry.addr != pending.addr &&
        !Abandon(task, entry.addr + head->futex_offset, entry.pi, false)) {
      return;
    }
    if (!next.ok()) return;
    entry = ToEntry(*next);
  }
  if (pending.addr != 0) {
    Abandon(task, pending.addr + head->futex_offset, pending.pi, true);
  }
}

}  // namespace

void ExitRobustList(Task& task) {
  if (task.robust_list != 0) WalkList(task);
  ReleasePiLocks(task);
}

}  // namespace emu
