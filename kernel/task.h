// SPDX-License-Identifier: Apache-2.0
//
// A Task is one guest thread: its registers (Cpu), what it shares with others
// by clone(2)'s flags, its signal state, and the call it is in the middle of.
// Owned by its Process.

#ifndef KERNEL_TASK_H_
#define KERNEL_TASK_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "arch/machine.h"
#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/clock.h"
#include "kernel/credentials.h"
#include "kernel/fs/fd_table.h"
#include "kernel/fs/path.h"
#include "kernel/mm/memory_map.h"
#include "kernel/signal/signal_state.h"
#include "kernel/wait_queue.h"

namespace emu {

class Kernel;
class Process;
class SeccompFilter;
class Task;
struct SyscallEntry;

// What a call that waits keeps from one run of its handler to the next, beyond
// the fields of PendingSyscall. Derived by the handler that needs it.
struct CallScratch {
  virtual ~CallScratch() = default;
  // A signal ends the wait: the last moment to tell the guest how far it came
  // (nanosleep's remaining time).
  virtual void OnInterrupted(Task&) {}
};

// The call that a task is in the middle of.
struct PendingSyscall {
  bool active = false;
  uint64_t number = 0;
  const SyscallEntry* entry = nullptr;
  std::array<uint64_t, 6> args = {};
  // The handler has run before: it was parked and woke.
  bool rerun = false;
  // Until when to wait, since boot; set once by the handler.
  Nanos deadline = kNever;
  // Bytes moved so far.
  uint64_t done = 0;
  // What a signal turns the wait into: an ERESTART* or EINTR, or the count so
  // far (>= 0).
  int64_t on_signal = -ERESTARTSYS;
  // Only a fatal signal ends the wait.
  bool killable_only = false;
  std::unique_ptr<CallScratch> scratch;
};

// Bytes that read(2), write(2) and their like moved, and how often they were
// called.
struct IoCounts {
  uint64_t read = 0, written = 0;
  uint64_t reads = 0, writes = 0;

  // The end of a call, unless it waits.
  void CountRead(const Result<size_t>& result) {
    if (!result.ok() && result.error() == kBlocked) return;
    ++reads;
    if (result.ok()) read += *result;
  }
  void CountWrite(const Result<size_t>& result) {
    if (!result.ok() && result.error() == kBlocked) return;
    ++writes;
    if (result.ok()) written += *result;
  }
  void Add(const IoCounts& other) {
    read += other.read;
    written += other.written;
    reads += other.reads;
    writes += other.writes;
  }
};

class Task {
 public:
  enum class State {
    kRunnable,
    kParked,   // waits in a call
    kStopped,  // by a stop signal, possibly in the middle of a call
    kDead,     // ended; a leader stays like this until its process is reaped
  };

  Task(Process& process, Pid tid, std::unique_ptr<Cpu> cpu);
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task();

  Pid tid() const { return tid_; }
  void set_tid(Pid tid) { tid_ = tid; }  // exec by another thread
  Process& process() const { return process_; }
  Kernel& kernel() const { return kernel_; }
  Clock& clock() const;
  Cpu& cpu() { return *cpu_; }
  // Null once the task is dead.
  std::unique_ptr<Cpu>& cpu_ref() { return cpu_; }
  bool IsLeader() const;

  // Shared by CLONE_VM, CLONE_FILES, CLONE_FS. Null once the task is dead.
  std::shared_ptr<MemoryMap> mm;
  std::shared_ptr<FdTable> files;
  std::shared_ptr<FsContext> fs;
  CredentialsRef creds;

  std::string comm;  // at most 15 bytes

  // Signals. `pending` are those sent to this thread alone. The mask is changed
  // by SetSignalMask and WaitWithMask (kernel/signal/mask.h).
  SignalSet signal_mask() const { return signal_mask_; }
  SignalQueue pending_signals;
  AltStack altstack;
  // Set by calls that wait with another mask (sigsuspend, ppoll, …): restored
  // when the call ends, or by the frame of the handler that ends it.
  std::optional<SignalSet> saved_mask;
  // sigtimedwait(2)'s set, while it waits: these wake it though blocked.
  SignalSet awaited_signals = 0;
  // There is something for DeliverSignals to see (Linux's TIF_SIGPENDING).
  bool signal_due = false;
  FaultInfo last_fault;
  // What the interrupted call returned when the task was woken by a signal;
  // settled by DeliverSignals.
  std::optional<int64_t> interrupted;
  // What restart_syscall(2) goes on with: the call that ended with
  // ERESTART_RESTARTBLOCK, and until when it waits.
  struct RestartBlock {
    const SyscallEntry* entry = nullptr;
    std::array<uint64_t, 6> args = {};
    Nanos deadline = kNever;
  };
  RestartBlock restart;

  // set_tid_address(2), set_robust_list(2), prctl(2)'s PR_SET_PDEATHSIG.
  GuestAddr clear_child_tid = 0;
  GuestAddr robust_list = 0;
  int parent_death_signal = 0;
  // vfork(2): the task that waits for this one to leave its memory, by exec or
  // exit.
  Task* vfork_parent = nullptr;
  WaitQueue vfork_done;

  // Guest memory. EFAULT.
  template <typename T>
  Result<std::remove_const_t<T>> Read(UserPtr<T> from) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::remove_const_t<T> value;
    TRY(mm->CopyIn(&value, from.addr(), sizeof(value)));
    return value;
  }
  template <typename T>
  Result<> Write(UserPtr<T> to, const std::type_identity_t<T>& value) {
    static_assert(std::is_trivially_copyable_v<T> && !std::is_const_v<T>);
    return mm->CopyOut(to.addr(), &value, sizeof(value));
  }
  template <typename T>
  Result<std::vector<std::remove_const_t<T>>> ReadArray(UserPtr<T> from,
                                                        size_t count) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::vector<std::remove_const_t<T>> values(count);
    TRY(mm->CopyIn(values.data(), from.addr(), count * sizeof(T)));
    return values;
  }
  template <typename T>
  Result<> WriteArray(UserPtr<T> to, absl::Span<const T> values) {
    return mm->CopyOut(to.addr(), values.data(), values.size() * sizeof(T));
  }
  // A path argument: at most PATH_MAX - 1 bytes. EFAULT, ENAMETOOLONG.
  Result<std::string> ReadPath(UserCString from);
  // iovec[count] at `iov`, checked as readv(2) does: EINVAL, EFAULT.
  Result<IovIter> ReadIov(GuestAddr iov, uint64_t count);

  // EBADF; also for O_PATH descriptions. GetAnyFile gives those as well.
  Result<FileRef> GetFile(Fd fd);
  Result<FileRef> GetAnyFile(Fd fd);
  // Puts `file` at the lowest free descriptor. EMFILE.
  Result<Fd> AddFd(FileRef file, bool cloexec, int lowest = 0);
  // The *at calls' start: AT_FDCWD or a directory descriptor. EBADF, ENOTDIR
  // is found when walking.
  Result<Path> StartOf(Fd dirfd);

  // Waiting. A handler says what to wait for and returns what Block returns;
  // it runs again from its top when one of the queues wakes, the deadline
  // passes or (unless killable_only) a signal comes. Nothing that the guest can
  // see may have been done before.
  PendingSyscall& pending() { return pending_; }
  void WaitOn(WaitQueue& queue, uint32_t events = kAnyEvent);
  // Sets the wait's end, at the first run only: an absolute time since boot.
  void WaitUntil(Nanos deadline);
  bool DeadlinePassed() const;
  // What a signal turns this wait into: an errno (EINTR, ERESTARTNOHAND, …).
  void OnSignal(int error) { pending_.on_signal = -error; }
  Errno Block();

  // Runs `op`; on EAGAIN waits for `file` (unless it is nonblocking, or the
  // wait's end has passed) and runs it again.
  template <typename Op>
  auto Await(FileDescription& file, uint32_t events, Op op,
             bool nonblocking = false) -> decltype(op()) {
    auto result = op();
    if (result.ok() || result.error() != Errno(EAGAIN)) return result;
    WaitQueue* queue = file.wait_queue();
    if (nonblocking || file.nonblocking() || queue == nullptr ||
        DeadlinePassed()) {
      return result;
    }
    WaitOn(*queue, events);
    return Block();
  }

  // For the scheduler, signals and process life; others use the above.
  State state() const { return state_; }
  void set_state(State state) { state_ = state; }
  // The task waits from now on, for what its handler said.
  void Park();
  // A parked task becomes runnable and looks again.
  void Wake();
  // Takes the task off all queues and timers.
  void StopWaiting();
  // The task is parked in a call that a signal may end.
  bool WaitsInterruptibly() const {
    return state_ == State::kParked && !pending_.killable_only;
  }
  // The queues that it waits on now, for the report of a deadlock.
  std::vector<const WaitQueue*> WaitsOn() const;

  // Time in the kernel's sense: calls made, for times(2) and getrusage(2).
  Nanos user_time = 0;
  Nanos system_time = 0;
  uint64_t start_time = 0;  // since boot, for /proc/pid/stat
  uint64_t voluntary_switches = 0;
  uint64_t involuntary_switches = 0;
  // It stands where it waits in user code: instructions of its cycle; else 0.
  uint32_t spin_cycle = 0;

  // /proc/PID/io: what went through files.
  IoCounts io;

  // sched_setaffinity, nice and policy: remembered, and of no effect.
  uint64_t affinity = 1;
  int nice = 0;
  int sched_policy = 0;
  int sched_priority = 0;
  bool sched_reset_on_fork = false;
  int io_priority = 0;  // ioprio_set(2)'s
  uint64_t timer_slack = 50'000;
  uint32_t personality = 0;
  // set_mempolicy(2): its mode, and whether it names the one node.
  int memory_policy = 0;
  bool memory_policy_node = false;
  bool dumpable = true;

  // sched_setattr(2)'s beyond policy and priority, likewise remembered.
  struct SchedAttributes {
    uint64_t runtime = 0, deadline = 0, period = 0;  // SCHED_DEADLINE's
    uint64_t flags = 0;  // SCHED_FLAG_RECLAIM, _DL_OVERRUN
    uint64_t slice = 0;  // of the fair policies; 0: the usual one
  };
  SchedAttributes sched_attributes;

  // seccomp(2): SECCOMP_MODE_*, and the filters, newest first.
  int seccomp_mode = 0;
  std::shared_ptr<const SeccompFilter> seccomp_filters;
  // prctl(2)'s PR_SET_SYSCALL_USER_DISPATCH: calls from outside of the range are
  // a SIGSYS while the byte at `selector` says so.
  struct UserDispatch {
    bool on = false;
    GuestAddr start = 0, length = 0;
    GuestAddr selector = 0;  // 0: always
  };
  UserDispatch user_dispatch;

  // Woken at this thread's end, for pidfds of threads.
  WaitQueue ended;

 private:
  friend class Scheduler;
  friend void SetSignalMask(Task& task, SignalSet mask);
  friend void InheritSignalMask(Task& task, SignalSet mask);
  class QueueWaiter;
  class Deadline;

  Process& process_;
  Kernel& kernel_;
  Pid tid_;
  std::unique_ptr<Cpu> cpu_;
  State state_ = State::kRunnable;
  bool queued_ = false;  // in the run queue
  SignalSet signal_mask_ = 0;
  PendingSyscall pending_;
  // Reused from wait to wait; the first `waiting_` are in use.
  std::vector<std::unique_ptr<QueueWaiter>> waiters_;
  size_t waiting_ = 0;
  std::unique_ptr<Deadline> deadline_;
};

}  // namespace emu

#endif  // KERNEL_TASK_H_
