// SPDX-License-Identifier: Apache-2.0

#include "kernel/pid_namespace.h"

#include <algorithm>
#include <utility>

#include "kernel/kernel.h"
#include "kernel/task.h"

namespace emu {
namespace {

// PID_MAX_LIMIT of 64-bit machines is 2^22; this is the default, and what fits
// five digits. Ids below kReserved are not used again (RESERVED_PIDS).
constexpr Pid kHighest = 32767;
constexpr Pid kReserved = 300;

}  // namespace

PidNamespace::~PidNamespace() = default;

bool PidNamespace::IsFree(Pid id) const {
  if (used_.contains(id)) return false;
  // A group or session goes by the id of a process that may be gone.
  return !wrapped_ || (!GroupExists(id) && !SessionExists(id));
}

Result<Pid> PidNamespace::NewId() {
  if (used_.size() >= std::min<size_t>(limit_, kHighest - kReserved)) {
    return Errno(EAGAIN);
  }
  do {
    if (++last_ > kHighest) {
      last_ = kReserved;
      wrapped_ = true;
    }
  } while (!IsFree(last_));
  used_.insert(last_);
  return last_;
}

void PidNamespace::ReleaseId(Pid id) { used_.erase(id); }

Process& PidNamespace::NewProcess(Pid pid, Process* parent) {
  auto process = std::make_unique<Process>(kernel_, pid);
  process->parent = parent;
  if (parent != nullptr) {
    process->parent_task = parent->LiveTask();
    parent->children.push_back(process.get());
  }
  return *(processes_[pid] = std::move(process));
}

void PidNamespace::Reap(Process& process) {
  if (Process* parent = process.parent; parent != nullptr) {
    std::erase(parent->children, &process);
    process.parent = nullptr;
  }
  for (const std::unique_ptr<Task>& task : process.tasks) {
    RemoveTask(*task);
    ReleaseId(task->tid());
  }
  process.ended.Wake();
  const auto it = processes_.find(process.pid());
  std::unique_ptr<Process> owned = std::move(it->second);
  processes_.erase(it);
  kernel_.Bury(std::move(owned));
}

Process* PidNamespace::FindProcess(Pid pid) const {
  const auto it = processes_.find(pid);
  return it == processes_.end() ? nullptr : it->second.get();
}

Task* PidNamespace::FindTask(Pid tid) const {
  const auto it = tasks_.find(tid);
  return it == tasks_.end() ? nullptr : it->second;
}

bool PidNamespace::GroupExists(Pid pgid) const {
  return std::any_of(processes_.begin(), processes_.end(), [&](const auto& p) {
    return p.second->pgid == pgid;
  });
}

bool PidNamespace::SessionExists(Pid sid) const {
  return std::any_of(processes_.begin(), processes_.end(), [&](const auto& p) {
    return p.second->session != nullptr && p.second->session->sid == sid;
  });
}

}  // namespace emu
