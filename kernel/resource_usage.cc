// SPDX-License-Identifier: Apache-2.0

#include "kernel/resource_usage.h"

#include "kernel/process.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

abi::rusage Times(Nanos user, Nanos system) {
  abi::rusage usage = {};
  usage.ru_utime = ToTimeval(user);
  usage.ru_stime = ToTimeval(system);
  return usage;
}

void AddMemory(const MemoryMap* mm, abi::rusage* usage) {
  if (mm != nullptr) usage->ru_maxrss = mm->mapped_bytes() / 1024;
}

void AddSwitches(const Task& task, abi::rusage* usage) {
  usage->ru_nvcsw += static_cast<int64_t>(task.voluntary_switches);
  usage->ru_nivcsw += static_cast<int64_t>(task.involuntary_switches);
}

}  // namespace

abi::rusage UsageOf(const Task& task) {
  abi::rusage usage = Times(task.user_time, task.system_time);
  AddMemory(task.mm.get(), &usage);
  AddSwitches(task, &usage);
  return usage;
}

abi::rusage UsageOf(const Process& process) {
  abi::rusage usage = Times(process.user_time(), process.system_time());
  if (const Task* task = process.LiveTask()) AddMemory(task->mm.get(), &usage);
  for (const std::unique_ptr<Task>& task : process.tasks) {
    AddSwitches(*task, &usage);
  }
  return usage;
}

abi::rusage UsageOfChildren(const Process& process) {
  return Times(process.children_user_time, process.children_system_time);
}

abi::rusage UsageWithChildren(const Process& process) {
  abi::rusage usage = UsageOf(process);
  usage.ru_utime =
      ToTimeval(process.user_time() + process.children_user_time);
  usage.ru_stime =
      ToTimeval(process.system_time() + process.children_system_time);
  return usage;
}

}  // namespace emu
