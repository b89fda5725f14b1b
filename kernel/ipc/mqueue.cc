// SPDX-License-Identifier: Apache-2.0

#include "kernel/ipc/mqueue.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>

#include "absl/strings/str_format.h"
#include "kernel/kernel.h"
#include "kernel/net/netlink.h"
#include "kernel/process.h"
#include "kernel/signal/send.h"
#include "kernel/task.h"

namespace emu {
namespace {
// The last byte of a SIGEV_THREAD cookie says what happened.
constexpr char kWokenUp = 1;
constexpr char kRemoved = 2;

void TellSocket(PosixMessageQueue::Notification& notification, char what) {
  if (notification.socket == nullptr) return;
  notification.cookie.back() = what;
  static_cast<NetlinkSocket&>(*notification.socket).Push(notification.cookie);
}

}  // namespace

PosixMessageQueue::PosixMessageQueue(int64_t most_messages, int64_t most_bytes,
                                     uint32_t mode, const Credentials& creds)
    : most_messages(most_messages),
      most_bytes(most_bytes),
      mode_(mode),
      uid_(creds.fsuid),
      gid_(creds.fsgid) {}

Result<> PosixMessageQueue::CheckAccess(const Credentials& creds,
                                        int access) const {
  const uint32_t wanted = access == O_RDONLY ? 4 : access == O_WRONLY ? 2 : 6;
  uint32_t granted = mode_;
  if (creds.fsuid == uid_) {
    granted >>= 6;
  } else if (creds.InGroup(gid_)) {
    granted >>= 3;
  }
  if ((wanted & ~granted) == 0 || creds.Has(1 /* CAP_DAC_OVERRIDE */)) {
    return {};
  }
  return Errno(EACCES);
}

uint64_t PosixMessageQueue::footprint() const {
  constexpr uint64_t kMessageHeader = 48, kTreeNode = 48;
  constexpr uint64_t kPriorities = 32768;
  const uint64_t count = most_messages;
  return count * kMessageHeader + std::min(count, kPriorities) * kTreeNode +
         count * most_bytes;
}

void PosixMessageQueue::Send(Task& task, uint32_t priority, std::string text) {
  const bool first = empty();
  bytes_ += text.size();
  ++count_;
  messages_.emplace(priority, std::move(text));
  if (first && receivers_waiting == 0) Notify(task);
  changed.Wake(POLLIN | POLLRDNORM);
}

PosixMessageQueue::Message PosixMessageQueue::Receive() {
  const auto oldest = messages_.lower_bound(messages_.rbegin()->first);
  Message message = {oldest->first, std::move(oldest->second)};
  messages_.erase(oldest);
  bytes_ -= message.text.size();
  --count_;
  changed.Wake(POLLOUT | POLLWRNORM);
  return message;
}

void PosixMessageQueue::Notify(Task& sender) {
  if (notification_.pid == 0) return;
  Notification notification = std::move(notification_);
  notification_ = {};
  TellSocket(notification, kWokenUp);
  Process* process = sender.kernel().pids().FindProcess(notification.pid);
  if (notification.signo == 0 || process == nullptr) return;
  Siginfo info = Siginfo::Kill(notification.signo, SI_MESGQ,
                               sender.process().pid(), sender.creds->uid);
  info.Set<uint64_t>(24, notification.value);
  (void)SendToProcess(*process, info);
}

void PosixMessageQueue::CancelNotification(Pid pid) {
  if (notification_.pid != pid) return;
  TellSocket(notification_, kRemoved);
  notification_ = {};
}

const char MqueueFile::kKind = 0;

Result<size_t> MqueueFile::Read(Task&, IovIter& to, uint64_t offset) {
  const auto& told = queue_->notification();
  const std::string text = absl::StrFormat(
      "QSIZE:%-10u NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", queue_->bytes(),
      told.pid == 0 ? 0
      : told.socket ? SIGEV_THREAD
      : told.signo  ? SIGEV_SIGNAL
                    : SIGEV_NONE,
      told.signo, told.pid);
  if (offset >= text.size()) return 0;
  return to.Put(text.data() + offset,
                std::min<uint64_t>(text.size() - offset, to.remaining()));
}

uint32_t MqueueFile::Poll(Task&) {
  uint32_t events = 0;
  if (!queue_->empty()) events |= POLLIN | POLLRDNORM;
  if (!queue_->full()) events |= POLLOUT | POLLWRNORM;
  return events;
}

void MqueueFile::OnClose(Task& task) {
  queue_->CancelNotification(task.process().pid());
}

}  // namespace emu
