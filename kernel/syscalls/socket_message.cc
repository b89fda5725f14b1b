// SPDX-License-Identifier: Apache-2.0

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>

#include "arch/abi/socket.h"
#include "kernel/net/control.h"
#include "kernel/net/socket.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/poll_wait.h"
#include "kernel/syscalls/socket_call.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

constexpr uint64_t kMostBytes = INT_MAX & ~uint64_t{4095};
constexpr int kMostMessages = 1024;  // UIO_MAXIOV, for sendmmsg

// sendmmsg and recvmmsg: messages done, and until when to go on.
struct MessageCount : CallScratch {
  int count = 0;
  Nanos end = kNever;
};

Result<abi::msghdr> ReadHeader(Task& task, UserPtr<const abi::msghdr> from) {
  abi::msghdr header = TRY(task.Read(from));
  if (header.msg_name == 0) header.msg_namelen = 0;
  if (header.msg_namelen < 0) return Errno(EINVAL);
  header.msg_namelen =
      std::min<int>(header.msg_namelen, sizeof(sockaddr_storage));
  if (header.msg_iovlen > IOV_MAX) return Errno(EMSGSIZE);
  return header;
}

Result<size_t> Receive(Task& task, Socket& socket, InMessage& message) {
  return task.Await(
      socket, POLLIN | POLLRDHUP,
      [&] { return socket.ReceiveMessage(task, message); },
      !socket.Blocks(message.flags));
}

Result<size_t> Send(Task& task, Socket& socket, OutMessage& message) {
  return task.Await(
      socket, POLLOUT, [&] { return socket.SendMessage(task, message); },
      !socket.Blocks(message.flags));
}

// One message of sendmsg or sendmmsg.
Result<size_t> SendOne(Task& task, Socket& socket,
                       UserPtr<const abi::msghdr> at, int flags) {
  const abi::msghdr header = TRY(ReadHeader(task, at));
  SocketAddress to;
  if (header.msg_namelen > 0) {
    to = TRY(ReadAddress(task, UserPtr<const char>(header.msg_name),
                         header.msg_namelen));
  }
  IovIter data = TRY(task.ReadIov(header.msg_iov, header.msg_iovlen));
  OutMessage message{.data = data, .flags = flags, .to = std::move(to)};
  if (header.msg_controllen > INT_MAX) return Errno(ENOBUFS);
  message.control =
      TRY(ReadControl(task, socket, header.msg_control, header.msg_controllen));
  return Send(task, socket, message);
}

// One message of recvmsg or recvmmsg.
Result<size_t> ReceiveOne(Task& task, Socket& socket, UserPtr<abi::msghdr> at,
                          int flags) {
  abi::msghdr header = TRY(ReadHeader(task, at.As<const abi::msghdr>()));
  IovIter data = TRY(task.ReadIov(header.msg_iov, header.msg_iovlen));
  InMessage message{.data = data, .flags = flags};
  const size_t received = TRY(Receive(task, socket, message));
  const WrittenControl control =
      WriteControl(task, message.control, header.msg_control,
                   header.msg_controllen, (flags & MSG_CMSG_CLOEXEC) != 0);
  if (header.msg_name != 0) {
    const size_t told =
        std::min<size_t>(message.from.size(), header.msg_namelen);
    TRY(task.mm->CopyOut(header.msg_name, message.from.data(), told));
  }
  header.msg_namelen = message.from.size();
  header.msg_controllen = control.length;
  header.msg_flags = message.result_flags | (flags & MSG_CMSG_CLOEXEC) |
                     (control.truncated ? MSG_CTRUNC : 0);
  // Only these are the kernel's to write.
  if (header.msg_name != 0) {
    TRY(task.mm->CopyOut(at.addr() + offsetof(abi::msghdr, msg_namelen),
                         &header.msg_namelen, sizeof(header.msg_namelen)));
  }
  TRY(task.mm->CopyOut(
      at.addr() + offsetof(abi::msghdr, msg_controllen), &header.msg_controllen,
      sizeof(header.msg_controllen) + sizeof(header.msg_flags)));
  return received;
}

MessageCount& Progress(Task& task) {
  PendingSyscall& call = task.pending();
  if (call.scratch == nullptr) call.scratch = std::make_unique<MessageCount>();
  return static_cast<MessageCount&>(*call.scratch);
}

// One more message is done: the next begins as a call of its own would.
void NextMessage(Task& task, MessageCount& progress) {
  ++progress.count;
  task.pending().done = 0;
  task.pending().on_signal = progress.count;
}

// What a call for several messages returns when one of them did not work: it
// waits, it counts those before, or it fails.
Result<int> EndEarly(const MessageCount& progress, Errno error) {
  if (error == kBlocked || progress.count == 0) return error;
  return progress.count;
}

// The message at `at` is done, and this was its length.
Result<> StoreLength(Task& task, UserPtr<abi::mmsghdr> at, size_t length) {
  const UserPtr<uint32_t> field(at.addr() + offsetof(abi::mmsghdr, msg_len));
  return task.Write(field, static_cast<uint32_t>(length));
}

// Messages until there are enough, one fails or `end` has come.
Result<int> ReceiveSeveral(Task& task, Socket& socket,
                           UserPtr<abi::mmsghdr> messages, int most,
                           int flags) {
  MessageCount& progress = Progress(task);
  while (progress.count < most) {
    const UserPtr<abi::mmsghdr> at = messages.At(progress.count);
    int one = flags & ~MSG_WAITFORONE;
    if ((flags & MSG_WAITFORONE) && progress.count > 0) one |= MSG_DONTWAIT;
    const Result<size_t> received =
        ReceiveOne(task, socket, at.As<abi::msghdr>(), one);
    if (!received.ok()) return EndEarly(progress, received.error());
    const Result<> told = StoreLength(task, at, *received);
    if (!told.ok()) return EndEarly(progress, told.error());
    NextMessage(task, progress);
    if (task.clock().now() >= progress.end) break;
  }
  return progress.count;
}

}  // namespace

// sendto(2).
Result<size_t> sys_sendto(Task& task, Fd fd, GuestAddr buf, size_t len,
                          int flags, UserPtr<const char> addr, int addrlen) {
  const auto socket = TRY(GetSocket(task, fd));
  SocketAddress to;
  if (addr) to = TRY(ReadAddress(task, addr, addrlen));
  IovIter data(*task.mm, buf, std::min<uint64_t>(len, kMostBytes));
  OutMessage message{.data = data, .flags = flags, .to = std::move(to)};
  return Send(task, *socket, message);
}

// recvfrom(2).
Result<size_t> sys_recvfrom(Task& task, Fd fd, GuestAddr buf, size_t len,
                            int flags, UserPtr<char> addr,
                            UserPtr<int32_t> addrlen) {
  const auto socket = TRY(GetSocket(task, fd));
  IovIter data(*task.mm, buf, std::min<uint64_t>(len, kMostBytes));
  InMessage message{.data = data, .flags = flags};
  const size_t received = TRY(Receive(task, *socket, message));
  if (addr) TRY(WriteAddress(task, message.from, addr, addrlen));
  return received;
}

// sendmsg(2).
Result<size_t> sys_sendmsg(Task& task, Fd fd, UserPtr<const abi::msghdr> msg,
                           int flags) {
  const auto socket = TRY(GetSocket(task, fd));
  return SendOne(task, *socket, msg, flags);
}

// recvmsg(2).
Result<size_t> sys_recvmsg(Task& task, Fd fd, UserPtr<abi::msghdr> msg,
                           int flags) {
  const auto socket = TRY(GetSocket(task, fd));
  return ReceiveOne(task, *socket, msg, flags);
}

// sendmmsg(2).
Result<int> sys_sendmmsg(Task& task, Fd fd, UserPtr<abi::mmsghdr> msgvec,
                         uint32_t vlen, int flags) {
  const auto socket = TRY(GetSocket(task, fd));
  MessageCount& progress = Progress(task);
  const int most = std::min<uint32_t>(vlen, kMostMessages);
  while (progress.count < most) {
    const UserPtr<abi::mmsghdr> at = msgvec.At(progress.count);
    const Result<size_t> sent =
        SendOne(task, *socket, at.As<const abi::msghdr>(), flags);
    if (!sent.ok()) return EndEarly(progress, sent.error());
    const Result<> told = StoreLength(task, at, *sent);
    if (!told.ok()) return EndEarly(progress, told.error());
    NextMessage(task, progress);
  }
  return progress.count;
}

// recvmmsg(2). The time limit is looked at between messages only.
Result<int> sys_recvmmsg(Task& task, Fd fd, UserPtr<abi::mmsghdr> msgvec,
                         uint32_t vlen, int flags,
                         UserPtr<abi::timespec> timeout) {
  const std::optional<Nanos> limit =
      TRY(ReadTimeout(task, timeout.As<const abi::timespec>()));
  const auto socket = TRY(GetSocket(task, fd));
  MessageCount& progress = Progress(task);
  if (limit) progress.end = After(task.clock().now(), *limit);
  const int most = std::min<uint32_t>(vlen, INT_MAX);
  const int received = TRY(ReceiveSeveral(task, *socket, msgvec, most, flags));
  if (timeout) {
    const Nanos left = std::max<Nanos>(progress.end - task.clock().now(), 0);
    TRY(task.Write(timeout, ToTimespec(left)));
  }
  return received;
}

}  // namespace emu
