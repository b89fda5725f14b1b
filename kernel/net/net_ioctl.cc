// SPDX-License-Identifier: Apache-2.0

#include "kernel/net/net_ioctl.h"

#include <linux/capability.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/string_view.h"
#include "arch/abi/socket.h"
#include "kernel/task.h"

namespace emu {
namespace {

void PutAddress(abi::ifreq& request, uint32_t address) {
  sockaddr_in in = {};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(address);
  memcpy(request.data, &in, sizeof(in));
}

template <typename T>
void PutValue(abi::ifreq& request, T value) {
  memcpy(request.data, &value, sizeof(value));
}

// SIOCGIFCONF: one ifreq an interface, or the length that they need.
Result<> ListInterfaces(Task& task, GuestAddr arg) {
  abi::ifconf list = TRY(task.Read(UserPtr<const abi::ifconf>(arg)));
  if (list.buf != 0 && list.len < static_cast<int>(sizeof(abi::ifreq))) {
    list.len = 0;
  } else {
    list.len = sizeof(abi::ifreq);
    abi::ifreq lo = {};
    memcpy(lo.name, kLoopbackName, sizeof(kLoopbackName));
    PutAddress(lo, INADDR_LOOPBACK);
    if (list.buf != 0) {
      TRY(task.Write(UserPtr<abi::ifreq>(list.buf), lo));
    }
  }
  return task.Write(UserPtr<abi::ifconf>(arg), list);
}

// Fills in what `code` asks of the loopback.
Result<> Answer(uint32_t code, abi::ifreq& request) {
  switch (code) {
    case SIOCGIFFLAGS:
      PutValue<int16_t>(request, IFF_UP | IFF_LOOPBACK | IFF_RUNNING);
      return {};
    case SIOCGIFADDR:
      PutAddress(request, INADDR_LOOPBACK);
      return {};
    case SIOCGIFNETMASK:
      PutAddress(request, IN_CLASSA_NET);
      return {};
    case SIOCGIFBRDADDR:
    case SIOCGIFDSTADDR:
      PutAddress(request, code == SIOCGIFDSTADDR ? INADDR_LOOPBACK : 0);
      return {};
    case SIOCGIFMTU:
      PutValue<int32_t>(request, kLoopbackMtu);
      return {};
    case SIOCGIFINDEX:
      PutValue<int32_t>(request, kLoopbackIndex);
      return {};
    case SIOCGIFMETRIC:
      PutValue<int32_t>(request, 0);
      return {};
    case SIOCGIFTXQLEN:
      PutValue<int32_t>(request, kLoopbackQueueLength);
      return {};
    case SIOCGIFMAP:
      memset(request.data, 0, sizeof(request.data));
      return {};
    case SIOCGIFHWADDR:
      memset(request.data, 0, sizeof(request.data));
      PutValue<uint16_t>(request, ARPHRD_LOOPBACK);
      return {};
    default:
      return Errno(ENOTTY);
  }
}

bool IsInterfaceRequest(uint32_t code) {
  return code >= SIOCGIFNAME && code <= SIOCSIFTXQLEN;
}

bool Changes(uint32_t code) {
  switch (code) {
    case SIOCSIFFLAGS:
    case SIOCSIFADDR:
    case SIOCSIFDSTADDR:
    case SIOCSIFBRDADDR:
    case SIOCSIFNETMASK:
    case SIOCSIFMETRIC:
    case SIOCSIFMTU:
    case SIOCSIFNAME:
    case SIOCSIFHWADDR:
    case SIOCSIFTXQLEN:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<int64_t> InterfaceIoctl(Task& task, uint32_t request, GuestAddr arg) {
  if (request == SIOCGIFCONF) {
    TRY(ListInterfaces(task, arg));
    return 0;
  }
  if (!IsInterfaceRequest(request)) return Errno(ENOTTY);
  const UserPtr<abi::ifreq> at(arg);
  abi::ifreq wanted = TRY(task.Read(at));
  // The guests' network is as it is.
  if (Changes(request)) return Errno(EPERM);
  if (request == SIOCGIFNAME) {
    int index;
    memcpy(&index, wanted.data, sizeof(index));
    if (index != kLoopbackIndex) return Errno(ENODEV);
    memcpy(wanted.name, kLoopbackName, sizeof(kLoopbackName));
  } else {
    wanted.name[abi::kIfNameSize - 1] = '\0';
    if (absl::string_view(wanted.name) != kLoopbackName) {
      return Errno(ENODEV);
    }
    TRY(Answer(request, wanted));
  }
  TRY(task.Write(at, wanted));
  return 0;
}

}  // namespace emu
