// SPDX-License-Identifier: Apache-2.0
//
// TCP over the loopback: two sockets that write into each other's queues. There
// are no segments; what a guest sees of them is kept: when data has "arrived"
// and when it is still with its sender, FIN, RST, and the errors that follow.
//
//   tcp.cc       connections
//   tcp_data.cc  sending, receiving, polling, options

#ifndef KERNEL_NET_TCP_H_
#define KERNEL_NET_TCP_H_

#include <netinet/tcp.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernel/clock.h"
#include "kernel/net/inet.h"

namespace emu {

class Kernel;

// Bytes in order of arrival.
class ByteQueue {
 public:
  size_t size() const { return size_; }
  // Takes `n` bytes off `from` and keeps them. EFAULT.
  Result<size_t> Append(IovIter& from, size_t n);
  // Copies up to `n` bytes from the front, and drops them unless `peek`;
  // without `to` they are only dropped. A peek may `skip` some.
  Result<size_t> Take(IovIter* to, size_t n, bool peek, size_t skip = 0);
  char back() const { return chunks_.back().back(); }
  void Clear();

 private:
  std::deque<std::string> chunks_;
  size_t front_ = 0;  // bytes of the first chunk that were taken
  size_t size_ = 0;
};

class TcpSocket : public InetSocket {
 public:
  TcpSocket(Task& task, const Type& type, int flags, InetPorts& ports);
  ~TcpSocket() override;

  Result<> Bind(Task& task, const SocketAddress& address) override;
  Result<> Listen(Task& task, int backlog) override;
  Result<> Connect(Task& task, const SocketAddress& address,
                   bool nonblocking) override;
  Result<std::shared_ptr<Socket>> Accept(Task& task) override;
  Result<SocketAddress> AcceptedName() override;
  Result<> Shutdown(Task& task, int how) override;
  uint32_t Poll(Task& task) override;
  Result<int64_t> Ioctl(Task& task, uint32_t request, GuestAddr arg) override;
  Status GetStatus() const override;

 protected:
  Result<size_t> Receive(Task& task, InMessage& message) override;
  Result<size_t> Send(Task& task, OutMessage& message) override;
  Result<> SetProtocolOption(Task& task, int name,
                             absl::string_view value) override;
  Result<std::string> GetProtocolOption(Task& task, int name) override;
  Result<int> BytesIn() override;
  Result<int> BytesOut() override;
  bool listening() const override { return state_ == State::kListening; }

 private:
  using Ref = std::shared_ptr<TcpSocket>;
  enum class State { kClosed, kListening, kConnecting, kEstablished };
  // What connect(2) has told: a connection may be there before it says so.
  enum class Told { kNothing, kStarted, kDone };

  class ConnectTimeout : public Timer {
   public:
    explicit ConnectTimeout(TcpSocket& socket) : socket_(socket) {}

   private:
    void OnTime() override { socket_.FailConnect(ETIMEDOUT); }
    TcpSocket& socket_;
  };

  // TCP_DEFER_ACCEPT: the client has had its time to send something.
  class DeferTimeout : public Timer {
   public:
    explicit DeferTimeout(TcpSocket& socket) : socket_(socket) {}

   private:
    void OnTime() override { socket_.EndDeferral(); }
    TcpSocket& socket_;
  };

  Ref self();
  Result<> StartConnect(Task& task, const SocketAddress& address);
  Result<> Disconnect();
  TcpSocket* FindListener(const Endpoint& to) const;
  // `client`, which waits for it, is connected to a new socket in the queue.
  void Establish(Task& task, TcpSocket& client);
  void FailConnect(int error);
  // A connection that its listener keeps back is ready to be accepted: something
  // came, or it has waited for that long enough.
  void EndDeferral();
  void DropUnaccepted();
  // Those that wait for this one and still want it.
  void FailWaiting();
  bool QueueFull() const { return to_accept_.size() > backlog_; }
  // The other side closed its half, or reset the connection.
  void OnFin();
  void OnReset();
  // This side closes for good.
  void End();
  int TcpState() const;

  tcp_info Information() const;
  Errno Broken(Task& task, int flags);
  Result<size_t> SendChunk(IovIter& from);
  // The last byte that was sent is urgent.
  void MarkUrgent(Kernel& kernel);
  Result<size_t> ReceiveUrgent(InMessage& message);
  // What a read or a peek gets at once: not beyond the urgent byte, which is
  // passed over unless it is part of the stream (SO_OOBINLINE).
  Result<size_t> TakeInBand(InMessage& message, bool peek);
  // Bytes at the front of `received_` are gone.
  void OnTaken(size_t n);
  bool AtMark() const { return urgent_ && urgent_->offset == 0; }
  // Bytes that the receiver's window has no room for stay with the sender.
  size_t Window() const { return options_.receive_buffer / 2; }
  size_t Unsent() const;
  size_t Readable() const { return std::min(received_.size(), Window()); }

  State state_ = State::kClosed;
  Told told_ = Told::kNothing;
  std::weak_ptr<TcpSocket> peer_;
  ByteQueue received_;
  bool peer_done_ = false;  // its FIN has come
  bool ended_first_ = false;  // ours was sent before that
  // The last urgent byte, until what lies behind it is read.
  struct Urgent {
    size_t offset;  // in `received_`
    char byte;
    bool read = false;  // by MSG_OOB
  };
  std::optional<Urgent> urgent_;
  bool accepted_ = true;    // false in the listener's queue
  unsigned backlog_ = 0;
  std::deque<Ref> to_accept_;
  std::vector<Ref> deferred_;  // connections that nothing came from yet
  // The listener in whose `deferred_` this one is; null: none.
  TcpSocket* deferred_by_ = nullptr;
  std::deque<std::weak_ptr<TcpSocket>> waiting_;  // for room among those
  // The listener in whose `waiting_` this one is; never followed.
  const TcpSocket* waits_for_ = nullptr;
  ConnectTimeout timeout_{*this};
  DeferTimeout defer_timeout_{*this};
  std::string congestion_ = "cubic";
};

}  // namespace emu

#endif  // KERNEL_NET_TCP_H_
