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

class Notifier : public Waiter {
 public:
  Notifier(Kernel& kernel, FileDescription& file, Fd fd)
      : kernel_(kernel), file_(file), fd_(fd) {}

 private:
  void OnWake(uint32_t) override {
    if (file_.owner == 0) return;
    const Siginfo info = Info();
    if (file_.owner < 0) return SendToGroup(kernel_, -file_.owner, info);
    Process* owner = kernel_.pids().FindProcess(file_.owner);
    if (owner == nullptr || SendToProcess(*owner, info).ok()) return;
    // The chosen signal's queue is full.
    SendKernelSignal(*owner, SIGIO);
  }

  // SIGIO says no more than itself; a signal that was asked for tells why.
  Siginfo Info() const {
    if (file_.owner_signal == 0) return Siginfo(SIGIO, SI_KERNEL);
    const bool in = file_.readable();
    Siginfo info(file_.owner_signal, in ? POLL_IN : POLL_OUT);
    info.Set<int64_t>(
        16, in ? POLLIN | POLLRDNORM : POLLOUT | POLLWRNORM | POLLWRBAND);
    info.Set<int32_t>(24, fd_.value);
    return info;
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

}  // namespace emu
