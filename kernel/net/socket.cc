// SPDX-License-Identifier: Apache-2.0

#include "kernel/net/socket.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "kernel/fs/anonymous.h"
#include "kernel/fs/async_io.h"
#include "kernel/kernel.h"
#include "kernel/net/net_ioctl.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {

int AddressFamily(const SocketAddress& address) {
  uint16_t family = AF_UNSPEC;
  if (address.size() >= sizeof(family)) {
    memcpy(&family, address.data(), sizeof(family));
  }
  return family;
}

const char Socket::kKind = 0;

Socket::Socket(Task& task, const Type& type, int flags)
    : FileDescription(
          task.kernel().subsystems().anonymous.NewPath(
              AnonymousKind::kSocket, "", S_IFSOCK | 0777, *task.creds),
          O_RDWR | flags),
      type_(type) {}

std::shared_ptr<Socket> Socket::ref() {
  return std::static_pointer_cast<Socket>(shared_from_this());
}

Result<> Socket::Bind(Task&, const SocketAddress&) { return Errno(EOPNOTSUPP); }
Result<> Socket::Listen(Task&, int) { return Errno(EOPNOTSUPP); }
Result<> Socket::Connect(Task&, const SocketAddress&, bool) {
  return Errno(EOPNOTSUPP);
}
Result<std::shared_ptr<Socket>> Socket::Accept(Task&) {
  return Errno(EOPNOTSUPP);
}
Result<> Socket::Shutdown(Task&, int) { return Errno(EOPNOTSUPP); }
Result<int> Socket::BytesIn() { return Errno(ENOTTY); }
Result<int> Socket::BytesOut() { return Errno(ENOTTY); }

void Socket::MovePeekOffset(int64_t n) {
  if (options_.peek_offset < 0) return;
  options_.peek_offset =
      static_cast<int>(std::max<int64_t>(options_.peek_offset + n, 0));
}

void Socket::InheritOptions(const Socket& listener) {
  options_ = listener.options_;
  send_timeout_ = listener.send_timeout_;
  receive_timeout_ = listener.receive_timeout_;
}

Result<> Socket::CheckError() {
  if (error_ != 0) return Errno(TakeError());
  return {};
}

bool Socket::Blocks(int message_flags) const {
  // The queue of errors is looked at and not waited for.
  const bool errors =
      (message_flags & MSG_ERRQUEUE) != 0 && domain() != AF_UNIX;
  return !nonblocking() && (message_flags & MSG_DONTWAIT) == 0 && !errors;
}

// A wait with a time limit is not restarted after a signal.
template <typename Op>
Result<size_t> Socket::Timed(Task& task, Nanos timeout, int flags, Op op) {
  const Result<size_t> result = op();
  if (result.ok() || result.error() != Errno(EAGAIN) || !Blocks(flags) ||
      timeout == kNever) {
    return result;
  }
  task.WaitUntil(After(task.clock().now(), timeout));
  PendingSyscall& call = task.pending();
  if (call.on_signal == -ERESTARTSYS) call.on_signal = -EINTR;
  if (task.DeadlinePassed() && call.done > 0) return call.done;
  return result;
}

Result<size_t> Socket::ReceiveMessage(Task& task, InMessage& message) {
  return Timed(task, receive_timeout_, message.flags,
               [&] { return Receive(task, message); });
}

Result<size_t> Socket::SendMessage(Task& task, OutMessage& message) {
  return Timed(task, send_timeout_, message.flags,
               [&] { return Send(task, message); });
}

Result<size_t> Socket::Read(Task& task, IovIter& to, uint64_t) {
  InMessage message{.data = to};
  return ReceiveMessage(task, message);
}

Result<size_t> Socket::Write(Task& task, IovIter& from, uint64_t) {
  OutMessage message{.data = from};
  return SendMessage(task, message);
}

Result<int64_t> Socket::Ioctl(Task& task, uint32_t request, GuestAddr arg) {
  switch (request) {
    case SIOCINQ:
      TRY(task.Write(UserPtr<int32_t>(arg), TRY(BytesIn())));
      return 0;
    case SIOCOUTQ:
      TRY(task.Write(UserPtr<int32_t>(arg), TRY(BytesOut())));
      return 0;
    case SIOCSPGRP:
    case FIOSETOWN:
      TRY(SetFileOwner(task, *this,
                       TRY(task.Read(UserPtr<const int32_t>(arg)))));
      return 0;
    case SIOCGPGRP:
    case FIOGETOWN:
      TRY(task.Write(UserPtr<int32_t>(arg), owner.id));
      return 0;
    default:
      return InterfaceIoctl(task, request, arg);
  }
}

void Socket::AddTimestamp(Control& control, Nanos time) const {
  if (options_.timestamp_ns) {
    control.items.push_back(
        {SOL_SOCKET,
         options_.timestamp_new ? SO_TIMESTAMPNS_NEW : SO_TIMESTAMPNS_OLD,
         BytesOf(ToTimespec(time))});
  } else if (options_.timestamp) {
    control.items.push_back(
        {SOL_SOCKET,
         options_.timestamp_new ? SO_TIMESTAMP_NEW : SO_TIMESTAMP_OLD,
         BytesOf(ToTimeval(time))});
  }
}

}  // namespace emu
