// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_sink.h"

#include <elf.h>
#include <string.h>

#include <utility>

#include "absl/strings/string_view.h"
#include "emu/strace_format.h"
#include "kernel/mm/memory_map.h"
#include "kernel/process.h"
#include "kernel/task.h"

namespace emu {
namespace {

// The call that would have started the program, from what it finds on its
// stack.
TracedCall FirstExec(const Task& task) {
  static constexpr SyscallEntry kExecve = {
      .name = "execve",
      .kind = SyscallEntry::Kind::kServed,
      .note = "",
      .parameters = "UserCString path, GuestAddr argv, GuestAddr envp",
      .result = "void",
      .error = 0,
      .call = nullptr};
  const MemoryMap::Layout& layout = task.mm->layout;
  TracedCall call = {.entry = &kExecve, .number = 0, .args = {}};
  const absl::string_view auxv = layout.auxv;
  for (size_t at = 0; at + 16 <= auxv.size(); at += 16) {
    uint64_t pair[2];
    memcpy(pair, auxv.data() + at, sizeof(pair));
    if (pair[0] == AT_EXECFN) call.args[0] = pair[1];
  }
  uint64_t argc = 0;
  (void)task.mm->CopyIn(&argc, layout.stack_start, sizeof(argc)).ok();
  call.args[1] = layout.stack_start + 8;
  call.args[2] = layout.stack_start + 8 * (argc + 2);
  return call;
}

}  // namespace

// Stops are no events: they are seen at the next one.
void StraceSink::TellStops(Nanos time) {
  for (const auto& [task, name] : names_) {
    if (task->state() != Task::State::kStopped) {
      stopped_.erase(task);
    } else if (stopped_.insert(task).second) {
      writer_.OnStop(name, time, task->process().stop_signal);
    }
  }
}

void StraceSink::OnEvent(const Event& event, Task& task) {
  const auto memory = [&task](void* to, GuestAddr from, size_t n) -> size_t {
    return task.mm != nullptr && task.mm->CopyIn(to, from, n).ok() ? n : 0;
  };
  TellStops(event.time);
  Pid& name = names_[&task];
  if (name != 0 && name != event.tid) {
    writer_.Rename(name, event.tid, event.time);
  }
  name = event.tid;
  writer_.OnMask(event.tid, task.signal_mask());
  if (event.kind == Event::Kind::kExec && !std::exchange(started_, true)) {
    const EnterText call = FormatEnter(FirstExec(task), memory);
    return writer_.OnFirstExec(event, call.text);
  }
  if (event.kind != Event::Kind::kDeath) return writer_.OnEvent(event, memory);

  names_.erase(&task);
  stopped_.erase(&task);
  const Process& process = task.process();
  // Waiters are told of a leader's end when the last thread has ended.
  if (task.IsLeader() && process.LiveTask() != nullptr) return;
  Event death = event;
  if (process.exiting) death.number = process.exit_status;
  writer_.OnEvent(death, memory);
}

}  // namespace emu
