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
#include "kernel/net/netlink_message.h"

namespace emu {
namespace {

constexpr uint32_t kLowerUp = 1 << 16;  // IFF_LOWER_UP
constexpr std::array<uint8_t, 6> kNoHardwareAddress = {};
constexpr uint32_t kForever = 0xffffffff;

std::string Link(const NetlinkAsker& asker) {
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

std::string Address(const NetlinkAsker& asker, uint8_t family) {
  ifaddrmsg info = {};
  info.ifa_family = family;
  info.ifa_prefixlen = family == AF_INET ? 8 : 128;
  info.ifa_flags = IFA_F_PERMANENT;
  info.ifa_scope = RT_SCOPE_HOST;
  info.ifa_index = kLoopbackIndex;
  NetlinkMessage message = asker.Answer(RTM_NEWADDR, info);
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
std::string Route(const NetlinkAsker& asker, uint8_t family, uint8_t length,
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

std::string Addresses(const NetlinkAsker& asker, uint8_t family) {
  std::string all;
  if (family != AF_INET6) all += Address(asker, AF_INET);
  if (family != AF_INET) all += Address(asker, AF_INET6);
  return all;
}

std::string Routes(const NetlinkAsker& asker, uint8_t family) {
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

// Whether the request names the loopback, or nothing.
bool WantsLoopback(absl::string_view request) {
  ifinfomsg wanted = {};
  if (request.size() < sizeof(nlmsghdr) + sizeof(wanted)) return true;
  memcpy(&wanted, request.data() + sizeof(nlmsghdr), sizeof(wanted));
  return wanted.ifi_index == 0 || wanted.ifi_index == kLoopbackIndex;
}

}  // namespace

std::deque<std::string> AnswerRoute(absl::string_view request, uint32_t port) {
  const NetlinkAsker asker(request, port);
  const uint8_t family =
      request.size() > sizeof(nlmsghdr) ? request[sizeof(nlmsghdr)] : 0;
  std::string body;
  switch (asker.request.nlmsg_type) {
    case RTM_GETLINK:
      if (!WantsLoopback(request)) return {asker.Failure(ENODEV)};
      body = Link(asker);
      break;
    case RTM_GETADDR:
      if (!asker.dump()) return {asker.Failure(EOPNOTSUPP)};
      body = Addresses(asker, family);
      break;
    case RTM_GETROUTE:
      if (!asker.dump()) return {asker.Failure(ENETUNREACH)};
      body = Routes(asker, family);
      break;
    case RTM_GETNEIGH:
    case RTM_GETRULE:
    case RTM_GETQDISC:
      if (!asker.dump()) return {asker.Failure(EOPNOTSUPP)};
      break;
    default:
      // Changes are not for guests.
      return {asker.Failure(EPERM)};
  }
  std::deque<std::string> answers;
  if (!body.empty()) answers.push_back(std::move(body));
  if (asker.dump()) {
    answers.push_back(asker.Done());
  } else if (asker.request.nlmsg_flags & NLM_F_ACK) {
    answers.push_back(asker.Failure(0));
  }
  return answers;
}

}  // namespace emu
