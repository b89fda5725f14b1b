// SPDX-License-Identifier: Apache-2.0
//
// Ids and parenthood: which processes there are. Owns every Process from its
// birth until it is reaped. Ids count up and are used again only when the count
// comes round, as on Linux.

#ifndef KERNEL_PID_NAMESPACE_H_
#define KERNEL_PID_NAMESPACE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "absl/functional/function_ref.h"
#include "arch/result.h"
#include "kernel/process.h"

namespace emu {

class PidNamespace {
 public:
  // At most `limit` tasks (threads counted) at a time.
  PidNamespace(Kernel& kernel, size_t limit)
      : kernel_(kernel), limit_(limit) {}
  PidNamespace(const PidNamespace&) = delete;
  PidNamespace& operator=(const PidNamespace&) = delete;
  ~PidNamespace();

  // A new id for a thread or process. EAGAIN at the limit. Whoever takes it
  // adds a task that has it.
  Result<Pid> NewId();
  // An id is free again (the task that had it is gone).
  void ReleaseId(Pid id);

  // A process without threads, a child of `parent` (null: init).
  Process& NewProcess(Pid pid, Process* parent);
  // Forgets a zombie: its parent has waited for it, or wants no word of it.
  void Reap(Process& process);

  // Null: no such process, thread, or member of the group.
  Process* FindProcess(Pid pid) const;
  Task* FindTask(Pid tid) const;
  void AddTask(Task& task) { tasks_[task.tid()] = &task; }
  void RemoveTask(Task& task) { tasks_.erase(task.tid()); }
  bool GroupExists(Pid pgid) const;
  bool SessionExists(Pid sid) const;
  Process& init() const { return *processes_.begin()->second; }

  // In order of pid; zombies among them.
  const std::map<Pid, std::unique_ptr<Process>>& processes() const {
    return processes_;
  }
  size_t task_count() const { return used_.size(); }

 private:
  bool IsFree(Pid id) const;

  Kernel& kernel_;
  const size_t limit_;
  std::map<Pid, std::unique_ptr<Process>> processes_;
  std::map<Pid, Task*> tasks_;
  std::set<Pid> used_;
  Pid last_ = 0;
  bool wrapped_ = false;  // the count came round: ids are used again
};

}  // namespace emu

#endif  // KERNEL_PID_NAMESPACE_H_
