// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/eventfd.h"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <memory>

#include "kernel/fs/anonymous.h"
#include "kernel/kernel.h"
#include "kernel/subsystems.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {

// eventfd(2), the first form.
Result<Fd> sys_eventfd(Task& task, uint32_t count) {
  return sys_eventfd2(task, count, 0);
}

// eventfd2(2).
Result<Fd> sys_eventfd2(Task& task, uint32_t count, int flags) {
  if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK)) {
    return Errno(EINVAL);
  }
  Subsystems& subsystems = task.kernel().subsystems();
  auto file = std::make_shared<EventFd>(
      subsystems.anonymous.NewPath(AnonymousKind::kInode, "[eventfd]", 0600,
                                   *task.creds),
      O_RDWR | (flags & O_NONBLOCK), count, (flags & EFD_SEMAPHORE) != 0,
      subsystems.next_eventfd_id++);
  return task.AddFd(std::move(file), (flags & EFD_CLOEXEC) != 0);
}

}  // namespace emu
