// SPDX-License-Identifier: Apache-2.0
//
// write(2) to a pipe or stream socket that may block returns only when
// everything was taken, a signal came, or no one reads any more. The objects
// take what they have room for; this makes the one call of the many steps.

#ifndef KERNEL_FS_WRITE_ALL_H_
#define KERNEL_FS_WRITE_ALL_H_

#include "kernel/iov_iter.h"
#include "kernel/task.h"

namespace emu {

// SIGPIPE to the thread itself, as a write without a reader raises it.
void RaiseSigpipe(Task& task);

// Runs `step` (bytes taken off `from`, or EAGAIN, EPIPE, …) until nothing
// remains or it fails. With `wait`, EAGAIN is returned although some were
// taken: the count is kept in the pending call, and they are skipped when the
// handler runs again.
template <typename Step>
Result<size_t> WriteAll(Task& task, IovIter& from, bool wait, Step step) {
  // The kernel's own buffers belong to calls that count for themselves.
  if (!from.over_guest()) return step(from);
  PendingSyscall& call = task.pending();
  from.Skip(call.done);
  while (true) {
    const Result<size_t> taken = step(from);
    if (taken.ok()) {
      call.done += *taken;
      if (from.remaining() == 0 || *taken == 0) return call.done;
      continue;
    }
    if (call.done == 0) return taken;
    if (!wait || taken.error() != Errno(EAGAIN)) return call.done;
    call.on_signal = call.done;
    return taken;
  }
}

}  // namespace emu

#endif  // KERNEL_FS_WRITE_ALL_H_
