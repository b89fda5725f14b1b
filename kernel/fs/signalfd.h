// SPDX-License-Identifier: Apache-2.0
//
// signalfd(2): takes the pending signals of whoever reads it.

#ifndef KERNEL_FS_SIGNALFD_H_
#define KERNEL_FS_SIGNALFD_H_

#include <map>
#include <memory>
#include <string>

#include "kernel/fs/file_description.h"
#include "kernel/signal/signal_state.h"
#include "kernel/wait_queue.h"

namespace emu {

class Process;

class SignalFd : public FileDescription {
 public:
  static const char kKind;

  SignalFd(Task& task, Path path, int flags, SignalSet set);

  void set_signals(SignalSet set);

  const void* kind() const override { return &kKind; }
  Result<size_t> Read(Task& task, IovIter& to, uint64_t offset) override;
  uint32_t Poll(Task& task) override;
  WaitQueue* wait_queue() override { return &wait_; }
  std::string FdInfo() override;

 private:
  // Hears of the signals of a process that uses the descriptor.
  class Listener : public Waiter {
   public:
    explicit Listener(SignalFd& file) : file_(file) {}

   private:
    bool OnWake(uint32_t events) override { return file_.wait_.Wake(events); }
    SignalFd& file_;
  };
  void ListenTo(Process& process);

  SignalSet set_;
  std::map<Pid, std::unique_ptr<Listener>> listeners_;
  WaitQueue wait_;
};

}  // namespace emu

#endif  // KERNEL_FS_SIGNALFD_H_
