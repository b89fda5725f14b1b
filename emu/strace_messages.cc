// SPDX-License-Identifier: Apache-2.0
//
// Messages of sockets, and their options.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "emu/strace_names.h"
#include "emu/strace_values.h"

namespace emu {
namespace {

constexpr uint64_t kShown = 32;

std::string InternetAddress(in_addr address) {
  char text[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &address, text, sizeof(text));
  return absl::StrCat("inet_addr(\"", text, "\")");
}

}  // namespace

std::string ChangedText(std::optional<uint64_t> before, uint64_t after) {
  if (!before || *before == after) return absl::StrCat(after);
  return absl::StrCat(*before, " => ", after);
}

std::string GuestValues::Control(GuestAddr addr, uint64_t length) {
  std::string text = "[";
  cmsghdr header;
  for (uint64_t at = 0; at + sizeof(header) <= length;) {
    if (!Read(addr + at, &header) || header.cmsg_len < sizeof(header) ||
        header.cmsg_len > length - at) {
      return PointerText(addr);
    }
    const bool rights =
        header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_RIGHTS;
    const bool credentials =
        header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_CREDENTIALS;
    absl::StrAppend(
        &text, at > 0 ? ", " : "", "{cmsg_len=", header.cmsg_len,
        ", cmsg_level=",
        ValueName(static_cast<uint32_t>(header.cmsg_level), kSockLevelNames),
        ", cmsg_type=",
        rights        ? "SCM_RIGHTS"
        : credentials ? "SCM_CREDENTIALS"
                      : PointerText(static_cast<uint32_t>(header.cmsg_type)));
    const GuestAddr data = addr + at + sizeof(header);
    const uint64_t size = header.cmsg_len - sizeof(header);
    absl::StrAppend(&text, ", cmsg_data=",
                    rights        ? Groups(data, size / sizeof(int))
                    : credentials ? SockoptValue(SOL_SOCKET, SO_PEERCRED, data,
                                                 size)
                                  : Bytes(data, size),
                    "}");
    at += CMSG_ALIGN(header.cmsg_len);
  }
  return text + "]";
}

std::string GuestValues::Msghdr(GuestAddr addr, uint64_t available,
                                std::optional<uint64_t> name_room) {
  msghdr message;
  if (!Read(addr, &message)) return PointerText(addr);
  // What the call stored there may be all that is known to be new.
  (void)Read(addr + offsetof(msghdr, msg_namelen), &message.msg_namelen);
  const auto address = [](const void* p) {
    return reinterpret_cast<uint64_t>(p);
  };
  std::string text = absl::StrCat(
      "{msg_name=", Sockaddr(address(message.msg_name), message.msg_namelen),
      ", msg_namelen=", ChangedText(name_room, message.msg_namelen),
      ", msg_iov=",
      Iovec(address(message.msg_iov), message.msg_iovlen, available),
      ", msg_iovlen=", message.msg_iovlen);
  if (message.msg_controllen > 0) {
    absl::StrAppend(&text, ", msg_control=",
                    Control(address(message.msg_control),
                            std::min<uint64_t>(message.msg_controllen, 4096)));
  }
  return absl::StrCat(
      text, ", msg_controllen=", message.msg_controllen, ", msg_flags=",
      FlagNames(static_cast<uint32_t>(message.msg_flags), kMsgFlagNames), "}");
}

std::string GuestValues::Mmsghdrs(GuestAddr addr, uint64_t count,
                                  Messages which,
                                  absl::Span<const uint64_t> name_rooms) {
  std::string text = "[";
  for (uint64_t i = 0; i < std::min(count, kShown); ++i) {
    const GuestAddr at = addr + sizeof(mmsghdr) * i;
    msghdr header;
    uint32_t length = 0;
    if (!Read(at, &header)) return PointerText(addr);
    if (which != Messages::kUnsent &&
        !Read(at + offsetof(mmsghdr, msg_len), &length)) {
      return PointerText(addr);
    }
    const bool received = which == Messages::kReceived;
    std::optional<uint64_t> name_room;
    if (i < name_rooms.size()) name_room = name_rooms[i];
    absl::StrAppend(
        &text, i > 0 ? ", " : "", "{msg_hdr=",
        Msghdr(at, received ? length : UINT64_MAX, name_room),
        which == Messages::kUnsent
            ? "}"
            : absl::StrCat(", msg_len=", length, "}"));
  }
  return absl::StrCat(text, count > kShown ? ", ...]" : "]");
}

std::string GuestValues::SockoptValue(uint64_t level, uint64_t option,
                                      GuestAddr addr, uint64_t length) {
  struct {
    int32_t first, second, third;
  } words;
  const bool socket = level == SOL_SOCKET;
  if (socket && option == SO_PEERCRED && length == 12 && Read(addr, &words)) {
    return absl::StrFormat("{pid=%d, uid=%d, gid=%d}", words.first,
                           words.second, words.third);
  }
  linger how;
  if (socket && option == SO_LINGER && length == 8 && Read(addr, &how)) {
    return absl::StrFormat("{l_onoff=%d, l_linger=%d}", how.l_onoff,
                           how.l_linger);
  }
  const bool membership =
      level == SOL_IP &&
      (option == IP_ADD_MEMBERSHIP || option == IP_DROP_MEMBERSHIP);
  ip_mreq group;
  if (membership && length == sizeof(group) && Read(addr, &group)) {
    return absl::StrCat(
        "{imr_multiaddr=", InternetAddress(group.imr_multiaddr),
        ", imr_interface=", InternetAddress(group.imr_interface), "}");
  }
  return length == sizeof(int32_t) ? Int32(addr) : Bytes(addr, length);
}

std::string GuestValues::SockoptOut(uint64_t level, uint64_t option,
                                    GuestAddr addr, GuestAddr length_addr) {
  uint32_t length = 0;
  if (!Read(length_addr, &length)) return PointerText(addr);
  return SockoptValue(level, option, addr, length);
}

}  // namespace emu
