// SPDX-License-Identifier: Apache-2.0

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "kernel/fs/async_io.h"
#include "kernel/fs/write_all.h"
#include "kernel/net/net_ioctl.h"
#include "kernel/net/tcp.h"
#include "kernel/task.h"

namespace emu {
namespace {
constexpr uint32_t kReadable = POLLIN | POLLRDNORM;
constexpr uint32_t kWritable = POLLOUT | POLLWRNORM;
constexpr size_t kChunk = 64 << 10;  // bytes are kept in pieces up to this long
// Chunks shorter than this take what comes behind them.
constexpr size_t kShortChunk = 4096;
// Segments' sizes: before there is a connection, on the loopback, and half of
// its window.
constexpr uint32_t kInitialSegment = 536;
constexpr uint32_t kLoopbackSegment = 65483;
constexpr uint32_t kConnectedSegment = 32768;
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

Result<size_t> ByteQueue::Take(IovIter* to, size_t n, bool peek, size_t skip) {
  size_t taken = 0;
  size_t index = 0, within = front_ + skip;
  while (index < chunks_.size() && within >= chunks_[index].size()) {
    within -= chunks_[index++].size();
  }
  n = std::min(n, size_ - std::min(size_, skip));
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
  const Result<size_t> sent =
      WriteAll(task, message.data, Blocks(message.flags),
               [&](IovIter& from) { return SendChunk(from); });
  if (!sent.ok() && sent.error() == Errno(EPIPE)) {
    return Broken(task, message.flags);
  }
  if ((message.flags & MSG_OOB) && sent.ok() && *sent > 0) {
    MarkUrgent(task.kernel());
  }
  return sent;
}

void TcpSocket::MarkUrgent(Kernel& kernel) {
  const Ref peer = peer_.lock();
  if (peer == nullptr || peer->received_.size() == 0) return;
  // One that nobody took, and that all before it was read of, is lost.
  if (peer->AtMark() && !peer->options_.oob_inline &&
      peer->received_.size() > 1) {
    (void)peer->received_.Take(nullptr, 1, /*peek=*/false);
    peer->OnTaken(1);
  }
  peer->urgent_ = {.offset = peer->received_.size() - 1,
                   .byte = peer->received_.back()};
  SignalUrgent(kernel, *peer);
  peer->wait_.Wake(POLLPRI);
}

Result<size_t> TcpSocket::SendChunk(IovIter& from) {
  if (state_ == State::kConnecting) return Errno(EAGAIN);
  if (error_ != 0 || (shut_ & kSendShut) || state_ != State::kEstablished) {
    return Errno(EPIPE);
  }
  if (from.remaining() == 0) return 0;
  const Ref peer = peer_.lock();
  if (peer == nullptr || (peer->shut_ & kBothShut) == kBothShut) {
    // It is gone; its answer to this is RST, which comes before more is on its way
    // than the send buffer holds.
    const size_t n =
        std::min<uint64_t>(from.remaining(), options_.send_buffer);
    from.Skip(n);
    if (peer == nullptr) {
      ports_.OnPeerEnded(remote_, local_, /*reset=*/true, clock_.now());
      OnReset();
    }
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
  peer->EndDeferral();
  return n;
}

Result<size_t> TcpSocket::Receive(Task& task, InMessage& message) {
  if (state_ == State::kListening) return Errno(ENOTCONN);
  if (message.flags & MSG_OOB) return ReceiveUrgent(message);
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
    moved = TRY(TakeInBand(message, peek));
    const Ref peer = peer_.lock();
    if (had_unsent && !peek && peer != nullptr) peer->wait_.Wake(kWritable);
  }
  if (!wait_all) {
    if (moved > 0) return moved;
  } else {
    call.done += moved;
    if (to.remaining() == 0 || (moved > 0 && AtMark())) return call.done;
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

Result<size_t> TcpSocket::TakeInBand(InMessage& message, bool peek) {
  IovIter& to = message.data;
  size_t skip = peek ? PeekStart() : 0;
  if (urgent_ && urgent_->offset == skip && !options_.oob_inline) {
    if (peek) {
      ++skip;
    } else {
      (void)received_.Take(nullptr, 1, peek);
      OnTaken(1);
    }
  }
  size_t most = received_.size() - std::min(received_.size(), skip);
  if (urgent_ && urgent_->offset > skip) {
    most = std::min(most, urgent_->offset - skip);
  }
  const bool discard = (message.flags & MSG_TRUNC) != 0;
  const size_t want = std::min<uint64_t>(most, to.remaining());
  const size_t n =
      TRY(received_.Take(discard ? nullptr : &to, want, peek, skip));
  if (discard) to.Skip(n);
  if (peek) {
    MovePeekOffset(static_cast<int64_t>(n));
  } else {
    OnTaken(n);
  }
  return n;
}

void TcpSocket::OnTaken(size_t n) {
  MovePeekOffset(-static_cast<int64_t>(n));
  if (!urgent_) return;
  if (urgent_->offset < n) {
    urgent_.reset();
  } else {
    urgent_->offset -= n;
  }
}

Result<size_t> TcpSocket::ReceiveUrgent(InMessage& message) {
  if (options_.oob_inline || !urgent_ || urgent_->read) return Errno(EINVAL);
  message.result_flags |= MSG_OOB;
  if (message.data.remaining() == 0) {
    message.result_flags |= MSG_TRUNC;
    return 0;
  }
  if ((message.flags & MSG_TRUNC) == 0) {
    TRY(message.data.Put(&urgent_->byte, 1));
  }
  if ((message.flags & MSG_PEEK) == 0) urgent_->read = true;
  return 1;
}

Result<int64_t> TcpSocket::Ioctl(Task& task, uint32_t request, GuestAddr arg) {
  if (request != SIOCATMARK) return InetSocket::Ioctl(task, request, arg);
  TRY(task.Write(UserPtr<int32_t>(arg), int32_t{AtMark()}));
  return 0;
}

uint32_t TcpSocket::Poll(Task&) {
  if (state_ == State::kListening) return to_accept_.empty() ? 0 : kReadable;
  uint32_t events = 0;
  if (shut_ == kBothShut || state_ == State::kClosed) events |= POLLHUP;
  if (shut_ & kReceiveShut) events |= kReadable | POLLRDHUP;
  if (state_ != State::kConnecting) {
    const size_t hole = AtMark() && !options_.oob_inline ? 1 : 0;
    if (received_.size() >= options_.low_water + hole) {
      events |= kReadable;
    }
    const size_t unsent = Unsent();
    if ((shut_ & kSendShut) ||
        unsent + unsent / 2 <= static_cast<size_t>(options_.send_buffer)) {
      events |= kWritable;
    }
  }
  if (urgent_ && !urgent_->read) events |= POLLPRI;
  if (error_ != 0) events |= POLLERR;
  return events;
}

Result<int> TcpSocket::BytesIn() {
  if (state_ == State::kListening) return Errno(EINVAL);
  const size_t readable = Readable();
  return static_cast<int>(urgent_ && !options_.oob_inline
                              ? std::min(readable, urgent_->offset)
                              : readable);
}

Result<int> TcpSocket::BytesOut() {
  if (state_ == State::kListening) return Errno(EINVAL);
  return static_cast<int>(Unsent());
}

// What there is to measure on a network without packets is what a fresh
// connection over Linux's loopback says.
tcp_info TcpSocket::Information() const {
  tcp_info info = {};
  info.tcpi_state = TcpState();
  info.tcpi_unacked = listening() ? to_accept_.size() : 0;
  info.tcpi_sacked = backlog_;
  info.tcpi_rto = 200'000;
  info.tcpi_snd_mss = info.tcpi_rcv_mss = kInitialSegment;
  info.tcpi_snd_cwnd = 10;
  info.tcpi_snd_ssthresh = INT32_MAX;
  info.tcpi_advmss = kLoopbackSegment;
  info.tcpi_reordering = 3;
  if (state_ != State::kEstablished) return info;
  info.tcpi_options = TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE;
  info.tcpi_snd_wscale = info.tcpi_rcv_wscale = 7;
  info.tcpi_snd_mss = kConnectedSegment;
  info.tcpi_pmtu = kLoopbackMtu;
  info.tcpi_rtt = 20;
  info.tcpi_rttvar = 10;
  info.tcpi_rcv_space = kLoopbackSegment;
  return info;
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
      return BytesOf(Information());
    }
    case TCP_MAXSEG:
      return BytesOf(state_ == State::kEstablished ? kConnectedSegment
                                                   : kInitialSegment);
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
