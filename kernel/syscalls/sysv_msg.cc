// SPDX-License-Identifier: Apache-2.0

#include <linux/capability.h>
#include <sys/msg.h>

#include <algorithm>
#include <memory>
#include <string>

#include "arch/abi/sysv_ipc.h"
#include "kernel/ipc/ipc.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/subsystems.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

constexpr int kMostQueues = 32000;  // MSGMNI
constexpr int kMsgStatAny = 13;     // MSG_STAT_ANY

using QueueRef = std::shared_ptr<SysvMessageQueue>;

// The queue that a call waits for.
struct QueueWait : CallScratch {
  QueueRef queue;
};

SysvMessageQueues& QueuesOf(Task& task) {
  return task.kernel().subsystems().ipc->messages;
}

// The queue of this id; on a later run the one that was waited for. EIDRM.
Result<QueueRef> QueueOf(Task& task, int msqid) {
  const auto* wait = static_cast<QueueWait*>(task.pending().scratch.get());
  if (wait == nullptr) return QueuesOf(task).Find(msqid);
  if (wait->queue->removed) return Errno(EIDRM);
  return wait->queue;
}

Errno WaitFor(Task& task, const QueueRef& queue) {
  PendingSyscall& call = task.pending();
  if (call.scratch == nullptr) {
    auto wait = std::make_unique<QueueWait>();
    wait->queue = queue;
    call.scratch = std::move(wait);
  }
  task.OnSignal(ERESTARTNOHAND);
  task.WaitOn(queue->changed);
  return task.Block();
}

abi::msqid64_ds Describe(const SysvMessageQueue& queue) {
  abi::msqid64_ds ds = {};
  ds.perm = queue.Perm();
  ds.stime = queue.stime / kNanosPerSecond;
  ds.rtime = queue.rtime / kNanosPerSecond;
  ds.ctime = queue.ctime / kNanosPerSecond;
  ds.cbytes = queue.bytes();
  ds.qnum = queue.count();
  ds.qbytes = queue.most_bytes;
  ds.lspid = queue.last_sender;
  ds.lrpid = queue.last_receiver;
  return ds;
}

// IPC_INFO and MSG_INFO.
Result<int> Info(Task& task, int cmd, GuestAddr arg) {
  const SysvMessageQueues& all = QueuesOf(task);
  abi::msginfo info = {};
  info.msgmni = kMostQueues;
  info.msgmax = SysvMessageQueue::kMostMessage;
  info.msgmnb = SysvMessageQueue::kMostBytes;
  info.msgssz = 16;
  info.msgseg = 0xffff;
  if (cmd == MSG_INFO) {
    info.msgpool = all.count();
    for (const auto& [index, object] : all.objects()) {
      const auto& queue = static_cast<SysvMessageQueue&>(*object);
      info.msgmap += queue.count();
      info.msgtql += queue.bytes();
    }
  } else {
    info.msgmap = info.msgtql = info.msgmnb;
    info.msgpool = kMostQueues * (info.msgmnb / 1024);
  }
  TRY(task.Write(UserPtr<abi::msginfo>(arg), info));
  return all.highest_index();
}

Result<int> Stat(Task& task, int msqid, int cmd, GuestAddr arg) {
  const SysvMessageQueues& all = QueuesOf(task);
  const QueueRef queue =
      TRY(cmd == IPC_STAT ? all.Find(msqid) : all.FindAt(msqid));
  if (cmd != kMsgStatAny) TRY(queue->CheckAccess(*task.creds, 0444));
  TRY(task.Write(UserPtr<abi::msqid64_ds>(arg), Describe(*queue)));
  return cmd == IPC_STAT ? 0 : queue->id();
}

Result<int> Remove(Task& task, SysvMessageQueue& queue) {
  TRY(queue.CheckOwner(*task.creds));
  queue.removed = true;
  queue.changed.Wake();
  QueuesOf(task).Remove(queue);
  return 0;
}

Result<int> Change(Task& task, SysvMessageQueue& queue, GuestAddr buf) {
  const abi::msqid64_ds ds =
      TRY(task.Read(UserPtr<const abi::msqid64_ds>(buf)));
  TRY(queue.CheckOwner(*task.creds));
  if (ds.qbytes > SysvMessageQueue::kMostBytes &&
      !task.creds->Has(CAP_SYS_RESOURCE)) {
    return Errno(EPERM);
  }
  TRY(queue.SetPerm(ds.perm));
  queue.most_bytes = ds.qbytes;
  queue.ctime = task.clock().realtime();
  queue.changed.Wake();
  return 0;
}

}  // namespace

// msgget(2).
Result<int> sys_msgget(Task& task, int32_t key, int msgflg) {
  return QueuesOf(task).Get(
      *task.creds, key, msgflg,
      [&]() -> Result<std::shared_ptr<IpcObject>> {
        return std::shared_ptr<IpcObject>(
            std::make_shared<SysvMessageQueue>(task.clock().realtime()));
      },
      [](IpcObject&) -> Result<> { return {}; });
}

// msgsnd(2).
Result<> sys_msgsnd(Task& task, int msqid, UserPtr<const int64_t> msgp,
                    int64_t msgsz, int msgflg) {
  SysvMessageQueue::Message message;
  message.type = TRY(task.Read(msgp));
  if (msgsz < 0 || msgsz > SysvMessageQueue::kMostMessage || msqid < 0) {
    return Errno(EINVAL);
  }
  if (message.type < 1) return Errno(EINVAL);
  message.text.resize(msgsz);
  TRY(task.mm->CopyIn(message.text.data(), msgp.At(1).addr(), msgsz));
  const QueueRef queue = TRY(QueueOf(task, msqid));
  TRY(queue->CheckAccess(*task.creds, 0222));
  const Result<> sent = queue->Send(std::move(message), task.process().pid(),
                                    task.clock().realtime());
  if (sent.ok() || (msgflg & IPC_NOWAIT)) return sent;
  return WaitFor(task, queue);
}

// msgrcv(2).
Result<int64_t> sys_msgrcv(Task& task, int msqid, UserPtr<int64_t> msgp,
                           int64_t msgsz, int64_t msgtyp, int msgflg) {
  if (msqid < 0 || msgsz < 0) return Errno(EINVAL);
  const bool copy = (msgflg & MSG_COPY) != 0;
  if (copy && ((msgflg & MSG_EXCEPT) || !(msgflg & IPC_NOWAIT))) {
    return Errno(EINVAL);
  }
  const QueueRef queue = TRY(QueueOf(task, msqid));
  TRY(queue->CheckAccess(*task.creds, 0444));
  const int place = queue->Find(msgtyp, msgflg);
  if (place < 0) {
    if (msgflg & IPC_NOWAIT) return Errno(ENOMSG);
    return WaitFor(task, queue);
  }
  const int64_t length = queue->At(place).text.size();
  if (length > msgsz && !(msgflg & MSG_NOERROR)) return Errno(E2BIG);
  const SysvMessageQueue::Message message =
      copy ? queue->At(place)
           : queue->Take(place, task.process().pid(), task.clock().realtime());
  const int64_t told = std::min(length, msgsz);
  TRY(task.Write(msgp, message.type));
  TRY(task.mm->CopyOut(msgp.At(1).addr(), message.text.data(), told));
  return told;
}

// msgctl(2).
Result<int> sys_msgctl(Task& task, int msqid, int cmd, GuestAddr buf) {
  if (msqid < 0 || cmd < 0) return Errno(EINVAL);
  switch (cmd) {
    case IPC_INFO:
    case MSG_INFO:
      return Info(task, cmd, buf);
    case IPC_STAT:
    case MSG_STAT:
    case kMsgStatAny:
      return Stat(task, msqid, cmd, buf);
    default:
      break;
  }
  const QueueRef queue = TRY(QueuesOf(task).Find(msqid));
  switch (cmd) {
    case IPC_SET:
      return Change(task, *queue, buf);
    case IPC_RMID:
      return Remove(task, *queue);
    default:
      return Errno(EINVAL);
  }
}

}  // namespace emu
