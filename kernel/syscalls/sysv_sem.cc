// SPDX-License-Identifier: Apache-2.0

#include <sys/sem.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "arch/abi/sysv_ipc.h"
#include "kernel/ipc/ipc.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/subsystems.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/poll_wait.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

constexpr int kMostSets = 32000;             // SEMMNI
constexpr int kMostSemaphores = 1024000000;  // SEMMNS
constexpr int kSemStatAny = 20;              // SEM_STAT_ANY

using SetRef = std::shared_ptr<SemaphoreSet>;

// A semop that waits.
class SemaphoreWait : public CallScratch {
 public:
  SemaphoreWait(SetRef set, SemaphoreSet::Waiting waiting)
      : set_(std::move(set)),
        place_(set_->waiting.insert(set_->waiting.end(), waiting)) {}
  ~SemaphoreWait() override { set_->waiting.erase(place_); }
  const SetRef& set() const { return set_; }
  void WaitFor(SemaphoreSet::Waiting waiting) { *place_ = waiting; }

 private:
  SetRef set_;
  std::list<SemaphoreSet::Waiting>::iterator place_;
};

Semaphores& SemaphoresOf(Task& task) {
  return task.kernel().subsystems().ipc->semaphores;
}

// The set of this id; on a later run the one that was waited for. EIDRM: it was
// removed meanwhile.
Result<SetRef> SetOf(Task& task, int semid) {
  const auto* wait = static_cast<SemaphoreWait*>(task.pending().scratch.get());
  if (wait == nullptr) return SemaphoresOf(task).Find(semid);
  if (wait->set()->removed) return Errno(EIDRM);
  return wait->set();
}

// Waits for what `op` wants.
Errno WaitFor(Task& task, const SetRef& set, const abi::sembuf& op) {
  const SemaphoreSet::Waiting waiting = {op.sem_num, op.sem_op == 0};
  PendingSyscall& call = task.pending();
  if (call.scratch == nullptr) {
    call.scratch = std::make_unique<SemaphoreWait>(set, waiting);
  } else {
    static_cast<SemaphoreWait&>(*call.scratch).WaitFor(waiting);
  }
  task.OnSignal(EINTR);
  task.WaitOn(set->changed);
  return task.Block();
}

Result<> Operate(Task& task, int semid, UserPtr<const abi::sembuf> sops,
                 size_t nsops, UserPtr<const abi::timespec> timeout) {
  if (nsops < 1 || semid < 0) return Errno(EINVAL);
  if (nsops > SemaphoreSet::kMostOperations) return Errno(E2BIG);
  const auto operations = TRY(task.ReadArray(sops, nsops));
  const std::optional<Nanos> limit = TRY(ReadTimeout(task, timeout));
  if (limit) task.WaitUntil(After(task.clock().now(), *limit));
  const SetRef set = TRY(SetOf(task, semid));
  bool alters = false;
  for (const abi::sembuf& op : operations) {
    if (op.sem_num >= set->size()) return Errno(EFBIG);
    alters = alters || op.sem_op != 0;
  }
  TRY(set->CheckAccess(*task.creds, alters ? 0222 : 0444));
  size_t blocking = 0;
  const Result<> done = set->Operate(operations, task.process().pid(),
                                     task.clock().realtime(), &blocking);
  if (done.ok() || done.error() != Errno(EAGAIN)) return done;
  const abi::sembuf& op = operations[blocking];
  if ((op.sem_flg & IPC_NOWAIT) || task.DeadlinePassed()) return done;
  return WaitFor(task, set, op);
}

abi::semid64_ds Describe(const SemaphoreSet& set) {
  abi::semid64_ds ds = {};
  ds.perm = set.Perm();
  ds.otime = set.otime / kNanosPerSecond;
  ds.ctime = set.ctime / kNanosPerSecond;
  ds.nsems = set.size();
  return ds;
}

// IPC_INFO and SEM_INFO.
Result<int> Info(Task& task, int cmd, GuestAddr arg) {
  const Semaphores& all = SemaphoresOf(task);
  abi::seminfo info = {.semmap = kMostSemaphores,
                       .semmni = kMostSets,
                       .semmns = kMostSemaphores,
                       .semmnu = kMostSemaphores,
                       .semmsl = SemaphoreSet::kMostPerSet,
                       .semopm = SemaphoreSet::kMostOperations,
                       .semume = SemaphoreSet::kMostOperations,
                       .semusz = 20,
                       .semvmx = SemaphoreSet::kMostValue,
                       .semaem = SemaphoreSet::kMostValue};
  if (cmd == SEM_INFO) {
    info.semusz = all.count();
    info.semaem = 0;
    for (const auto& [index, object] : all.objects()) {
      info.semaem += static_cast<SemaphoreSet&>(*object).size();
    }
  }
  TRY(task.Write(UserPtr<abi::seminfo>(arg), info));
  return all.highest_index();
}

Result<int> Stat(Task& task, int semid, int cmd, GuestAddr arg) {
  const Semaphores& all = SemaphoresOf(task);
  const SetRef set = TRY(cmd == IPC_STAT ? all.Find(semid) : all.FindAt(semid));
  if (cmd != kSemStatAny) TRY(set->CheckAccess(*task.creds, 0444));
  TRY(task.Write(UserPtr<abi::semid64_ds>(arg), Describe(*set)));
  return cmd == IPC_STAT ? 0 : set->id();
}

Result<int> Remove(Task& task, SemaphoreSet& set) {
  TRY(set.CheckOwner(*task.creds));
  set.removed = true;
  set.changed.Wake();
  SemaphoresOf(task).Remove(set);
  return 0;
}

Result<int> ChangeOwner(Task& task, SemaphoreSet& set, GuestAddr arg) {
  const abi::semid64_ds ds =
      TRY(task.Read(UserPtr<const abi::semid64_ds>(arg)));
  TRY(set.CheckOwner(*task.creds));
  TRY(set.SetPerm(ds.perm));
  set.ctime = task.clock().realtime();
  return 0;
}

Result<int> SetOne(Task& task, SemaphoreSet& set, int semnum, int value) {
  if (value < 0 || value > SemaphoreSet::kMostValue) return Errno(ERANGE);
  if (semnum < 0 || semnum >= static_cast<int>(set.size())) {
    return Errno(EINVAL);
  }
  TRY(set.CheckAccess(*task.creds, 0222));
  set.Set(semnum, value, task.process().pid());
  set.ctime = task.clock().realtime();
  set.changed.Wake();
  return 0;
}

Result<int> SetAll(Task& task, SemaphoreSet& set, GuestAddr arg) {
  TRY(set.CheckAccess(*task.creds, 0222));
  const auto values =
      TRY(task.ReadArray(UserPtr<const uint16_t>(arg), set.size()));
  for (uint16_t value : values) {
    if (value > SemaphoreSet::kMostValue) return Errno(ERANGE);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    set.Set(i, values[i], task.process().pid());
  }
  set.ctime = task.clock().realtime();
  set.changed.Wake();
  return 0;
}

Result<int> GetAll(Task& task, SemaphoreSet& set, GuestAddr arg) {
  std::vector<uint16_t> values;
  for (size_t i = 0; i < set.size(); ++i) values.push_back(set.value(i));
  TRY(task.WriteArray<uint16_t>(UserPtr<uint16_t>(arg), values));
  return 0;
}

Result<int> GetOne(Task& task, SemaphoreSet& set, int semnum, int cmd,
                   GuestAddr arg) {
  TRY(set.CheckAccess(*task.creds, 0444));
  if (cmd == GETALL) return GetAll(task, set, arg);
  if (semnum < 0 || semnum >= static_cast<int>(set.size())) {
    return Errno(EINVAL);
  }
  switch (cmd) {
    case GETVAL:
      return set.value(semnum);
    case GETPID:
      return set.last_pid(semnum);
    case GETNCNT:
      return set.CountWaiting(semnum, false);
    default:
      return set.CountWaiting(semnum, true);
  }
}

}  // namespace

// semget(2).
Result<int> sys_semget(Task& task, int32_t key, int nsems, int semflg) {
  if (nsems < 0 || nsems > SemaphoreSet::kMostPerSet) return Errno(EINVAL);
  return SemaphoresOf(task).Get(
      *task.creds, key, semflg,
      [&]() -> Result<std::shared_ptr<IpcObject>> {
        if (nsems == 0) return Errno(EINVAL);
        return std::shared_ptr<IpcObject>(
            std::make_shared<SemaphoreSet>(nsems, task.clock().realtime()));
      },
      [&](IpcObject& object) -> Result<> {
        const auto& set = static_cast<SemaphoreSet&>(object);
        if (nsems > static_cast<int>(set.size())) return Errno(EINVAL);
        return {};
      });
}

// semop(2).
Result<> sys_semop(Task& task, int semid, UserPtr<const abi::sembuf> sops,
                   size_t nsops) {
  return Operate(task, semid, sops, nsops, UserPtr<const abi::timespec>());
}

// semtimedop(2).
Result<> sys_semtimedop(Task& task, int semid, UserPtr<const abi::sembuf> sops,
                        size_t nsops, UserPtr<const abi::timespec> timeout) {
  return Operate(task, semid, sops, nsops, timeout);
}

// semctl(2).
Result<int> sys_semctl(Task& task, int semid, int semnum, int cmd,
                       uint64_t arg) {
  if (semid < 0) return Errno(EINVAL);
  switch (cmd) {
    case IPC_INFO:
    case SEM_INFO:
      return Info(task, cmd, arg);
    case IPC_STAT:
    case SEM_STAT:
    case kSemStatAny:
      return Stat(task, semid, cmd, arg);
    default:
      break;
  }
  const SetRef set = TRY(SemaphoresOf(task).Find(semid));
  switch (cmd) {
    case IPC_RMID:
      return Remove(task, *set);
    case IPC_SET:
      return ChangeOwner(task, *set, arg);
    case SETVAL:
      return SetOne(task, *set, semnum, arg);
    case SETALL:
      return SetAll(task, *set, arg);
    case GETALL:
    case GETVAL:
    case GETPID:
    case GETNCNT:
    case GETZCNT:
      return GetOne(task, *set, semnum, cmd, arg);
    default:
      return Errno(EINVAL);
  }
}

}  // namespace emu
