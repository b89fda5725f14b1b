// SPDX-License-Identifier: Apache-2.0
//
// /proc/net: one interface, lo, and the tables that tools read.

#include "kernel/procfs/procfs.h"
#include "kernel/procfs/pseudo_fs.h"

namespace emu {
namespace {

struct Table {
  const char* name;
  const char* text;
};

constexpr char kInet[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
    "retrnsmt   uid  timeout inode ref pointer drops\n";
constexpr char kInet6[] =
    "  sl  local_address                         remote_address            "
    "            st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode ref pointer drops\n";

constexpr Table kTables[] = {
    {"arp",
     "IP address       HW type     Flags       HW address            Mask   "
     "  Device\n"},
    {"dev",
     "Inter-|   Receive                                                |  "
     "Transmit\n"
     " face |bytes    packets errs drop fifo frame compressed multicast|bytes"
     "    packets errs drop fifo colls carrier compressed\n"
     "    lo:       0       0    0    0    0     0          0         0"
     "        0       0    0    0    0     0       0          0\n"},
    {"if_inet6",
     "00000000000000000000000000000001 01 80 10 80       lo\n"},
    {"ipv6_route",
     "00000000000000000000000000000001 80 00000000000000000000000000000000 00 "
     "00000000000000000000000000000000 00000000 00000001 00000000 80200001"
     "       lo\n"},
    {"netlink",
     "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks"
     "    Drops    Inode\n"},
    {"packet",
     "sk       RefCnt Type Proto  Iface R Rmem   User   Inode\n"},
    {"raw", kInet},
    {"raw6", kInet6},
    {"route",
     "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\t"
     "Window\tIRTT                                                       \n"},
    {"tcp", kInet},
    {"tcp6", kInet6},
    {"udp", kInet},
    {"udp6", kInet6},
    {"unix",
     "Num       RefCount Protocol Flags    Type St Inode Path\n"},
};

}  // namespace

void AddNetworkFiles(Kernel&, PseudoDirectory& net) {
  for (const Table& table : kTables) net.AddText(table.name, table.text);
}

}  // namespace emu
