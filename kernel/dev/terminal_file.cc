// SPDX-License-Identifier: Apache-2.0

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>

#include "kernel/dev/terminal.h"
#include "kernel/fs/write_all.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

// VTIME counts these.
constexpr Nanos kTenth = kNanosPerSecond / 10;
constexpr size_t kChunk = 4096;

}  // namespace

const char TerminalFile::kKind = 0;

TerminalFile::TerminalFile(std::shared_ptr<Terminal> terminal,
                           const Path& path, int flags)
    : FileDescription(path, flags),
      terminal_(std::move(terminal)),
      hangups_(terminal_->hangups()) {}

TerminalFile::~TerminalFile() { terminal_->OnClose(); }

// Noncanonical input's four cases (termios(3)). False: something can be read, or
// `result` is the answer: 0 when the time is over.
bool TerminalFile::MustWait(Task& task, size_t size, Result<size_t>* result) {
  const LineDiscipline& discipline = terminal_->discipline();
  const Nanos length = discipline.Char(VTIME) * kTenth;
  const size_t least =
      std::clamp<size_t>(discipline.Char(VMIN), 1, std::max<size_t>(size, 1));
  if (discipline.Readable(least)) return false;
  const bool some = discipline.Readable();
  if (nonblocking() && some) return false;
  PendingSyscall& call = task.pending();
  const Nanos now = task.clock().now();
  if (discipline.Char(VMIN) == 0) {
    // From the start of the call.
    if (length == 0) return false;
    task.WaitUntil(After(now, length));
  } else if (length > 0 && some) {
    // From the last byte, or the start of a call that found one.
    const Nanos from =
        call.deadline == kNever ? now : terminal_->last_input();
    call.deadline = call.deadline == kNever
                        ? After(from, length)
                        : std::max(call.deadline, After(from, length));
  }
  if (task.DeadlinePassed()) {
    if (!some) *result = 0;
    return false;
  }
  return true;
}

Result<size_t> TerminalFile::Read(Task& task, IovIter& to, uint64_t) {
  if (hung_up()) return 0;
  TRY(terminal_->CheckForeground(task, SIGTTIN));
  if (to.remaining() == 0) return 0;
  terminal_->OnReadAttempt();
  LineDiscipline& discipline = terminal_->discipline();
  if (discipline.Canonical()) {
    if (!discipline.Readable()) return Errno(EAGAIN);
  } else {
    Result<size_t> result = 0;
    if (MustWait(task, to.remaining(), &result)) return Errno(EAGAIN);
    if (!discipline.Readable()) return result;
  }
  char bytes[kChunk];
  const size_t n = discipline.Read(
      absl::MakeSpan(bytes, std::min<uint64_t>(to.remaining(), kChunk)));
  terminal_->PassTyped();
  if (n == 0) return 0;
  return to.Put(bytes, n);
}

Result<size_t> TerminalFile::Write(Task& task, IovIter& from, uint64_t) {
  if (hung_up()) return Errno(EIO);
  LineDiscipline& discipline = terminal_->discipline();
  if ((discipline.settings().c_lflag & TOSTOP) != 0) {
    TRY(terminal_->CheckForeground(task, SIGTTOU));
  }
  const auto step = [&](IovIter& rest) -> Result<size_t> {
    if (hung_up()) return Errno(EIO);
    char bytes[kChunk];
    const uint64_t start = rest.done();
    const size_t size = std::min<uint64_t>(rest.remaining(), kChunk);
    if (size == 0) return 0;
    const size_t got = TRY(rest.Get(bytes, size));
    const size_t n = discipline.Write(absl::string_view(bytes, got));
    rest.Rewind(start + n);
    if (n == 0) return Errno(EAGAIN);
    return n;
  };
  return WriteAll(task, from, !nonblocking(), step);
}

uint32_t TerminalFile::Poll(Task&) {
  if (hung_up()) {
    return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
  }
  LineDiscipline& discipline = terminal_->discipline();
  const size_t least = discipline.Char(VTIME) == 0
                           ? std::max<size_t>(discipline.Char(VMIN), 1)
                           : 1;
  uint32_t events = 0;
  if (discipline.Readable(least)) events |= POLLIN | POLLRDNORM;
  if (!discipline.stopped() && terminal_->OutputRoom() > 0) {
    events |= POLLOUT | POLLWRNORM;
  }
  return events;
}

Result<int64_t> TerminalFile::Ioctl(Task& task, uint32_t request,
                                    GuestAddr arg) {
  if (hung_up()) {
    return Errno(request == TIOCSPGRP ? ENOTTY : EIO);
  }
  return TerminalIoctl(task, *terminal_, /*own=*/true, readable(), request,
                       arg);
}

}  // namespace emu
