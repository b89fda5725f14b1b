// SPDX-License-Identifier: Apache-2.0

#include "kernel/ptrace_access.h"

#include <linux/capability.h>

#include "kernel/process.h"
#include "kernel/task.h"

namespace emu {

bool MayInspect(const Task& task, const Task& target) {
  if (&task.process() == &target.process()) return true;
  const Credentials& from = *task.creds;
  const Credentials& to = *target.creds;
  if (from.Has(CAP_SYS_PTRACE)) return true;
  const bool same = from.uid == to.euid && from.uid == to.suid &&
                    from.uid == to.uid && from.gid == to.egid &&
                    from.gid == to.sgid && from.gid == to.gid;
  return same && target.dumpable && (to.permitted & ~from.permitted) == 0;
}

}  // namespace emu
