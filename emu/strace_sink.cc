// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_sink.h"

#include "kernel/mm/memory_map.h"
#include "kernel/task.h"

namespace emu {

void StraceSink::OnEvent(const Event& event, Task& task) {
  writer_.OnEvent(event, [&task](void* to, GuestAddr from, size_t n) -> size_t {
    return task.mm != nullptr && task.mm->CopyIn(to, from, n).ok() ? n : 0;
  });
}

}  // namespace emu
