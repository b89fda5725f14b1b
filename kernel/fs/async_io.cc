// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/async_io.h"

#include <poll.h>
#include <signal.h>

#include <memory>

#include "kernel/fs/file_description.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/signal/send.h"
#include "kernel/task.h"

namespace emu {
namespace {

// poll(2)'s bits that go with a code.
int64_t BandOf(int code) {
  switch (code) {
    case POLL_IN:
      return POLLIN | POLLRDNORM;
    case POLL_OUT:
      return POLLOUT | POLLWRNORM | POLLWRBAND;
    case POLL_MSG:
      return POLLIN | POLLRDNORM | POLLMSG;
    default:
      return -1;
  }
}

// Signals whose codes mean something of their own.
bool HasOwnCodes(int signo) {
  switch (signo) {
    case SIGILL:
    case SIGFPE:
    case SIGSEGV:
    case SIGBUS:
    case SIGTRAP:
    case SIGCHLD:
    case SIGSYS:
      return true;
    default:
      return false;
  }
}

// SIGIO says no more than itself; a signal that was asked for tells why.
Siginfo InfoFor(const FileOwner& owner, Fd fd, int code) {
  if (owner.signal == 0) return Siginfo(SIGIO, SI_KERNEL);
  Siginfo info(owner.signal, HasOwnCodes(owner.signal) ? SI_SIGIO : code);
  info.Set<int64_t>(16, BandOf(code));
  info.Set<int32_t>(24, fd.value);
  return info;
}

// Who asked for the signal must be one who may send it.
bool MayTell(const FileOwner& owner, const Credentials& target) {
  return owner.euid == 0 || owner.euid == target.suid ||
         owner.euid == target.uid || owner.uid == target.suid ||
         owner.uid == target.uid;
}

void TellThread(Task& thread, const FileOwner& owner, const Siginfo& info) {
  if (!MayTell(owner, *thread.creds)) return;
  if (SendToTask(thread, info).ok()) return;
  // The chosen signal's queue is full.
  (void)SendToTask(thread, Siginfo(SIGIO, SI_KERNEL)).ok();
}

void TellProcess(Process& process, const FileOwner& owner,
                 const Siginfo& info) {
  const Task* task = process.LiveTask();
  if (task == nullptr || !MayTell(owner, *task->creds)) return;
  if (SendToProcess(process, info).ok()) return;
  SendKernelSignal(process, SIGIO);
}

void Tell(Kernel& kernel, const FileOwner& owner, const Siginfo& info) {
  if (owner.thread) {
    Task* thread = kernel.pids().FindTask(owner.id);
    if (thread != nullptr) TellThread(*thread, owner, info);
  } else if (owner.id > 0) {
    Process* process = kernel.pids().FindProcess(owner.id);
    if (process != nullptr) TellProcess(*process, owner, info);
  } else {
    for (const auto& [pid, process] : kernel.pids().processes()) {
      if (process->pgid == -owner.id) TellProcess(*process, owner, info);
    }
  }
}

class Notifier : public Waiter {
 public:
  Notifier(Kernel& kernel, FileDescription& file, Fd fd)
      : kernel_(kernel), file_(file), fd_(fd) {}

 private:
  bool OnWake(uint32_t) override {
    TellOwner(kernel_, file_, fd_, file_.readable() ? POLL_IN : POLL_OUT);
    return false;
  }

  Kernel& kernel_;
  FileDescription& file_;
  const Fd fd_;
};

}  // namespace

void SetAsync(Task& task, FileDescription& file, Fd fd, bool on) {
  WaitQueue* queue = file.wait_queue();
  if (!on || queue == nullptr) return file.set_async(nullptr);
  auto notifier = std::make_unique<Notifier>(task.kernel(), file, fd);
  queue->Add(*notifier, file.readable() ? POLLIN : POLLOUT);
  file.set_async(std::move(notifier));
}

Result<> SetFileOwner(Task& task, FileDescription& file, int32_t id,
                      bool thread) {
  if (id == INT32_MIN) return Errno(EINVAL);
  PidNamespace& pids = task.kernel().pids();
  const bool exists = id == 0 || (id > 0 ? pids.FindTask(id) != nullptr
                                         : pids.GroupExists(-id));
  if (!exists) return Errno(ESRCH);
  file.owner.id = id;
  file.owner.thread = thread;
  file.owner.uid = task.creds->uid;
  file.owner.euid = task.creds->euid;
  return {};
}

void TellOwner(Kernel& kernel, FileDescription& file, Fd fd, int code) {
  if (file.owner.id == 0) return;
  Tell(kernel, file.owner, InfoFor(file.owner, fd, code));
}

void SignalUrgent(Kernel& kernel, const FileDescription& file) {
  if (file.owner.id == 0) return;
  Tell(kernel, file.owner, Siginfo(SIGURG, SI_KERNEL));
}

}  // namespace emu
