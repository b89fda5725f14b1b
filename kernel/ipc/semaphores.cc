// SPDX-License-Identifier: Apache-2.0

#include "kernel/ipc/semaphores.h"

#include <sys/sem.h>

#include <algorithm>

#include "kernel/ipc/ipc.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/subsystems.h"

namespace emu {

void SemaphoreSet::Set(size_t index, int value, Pid pid) {
  semaphores_[index] = {value, pid};
  for (auto& [who, adjustments] : undo_) adjustments[index] = 0;
}

Result<> SemaphoreSet::Operate(absl::Span<const abi::sembuf> operations,
                               Pid pid, Nanos now, size_t* blocking) {
  std::vector<Semaphore> after = semaphores_;
  std::vector<int> adjustments;
  const auto undo = undo_.find(pid);
  if (undo != undo_.end()) adjustments = undo->second;
  adjustments.resize(size());
  bool undoes = false;
  for (size_t i = 0; i < operations.size(); ++i) {
    const abi::sembuf& op = operations[i];
    int& value = after[op.sem_num].value;
    if (op.sem_op == 0 ? value != 0 : value + op.sem_op < 0) {
      *blocking = i;
      return Errno(EAGAIN);
    }
    value += op.sem_op;
    if (value > kMostValue) return Errno(ERANGE);
    after[op.sem_num].pid = pid;
    if ((op.sem_flg & SEM_UNDO) == 0 || op.sem_op == 0) continue;
    undoes = true;
    int& adjustment = adjustments[op.sem_num];
    adjustment -= op.sem_op;
    if (adjustment < -kMostValue - 1 || adjustment > kMostValue) {
      return Errno(ERANGE);
    }
  }
  semaphores_ = std::move(after);
  if (undoes) undo_[pid] = std::move(adjustments);
  otime = now;
  changed.Wake();
  return {};
}

void SemaphoreSet::Undo(Pid pid, Nanos now) {
  const auto undo = undo_.find(pid);
  if (undo == undo_.end()) return;
  for (size_t i = 0; i < size(); ++i) {
    if (undo->second[i] == 0) continue;
    semaphores_[i].value =
        std::clamp(semaphores_[i].value + undo->second[i], 0, kMostValue);
    semaphores_[i].pid = pid;
  }
  undo_.erase(undo);
  otime = now;
  changed.Wake();
}

int SemaphoreSet::CountWaiting(size_t index, bool for_zero) const {
  return std::count_if(
      waiting.begin(), waiting.end(), [&](const Waiting& waiting) {
        return waiting.index == index && waiting.for_zero == for_zero;
      });
}

void UndoSemaphores(Process& process) {
  Kernel& kernel = process.kernel();
  for (const auto& [index, object] :
       kernel.subsystems().ipc->semaphores.objects()) {
    static_cast<SemaphoreSet&>(*object).Undo(process.pid(),
                                             kernel.clock().realtime());
  }
}

bool HasSemaphoresToUndo(const Process& process) {
  for (const auto& [index, object] :
       process.kernel().subsystems().ipc->semaphores.objects()) {
    const auto& set = static_cast<const SemaphoreSet&>(*object);
    if (set.HasUndo(process.pid())) return true;
  }
  return false;
}

}  // namespace emu
