// SPDX-License-Identifier: Apache-2.0

#include "kernel/dev/terminal.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>

#include <algorithm>

#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/signal/job_control.h"
#include "kernel/signal/send.h"
#include "kernel/signal/signal_defaults.h"
#include "kernel/task.h"

namespace emu {

size_t Terminal::Type(absl::string_view bytes) {
  const size_t n = std::min(bytes.size(), TypingRoom());
  typed_.append(bytes.data(), n);
  PassTyped();
  return n;
}

void Terminal::PassTyped() {
  // What the discipline does may lead back here.
  if (passing_ || typed_.empty()) return;
  passing_ = true;
  const std::string bytes = std::move(typed_);
  typed_.clear();
  const size_t taken = discipline_.Receive(bytes);
  typed_.insert(0, bytes, taken);
  passing_ = false;
  if (taken == 0) return;
  last_input_ = kernel_.clock().now();
  queue_.Wake(POLLIN | POLLRDNORM);
}

void Terminal::FlushInput() {
  typed_.clear();
  discipline_.FlushInput();
}

void Terminal::SetWindow(const abi::winsize& window) {
  if (memcmp(&window, &window_, sizeof(window)) == 0) return;
  window_ = window;
  SignalForeground(SIGWINCH);
}

void Terminal::SetSettings(const abi::termios2& settings) {
  discipline_.SetSettings(settings);
  PassTyped();
  queue_.Wake();
}

void Terminal::SignalForeground(int signo) {
  if (foreground == 0) return;
  SendToGroup(kernel_, foreground, Siginfo(signo, SI_KERNEL));
}

bool Terminal::Controls(const Task& task) const {
  return task.process().session->terminal.get() == this;
}

void Terminal::Control(Process& leader) {
  session_ = leader.session;
  foreground = leader.pgid;
  leader.session->terminal = shared_from_this();
}

void Terminal::LeaveSession() {
  // The session may be what keeps this alive.
  const std::shared_ptr<Terminal> self = shared_from_this();
  if (const std::shared_ptr<Session> session = session_.lock()) {
    session->terminal.reset();
  }
  session_.reset();
  foreground = 0;
}

Result<> Terminal::CheckForeground(Task& task, int signo) {
  const Pid pgid = task.process().pgid;
  if (!Controls(task) || foreground == 0 || foreground == pgid) return {};
  const bool ignored =
      (task.signal_mask() & SignalBit(signo)) != 0 ||
      task.process().handlers->of(signo).handler == kHandlerIgnore;
  if (ignored) {
    if (signo == SIGTTIN) return Errno(EIO);
    return {};
  }
  if (IsOrphanedGroup(kernel_, pgid, task.process().session->sid)) {
    return Errno(EIO);
  }
  SendToGroup(kernel_, pgid, Siginfo(signo, SI_KERNEL));
  return Errno(ERESTARTSYS);
}

void Terminal::HangUp() {
  const std::shared_ptr<Terminal> self = shared_from_this();
  ++hangups_;
  FlushInput();
  if (const std::shared_ptr<Session> session = session_.lock()) {
    session->lost_foreground = foreground;
    LeaveSession();
    Process* leader = kernel_.pids().FindProcess(session->sid);
    if (leader != nullptr && !leader->zombie) {
      SendKernelSignal(*leader, SIGHUP);
      SendKernelSignal(*leader, SIGCONT);
    }
  }
  queue_.Wake();
}

Result<> Terminal::OnOpen() { return {}; }

void Terminal::OnSignalCharacter(int signo, bool flush) {
  SignalForeground(signo);
  if (!flush) return;
  FlushOutput();
  queue_.Wake(POLLOUT | POLLWRNORM);
}

void Terminal::OnFlow(bool stopped) {
  if (!stopped) queue_.Wake(POLLOUT | POLLWRNORM);
}

Result<FileRef> OpenTerminal(Task& task,
                             const std::shared_ptr<Terminal>& terminal,
                             const Path& path, int flags) {
  TRY(terminal->OnOpen());
  // From here on the description counts, and its end undoes that.
  auto file = std::make_shared<TerminalFile>(terminal, path, flags);
  if (terminal->exclusive && !task.creds->Has(CAP_SYS_ADMIN)) {
    return Errno(EBUSY);
  }
  Process& process = task.process();
  if ((flags & O_NOCTTY) == 0 && process.session->sid == process.pid() &&
      process.session->terminal == nullptr && file->readable() &&
      terminal->session() == nullptr) {
    terminal->Control(process);
  }
  return FileRef(std::move(file));
}

void DisassociateTerminal(Process& leader, bool ending) {
  Session& session = *leader.session;
  Kernel& kernel = leader.kernel();
  const auto tell = [&](Pid group, bool go_on) {
    if (group == 0) return;
    SendToGroup(kernel, group, Siginfo(SIGHUP, SI_KERNEL));
    if (go_on) SendToGroup(kernel, group, Siginfo(SIGCONT, SI_KERNEL));
  };
  if (session.terminal != nullptr) {
    const std::shared_ptr<Terminal> terminal = session.terminal;
    const Pid group = terminal->foreground;
    terminal->LeaveSession();
    tell(group, !ending);
  } else if (ending) {
    tell(session.lost_foreground, true);
  }
  session.lost_foreground = 0;
}

}  // namespace emu
