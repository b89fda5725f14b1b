// SPDX-License-Identifier: Apache-2.0

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "kernel/fs/write_all.h"
#include "kernel/net/tcp.h"
#include "kernel/task.h"

namespace emu {
namespace {
constexpr uint32_t kReadable = POLLIN | POLLRDNORM;
constexpr uint32_t kWritable = POLLOUT | POLLWRNORM;
constexpr size_t kChunk = 64 << 10;  // bytes are kept in pieces up to this long
// Chunks shorter than this take what comes behind them.
constexpr size_t kShortChunk = 4096;
}  // namespace

Result<size_t> ByteQueue::Append(IovIter& from, size_t n) {
  n = std::min(n, kChunk);
  if (chunks_.empty() || chunks_.back().size() + n > kShortChunk) {
    chunks_.emplace_back();
  }
  std::string& chunk = chunks_.back();
  const size_t before = chunk.size();
  chunk.resize(before + n);
  const Result<size_t> got = from.Get(chunk.data() + before, n);
  chunk.resize(before + (got.ok() ? *got : 0));
  if (chunk.empty()) chunks_.pop_back();
  if (got.ok()) size_ += *got;
  return got;
}

Result<size_t> ByteQueue::Take(IovIter* to, size_t n, bool peek) {
  size_t taken = 0;
  size_t index = 0, within = front_;
  n = std::min(n, size_);
  while (taken < n) {
    const std::string& chunk = chunks_[index];
    const size_t want = std::min(n - taken, chunk.size() - within);
    size_t moved = want;
    if (to != nullptr) {
      const Result<size_t> put = to->Put(chunk.data() + within, want);
      if (!put.ok() && taken == 0) return put;
      moved = put.ok() ? *put : 0;
    }
    taken += moved;
    within += moved;
    if (moved < want) break;
    if (within == chunk.size()) {
      ++index;
      within = 0;
    }
  }
  if (peek) return taken;
  chunks_.erase(chunks_.begin(), chunks_.begin() + index);
  front_ = within;
  size_ -= taken;
  return taken;
}

void ByteQueue::Clear() {
  chunks_.clear();
  front_ = size_ = 0;
}

size_t TcpSocket::Unsent() const {
  const Ref peer = peer_.lock();
  if (peer == nullptr) return 0;
  const size_t there = peer->received_.size();
  return there > peer->Window() ? there - peer->Window() : 0;
}

// The pending error, or EPIPE and its signal.
Errno TcpSocket::Broken(Task& task, int flags) {
  const int error = error_ != 0 ? TakeError() : EPIPE;
  if (error == EPIPE && (flags & MSG_NOSIGNAL) == 0) RaiseSigpipe(task);
  return Errno(error);
}

Result<size_t> TcpSocket::Send(Task& task, OutMessage& message) {
  if (message.flags & MSG_OOB) return Errno(EOPNOTSUPP);
  const Result<size_t> sent =
      WriteAll(task, message.data, Blocks(message.flags),
               [&](IovIter& from) { return SendChunk(from); });
  if (!sent.ok() && sent.error() == Errno(EPIPE)) {
    return Broken(task, message.flags);
  }
  return sent;
}

Result<size_t> TcpSocket::SendChunk(IovIter& from) {
  if (state_ == State::kConnecting) return Errno(EAGAIN);
  if (error_ != 0 || (shut_ & kSendShut) || state_ != State::kEstablished) {
    return Errno(EPIPE);
  }
  if (from.remaining() == 0) return 0;
  const Ref peer = peer_.lock();
  if (peer == nullptr || (peer->shut_ & kBothShut) == kBothShut) {
    // It is gone; its answer to this is RST.
    const size_t n = from.remaining();
    from.Skip(n);
    if (peer == nullptr) OnReset();
    return n;
  }
  const size_t room = options_.send_buffer;
  const size_t unsent = Unsent();
  if (unsent >= room) return Errno(EAGAIN);
  const bool arrives = unsent == 0;
  const size_t window =
      peer->Window() - std::min(peer->Window(), peer->received_.size());
  const size_t most =
      std::min<uint64_t>(from.remaining(), room - unsent + window);
  const size_t n = TRY(peer->received_.Append(from, most));
  if (arrives) peer->wait_.Wake(kReadable);
  return n;
}

Result<size_t> TcpSocket::Receive(Task& task, InMessage& message) {
  if (state_ == State::kListening) return Errno(ENOTCONN);
  if (message.flags & MSG_OOB) return Errno(EINVAL);
  if (message.flags & MSG_ERRQUEUE) return Errno(EAGAIN);
  const bool peek = (message.flags & MSG_PEEK) != 0;
  IovIter& to = message.data;
  PendingSyscall& call = task.pending();
  const bool wait_all = (message.flags & MSG_WAITALL) && !peek &&
                        Blocks(message.flags) && to.over_guest();
  if (wait_all) to.Skip(call.done);
  if (to.remaining() == 0) return wait_all ? call.done : 0;
  size_t moved = 0;
  if (received_.size() > 0) {
    const bool had_unsent = received_.size() > Window();
    const bool discard = (message.flags & MSG_TRUNC) != 0;
    const size_t want = std::min<uint64_t>(received_.size(), to.remaining());
    moved = TRY(received_.Take(discard ? nullptr : &to, want, peek));
    if (discard) to.Skip(moved);
    const Ref peer = peer_.lock();
    if (had_unsent && !peek && peer != nullptr) peer->wait_.Wake(kWritable);
  }
  if (!wait_all) {
    if (moved > 0) return moved;
  } else {
    call.done += moved;
    if (to.remaining() == 0) return call.done;
    if (call.done > 0) {
      if (error_ != 0 || (shut_ & kReceiveShut)) return call.done;
      call.on_signal = call.done;
      return Errno(EAGAIN);
    }
  }
  if (peer_done_) return 0;
  TRY(CheckError());
  if (shut_ & kReceiveShut) return 0;
  if (state_ == State::kClosed) return Errno(ENOTCONN);
  return Errno(EAGAIN);
}

uint32_t TcpSocket::Poll(Task&) {
  if (state_ == State::kListening) return to_accept_.empty() ? 0 : kReadable;
  uint32_t events = 0;
  if (shut_ == kBothShut || state_ == State::kClosed) events |= POLLHUP;
  if (shut_ & kReceiveShut) events |= kReadable | POLLRDHUP;
  if (state_ != State::kConnecting) {
    if (received_.size() >= static_cast<size_t>(options_.low_water)) {
      events |= kReadable;
    }
    const size_t unsent = Unsent();
    if ((shut_ & kSendShut) ||
        unsent + unsent / 2 <= static_cast<size_t>(options_.send_buffer)) {
      events |= kWritable;
    }
  }
  if (error_ != 0) events |= POLLERR;
  return events;
}

Result<int> TcpSocket::BytesIn() {
  if (state_ == State::kListening) return Errno(EINVAL);
  return static_cast<int>(Readable());
}

Result<int> TcpSocket::BytesOut() {
  if (state_ == State::kListening) return Errno(EINVAL);
  return static_cast<int>(Unsent());
}

Result<> TcpSocket::SetProtocolOption(Task&, int name,
                                      absl::string_view value) {
  if (name != TCP_CONGESTION) return Errno(ENOPROTOOPT);
  std::string wanted(value.data(), std::min<size_t>(value.size(), 15));
  wanted.resize(strlen(wanted.c_str()));
  if (wanted != "cubic" && wanted != "reno") return Errno(ENOENT);
  congestion_ = wanted;
  return {};
}

Result<std::string> TcpSocket::GetProtocolOption(Task&, int name) {
  switch (name) {
    case TCP_INFO: {
      tcp_info info = {};
      info.tcpi_state = state_ == State::kListening    ? TCP_LISTEN
                        : state_ == State::kConnecting ? TCP_SYN_SENT
                        : state_ == State::kClosed     ? TCP_CLOSE
                        : (shut_ & kBothShut) == 0     ? TCP_ESTABLISHED
                        : peer_done_                   ? TCP_CLOSE_WAIT
                                                       : TCP_FIN_WAIT2;
      info.tcpi_unacked = listening() ? to_accept_.size() : 0;
      info.tcpi_sacked = backlog_;
      return BytesOf(info);
    }
    case TCP_CONGESTION: {
      std::string name_bytes = congestion_;
      name_bytes.resize(16);  // TCP_CA_NAME_MAX
      return name_bytes;
    }
    default:
      return Errno(ENOPROTOOPT);
  }
}

}  // namespace emu
