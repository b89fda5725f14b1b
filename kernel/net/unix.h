// SPDX-License-Identifier: Apache-2.0
//
// AF_UNIX: stream, datagram and sequenced-packet sockets, their names, and what
// they send along (descriptors, credentials). Every message is a packet in its
// receiver's queue; what it takes of the sender's buffer is given back when it
// is read, whoever is gone by then.
//
//   unix.cc         life, names and connections
//   unix_send.cc    sending
//   unix_receive.cc receiving and polling
//   unix_names.cc   the abstract names, and descriptors in flight (UnixNames)

#ifndef KERNEL_NET_UNIX_H_
#define KERNEL_NET_UNIX_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernel/credentials.h"
#include "kernel/net/socket.h"

namespace emu {

class UnixNames;

class UnixSocket : public Socket {
 public:
  UnixSocket(Task& task, const Type& type, int flags);
  ~UnixSocket() override;

  // socketpair(2).
  static void Join(Task& task, UnixSocket& a, UnixSocket& b);

  Result<> Bind(Task& task, const SocketAddress& address) override;
  Result<> Listen(Task& task, int backlog) override;
  Result<> Connect(Task& task, const SocketAddress& address,
                   bool nonblocking) override;
  Result<std::shared_ptr<Socket>> Accept(Task& task) override;
  Result<SocketAddress> Name() override;
  Result<SocketAddress> PeerName() override;
  Result<> Shutdown(Task& task, int how) override;
  uint32_t Poll(Task& task) override;
  void OnClose(Task& task) override;
  Result<int64_t> Ioctl(Task& task, uint32_t request, GuestAddr arg) override;

  // For /proc/net/unix and sock_diag(7).
  struct Status {
    int type;
    int state;  // SS_*
    bool listening;
    std::string name;
    const Path* bound;  // of a name in the file system, or null
    bool has_peer;
    uint64_t peer;  // its inode; 0 if it is gone
    std::vector<uint64_t> to_accept;  // inodes of those that connected
    unsigned backlog;
    uint64_t unread;  // bytes, or those of the first packet
    uint64_t unsent;  // of its buffer in use
    int shut;         // k*Shut
  };
  Status GetStatus() const;

 protected:
  Result<size_t> Receive(Task& task, InMessage& message) override;
  Result<size_t> Send(Task& task, OutMessage& message) override;
  Result<> SetFamilyOption(Task& task, int level, int name,
                           absl::string_view value) override;
  Result<std::string> GetFamilyOption(Task& task, int level, int name) override;
  Result<int> BytesIn() override;
  Result<int> BytesOut() override;
  bool listening() const override { return state_ == State::kListening; }

 private:
  friend class UnixNames;
  using Ref = std::shared_ptr<UnixSocket>;
  enum class State { kUnconnected, kListening, kConnected };

  // Descriptors in flight; counted while they are.
  class Rights {
   public:
    Rights(UnixNames& names, std::vector<FileRef> files);
    Rights(const Rights&) = delete;
    Rights& operator=(const Rights&) = delete;
    ~Rights();
    const std::vector<FileRef>& files() const { return files_; }

   private:
    UnixNames& names_;
    std::vector<FileRef> files_;
  };
  // How much of a sender's buffer is in use; its packets share it.
  using Charge = std::shared_ptr<int64_t>;
  struct Packet {
    std::string bytes;
    size_t read = 0;  // of them, by a stream's receiver
    // Of one byte that was sent by MSG_OOB: it is still that, or was taken by
    // it and marks its place.
    bool urgent = false;
    bool mark = false;
    std::unique_ptr<Rights> rights;
    std::optional<abi::ucred> creds;
    SocketAddress from;
    Nanos time = 0;
    std::weak_ptr<UnixSocket> sender;
    Charge charge;
    int64_t size = 0;  // charged
    size_t left() const { return bytes.size() - read; }
  };
  struct PeerCredentials {
    abi::ucred ucred = {0, ~0u, ~0u};
    std::vector<Gid> groups;
  };

  bool datagram() const;  // SOCK_DGRAM
  bool stream() const;    // SOCK_STREAM
  Ref self();
  static PeerCredentials CredentialsOf(Task& task);

  // Names.
  Result<> BindToPath(Task& task, const std::string& path);
  Result<> BindAbstract(const std::string& name);
  Result<> Autobind();
  Result<Ref> FindPeer(Task& task, const SocketAddress& address);

  // Connections.
  Result<> ConnectStream(Task& task, const SocketAddress& address,
                         bool nonblocking);
  Result<> ConnectDatagram(Task& task, const SocketAddress& address);
  void OnPeerGone(bool reset, const std::string& name);
  bool QueueFull() const;

  // Sending.
  Result<size_t> SendStream(Task& task, OutMessage& message);
  Result<size_t> SendChunk(Task& task, OutMessage& message, IovIter& from,
                           bool first);
  Result<size_t> SendPacket(Task& task, OutMessage& message);
  Result<Ref> PacketReceiver(Task& task, OutMessage& message);
  Packet NewPacket(Task& task, OutMessage& message, UnixSocket& to,
                   std::string bytes, bool with_control);
  void Deliver(UnixSocket& to, Packet packet);
  // Wakes this one when `to` has room again.
  void AwaitRoom(UnixSocket& to);
  bool Writable() const;
  Errno Broken(Task& task, int flags);

  // Receiving.
  Result<size_t> ReceiveStream(Task& task, InMessage& message);
  Result<size_t> ReceiveUrgent(InMessage& message);
  Packet* FindUrgent();
  // Whether a stream's receiver that has `some` bytes stops at packet `i`; else
  // it is taken, or (then `i` is moved on, or the packet dropped) passed over.
  enum class AtPacket { kStop, kTake, kPass };
  AtPacket Look(size_t& i, bool some, bool peek);
  void DropFront();
  Result<size_t> ReceivePacket(Task& task, InMessage& message);
  // Why there is nothing to receive: 0 at the end, or an error.
  Result<size_t> NothingThere();
  void TakeControl(Packet& packet, InMessage& message);
  // A packet was read: its room is there again, here and at its sender.
  void Release(Packet& packet);
  void WakeSenders();

  UnixNames& names_;
  State state_ = State::kUnconnected;
  std::string name_;  // sun_path's bytes; empty: none
  Path bound_path_;   // of a name in the file system
  bool abstract_ = false;
  std::weak_ptr<UnixSocket> peer_;
  std::string gone_peer_name_;  // of a connected peer that closed
  PeerCredentials peer_credentials_;
  std::deque<Packet> queue_;
  std::deque<Ref> to_accept_;
  bool accepted_ = true;   // false in the listener's queue
  unsigned backlog_ = 10;  // net.unix.max_dgram_qlen
  Charge charge_ = std::make_shared<int64_t>(0);
  std::vector<std::weak_ptr<UnixSocket>> senders_;  // that wait for room
};

// The abstract names, and the descriptors that are in flight. One of each
// kernel.
class UnixNames {
 public:
  UnixNames() = default;
  UnixNames(const UnixNames&) = delete;
  UnixNames& operator=(const UnixNames&) = delete;

  // By type and name. Null: none.
  UnixSocket* Find(int type, const std::string& name) const;
  // False: taken.
  bool Add(int type, const std::string& name, UnixSocket& socket);
  void Remove(int type, const std::string& name);
  // The next name of autobind's that is free for `type`.
  std::string NextAutomatic(int type);

  // All sockets, by inode.
  const std::map<uint64_t, const UnixSocket*>& all() const { return all_; }

  // Descriptors in flight.
  size_t in_flight() const { return in_flight_; }
  void AddInFlight(FileDescription& file);
  // They are in flight no more, and closed if nobody else has them. What
  // closing one of them sets free is closed after it, not within.
  void Land(std::vector<FileRef> files);
  // Empties the queues of sockets that only queues of such sockets hold.
  void CollectGarbage();

 private:
  struct Flying {
    int count = 0;
    uint64_t sequence = 0;
  };
  void RemoveInFlight(FileDescription& file);
  std::vector<UnixSocket*> UnreachableSockets();

  friend class UnixSocket;
  std::map<uint64_t, const UnixSocket*> all_;
  std::map<std::pair<int, std::string>, UnixSocket*> abstract_;
  uint32_t next_automatic_ = 0;
  // Sockets alone can be part of a cycle. Looked up by address, and listed in
  // the order of sending.
  std::map<UnixSocket*, Flying> sockets_;
  uint64_t next_sequence_ = 0;
  size_t in_flight_ = 0;
  bool collecting_ = false;
  // Sockets in flight at which to look for garbage next, when there are many.
  size_t collect_at_ = 0;
  std::vector<FileRef> landed_;  // to be let go of
  bool landing_ = false;
};

}  // namespace emu

#endif  // KERNEL_NET_UNIX_H_
