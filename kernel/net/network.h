// SPDX-License-Identifier: Apache-2.0
//
// What sockets of one kernel share: names and ports in use.

#ifndef KERNEL_NET_NETWORK_H_
#define KERNEL_NET_NETWORK_H_

#include "kernel/net/inet.h"
#include "kernel/net/netlink.h"
#include "kernel/net/unix.h"

namespace emu {

// Owned by Subsystems.
struct Network {
  UnixNames unix_names;
  InetPorts tcp_ports;
  InetPorts udp_ports;
  InetPorts udplite_ports;
  NetlinkPorts netlink_ports;
};

}  // namespace emu

#endif  // KERNEL_NET_NETWORK_H_
