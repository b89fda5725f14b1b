// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/pipe.h"

#include <fcntl.h>

#include <array>

#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {

// pipe(2).
Result<> sys_pipe(Task& task, UserPtr<Fd> fds) {
  return sys_pipe2(task, fds, 0);
}

// pipe2(2).
Result<> sys_pipe2(Task& task, UserPtr<Fd> fds, int flags) {
  if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) return Errno(EINVAL);
  const bool cloexec = (flags & O_CLOEXEC) != 0;
  PipeEnds ends = NewPipe(task, flags);
  const Fd read = TRY(task.AddFd(std::move(ends.read), cloexec));
  const Result<Fd> write = task.AddFd(std::move(ends.write), cloexec);
  if (!write.ok()) {
    (void)task.files->Remove(read);
    return write.error();
  }
  const std::array<Fd, 2> pair = {read, *write};
  const Result<> written =
      task.WriteArray(fds, absl::Span<const Fd>(pair.data(), pair.size()));
  if (!written.ok()) {
    (void)task.files->Remove(read);
    (void)task.files->Remove(*write);
  }
  return written;
}

}  // namespace emu
