// SPDX-License-Identifier: Apache-2.0
//
// rtnetlink(7), as far as there is something to tell: one interface, its two
// addresses, and the routes to them.

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

#include "kernel/net/net_ioctl.h"
#include "kernel/net/netlink.h"

namespace emu {
namespace {

constexpr uint32_t kLowerUp = 1 << 16;  // IFF_LOWER_UP
constexpr std::array<uint8_t, 6> kNoHardwareAddress = {};
constexpr uint32_t kForever = 0xffffffff;

// A message that grows by attributes.
class Message {
 public:
  template <typename T>
  Message(uint16_t type, uint16_t flags, uint32_t sequence, uint32_t port,
          const T& body) {
    header_.nlmsg_type = type;
    header_.nlmsg_flags = flags;
    header_.nlmsg_seq = sequence;
    header_.nlmsg_pid = port;
    Append(&body, sizeof(body));
  }

  Message& Add(uint16_t type, const void* data, size_t n) {
    const rtattr attribute = {static_cast<uint16_t>(RTA_LENGTH(n)), type};
    body_.append(reinterpret_cast<const char*>(&attribute), sizeof(attribute));
    Append(data, n);
    return *this;
  }
  template <typename T>
  Message& Add(uint16_t type, const T& value) {
    return Add(type, &value, sizeof(value));
  }
  Message& AddName(uint16_t type, const char* name) {
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
struct Asker {
  nlmsghdr request;
  uint32_t port;
  bool dump() const { return (request.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP; }
  uint16_t flags() const { return dump() ? NLM_F_MULTI : 0; }

  template <typename T>
  Message Answer(uint16_t type, const T& body) const {
    return Message(type, flags(), request.nlmsg_seq, port, body);
  }
};

std::string Link(const Asker& asker) {
  ifinfomsg info = {};
  info.ifi_type = ARPHRD_LOOPBACK;
  info.ifi_index = kLoopbackIndex;
  info.ifi_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING | kLowerUp;
  return asker.Answer(RTM_NEWLINK, info)
      .AddName(IFLA_IFNAME, kLoopbackName)
      .Add(IFLA_TXQLEN, uint32_t{kLoopbackQueueLength})
      .Add(IFLA_OPERSTATE, uint8_t{0})
      .Add(IFLA_LINKMODE, uint8_t{0})
      .Add(IFLA_MTU, uint32_t{kLoopbackMtu})
      .Add(IFLA_GROUP, uint32_t{0})
      .Add(IFLA_ADDRESS, kNoHardwareAddress)
      .Add(IFLA_BROADCAST, kNoHardwareAddress)
      .AddName(IFLA_QDISC, "noqueue")
      .Add(IFLA_STATS, rtnl_link_stats{})
      .Bytes();
}

std::string Address(const Asker& asker, uint8_t family) {
  ifaddrmsg info = {};
  info.ifa_family = family;
  info.ifa_prefixlen = family == AF_INET ? 8 : 128;
  info.ifa_flags = IFA_F_PERMANENT;
  info.ifa_scope = RT_SCOPE_HOST;
  info.ifa_index = kLoopbackIndex;
  Message message = asker.Answer(RTM_NEWADDR, info);
  if (family == AF_INET) {
    const uint32_t address = htonl(INADDR_LOOPBACK);
    message.Add(IFA_ADDRESS, address).Add(IFA_LOCAL, address);
    message.AddName(IFA_LABEL, kLoopbackName);
  } else {
    message.Add(IFA_ADDRESS, in6addr_loopback);
  }
  const ifa_cacheinfo forever = {kForever, kForever, 0, 0};
  message.Add(IFA_FLAGS, uint32_t{IFA_F_PERMANENT});
  message.Add(IFA_CACHEINFO, forever);
  return message.Bytes();
}

template <typename T>
std::string Route(const Asker& asker, uint8_t family, uint8_t length,
                  const T& to, const T& source) {
  rtmsg info = {};
  info.rtm_family = family;
  info.rtm_dst_len = length;
  info.rtm_table = RT_TABLE_LOCAL;
  info.rtm_protocol = RTPROT_KERNEL;
  info.rtm_scope = family == AF_INET ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
  info.rtm_type = RTN_LOCAL;
  return asker.Answer(RTM_NEWROUTE, info)
      .Add(RTA_TABLE, uint32_t{RT_TABLE_LOCAL})
      .Add(RTA_DST, to)
      .Add(RTA_PREFSRC, source)
      .Add(RTA_OIF, uint32_t{kLoopbackIndex})
      .Bytes();
}

std::string Addresses(const Asker& asker, uint8_t family) {
  std::string all;
  if (family != AF_INET6) all += Address(asker, AF_INET);
  if (family != AF_INET) all += Address(asker, AF_INET6);
  return all;
}

std::string Routes(const Asker& asker, uint8_t family) {
  std::string all;
  const uint32_t loopback = htonl(INADDR_LOOPBACK);
  if (family != AF_INET6) {
    all += Route(asker, AF_INET, 8, htonl(IN_LOOPBACKNET << 24), loopback);
    all += Route(asker, AF_INET, 32, loopback, loopback);
  }
  if (family != AF_INET) {
    all += Route(asker, AF_INET6, 128, in6addr_loopback, in6addr_loopback);
  }
  return all;
}

std::string Failure(const Asker& asker, int error) {
  nlmsgerr body = {};
  body.error = -error;
  body.msg = asker.request;
  return Message(NLMSG_ERROR, 0, asker.request.nlmsg_seq, asker.port, body)
      .Bytes();
}

// Whether the request names the loopback, or nothing.
bool WantsLoopback(absl::string_view request) {
  ifinfomsg wanted = {};
  if (request.size() < sizeof(nlmsghdr) + sizeof(wanted)) return true;
  memcpy(&wanted, request.data() + sizeof(nlmsghdr), sizeof(wanted));
  return wanted.ifi_index == 0 || wanted.ifi_index == kLoopbackIndex;
}

}  // namespace

std::deque<std::string> AnswerRoute(absl::string_view request, uint32_t port) {
  Asker asker = {.request = {}, .port = port};
  memcpy(&asker.request, request.data(), sizeof(asker.request));
  const uint16_t type = asker.request.nlmsg_type;
  if (type < NLMSG_MIN_TYPE ||
      (asker.request.nlmsg_flags & NLM_F_REQUEST) == 0) {
    return {};
  }
  const uint8_t family =
      request.size() > sizeof(nlmsghdr) ? request[sizeof(nlmsghdr)] : 0;
  std::string body;
  switch (type) {
    case RTM_GETLINK:
      if (!WantsLoopback(request)) return {Failure(asker, ENODEV)};
      body = Link(asker);
      break;
    case RTM_GETADDR:
      if (!asker.dump()) return {Failure(asker, EOPNOTSUPP)};
      body = Addresses(asker, family);
      break;
    case RTM_GETROUTE:
      if (!asker.dump()) return {Failure(asker, ENETUNREACH)};
      body = Routes(asker, family);
      break;
    case RTM_GETNEIGH:
    case RTM_GETRULE:
    case RTM_GETQDISC:
      if (!asker.dump()) return {Failure(asker, EOPNOTSUPP)};
      break;
    default:
      // Changes are not for guests.
      return {Failure(asker, EPERM)};
  }
  std::deque<std::string> answers;
  if (!body.empty()) answers.push_back(std::move(body));
  if (asker.dump()) {
    answers.push_back(asker.Answer(NLMSG_DONE, int32_t{0}).Bytes());
  } else if (asker.request.nlmsg_flags & NLM_F_ACK) {
    answers.push_back(Failure(asker, 0));
  }
  return answers;
}

}  // namespace emu
