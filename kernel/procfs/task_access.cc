// SPDX-License-Identifier: Apache-2.0

#include "kernel/procfs/task_access.h"

#include <linux/capability.h>

#include "kernel/task.h"

namespace emu {

bool MayInspect(const Task& reader, const Task& target) {
  if (&reader.process() == &target.process()) return true;
  const Credentials& mine = *reader.creds;
  const Credentials& its = *target.creds;
  if (mine.Has(CAP_SYS_PTRACE)) return true;
  const bool same_ids =
      mine.fsuid == its.uid && mine.fsuid == its.euid &&
      mine.fsuid == its.suid && mine.fsgid == its.gid &&
      mine.fsgid == its.egid && mine.fsgid == its.sgid;
  const bool no_more_capable = (its.permitted & ~mine.permitted) == 0;
  return same_ids && target.dumpable && no_more_capable;
}

}  // namespace emu
