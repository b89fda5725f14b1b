// SPDX-License-Identifier: Apache-2.0
//
// netlink(7)'s messages, as the kernel writes them.

#ifndef KERNEL_NET_NETLINK_MESSAGE_H_
#define KERNEL_NET_NETLINK_MESSAGE_H_

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"
#include "kernel/net/socket.h"

namespace emu {

// A message that grows by attributes.
class NetlinkMessage {
 public:
  template <typename T>
  NetlinkMessage(uint16_t type, uint16_t flags, uint32_t sequence, uint32_t port,
          const T& body) {
    header_.nlmsg_type = type;
    header_.nlmsg_flags = flags;
    header_.nlmsg_seq = sequence;
    header_.nlmsg_pid = port;
    Append(&body, sizeof(body));
  }

  NetlinkMessage& Add(uint16_t type, const void* data, size_t n) {
    const rtattr attribute = {static_cast<uint16_t>(RTA_LENGTH(n)), type};
    body_.append(reinterpret_cast<const char*>(&attribute), sizeof(attribute));
    Append(data, n);
    return *this;
  }
  template <typename T>
  NetlinkMessage& Add(uint16_t type, const T& value) {
    return Add(type, &value, sizeof(value));
  }
  NetlinkMessage& AddName(uint16_t type, const char* name) {
    return Add(type, name, strlen(name) + 1);
  }

  std::string Bytes() {
    header_.nlmsg_len = sizeof(header_) + body_.size();
    return BytesOf(header_) + body_;
  }

 private:
  void Append(const void* data, size_t n) {
    body_.append(static_cast<const char*>(data), n);
    body_.resize(NLMSG_ALIGN(body_.size()));
  }

  nlmsghdr header_ = {};
  std::string body_;
};

// Who asks, and how an answer is marked.
struct NetlinkAsker {
  // `message` is at least a header.
  NetlinkAsker(absl::string_view message, uint32_t port) : port(port) {
    memcpy(&request, message.data(), sizeof(request));
  }

  bool dump() const { return (request.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP; }
  uint16_t flags() const { return dump() ? NLM_F_MULTI : 0; }

  template <typename T>
  NetlinkMessage Answer(uint16_t type, const T& body) const {
    return NetlinkMessage(type, flags(), request.nlmsg_seq, port, body);
  }
  // The end of a dump, and why it ended early if not 0.
  std::string Done(int32_t error = 0) const {
    return Answer(NLMSG_DONE, -error).Bytes();
  }
  // 0: it was done.
  std::string Failure(int error) const {
    nlmsgerr body = {};
    body.error = -error;
    body.msg = request;
    return NetlinkMessage(NLMSG_ERROR, 0, request.nlmsg_seq, port, body)
        .Bytes();
  }

  nlmsghdr request = {};
  uint32_t port;
};

}  // namespace emu

#endif  // KERNEL_NET_NETLINK_MESSAGE_H_
