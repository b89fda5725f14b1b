// SPDX-License-Identifier: Apache-2.0
//
// ioctl_tty(2).

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <iterator>

#include "kernel/dev/terminal.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/task.h"

namespace emu {
namespace {

// tcflush(3)'s and tcflow(3)'s arguments.
enum { kFlushInput = 0, kFlushOutput = 1, kFlushBoth = 2 };
enum { kOutputOff = 0, kOutputOn = 1, kInputOff = 2, kInputOn = 3 };

// The structs of old are a prefix of termios2, but for termio.
template <typename T>
T ToWire(const abi::termios2& settings) {
  T wire;
  memcpy(&wire, &settings, sizeof(wire));
  return wire;
}

template <>
abi::termio ToWire(const abi::termios2& settings) {
  abi::termio wire = {};
  wire.c_iflag = settings.c_iflag;
  wire.c_oflag = settings.c_oflag;
  wire.c_cflag = settings.c_cflag;
  wire.c_lflag = settings.c_lflag;
  wire.c_line = settings.c_line;
  std::copy_n(settings.c_cc, abi::kTermioChars, wire.c_cc);
  return wire;
}

template <typename T>
void FromWire(const T& wire, abi::termios2* settings) {
  memcpy(settings, &wire, sizeof(wire));
}

template <>
void FromWire(const abi::termio& wire, abi::termios2* settings) {
  const auto low = [](uint32_t old, uint16_t now) {
    return (old & 0xffff0000) | now;
  };
  settings->c_iflag = low(settings->c_iflag, wire.c_iflag);
  settings->c_oflag = low(settings->c_oflag, wire.c_oflag);
  settings->c_cflag = low(settings->c_cflag, wire.c_cflag);
  settings->c_lflag = low(settings->c_lflag, wire.c_lflag);
  settings->c_line = wire.c_line;
  std::copy_n(wire.c_cc, abi::kTermioChars, settings->c_cc);
}

// `settings`, but for what TIOCSLCKTRMIOS keeps as it is.
abi::termios2 KeepLocked(Terminal& terminal, abi::termios2 settings) {
  const abi::termios2& old = terminal.discipline().settings();
  const abi::termios2& locked = terminal.locked;
  const auto keep = [](uint32_t& now, uint32_t before, uint32_t lock) {
    now = (before & lock) | (now & ~lock);
  };
  keep(settings.c_iflag, old.c_iflag, locked.c_iflag);
  keep(settings.c_oflag, old.c_oflag, locked.c_oflag);
  keep(settings.c_cflag, old.c_cflag, locked.c_cflag);
  keep(settings.c_lflag, old.c_lflag, locked.c_lflag);
  for (size_t i = 0; i < std::size(settings.c_cc); ++i) {
    if (locked.c_cc[i] != 0) settings.c_cc[i] = old.c_cc[i];
  }
  return settings;
}

template <typename T>
Result<int64_t> GetSettings(Task& task, Terminal& terminal, GuestAddr arg) {
  TRY(task.Write(UserPtr<T>(arg),
                 ToWire<T>(terminal.discipline().settings())));
  return 0;
}

template <typename T>
Result<int64_t> SetSettings(Task& task, Terminal& terminal, GuestAddr arg,
                            bool flush) {
  TRY(terminal.CheckForeground(task, SIGTTOU));
  const T wire = TRY(task.Read(UserPtr<const T>(arg)));
  abi::termios2 settings = terminal.discipline().settings();
  FromWire(wire, &settings);
  // A pseudo-terminal has no line to set up, and keeps its line discipline.
  settings.c_cflag = (settings.c_cflag & ~(CSIZE | PARENB)) | CS8 | CREAD;
  settings.c_line = terminal.discipline().settings().c_line;
  if (flush) terminal.FlushInput();
  terminal.SetSettings(KeepLocked(terminal, settings));
  return 0;
}

Result<int64_t> SetLocked(Task& task, Terminal& terminal, GuestAddr arg) {
  if (!task.creds->Has(CAP_SYS_ADMIN)) return Errno(EPERM);
  FromWire(TRY(task.Read(UserPtr<const abi::termios>(arg))), &terminal.locked);
  return 0;
}

Result<int64_t> Flush(Task& task, Terminal& terminal, GuestAddr arg) {
  TRY(terminal.CheckForeground(task, SIGTTOU));
  if (arg > kFlushBoth) return Errno(EINVAL);
  if (arg != kFlushOutput) terminal.FlushInput();
  if (arg != kFlushInput) {
    terminal.FlushOutput();
    terminal.queue().Wake();
  }
  return 0;
}

Result<int64_t> Flow(Task& task, Terminal& terminal, GuestAddr arg) {
  TRY(terminal.CheckForeground(task, SIGTTOU));
  LineDiscipline& discipline = terminal.discipline();
  const auto send = [&](int index) {
    const char c = static_cast<char>(discipline.Char(index));
    if (c != 0) terminal.Output(absl::string_view(&c, 1));
  };
  switch (arg) {
    case kOutputOff:
      discipline.SuspendOutput(true);
      return 0;
    case kOutputOn:
      discipline.SuspendOutput(false);
      return 0;
    case kInputOff:
      send(VSTOP);
      return 0;
    case kInputOn:
      send(VSTART);
      return 0;
    default:
      return Errno(EINVAL);
  }
}

Result<int64_t> SetForeground(Task& task, Terminal& terminal, GuestAddr arg) {
  const Result<> allowed = terminal.CheckForeground(task, SIGTTOU);
  if (!allowed.ok()) {
    return allowed.error() == Errno(EIO) ? Errno(ENOTTY) : allowed.error();
  }
  const Pid group = TRY(task.Read(UserPtr<const Pid>(arg)));
  if (group < 0) return Errno(EINVAL);
  const std::shared_ptr<Session>& session = task.process().session;
  if (!terminal.Controls(task) || terminal.session() != session) {
    return Errno(ENOTTY);
  }
  bool found = false;
  for (const auto& [pid, process] : task.kernel().pids().processes()) {
    if (process->pgid != group) continue;
    found = true;
    if (process->session->sid != session->sid) return Errno(EPERM);
  }
  if (!found) return Errno(ESRCH);
  terminal.foreground = group;
  return 0;
}

Result<int64_t> TakeControl(Task& task, Terminal& terminal, bool readable,
                            GuestAddr arg) {
  Process& process = task.process();
  const std::shared_ptr<Session> holder = terminal.session();
  const bool leader = process.session->sid == process.pid();
  if (leader && holder == process.session) return 0;
  if (!leader || process.session->terminal != nullptr) return Errno(EPERM);
  const bool admin = task.creds->Has(CAP_SYS_ADMIN);
  if (holder != nullptr) {
    if (arg != 1 || !admin) return Errno(EPERM);
    terminal.LeaveSession();
  }
  if (!readable && !admin) return Errno(EPERM);
  terminal.Control(process);
  return 0;
}

Result<int64_t> GiveUpControl(Task& task, Terminal& terminal) {
  if (!terminal.Controls(task)) return Errno(ENOTTY);
  Process& process = task.process();
  if (process.session->sid == process.pid()) {
    DisassociateTerminal(process, /*ending=*/false);
  } else {
    // It stays in its session, which has no terminal for it and for those that
    // it will fork.
    process.session = std::make_shared<Session>(
        Session{.sid = process.session->sid});
  }
  return 0;
}

// TIOCSTI, as kernels with dev.tty.legacy_tiocsti=0 have it.
Result<int64_t> SimulateInput(Task& task, Terminal& terminal, GuestAddr arg) {
  if (!task.creds->Has(CAP_SYS_ADMIN)) return Errno(EIO);
  const char c = TRY(task.Read(UserPtr<const char>(arg)));
  terminal.Type(absl::string_view(&c, 1));
  return 0;
}

template <typename T>
Result<int64_t> Tell(Task& task, GuestAddr arg, T value) {
  TRY(task.Write(UserPtr<T>(arg), value));
  return 0;
}

Result<int64_t> JobControlIoctl(Task& task, Terminal& terminal, bool own,
                                bool readable, uint32_t request,
                                GuestAddr arg) {
  const bool foreign = own && !terminal.Controls(task);
  switch (request) {
    case TIOCSCTTY:
      return TakeControl(task, terminal, readable, arg);
    case TIOCNOTTY:
      return GiveUpControl(task, terminal);
    case TIOCSPGRP:
      return SetForeground(task, terminal, arg);
    case TIOCGPGRP:
      if (foreign) return Errno(ENOTTY);
      return Tell<Pid>(task, arg, terminal.foreground);
    case TIOCGSID: {
      const std::shared_ptr<Session> session = terminal.session();
      if (foreign || session == nullptr) return Errno(ENOTTY);
      return Tell<Pid>(task, arg, session->sid);
    }
    default:
      return Errno(ENOTTY);
  }
}

Result<int64_t> SettingsIoctl(Task& task, Terminal& terminal, uint32_t request,
                              GuestAddr arg) {
  switch (request) {
    case TCGETS:
      return GetSettings<abi::termios>(task, terminal, arg);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
      return SetSettings<abi::termios>(task, terminal, arg,
                                       request == TCSETSF);
    case static_cast<uint32_t>(TCGETS2):
      return GetSettings<abi::termios2>(task, terminal, arg);
    case static_cast<uint32_t>(TCSETS2):
    case static_cast<uint32_t>(TCSETSW2):
    case static_cast<uint32_t>(TCSETSF2):
      return SetSettings<abi::termios2>(
          task, terminal, arg, request == static_cast<uint32_t>(TCSETSF2));
    case TCGETA:
      return GetSettings<abi::termio>(task, terminal, arg);
    case TCSETA:
    case TCSETAW:
    case TCSETAF:
      return SetSettings<abi::termio>(task, terminal, arg, request == TCSETAF);
    case TIOCGLCKTRMIOS:
      return Tell(task, arg, ToWire<abi::termios>(terminal.locked));
    case TIOCSLCKTRMIOS:
      return SetLocked(task, terminal, arg);
    default:
      return Errno(ENOTTY);
  }
}

}  // namespace

Result<int64_t> TerminalIoctl(Task& task, Terminal& terminal, bool own,
                              bool readable, uint32_t request, GuestAddr arg) {
  switch (request) {
    case TIOCGWINSZ:
      return Tell(task, arg, terminal.window());
    case TIOCSWINSZ:
      terminal.SetWindow(TRY(task.Read(UserPtr<const abi::winsize>(arg))));
      return 0;
    case TIOCEXCL:
      terminal.exclusive = true;
      return 0;
    case TIOCNXCL:
      terminal.exclusive = false;
      return 0;
    case static_cast<uint32_t>(TIOCGEXCL):
      return Tell<int32_t>(task, arg, terminal.exclusive);
    case TIOCGETD:
      return Tell<int32_t>(task, arg, terminal.discipline().settings().c_line);
    case TIOCSETD: {
      TRY(terminal.CheckForeground(task, SIGTTOU));
      const int32_t kind = TRY(task.Read(UserPtr<const int32_t>(arg)));
      if (kind != 0) return Errno(EINVAL);  // N_TTY is all there is
      return 0;
    }
    case static_cast<uint32_t>(TIOCGDEV):
      return Tell<uint32_t>(
          task, arg,
          static_cast<uint32_t>(makedev(kPtySlaveMajor, terminal.number())));
    case TIOCOUTQ:
      return Tell<int32_t>(task, arg, 0);
    case TIOCINQ:
      return Tell<int32_t>(
          task, arg,
          static_cast<int32_t>(terminal.discipline().ReadableBytes()));
    case TIOCSTI:
      return SimulateInput(task, terminal, arg);
    case TIOCVHANGUP:
      if (!task.creds->Has(CAP_SYS_ADMIN)) return Errno(EPERM);
      terminal.HangUp();
      return 0;
    case TIOCCONS:
      return Errno(EPERM);
    case TCSBRK:
    case TCSBRKP:
    case TIOCSBRK:
    case TIOCCBRK:
      // Output is with the other side at once: nothing to drain.
      TRY(terminal.CheckForeground(task, SIGTTOU));
      return 0;
    case TCFLSH:
      return Flush(task, terminal, arg);
    case TCXONC:
      return Flow(task, terminal, arg);
    case TIOCSCTTY:
    case TIOCNOTTY:
    case TIOCSPGRP:
    case TIOCGPGRP:
    case TIOCGSID:
      return JobControlIoctl(task, terminal, own, readable, request, arg);
    default:
      return SettingsIoctl(task, terminal, request, arg);
  }
}

}  // namespace emu
