// SPDX-License-Identifier: Apache-2.0

#include "arch/host/end_on_signals.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <initializer_list>

namespace emu {
namespace {

// A handler is told nothing but the signal.
const char* last_line = "";

void End(int signo) {
  (void)!write(STDERR_FILENO, last_line, strlen(last_line));
  _exit(128 + signo);
}

}  // namespace

void EndOnSignals(const char* line) {
  last_line = line;
  for (const int signo : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    struct sigaction before = {};
    if (sigaction(signo, nullptr, &before) == 0 &&
        before.sa_handler == SIG_IGN) {
      continue;
    }
    struct sigaction action = {};
    action.sa_handler = End;
    sigaction(signo, &action, nullptr);
  }
  signal(SIGTSTP, SIG_DFL);
}

}  // namespace emu
