// SPDX-License-Identifier: Apache-2.0

#include "kernel/net/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "kernel/task.h"

namespace emu {
namespace {
constexpr unsigned kMostBacklog = 4096;  // net.core.somaxconn
constexpr int kFirstSendBuffer = 16384;  // net.ipv4.tcp_wmem and tcp_rmem
constexpr int kFirstReceiveBuffer = 131072;
// What the send buffer grows to on a connected loopback.
constexpr int kConnectedSendBuffer = 2626560;
// Six tries, each twice as long after the last.
constexpr Nanos kConnectTimeout = 127 * kNanosPerSecond;
}  // namespace

TcpSocket::TcpSocket(Task& task, const Type& type, int flags, InetPorts& ports)
    : InetSocket(task, type, flags, ports) {
  options_.send_buffer = kFirstSendBuffer;
  options_.receive_buffer = kFirstReceiveBuffer;
}

TcpSocket::~TcpSocket() {
  FailWaiting();
  DropUnaccepted();
  if (state_ == State::kEstablished) End();
}

// Whoever ends a connection first keeps its name for a while, unless it is
// reset.
void TcpSocket::End() {
  const Ref peer = peer_.lock();
  const bool abort = received_.size() > 0 || !accepted_ ||
                     (options_.linger.l_onoff && !options_.linger.l_linger);
  if (peer == nullptr) {
    ports_.OnPeerEnded(remote_, local_, abort, clock_.now());
  } else if (abort) {
    peer->OnReset();
  } else if ((shut_ & kSendShut) == 0) {
    ended_first_ = !peer_done_;
    peer->OnFin();
  }
  if (abort || !ended_first_) return;
  ports_.AddEnded({.local = local_,
                   .remote = remote_,
                   .domain = domain(),
                   .v6_only = v6_only(),
                   .reuse_address = options_.reuse_address,
                   .reuse_port = options_.reuse_port,
                   .owner = owner_uid(),
                   .peer_ended = peer_done_,
                   .until = clock_.now() + kEndedTime},
                  clock_.now());
}

TcpSocket::Ref TcpSocket::self() {
  return std::static_pointer_cast<TcpSocket>(shared_from_this());
}

Result<> TcpSocket::Bind(Task& task, const SocketAddress& address) {
  if (state_ != State::kClosed) return Errno(EINVAL);
  return InetSocket::Bind(task, address);
}

Result<> TcpSocket::Listen(Task&, int backlog) {
  if (state_ != State::kClosed && state_ != State::kListening) {
    return Errno(EINVAL);
  }
  backlog_ = std::min<unsigned>(backlog, kMostBacklog);
  if (state_ == State::kListening) return {};
  TRY(Autobind());
  state_ = State::kListening;
  const Result<> free = ports_.CheckFree(*this, local_, clock_.now());
  if (!free.ok()) state_ = State::kClosed;
  return free;
}

// Of those that listen there, the one bound to the address itself goes before
// those bound to any; several that share it (SO_REUSEPORT) take turns by the
// client's port.
TcpSocket* TcpSocket::FindListener(const Endpoint& to) const {
  std::vector<TcpSocket*> exact, any;
  for (InetSocket* socket : ports_.At(to.port)) {
    auto* tcp = static_cast<TcpSocket*>(socket);
    if (tcp->state_ != State::kListening || !tcp->Covers(to.ip)) continue;
    (tcp->local_.ip == to.ip ? exact : any).push_back(tcp);
  }
  const std::vector<TcpSocket*>& found = exact.empty() ? any : exact;
  return found.empty() ? nullptr : found[local_.port % found.size()];
}

Result<> TcpSocket::Connect(Task& task, const SocketAddress& address,
                            bool nonblocking) {
  if (address.size() < sizeof(uint16_t)) return Errno(EINVAL);
  if (AddressFamily(address) == AF_UNSPEC) return Disconnect();
  if (told_ == Told::kDone) return Errno(EISCONN);
  const bool started = told_ == Told::kStarted;
  if (!started) {
    if (state_ != State::kClosed) return Errno(EISCONN);
    TRY(StartConnect(task, address));
    told_ = Told::kStarted;
    // Even the loopback answers only when the call is over.
    if (nonblocking) return Errno(EINPROGRESS);
  }
  switch (state_) {
    case State::kEstablished:
      told_ = Told::kDone;
      return {};
    case State::kConnecting:
      return Errno(started && nonblocking ? EALREADY : EAGAIN);
    default:
      told_ = Told::kNothing;
      return Errno(error_ != 0 ? TakeError() : ECONNABORTED);
  }
}

Result<> TcpSocket::StartConnect(Task& task, const SocketAddress& address) {
  Endpoint to;
  if (domain() == AF_INET6 && AddressFamily(address) == AF_INET) {
    return Errno(EAFNOSUPPORT);
  }
  to = TRY(ParseRemote(address));
  const IpAddress source = TRY(SourceFor(to.ip));
  to.ip = Destination(to.ip);
  TRY(Autobind());
  if (local_.ip.IsAny()) local_.ip = source;
  remote_ = to;
  shut_ = 0;
  peer_done_ = false;
  TcpSocket* listener = FindListener(to);
  if (listener == nullptr) {
    FailConnect(ECONNREFUSED);
    return {};
  }
  has_remote_ = true;
  state_ = State::kConnecting;
  if (!listener->QueueFull()) {
    listener->Establish(task, *this);
    return {};
  }
  std::erase_if(listener->waiting_, [&](const auto& waiting) {
    const Ref client = waiting.lock();
    return client == nullptr || client.get() == this ||
           client->waits_for_ != listener;
  });
  listener->waiting_.push_back(self());
  waits_for_ = listener;
  task.clock().Arm(timeout_, task.clock().now() + kConnectTimeout);
  return {};
}

void TcpSocket::Establish(Task& task, TcpSocket& client) {
  auto server = std::make_shared<TcpSocket>(
      task, Type{domain(), type(), protocol()}, 0, ports_);
  server->InheritOptions(*this);
  server->accepted_ = false;
  server->remote_ = client.local_;
  Endpoint local = client.remote_;
  if (domain() == AF_INET) local.ip = client.remote_.ip;
  server->Occupy(local);
  for (TcpSocket* side : {server.get(), &client}) {
    side->state_ = State::kEstablished;
    side->has_remote_ = true;
    if (!side->options_.send_buffer_set) {
      side->options_.send_buffer = kConnectedSendBuffer;
    }
  }
  server->peer_ = client.self();
  client.peer_ = server;
  client.timeout_.Disarm();
  client.waits_for_ = nullptr;
  if (const int seconds = Option(IPPROTO_TCP, TCP_DEFER_ACCEPT); seconds > 0) {
    server->deferred_by_ = this;
    task.clock().Arm(server->defer_timeout_,
                     task.clock().now() + seconds * kNanosPerSecond);
    deferred_.push_back(std::move(server));
  } else {
    to_accept_.push_back(std::move(server));
    wait_.Wake(POLLIN | POLLRDNORM);
  }
  client.wait_.Wake();
}

void TcpSocket::EndDeferral() {
  TcpSocket* listener = std::exchange(deferred_by_, nullptr);
  if (listener == nullptr) return;
  defer_timeout_.Disarm();
  const Ref kept = self();
  std::erase(listener->deferred_, kept);
  // One that was reset meanwhile is forgotten.
  if (state_ != State::kEstablished) return;
  listener->to_accept_.push_back(kept);
  listener->wait_.Wake(POLLIN | POLLRDNORM);
}

// Nobody will accept them.
void TcpSocket::DropUnaccepted() {
  for (const Ref& server : deferred_) {
    server->deferred_by_ = nullptr;
    server->defer_timeout_.Disarm();
  }
  deferred_.clear();
  to_accept_.clear();
}

void TcpSocket::FailWaiting() {
  for (const std::weak_ptr<TcpSocket>& waiting : waiting_) {
    const Ref client = waiting.lock();
    if (client != nullptr && client->waits_for_ == this) {
      client->FailConnect(ECONNREFUSED);
    }
  }
  waiting_.clear();
}

void TcpSocket::FailConnect(int error) {
  timeout_.Disarm();
  waits_for_ = nullptr;
  state_ = State::kClosed;
  has_remote_ = false;
  error_ = error;
  shut_ = kBothShut;
  ReleaseLocal();
  wait_.Wake();
}

// connect(2) to AF_UNSPEC.
Result<> TcpSocket::Disconnect() {
  if (const Ref peer = peer_.lock()) peer->OnReset();
  peer_.reset();
  timeout_.Disarm();
  waits_for_ = nullptr;
  FailWaiting();
  DropUnaccepted();
  received_.Clear();
  urgent_.reset();
  ended_first_ = false;
  state_ = State::kClosed;
  told_ = Told::kNothing;
  has_remote_ = false;
  ReleaseLocal();
  error_ = shut_ = 0;
  peer_done_ = false;
  wait_.Wake();
  return {};
}

Result<std::shared_ptr<Socket>> TcpSocket::Accept(Task& task) {
  if (state_ != State::kListening) return Errno(EINVAL);
  if (to_accept_.empty()) return Errno(EAGAIN);
  Ref accepted = std::move(to_accept_.front());
  to_accept_.pop_front();
  accepted->told_ = Told::kDone;
  accepted->accepted_ = true;
  while (!waiting_.empty() && !QueueFull()) {
    const Ref client = waiting_.front().lock();
    waiting_.pop_front();
    if (client != nullptr && client->waits_for_ == this) {
      Establish(task, *client);
    }
  }
  return std::shared_ptr<Socket>(std::move(accepted));
}

Result<SocketAddress> TcpSocket::AcceptedName() {
  return FormatEndpoint(remote_, domain());
}

Result<> TcpSocket::Shutdown(Task&, int how) {
  if (state_ == State::kListening) {
    // No one is let in any more; the port is kept.
    if (how & kReceiveShut) (void)Disconnect();
    return {};
  }
  if (state_ == State::kClosed && !has_remote_) return Errno(ENOTCONN);
  if (state_ == State::kConnecting) {
    (void)Disconnect();
    return {};
  }
  const bool fin = (how & kSendShut) && !(shut_ & kSendShut);
  if (fin) ended_first_ = !peer_done_;
  shut_ |= how;
  const Ref peer = peer_.lock();
  if (fin && peer != nullptr) peer->OnFin();
  wait_.Wake();
  return {};
}

void TcpSocket::OnFin() {
  peer_done_ = true;
  shut_ |= kReceiveShut;
  wait_.Wake();
  EndDeferral();
}

void TcpSocket::OnReset() {
  error_ = peer_done_ ? EPIPE : ECONNRESET;
  state_ = State::kClosed;
  shut_ = kBothShut;
  has_remote_ = false;
  peer_.reset();
  wait_.Wake();
  EndDeferral();
}

int TcpSocket::TcpState() const {
  switch (state_) {
    case State::kClosed:
      return TCP_CLOSE;
    case State::kListening:
      return TCP_LISTEN;
    case State::kConnecting:
      return TCP_SYN_SENT;
    case State::kEstablished:
      break;
  }
  if (deferred_by_ != nullptr) return TCP_SYN_RECV;
  if ((shut_ & kSendShut) == 0) {
    return peer_done_ ? TCP_CLOSE_WAIT : TCP_ESTABLISHED;
  }
  if (!peer_done_) return TCP_FIN_WAIT2;
  return ended_first_ ? TCP_TIME_WAIT : TCP_CLOSE;
}

TcpSocket::Status TcpSocket::GetStatus() const {
  return {.state = TcpState(),
          .unsent = listening() ? backlog_ : Unsent(),
          .unread = listening() ? to_accept_.size() : Readable()};
}

}  // namespace emu
