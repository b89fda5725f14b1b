// SPDX-License-Identifier: Apache-2.0
//
// Prints all that a program can ask its machine about, a line each, "what:
// answer". Two runs on different hosts must print the same.
//
// Usage: leaks_guest TREE

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

extern char** environ;

namespace {

[[gnu::format(printf, 2, 3)]] void Tell(const std::string& what,
                                        const char* format, ...) {
  printf("%s: ", what.c_str());
  va_list args;
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  printf("\n");
}

std::string Hex(const void* bytes, size_t n) {
  std::string text;
  char two[3];
  for (size_t i = 0; i < n; ++i) {
    snprintf(two, sizeof(two), "%02x", static_cast<const uint8_t*>(bytes)[i]);
    text += two;
  }
  return text;
}

void TellClocks() {
  for (const clockid_t id : {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME,
                             CLOCK_PROCESS_CPUTIME_ID, CLOCK_MONOTONIC_RAW,
                             CLOCK_MONOTONIC_COARSE, CLOCK_TAI}) {
    timespec now = {};
    clock_gettime(id, &now);
    Tell("clock " + std::to_string(id), "%ld.%09ld", now.tv_sec, now.tv_nsec);
    syscall(SYS_clock_gettime, id, &now);
    Tell("clock by call " + std::to_string(id), "%ld.%09ld", now.tv_sec,
         now.tv_nsec);
  }
  unsigned aux = 0;
  Tell("rdtsc", "%llu", __rdtsc());
  Tell("rdtscp", "%llu", __rdtscp(&aux));
  Tell("rdtscp's processor", "%u", aux);
  timeval day = {};
  gettimeofday(&day, nullptr);
  Tell("gettimeofday", "%ld.%06ld", day.tv_sec, day.tv_usec);
  tms used = {};
  Tell("times", "%ld %ld %ld", times(&used), used.tms_utime, used.tms_stime);
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  Tell("rusage", "%ld.%06ld %ld %ld %ld %ld", usage.ru_utime.tv_sec,
       usage.ru_utime.tv_usec, usage.ru_maxrss, usage.ru_minflt,
       usage.ru_nvcsw, usage.ru_nivcsw);
  const time_t start = 0;
  char zone[64];
  strftime(zone, sizeof(zone), "%Z %c", localtime(&start));
  Tell("time zone", "%s", zone);
}

void TellAddresses() {
  int on_stack = 0;
  static int in_data = 0;
  Tell("stack", "%p", static_cast<void*>(&on_stack));
  Tell("data", "%p", static_cast<void*>(&in_data));
  Tell("heap", "%p", malloc(10));
  Tell("break", "%p", sbrk(0));
  Tell("mmap", "%p",
       mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  Tell("environment's place", "%p", static_cast<void*>(environ));
}

void TellAuxiliaryVector() {
  for (const unsigned long type :
       {AT_PAGESZ, AT_CLKTCK, AT_PHDR, AT_BASE, AT_ENTRY, AT_UID, AT_GID,
        AT_SECURE, AT_HWCAP, AT_HWCAP2, AT_SYSINFO_EHDR, AT_MINSIGSTKSZ,
        AT_RANDOM}) {
    Tell("auxv " + std::to_string(type), "%lx", getauxval(type));
  }
  Tell("AT_RANDOM", "%s",
       Hex(reinterpret_cast<void*>(getauxval(AT_RANDOM)), 16).c_str());
}

void TellRandomness() {
  char bytes[16] = {};
  (void)!getrandom(bytes, sizeof(bytes), 0);
  Tell("getrandom", "%s", Hex(bytes, sizeof(bytes)).c_str());
  const int fd = open("/dev/urandom", O_RDONLY);
  (void)!read(fd, bytes, sizeof(bytes));
  Tell("/dev/urandom", "%s", Hex(bytes, sizeof(bytes)).c_str());
  close(fd);
}

void TellMachine() {
  utsname name = {};
  uname(&name);
  Tell("uname", "%s %s %s %s %s", name.sysname, name.nodename, name.release,
       name.version, name.machine);
  struct sysinfo info = {};
  sysinfo(&info);
  Tell("sysinfo", "%ld %lu %lu %lu %d", info.uptime, info.totalram,
       info.freeram, info.loads[0], info.procs);
  unsigned cpu = 7, node = 7;
  getcpu(&cpu, &node);
  Tell("getcpu", "%u %u", cpu, node);
  cpu_set_t set;
  sched_getaffinity(0, sizeof(set), &set);
  Tell("processors", "%ld %ld %d", sysconf(_SC_NPROCESSORS_ONLN),
       sysconf(_SC_NPROCESSORS_CONF), CPU_COUNT(&set));
  Tell("memory", "%ld %ld", sysconf(_SC_PHYS_PAGES), sysconf(_SC_AVPHYS_PAGES));
  struct statvfs fs = {};
  statvfs("/", &fs);
  Tell("statvfs", "%lu %lu %lu %lu %lu", fs.f_blocks, fs.f_bfree, fs.f_files,
       fs.f_ffree, fs.f_fsid);
  for (int i = 0; i < RLIM_NLIMITS; ++i) {
    rlimit limit = {};
    getrlimit(static_cast<__rlimit_resource>(i), &limit);
    Tell("limit " + std::to_string(i), "%lu %lu", limit.rlim_cur,
         limit.rlim_max);
  }
}

void TellProcess() {
  Tell("pids", "%d %d %d %d", getpid(), getppid(), getpgrp(), getsid(0));
  Tell("ids", "%u %u %u %u", getuid(), geteuid(), getgid(), getegid());
  gid_t groups[64];
  Tell("groups", "%d", getgroups(64, groups));
  Tell("umask", "%o", umask(0));
  Tell("nice", "%d %d", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0));
  sigset_t mask;
  sigprocmask(SIG_SETMASK, nullptr, &mask);
  Tell("signal mask", "%s", Hex(&mask, 8).c_str());
  for (int signo = 1; signo <= 64; ++signo) {
    struct sigaction action = {};
    if (sigaction(signo, nullptr, &action) == 0 &&
        action.sa_handler != SIG_DFL) {
      Tell("ignored", "%d", signo);
    }
  }
  char directory[4096] = {};
  Tell("directory", "%s", getcwd(directory, sizeof(directory)));
  for (char** entry = environ; *entry != nullptr; ++entry) {
    Tell("environment", "%s", *entry);
  }
  for (int fd = 0; fd < 1024; ++fd) {
    struct stat st = {};
    if (fstat(fd, &st) == 0) {
      Tell("descriptor " + std::to_string(fd), "%o %lx %lx %lx", st.st_mode,
           st.st_dev, st.st_ino, st.st_rdev);
    }
  }
  winsize window = {};
  Tell("terminal", "%d", ioctl(0, TIOCGWINSZ, &window));
  const pid_t child = fork();
  if (child == 0) _exit(0);
  Tell("child", "%d", child);
  waitpid(child, nullptr, 0);
}

void OnSignal(int, siginfo_t*, void* context) {
  int here = 0;
  Tell("a handler's stack", "%p %p", static_cast<void*>(&here), context);
}

void TellSignalFrame() {
  struct sigaction action = {};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, nullptr);
  raise(SIGUSR1);
}

void TellNode(const std::string& path) {
  struct stat st = {};
  lstat(path.c_str(), &st);
  Tell(path + " number", "%lu %lu", st.st_dev, st.st_ino);
  Tell(path + " mode and owner", "%o %u %u", st.st_mode, st.st_uid, st.st_gid);
  Tell(path + " links", "%lu", st.st_nlink);
  Tell(path + " size", "%ld %ld %ld", st.st_size, st.st_blocks, st.st_blksize);
  Tell(path + " times", "%ld.%09ld %ld.%09ld %ld.%09ld", st.st_atim.tv_sec,
       st.st_atim.tv_nsec, st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
       st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
  char names[1024] = {};
  Tell(path + " attributes", "%zd", llistxattr(path.c_str(), names, 1024));
  if (!S_ISREG(st.st_mode)) return;
  const int fd = open(path.c_str(), O_RDONLY);
  Tell(path + " holes", "%ld %ld", lseek(fd, 0, SEEK_DATA),
       lseek(fd, 0, SEEK_HOLE));
  close(fd);
}

void TellTree(const std::string& path) {
  TellNode(path);
  DIR* directory = opendir(path.c_str());
  if (directory == nullptr) return;
  std::vector<std::string> names;
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    Tell(path + " entry", "%s %lu %ld %d", name.c_str(), entry->d_ino,
         entry->d_off, entry->d_type);
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(directory);
  for (const std::string& name : names) TellTree(path + "/" + name);
}

void TellFile(const char* path) {
  const int fd = open(path, O_RDONLY);
  std::string text;
  char bytes[4096];
  ssize_t n;
  while (fd >= 0 && (n = read(fd, bytes, sizeof(bytes))) > 0) {
    text.append(bytes, n);
  }
  if (fd >= 0) close(fd);
  size_t at = 0;
  int line = 0;
  while (at < text.size()) {
    size_t end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    Tell(std::string(path) + " " + std::to_string(line++), "%s",
         text.substr(at, end - at).c_str());
    at = end + 1;
  }
}

void* TellThread(void* number) {
  Tell("thread", "%ld %ld", reinterpret_cast<long>(number),
       syscall(SYS_gettid));
  return nullptr;
}

void TellThreads() {
  pthread_t threads[8];
  for (long i = 0; i < 8; ++i) {
    pthread_create(&threads[i], nullptr, TellThread,
                   reinterpret_cast<void*>(i));
  }
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
}

}  // namespace

int main(int, char** argv) {
  setvbuf(stdout, nullptr, _IOFBF, 1 << 16);
  TellClocks();
  TellAddresses();
  TellAuxiliaryVector();
  TellRandomness();
  TellMachine();
  TellProcess();
  TellSignalFrame();
  TellThreads();
  TellTree(argv[1]);
  TellNode("/usr/bin");
  TellNode("/etc/passwd");
  TellNode("/tmp");
  for (const char* path :
       {"/proc/self/maps", "/proc/self/stat", "/proc/self/status",
        "/proc/self/mountinfo", "/proc/self/limits", "/proc/self/cgroup",
        "/proc/self/environ", "/proc/self/smaps", "/proc/self/io",
        "/proc/self/sched", "/proc/self/oom_score", "/proc/self/oom_score_adj",
        "/proc/self/attr/current", "/proc/self/wchan", "/proc/cpuinfo",
        "/proc/meminfo", "/proc/stat", "/proc/uptime", "/proc/loadavg",
        "/proc/version", "/proc/cmdline", "/proc/filesystems", "/proc/vmstat",
        "/proc/interrupts", "/proc/net/dev", "/proc/net/tcp",
        "/proc/sys/kernel/random/boot_id", "/proc/sys/kernel/random/uuid",
        "/proc/sys/kernel/hostname", "/proc/sys/kernel/osrelease",
        "/proc/sys/kernel/pid_max", "/proc/sys/fs/file-nr",
        "/proc/sys/fs/file-max", "/proc/sys/vm/overcommit_memory",
        "/sys/devices/system/cpu/online", "/sys/devices/system/cpu/possible",
        "/etc/hostname", "/etc/resolv.conf", "/etc/machine-id"}) {
    TellFile(path);
  }
  return 0;
}
