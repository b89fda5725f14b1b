// SPDX-License-Identifier: Apache-2.0

#include "kernel/net/unix.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "kernel/fs/access.h"
#include "kernel/fs/file_ops.h"
#include "kernel/kernel.h"
#include "kernel/net/control.h"
#include "kernel/net/network.h"
#include "kernel/process.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr size_t kPathAt = offsetof(sockaddr_un, sun_path);
constexpr unsigned kMostBacklog = 4096;  // net.core.somaxconn
constexpr int kPeerPidFd = 77;           // SO_PEERPIDFD, since Linux 6.5

SocketAddress AddressOf(const std::string& name) {
  const uint16_t family = AF_UNIX;
  return BytesOf(family) + name;
}

// sun_path's bytes: a path without its NUL, or an abstract name that begins
// with one; empty when only the family is there. EINVAL.
Result<std::string> NameIn(const SocketAddress& address) {
  if (address.size() < kPathAt || address.size() > sizeof(sockaddr_un) ||
      AddressFamily(address) != AF_UNIX) {
    return Errno(EINVAL);
  }
  std::string name = address.substr(kPathAt);
  if (!name.empty() && name[0] != '\0') name.resize(strlen(name.c_str()));
  return name;
}

bool IsAbstract(const std::string& name) {
  return !name.empty() && name[0] == '\0';
}

}  // namespace

UnixSocket::UnixSocket(Task& task, const Type& type, int flags)
    : Socket(task, type, flags),
      names_(task.kernel().subsystems().network->unix_names) {
  names_.all_[inode().ino()] = this;
}

UnixSocket::~UnixSocket() {
  names_.all_.erase(inode().ino());
  if (abstract_) names_.Remove(type(), name_);
  const bool unread = !queue_.empty() || !accepted_;
  queue_.clear();
  if (const Ref peer = peer_.lock(); peer != nullptr && !datagram()) {
    peer->OnPeerGone(unread, name_);
  }
  to_accept_.clear();
  WakeSenders();
  if (names_.in_flight() > 0) names_.CollectGarbage();
}

// The last descriptor may be gone while the socket is in flight.
void UnixSocket::OnClose(Task&) {
  if (names_.in_flight() > 0) names_.CollectGarbage();
}

void UnixSocket::OnPeerGone(bool reset, const std::string& name) {
  shut_ = kBothShut;
  gone_peer_name_ = name;
  if (reset) error_ = ECONNRESET;
  wait_.Wake();
}

bool UnixSocket::datagram() const { return type() == SOCK_DGRAM; }
bool UnixSocket::stream() const { return type() == SOCK_STREAM; }

UnixSocket::Ref UnixSocket::self() {
  return std::static_pointer_cast<UnixSocket>(shared_from_this());
}

UnixSocket::PeerCredentials UnixSocket::CredentialsOf(Task& task) {
  return {{task.process().pid(), task.creds->euid, task.creds->egid},
          task.creds->groups};
}

void UnixSocket::Join(Task& task, UnixSocket& a, UnixSocket& b) {
  a.peer_ = b.self();
  b.peer_ = a.self();
  a.peer_credentials_ = b.peer_credentials_ = CredentialsOf(task);
  if (a.datagram()) return;
  a.state_ = b.state_ = State::kConnected;
}

Result<> UnixSocket::Bind(Task& task, const SocketAddress& address) {
  const std::string name = TRY(NameIn(address));
  if (name.empty() && address.size() == kPathAt) return Autobind();
  if (!name_.empty()) return Errno(EINVAL);
  return IsAbstract(name) ? BindAbstract(name) : BindToPath(task, name);
}

Result<> UnixSocket::BindToPath(Task& task, const std::string& path) {
  const Result<Path> made =
      CreateAt(task, {task.fs->cwd, path}, S_IFSOCK | 0777);
  if (!made.ok()) {
    return Errno(made.error() == Errno(EEXIST) ? EADDRINUSE
                                               : made.error().value());
  }
  bound_path_ = *made;
  bound_path_.inode().meeting = self();
  // getsockname(2) counts the NUL.
  name_ = path + '\0';
  return {};
}

Result<> UnixSocket::BindAbstract(const std::string& name) {
  if (!names_.Add(type(), name, *this)) return Errno(EADDRINUSE);
  name_ = name;
  abstract_ = true;
  return {};
}

Result<> UnixSocket::Autobind() {
  if (!name_.empty()) return {};
  return BindAbstract(names_.NextAutomatic(type()));
}

Result<UnixSocket::Ref> UnixSocket::FindPeer(Task& task,
                                             const SocketAddress& address) {
  const std::string name = TRY(NameIn(address));
  if (name.empty()) return Errno(address.size() == kPathAt ? EINVAL : ENOENT);
  if (IsAbstract(name)) {
    UnixSocket* found = names_.Find(type(), name);
    if (found == nullptr) return Errno(ECONNREFUSED);
    return found->self();
  }
  const Resolved place = TRY(Resolve(task, task.fs->cwd, name, {}));
  Inode& inode = place.path.inode();
  TRY(CheckPathAccess(*task.creds, place.path, kMayWrite));
  if ((inode.type() & S_IFMT) != S_IFSOCK) return Errno(ECONNREFUSED);
  auto found = std::static_pointer_cast<UnixSocket>(inode.meeting.lock());
  if (found == nullptr) return Errno(ECONNREFUSED);
  if (found->type() != type()) return Errno(EPROTOTYPE);
  return found;
}

Result<> UnixSocket::Listen(Task& task, int backlog) {
  if (datagram()) return Errno(EOPNOTSUPP);
  if (name_.empty() || state_ == State::kConnected) return Errno(EINVAL);
  backlog_ = std::min<unsigned>(backlog, kMostBacklog);
  state_ = State::kListening;
  peer_credentials_ = CredentialsOf(task);
  WakeSenders();
  return {};
}

Result<> UnixSocket::Connect(Task& task, const SocketAddress& address,
                             bool nonblocking) {
  if (options_.pass_credentials && name_.empty()) TRY(Autobind());
  return datagram() ? ConnectDatagram(task, address)
                    : ConnectStream(task, address, nonblocking);
}

Result<> UnixSocket::ConnectDatagram(Task& task, const SocketAddress& address) {
  if (AddressFamily(address) == AF_UNSPEC) {
    peer_.reset();
    state_ = State::kUnconnected;
    queue_.clear();
    wait_.Wake();
    return {};
  }
  const Ref other = TRY(FindPeer(task, address));
  const Ref others_peer = other->peer_.lock();
  if (others_peer != nullptr && others_peer.get() != this) return Errno(EPERM);
  peer_ = other;
  wait_.Wake();
  return {};
}

bool UnixSocket::QueueFull() const {
  return (state_ == State::kListening ? to_accept_.size() : queue_.size()) >
         backlog_;
}

Result<> UnixSocket::ConnectStream(Task& task, const SocketAddress& address,
                                   bool nonblocking) {
  const Ref other = TRY(FindPeer(task, address));
  if (other->state_ != State::kListening || (other->shut_ & kReceiveShut)) {
    return Errno(ECONNREFUSED);
  }
  if (state_ == State::kConnected) return Errno(EISCONN);
  if (state_ == State::kListening) return Errno(EINVAL);
  if (other->QueueFull()) {
    if (!nonblocking) AwaitRoom(*other);
    return Errno(EAGAIN);
  }
  auto server =
      std::make_shared<UnixSocket>(task, Type{domain(), type(), protocol()}, 0);
  server->accepted_ = false;
  server->state_ = state_ = State::kConnected;
  server->name_ = other->name_;
  server->peer_ = self();
  server->peer_credentials_ = CredentialsOf(task);
  server->options_.pass_credentials = other->options_.pass_credentials;
  server->options_.pass_pidfd = other->options_.pass_pidfd;
  peer_ = server;
  peer_credentials_ = other->peer_credentials_;
  other->to_accept_.push_back(std::move(server));
  other->wait_.Wake(POLLIN | POLLRDNORM);
  wait_.Wake();
  return {};
}

Result<std::shared_ptr<Socket>> UnixSocket::Accept(Task&) {
  if (datagram()) return Errno(EOPNOTSUPP);
  if (state_ != State::kListening) return Errno(EINVAL);
  if (to_accept_.empty()) {
    // shutdown(2) ends the wait of those in accept.
    return Errno((shut_ & kReceiveShut) ? EINVAL : EAGAIN);
  }
  const bool was_full = QueueFull();
  Ref accepted = std::move(to_accept_.front());
  to_accept_.pop_front();
  accepted->accepted_ = true;
  if (was_full) WakeSenders();
  return std::shared_ptr<Socket>(std::move(accepted));
}

Result<SocketAddress> UnixSocket::Name() { return AddressOf(name_); }

Result<SocketAddress> UnixSocket::PeerName() {
  const Ref peer = peer_.lock();
  if (peer != nullptr) return AddressOf(peer->name_);
  if (state_ != State::kConnected) return Errno(ENOTCONN);
  return AddressOf(gone_peer_name_);
}

Result<> UnixSocket::Shutdown(Task&, int how) {
  shut_ |= how;
  const Ref peer = peer_.lock();
  if (peer != nullptr && !datagram()) {
    if (how & kReceiveShut) peer->shut_ |= kSendShut;
    if (how & kSendShut) peer->shut_ |= kReceiveShut;
    peer->wait_.Wake();
  }
  wait_.Wake();
  return {};
}

Result<> UnixSocket::SetFamilyOption(Task& task, int level, int name,
                                     absl::string_view value) {
  if (level == SOL_SOCKET && name == SO_PEEK_OFF) return Errno(EOPNOTSUPP);
  return Socket::SetFamilyOption(task, level, name, value);
}

Result<std::string> UnixSocket::GetFamilyOption(Task& task, int level,
                                                int name) {
  if (level != SOL_SOCKET) return Socket::GetFamilyOption(task, level, name);
  switch (name) {
    case SO_PEERCRED:
      return BytesOf(peer_credentials_.ucred);
    case SO_PEERGROUPS: {
      if (peer_credentials_.ucred.pid == 0) return Errno(ENODATA);
      const std::vector<Gid>& groups = peer_credentials_.groups;
      return std::string(reinterpret_cast<const char*>(groups.data()),
                         groups.size() * sizeof(Gid));
    }
    case kPeerPidFd: {
      const Pid pid = peer_credentials_.ucred.pid;
      if (pid == 0) return Errno(ENODATA);
      return BytesOf(TRY(AddPidFd(task, pid)));
    }
    case SO_PEEK_OFF:
      return BytesOf(-1);
    default:
      return Errno(ENOPROTOOPT);
  }
}

}  // namespace emu
