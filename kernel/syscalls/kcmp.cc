// SPDX-License-Identifier: Apache-2.0

#include <linux/kcmp.h>

#include "kernel/ipc/semaphores.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/ptrace_access.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

// The same; or different, and there is no order among such things.
int Compare(const void* a, const void* b) { return a == b ? 0 : 3; }

Result<int> CompareFiles(Task& a, Task& b, uint64_t fd1, uint64_t fd2) {
  const FileRef file1 = TRY(a.files->Get(Fd{static_cast<int>(fd1)}));
  const FileRef file2 = TRY(b.files->Get(Fd{static_cast<int>(fd2)}));
  return Compare(file1.get(), file2.get());
}

// Stands for the process's list, if it has one: only its threads share it.
const Process* UndoList(const Task& task) {
  return HasSemaphoresToUndo(task.process()) ? &task.process() : nullptr;
}

}  // namespace

// kcmp(2). Differs: no KCMP_EPOLL_TFD.
Result<int> sys_kcmp(Task& task, Pid pid1, Pid pid2, int type, uint64_t idx1,
                     uint64_t idx2) {
  Task* a = task.kernel().pids().FindTask(pid1);
  Task* b = task.kernel().pids().FindTask(pid2);
  if (a == nullptr || b == nullptr) return Errno(ESRCH);
  if (!MayInspect(task, *a) || !MayInspect(task, *b)) return Errno(EPERM);
  // A zombie has nothing left to compare.
  if (a->files == nullptr || b->files == nullptr) return Errno(EBADF);
  switch (type) {
    case KCMP_FILE:
      return CompareFiles(*a, *b, idx1, idx2);
    case KCMP_VM:
      return Compare(a->mm.get(), b->mm.get());
    case KCMP_FILES:
      return Compare(a->files.get(), b->files.get());
    case KCMP_FS:
      return Compare(a->fs.get(), b->fs.get());
    case KCMP_SIGHAND:
      return Compare(a->process().handlers.get(), b->process().handlers.get());
    case KCMP_IO:
      // Nobody has an I/O context of their own.
      return 0;
    case KCMP_SYSVSEM:
      return Compare(UndoList(*a), UndoList(*b));
    default:
      return Errno(EINVAL);
  }
}

}  // namespace emu
