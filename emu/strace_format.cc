// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_format.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <time.h>
#include <ctype.h>

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "arch/result.h"
#include "emu/strace_names.h"

namespace emu {
namespace {

// As much of strings and lists as strace shows.
constexpr size_t kShown = 32;
constexpr size_t kLongestPath = 4096;
constexpr uint64_t kPage = 4096;

// What an argument is. Those from kFirstOut on are filled in by the call.
enum class Kind {
  kInt, kUint, kHex, kPointer, kFd, kDirFd, kPath, kBytes, kStrings,
  kStringCount, kOpenFlags, kOpenMode, kMode, kFileMode, kAccessMode, kProt,
  kMapFlags, kCloneFlags, kAtFlags, kMsgFlags, kWaitOptions, kWhence,
  kFcntlCommand, kIoctlRequest, kFutexOp, kEpollOp, kEpollEvent, kClock,
  kDomain, kSockType, kSockFlags, kResource, kRlimit, kMadvice, kSigHow,
  kSignal, kSigset, kSigaction, kTimespec, kTimespec2, kSockaddr, kIovec,
  kPollfds,
  kFirstOut,
  kBytesOut = kFirstOut, kIovecOut, kStatOut, kTimespecOut, kSigsetOut,
  kSigactionOut, kRlimitOut, kSockaddrOut, kWaitStatusOut, kFdPairOut,
  kEpollEventsOut, kUtsnameOut,
};

struct Row {
  const char* name;
  std::vector<Kind> kinds;
};

const std::vector<Row>& Rows() {
  using enum Kind;
  // Never destroyed.
  static const auto* const rows = new std::vector<Row>{
#define K1(a) k##a
#define K2(a, b) k##a, k##b
#define K3(a, b, c) K2(a, b), k##c
#define K4(a, b, c, d) K3(a, b, c), k##d
#define K5(a, b, c, d, e) K4(a, b, c, d), k##e
#define K6(a, b, c, d, e, f) K5(a, b, c, d, e), k##f
#define KN(_1, _2, _3, _4, _5, _6, n, ...) n
#define ARGS(name, ...) \
  {#name, {KN(__VA_ARGS__, K6, K5, K4, K3, K2, K1, )(__VA_ARGS__)}},
#include "emu/strace_arguments.inc"
#undef ARGS
#undef KN
#undef K6
#undef K5
#undef K4
#undef K3
#undef K2
#undef K1
  };
  return *rows;
}

// What the row's type says: "UserPtr<const char> buf" is a pointer.
Kind KindOfParameter(absl::string_view parameter) {
  const auto starts = [parameter](absl::string_view prefix) {
    return absl::StartsWith(parameter, prefix);
  };
  if (starts("Fd ")) return Kind::kFd;
  if (starts("UserCString")) return Kind::kPath;
  if (starts("UserPtr") || starts("GuestAddr")) return Kind::kPointer;
  if (starts("int ") || starts("int32_t") || starts("Pid")) return Kind::kInt;
  return Kind::kUint;
}

std::vector<Kind> KindsOf(const TracedCall& call) {
  if (call.entry == nullptr) return std::vector<Kind>(6, Kind::kHex);
  std::vector<Kind> kinds;
  for (absl::string_view parameter :
       absl::StrSplit(call.entry->parameters, ',', absl::SkipWhitespace())) {
    kinds.push_back(KindOfParameter(absl::StripLeadingAsciiWhitespace(parameter)));
  }
  // Refused calls have no parameters in their rows.
  const bool refused = call.entry->kind == SyscallEntry::Kind::kRefused;
  for (const Row& row : Rows()) {
    if (absl::string_view(row.name) != call.entry->name) continue;
    if (kinds.empty() && refused) return row.kinds;
    for (size_t i = 0; i < std::min(kinds.size(), row.kinds.size()); ++i) {
      kinds[i] = row.kinds[i];
    }
  }
  if (kinds.empty() && refused) return std::vector<Kind>(6, Kind::kHex);
  return kinds;
}

std::string Pointer(uint64_t value) {
  return value == 0 ? "NULL" : absl::StrCat("0x", absl::Hex(value));
}

std::string Escaped(absl::string_view bytes) {
  std::string text = "\"";
  for (size_t i = 0; i < bytes.size(); ++i) {
    const unsigned char c = bytes[i];
    switch (c) {
      case '"': text += "\\\""; continue;
      case '\\': text += "\\\\"; continue;
      case '\n': text += "\\n"; continue;
      case '\r': text += "\\r"; continue;
      case '\t': text += "\\t"; continue;
      case '\v': text += "\\v"; continue;
      case '\f': text += "\\f"; continue;
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

// Formats the arguments of one call.
class Formatter {
 public:
  Formatter(const TracedCall& call, int64_t result, GuestReader memory)
      : call_(call), result_(result), memory_(memory) {}

  std::string Argument(size_t i, Kind kind) {
    const uint64_t value = call_.args[i];
    const auto number = static_cast<int64_t>(value);
    switch (kind) {
      case Kind::kInt: return absl::StrCat(static_cast<int32_t>(number));
      case Kind::kUint: return absl::StrCat(value);
      case Kind::kHex:
        return value == 0 ? "0" : absl::StrCat("0x", absl::Hex(value));
      case Kind::kFd: return absl::StrCat(static_cast<int32_t>(number));
      case Kind::kDirFd:
        return static_cast<int32_t>(number) == AT_FDCWD
                   ? "AT_FDCWD"
                   : absl::StrCat(static_cast<int32_t>(number));
      case Kind::kPath: return Path(value);
      case Kind::kBytes: return Bytes(value, Next(i));
      case Kind::kStrings: return Strings(value);
      case Kind::kStringCount: return StringCount(value);
      case Kind::kOpenFlags: return OpenFlags(value);
      case Kind::kOpenMode:
      case Kind::kMode: return absl::StrFormat("%#o", value & 0xffff);
      case Kind::kFileMode: return FileMode(static_cast<uint32_t>(value));
      case Kind::kAccessMode: return FlagNames(value, kAccessNames, "F_OK");
      case Kind::kProt: return FlagNames(value, kProtNames, "PROT_NONE");
      case Kind::kMapFlags: return FlagNames(value, kMapFlagNames);
      case Kind::kCloneFlags: return CloneFlags(value);
      case Kind::kAtFlags: return FlagNames(Low(value), kAtFlagNames);
      case Kind::kMsgFlags: return FlagNames(Low(value), kMsgFlagNames);
      case Kind::kWaitOptions: return FlagNames(Low(value), kWaitOptionNames);
      case Kind::kWhence: return ValueName(Low(value), kWhenceNames);
      case Kind::kFcntlCommand: return ValueName(Low(value), kFcntlNames);
      case Kind::kIoctlRequest: return ValueName(Low(value), kIoctlNames);
      case Kind::kFutexOp: return FutexOp(Low(value));
      case Kind::kEpollOp: return ValueName(Low(value), kEpollOpNames);
      case Kind::kEpollEvent: return EpollEvents(value, 1);
      case Kind::kClock: return ValueName(Low(value), kClockNames);
      case Kind::kDomain: return ValueName(Low(value), kDomainNames);
      case Kind::kSockType: return SockType(Low(value));
      case Kind::kSockFlags: return FlagNames(Low(value), kSockFlagNames);
      case Kind::kResource: return ValueName(Low(value), kResourceNames);
      case Kind::kMadvice: return ValueName(Low(value), kMadviceNames);
      case Kind::kSigHow: return ValueName(Low(value), kSigHowNames);
      case Kind::kSignal: return SignalName(static_cast<int32_t>(number));
      case Kind::kSigset:
      case Kind::kSigsetOut: return Sigset(value);
      case Kind::kSigaction:
      case Kind::kSigactionOut: return Sigaction(value);
      case Kind::kTimespec:
      case Kind::kTimespecOut: return Timespecs(value, 1);
      case Kind::kTimespec2: return Timespecs(value, 2);
      case Kind::kSockaddr: return Sockaddr(value, Next(i));
      case Kind::kSockaddrOut: return SockaddrOut(value, Next(i));
      case Kind::kIovec: return Iovec(value, Next(i), UINT64_MAX);
      case Kind::kIovecOut:
        return Iovec(value, Next(i), static_cast<uint64_t>(result_));
      case Kind::kRlimit:
      case Kind::kRlimitOut: return Rlimit(value);
      case Kind::kPollfds: return Pollfds(value, Next(i));
      case Kind::kBytesOut: return Bytes(value, static_cast<uint64_t>(result_));
      case Kind::kStatOut: return Stat(value);
      case Kind::kWaitStatusOut: return WaitStatus(value);
      case Kind::kFdPairOut: return FdPair(value);
      case Kind::kEpollEventsOut:
        return EpollEvents(value, static_cast<uint64_t>(result_));
      case Kind::kUtsnameOut: return Utsname(value);
      case Kind::kPointer: break;
    }
    return Pointer(value);
  }

 private:
  static uint64_t Low(uint64_t value) { return static_cast<uint32_t>(value); }

  // The length that the next argument is.
  uint64_t Next(size_t i) const { return i + 1 < 6 ? call_.args[i + 1] : 0; }

  // The object at `from`; false when it is not there.
  template <typename T>
  bool Read(GuestAddr from, T* to) {
    return from != 0 && memory_(to, from, sizeof(T)) == sizeof(T);
  }

  // At most `n` bytes, without those that are not there.
  std::string ReadBytes(GuestAddr from, size_t n) {
    std::string bytes(n, '\0');
    bytes.resize(memory_(bytes.data(), from, n));
    return bytes;
  }

  // A string's bytes up to its NUL, at most `most`; nullopt when it has none.
  bool ReadString(GuestAddr from, size_t most, std::string* text) {
    text->clear();
    while (text->size() < most) {
      // Page by page: the next may not be there.
      const size_t n = std::min<uint64_t>(kPage - from % kPage,
                                          most - text->size());
      const std::string part = ReadBytes(from, n);
      const size_t end = part.find('\0');
      text->append(part, 0, end);
      if (end != std::string::npos) return true;
      if (part.size() < n) return false;
      from += n;
    }
    return true;
  }

  std::string Path(GuestAddr addr) {
    std::string text;
    if (addr == 0 || !ReadString(addr, kLongestPath, &text)) {
      return Pointer(addr);
    }
    return Escaped(text);
  }

  std::string Bytes(GuestAddr addr, uint64_t length) {
    if (addr == 0) return "NULL";
    const std::string bytes =
        ReadBytes(addr, std::min<uint64_t>(length, kShown));
    if (bytes.empty() && length != 0) return Pointer(addr);
    return absl::StrCat(Escaped(bytes), length > kShown ? "..." : "");
  }

  std::string Strings(GuestAddr list) {
    if (list == 0) return "NULL";
    std::string text = "[";
    for (size_t i = 0;; ++i) {
      GuestAddr addr = 0;
      if (!Read(list + 8 * i, &addr)) return Pointer(list);
      if (addr == 0) break;
      absl::StrAppend(&text, i > 0 ? ", " : "");
      if (i == kShown) {
        text += "...";
        break;
      }
      std::string argument;
      absl::StrAppend(&text, ReadString(addr, kShown + 1, &argument)
                                 ? Escaped(argument.substr(0, kShown))
                                 : Pointer(addr));
      if (argument.size() > kShown) text += "...";
    }
    return text + "]";
  }

  std::string StringCount(GuestAddr list) {
    if (list == 0) return "NULL";
    size_t count = 0;
    GuestAddr addr = 0;
    while (count < 100'000 && Read(list + 8 * count, &addr) && addr != 0) {
      ++count;
    }
    return absl::StrCat(Pointer(list), " /* ", count,
                        count == 1 ? " var */" : " vars */");
  }

  std::string OpenFlags(uint64_t flags) {
    static constexpr const char* kModes[] = {"O_RDONLY", "O_WRONLY", "O_RDWR",
                                             "O_ACCMODE"};
    const bool opens = call_.entry != nullptr &&
                       absl::StartsWith(call_.entry->name, "open");
    std::string text = opens ? kModes[flags & O_ACCMODE] : "";
    if (opens) flags &= ~uint64_t{O_ACCMODE};
    const std::string rest = FlagNames(Low(flags), kOpenFlagNames, "");
    if (!rest.empty()) absl::StrAppend(&text, text.empty() ? "" : "|", rest);
    return text.empty() ? "0" : text;
  }

  std::string FileMode(uint32_t mode) {
    const std::string type = ValueName(mode & S_IFMT, kFileTypeNames);
    return absl::StrFormat("%s|%#o", type, mode & 07777);
  }

  std::string CloneFlags(uint64_t flags) {
    std::string text = FlagNames(flags & ~uint64_t{0xff}, kCloneFlagNames, "");
    if ((flags & 0xff) != 0) {
      absl::StrAppend(&text, text.empty() ? "" : "|",
                      SignalName(static_cast<int>(flags & 0xff)));
    }
    return text.empty() ? "0" : text;
  }

  std::string FutexOp(uint64_t op) {
    std::string text = ValueName(op & FUTEX_CMD_MASK, kFutexNames);
    if (op & FUTEX_PRIVATE_FLAG) text += "_PRIVATE";
    if (op & FUTEX_CLOCK_REALTIME) text += "|FUTEX_CLOCK_REALTIME";
    return text;
  }

  std::string SockType(uint64_t type) {
    const std::string flags = FlagNames(type & ~uint64_t{0xf}, kSockFlagNames, "");
    return absl::StrCat(ValueName(type & 0xf, kSockTypeNames),
                        flags.empty() ? "" : "|", flags);
  }

  std::string SignalSet(uint64_t mask) {
    // The shorter of the set and its complement, as strace does.
    const bool inverted = __builtin_popcountll(mask) > 32;
    std::string text = inverted ? "~[" : "[";
    for (int signo = 1; signo <= 64; ++signo) {
      if (((mask >> (signo - 1)) & 1) == (inverted ? 1 : 0)) continue;
      absl::StrAppend(&text, text.back() == '[' ? "" : " ",
                      absl::StripPrefix(SignalName(signo), "SIG"));
    }
    return text + "]";
  }

  std::string Sigset(GuestAddr addr) {
    uint64_t mask = 0;
    return Read(addr, &mask) ? SignalSet(mask) : Pointer(addr);
  }

  std::string Sigaction(GuestAddr addr) {
    struct {
      uint64_t handler, flags, restorer, mask;
    } action;
    if (!Read(addr, &action)) return Pointer(addr);
    const std::string handler = action.handler == 0   ? "SIG_DFL"
                                : action.handler == 1 ? "SIG_IGN"
                                                      : Pointer(action.handler);
    std::string text = absl::StrCat(
        "{sa_handler=", handler, ", sa_mask=", SignalSet(action.mask),
        ", sa_flags=", FlagNames(action.flags, kSigactionFlagNames));
    if (action.flags & 0x04000000) {
      absl::StrAppend(&text, ", sa_restorer=", Pointer(action.restorer));
    }
    return text + "}";
  }

  std::string Timespecs(GuestAddr addr, int count) {
    timespec times[2] = {};
    if (addr == 0) return "NULL";
    const size_t size = sizeof(timespec) * count;
    if (memory_(times, addr, size) != size) return Pointer(addr);
    std::string text = count > 1 ? "[" : "";
    for (int i = 0; i < count; ++i) {
      absl::StrAppend(&text, i > 0 ? ", " : "", "{tv_sec=", times[i].tv_sec,
                      ", tv_nsec=", times[i].tv_nsec, "}");
    }
    return text + (count > 1 ? "]" : "");
  }

  std::string Sockaddr(GuestAddr addr, uint64_t length) {
    union {
      sockaddr any;
      sockaddr_un un;
      sockaddr_in in;
      sockaddr_in6 in6;
      char bytes[128];
    } address = {};
    length = std::min<uint64_t>(length, sizeof(address.bytes));
    if (addr == 0) return "NULL";
    if (length < 2 || memory_(&address, addr, length) != length) {
      return Pointer(addr);
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
        inet_ntop(AF_INET, &address.in.sin_addr, text, sizeof(text));
        return absl::StrCat("{sa_family=AF_INET, sin_port=htons(",
                            ntohs(address.in.sin_port),
                            "), sin_addr=inet_addr(\"", text, "\")}");
      case AF_INET6:
        inet_ntop(AF_INET6, &address.in6.sin6_addr, text, sizeof(text));
        return absl::StrCat("{sa_family=AF_INET6, sin6_port=htons(",
                            ntohs(address.in6.sin6_port), "), sin6_addr=\"",
                            text, "\"}");
      default:
        return absl::StrCat("{sa_family=",
                            ValueName(address.any.sa_family, kDomainNames),
                            "}");
    }
  }

  std::string SockaddrOut(GuestAddr addr, GuestAddr length_addr) {
    uint32_t length = 0;
    if (!Read(length_addr, &length)) return Pointer(addr);
    return Sockaddr(addr, length);
  }

  std::string Iovec(GuestAddr addr, uint64_t count, uint64_t available) {
    std::string text = "[";
    for (uint64_t i = 0; i < count; ++i) {
      struct {
        uint64_t base, length;
      } part;
      if (!Read(addr + 16 * i, &part)) return Pointer(addr);
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

  std::string Rlimit(GuestAddr addr) {
    struct {
      uint64_t soft, hard;
    } limit;
    if (!Read(addr, &limit)) return Pointer(addr);
    const auto value = [](uint64_t n) {
      return n == UINT64_MAX ? "RLIM64_INFINITY" : absl::StrCat(n);
    };
    return absl::StrCat("{rlim_cur=", value(limit.soft),
                        ", rlim_max=", value(limit.hard), "}");
  }

  std::string Pollfds(GuestAddr addr, uint64_t count) {
    std::string text = "[";
    for (uint64_t i = 0; i < count; ++i) {
      pollfd fd;
      if (!Read(addr + sizeof(fd) * i, &fd)) return Pointer(addr);
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

  std::string EpollEvents(GuestAddr addr, uint64_t count) {
    if (addr == 0) return "NULL";
    const bool list = call_.entry != nullptr &&
                      !absl::StartsWith(call_.entry->name, "epoll_ctl");
    std::string text = list ? "[" : "";
    for (uint64_t i = 0; i < count; ++i) {
      epoll_event event;
      if (!Read(addr + sizeof(event) * i, &event)) return Pointer(addr);
      absl::StrAppend(&text, i > 0 ? ", " : "");
      if (i == kShown) {
        text += "...";
        break;
      }
      const uint64_t data = event.data.u64;
      // EPOLLIN has POLLIN's value, and so on.
      absl::StrAppend(&text, "{events=",
                      absl::StrReplaceAll(FlagNames(event.events, kPollNames),
                                          {{"POLL", "EPOLL"}}),
                      ", data=0x", absl::Hex(data), "}");
    }
    return text + (list ? "]" : "");
  }

  std::string Stat(GuestAddr addr) {
    struct stat st;
    if (!Read(addr, &st)) return Pointer(addr);
    return absl::StrCat("{st_mode=", FileMode(st.st_mode),
                        ", st_size=", st.st_size, ", ...}");
  }

  std::string WaitStatus(GuestAddr addr) {
    int status = 0;
    if (!Read(addr, &status)) return Pointer(addr);
    if (result_ == 0) return absl::StrCat("[", status, "]");
    if (WIFEXITED(status)) {
      return absl::StrCat("[{WIFEXITED(s) && WEXITSTATUS(s) == ",
                          WEXITSTATUS(status), "}]");
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

  std::string FdPair(GuestAddr addr) {
    int fds[2];
    if (!Read(addr, &fds)) return Pointer(addr);
    return absl::StrCat("[", fds[0], ", ", fds[1], "]");
  }

  std::string Utsname(GuestAddr addr) {
    utsname names;
    if (!Read(addr, &names)) return Pointer(addr);
    return absl::StrCat("{sysname=", Escaped(names.sysname),
                        ", nodename=", Escaped(names.nodename), ", ...}");
  }

  const TracedCall& call_;
  const int64_t result_;
  GuestReader memory_;
};

bool HidesMode(const TracedCall& call, size_t i, Kind kind) {
  return kind == Kind::kOpenMode && i > 0 &&
         (call.args[i - 1] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) == 0;
}

// The text of arguments [from, to).
std::string Arguments(const TracedCall& call, const std::vector<Kind>& kinds,
                      size_t from, size_t to, int64_t result,
                      GuestReader memory) {
  Formatter formatter(call, result, memory);
  std::string text;
  for (size_t i = from; i < to; ++i) {
    if (HidesMode(call, i, kinds[i])) break;
    absl::StrAppend(&text, i > 0 ? ", " : "");
    // A call that failed has filled nothing in.
    const bool unfilled = kinds[i] >= Kind::kFirstOut && result < 0;
    text += formatter.Argument(i, unfilled ? Kind::kPointer : kinds[i]);
  }
  return text;
}

std::string RestartText(int64_t result) {
  switch (-result) {
    case ERESTARTSYS:
      return "? ERESTARTSYS (To be restarted if SA_RESTART is set)";
    case ERESTARTNOINTR:
      return "? ERESTARTNOINTR (To be restarted)";
    case ERESTARTNOHAND:
      return "? ERESTARTNOHAND (To be restarted if no handler)";
    case ERESTART_RESTARTBLOCK:
      return "? ERESTART_RESTARTBLOCK (Interrupted by signal)";
    default:
      return "";
  }
}

std::string ResultText(const TracedCall& call, int64_t result) {
  if (std::string restart = RestartText(result); !restart.empty()) {
    return restart;
  }
  if (result < 0 && result >= -4095) {
    const int error = static_cast<int>(-result);
    const char* name = strerrorname_np(error);
    const char* text = strerrordesc_np(error);
    return absl::StrCat("-1 ",
                        name != nullptr ? name : absl::StrCat("errno ", error),
                        " (", text != nullptr ? text : "Unknown error", ")");
  }
  const bool address = call.entry != nullptr &&
                       absl::string_view(call.entry->result) == "GuestAddr";
  return address ? absl::StrCat("0x", absl::Hex(result)) : absl::StrCat(result);
}

}  // namespace

std::string FormatEnter(const TracedCall& call, GuestReader memory,
                        int* printed) {
  const std::vector<Kind> kinds = KindsOf(call);
  size_t n = 0;
  while (n < kinds.size() && kinds[n] < Kind::kFirstOut) ++n;
  *printed = static_cast<int>(n);
  return absl::StrCat(call.entry != nullptr
                          ? std::string(call.entry->name)
                          : absl::StrCat("syscall_0x", absl::Hex(call.number)),
                      "(", Arguments(call, kinds, 0, n, 0, memory));
}

std::string FormatExit(const TracedCall& call, int printed, int64_t result,
                       GuestReader memory) {
  const std::vector<Kind> kinds = KindsOf(call);
  return absl::StrCat(
      Arguments(call, kinds, printed, kinds.size(), result, memory), ") = ",
      ResultText(call, result));
}

std::string SignalName(int signo) {
  if (signo >= 32 && signo <= 64) {
    return signo == 32 ? "SIGRTMIN" : absl::StrCat("SIGRT_", signo - 32);
  }
  const char* name = sigabbrev_np(signo);
  return name != nullptr ? absl::StrCat("SIG", name) : absl::StrCat(signo);
}

}  // namespace emu
