// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/signalfd.h"

#include <poll.h>
#include <signal.h>

#include <utility>

#include "absl/strings/str_format.h"
#include "arch/abi/signalfd.h"
#include "kernel/process.h"
#include "kernel/signal/deliver.h"
#include "kernel/task.h"

namespace emu {
namespace {

bool IsFault(int signo) {
  return signo == SIGSEGV || signo == SIGBUS || signo == SIGILL ||
         signo == SIGFPE || signo == SIGTRAP;
}

// siginfo_t's union, read as its code says.
abi::signalfd_siginfo Translate(const Siginfo& info) {
  abi::signalfd_siginfo told = {};
  told.ssi_signo = info.signo();
  told.ssi_errno = info.error();
  told.ssi_code = info.code();
  const int code = info.code();
  const bool from_kernel = code > SI_USER && code < SI_KERNEL;
  if (from_kernel && IsFault(info.signo())) {
    told.ssi_addr = info.Get<uint64_t>(16);
    return told;
  }
  if (code == SI_TIMER) {
    told.ssi_tid = info.Get<int32_t>(16);
    told.ssi_overrun = info.Get<int32_t>(20);
    told.ssi_ptr = info.value();
    told.ssi_int = info.Get<int32_t>(24);
    return told;
  }
  if (code == SI_SIGIO || (from_kernel && info.signo() != SIGCHLD)) {
    told.ssi_band = info.Get<int64_t>(16);
    told.ssi_fd = info.Get<int32_t>(24);
    return told;
  }
  told.ssi_pid = info.pid();
  told.ssi_uid = info.uid();
  if (from_kernel) {
    told.ssi_status = info.Get<int32_t>(24);
    told.ssi_utime = info.Get<int64_t>(32);
    told.ssi_stime = info.Get<int64_t>(40);
  } else if (code < 0) {
    told.ssi_ptr = info.value();
    told.ssi_int = info.Get<int32_t>(24);
  }
  return told;
}

}  // namespace

const char SignalFd::kKind = 0;

SignalFd::SignalFd(Task& task, Path path, int flags, SignalSet set)
    : FileDescription(std::move(path), flags), set_(set & ~kUnblockable) {
  ListenTo(task.process());
}

void SignalFd::set_signals(SignalSet set) {
  set_ = set & ~kUnblockable;
  wait_.Wake(POLLIN);
}

void SignalFd::ListenTo(Process& process) {
  std::unique_ptr<Listener>& listener = listeners_[process.pid()];
  if (listener != nullptr && listener->queued()) return;
  std::erase_if(listeners_, [&](const auto& entry) {
    return entry.first != process.pid() && !entry.second->queued();
  });
  listener = std::make_unique<Listener>(*this);
  process.signal_arrived.Add(*listener);
}

Result<size_t> SignalFd::Read(Task& task, IovIter& to, uint64_t) {
  ListenTo(task.process());
  if (to.remaining() < sizeof(abi::signalfd_siginfo)) return Errno(EINVAL);
  size_t read = 0;
  while (to.remaining() >= sizeof(abi::signalfd_siginfo)) {
    const std::optional<Siginfo> info = TakeSignal(task, set_);
    if (!info) break;
    const abi::signalfd_siginfo told = Translate(*info);
    const Result<size_t> put = to.Put(&told, sizeof(told));
    if (!put.ok() || *put < sizeof(told)) {
      if (read == 0) return Errno(EFAULT);
      break;
    }
    read += sizeof(told);
  }
  if (read == 0) return Errno(EAGAIN);
  return read;
}

uint32_t SignalFd::Poll(Task& task) {
  ListenTo(task.process());
  const SignalSet pending =
      task.pending_signals.set() | task.process().pending_signals.set();
  return (pending & set_) != 0 ? POLLIN : 0;
}

std::string SignalFd::FdInfo() {
  return absl::StrFormat("sigmask:\t%016x\n", set_);
}

}  // namespace emu
