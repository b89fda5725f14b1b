// SPDX-License-Identifier: Apache-2.0
//
// A guest process on the host: an address space and the threads in it, all of
// them traced, all of them emu's own children. Its first thread, the leader,
// lives as long as the process: the host's memory calls need it.
//
// Destroyed, the process is killed and reaped, whatever state it is in.

#ifndef ARCH_HOST_HOST_PROCESS_H_
#define ARCH_HOST_HOST_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "arch/host/host_thread.h"
#include "arch/ptrace/types.h"
#include "arch/result.h"

namespace emu {

class HostProcess {
 public:
  // A process whose only thread is `leader`, a traced child of emu.
  HostProcess(ptrace::Tid leader, const StubAccess& stub);
  HostProcess(const HostProcess&) = delete;
  HostProcess& operator=(const HostProcess&) = delete;
  ~HostProcess();

  HostThread& leader() { return *threads_.front(); }
  bool single_threaded() const { return threads_.size() == 1; }

  // A copy of `caller`, a thread of this process, as a process of its own: its
  // memory (by copy on write) and its registers but for those that are not
  // written back. Stopped. EAGAIN, ENOMEM.
  Result<std::unique_ptr<HostProcess>> Fork(HostThread& caller);
  // Likewise one more thread: a parked one with `caller`'s extended registers,
  // or a new one. The general registers are for the caller of this to set.
  Result<HostThread*> NewThread(HostThread& caller);
  // No guest runs in `thread` any more; NewThread may use it again.
  void Park(HostThread& thread) { parked_.push_back(&thread); }

  // The threads but the leader.
  absl::Span<const pid_t> others() const { return others_; }

  // Unmaps everything but the stub. False: of no use any more.
  bool Wipe();

  // /proc/<leader>/mem, opened when first asked for; -1 if that fails.
  int mem_fd();
  // Asked before each copy for which there is another way: whether the process
  // lives long enough for its mem_fd() to be worth opening.
  bool WorthMemFd();
  // Bytes of private pages that the host holds for it, those shared with forks
  // in part; 0 if it cannot be asked.
  uint64_t PrivateBytes();
  // The same with those shared with forks in full: a quick question, asked of
  // the host if the process ran since.
  uint64_t PrivateBytesAtMost();
  void set_ran() { ran_ = true; }
  // Which of `pages` pages from `start` on the host has brought in for it; all,
  // if it cannot be asked.
  std::vector<bool> Touched(uint64_t start, size_t pages);

 private:
  Result<ptrace::Tid> Clone(HostThread& caller, uint64_t flags);

  const StubAccess& stub_;
  std::vector<std::unique_ptr<HostThread>> threads_;  // the leader first
  std::vector<pid_t> others_;
  std::vector<HostThread*> parked_;
  int mem_fd_ = -1;
  int copies_ = 0;  // without mem_fd_
  bool ran_ = true;
  uint64_t private_bytes_ = 0;  // when that was last asked
};

}  // namespace emu

#endif  // ARCH_HOST_HOST_PROCESS_H_
