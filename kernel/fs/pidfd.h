// SPDX-License-Identifier: Apache-2.0
//
// pidfd_open(2)'s descriptor: refers to a process for as long as there is one,
// and is readable once it has ended.

#ifndef KERNEL_FS_PIDFD_H_
#define KERNEL_FS_PIDFD_H_

#include <memory>
#include <string>

#include "arch/user_ptr.h"
#include "kernel/fs/file_description.h"
#include "kernel/wait_queue.h"

namespace emu {

class Process;
class Task;

class PidFd : public FileDescription {
 public:
  static const char kKind;

  // Refers to nobody until Attach.
  PidFd(Path path, int flags);

  void Attach(Process& process);
  // 0: of nobody; the id of a process that has been reaped stays.
  Pid pid() const { return pid_; }
  // Null once it has been reaped.
  Process* process() const;

  uint32_t Poll(Task& task) override;
  WaitQueue* wait_queue() override { return &wait_; }
  std::string FdInfo() override;
  const void* kind() const override { return &kKind; }

 private:
  // Passes the process's end on; the process may be gone before this file.
  class EndWaiter : public Waiter {
   public:
    explicit EndWaiter(PidFd& file) : file_(file) {}

   private:
    void OnWake(uint32_t) override { file_.wait_.Wake(); }
    PidFd& file_;
  };

  Process* process_ = nullptr;
  Pid pid_ = 0;
  WaitQueue wait_;
  EndWaiter end_waiter_{*this};
};

std::shared_ptr<PidFd> NewPidFd(Task& task, int flags);
// The process that a pidfd is about. EBADF, also for a file of another kind.
Result<std::shared_ptr<PidFd>> GetPidFd(Task& task, Fd fd);

}  // namespace emu

#endif  // KERNEL_FS_PIDFD_H_
