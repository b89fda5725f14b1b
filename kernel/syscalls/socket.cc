// SPDX-License-Identifier: Apache-2.0

#include "kernel/net/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "kernel/net/families.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/socket_call.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

static_assert(SOCK_NONBLOCK == O_NONBLOCK && SOCK_CLOEXEC == O_CLOEXEC);
constexpr int kTypeFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
constexpr int kTypeMask = 0xf;
constexpr int kLongestAddress = sizeof(sockaddr_storage);
constexpr int kLongestOption = 64 << 10;

// `type` of socket(2) apart: EINVAL.
Result<Socket::Type> ParseType(int domain, int type, int protocol) {
  if (type & ~(kTypeMask | kTypeFlags)) return Errno(EINVAL);
  return Socket::Type{domain, type & kTypeMask, protocol};
}

// A connection in the descriptor that was kept for it.
Result<Fd> AcceptOne(Task& task, Socket& listener, UserPtr<char> address,
                     UserPtr<int32_t> length, int flags) {
  const bool cloexec = (flags & SOCK_CLOEXEC) != 0;
  const Fd fd = TRY(task.AddFd(listener.ref(), cloexec));
  const auto give_up = [&](Errno error) {
    (void)task.files->Remove(fd);
    return error;
  };
  Result<std::shared_ptr<Socket>> accepted = listener.Accept(task);
  if (!accepted.ok()) return give_up(accepted.error());
  (*accepted)->set_status_flags(flags & SOCK_NONBLOCK);
  if (address) {
    const Result<SocketAddress> peer = (*accepted)->AcceptedName();
    if (!peer.ok()) return give_up(Errno(ECONNABORTED));
    const Result<> told = WriteAddress(task, *peer, address, length);
    if (!told.ok()) return give_up(told.error());
  }
  (void)task.files->Remove(fd);
  return task.AddFd(*std::move(accepted), cloexec);
}

}  // namespace

Result<std::shared_ptr<Socket>> GetSocket(Task& task, Fd fd) {
  const FileRef file = TRY(task.GetFile(fd));
  if (FileAs<Socket>(*file) == nullptr) return Errno(ENOTSOCK);
  return std::static_pointer_cast<Socket>(file);
}

Result<SocketAddress> ReadAddress(Task& task, UserPtr<const char> from,
                                  int length) {
  if (length < 0 || length > kLongestAddress) return Errno(EINVAL);
  SocketAddress address(length, '\0');
  TRY(task.mm->CopyIn(address.data(), from.addr(), length));
  return address;
}

Result<> WriteAddress(Task& task, const SocketAddress& address,
                      UserPtr<char> to, UserPtr<int32_t> length) {
  const int room = TRY(task.Read(length));
  if (room < 0) return Errno(EINVAL);
  const int full = address.size();
  TRY(task.mm->CopyOut(to.addr(), address.data(), std::min(room, full)));
  return task.Write(length, full);
}

// socket(2).
Result<Fd> sys_socket(Task& task, int family, int type, int protocol) {
  const Socket::Type wanted = TRY(ParseType(family, type, protocol));
  auto socket = TRY(NewSocket(task, wanted, type & SOCK_NONBLOCK));
  return task.AddFd(std::move(socket), (type & SOCK_CLOEXEC) != 0);
}

// socketpair(2).
Result<> sys_socketpair(Task& task, int family, int type, int protocol,
                        UserPtr<Fd> sv) {
  const Socket::Type wanted = TRY(ParseType(family, type, protocol));
  auto [a, b] = TRY(NewSocketPair(task, wanted, type & SOCK_NONBLOCK));
  const bool cloexec = (type & SOCK_CLOEXEC) != 0;
  const Fd first = TRY(task.AddFd(std::move(a), cloexec));
  const Result<Fd> second = task.AddFd(std::move(b), cloexec);
  if (!second.ok()) {
    (void)task.files->Remove(first);
    return second.error();
  }
  const std::array<Fd, 2> pair = {first, *second};
  const Result<> written =
      task.WriteArray(sv, absl::Span<const Fd>(pair.data(), pair.size()));
  if (!written.ok()) {
    (void)task.files->Remove(first);
    (void)task.files->Remove(*second);
  }
  return written;
}

// bind(2).
Result<> sys_bind(Task& task, Fd fd, UserPtr<const char> addr, int addrlen) {
  const auto socket = TRY(GetSocket(task, fd));
  return socket->Bind(task, TRY(ReadAddress(task, addr, addrlen)));
}

// listen(2).
Result<> sys_listen(Task& task, Fd fd, int backlog) {
  const auto socket = TRY(GetSocket(task, fd));
  return socket->Listen(task, backlog);
}

// connect(2).
Result<> sys_connect(Task& task, Fd fd, UserPtr<const char> addr, int addrlen) {
  const auto socket = TRY(GetSocket(task, fd));
  const SocketAddress address = TRY(ReadAddress(task, addr, addrlen));
  return task.Await(*socket, POLLOUT, [&]() -> Result<> {
    const Result<> done = socket->Connect(task, address, socket->nonblocking());
    const bool waits =
        !done.ok() && done.error() == Errno(EAGAIN) && !socket->nonblocking();
    if (!waits || socket->send_timeout() == kNever) return done;
    task.WaitUntil(After(task.clock().now(), socket->send_timeout()));
    task.OnSignal(EINTR);
    if (task.DeadlinePassed() && socket->domain() != AF_UNIX) {
      return Errno(EINPROGRESS);
    }
    return done;
  });
}

// accept(2).
Result<Fd> sys_accept(Task& task, Fd fd, UserPtr<char> addr,
                      UserPtr<int32_t> addrlen) {
  return sys_accept4(task, fd, addr, addrlen, 0);
}

// accept4(2).
Result<Fd> sys_accept4(Task& task, Fd fd, UserPtr<char> addr,
                       UserPtr<int32_t> addrlen, int flags) {
  if (flags & ~kTypeFlags) return Errno(EINVAL);
  const auto socket = TRY(GetSocket(task, fd));
  return task.Await(*socket, POLLIN, [&] {
    const Result<Fd> accepted = AcceptOne(task, *socket, addr, addrlen, flags);
    if (!accepted.ok() && accepted.error() == Errno(EAGAIN) &&
        socket->receive_timeout() != kNever && !socket->nonblocking()) {
      task.WaitUntil(After(task.clock().now(), socket->receive_timeout()));
      task.OnSignal(EINTR);
    }
    return accepted;
  });
}

// getsockname(2).
Result<> sys_getsockname(Task& task, Fd fd, UserPtr<char> addr,
                         UserPtr<int32_t> addrlen) {
  const auto socket = TRY(GetSocket(task, fd));
  return WriteAddress(task, TRY(socket->Name()), addr, addrlen);
}

// getpeername(2).
Result<> sys_getpeername(Task& task, Fd fd, UserPtr<char> addr,
                         UserPtr<int32_t> addrlen) {
  const auto socket = TRY(GetSocket(task, fd));
  return WriteAddress(task, TRY(socket->PeerName()), addr, addrlen);
}

// shutdown(2).
Result<> sys_shutdown(Task& task, Fd fd, int how) {
  const auto socket = TRY(GetSocket(task, fd));
  if (how < SHUT_RD || how > SHUT_RDWR) return Errno(EINVAL);
  static_assert(SHUT_RD + 1 == kReceiveShut && SHUT_WR + 1 == kSendShut);
  return socket->Shutdown(task, how + 1);
}

// setsockopt(2).
Result<> sys_setsockopt(Task& task, Fd fd, int level, int optname,
                        UserPtr<const char> optval, int optlen) {
  if (optlen < 0) return Errno(EINVAL);
  const auto socket = TRY(GetSocket(task, fd));
  std::string value(std::min(optlen, kLongestOption), '\0');
  TRY(task.mm->CopyIn(value.data(), optval.addr(), value.size()));
  return socket->SetOption(task, level, optname, value);
}

// getsockopt(2).
Result<> sys_getsockopt(Task& task, Fd fd, int level, int optname,
                        UserPtr<char> optval, UserPtr<int32_t> optlen) {
  const auto socket = TRY(GetSocket(task, fd));
  const int room = TRY(task.Read(optlen));
  if (room < 0) return Errno(EINVAL);
  const std::string value = TRY(socket->GetOption(task, level, optname));
  const int full = value.size();
  // A list is told whole or not at all.
  if (level == SOL_SOCKET && optname == SO_PEERGROUPS && room < full) {
    TRY(task.Write(optlen, full));
    return Errno(ERANGE);
  }
  const int told = std::min(room, full);
  TRY(task.mm->CopyOut(optval.addr(), value.data(), told));
  return task.Write(optlen, told);
}

}  // namespace emu
