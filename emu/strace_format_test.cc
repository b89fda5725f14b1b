// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_format.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include <string>

#include "emu/strace_signals.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

// Guest memory: bytes at [kBase, kBase + 8192), and nothing else.
constexpr GuestAddr kBase = 0x10000;

class StraceFormatTest : public testing::Test {
 protected:
  // Puts `n` bytes behind those that are there; their address.
  GuestAddr Put(const void* from, size_t n) {
    const GuestAddr addr = kBase + memory_.size();
    memory_.append(static_cast<const char*>(from), n);
    return addr;
  }
  GuestAddr Put(const std::string& text) {
    return Put(text.c_str(), text.size() + 1);
  }
  template <typename T>
  GuestAddr Put(const T& value) {
    return Put(&value, sizeof(value));
  }

  std::string Format(const char* name, const char* parameters,
                     std::array<uint64_t, 6> args, int64_t result,
                     const char* result_type = "int") {
    const SyscallEntry entry = {.name = name,
                                .kind = SyscallEntry::Kind::kServed,
                                .note = "",
                                .parameters = parameters,
                                .result = result_type,
                                .error = 0,
                                .call = nullptr};
    return Format({&entry, 0, args}, result);
  }

  std::string Format(const TracedCall& call, int64_t result) {
    const auto read = [this](void* to, GuestAddr from, size_t n) -> size_t {
      if (from < kBase || from - kBase > memory_.size()) return 0;
      n = std::min(n, memory_.size() - (from - kBase));
      memcpy(to, &memory_[from - kBase], n);
      return n;
    };
    const EnterText enter = FormatEnter(call, read);
    enter_ = enter.text;
    const ExitText exit = FormatExit(call, enter.printed, result, read);
    return enter.text + exit.arguments + " = " + exit.result;
  }

  std::string memory_;
  std::string enter_;  // of the last call
};

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

// A guest's own words decide nothing but what is printed.
TEST_F(StraceFormatTest, SurvivesWildArguments) {
  const uint64_t wild[] = {
      0, 1, kBase, kBase + 8191, UINT64_MAX, uint64_t{1} << 63, 0x7fffffffffff};
  memory_.assign(8192, '\xff');
  for (const char* name :
       {"read", "writev", "readv", "poll", "execve", "bind", "rt_sigaction",
        "epoll_wait", "wait4", "recvfrom", "statx", "futex", "clone"}) {
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
