// SPDX-License-Identifier: Apache-2.0
//
// System V semaphores: semop(2). A set is owned by its table, and kept by the
// calls that wait for it.

#ifndef KERNEL_IPC_SEMAPHORES_H_
#define KERNEL_IPC_SEMAPHORES_H_

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "arch/abi/sysv_ipc.h"
#include "arch/env.h"
#include "arch/user_ptr.h"
#include "kernel/ipc/ipc_ids.h"
#include "kernel/wait_queue.h"

namespace emu {

class Process;

class SemaphoreSet : public IpcObject {
 public:
  static constexpr int kMostValue = 32767;     // SEMVMX
  static constexpr int kMostPerSet = 32000;    // SEMMSL
  static constexpr int kMostOperations = 500;  // SEMOPM

  SemaphoreSet(size_t count, Nanos now) : ctime(now), semaphores_(count) {}

  size_t size() const { return semaphores_.size(); }
  int value(size_t index) const { return semaphores_[index].value; }
  Pid last_pid(size_t index) const { return semaphores_[index].pid; }
  // semctl(2)'s SETVAL and SETALL: SEM_UNDO's notes are forgotten.
  void Set(size_t index, int value, Pid pid);

  // All of `operations` (their numbers are in range) or none. EAGAIN: some must
  // wait, and `blocking` says which; ERANGE.
  Result<> Operate(absl::Span<const abi::sembuf> operations, Pid pid, Nanos now,
                   size_t* blocking);
  // The process ends: what it did with SEM_UNDO is undone.
  void Undo(Pid pid, Nanos now);
  bool HasUndo(Pid pid) const { return undo_.count(pid) != 0; }

  // Those that wait, for GETNCNT (more) and GETZCNT (zero).
  struct Waiting {
    size_t index;
    bool for_zero;
  };
  int CountWaiting(size_t index, bool for_zero) const;
  std::list<Waiting> waiting;

  bool removed = false;
  Nanos otime = 0;  // CLOCK_REALTIME
  Nanos ctime = 0;
  WaitQueue changed;

 private:
  struct Semaphore {
    int value = 0;
    Pid pid = 0;
  };
  std::vector<Semaphore> semaphores_;
  // By process: what to add at its end.
  std::map<Pid, std::vector<int>> undo_;
};

using Semaphores = IpcIds<SemaphoreSet>;

// For the exit of a process.
void UndoSemaphores(Process& process);
// Whether that would have something to undo.
bool HasSemaphoresToUndo(const Process& process);

}  // namespace emu

#endif  // KERNEL_IPC_SEMAPHORES_H_
