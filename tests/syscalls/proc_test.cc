// SPDX-License-Identifier: Apache-2.0
//
// /proc as programs read it, and the devices of /dev.

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <sstream>
#include <string>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using ProcTest = TempDirTest;
using DevTest = TempDirTest;

std::string Proc(const std::string& name) {
  return ReadFile(("/proc/" + name).c_str());
}

// The rest of the line that starts with `key`, without leading blanks.
std::string Field(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, key.size(), key) != 0) continue;
    const size_t at = line.find_first_not_of(" \t:", key.size());
    return at == std::string::npos ? "" : line.substr(at);
  }
  return "<missing>";
}

std::string LinkOf(const std::string& name) {
  char target[PATH_MAX];
  const ssize_t n = readlink(("/proc/" + name).c_str(), target, PATH_MAX);
  return n < 0 ? "<error>" : std::string(target, n);
}

std::set<std::string> Entries(const char* path) {
  std::set<std::string> names;
  DIR* dir = opendir(path);
  while (const dirent* entry = readdir(dir)) names.insert(entry->d_name);
  closedir(dir);
  return names;
}

TEST_F(ProcTest, SelfIsALinkToThePid) {
  EXPECT_EQ(LinkOf("self"), std::to_string(getpid()));
  EXPECT_EQ(LinkOf("thread-self"),
            std::to_string(getpid()) + "/task/" + std::to_string(gettid()));
}

TEST_F(ProcTest, StatHasFiftyTwoFields) {
  std::istringstream stat(Proc("self/stat"));
  int pid;
  std::string comm;
  char state;
  int ppid;
  int pgrp;
  stat >> pid >> comm >> state >> ppid >> pgrp;
  EXPECT_EQ(pid, getpid());
  EXPECT_EQ(comm.front(), '(');
  EXPECT_EQ(comm.back(), ')');
  EXPECT_EQ(state, 'R');
  EXPECT_EQ(ppid, getppid());
  EXPECT_EQ(pgrp, getpgrp());
  int fields = 5;
  for (std::string field; stat >> field;) ++fields;
  EXPECT_EQ(fields, 52);
}

TEST_F(ProcTest, StatusTellsIdsAndSignals) {
  sigset_t set;
  sigset_t old;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, &old);
  const std::string status = Proc("self/status");
  sigprocmask(SIG_SETMASK, &old, nullptr);
  EXPECT_EQ(Field(status, "Pid"), std::to_string(getpid()));
  EXPECT_EQ(Field(status, "PPid"), std::to_string(getppid()));
  EXPECT_EQ(Field(status, "Tgid"), std::to_string(getpid()));
  EXPECT_THAT(Field(status, "Uid"), StartsWith(std::to_string(getuid())));
  EXPECT_THAT(Field(status, "State"), StartsWith("R"));
  EXPECT_EQ(Field(status, "Threads"), "1");
  EXPECT_EQ(Field(status, "SigBlk"), "0000000000000800");
  EXPECT_THAT(Field(status, "VmRSS"), HasSubstr("kB"));
  EXPECT_EQ(Field(status, "TracerPid"), "0");
}

TEST_F(ProcTest, ZombieShowsItsState) {
  Child child([] {});
  siginfo_t info;
  ASSERT_THAT(waitid(P_PID, child.pid(), &info, WEXITED | WNOWAIT), Succeeds());
  const std::string pid = std::to_string(child.pid());
  EXPECT_THAT(Proc(pid + "/stat"), HasSubstr(") Z "));
  EXPECT_EQ(Proc(pid + "/cmdline"), "");
  child.Wait();
  EXPECT_THAT(access(("/proc/" + pid).c_str(), F_OK), FailsWith(ENOENT));
}

TEST_F(ProcTest, StoppedChildShowsItsState) {
  Child child([] {
    for (;;) pause();
  });
  siginfo_t info;
  kill(child.pid(), SIGSTOP);
  ASSERT_THAT(waitid(P_PID, child.pid(), &info, WSTOPPED), Succeeds());
  EXPECT_THAT(Proc(std::to_string(child.pid()) + "/stat"), HasSubstr(") T "));
}

TEST_F(ProcTest, CmdlineAndEnvironAreNulSeparated) {
  Pipe pipe(O_CLOEXEC);
  Child child([&] {
    const char* env[] = {"A=1", "B=2", nullptr};
    execle("/bin/sleep", "sleep", "1000", nullptr, env);
  });
  pipe.write.Reset();
  char c;
  ASSERT_THAT(read(pipe.read, &c, 1), SucceedsWith(0));
  const std::string pid = std::to_string(child.pid());
  EXPECT_EQ(Proc(pid + "/cmdline"), std::string("sleep\0"
                                                "1000\0",
                                                11));
  EXPECT_EQ(Proc(pid + "/environ"), std::string("A=1\0B=2\0", 8));
  EXPECT_EQ(Proc(pid + "/comm"), "sleep\n");
}

TEST_F(ProcTest, CommFollowsPrctlAndCanBeWritten) {
  char old[16];
  prctl(PR_GET_NAME, old);
  prctl(PR_SET_NAME, "renamed");
  EXPECT_EQ(Proc("self/comm"), "renamed\n");
  EXPECT_TRUE(WriteFile("/proc/self/comm", "written"));
  char now[16];
  prctl(PR_GET_NAME, now);
  EXPECT_STREQ(now, "written");
  prctl(PR_SET_NAME, old);
}

TEST_F(ProcTest, LinksNameCwdRootAndExe) {
  EXPECT_EQ(LinkOf("self/cwd"), path());
  EXPECT_EQ(LinkOf("self/root"), "/");
  EXPECT_EQ(LinkOf("self/exe"), std::string(program_invocation_name));
}

TEST_F(ProcTest, RemovedDirectoryIsMarkedDeleted) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(RunInChild([&] {
                CHILD_CHECK(chdir("dir") == 0);
                CHILD_CHECK(rmdir("../dir") == 0);
                CHILD_CHECK(LinkOf("self/cwd") == path() + "/dir (deleted)");
              }),
              Exited(0));
}

TEST_F(ProcTest, FdListsOpenDescriptors) {
  const Fd file = OpenWith("file", "hello");
  const std::string number = std::to_string(file);
  EXPECT_EQ(Entries("/proc/self/fd").count(number), 1u);
  EXPECT_EQ(LinkOf("self/fd/" + number), path() + "/file");
  Pipe pipe;
  EXPECT_THAT(LinkOf("self/fd/" + std::to_string(pipe.read)),
              StartsWith("pipe:["));
  SocketPair sockets;
  EXPECT_THAT(LinkOf("self/fd/" + std::to_string(sockets.a)),
              StartsWith("socket:["));
}

TEST_F(ProcTest, FdLinkReopensWithNewAccess) {
  const Fd file = OpenWith("file", "hello");
  const Fd again(
      open(("/proc/self/fd/" + std::to_string(file)).c_str(), O_RDONLY));
  EXPECT_THAT(lseek(file, 3, SEEK_SET), SucceedsWith(3));
  EXPECT_THAT(lseek(again, 0, SEEK_CUR), SucceedsWith(0));
  EXPECT_EQ(fcntl(again, F_GETFL) & O_ACCMODE, O_RDONLY);
}

TEST_F(ProcTest, FdinfoTellsPositionAndFlags) {
  const Fd file = OpenWith("file", "hello", O_APPEND);
  ASSERT_THAT(lseek(file, 3, SEEK_SET), Succeeds());
  const std::string info = Proc("self/fdinfo/" + std::to_string(file));
  EXPECT_EQ(Field(info, "pos"), "3");
  EXPECT_EQ(Field(info, "flags"), "0102002");
}

TEST_F(ProcTest, MapsShowMappings) {
  const Fd file = OpenWith("file", std::string(4096, 'x'));
  Map map = Map::Of(file, kPage, MAP_PRIVATE, PROT_READ);
  Map hidden = Map::Private(kPage, PROT_NONE);
  const std::string maps = Proc("self/maps");
  char line[64];
  snprintf(line, sizeof(line), "%lx-%lx r--p 00000000 ",
           reinterpret_cast<long>(map.data()),
           reinterpret_cast<long>(map.data() + kPage));
  EXPECT_THAT(maps, HasSubstr(line));
  EXPECT_THAT(maps, HasSubstr(path() + "/file\n"));
  EXPECT_THAT(maps, HasSubstr("[stack]\n"));
  EXPECT_THAT(maps, HasSubstr("[heap]\n"));
  EXPECT_THAT(maps, HasSubstr("r-xp"));
}

TEST_F(ProcTest, TaskListsThreads) {
  EXPECT_EQ(Entries("/proc/self/task"),
            (std::set<std::string>{".", "..", std::to_string(getpid())}));
}

TEST_F(ProcTest, LimitsShowRlimits) {
  EXPECT_THAT(RunInChild([] {
                const rlimit limit = {77, 88};
                CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
                const std::string line =
                    Field(Proc("self/limits"), "Max open files");
                std::istringstream fields(line);
                int soft = 0;
                int hard = 0;
                fields >> soft >> hard;
                CHILD_CHECK(soft == 77 && hard == 88);
              }),
              Exited(0));
}

TEST_F(ProcTest, MountinfoAndMountsHaveARoot) {
  struct statx root;
  ASSERT_THAT(statx(AT_FDCWD, "/", 0, 0, &root), Succeeds());
  // What chroot(2) made the root need not be a mount's.
  if ((root.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) {
    EXPECT_THAT(Proc("self/mountinfo"), HasSubstr(" / / "));
  } else {
    EXPECT_THAT(Proc("self/mountinfo"), Not(HasSubstr(" / / ")));
  }
  EXPECT_THAT(Proc("mounts"), HasSubstr(" /proc proc "));
  EXPECT_THAT(Proc("filesystems"), HasSubstr("\tproc\n"));
}

TEST_F(ProcTest, SystemFilesCanBeParsed) {
  EXPECT_THAT(Proc("meminfo"), StartsWith("MemTotal:"));
  EXPECT_THAT(Proc("cpuinfo"), HasSubstr("processor\t: 0\n"));
  EXPECT_THAT(Proc("stat"), StartsWith("cpu  "));
  EXPECT_THAT(Proc("version"), StartsWith("Linux version "));
  double up = -1;
  double idle = -1;
  std::istringstream(Proc("uptime")) >> up >> idle;
  EXPECT_GE(up, 0);
  EXPECT_GE(idle, 0);
  EXPECT_THAT(Proc("loadavg"), HasSubstr("/"));
}

TEST_F(ProcTest, SysctlsCanBeRead) {
  utsname name;
  ASSERT_THAT(uname(&name), Succeeds());
  EXPECT_EQ(Proc("sys/kernel/osrelease"), std::string(name.release) + "\n");
  EXPECT_EQ(Proc("sys/kernel/hostname"), std::string(name.nodename) + "\n");
  int pid_max = 0;
  std::istringstream(Proc("sys/kernel/pid_max")) >> pid_max;
  EXPECT_GT(pid_max, 300);
  EXPECT_EQ(Proc("sys/kernel/random/uuid").size(), 37u);
}

TEST_F(ProcTest, FilesHaveNoSizeAndCannotBeMade) {
  struct stat st;
  ASSERT_THAT(stat("/proc/self/status", &st), Succeeds());
  EXPECT_EQ(st.st_size, 0);
  EXPECT_TRUE(S_ISREG(st.st_mode));
  EXPECT_THAT(open("/proc/new", O_RDWR | O_CREAT, 0644), FailsWith(ENOENT));
  EXPECT_THAT(open("/proc/self/stat", O_WRONLY), FailsWith(EACCES));
  EXPECT_THAT(access("/proc/999999999", F_OK), FailsWith(ENOENT));
}

TEST_F(ProcTest, MemReadsOwnMemory) {
  const Fd mem(open("/proc/self/mem", O_RDWR));
  char text[] = "hello";
  char copy[5];
  const auto at = reinterpret_cast<off_t>(text);
  ASSERT_THAT(pread(mem, copy, 5, at), SucceedsWith(5));
  EXPECT_EQ(std::string(copy, 5), "hello");
  EXPECT_THAT(pread(mem, copy, 5, 0), FailsWith(EIO));
}

TEST_F(DevTest, NullSwallowsAndIsEmpty) {
  const Fd fd(open("/dev/null", O_RDWR));
  char c;
  EXPECT_THAT(write(fd, "hello", 5), SucceedsWith(5));
  EXPECT_THAT(read(fd, &c, 1), SucceedsWith(0));
  EXPECT_THAT(lseek(fd, 100, SEEK_SET), SucceedsWith(0));
}

TEST_F(DevTest, ZeroGivesZerosAndMapsAsMemory) {
  const Fd fd(open("/dev/zero", O_RDWR));
  char buffer[4] = {1, 1, 1, 1};
  EXPECT_THAT(read(fd, buffer, 4), SucceedsWith(4));
  EXPECT_EQ(buffer[3], 0);
  EXPECT_THAT(write(fd, buffer, 4), SucceedsWith(4));
  Map map = Map::Of(fd, kPage, MAP_PRIVATE);
  map[0] = 'x';
  EXPECT_EQ(map[1], 0);
}

TEST_F(DevTest, FullHasNoRoom) {
  const Fd fd(open("/dev/full", O_RDWR));
  char c = 1;
  EXPECT_THAT(write(fd, "x", 1), FailsWith(ENOSPC));
  EXPECT_THAT(read(fd, &c, 1), SucceedsWith(1));
  EXPECT_EQ(c, 0);
}

TEST_F(DevTest, RandomGivesDifferentBytes) {
  for (const char* name : {"/dev/random", "/dev/urandom"}) {
    const Fd fd(open(name, O_RDONLY));
    char a[16];
    char b[16];
    ASSERT_THAT(read(fd, a, 16), SucceedsWith(16));
    ASSERT_THAT(read(fd, b, 16), SucceedsWith(16));
    EXPECT_NE(std::string(a, 16), std::string(b, 16));
  }
}

TEST_F(DevTest, StandardLinksAndShmExist) {
  struct stat st;
  EXPECT_THAT(stat("/dev/stdin", &st), Succeeds());
  ASSERT_THAT(stat("/dev/shm", &st), Succeeds());
  EXPECT_EQ(st.st_mode, S_IFDIR | 01777u);
  const std::string name = "/emu-" + std::to_string(getpid());
  const Fd fd(shm_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600));
  EXPECT_TRUE(fd.valid());
  EXPECT_THAT(shm_unlink(name.c_str()), Succeeds());
}

TEST(GetrandomTest, FillsAndChecksArguments) {
  char a[16];
  char b[16];
  ASSERT_THAT(getrandom(a, 16, 0), SucceedsWith(16));
  ASSERT_THAT(getrandom(b, 16, GRND_NONBLOCK), SucceedsWith(16));
  EXPECT_NE(std::string(a, 16), std::string(b, 16));
  EXPECT_THAT(getrandom(a, 16, 0x100), FailsWith(EINVAL));
  EXPECT_THAT(getrandom(a, 16, GRND_RANDOM | GRND_INSECURE), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_getrandom, BadAddress(), 16, 0), FailsWith(EFAULT));
  EXPECT_THAT(getrandom(nullptr, 0, 0), SucceedsWith(0));
}

TEST(UnameTest, SaysLinux) {
  utsname name;
  ASSERT_THAT(uname(&name), Succeeds());
  EXPECT_STREQ(name.sysname, "Linux");
  EXPECT_STREQ(name.machine, "x86_64");
  EXPECT_TRUE(isdigit(name.release[0]));
  EXPECT_THAT(syscall(SYS_uname, BadAddress()), FailsWith(EFAULT));
}

TEST(SysinfoTest, HasMemoryAndProcesses) {
  struct sysinfo info;
  ASSERT_THAT(sysinfo(&info), Succeeds());
  EXPECT_GT(info.totalram, 0u);
  EXPECT_GE(info.totalram, info.freeram);
  EXPECT_GT(info.procs, 0u);
}

TEST(GetrusageTest, SelfChildrenAndThread) {
  rusage usage;
  EXPECT_THAT(getrusage(RUSAGE_SELF, &usage), Succeeds());
  EXPECT_GT(usage.ru_maxrss, 0);
  EXPECT_THAT(getrusage(RUSAGE_CHILDREN, &usage), Succeeds());
  EXPECT_THAT(getrusage(RUSAGE_THREAD, &usage), Succeeds());
  EXPECT_THAT(syscall(SYS_getrusage, 99, &usage), FailsWith(EINVAL));
}

TEST(ProcSelfTest, CoredumpFilterIsKeptAndInherited) {
  ASSERT_TRUE(WriteFile("/proc/self/coredump_filter", "0x7f"));
  EXPECT_EQ(ReadFile("/proc/self/coredump_filter"), "0000007f\n");
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(ReadFile("/proc/self/coredump_filter") ==
                            "0000007f\n");
              }),
              Exited(0));
  ASSERT_TRUE(WriteFile("/proc/self/coredump_filter", "0xfffff"));
  EXPECT_EQ(ReadFile("/proc/self/coredump_filter"), "000001ff\n");
  ASSERT_TRUE(WriteFile("/proc/self/coredump_filter", "063"));
  EXPECT_EQ(ReadFile("/proc/self/coredump_filter"), "00000033\n");
  EXPECT_FALSE(WriteFile("/proc/self/coredump_filter", "many"));
}

}  // namespace
}  // namespace emu
