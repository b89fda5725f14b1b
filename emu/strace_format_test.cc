// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

#include <string>

#include "emu/strace_format_test_fixture.h"
#include "emu/strace_signals.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

constexpr char kRead[] = "Fd fd, UserPtr<char> buf, size_t count";
constexpr char kOpenat[] =
    "Fd dirfd, UserCString path, int flags, uint32_t mode";

TEST_F(StraceFormatTest, PrintsWhatACallReadsAfterItAndTheRestBefore) {
  const GuestAddr buffer =
      Put("line\n\"\\\001"
          "7");
  EXPECT_EQ(Format("read", kRead, {3, buffer, 100}, 9),
            "read(3, \"line\\n\\\"\\\\\\0017\", 100) = 9");
  EXPECT_EQ(enter_, "read(3, ");
}

TEST_F(StraceFormatTest, CutsBuffersAndNotPaths) {
  const GuestAddr text = Put(std::string(100, 'a'));
  EXPECT_EQ(Format("write", "Fd fd, UserPtr<const char> buf, size_t count",
                   {1, text, 100}, 100),
            "write(1, \"" + std::string(32, 'a') + "\"..., 100) = 100");
  EXPECT_EQ(
      Format("openat", kOpenat, {uint64_t(AT_FDCWD), text, 0}, 3),
      "openat(AT_FDCWD, \"" + std::string(100, 'a') + "\", O_RDONLY) = 3");
}

TEST_F(StraceFormatTest, NamesErrors) {
  const GuestAddr buffer = Put("x");
  EXPECT_EQ(Format("read", kRead, {3, buffer, 1}, -EAGAIN),
            "read(3, 0x10000, 1) = -1 EAGAIN (Resource temporarily "
            "unavailable)");
  EXPECT_EQ(Format("read", kRead, {3, 0, 1}, -ERESTARTSYS),
            "read(3, NULL, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART "
            "is set)");
}

TEST_F(StraceFormatTest, ShowsAModeOnlyWhereAFileIsMade) {
  const GuestAddr path = Put("/f");
  EXPECT_EQ(
      Format("openat", kOpenat,
             {5, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644}, 3),
      "openat(5, \"/f\", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0644) = 3");
}

TEST_F(StraceFormatTest, BadPointersAreAddresses) {
  EXPECT_EQ(Format("openat", kOpenat, {uint64_t(AT_FDCWD), 0x99, 0}, -EFAULT),
            "openat(AT_FDCWD, 0x99, O_RDONLY) = -1 EFAULT (Bad address)");
}

TEST_F(StraceFormatTest, DecodesFlagsAndAddresses) {
  EXPECT_EQ(
      Format("mmap",
             "GuestAddr addr, size_t length, int prot, int flags, Fd fd, "
             "uint64_t offset",
             {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
              uint64_t(-1), 0},
             0x7000, "GuestAddr"),
      "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, "
      "0) = 0x7000");
}

TEST_F(StraceFormatTest, DecodesStructs) {
  struct stat st = {};
  st.st_mode = S_IFREG | 0644;
  st.st_size = 12;
  const GuestAddr stat = Put(st);
  EXPECT_EQ(Format("fstat", "Fd fd, UserPtr<abi::stat> st", {3, stat}, 0),
            "fstat(3, {st_mode=S_IFREG|0644, st_size=12, ...}) = 0");
  const GuestAddr time = Put(timespec{.tv_sec = 1, .tv_nsec = 5});
  EXPECT_EQ(Format("nanosleep",
                   "UserPtr<const abi::timespec> t, UserPtr<abi::timespec> r",
                   {time, 0}, 0),
            "nanosleep({tv_sec=1, tv_nsec=5}, NULL) = 0");
  const int fds[2] = {3, 4};
  const GuestAddr pair = Put(fds);
  EXPECT_EQ(Format("pipe2", "UserPtr<Fd> fds, int flags", {pair, O_CLOEXEC}, 0),
            "pipe2([3, 4], O_CLOEXEC) = 0");
  sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/s"};
  const GuestAddr address = Put(un);
  EXPECT_EQ(Format("bind", "Fd fd, UserPtr<char> addr, int len",
                   {3, address, sizeof(un)}, 0),
            "bind(3, {sa_family=AF_UNIX, sun_path=\"/s\"}, 110) = 0");
}

TEST_F(StraceFormatTest, DecodesSignals) {
  const GuestAddr mask = Put(uint64_t{1} << (SIGINT - 1) | 1);
  EXPECT_EQ(Format("rt_sigprocmask",
                   "int how, UserPtr<const uint64_t> set, UserPtr<uint64_t> "
                   "old, size_t size",
                   {SIG_BLOCK, mask, 0, 8}, 0),
            "rt_sigprocmask(SIG_BLOCK, [HUP INT], NULL, 8) = 0");
  EXPECT_EQ(Format("kill", "Pid pid, int sig", {7, SIGKILL}, 0),
            "kill(7, SIGKILL) = 0");
  EXPECT_EQ(SignalName(40), "SIGRT_8");
}

TEST(SiginfoTextTest, ShowsTheFieldsOfEachKind) {
  siginfo_t info = {};
  info.si_signo = SIGTERM;
  info.si_code = SI_USER;
  info.si_pid = 3;
  info.si_uid = 1000;
  EXPECT_EQ(SiginfoText(info),
            "{si_signo=SIGTERM, si_code=SI_USER, si_pid=3, si_uid=1000}");
  info.si_signo = SIGINT;
  info.si_code = SI_KERNEL;
  EXPECT_EQ(SiginfoText(info), "{si_signo=SIGINT, si_code=SI_KERNEL}");
  info = {};
  info.si_signo = SIGSEGV;
  info.si_code = SEGV_MAPERR;
  EXPECT_EQ(SiginfoText(info),
            "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL}");
  info.si_signo = SIGCHLD;
  info.si_code = CLD_KILLED;
  info.si_pid = 9;
  info.si_status = SIGKILL;
  EXPECT_EQ(SiginfoText(info),
            "{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=9, si_uid=0, "
            "si_status=SIGKILL, si_utime=0, si_stime=0}");
  info.si_code = 77;
  EXPECT_EQ(SiginfoText(info).substr(0, 28), "{si_signo=SIGCHLD, si_code=7");
}

TEST_F(StraceFormatTest, DecodesArgumentLists) {
  const GuestAddr a = Put("ls");
  const GuestAddr b = Put("-l");
  const GuestAddr list[3] = {a, b, 0};
  const GuestAddr argv = Put(list);
  EXPECT_EQ(Format("execve",
                   "UserCString path, UserPtr<uint64_t> argv, "
                   "UserPtr<uint64_t> envp",
                   {a, argv, argv}, 0),
            "execve(\"ls\", [\"ls\", \"-l\"], 0x10006 /* 2 vars */) = 0");
}

TEST_F(StraceFormatTest, FallsBackOnTheRowsTypes) {
  EXPECT_EQ(Format("frob", "Fd fd, int n, UserPtr<int> p, size_t m",
                   {uint64_t(-1), uint64_t(-2), 0, 3}, 0),
            "frob(-1, -2, NULL, 3) = 0");
}

TEST_F(StraceFormatTest, PrintsUnknownAndRefusedCalls) {
  EXPECT_EQ(Format({nullptr, 0x1ff, {1, 2, 3, 4, 5, 6}}, -ENOSYS),
            "syscall_0x1ff(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS "
            "(Function not implemented)");
  const SyscallEntry ptrace = {.name = "ptrace",
                               .kind = SyscallEntry::Kind::kRefused,
                               .note = "no",
                               .parameters = "",
                               .result = "void",
                               .error = EPERM,
                               .call = nullptr};
  EXPECT_EQ(Format({&ptrace, 101, {0, 1}}, -EPERM),
            "ptrace(0, 0x1, 0, 0, 0, 0) = -1 EPERM (Operation not permitted)");
}

TEST_F(StraceFormatTest, ArgumentsDependOnCommands) {
  constexpr char kFcntl[] = "Fd fd, int cmd, uint64_t arg";
  EXPECT_EQ(Format("fcntl", kFcntl, {3, F_GETFD, 99}, FD_CLOEXEC),
            "fcntl(3, F_GETFD) = 0x1 (flags FD_CLOEXEC)");
  EXPECT_EQ(Format("fcntl", kFcntl, {3, F_SETFL, O_NONBLOCK}, 0),
            "fcntl(3, F_SETFL, O_RDONLY|O_NONBLOCK) = 0");
  EXPECT_EQ(Format("fcntl", kFcntl, {3, F_GETFL}, O_RDWR | O_APPEND),
            "fcntl(3, F_GETFL) = 0x402 (flags O_RDWR|O_APPEND)");
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_len = 10;
  EXPECT_EQ(Format("fcntl", kFcntl, {3, F_SETLK, Put(lock)}, 0),
            "fcntl(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, "
            "l_len=10}) = 0");

  constexpr char kFutex[] =
      "GuestAddr addr, int op, int val, GuestAddr t, GuestAddr b, int v";
  EXPECT_EQ(Format("futex", kFutex, {0x10, FUTEX_WAKE_PRIVATE, 1, 2, 3, 4}, 1),
            "futex(0x10, FUTEX_WAKE_PRIVATE, 1) = 1");
  EXPECT_EQ(Format("futex", kFutex,
                   {0x10, FUTEX_WAIT_BITSET, 1, 0, 3, UINT64_MAX}, 0),
            "futex(0x10, FUTEX_WAIT_BITSET, 1, NULL, FUTEX_BITSET_MATCH_ANY) "
            "= 0");

  constexpr char kIoctl[] = "Fd fd, uint32_t request, uint64_t arg";
  const winsize size = {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  const GuestAddr window = Put(size);
  EXPECT_EQ(Format("ioctl", kIoctl, {0, TIOCGWINSZ, window}, 0),
            "ioctl(0, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, "
            "ws_ypixel=0}) = 0");
  EXPECT_EQ(Format("ioctl", kIoctl, {0, TIOCGWINSZ, 0x99}, -ENOTTY).substr(0, 26),
            "ioctl(0, TIOCGWINSZ, 0x99)");
  EXPECT_EQ(Format("ioctl", kIoctl, {0, 0x1234, 5}, 0),
            "ioctl(0, _IOC(_IOC_NONE, 0x12, 0x34, 0), 0x5) = 0");
  EXPECT_EQ(Format("prctl", "int a, uint64_t b, uint64_t c",
                   {PR_SET_NAME, Put("me"), 7}, 0),
            "prctl(PR_SET_NAME, \"me\") = 0");
}

TEST_F(StraceFormatTest, SaysWhatResultsMean) {
  constexpr char kPoll[] = "UserPtr<pollfd> fds, uint64_t n, int timeout";
  const pollfd fds[] = {{.fd = 3, .events = POLLIN, .revents = POLLIN | POLLHUP},
                        {.fd = 4, .events = POLLOUT, .revents = 0}};
  const GuestAddr list = Put(fds);
  EXPECT_EQ(Format("poll", kPoll, {list, 2, 5}, 1),
            "poll([{fd=3, events=POLLIN}, {fd=4, events=POLLOUT}], 2, 5) = 1 "
            "([{fd=3, revents=POLLIN|POLLHUP}])");
  EXPECT_EQ(Format("poll", kPoll, {0, 0, 5}, 0),
            "poll(NULL, 0, 5) = 0 (Timeout)");
  EXPECT_EQ(Format("umask", "uint32_t mask", {022}, 022), "umask(022) = 022");
}

TEST_F(StraceFormatTest, NamesWhatCloneIsGiven) {
  EXPECT_EQ(Format("clone", "int a, int b, int c, int d, int e",
                   {CLONE_CHILD_SETTID | SIGCHLD, 0, 1, 0x40, 2}, 3),
            "clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, "
            "child_tidptr=0x40) = 3");
}

TEST_F(StraceFormatTest, DecodesMessages) {
  const GuestAddr data = Put("data");
  const GuestAddr iov = Put(iovec{reinterpret_cast<void*>(data), 4});
  // A cmsghdr and a descriptor.
  const struct {
    uint64_t length = CMSG_LEN(4);
    int level = SOL_SOCKET;
    int type = SCM_RIGHTS;
    int fd = 7;
    int padding = 0;
  } control;
  msghdr message = {};
  message.msg_iov = reinterpret_cast<iovec*>(iov);
  message.msg_iovlen = 1;
  message.msg_control = reinterpret_cast<void*>(Put(control));
  message.msg_controllen = sizeof(control);
  EXPECT_EQ(Format("sendmsg", "Fd fd, UserPtr<msghdr> m, int flags",
                   {3, Put(message), MSG_NOSIGNAL}, 4),
            "sendmsg(3, {msg_name=NULL, msg_namelen=0, "
            "msg_iov=[{iov_base=\"data\", iov_len=4}], msg_iovlen=1, "
            "msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, "
            "cmsg_type=SCM_RIGHTS, cmsg_data=[7]}], msg_controllen=24, "
            "msg_flags=0}, MSG_NOSIGNAL) = 4");
}

// A guest's own words decide nothing but what is printed.
TEST_F(StraceFormatTest, SurvivesWildArguments) {
  const uint64_t wild[] = {
      0, 1, kBase, kBase + 8191, UINT64_MAX, uint64_t{1} << 63, 0x7fffffffffff};
  memory_.assign(8192, '\xff');
  for (const char* name :
       {"accept", "accept4", "access", "arch_prctl", "bind", "chmod", "chown",
        "clock_getres", "clock_gettime", "clock_nanosleep", "clock_settime",
        "clone", "clone3", "close_range", "connect", "creat", "dup3",
        "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2",
        "epoll_wait", "eventfd2", "execve", "execveat", "faccessat",
        "faccessat2", "fadvise64", "fallocate", "fchmod", "fchmodat", "fchown",
        "fchownat", "fcntl", "fgetxattr", "flistxattr", "flock", "fsetxattr",
        "fstat", "fstatfs", "futex", "getcpu", "getcwd", "getdents64",
        "getgroups", "getitimer", "getpeername", "getpriority", "getrandom",
        "getresgid", "getresuid", "getrlimit", "getrusage", "getsockname",
        "getsockopt", "gettimeofday", "getxattr", "inotify_add_watch",
        "inotify_init1", "ioctl", "kill", "lchown", "lgetxattr", "linkat",
        "listxattr", "llistxattr", "lseek", "lsetxattr", "lstat", "madvise",
        "memfd_create", "mkdir", "mkdirat", "mknod", "mknodat", "mmap",
        "mount", "mprotect", "mremap", "msgctl", "msgget", "msgrcv", "msgsnd",
        "msync", "munmap", "nanosleep", "newfstatat", "open", "openat",
        "openat2", "pipe", "pipe2", "poll", "ppoll", "prctl", "pread64",
        "preadv", "preadv2", "prlimit64", "process_vm_readv",
        "process_vm_writev", "pselect6", "pwrite64", "pwritev", "pwritev2",
        "read", "readlink", "readlinkat", "readv", "recvfrom", "recvmsg",
        "renameat", "renameat2", "rseq", "rt_sigaction", "rt_sigpending",
        "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigsuspend",
        "rt_sigtimedwait", "rt_tgsigqueueinfo", "sched_get_priority_max",
        "sched_get_priority_min", "sched_getaffinity", "sched_getparam",
        "sched_setaffinity", "sched_setparam", "sched_setscheduler", "select",
        "semctl", "semget", "semop", "semtimedop", "sendmsg", "sendto",
        "sethostname", "setitimer", "setpriority", "setrlimit", "setsockopt",
        "setxattr", "shmat", "shmctl", "shmget", "shutdown", "sigaltstack",
        "signalfd4", "socket", "socketpair", "splice", "stat", "statfs",
        "statx", "symlinkat", "sync_file_range", "tee", "tgkill",
        "timer_create", "timer_gettime", "timer_settime", "timerfd_create",
        "timerfd_gettime", "timerfd_settime", "times", "tkill", "umask",
        "umount2", "uname", "unlinkat", "unshare", "utimensat", "vmsplice",
        "wait4", "waitid", "write", "writev",
        "adjtimex", "capget", "capset", "copy_file_range", "fsmount",
        "futex_waitv", "futimesat", "get_mempolicy", "get_robust_list",
        "ioprio_set", "kcmp", "mbind", "membarrier", "mincore",
        "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive",
        "mq_timedsend", "personality", "process_madvise", "recvmmsg",
        "sched_getattr", "sched_setattr", "seccomp", "sendfile", "sendmmsg",
        "set_mempolicy", "setgroups", "settimeofday", "signalfd", "sysinfo",
        "syslog", "time", "utime", "utimes"}) {
    for (const uint64_t a : wild) {
      for (const uint64_t b : wild) {
        const std::string text =
            Format(name, "int a, int b, int c, int d, int e, int f",
                   {a, b, b, a, b, a}, static_cast<int64_t>(b));
        EXPECT_LT(text.size(), 100'000u);
      }
    }
  }
}

}  // namespace
}  // namespace emu
