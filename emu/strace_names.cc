// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_names.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <type_traits>

#include "absl/strings/str_cat.h"

// Not in the C library's headers.
#define SA_RESTORER 0x04000000

namespace emu {
namespace {

// The bits of a constant, whatever its type's sign.
template <typename T>
constexpr uint64_t Bits(T value) {
  return static_cast<std::make_unsigned_t<T>>(value);
}

#define NAMED(name) \
  { Bits(name), #name }

constexpr NamedValue kOpenFlagTable[] = {
    NAMED(O_TMPFILE), NAMED(O_CREAT), NAMED(O_EXCL), NAMED(O_NOCTTY), NAMED(O_TRUNC),
    NAMED(O_APPEND), NAMED(O_NONBLOCK), NAMED(O_SYNC), NAMED(O_DSYNC),
    NAMED(O_ASYNC), NAMED(O_DIRECT), NAMED(O_DIRECTORY), NAMED(O_NOFOLLOW),
    NAMED(O_NOATIME), NAMED(O_CLOEXEC), NAMED(O_PATH),
};

constexpr NamedValue kProtTable[] = {
    NAMED(PROT_READ), NAMED(PROT_WRITE), NAMED(PROT_EXEC),
    NAMED(PROT_GROWSDOWN),
};

constexpr NamedValue kMapFlagTable[] = {
    NAMED(MAP_SHARED), NAMED(MAP_PRIVATE), NAMED(MAP_FIXED),
    NAMED(MAP_ANONYMOUS), NAMED(MAP_GROWSDOWN), NAMED(MAP_DENYWRITE),
    NAMED(MAP_LOCKED), NAMED(MAP_NORESERVE), NAMED(MAP_POPULATE),
    NAMED(MAP_NONBLOCK), NAMED(MAP_STACK), NAMED(MAP_HUGETLB),
    NAMED(MAP_FIXED_NOREPLACE),
};

constexpr NamedValue kCloneFlagTable[] = {
    NAMED(CLONE_VM), NAMED(CLONE_FS), NAMED(CLONE_FILES),
    NAMED(CLONE_SIGHAND), NAMED(CLONE_PIDFD), NAMED(CLONE_PTRACE),
    NAMED(CLONE_VFORK), NAMED(CLONE_PARENT), NAMED(CLONE_THREAD),
    NAMED(CLONE_NEWNS), NAMED(CLONE_SYSVSEM), NAMED(CLONE_SETTLS),
    NAMED(CLONE_PARENT_SETTID), NAMED(CLONE_CHILD_CLEARTID),
     NAMED(CLONE_UNTRACED), NAMED(CLONE_CHILD_SETTID),
    NAMED(CLONE_NEWCGROUP), NAMED(CLONE_NEWUTS), NAMED(CLONE_NEWIPC),
    NAMED(CLONE_NEWUSER), NAMED(CLONE_NEWPID), NAMED(CLONE_NEWNET),
    NAMED(CLONE_IO),
};

constexpr NamedValue kAtFlagTable[] = {
    NAMED(AT_SYMLINK_NOFOLLOW), NAMED(AT_REMOVEDIR),
    NAMED(AT_SYMLINK_FOLLOW), NAMED(AT_NO_AUTOMOUNT), NAMED(AT_EMPTY_PATH),
};

constexpr NamedValue kMsgFlagTable[] = {
    NAMED(MSG_OOB), NAMED(MSG_PEEK), NAMED(MSG_DONTROUTE),
    NAMED(MSG_CTRUNC), NAMED(MSG_TRUNC), NAMED(MSG_DONTWAIT),
    NAMED(MSG_EOR), NAMED(MSG_WAITALL), NAMED(MSG_NOSIGNAL),
    NAMED(MSG_MORE), NAMED(MSG_CMSG_CLOEXEC),
};

constexpr NamedValue kPollTable[] = {
    NAMED(POLLIN), NAMED(POLLPRI), NAMED(POLLOUT), NAMED(POLLERR),
    NAMED(POLLHUP), NAMED(POLLNVAL), NAMED(POLLRDHUP),
};

constexpr NamedValue kWaitOptionTable[] = {
    NAMED(WNOHANG), NAMED(WUNTRACED), NAMED(WCONTINUED), NAMED(__WALL),
    NAMED(__WCLONE),
};

constexpr NamedValue kSigactionFlagTable[] = {
    NAMED(SA_RESTORER), NAMED(SA_NOCLDSTOP), NAMED(SA_NOCLDWAIT),
    NAMED(SA_SIGINFO), NAMED(SA_ONSTACK), NAMED(SA_RESTART),
    NAMED(SA_NODEFER), NAMED(SA_RESETHAND),
};

constexpr NamedValue kAccessTable[] = {
    NAMED(R_OK), NAMED(W_OK), NAMED(X_OK),
};

constexpr NamedValue kWhenceTable[] = {
    NAMED(SEEK_SET), NAMED(SEEK_CUR), NAMED(SEEK_END), NAMED(SEEK_DATA),
    NAMED(SEEK_HOLE),
};

constexpr NamedValue kFcntlTable[] = {
    NAMED(F_DUPFD), NAMED(F_GETFD), NAMED(F_SETFD), NAMED(F_GETFL),
    NAMED(F_SETFL), NAMED(F_GETLK), NAMED(F_SETLK), NAMED(F_SETLKW),
    NAMED(F_SETOWN), NAMED(F_GETOWN), NAMED(F_SETSIG), NAMED(F_GETSIG),
    NAMED(F_DUPFD_CLOEXEC), NAMED(F_SETPIPE_SZ), NAMED(F_GETPIPE_SZ),
    NAMED(F_ADD_SEALS), NAMED(F_GET_SEALS), NAMED(F_OFD_GETLK),
    NAMED(F_OFD_SETLK), NAMED(F_OFD_SETLKW),
};

constexpr NamedValue kIoctlTable[] = {
    NAMED(TCGETS), NAMED(TCSETS), NAMED(TCSETSW), NAMED(TCSETSF),
    NAMED(TIOCGPGRP), NAMED(TIOCSPGRP), NAMED(TIOCGWINSZ),
    NAMED(TIOCSWINSZ), NAMED(TIOCSCTTY), NAMED(TIOCNOTTY), NAMED(TIOCGSID),
    NAMED(TIOCGPTN), NAMED(TIOCSPTLCK), NAMED(TIOCGPTPEER), NAMED(FIONREAD),
    NAMED(FIONBIO), NAMED(FIOCLEX), NAMED(FIONCLEX), NAMED(FICLONE),
};

constexpr NamedValue kFutexTable[] = {
    NAMED(FUTEX_WAIT), NAMED(FUTEX_WAKE), NAMED(FUTEX_REQUEUE),
    NAMED(FUTEX_CMP_REQUEUE), NAMED(FUTEX_WAKE_OP), NAMED(FUTEX_LOCK_PI),
    NAMED(FUTEX_UNLOCK_PI), NAMED(FUTEX_TRYLOCK_PI),
    NAMED(FUTEX_WAIT_BITSET), NAMED(FUTEX_WAKE_BITSET),
    NAMED(FUTEX_WAIT_REQUEUE_PI), NAMED(FUTEX_CMP_REQUEUE_PI),
    NAMED(FUTEX_LOCK_PI2),
};

constexpr NamedValue kEpollOpTable[] = {
    NAMED(EPOLL_CTL_ADD), NAMED(EPOLL_CTL_DEL), NAMED(EPOLL_CTL_MOD),
};

constexpr NamedValue kClockTable[] = {
    NAMED(CLOCK_REALTIME), NAMED(CLOCK_MONOTONIC),
    NAMED(CLOCK_PROCESS_CPUTIME_ID), NAMED(CLOCK_THREAD_CPUTIME_ID),
    NAMED(CLOCK_MONOTONIC_RAW), NAMED(CLOCK_REALTIME_COARSE),
    NAMED(CLOCK_MONOTONIC_COARSE), NAMED(CLOCK_BOOTTIME), NAMED(CLOCK_TAI),
};

constexpr NamedValue kDomainTable[] = {
    NAMED(AF_UNIX), NAMED(AF_INET), NAMED(AF_INET6), NAMED(AF_NETLINK),
    NAMED(AF_PACKET),
};

constexpr NamedValue kSockTypeTable[] = {
    NAMED(SOCK_STREAM), NAMED(SOCK_DGRAM), NAMED(SOCK_RAW),
    NAMED(SOCK_SEQPACKET),
};

constexpr NamedValue kSockFlagTable[] = {
    NAMED(SOCK_CLOEXEC), NAMED(SOCK_NONBLOCK),
};

constexpr NamedValue kResourceTable[] = {
    NAMED(RLIMIT_CPU), NAMED(RLIMIT_FSIZE), NAMED(RLIMIT_DATA),
    NAMED(RLIMIT_STACK), NAMED(RLIMIT_CORE), NAMED(RLIMIT_RSS),
    NAMED(RLIMIT_NPROC), NAMED(RLIMIT_NOFILE), NAMED(RLIMIT_MEMLOCK),
    NAMED(RLIMIT_AS), NAMED(RLIMIT_LOCKS), NAMED(RLIMIT_SIGPENDING),
    NAMED(RLIMIT_MSGQUEUE), NAMED(RLIMIT_NICE), NAMED(RLIMIT_RTPRIO),
    NAMED(RLIMIT_RTTIME),
};

constexpr NamedValue kMadviceTable[] = {
    NAMED(MADV_NORMAL), NAMED(MADV_RANDOM), NAMED(MADV_SEQUENTIAL),
    NAMED(MADV_WILLNEED), NAMED(MADV_DONTNEED), NAMED(MADV_FREE),
    NAMED(MADV_REMOVE), NAMED(MADV_DONTFORK), NAMED(MADV_DOFORK),
    NAMED(MADV_HUGEPAGE), NAMED(MADV_NOHUGEPAGE), NAMED(MADV_DONTDUMP),
    NAMED(MADV_DODUMP), NAMED(MADV_COLD), NAMED(MADV_PAGEOUT),
};

constexpr NamedValue kSigHowTable[] = {
    NAMED(SIG_BLOCK), NAMED(SIG_UNBLOCK), NAMED(SIG_SETMASK),
};

constexpr NamedValue kFileTypeTable[] = {
    NAMED(S_IFSOCK), NAMED(S_IFLNK), NAMED(S_IFREG), NAMED(S_IFBLK),
    NAMED(S_IFDIR), NAMED(S_IFCHR), NAMED(S_IFIFO),
};

#undef NAMED

}  // namespace

const NamedValues kOpenFlagNames = kOpenFlagTable;
const NamedValues kProtNames = kProtTable;
const NamedValues kMapFlagNames = kMapFlagTable;
const NamedValues kCloneFlagNames = kCloneFlagTable;
const NamedValues kAtFlagNames = kAtFlagTable;
const NamedValues kMsgFlagNames = kMsgFlagTable;
const NamedValues kPollNames = kPollTable;
const NamedValues kWaitOptionNames = kWaitOptionTable;
const NamedValues kSigactionFlagNames = kSigactionFlagTable;
const NamedValues kAccessNames = kAccessTable;
const NamedValues kWhenceNames = kWhenceTable;
const NamedValues kFcntlNames = kFcntlTable;
const NamedValues kIoctlNames = kIoctlTable;
const NamedValues kFutexNames = kFutexTable;
const NamedValues kEpollOpNames = kEpollOpTable;
const NamedValues kClockNames = kClockTable;
const NamedValues kDomainNames = kDomainTable;
const NamedValues kSockTypeNames = kSockTypeTable;
const NamedValues kSockFlagNames = kSockFlagTable;
const NamedValues kResourceNames = kResourceTable;
const NamedValues kMadviceNames = kMadviceTable;
const NamedValues kSigHowNames = kSigHowTable;
const NamedValues kFileTypeNames = kFileTypeTable;

std::string FlagNames(uint64_t flags, NamedValues names, const char* zero) {
  std::string text;
  const auto add = [&text](absl::string_view name) {
    absl::StrAppend(&text, text.empty() ? "" : "|", name);
  };
  for (const NamedValue& named : names) {
    if (named.value == 0 || (flags & named.value) != named.value) continue;
    add(named.name);
    flags &= ~named.value;
  }
  if (flags != 0) add(absl::StrCat("0x", absl::Hex(flags)));
  return text.empty() ? zero : text;
}

std::string ValueName(uint64_t value, NamedValues names) {
  for (const NamedValue& named : names) {
    if (named.value == value) return named.name;
  }
  return absl::StrCat("0x", absl::Hex(value));
}

}  // namespace emu
