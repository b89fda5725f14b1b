// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/signalfd.h"

#include <fcntl.h>
#include <sys/signalfd.h>

#include <memory>

#include "kernel/fs/anonymous.h"
#include "kernel/kernel.h"
#include "kernel/subsystems.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {

// signalfd(2), the first form.
Result<Fd> sys_signalfd(Task& task, Fd fd, UserPtr<const uint64_t> mask,
                        size_t sizemask) {
  return sys_signalfd4(task, fd, mask, sizemask, 0);
}

// signalfd4(2).
Result<Fd> sys_signalfd4(Task& task, Fd fd, UserPtr<const uint64_t> mask,
                         size_t sizemask, int flags) {
  if (sizemask != sizeof(SignalSet)) return Errno(EINVAL);
  const SignalSet set = TRY(task.Read(mask));
  if (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK)) return Errno(EINVAL);
  if (fd.value != -1) {
    const FileRef file = TRY(task.GetFile(fd));
    SignalFd* signals = FileAs<SignalFd>(*file);
    if (signals == nullptr) return Errno(EINVAL);
    signals->set_signals(set);
    return fd;
  }
  auto file = std::make_shared<SignalFd>(
      task,
      task.kernel().subsystems().anonymous.NewPath(
          AnonymousKind::kInode, "[signalfd]", 0600, *task.creds),
      O_RDWR | (flags & O_NONBLOCK), set);
  return task.AddFd(std::move(file), (flags & SFD_CLOEXEC) != 0);
}

}  // namespace emu
