// SPDX-License-Identifier: Apache-2.0
#include "arch/ptrace/wait.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"
#include "arch/ptrace/types.h"

namespace emu::ptrace {
namespace {

// The signals whose default action stops a process: with Event::STOP, they tell
// a group stop from the other stops of that event.
bool StopsProcess(Signal signal) {
  return signal == Signal{SIGSTOP} || signal == Signal{SIGTSTP} ||
         signal == Signal{SIGTTIN} || signal == Signal{SIGTTOU};
}

}  // namespace

TraceStop DecodeWaitStatus(int status) {
  if (WIFEXITED(status)) return Exited{WEXITSTATUS(status)};
  if (WIFCONTINUED(status)) return Continued{};
  if (!WIFSTOPPED(status)) {
    return Signaled{{WTERMSIG(status)}, bool{WCOREDUMP(status) != 0}};
  }
  const Signal signal{WSTOPSIG(status)};
  const Event event{status >> 16};
  if (event == Event::STOP && StopsProcess(signal)) return GroupStop{signal};
  if (event != Event{}) return EventStop{event, signal};
  if (signal == Signal{SIGTRAP | 0x80}) return SyscallStop{};
  return SignalDeliveryStop{signal};
}

absl::StatusOr<Waited> wait_tracee(Tid tid, int flags) {
  int status = 0;
  const pid_t pid = waitpid(tid.value, &status, flags | __WALL);
  if (pid == 0) return Waited{Tid{}, NoChange{}};
  if (pid > 0) return Waited{Tid{pid}, DecodeWaitStatus(status)};
  const int error = errno;
  return HostError(error, absl::StrCat("waitpid(", tid.value, ", 0x",
                                       absl::Hex(static_cast<unsigned>(flags) |
                                                 static_cast<unsigned>(__WALL)),
                                       ")"));
}

}  // namespace emu::ptrace
