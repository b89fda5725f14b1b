// SPDX-License-Identifier: Apache-2.0

#include "arch/host/terminal_mode.h"

#include <signal.h>
#include <stdlib.h>
#include <termios.h>

#include <atomic>

namespace emu {
namespace {

constexpr int kCrashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// For handlers and exit(3): what to restore, and where.
struct Saved {
  std::atomic<int> fd{-1};  // -1: nothing to restore
  termios modes = {};
  bool at_exit = false;
};
Saved saved;

// Async-signal-safe.
void RestoreSaved() {
  const int fd = saved.fd.exchange(-1);
  if (fd >= 0) tcsetattr(fd, TCSANOW, &saved.modes);
}

// SA_RESETHAND: the fault comes again when this returns, and ends emu as it
// would have.
void OnCrash(int) { RestoreSaved(); }

void InstallCrashHandlers() {
  for (int signo : kCrashes) {
    struct sigaction now = {};
    sigaction(signo, nullptr, &now);
    if (now.sa_handler != SIG_DFL) continue;
    now = {};
    now.sa_handler = OnCrash;
    now.sa_flags = SA_RESETHAND;
    sigaction(signo, &now, nullptr);
  }
}

}  // namespace

TerminalMode::TerminalMode(int fd) : fd_(fd) {}

TerminalMode::~TerminalMode() { Restore(); }

bool TerminalMode::AddsCarriageReturns() const {
  termios modes = {};
  return !raw_ && tcgetattr(fd_, &modes) == 0 && (modes.c_oflag & OPOST) &&
         (modes.c_oflag & ONLCR);
}

void TerminalMode::EnterRaw() {
  if (raw_) return;
  if (tcgetattr(fd_, &saved.modes) != 0) return;
  termios modes = saved.modes;
  cfmakeraw(&modes);
  InstallCrashHandlers();
  if (!saved.at_exit) saved.at_exit = atexit(RestoreSaved) == 0;
  saved.fd = fd_;
  tcsetattr(fd_, TCSANOW, &modes);
  raw_ = true;
}

void TerminalMode::Restore() {
  if (!raw_) return;
  RestoreSaved();
  raw_ = false;
}

}  // namespace emu
