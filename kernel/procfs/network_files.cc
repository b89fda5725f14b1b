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
    {"packet",
     "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"},
    {"raw", kInet},
    {"raw6", kInet6},
    {"route",
     "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\t"
     "Window\tIRTT                                                       \n"},
    // Nothing is counted where there are no packets.
    {"snmp",
     "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors "
     "ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests "
     "OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails "
     "FragOKs FragFails FragCreates OutTransmits\n"
     "Ip: 2 64 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
     "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens "
     "AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs "
     "OutRsts InCsumErrors\n"
     "Tcp: 1 200 120000 -1 0 0 0 0 0 0 0 0 0 0 0\n"
     "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors "
     "SndbufErrors InCsumErrors IgnoredMulti MemErrors\n"
     "Udp: 0 0 0 0 0 0 0 0 0\n"},
};

}  // namespace

void AddNetworkFiles(Kernel& kernel, PseudoDirectory& net) {
  for (const Table& table : kTables) net.AddText(table.name, table.text);
  AddSocketFiles(kernel, net);
}

}  // namespace emu
