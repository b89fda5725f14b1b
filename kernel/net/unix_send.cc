// SPDX-License-Identifier: Apache-2.0

#include <linux/capability.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "kernel/fs/async_io.h"
#include "kernel/fs/write_all.h"
#include "kernel/net/unix.h"
#include "kernel/process.h"
#include "kernel/task.h"

namespace emu {
namespace {

// What Linux's buffers take beside the data: a header each, and room for the
// shared part in the block that holds the data.
constexpr int64_t kHeader = 256;
constexpr int64_t kShared = 320;
constexpr int64_t kLeastBlock = 512;
constexpr int64_t kLargestBlock = 16384;
// A stream's data is cut into packets of this size, however large the buffer.
constexpr int kLargestChunk = 256 << 10;

int64_t ChargedSize(size_t n) {
  const int64_t block = static_cast<int64_t>(n) + kShared;
  if (block > kLargestBlock) return block + kHeader;
  return std::max<int64_t>(std::bit_ceil<uint64_t>(block), kLeastBlock) +
         kHeader;
}

}  // namespace

Result<size_t> UnixSocket::Send(Task& task, OutMessage& message) {
  if ((message.flags & MSG_OOB) &&
      (!stream() || message.data.remaining() == 0)) {
    return Errno(EOPNOTSUPP);
  }
  if (!message.control.files.empty() &&
      names_.in_flight() > task.process().limit(RLIMIT_NOFILE) &&
      !task.creds->Has(CAP_SYS_RESOURCE) && !task.creds->Has(CAP_SYS_ADMIN)) {
    return Errno(ETOOMANYREFS);
  }
  return stream() ? SendStream(task, message) : SendPacket(task, message);
}

Errno UnixSocket::Broken(Task& task, int flags) {
  if ((flags & MSG_NOSIGNAL) == 0) RaiseSigpipe(task);
  return Errno(EPIPE);
}

bool UnixSocket::Writable() const {
  return state_ != State::kListening && *charge_ * 4 <= options_.send_buffer;
}

void UnixSocket::AwaitRoom(UnixSocket& to) {
  std::erase_if(to.senders_,
                [](const auto& sender) { return sender.expired(); });
  for (const std::weak_ptr<UnixSocket>& sender : to.senders_) {
    if (sender.lock().get() == this) return;
  }
  to.senders_.push_back(self());
}

UnixSocket::Packet UnixSocket::NewPacket(Task& task, OutMessage& message,
                                         UnixSocket& to, std::string bytes,
                                         bool with_control) {
  Packet packet;
  packet.size = ChargedSize(bytes.size());
  packet.bytes = std::move(bytes);
  packet.creds = message.control.creds;
  if (!packet.creds &&
      (options_.pass_credentials || to.options_.pass_credentials ||
       options_.pass_pidfd || to.options_.pass_pidfd || !to.accepted_)) {
    packet.creds =
        abi::ucred{task.process().pid(), task.creds->uid, task.creds->gid};
  }
  if (with_control && !message.control.files.empty()) {
    packet.rights =
        std::make_unique<Rights>(names_, std::move(message.control.files));
    message.control.files.clear();
  }
  if (!name_.empty()) packet.from = *Name();
  packet.time = task.clock().realtime();
  packet.sender = self();
  packet.charge = charge_;
  return packet;
}

void UnixSocket::Deliver(UnixSocket& to, Packet packet) {
  *charge_ += packet.size;
  to.queue_.push_back(std::move(packet));
  to.wait_.Wake(POLLIN | POLLRDNORM);
}

Result<size_t> UnixSocket::SendStream(Task& task, OutMessage& message) {
  const Ref other = peer_.lock();
  if (!message.to.empty()) {
    return Errno(state_ == State::kConnected ? EISCONN : EOPNOTSUPP);
  }
  if (state_ != State::kConnected) return Errno(ENOTCONN);
  const bool begun = task.pending().done > 0;
  bool first = !begun;
  const Result<size_t> sent =
      WriteAll(task, message.data, Blocks(message.flags), [&](IovIter& from) {
        Result<size_t> chunk = SendChunk(task, message, from, first);
        first = false;
        return chunk;
      });
  if (!sent.ok() && sent.error() == Errno(EPIPE)) {
    return Broken(task, message.flags);
  }
  return sent;
}

Result<size_t> UnixSocket::SendChunk(Task& task, OutMessage& message,
                                     IovIter& from, bool first) {
  if (shut_ & kSendShut) return Errno(EPIPE);
  if (from.remaining() == 0) return 0;
  const Ref other = peer_.lock();
  if (other == nullptr || (other->shut_ & kReceiveShut)) return Errno(EPIPE);
  if (*charge_ >= options_.send_buffer) return Errno(EAGAIN);
  const size_t most =
      std::clamp(options_.send_buffer / 2 - 64, 1, kLargestChunk);
  // The last byte of urgent data goes apart.
  const bool urgent = (message.flags & MSG_OOB) && from.remaining() == 1;
  const uint64_t rest =
      from.remaining() - ((message.flags & MSG_OOB) && !urgent ? 1 : 0);
  std::string bytes(std::min<uint64_t>(rest, most), '\0');
  bytes.resize(TRY(from.Get(bytes.data(), bytes.size())));
  const size_t n = bytes.size();
  Packet packet = NewPacket(task, message, *other, std::move(bytes), first);
  if (urgent && n > 0) {
    if (Packet* older = other->FindUrgent()) older->urgent = false;
    packet.urgent = true;
    SignalUrgent(task.kernel(), *other);
  }
  Deliver(*other, std::move(packet));
  if (urgent) other->wait_.Wake(POLLPRI);
  return n;
}

// Where a datagram or record goes.
Result<UnixSocket::Ref> UnixSocket::PacketReceiver(Task& task,
                                                   OutMessage& message) {
  if (!datagram() && state_ != State::kConnected) return Errno(ENOTCONN);
  if (!message.to.empty() && datagram()) return FindPeer(task, message.to);
  const Ref peer = peer_.lock();
  if (peer != nullptr) return peer;
  if (!datagram()) return Broken(task, message.flags);
  if (!peer_.owner_before(std::weak_ptr<UnixSocket>()) &&
      !std::weak_ptr<UnixSocket>().owner_before(peer_)) {
    return Errno(ENOTCONN);  // there never was one
  }
  peer_.reset();
  return Errno(ECONNREFUSED);
}

Result<size_t> UnixSocket::SendPacket(Task& task, OutMessage& message) {
  if (options_.pass_credentials && name_.empty()) TRY(Autobind());
  if (shut_ & kSendShut) return Broken(task, message.flags);
  const Ref other = TRY(PacketReceiver(task, message));
  if (message.data.remaining() >
      static_cast<uint64_t>(options_.send_buffer - 32)) {
    return Errno(EMSGSIZE);
  }
  if (datagram()) {
    const Ref others_peer = other->peer_.lock();
    if (others_peer != nullptr && others_peer.get() != this) {
      return Errno(EPERM);
    }
  }
  if (other->shut_ & kReceiveShut) return Broken(task, message.flags);
  const bool mutual = other->peer_.lock().get() == this;
  if (!mutual && other->QueueFull()) {
    AwaitRoom(*other);
    return Errno(EAGAIN);
  }
  if (*charge_ >= options_.send_buffer) return Errno(EAGAIN);
  std::string bytes(message.data.remaining(), '\0');
  if (!bytes.empty() &&
      TRY(message.data.Get(bytes.data(), bytes.size())) < bytes.size()) {
    return Errno(EFAULT);
  }
  const size_t n = bytes.size();
  Deliver(*other, NewPacket(task, message, *other, std::move(bytes), true));
  return n;
}

}  // namespace emu
