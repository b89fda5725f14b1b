// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/write_all.h"

#include <signal.h>

#include "kernel/process.h"
#include "kernel/signal/send.h"

namespace emu {

void RaiseSigpipe(Task& task) {
  (void)SendToTask(task, Siginfo::Kill(SIGPIPE, SI_USER, task.process().pid(),
                                       task.creds->uid));
}

}  // namespace emu
