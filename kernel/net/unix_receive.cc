// SPDX-License-Identifier: Apache-2.0

#include <linux/net.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "kernel/net/unix.h"
#include "kernel/task.h"

namespace emu {
namespace {
// Of a message whose sender told no credentials: overflowuid and overflowgid.
constexpr abi::ucred kNobody = {0, 65534, 65534};
constexpr uint32_t kReadable = POLLIN | POLLRDNORM;
constexpr uint32_t kWritable = POLLOUT | POLLWRNORM | POLLWRBAND;

bool Same(const std::optional<abi::ucred>& a,
          const std::optional<abi::ucred>& b) {
  if (a.has_value() != b.has_value()) return false;
  return !a || (a->pid == b->pid && a->uid == b->uid && a->gid == b->gid);
}

}  // namespace

Result<size_t> UnixSocket::Receive(Task& task, InMessage& message) {
  return stream() ? ReceiveStream(task, message) : ReceivePacket(task, message);
}

Result<size_t> UnixSocket::NothingThere() {
  TRY(CheckError());
  if (shut_ & kReceiveShut) return 0;
  return Errno(EAGAIN);
}

void UnixSocket::Release(Packet& packet) {
  *packet.charge -= packet.size;
  if (const Ref sender = packet.sender.lock()) sender->wait_.Wake(kWritable);
}

void UnixSocket::WakeSenders() {
  std::vector<std::weak_ptr<UnixSocket>> senders = std::move(senders_);
  senders_.clear();
  for (const std::weak_ptr<UnixSocket>& waiting : senders) {
    if (const Ref sender = waiting.lock()) sender->wait_.Wake();
  }
}

void UnixSocket::TakeControl(Packet& packet, InMessage& message) {
  if (options_.pass_credentials || options_.pass_pidfd) {
    if (!message.control.creds) {
      message.control.creds = packet.creds.value_or(kNobody);
    }
    message.control.tell_creds = options_.pass_credentials;
    message.control.pidfd = options_.pass_pidfd;
  }
  if (packet.rights == nullptr) return;
  message.control.files = packet.rights->files();
  if ((message.flags & MSG_PEEK) == 0) packet.rights.reset();
}

// Messages of different senders are not glued together when their credentials
// are told, nor is anything behind one that carried descriptors.
Result<size_t> UnixSocket::ReceiveStream(Task& task, InMessage& message) {
  if (message.flags & MSG_OOB) return ReceiveUrgent(message);
  if (state_ != State::kConnected) return Errno(EINVAL);
  const bool peek = (message.flags & MSG_PEEK) != 0;
  IovIter& to = message.data;
  PendingSyscall& call = task.pending();
  const bool wait_all = (message.flags & MSG_WAITALL) && !peek &&
                        Blocks(message.flags) && to.over_guest();
  if (wait_all) to.Skip(call.done);
  const uint64_t before = to.done();
  bool ended = to.remaining() == 0;
  std::optional<abi::ucred> writer;
  bool fault = false;
  size_t skip = peek ? PeekStart() : 0;
  for (size_t i = 0; i < queue_.size() && !ended && !fault;) {
    const AtPacket at = Look(i, to.done() > before, peek);
    if (at == AtPacket::kStop) break;
    if (at == AtPacket::kPass) continue;
    Packet& packet = queue_[i];
    if (skip > 0 && skip >= packet.left()) {
      skip -= packet.left();
      ++i;
      continue;
    }
    if (to.done() > before) {
      const bool told = options_.pass_credentials || options_.pass_pidfd;
      if (told && !Same(writer, packet.creds)) break;
    } else {
      writer = packet.creds;
      message.from = packet.from;
    }
    const size_t want =
        std::min<uint64_t>(packet.left() - skip, to.remaining());
    const Result<size_t> put =
        to.Put(packet.bytes.data() + packet.read + skip, want);
    skip = 0;
    fault = !put.ok() || *put < want;
    if (!put.ok()) break;
    ended = packet.rights != nullptr;
    TakeControl(packet, message);
    ended = ended || to.remaining() == 0;
    if (peek) {
      ++i;
      continue;
    }
    packet.read += *put;
    packet.urgent = false;
    if (packet.left() > 0) break;
    DropFront();
  }
  const uint64_t moved = to.done() - before;
  MovePeekOffset(peek ? static_cast<int64_t>(moved)
                      : -static_cast<int64_t>(moved));
  if (wait_all) call.done += moved;
  const uint64_t total = wait_all ? call.done : moved;
  if (fault && total == 0) return Errno(EFAULT);
  if (to.remaining() == 0 || ended || fault) return total;
  if (total > 0 && !wait_all) return total;
  const Result<size_t> nothing = NothingThere();
  if (total > 0) {
    if (nothing.ok() || nothing.error() != Errno(EAGAIN)) return total;
    call.on_signal = total;
  }
  return nothing;
}

void UnixSocket::DropFront() {
  Packet read = std::move(queue_.front());
  queue_.pop_front();
  Release(read);
}

UnixSocket::Packet* UnixSocket::FindUrgent() {
  for (Packet& packet : queue_) {
    if (packet.urgent) return &packet;
  }
  return nullptr;
}

UnixSocket::AtPacket UnixSocket::Look(size_t& i, bool some, bool peek) {
  const Packet& packet = queue_[i];
  if (!packet.urgent && !packet.mark) return AtPacket::kTake;
  if (some && (packet.urgent || FindUrgent() == nullptr)) {
    return AtPacket::kStop;
  }
  if (packet.urgent && options_.oob_inline) return AtPacket::kTake;
  if (peek || i > 0) {
    ++i;
  } else {
    DropFront();
  }
  return AtPacket::kPass;
}

Result<size_t> UnixSocket::ReceiveUrgent(InMessage& message) {
  Packet* packet = FindUrgent();
  if (options_.oob_inline || packet == nullptr) return Errno(EINVAL);
  message.result_flags |= MSG_OOB;
  const size_t want = std::min<uint64_t>(1, message.data.remaining());
  TRY(message.data.Put(packet->bytes.data(), want));
  if ((message.flags & MSG_PEEK) == 0) {
    packet->urgent = false;
    packet->mark = true;
    packet->read = packet->bytes.size();
  }
  return want;
}

Result<int64_t> UnixSocket::Ioctl(Task& task, uint32_t request,
                                  GuestAddr arg) {
  if (request != SIOCATMARK || !stream()) {
    return Socket::Ioctl(task, request, arg);
  }
  const bool at =
      !queue_.empty() && (queue_.front().urgent || queue_.front().mark);
  TRY(task.Write(UserPtr<int32_t>(arg), int32_t{at}));
  return 0;
}

UnixSocket::Status UnixSocket::GetStatus() const {
  const Ref peer = peer_.lock();
  const bool connected = state_ == State::kConnected || peer != nullptr;
  Status status = {.type = type(),
                   .state = connected ? SS_CONNECTED : SS_UNCONNECTED,
                   .listening = state_ == State::kListening,
                   .name = name_,
                   .bound = bound_path_ ? &bound_path_ : nullptr,
                   .has_peer = connected,
                   .peer = peer == nullptr ? 0 : peer->inode().ino(),
                   .to_accept = {},
                   .backlog = backlog_,
                   .unread = 0,
                   .unsent = static_cast<uint64_t>(*charge_),
                   .shut = shut_};
  for (const Ref& waiting : to_accept_) {
    status.to_accept.push_back(waiting->peer_.expired()
                                   ? 0
                                   : waiting->peer_.lock()->inode().ino());
  }
  for (const Packet& packet : queue_) {
    status.unread += packet.left();
    if (datagram()) break;
  }
  return status;
}

Result<size_t> UnixSocket::ReceivePacket(Task&, InMessage& message) {
  if (message.flags & MSG_OOB) return Errno(EOPNOTSUPP);
  if (!datagram() && state_ != State::kConnected) return Errno(ENOTCONN);
  TRY(CheckError());
  const bool peek = (message.flags & MSG_PEEK) != 0;
  size_t start = peek ? PeekStart() : 0;
  size_t at = 0;
  while (at < queue_.size() && start > 0 && start >= queue_[at].bytes.size()) {
    start -= queue_[at++].bytes.size();
  }
  if (at == queue_.size()) {
    if (shut_ & kReceiveShut) return 0;
    return Errno(EAGAIN);
  }
  Packet& packet = queue_[at];
  const size_t length = packet.bytes.size();
  const size_t want =
      std::min<uint64_t>(length - start, message.data.remaining());
  if (want > 0 &&
      TRY(message.data.Put(packet.bytes.data() + start, want)) < want) {
    return Errno(EFAULT);
  }
  if (want < length - start) message.result_flags |= MSG_TRUNC;
  MovePeekOffset(peek ? static_cast<int64_t>(want)
                      : -static_cast<int64_t>(length));
  if (type() == SOCK_SEQPACKET) message.result_flags |= MSG_EOR;
  message.from = packet.from;
  TakeControl(packet, message);
  AddTimestamp(message.control, packet.time);
  if (!peek) {
    DropFront();
    WakeSenders();
  }
  return (message.flags & MSG_TRUNC) ? length : want;
}

uint32_t UnixSocket::Poll(Task&) {
  uint32_t events = 0;
  if (error_ != 0) events |= POLLERR;
  if (shut_ == kBothShut) events |= POLLHUP;
  if (shut_ & kReceiveShut) events |= POLLRDHUP | kReadable;
  if (!queue_.empty() || !to_accept_.empty()) events |= kReadable;
  if (stream() && FindUrgent() != nullptr) events |= POLLPRI;
  if (!datagram() && state_ == State::kUnconnected) events |= POLLHUP;
  if (!Writable()) return events;
  const Ref peer = peer_.lock();
  if (!stream() && peer != nullptr && peer->peer_.lock().get() != this &&
      peer->QueueFull()) {
    AwaitRoom(*peer);
    return events;
  }
  return events | kWritable;
}

Result<int> UnixSocket::BytesIn() {
  if (state_ == State::kListening) return Errno(EINVAL);
  if (queue_.empty()) return 0;
  if (datagram()) return static_cast<int>(queue_.front().left());
  int sum = 0;
  for (const Packet& packet : queue_) sum += packet.left();
  return sum;
}

Result<int> UnixSocket::BytesOut() {
  if (state_ == State::kListening) return Errno(EINVAL);
  return static_cast<int>(*charge_);
}

}  // namespace emu
