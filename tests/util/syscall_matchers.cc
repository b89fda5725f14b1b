// SPDX-License-Identifier: Apache-2.0

#include "tests/util/syscall_matchers.h"

#include <sys/wait.h>

#include <cstring>

namespace emu {

void PrintErrno(int error, std::ostream* out) {
  if (out == nullptr) return;
  const char* name = strerrorname_np(error);
  *out << (name != nullptr ? name : "an unknown errno") << " ("
       << strerror(error) << ")";
}

void PrintWaitStatus(int status, std::ostream* out) {
  if (out == nullptr) return;
  if (WIFEXITED(status)) {
    *out << "exited with " << WEXITSTATUS(status);
  } else if (WIFSTOPPED(status)) {
    *out << "stopped by signal " << WSTOPSIG(status);
  } else if (WIFSIGNALED(status)) {
    *out << "killed by signal " << WTERMSIG(status);
  } else {
    *out << "in an unknown state " << status;
  }
}

}  // namespace emu
