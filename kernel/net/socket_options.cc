// SPDX-License-Identifier: Apache-2.0
//
// socket(7)'s options.

#include <limits.h>
#include <linux/capability.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "kernel/net/net_ioctl.h"
#include "kernel/net/socket.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

// Since Linux 6.5 and 6.17, not yet in the C library's headers.
constexpr int kPassPidFd = 76;
constexpr int kPassRights = 83;

constexpr int kMostBuffer = 4 << 20;  // net.core.wmem_max and rmem_max
constexpr int kMostForcedBuffer = 32 << 20;
constexpr int kLeastSendBuffer = 4608;
constexpr int kLeastReceiveBuffer = 2304;

// Twice what was asked for, as Linux counts its own overhead.
int BufferSize(int value, int least, bool forced) {
  value = forced ? std::clamp(value, 0, kMostForcedBuffer)
                 : std::min<unsigned>(value, kMostBuffer);
  return std::max(value * 2, least);
}

Result<Nanos> TimeoutOption(absl::string_view value) {
  abi::timeval time;
  if (value.size() < sizeof(time)) return Errno(EINVAL);
  memcpy(&time, value.data(), sizeof(time));
  if (time.tv_usec < 0 || time.tv_usec >= 1'000'000) return Errno(EDOM);
  if (time.tv_sec < 0) return Nanos{0};
  const Nanos length = TRY(FromTimeval(time));
  return length == 0 ? kNever : length;
}

std::string TimeoutBytes(Nanos timeout) {
  return BytesOf(timeout == kNever ? abi::timeval{} : ToTimeval(timeout));
}

}  // namespace

Result<int> IntOption(absl::string_view value) {
  int number;
  if (value.size() < sizeof(number)) return Errno(EINVAL);
  memcpy(&number, value.data(), sizeof(number));
  return number;
}

Result<> Socket::SetOption(Task& task, int level, int name,
                           absl::string_view value) {
  if (level == SOL_SOCKET) return SetSocketOption(task, name, value);
  return SetFamilyOption(task, level, name, value);
}

Result<std::string> Socket::GetOption(Task& task, int level, int name) {
  if (level == SOL_SOCKET) return GetSocketOption(task, name);
  return GetFamilyOption(task, level, name);
}

Result<> Socket::SetFamilyOption(Task&, int level, int, absl::string_view) {
  return Errno(level == SOL_SOCKET ? ENOPROTOOPT : EOPNOTSUPP);
}

Result<std::string> Socket::GetFamilyOption(Task&, int level, int) {
  return Errno(level == SOL_SOCKET ? ENOPROTOOPT : EOPNOTSUPP);
}

Result<> Socket::SetSocketOption(Task& task, int name,
                                 absl::string_view value) {
  if (name == SO_BINDTODEVICE) return BindToDevice(task, value);
  const int number = TRY(IntOption(value));
  switch (name) {
    case SO_LINGER: {
      abi::linger linger;
      if (value.size() < sizeof(linger)) return Errno(EINVAL);
      memcpy(&linger, value.data(), sizeof(linger));
      options_.linger = {linger.l_onoff != 0, linger.l_linger};
      return {};
    }
    case SO_RCVTIMEO_OLD:
    case SO_RCVTIMEO_NEW:
      receive_timeout_ = TRY(TimeoutOption(value));
      return {};
    case SO_SNDTIMEO_OLD:
    case SO_SNDTIMEO_NEW:
      send_timeout_ = TRY(TimeoutOption(value));
      return {};
    default:
      return SetInt(task, name, number);
  }
}

// A name that is empty unbinds.
Result<> Socket::BindToDevice(Task& task, absl::string_view name) {
  const std::string device(name.substr(0, name.find('\0')));
  uint32_t index = 0;
  if (!device.empty()) {
    if (device != kLoopbackName) return Errno(ENODEV);
    index = kLoopbackIndex;
  }
  if (options_.bound_device != 0 && !task.creds->Has(CAP_NET_RAW)) {
    return Errno(EPERM);
  }
  options_.bound_device = index;
  return {};
}

// The options that are on or off and no more; null: not one of them.
bool* Socket::Flag(int name) {
  switch (name) {
    case SO_REUSEADDR:
      return &options_.reuse_address;
    case SO_REUSEPORT:
      return &options_.reuse_port;
    case SO_DONTROUTE:
      return &options_.dont_route;
    case SO_BROADCAST:
      return &options_.broadcast;
    case SO_KEEPALIVE:
      return &options_.keep_alive;
    case SO_OOBINLINE:
      return &options_.oob_inline;
    case SO_NO_CHECK:
      return &options_.no_check;
    case SO_RXQ_OVFL:
      return &options_.overflow_count;
    default:
      break;
  }
  if (domain() != AF_UNIX) return nullptr;
  switch (name) {
    case SO_PASSCRED:
      return &options_.pass_credentials;
    case SO_PASSSEC:
      return &options_.pass_security;
    case kPassPidFd:
      return &options_.pass_pidfd;
    case kPassRights:
      return &options_.pass_rights;
    default:
      return nullptr;
  }
}

Result<> Socket::SetInt(Task& task, int name, int value) {
  if (bool* flag = Flag(name)) {
    *flag = value != 0;
    return {};
  }
  const bool admin = task.creds->Has(CAP_NET_ADMIN);
  switch (name) {
    case SO_DEBUG:
      if (value != 0 && !admin) return Errno(EACCES);
      options_.debug = value != 0;
      return {};
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
      if (name == SO_SNDBUFFORCE && !admin) return Errno(EPERM);
      options_.send_buffer =
          BufferSize(value, kLeastSendBuffer, name == SO_SNDBUFFORCE);
      options_.send_buffer_set = true;
      wait_.Wake();
      return {};
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
      if (name == SO_RCVBUFFORCE && !admin) return Errno(EPERM);
      options_.receive_buffer =
          BufferSize(value, kLeastReceiveBuffer, name == SO_RCVBUFFORCE);
      options_.receive_buffer_set = true;
      return {};
    case SO_PRIORITY:
      if ((value < 0 || value > 6) && !admin) return Errno(EPERM);
      options_.priority = value;
      return {};
    case SO_MARK:
      if (!admin) return Errno(EPERM);
      options_.mark = value;
      return {};
    case SO_PEEK_OFF:
      if (!HasPeekOffset()) return Errno(EOPNOTSUPP);
      options_.peek_offset = value;
      return {};
    case SO_RCVLOWAT:
      options_.low_water = value < 0 ? INT_MAX : std::max(value, 1);
      return {};
    case SO_TIMESTAMP_OLD:
    case SO_TIMESTAMP_NEW:
    case SO_TIMESTAMPNS_OLD:
    case SO_TIMESTAMPNS_NEW:
      options_.timestamp = value != 0;
      options_.timestamp_ns = value != 0 && (name == SO_TIMESTAMPNS_OLD ||
                                             name == SO_TIMESTAMPNS_NEW);
      options_.timestamp_new =
          name == SO_TIMESTAMP_NEW || name == SO_TIMESTAMPNS_NEW;
      return {};
    case SO_TYPE:
    case SO_PROTOCOL:
    case SO_DOMAIN:
    case SO_ERROR:
    case SO_SNDLOWAT:
    case SO_ACCEPTCONN:
    case SO_PEERCRED:
      return Errno(ENOPROTOOPT);
    default:
      return SetFamilyOption(task, SOL_SOCKET, name, BytesOf(value));
  }
}

Result<int> Socket::GetInt(int name) {
  if (const bool* flag = Flag(name)) return *flag;
  switch (name) {
    case SO_DEBUG:
      return options_.debug;
    case SO_TYPE:
      return type_.type;
    case SO_DOMAIN:
      return type_.domain;
    case SO_PROTOCOL:
      return type_.protocol;
    case SO_ERROR:
      return TakeError();
    case SO_SNDBUF:
      return options_.send_buffer;
    case SO_RCVBUF:
      return options_.receive_buffer;
    case SO_PEEK_OFF:
      if (!HasPeekOffset()) return Errno(EOPNOTSUPP);
      return options_.peek_offset;
    case SO_RCVLOWAT:
      return options_.low_water;
    case SO_SNDLOWAT:
      return 1;
    case SO_PRIORITY:
      return options_.priority;
    case SO_MARK:
      return options_.mark;
    case SO_ACCEPTCONN:
      return listening();
    case SO_BSDCOMPAT:
      return 0;
    case SO_INCOMING_CPU:
      return 0;
    case SO_BINDTOIFINDEX:
      return options_.bound_device;
    case SO_TIMESTAMP_OLD:
      return options_.timestamp && !options_.timestamp_new &&
             !options_.timestamp_ns;
    case SO_TIMESTAMPNS_OLD:
      return options_.timestamp_ns && !options_.timestamp_new;
    case SO_TIMESTAMP_NEW:
      return options_.timestamp && options_.timestamp_new;
    case SO_TIMESTAMPNS_NEW:
      return options_.timestamp_ns && options_.timestamp_new;
    default:
      return Errno(ENOPROTOOPT);
  }
}

Result<std::string> Socket::GetSocketOption(Task& task, int name) {
  switch (name) {
    case SO_LINGER:
      return BytesOf(options_.linger);
    case SO_RCVTIMEO_OLD:
    case SO_RCVTIMEO_NEW:
      return TimeoutBytes(receive_timeout_);
    case SO_SNDTIMEO_OLD:
    case SO_SNDTIMEO_NEW:
      return TimeoutBytes(send_timeout_);
    case SO_PEERNAME:
      return PeerName();
    case SO_BINDTODEVICE:
      if (options_.bound_device == 0) return std::string();
      return std::string(kLoopbackName, sizeof(kLoopbackName));
    case SO_COOKIE:
      return BytesOf(uint64_t{inode().ino()});
    default:
      break;
  }
  const Result<int> number = GetInt(name);
  if (number.ok()) return BytesOf(*number);
  return GetFamilyOption(task, SOL_SOCKET, name);
}

}  // namespace emu
