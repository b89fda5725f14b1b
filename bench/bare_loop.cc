// SPDX-License-Identifier: Apache-2.0

#include "bench/bare_loop.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace emu::bench {
namespace {

double Now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

[[noreturn]] void RunChild() {
  raise(SIGSTOP);
  for (;;) syscall(SYS_getppid);
}

long Ptrace(int request, pid_t pid, uintptr_t addr, uintptr_t data) {
  return syscall(SYS_ptrace, request, pid, addr, data);
}

bool Serve(pid_t pid) {
  __ptrace_syscall_info info;
  int status;
  return Ptrace(PTRACE_SYSEMU, pid, 0, 0) == 0 &&
         waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) &&
         Ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info),
                reinterpret_cast<uintptr_t>(&info)) > 0 &&
         Ptrace(PTRACE_POKEUSER, pid, offsetof(user_regs_struct, rax), 1) == 0;
}

}  // namespace

double TimeBareLoop(long count) {
  const pid_t pid = fork();
  if (pid == 0) RunChild();
  int status;
  bool good = pid > 0 && waitpid(pid, &status, WUNTRACED) == pid &&
              Ptrace(PTRACE_SEIZE, pid, 0,
                     PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) == 0;
  // The stop that SEIZE finds it in, then the end of that stop.
  good = good && waitpid(pid, &status, __WALL) == pid && kill(pid, SIGCONT) == 0;
  for (int i = 0; good && i < 8; ++i) good = Serve(pid);
  const double start = Now();
  for (long i = 0; good && i < count; ++i) good = Serve(pid);
  const double seconds = Now() - start;
  if (pid > 0) {
    kill(pid, SIGKILL);
    waitpid(pid, &status, __WALL);
  }
  return good ? seconds : -1;
}

}  // namespace emu::bench
