// SPDX-License-Identifier: Apache-2.0

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
  if (message.flags & MSG_OOB) return Errno(EINVAL);
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
  for (size_t i = 0; i < queue_.size() && !ended && !fault;) {
    Packet& packet = queue_[i];
    if (to.done() > before) {
      const bool told = options_.pass_credentials || options_.pass_pidfd;
      if (told && !Same(writer, packet.creds)) break;
    } else {
      writer = packet.creds;
      message.from = packet.from;
    }
    const size_t want = std::min<uint64_t>(packet.left(), to.remaining());
    const Result<size_t> put = to.Put(packet.bytes.data() + packet.read, want);
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
    if (packet.left() > 0) break;
    Packet read = std::move(queue_.front());
    queue_.pop_front();
    Release(read);
  }
  const uint64_t moved = to.done() - before;
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

Result<size_t> UnixSocket::ReceivePacket(Task&, InMessage& message) {
  if (message.flags & MSG_OOB) return Errno(EOPNOTSUPP);
  if (!datagram() && state_ != State::kConnected) return Errno(ENOTCONN);
  TRY(CheckError());
  if (queue_.empty()) {
    if (shut_ & kReceiveShut) return 0;
    return Errno(EAGAIN);
  }
  Packet& packet = queue_.front();
  const size_t length = packet.bytes.size();
  const size_t want = std::min<uint64_t>(length, message.data.remaining());
  if (want > 0 && TRY(message.data.Put(packet.bytes.data(), want)) < want) {
    return Errno(EFAULT);
  }
  if (want < length) message.result_flags |= MSG_TRUNC;
  if (type() == SOCK_SEQPACKET) message.result_flags |= MSG_EOR;
  message.from = packet.from;
  TakeControl(packet, message);
  AddTimestamp(message.control, packet.time);
  if ((message.flags & MSG_PEEK) == 0) {
    Packet read = std::move(packet);
    queue_.pop_front();
    Release(read);
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
