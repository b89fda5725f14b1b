// SPDX-License-Identifier: Apache-2.0
//
// The sockets in /proc/net, in the formats that ss(8) and netstat(8) read.
// Kernel addresses are shown as to the unprivileged: as 0.

#include <linux/net.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "kernel/kernel.h"
#include "kernel/net/network.h"
#include "kernel/procfs/procfs.h"
#include "kernel/procfs/pseudo_fs.h"
#include "kernel/subsystems.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

constexpr char kNoAddress[] = "0000000000000000";
constexpr char kTcpHeader[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
    "retrnsmt   uid  timeout inode";
constexpr char kUdpHeader[] =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
    "retrnsmt   uid  timeout inode ref pointer drops";
constexpr char kTcp6Header[] =
    "  sl  local_address                         remote_address            "
    "            st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n";
constexpr char kUdp6Header[] =
    "  sl  local_address                         remote_address            "
    "            st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode ref pointer drops\n";
// IPv4's lines are filled up to these.
constexpr int kTcpWidth = 149;
constexpr int kUdpWidth = 127;
// What the protocols serve, by Linux's letters.
constexpr char kDatagramCalls[] = "yyynyyynyyyynnyyyn";
constexpr char kTcpCalls[] = "yyyyyyyyyyyynyyyyy";
constexpr uint32_t kAcceptsConnections = 1 << 16;  // __SO_ACCEPTCON

Network& NetworkOf(Kernel& kernel) { return *kernel.subsystems().network; }

// An address as words of the host's order, and the port.
std::string Name(const Endpoint& endpoint, int domain) {
  std::string name;
  const size_t first = domain == AF_INET ? 12 : 0;
  for (size_t i = first; i < endpoint.ip.bytes.size(); i += 4) {
    uint32_t word;
    memcpy(&word, &endpoint.ip.bytes[i], sizeof(word));
    absl::StrAppendFormat(&name, "%08X", word);
  }
  absl::StrAppendFormat(&name, ":%04X", endpoint.port);
  return name;
}

// A line's number and what stands in front of the inode's.
std::string FirstFields(int number, int width, int domain,
                        const Endpoint& local, const Endpoint& remote,
                        const InetSocket::Status& status, int timer,
                        uint64_t ticks, Uid uid) {
  return absl::StrFormat("%*d: %s %s %02X %08X:%08X %02X:%08X %08X %5u %8d ",
                         width, number, Name(local, domain),
                         Name(remote, domain), status.state, status.unsent,
                         status.unread, timer, ticks, 0, uid, 0);
}

std::string Fill(std::string line, int domain, int width) {
  if (domain == AF_INET) line.resize(std::max<size_t>(line.size(), width), ' ');
  return line + "\n";
}

// Those of `domain`, listening ones first.
std::vector<const InetSocket*> SocketsOf(const InetPorts& ports, int domain) {
  std::vector<const InetSocket*> sockets;
  for (const bool listening : {true, false}) {
    for (const auto& [port, bound] : ports.by_port()) {
      for (const InetSocket* socket : bound) {
        const bool listens = socket->GetStatus().state == TCP_LISTEN;
        if (socket->domain() == domain && listens == listening) {
          sockets.push_back(socket);
        }
      }
    }
  }
  return sockets;
}

std::string TcpTable(Kernel& kernel, int domain) {
  const InetPorts& ports = NetworkOf(kernel).tcp_ports;
  std::string text = domain == AF_INET
                         ? Fill(kTcpHeader, domain, kTcpWidth)
                         : kTcp6Header;
  int number = 0;
  for (const InetSocket* socket : SocketsOf(ports, domain)) {
    const InetSocket::Status status = socket->GetStatus();
    // Bound and no more: it is in no table.
    if (status.state == TCP_CLOSE) continue;
    const bool listens = status.state == TCP_LISTEN;
    std::string line = FirstFields(
        number++, 4, domain, socket->local(), socket->remote(),
        listens ? InetSocket::Status{status.state, 0, status.unread} : status,
        0, 0, socket->owner_uid());
    absl::StrAppend(&line, socket->inode().ino(), " 1 ", kNoAddress,
                    listens ? " 100 0 0 10 0" : " 20 4 30 10 -1");
    text += Fill(std::move(line), domain, kTcpWidth);
  }
  const Nanos now = kernel.clock().now();
  for (const auto& [names, ended] : ports.ended()) {
    if (ended.domain != domain || ended.until <= now) continue;
    const int state = ended.peer_ended ? TCP_TIME_WAIT : TCP_FIN_WAIT2;
    std::string line =
        FirstFields(number++, 4, domain, ended.local, ended.remote,
                    {.state = state}, 3, ToClockTicks(ended.until - now), 0);
    absl::StrAppend(&line, "0 3 ", kNoAddress);
    text += Fill(std::move(line), domain, kTcpWidth);
  }
  return text;
}

std::string UdpTable(const InetPorts& ports, int domain) {
  std::string text = domain == AF_INET
                         ? Fill(kUdpHeader, domain, kUdpWidth)
                         : kUdp6Header;
  for (const InetSocket* socket : SocketsOf(ports, domain)) {
    // Numbered by what Linux has as hash: the port.
    std::string line = FirstFields(socket->local().port, 5, domain,
                                   socket->local(), socket->remote(),
                                   socket->GetStatus(), 0, 0,
                                   socket->owner_uid());
    absl::StrAppend(&line, socket->inode().ino(), " 2 ", kNoAddress, " 0");
    text += Fill(std::move(line), domain, kUdpWidth);
  }
  return text;
}

std::string UnixTable(Kernel& kernel) {
  std::string text =
      "Num       RefCount Protocol Flags    Type St Inode Path\n";
  for (const auto& [ino, socket] : NetworkOf(kernel).unix_names.all()) {
    const UnixSocket::Status status = socket->GetStatus();
    const uint32_t flags = status.listening ? kAcceptsConnections : 0;
    absl::StrAppendFormat(&text, "%s: %08X %08X %08X %04X %02X %5u", kNoAddress,
                          status.state == SS_CONNECTED ? 3 : 2, 0, flags,
                          status.type, status.state, ino);
    if (!status.name.empty()) {
      // The abstract ones begin with a 0, which is shown so.
      std::string name = status.name;
      for (char& c : name) c = c == '\0' ? '@' : c;
      absl::StrAppend(&text, " ", name);
    }
    text += "\n";
  }
  return text;
}

std::string NetlinkTable(Kernel& kernel) {
  std::string text =
      "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks"
      "    Drops    Inode\n";
  for (const auto& [name, socket] : NetworkOf(kernel).netlink_ports) {
    absl::StrAppendFormat(
        &text, "%s %-3d %-10u %08x %-8d %-8d %-5d %-8d %-8u %-8u\n", kNoAddress,
        name.first, name.second, socket->groups(), socket->queued(), 0, 0, 2, 0,
        socket->inode().ino());
  }
  return text;
}

struct Counts {
  int listening = 0, connected = 0, ended = 0, all = 0;
};

Counts CountTcp(Kernel& kernel, int domain) {
  const InetPorts& ports = NetworkOf(kernel).tcp_ports;
  Counts counts;
  for (const InetSocket* socket : SocketsOf(ports, domain)) {
    const int state = socket->GetStatus().state;
    counts.listening += state == TCP_LISTEN;
    counts.connected += state != TCP_LISTEN && state != TCP_CLOSE;
    ++counts.all;
  }
  for (const auto& [names, ended] : ports.ended()) {
    counts.ended +=
        ended.domain == domain && ended.until > kernel.clock().now();
  }
  return counts;
}

size_t CountUdp(const InetPorts& ports, int domain) {
  return SocketsOf(ports, domain).size();
}

std::string SocketStatistics(Kernel& kernel) {
  Network& network = NetworkOf(kernel);
  const Counts four = CountTcp(kernel, AF_INET);
  const Counts six = CountTcp(kernel, AF_INET6);
  const size_t udp = CountUdp(network.udp_ports, AF_INET);
  const size_t lite = CountUdp(network.udplite_ports, AF_INET);
  const size_t used = four.all + six.all + udp + lite +
                      CountUdp(network.udp_ports, AF_INET6) +
                      CountUdp(network.udplite_ports, AF_INET6) +
                      network.unix_names.all().size() +
                      network.netlink_ports.size();
  return absl::StrCat(
      "sockets: used ", used, "\nTCP: inuse ", four.listening + four.connected,
      " orphan 0 tw ", four.ended + six.ended, " alloc ", four.all + six.all,
      " mem 0\nUDP: inuse ", udp, " mem 0\nUDPLITE: inuse ", lite,
      "\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n");
}

std::string SocketStatistics6(Kernel& kernel) {
  Network& network = NetworkOf(kernel);
  const Counts tcp = CountTcp(kernel, AF_INET6);
  return absl::StrCat("TCP6: inuse ", tcp.listening + tcp.connected,
                      "\nUDP6: inuse ", CountUdp(network.udp_ports, AF_INET6),
                      "\nUDPLITE6: inuse ",
                      CountUdp(network.udplite_ports, AF_INET6),
                      "\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n");
}

std::string Protocols(Kernel& kernel) {
  Network& network = NetworkOf(kernel);
  std::string text =
      "protocol  size sockets  memory press maxhdr  slab module     cl co di "
      "ac io in de sh ss gs se re bi br ha uh gp em\n";
  const auto add = [&](const char* name, size_t size, size_t sockets,
                       bool memory, const char* calls) {
    absl::StrAppendFormat(&text, "%-9s %4u %6d  %6d   %-3s %6u   %-3s  %-10s ",
                          name, size, sockets, memory ? 0 : -1,
                          memory ? "no" : "NI", 0, "yes", "kernel");
    for (const char* c = calls; *c != '\0'; ++c) {
      absl::StrAppend(&text, " ", std::string(1, *c), " ");
    }
    text.back() = '\n';
  };
  const auto tcp = [&](int domain) { return CountTcp(kernel, domain).all; };
  add("UDPv6", 1472, CountUdp(network.udp_ports, AF_INET6), true,
      kDatagramCalls);
  add("TCPv6", 2624, tcp(AF_INET6), true, kTcpCalls);
  add("UNIX", 1088, network.unix_names.all().size(), false,
      "ynnnnnnnnnnnnnnnnn");
  add("UDP", 1280, CountUdp(network.udp_ports, AF_INET), true,
      kDatagramCalls);
  add("TCP", 2432, tcp(AF_INET), true, kTcpCalls);
  add("NETLINK", 1112, network.netlink_ports.size(), false,
      "nnnnnnnnnnnnnnnnnn");
  return text;
}

}  // namespace

void AddSocketFiles(Kernel& kernel, PseudoDirectory& net) {
  const auto add = [&](const char* name, std::string (*text)(Kernel&)) {
    net.AddFile(name, [&kernel, text](Task&) -> Result<std::string> {
      return text(kernel);
    });
  };
  add("tcp", [](Kernel& k) { return TcpTable(k, AF_INET); });
  add("tcp6", [](Kernel& k) { return TcpTable(k, AF_INET6); });
  add("udp", [](Kernel& k) {
    return UdpTable(NetworkOf(k).udp_ports, AF_INET);
  });
  add("udp6", [](Kernel& k) {
    return UdpTable(NetworkOf(k).udp_ports, AF_INET6);
  });
  add("udplite", [](Kernel& k) {
    return UdpTable(NetworkOf(k).udplite_ports, AF_INET);
  });
  add("udplite6", [](Kernel& k) {
    return UdpTable(NetworkOf(k).udplite_ports, AF_INET6);
  });
  add("unix", UnixTable);
  add("netlink", NetlinkTable);
  add("sockstat", SocketStatistics);
  add("sockstat6", SocketStatistics6);
  add("protocols", Protocols);
}

}  // namespace emu
