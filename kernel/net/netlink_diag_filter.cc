// SPDX-License-Identifier: Apache-2.0
//
// The small programs with which ss(8) says what sockets it wants: operations of
// four bytes and their arguments, each a condition with a jump forward for yes
// and one for no. Behind the end: let through; four bytes further: not.

#include <linux/inet_diag.h>
#include <sys/socket.h>

#include <cstring>

#include "kernel/net/netlink_diag.h"

namespace emu {
namespace {

constexpr size_t kOp = sizeof(inet_diag_bc_op);
static_assert(kOp == 4);

template <typename T>
T At(absl::string_view code, size_t offset) {
  T value;
  memcpy(&value, code.data() + offset, sizeof(value));
  return value;
}

size_t AddressSize(int family) {
  return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

// How long the operation that `code` begins with is; 0: there is no such one.
size_t LengthOf(absl::string_view code) {
  switch (At<inet_diag_bc_op>(code, 0).code) {
    case INET_DIAG_BC_NOP:
    case INET_DIAG_BC_JMP:
    case INET_DIAG_BC_AUTO:
      return kOp;
    case INET_DIAG_BC_S_GE:
    case INET_DIAG_BC_S_LE:
    case INET_DIAG_BC_D_GE:
    case INET_DIAG_BC_D_LE:
    case INET_DIAG_BC_S_EQ:
    case INET_DIAG_BC_D_EQ:
      return 2 * kOp;
    case INET_DIAG_BC_DEV_COND:
      return kOp + sizeof(uint32_t);
    case INET_DIAG_BC_MARK_COND:
      return kOp + sizeof(inet_diag_markcond);
    case INET_DIAG_BC_S_COND:
    case INET_DIAG_BC_D_COND: {
      if (code.size() < kOp + sizeof(inet_diag_hostcond)) return 0;
      const auto host = At<inet_diag_hostcond>(code, kOp);
      const size_t size = AddressSize(host.family);
      if (size == 0 && host.family != AF_UNSPEC) return 0;
      if (host.prefix_len > 8 * size) return 0;
      return kOp + sizeof(host) + size;
    }
    default:
      return 0;
  }
}

// Whether a chain of yeses leads to `offset`.
bool IsReached(absl::string_view code, size_t offset) {
  size_t at = 0;
  while (at < offset && at + kOp <= code.size()) {
    const size_t yes = At<inet_diag_bc_op>(code, at).yes;
    if (yes < kOp || yes % kOp != 0) return false;
    at += yes;
  }
  return at == offset;
}

bool SharePrefix(const uint8_t* a, const uint8_t* b, size_t bits) {
  if (memcmp(a, b, bits / 8) != 0) return false;
  const uint8_t mask = static_cast<uint8_t>(0xff00 >> bits % 8);
  return bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

bool IsHost(absl::string_view op, const IpAddress& ip, uint16_t port,
            int family) {
  const auto host = At<inet_diag_hostcond>(op, kOp);
  if (host.port != -1 && host.port != port) return false;
  const bool mapped =
      family == AF_INET6 && host.family == AF_INET && ip.IsV4();
  if (host.family != AF_UNSPEC && host.family != family && !mapped) {
    return false;
  }
  const auto* wanted =
      reinterpret_cast<const uint8_t*>(op.data()) + kOp + sizeof(host);
  const uint8_t* own = ip.bytes.data() + (host.family == AF_INET ? 12 : 0);
  return SharePrefix(own, wanted, host.prefix_len);
}

bool Holds(absl::string_view op, const DiagSocket& socket) {
  const uint8_t code = At<inet_diag_bc_op>(op, 0).code;
  const auto port = [&] { return At<inet_diag_bc_op>(op, kOp).no; };
  switch (code) {
    case INET_DIAG_BC_JMP:
      return false;
    case INET_DIAG_BC_S_EQ:
      return socket.source_port == port();
    case INET_DIAG_BC_S_GE:
      return socket.source_port >= port();
    case INET_DIAG_BC_S_LE:
      return socket.source_port <= port();
    case INET_DIAG_BC_D_EQ:
      return socket.destination_port == port();
    case INET_DIAG_BC_D_GE:
      return socket.destination_port >= port();
    case INET_DIAG_BC_D_LE:
      return socket.destination_port <= port();
    case INET_DIAG_BC_AUTO:
      return !socket.port_chosen;
    case INET_DIAG_BC_S_COND:
      return IsHost(op, socket.source, socket.source_port, socket.family);
    case INET_DIAG_BC_D_COND:
      return IsHost(op, socket.destination, socket.destination_port,
                    socket.family);
    case INET_DIAG_BC_DEV_COND:
      return At<uint32_t>(op, kOp) == socket.device;
    case INET_DIAG_BC_MARK_COND:
      return At<inet_diag_markcond>(op, kOp).mark == 0;  // there are no marks
    default:
      return true;
  }
}

}  // namespace

Result<> CheckDiagFilter(absl::string_view code, bool net_admin) {
  if (code.size() < kOp) return Errno(EINVAL);
  size_t at = 0;
  while (at < code.size()) {
    const absl::string_view rest = code.substr(at);
    if (rest.size() < kOp) return Errno(EINVAL);
    const auto op = At<inet_diag_bc_op>(rest, 0);
    if (op.code == INET_DIAG_BC_MARK_COND && !net_admin) return Errno(EPERM);
    const size_t length = LengthOf(rest);
    if (length == 0 || length > rest.size()) return Errno(EINVAL);
    const auto leads_on = [&](size_t jump) {
      return jump >= length && jump <= rest.size() + kOp && jump % kOp == 0;
    };
    if (!leads_on(op.yes)) return Errno(EINVAL);
    if (op.code != INET_DIAG_BC_NOP &&
        (!leads_on(op.no) ||
         (op.no < rest.size() && !IsReached(code, at + op.no)))) {
      return Errno(EINVAL);
    }
    at += op.yes;
  }
  if (at != code.size()) return Errno(EINVAL);
  return {};
}

bool DiagFilterPasses(absl::string_view code, const DiagSocket& socket) {
  size_t at = 0;
  while (at < code.size()) {
    const absl::string_view op = code.substr(at);
    const auto jumps = At<inet_diag_bc_op>(op, 0);
    at += Holds(op, socket) ? jumps.yes : jumps.no;
  }
  return at == code.size();
}

}  // namespace emu
