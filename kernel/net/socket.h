// SPDX-License-Identifier: Apache-2.0
//
// What all sockets have in common: the description behind a socket's
// descriptor, its SOL_SOCKET options, its error and its time limits. Families
// derive from it (net/unix*, net/inet*, net/netlink*).
//
// As with every description, operations never block but say EAGAIN.

#ifndef KERNEL_NET_SOCKET_H_
#define KERNEL_NET_SOCKET_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "arch/abi/socket.h"
#include "arch/result.h"
#include "kernel/clock.h"
#include "kernel/fs/file_description.h"
#include "kernel/wait_queue.h"

namespace emu {

// A sockaddr's bytes, the family first; empty: none.
using SocketAddress = std::string;
int AddressFamily(const SocketAddress& address);  // AF_UNSPEC if too short

// Ancillary data as it travels.
struct Control {
  std::optional<abi::ucred> creds;  // SCM_CREDENTIALS
  bool tell_creds = true;           // and not only SCM_PIDFD
  std::vector<FileRef> files;       // SCM_RIGHTS
  bool pidfd = false;               // SCM_PIDFD of creds' process is wanted
  struct Item {
    int level;
    int type;
    std::string data;
  };
  std::vector<Item> items;  // of the protocol's own

  bool empty() const { return !creds && files.empty() && items.empty(); }
};

struct OutMessage {
  IovIter& data;
  int flags = 0;          // MSG_*
  SocketAddress to = {};  // or empty
  Control control = {};
};

struct InMessage {
  IovIter& data;
  int flags = 0;  // MSG_*
  // Results.
  SocketAddress from = {};
  Control control = {};
  int result_flags = 0;  // MSG_TRUNC, MSG_EOR, …
};

// What shutdown(2) closed.
inline constexpr int kReceiveShut = 1;
inline constexpr int kSendShut = 2;
inline constexpr int kBothShut = 3;

class Socket : public FileDescription {
 public:
  static const char kKind;

  struct Type {
    int domain;
    int type;  // SOCK_*
    int protocol;
  };
  // `flags`: O_NONBLOCK or none.
  Socket(Task& task, const Type& type, int flags);

  const void* kind() const override { return &kKind; }
  int domain() const { return type_.domain; }
  int type() const { return type_.type; }
  int protocol() const { return type_.protocol; }
  int shut() const { return shut_; }  // k*Shut
  std::shared_ptr<Socket> ref();

  // The calls of the same names. EOPNOTSUPP where a family has no such thing.
  virtual Result<> Bind(Task& task, const SocketAddress& address);
  virtual Result<> Listen(Task& task, int backlog);
  // EINPROGRESS: it goes on by itself; POLLOUT tells its end. EAGAIN: wait, and
  // call again.
  virtual Result<> Connect(Task& task, const SocketAddress& address,
                           bool nonblocking);
  virtual Result<std::shared_ptr<Socket>> Accept(Task& task);
  virtual Result<SocketAddress> Name() = 0;
  virtual Result<SocketAddress> PeerName() = 0;
  // The peer's name as accept(2) tells it: even if that is gone already.
  virtual Result<SocketAddress> AcceptedName() { return PeerName(); }
  virtual Result<> Shutdown(Task& task, int how);  // k*Shut

  // recvmsg(2) and sendmsg(2), with SO_RCVTIMEO and SO_SNDTIMEO.
  Result<size_t> ReceiveMessage(Task& task, InMessage& message);
  Result<size_t> SendMessage(Task& task, OutMessage& message);
  bool Blocks(int message_flags) const;

  // Options by level and name; values are bytes as they travel.
  virtual Result<> SetOption(Task& task, int level, int name,
                             absl::string_view value);
  virtual Result<std::string> GetOption(Task& task, int level, int name);

  Result<size_t> Read(Task& task, IovIter& to, uint64_t offset) override;
  Result<size_t> Write(Task& task, IovIter& from, uint64_t offset) override;
  Result<int64_t> Ioctl(Task& task, uint32_t request, GuestAddr arg) override;
  WaitQueue* wait_queue() override { return &wait_; }

  Nanos send_timeout() const { return send_timeout_; }
  Nanos receive_timeout() const { return receive_timeout_; }

 protected:
  virtual Result<size_t> Receive(Task& task, InMessage& message) = 0;
  virtual Result<size_t> Send(Task& task, OutMessage& message) = 0;
  // The options of SOL_SOCKET that need the family: EOPNOTSUPP, ENOPROTOOPT.
  virtual Result<> SetFamilyOption(Task& task, int level, int name,
                                   absl::string_view value);
  virtual Result<std::string> GetFamilyOption(Task& task, int level, int name);
  // Bytes waiting (SIOCINQ) and bytes not yet gone (SIOCOUTQ). EINVAL, ENOTTY.
  virtual Result<int> BytesIn();
  virtual Result<int> BytesOut();
  virtual bool listening() const { return false; }

  // Where MSG_PEEK starts, and what peeking or reading `n` bytes does to that.
  size_t PeekStart() const { return std::max(options_.peek_offset, 0); }
  void MovePeekOffset(int64_t n);
  // SO_PEEK_OFF is of use.
  virtual bool HasPeekOffset() const { return true; }
  void InheritOptions(const Socket& listener);

  // Takes the pending error, as SO_ERROR does; 0: none.
  int TakeError() { return std::exchange(error_, 0); }
  Result<> CheckError();
  // Adds SO_TIMESTAMP's item to what was received at `time` (CLOCK_REALTIME).
  void AddTimestamp(Control& control, Nanos time) const;

  // Remembered options; families that act on one read it.
  struct Options {
    int send_buffer = 212992;
    int receive_buffer = 212992;
    bool send_buffer_set = false, receive_buffer_set = false;
    int low_water = 1;
    int priority = 0, mark = 0;
    uint32_t bound_device = 0;
    abi::linger linger = {};
    bool debug = false, reuse_address = false, reuse_port = false;
    bool dont_route = false, broadcast = false, keep_alive = false;
    bool oob_inline = false, no_check = false, zero_copy = false;
    bool pass_credentials = false, pass_pidfd = false, pass_security = false;
    bool pass_rights = true;
    bool timestamp = false, timestamp_ns = false, timestamp_new = false;
    bool overflow_count = false;
    int peek_offset = -1;  // SO_PEEK_OFF; negative: none
  };
  Options options_;
  int error_ = 0;  // SO_ERROR's
  int shut_ = 0;   // k*Shut
  WaitQueue wait_;

 private:
  template <typename Op>
  Result<size_t> Timed(Task& task, Nanos timeout, int flags, Op op);
  Result<> SetSocketOption(Task& task, int name, absl::string_view value);
  Result<> SetInt(Task& task, int name, int value);
  Result<> BindToDevice(Task& task, absl::string_view name);
  bool* Flag(int name);
  Result<std::string> GetSocketOption(Task& task, int name);
  Result<int> GetInt(int name);

  const Type type_;
  Nanos send_timeout_ = kNever;
  Nanos receive_timeout_ = kNever;
};

// Option values.
Result<int> IntOption(absl::string_view value);  // EINVAL: too short
template <typename T>
std::string BytesOf(const T& value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace emu

#endif  // KERNEL_NET_SOCKET_H_
