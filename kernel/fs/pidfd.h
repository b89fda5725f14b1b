// SPDX-License-Identifier: Apache-2.0
//
// pidfd_open(2)'s descriptor: refers to a process or thread for as long as there
// is one, and is readable once it has ended.

#ifndef KERNEL_FS_PIDFD_H_
#define KERNEL_FS_PIDFD_H_

#include <fcntl.h>

#include <memory>
#include <string>

#include "arch/user_ptr.h"
#include "kernel/fs/file_description.h"
#include "kernel/wait_queue.h"

namespace emu {

class Process;
class Task;

inline constexpr int kPidfdThread = O_EXCL;  // PIDFD_THREAD

class PidFd : public FileDescription {
 public:
  static const char kKind;

  // Refers to nobody until it is attached.
  PidFd(Path path, int flags);

  void Attach(Process& process);
  // PIDFD_THREAD: one thread, be it a leader.
  void AttachThread(Task& thread);
  // Whether it is about a thread.
  bool is_thread() const { return thread_ != nullptr; }
  // 0: of nobody; the id of one that has been reaped stays.
  Pid pid() const { return pid_; }
  // Null once it has been reaped; a thread's process likewise.
  Process* process() const;
  // The thread that it is about, or the process's leader. Null once that is gone.
  Task* task() const;

  uint32_t Poll(Task& task) override;
  Result<int64_t> Ioctl(Task& task, uint32_t request, GuestAddr arg) override;
  WaitQueue* wait_queue() override { return &wait_; }
  std::string FdInfo() override;
  const void* kind() const override { return &kKind; }

 private:
  // Passes the end on; the process may be gone before this file.
  class EndWaiter : public Waiter {
   public:
    explicit EndWaiter(PidFd& file) : file_(file) {}

   private:
    bool OnWake(uint32_t) override {
      file_.OnEnd();
      return false;
    }
    PidFd& file_;
  };

  void OnEnd();
  Result<int64_t> GetInfo(Task& task, uint32_t size, GuestAddr to);

  Process* process_ = nullptr;
  Task* thread_ = nullptr;  // with PIDFD_THREAD; for comparison once it is gone
  Pid pid_ = 0;
  int exit_status_ = 0;  // wait(2)'s, when it has ended
  WaitQueue wait_;
  EndWaiter end_waiter_{*this};
  EndWaiter thread_waiter_{*this};
};

// `flags`: O_NONBLOCK, kPidfdThread.
std::shared_ptr<PidFd> NewPidFd(Task& task, int flags);
// The process that a pidfd is about. EBADF, also for a file of another kind.
Result<std::shared_ptr<PidFd>> GetPidFd(Task& task, Fd fd);

}  // namespace emu

#endif  // KERNEL_FS_PIDFD_H_
