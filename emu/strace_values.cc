// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_values.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "emu/strace_names.h"
#include "emu/strace_signals.h"

namespace emu {
namespace {

// As much of strings and lists as strace shows.
constexpr size_t kShown = 32;
constexpr size_t kLongestPath = 4096;
constexpr uint64_t kPage = 4096;

std::string Escaped(absl::string_view bytes) {
  std::string text = "\"";
  for (size_t i = 0; i < bytes.size(); ++i) {
    const unsigned char c = bytes[i];
    switch (c) {
      case '"':
        text += "\\\"";
        continue;
      case '\\':
        text += "\\\\";
        continue;
      case '\n':
        text += "\\n";
        continue;
      case '\r':
        text += "\\r";
        continue;
      case '\t':
        text += "\\t";
        continue;
      case '\v':
        text += "\\v";
        continue;
      case '\f':
        text += "\\f";
        continue;
    }
    if (c >= 0x20 && c < 0x7f) {
      text += static_cast<char>(c);
      continue;
    }
    // Three digits where the next character could be taken for one more.
    const bool digit_follows = i + 1 < bytes.size() && isdigit(bytes[i + 1]);
    text += digit_follows ? absl::StrFormat("\\%03o", c)
                          : absl::StrFormat("\\%o", c);
  }
  return text + "\"";
}

}  // namespace

std::string PointerText(uint64_t value) {
  return value == 0 ? "NULL" : absl::StrCat("0x", absl::Hex(value));
}

std::string ModeText(uint64_t mode) { return absl::StrFormat("%#03o", mode); }

std::string FileModeText(uint32_t mode) {
  std::string text = ValueName(mode & S_IFMT, kFileTypeNames);
  if (mode & S_ISUID) text += "|S_ISUID";
  if (mode & S_ISGID) text += "|S_ISGID";
  if (mode & S_ISVTX) text += "|S_ISVTX";
  return absl::StrFormat("%s|%#03o", text, mode & 0777);
}

std::string OpenFlagsText(uint64_t flags, bool has_access) {
  static constexpr const char* kModes[] = {"O_RDONLY", "O_WRONLY", "O_RDWR",
                                           "O_ACCMODE"};
  std::string text = has_access ? kModes[flags & O_ACCMODE] : "";
  if (has_access) flags &= ~uint64_t{O_ACCMODE};
  const std::string rest = FlagNames(flags, kOpenFlagNames, "");
  if (!rest.empty()) absl::StrAppend(&text, text.empty() ? "" : "|", rest);
  return text.empty() ? "0" : text;
}

std::string CloneFlagsText(uint64_t flags) {
  std::string text = FlagNames(flags & ~uint64_t{0xff}, kCloneFlagNames, "");
  const int signo = static_cast<int>(flags & 0xff);
  if (signo != 0) {
    absl::StrAppend(&text, text.empty() ? "" : "|", SignalName(signo));
  }
  return text.empty() ? "0" : text;
}

std::string GuestValues::ReadBytes(GuestAddr from, size_t n) {
  std::string bytes(n, '\0');
  bytes.resize(memory_(bytes.data(), from, n));
  return bytes;
}

bool GuestValues::ReadString(GuestAddr from, size_t most, std::string* text) {
  text->clear();
  while (text->size() < most) {
    // Page by page: the next may not be there.
    const size_t n =
        std::min<uint64_t>(kPage - from % kPage, most - text->size());
    const std::string part = ReadBytes(from, n);
    const size_t end = part.find('\0');
    text->append(part, 0, end);
    if (end != std::string::npos) return true;
    if (part.size() < n) return false;
    from += n;
  }
  return true;
}

std::string GuestValues::Path(GuestAddr addr) {
  std::string text;
  if (addr == 0 || !ReadString(addr, kLongestPath, &text)) {
    return PointerText(addr);
  }
  return Escaped(text);
}

std::string GuestValues::Bytes(GuestAddr addr, uint64_t length) {
  if (addr == 0) return "NULL";
  const std::string bytes = ReadBytes(addr, std::min<uint64_t>(length, kShown));
  if (bytes.empty() && length != 0) return PointerText(addr);
  return absl::StrCat(Escaped(bytes), length > kShown ? "..." : "");
}

std::string GuestValues::Strings(GuestAddr list) {
  if (list == 0) return "NULL";
  std::string text = "[";
  for (size_t i = 0;; ++i) {
    GuestAddr addr = 0;
    if (!Read(list + 8 * i, &addr)) return PointerText(list);
    if (addr == 0) break;
    absl::StrAppend(&text, i > 0 ? ", " : "");
    if (i == kShown) {
      text += "...";
      break;
    }
    std::string argument;
    absl::StrAppend(&text, ReadString(addr, kShown + 1, &argument)
                               ? Escaped(argument.substr(0, kShown))
                               : PointerText(addr));
    if (argument.size() > kShown) text += "...";
  }
  return text + "]";
}

std::string GuestValues::StringCount(GuestAddr list) {
  if (list == 0) return "NULL";
  size_t count = 0;
  GuestAddr addr = 0;
  while (count < 100'000 && Read(list + 8 * count, &addr) && addr != 0) {
    ++count;
  }
  return absl::StrCat(PointerText(list), " /* ", count,
                      count == 1 ? " var */" : " vars */");
}

std::string GuestValues::Sigset(GuestAddr addr) {
  uint64_t mask = 0;
  return Read(addr, &mask) ? SignalSetText(mask) : PointerText(addr);
}

std::string GuestValues::Sigaction(GuestAddr addr) {
  struct {
    uint64_t handler, flags, restorer, mask;
  } action;
  if (!Read(addr, &action)) return PointerText(addr);
  const std::string handler = action.handler == 0 ? "SIG_DFL"
                              : action.handler == 1
                                  ? "SIG_IGN"
                                  : PointerText(action.handler);
  std::string text = absl::StrCat(
      "{sa_handler=", handler, ", sa_mask=", SignalSetText(action.mask),
      ", sa_flags=", FlagNames(action.flags, kSigactionFlagNames));
  if (action.flags & 0x04000000) {
    absl::StrAppend(&text, ", sa_restorer=", PointerText(action.restorer));
  }
  return text + "}";
}

std::string GuestValues::Timespecs(GuestAddr addr, int count) {
  timespec times[2] = {};
  if (addr == 0) return "NULL";
  const size_t size = sizeof(timespec) * count;
  if (memory_(times, addr, size) != size) return PointerText(addr);
  std::string text = count > 1 ? "[" : "";
  for (int i = 0; i < count; ++i) {
    absl::StrAppend(&text, i > 0 ? ", " : "", "{tv_sec=", times[i].tv_sec,
                    ", tv_nsec=", times[i].tv_nsec, "}");
  }
  return text + (count > 1 ? "]" : "");
}

std::string GuestValues::FileTimes(GuestAddr addr) {
  timespec times[2];
  if (!Read(addr, &times)) return PointerText(addr);
  std::string text;
  for (const timespec& time : times) {
    absl::StrAppend(&text, text.empty() ? "[" : ", ");
    if (time.tv_nsec == UTIME_NOW || time.tv_nsec == UTIME_OMIT) {
      text += time.tv_nsec == UTIME_NOW ? "UTIME_NOW" : "UTIME_OMIT";
      continue;
    }
    absl::StrAppend(&text, "{tv_sec=", time.tv_sec, ", tv_nsec=", time.tv_nsec,
                    "}");
    if (time.tv_sec == 0 && time.tv_nsec == 0) continue;
    absl::StrAppend(
        &text, " /* ",
        absl::FormatTime(time.tv_nsec == 0 ? "%Y-%m-%dT%H:%M:%S%z"
                                           : "%Y-%m-%dT%H:%M:%E9S%z",
                         absl::TimeFromTimespec(time), absl::UTCTimeZone()),
        " */");
  }
  return text + "]";
}

std::string GuestValues::Sockaddr(GuestAddr addr, uint64_t length) {
  union {
    sockaddr any;
    sockaddr_un un;
    sockaddr_in in;
    sockaddr_in6 in6;
    sockaddr_nl nl;
    char bytes[128];
  } address = {};
  length = std::min<uint64_t>(length, sizeof(address.bytes));
  if (addr == 0) return "NULL";
  if (length < 2 || memory_(&address, addr, length) != length) {
    return PointerText(addr);
  }
  char text[INET6_ADDRSTRLEN] = "";
  switch (address.any.sa_family) {
    case AF_UNIX: {
      const absl::string_view path(address.un.sun_path, length - 2);
      if (path.empty()) return "{sa_family=AF_UNIX}";
      if (path[0] == '\0') {
        return absl::StrCat("{sa_family=AF_UNIX, sun_path=@",
                            Escaped(path.substr(1)), "}");
      }
      return absl::StrCat("{sa_family=AF_UNIX, sun_path=",
                          Escaped(path.substr(0, path.find('\0'))), "}");
    }
    case AF_INET:
      if (length < sizeof(address.in)) break;
      inet_ntop(AF_INET, &address.in.sin_addr, text, sizeof(text));
      return absl::StrCat("{sa_family=AF_INET, sin_port=htons(",
                          ntohs(address.in.sin_port),
                          "), sin_addr=inet_addr(\"", text, "\")}");
    case AF_INET6:
      if (length < offsetof(sockaddr_in6, sin6_scope_id)) break;
      inet_ntop(AF_INET6, &address.in6.sin6_addr, text, sizeof(text));
      return absl::StrCat(
          "{sa_family=AF_INET6, sin6_port=htons(",
          ntohs(address.in6.sin6_port), "), sin6_flowinfo=htonl(",
          ntohl(address.in6.sin6_flowinfo), "), inet_pton(AF_INET6, \"", text,
          "\", &sin6_addr), sin6_scope_id=", address.in6.sin6_scope_id, "}");
    case AF_NETLINK:
      if (length < sizeof(address.nl)) break;
      return absl::StrFormat("{sa_family=AF_NETLINK, nl_pid=%d, nl_groups=%08x}",
                             address.nl.nl_pid, address.nl.nl_groups);
    default:
      break;
  }
  const absl::string_view data(address.bytes + 2, length - 2);
  return absl::StrCat(
      "{sa_family=",
      WithUnknown(ValueName(address.any.sa_family, kDomainNames), "AF_???"),
      data.empty() ? "" : ", sa_data=", data.empty() ? "" : Escaped(data), "}");
}

std::vector<uint64_t> GuestValues::Numbers(GuestAddr addr, size_t size,
                                           size_t stride, uint64_t count) {
  std::vector<uint64_t> numbers;
  for (uint64_t i = 0; addr != 0 && i < count; ++i) {
    uint64_t number = 0;
    if (memory_(&number, addr + stride * i, size) != size) break;
    numbers.push_back(number);
  }
  return numbers;
}

std::string GuestValues::Iovec(GuestAddr addr, uint64_t count,
                               uint64_t available) {
  std::string text = "[";
  for (uint64_t i = 0; i < count; ++i) {
    struct {
      uint64_t base, length;
    } part;
    if (!Read(addr + 16 * i, &part)) return PointerText(addr);
    absl::StrAppend(&text, i > 0 ? ", " : "");
    if (i == kShown) {
      text += "...";
      break;
    }
    const uint64_t shown = std::min(part.length, available);
    available -= shown;
    absl::StrAppend(&text, "{iov_base=", Bytes(part.base, shown),
                    ", iov_len=", part.length, "}");
  }
  return text + "]";
}

std::string GuestValues::RemoteIovec(GuestAddr addr, uint64_t count) {
  std::string text = "[";
  for (uint64_t i = 0; i < std::min<uint64_t>(count, kShown); ++i) {
    struct {
      uint64_t base, length;
    } part;
    if (!Read(addr + sizeof(part) * i, &part)) return PointerText(addr);
    absl::StrAppend(&text, i > 0 ? ", " : "", "{iov_base=",
                    PointerText(part.base), ", iov_len=", part.length, "}");
  }
  return absl::StrCat(text, count > kShown ? ", ...]" : "]");
}

std::string GuestValues::Rlimit(GuestAddr addr) {
  struct {
    uint64_t soft, hard;
  } limit;
  if (!Read(addr, &limit)) return PointerText(addr);
  const auto value = [](uint64_t n) {
    if (n == UINT64_MAX) return std::string("RLIM64_INFINITY");
    return n > 1024 && n % 1024 == 0 ? absl::StrCat(n / 1024, "*1024")
                                     : absl::StrCat(n);
  };
  return absl::StrCat("{rlim_cur=", value(limit.soft),
                      ", rlim_max=", value(limit.hard), "}");
}

std::string GuestValues::Pollfds(GuestAddr addr, uint64_t count) {
  if (addr == 0) return "NULL";
  std::string text = "[";
  for (uint64_t i = 0; i < count; ++i) {
    pollfd fd;
    if (!Read(addr + sizeof(fd) * i, &fd)) return PointerText(addr);
    absl::StrAppend(&text, i > 0 ? ", " : "");
    if (i == kShown) {
      text += "...";
      break;
    }
    absl::StrAppend(&text, "{fd=", fd.fd, ", events=",
                    FlagNames(static_cast<uint16_t>(fd.events), kPollNames),
                    "}");
  }
  return text + "]";
}

std::string GuestValues::PolledFds(GuestAddr addr, uint64_t count) {
  std::string text;
  for (uint64_t i = 0, shown = 0; i < count && shown < kShown; ++i) {
    pollfd fd;
    if (!Read(addr + sizeof(fd) * i, &fd)) return PointerText(addr);
    if (fd.revents == 0) continue;
    ++shown;
    absl::StrAppend(&text, text.empty() ? "[" : ", ", "{fd=", fd.fd,
                    ", revents=",
                    FlagNames(static_cast<uint16_t>(fd.revents), kPollNames),
                    "}");
  }
  return text + "]";
}

std::string GuestValues::FdSet(GuestAddr addr, uint64_t count) {
  if (addr == 0) return "NULL";
  uint64_t words[FD_SETSIZE / 64];
  count = std::min<uint64_t>(count, FD_SETSIZE);
  const size_t size = (count + 63) / 64 * 8;
  if (memory_(words, addr, size) != size) return PointerText(addr);
  std::string text = "[";
  for (uint64_t fd = 0; fd < count; ++fd) {
    if ((words[fd / 64] >> (fd % 64) & 1) == 0) continue;
    absl::StrAppend(&text, text == "[" ? "" : " ", fd);
  }
  return text + "]";
}

std::string GuestValues::EpollEvents(GuestAddr addr, uint64_t count,
                                     bool list) {
  if (addr == 0) return "NULL";
  std::string text = list ? "[" : "";
  for (uint64_t i = 0; i < count; ++i) {
    epoll_event event;
    if (!Read(addr + sizeof(event) * i, &event)) return PointerText(addr);
    absl::StrAppend(&text, i > 0 ? ", " : "");
    if (i == kShown) {
      text += "...";
      break;
    }
    const uint64_t data = event.data.u64;
    absl::StrAppend(&text, "{events=", FlagNames(event.events, kEpollNames),
                    ", data={u32=", static_cast<uint32_t>(data), ", u64=", data,
                    "}}");
  }
  return text + (list ? "]" : "");
}

std::string GuestValues::Stat(GuestAddr addr) {
  // What is behind the size is not shown, and may not be known.
  struct stat st;
  constexpr size_t kPart = offsetof(struct stat, st_size) + sizeof(st.st_size);
  if (addr == 0 || memory_(&st, addr, kPart) != kPart) return PointerText(addr);
  const std::string rest =
      S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)
          ? absl::StrFormat("st_rdev=makedev(%#x, %#x)", major(st.st_rdev),
                            minor(st.st_rdev))
          : absl::StrCat("st_size=", st.st_size);
  return absl::StrCat("{st_mode=", FileModeText(st.st_mode), ", ", rest,
                      ", ...}");
}

std::string GuestValues::WaitStatus(GuestAddr addr, bool found) {
  int status = 0;
  if (!Read(addr, &status)) return PointerText(addr);
  if (!found) return PointerText(addr);
  if (WIFEXITED(status)) {
    return absl::StrCat(
        "[{WIFEXITED(s) && WEXITSTATUS(s) == ", WEXITSTATUS(status), "}]");
  }
  if (WIFSIGNALED(status)) {
    return absl::StrCat("[{WIFSIGNALED(s) && WTERMSIG(s) == ",
                        SignalName(WTERMSIG(status)), "}]");
  }
  if (WIFSTOPPED(status)) {
    return absl::StrCat("[{WIFSTOPPED(s) && WSTOPSIG(s) == ",
                        SignalName(WSTOPSIG(status)), "}]");
  }
  return "[{WIFCONTINUED(s)}]";
}

std::string GuestValues::FdPair(GuestAddr addr) {
  int fds[2];
  if (!Read(addr, &fds)) return PointerText(addr);
  return absl::StrCat("[", fds[0], ", ", fds[1], "]");
}

std::string GuestValues::Utsname(GuestAddr addr) {
  utsname names;
  if (!Read(addr, &names)) return PointerText(addr);
  return absl::StrCat("{sysname=", Escaped(names.sysname),
                      ", nodename=", Escaped(names.nodename), ", ...}");
}

}  // namespace emu
