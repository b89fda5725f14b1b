// SPDX-License-Identifier: Apache-2.0

#include "arch/abi/mqueue.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "arch/abi/signal.h"
#include "kernel/fs/anonymous.h"
#include "kernel/ipc/ipc.h"
#include "kernel/kernel.h"
#include "kernel/net/netlink.h"
#include "kernel/process.h"
#include "kernel/subsystems.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/poll_wait.h"
#include "kernel/syscalls/socket_call.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

// /proc/sys/fs/mqueue: defaults, limits, and those of CAP_SYS_RESOURCE.
constexpr int64_t kDefaultMessages = 10;
constexpr int64_t kDefaultBytes = 8192;
constexpr int64_t kMostMessages = 10, kMostMessagesOfAll = 65536;
constexpr int64_t kMostBytes = 8192, kMostBytesOfAll = 16 << 20;
constexpr size_t kMostQueues = 256;
constexpr uint32_t kPriorities = 32768;  // MQ_PRIO_MAX
constexpr size_t kCookie = 32;           // NOTIFY_COOKIE_LEN

using QueueRef = std::shared_ptr<PosixMessageQueue>;

PosixMessageQueues& QueuesOf(Task& task) {
  return task.kernel().subsystems().ipc->posix_messages;
}

// A receive that waits: a message it will get is not told to others.
class ReceiveWait : public CallScratch {
 public:
  explicit ReceiveWait(FileRef file) : file_(std::move(file)) {
    ++queue().receivers_waiting;
  }
  ~ReceiveWait() override { --queue().receivers_waiting; }

 private:
  PosixMessageQueue& queue() {
    return static_cast<MqueueFile&>(*file_).queue();
  }
  FileRef file_;
};

// EBADF.
Result<std::shared_ptr<MqueueFile>> GetQueue(Task& task, Fd mqdes) {
  const FileRef file = TRY(task.GetFile(mqdes));
  if (FileAs<MqueueFile>(*file) == nullptr) return Errno(EBADF);
  return std::static_pointer_cast<MqueueFile>(file);
}

// The library has taken the slash in front off.
Result<std::string> ReadName(Task& task, UserCString at) {
  std::string name = TRY(task.ReadPath(at));
  if (name.empty()) return Errno(ENOENT);
  if (name.size() > NAME_MAX) return Errno(ENAMETOOLONG);
  if (name == "." || name == ".." || name.find('/') != std::string::npos) {
    return Errno(EACCES);
  }
  return name;
}

Result<> CheckAttributes(Task& task, int64_t messages, int64_t bytes) {
  const bool privileged = task.creds->Has(CAP_SYS_RESOURCE);
  if (messages <= 0 || bytes <= 0 ||
      messages > (privileged ? kMostMessagesOfAll : kMostMessages) ||
      bytes > (privileged ? kMostBytesOfAll : kMostBytes)) {
    return Errno(EINVAL);
  }
  return {};
}

Result<QueueRef> Create(Task& task, const std::string& name, uint32_t mode,
                        const std::optional<abi::mq_attr>& attributes) {
  PosixMessageQueues& queues = QueuesOf(task);
  const int64_t messages =
      attributes ? attributes->mq_maxmsg : kDefaultMessages;
  const int64_t bytes = attributes ? attributes->mq_msgsize : kDefaultBytes;
  if (queues.by_name.size() >= kMostQueues &&
      !task.creds->Has(CAP_SYS_RESOURCE)) {
    return Errno(ENOSPC);
  }
  TRY(CheckAttributes(task, messages, bytes));
  auto queue = std::make_shared<PosixMessageQueue>(
      messages, bytes, mode & ~task.fs->umask & 0777, *task.creds);
  uint64_t used = queue->footprint();
  for (const auto& [other_name, other] : queues.by_name) {
    if (other->uid() == queue->uid()) used += other->footprint();
  }
  if (used > task.process().limit(RLIMIT_MSGQUEUE)) return Errno(EMFILE);
  queues.by_name.emplace(name, queue);
  return queue;
}

// Until when to wait: a time of CLOCK_REALTIME. EFAULT, EINVAL.
Result<> LimitByRealtime(Task& task, UserPtr<const abi::timespec> timeout) {
  const std::optional<Nanos> end = TRY(ReadTimeout(task, timeout));
  // The clock may be set meanwhile: the time is kept as it was given.
  PendingSyscall& call = task.pending();
  if (end) call.done = static_cast<uint64_t>(*end) + 1;
  if (call.done != 0) {
    call.deadline = static_cast<Nanos>(call.done - 1) -
                    task.clock().realtime_offset();
  }
  return {};
}

// The wait of a queue that is full or empty.
Result<> WaitFor(Task& task, MqueueFile& file, uint32_t events) {
  if (file.nonblocking()) return Errno(EAGAIN);
  if (task.DeadlinePassed()) return Errno(ETIMEDOUT);
  task.WaitOn(*file.wait_queue(), events);
  if (task.pending().done != 0) task.WaitOn(task.clock().realtime_set());
  return task.Block();
}

// Whom sigevent(7) says to tell. EINVAL, EBADF, EFAULT.
Result<PosixMessageQueue::Notification> ParseNotification(
    Task& task, const abi::sigevent& event) {
  PosixMessageQueue::Notification notification;
  notification.pid = task.process().pid();
  notification.value = event.sigev_value;
  switch (event.sigev_notify) {
    case SIGEV_NONE:
      return notification;
    case SIGEV_SIGNAL:
      if (event.sigev_signo < 0 || event.sigev_signo > kSignals) {
        return Errno(EINVAL);
      }
      notification.signo = event.sigev_signo;
      return notification;
    case SIGEV_THREAD: {
      notification.cookie.resize(kCookie);
      TRY(task.mm->CopyIn(notification.cookie.data(), event.sigev_value,
                          kCookie));
      notification.socket = TRY(GetSocket(task, Fd{event.sigev_signo}));
      if (notification.socket->domain() != AF_NETLINK) return Errno(EINVAL);
      return notification;
    }
    default:
      return Errno(EINVAL);
  }
}

}  // namespace

// mq_open(3), whose library function takes the name's slash off.
Result<Fd> sys_mq_open(Task& task, UserCString name, int oflag, uint32_t mode,
                       UserPtr<const abi::mq_attr> attr) {
  std::optional<abi::mq_attr> attributes;
  if (attr) attributes = TRY(task.Read(attr));
  const std::string key = TRY(ReadName(task, name));
  const int access = oflag & O_ACCMODE;
  PosixMessageQueues& queues = QueuesOf(task);
  const auto known = queues.by_name.find(key);
  QueueRef queue;
  if (known != queues.by_name.end()) {
    if ((oflag & O_CREAT) && (oflag & O_EXCL)) return Errno(EEXIST);
    if (access == O_ACCMODE) return Errno(EINVAL);
    queue = known->second;
    TRY(queue->CheckAccess(*task.creds, access));
  } else {
    if (!(oflag & O_CREAT)) return Errno(ENOENT);
    queue = TRY(Create(task, key, mode, attributes));
  }
  auto file = std::make_shared<MqueueFile>(
      task.kernel().subsystems().anonymous.NewPath(
          AnonymousKind::kInode, "[mqueue]", 0600, *task.creds),
      access | (oflag & O_NONBLOCK), queue);
  return task.AddFd(std::move(file), true);
}

// mq_unlink(3).
Result<> sys_mq_unlink(Task& task, UserCString name) {
  const std::string key = TRY(ReadName(task, name));
  PosixMessageQueues& queues = QueuesOf(task);
  const auto known = queues.by_name.find(key);
  if (known == queues.by_name.end()) return Errno(ENOENT);
  // Its directory is sticky.
  if (known->second->uid() != task.creds->fsuid &&
      !task.creds->Has(CAP_FOWNER)) {
    return Errno(EPERM);
  }
  queues.by_name.erase(known);
  return {};
}

// mq_timedsend(3).
Result<> sys_mq_timedsend(Task& task, Fd mqdes, GuestAddr msg_ptr,
                          size_t msg_len, uint32_t msg_prio,
                          UserPtr<const abi::timespec> abs_timeout) {
  TRY(LimitByRealtime(task, abs_timeout));
  if (msg_prio >= kPriorities) return Errno(EINVAL);
  const auto file = TRY(GetQueue(task, mqdes));
  if (!file->writable()) return Errno(EBADF);
  PosixMessageQueue& queue = file->queue();
  if (msg_len > static_cast<uint64_t>(queue.most_bytes)) {
    return Errno(EMSGSIZE);
  }
  std::string text(msg_len, '\0');
  TRY(task.mm->CopyIn(text.data(), msg_ptr, msg_len));
  if (queue.full()) return WaitFor(task, *file, POLLOUT);
  queue.Send(task, msg_prio, std::move(text));
  return {};
}

// mq_timedreceive(3).
Result<size_t> sys_mq_timedreceive(Task& task, Fd mqdes, GuestAddr msg_ptr,
                                   size_t msg_len, UserPtr<uint32_t> msg_prio,
                                   UserPtr<const abi::timespec> abs_timeout) {
  TRY(LimitByRealtime(task, abs_timeout));
  const auto file = TRY(GetQueue(task, mqdes));
  if (!file->readable()) return Errno(EBADF);
  PosixMessageQueue& queue = file->queue();
  if (msg_len < static_cast<uint64_t>(queue.most_bytes)) {
    return Errno(EMSGSIZE);
  }
  if (queue.empty()) {
    const Errno waits = WaitFor(task, *file, POLLIN).error();
    PendingSyscall& call = task.pending();
    if (waits == kBlocked && call.scratch == nullptr) {
      call.scratch = std::make_unique<ReceiveWait>(file);
    }
    return waits;
  }
  const PosixMessageQueue::Message message = queue.Receive();
  if (msg_prio) TRY(task.Write(msg_prio, message.priority));
  TRY(task.mm->CopyOut(msg_ptr, message.text.data(), message.text.size()));
  return message.text.size();
}

// mq_notify(3).
Result<> sys_mq_notify(Task& task, Fd mqdes,
                       UserPtr<const abi::sigevent> notification) {
  PosixMessageQueue::Notification wanted;
  if (notification) {
    const abi::sigevent event = TRY(task.Read(notification));
    wanted = TRY(ParseNotification(task, event));
  }
  const auto file = TRY(GetQueue(task, mqdes));
  PosixMessageQueue& queue = file->queue();
  if (!notification) {
    queue.CancelNotification(task.process().pid());
    return {};
  }
  if (queue.notification().pid != 0) return Errno(EBUSY);
  queue.SetNotification(std::move(wanted));
  return {};
}

// mq_getattr(3) and mq_setattr(3).
Result<> sys_mq_getsetattr(Task& task, Fd mqdes,
                           UserPtr<const abi::mq_attr> newattr,
                           UserPtr<abi::mq_attr> oldattr) {
  std::optional<abi::mq_attr> wanted;
  if (newattr) {
    wanted = TRY(task.Read(newattr));
    if (wanted->mq_flags & ~int64_t{O_NONBLOCK}) return Errno(EINVAL);
  }
  const auto file = TRY(GetQueue(task, mqdes));
  PosixMessageQueue& queue = file->queue();
  abi::mq_attr old = {};
  old.mq_flags = file->flags() & O_NONBLOCK;
  old.mq_maxmsg = queue.most_messages;
  old.mq_msgsize = queue.most_bytes;
  old.mq_curmsgs = queue.count();
  if (wanted) {
    file->set_status_flags((file->flags() & ~O_NONBLOCK) |
                           static_cast<int>(wanted->mq_flags));
  }
  if (!oldattr) return {};
  return task.Write(oldattr, old);
}

}  // namespace emu
