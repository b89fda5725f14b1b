// SPDX-License-Identifier: Apache-2.0
//
// Makes system calls of every number with random and half-sensible arguments,
// from a seed, for emu to survive. The calls are made by children, of which one
// after another dies, hangs or ruins itself; the runner counts what they did,
// removes what they left behind, and exits with 0 when enough calls were made.
//
// To be run under emu only, where nothing that it does can matter; hence
// --under-emu, without which it refuses.
//
// Usage: syscall_fuzz --under-emu [--seed=N] [--calls=N]

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr size_t kPage = 4096;
constexpr size_t kArena = 16 * kPage;
constexpr long kHighestNumber = 600;
constexpr long kHighestUsedNumber = 470;
// How many calls one child makes if nothing befalls it.
constexpr uint32_t kCallsPerChild = 2000;

// splitmix64.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

// What a child can name in its arguments: memory of several kinds, and
// descriptors 3 and up of many.
class World {
 public:
  explicit World(Random& random) : random_(random) {
    arena_ = static_cast<char*>(mmap(nullptr, kArena + 3 * kPage,
                                     PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(arena_ + kArena, kPage, PROT_NONE);
    mprotect(arena_ + kArena + kPage, kPage, PROT_READ);
    OpenDescriptors();
    Refill();
  }

  // Puts structures that calls may take into the arena, and noise.
  void Refill() {
    for (size_t i = 0; i < kArena; i += 8) {
      const uint64_t word = random_.OneIn(3) ? random_.Next() : Small();
      memcpy(arena_ + i, &word, 8);
    }
    for (size_t page = 0; page < kArena; page += kPage) FillPage(arena_ + page);
  }

  uint64_t Argument() {
    switch (random_.Below(16)) {
      case 0:
        return 0;
      case 1:
        return ~uint64_t{0};
      case 2:
      case 3:
        return Small();
      case 4:
      case 5:
        return Descriptor();
      case 6:
      case 7:
      case 8:
      case 9:
        return Pointer();
      case 10:
        return Flags();
      case 11:
        return (uint64_t{1} << random_.Below(64)) - random_.Below(3) + 1;
      case 12:
        return kPage * random_.Below(64);
      case 13:
        return static_cast<uint64_t>(AT_FDCWD);
      case 14:
        return random_.Next();
      default:
        return static_cast<uint32_t>(random_.Next());
    }
  }

 private:
  uint64_t Small() { return random_.Below(64); }
  uint64_t Descriptor() { return random_.Below(32); }
  uint64_t Flags() {
    return (uint64_t{1} << random_.Below(32)) |
           (uint64_t{1} << random_.Below(32));
  }

  uint64_t Pointer() {
    const auto base = reinterpret_cast<uint64_t>(arena_);
    switch (random_.Below(12)) {
      case 0:  // The last bytes before memory that faults.
        return base + kArena - random_.Below(64);
      case 1:  // No access at all.
        return base + kArena + random_.Below(kPage);
      case 2:  // No writing.
        return base + kArena + kPage + random_.Below(kPage);
      case 3:  // The kernel's half, and what is no address.
        return 0xffff800000000000 + random_.Below(uint64_t{1} << 47);
      case 4:
        return random_.Next();
      case 5:  // The stack, the program, unaligned memory.
        return reinterpret_cast<uint64_t>(&base) + random_.Below(512);
      case 6:
        return reinterpret_cast<uint64_t>(&environ) + random_.Below(512);
      case 7:
        return base + random_.Below(kArena);
      default:  // One of the structures below.
        return base + kPage * random_.Below(kArena / kPage) +
               128 * random_.Below(8);
    }
  }

  // A structure every 128 bytes.
  void FillPage(char* page) {
    static constexpr const char* kPaths[] = {
        "file",      "directory", "link",       ".",
        "..",        "/",         "new",        "/proc/self/maps",
        "/dev/null", "/dev/ptmx", "/proc/self", "/proc/self/fd/3",
        "/dev/shm",  "fifo",      "/dev/tty",   "directory/deeper/"};
    strcpy(page, kPaths[random_.Below(sizeof(kPaths) / sizeof(kPaths[0]))]);
    auto* vec = reinterpret_cast<iovec*>(page + 128);
    for (int i = 0; i < 8; ++i) {
      vec[i] = {reinterpret_cast<void*>(Pointer()), random_.Below(2 * kPage)};
    }
    auto* time = reinterpret_cast<timespec*>(page + 256);
    for (int i = 0; i < 8; ++i) time[i] = {0, long(random_.Below(2000000))};
    auto* address = reinterpret_cast<sockaddr_un*>(page + 384);
    address->sun_family = random_.OneIn(2) ? AF_UNIX : AF_INET;
    auto* message = reinterpret_cast<msghdr*>(page + 512);
    *message = {};
    message->msg_iov = vec;
    message->msg_iovlen = random_.Below(9);
    message->msg_control = page + 1024;
    message->msg_controllen = random_.Below(256);
    auto* control = reinterpret_cast<cmsghdr*>(page + 1024);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(4 * random_.Below(8));
    auto* pointers = reinterpret_cast<uint64_t*>(page + 640);
    for (int i = 0; i < 15; ++i) pointers[i] = Pointer();
    pointers[random_.Below(15)] = 0;
    auto* event = reinterpret_cast<epoll_event*>(page + 768);
    event->events = static_cast<uint32_t>(Flags());
    memset(page + 896, 0, 128);
    page[896 + random_.Below(128)] = static_cast<char>(random_.Next());
  }

  static void OpenDescriptors() {
    int pair[2];
    mkdir("directory", 0755);
    symlink("file", "link");
    mkfifo("fifo", 0644);
    open("file", O_RDWR | O_CREAT, 0644);
    open("directory", O_RDONLY);
    open("file", O_PATH);
    pipe2(pair, O_NONBLOCK);
    pipe(pair);
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair);
    socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    eventfd(0, EFD_NONBLOCK);
    epoll_create1(0);
    timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    inotify_init1(IN_NONBLOCK);
    memfd_create("memory", MFD_ALLOW_SEALING);
    posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    open("/proc/self/status", O_RDONLY);
    open("/dev/zero", O_RDWR);
    sigset_t set;
    sigfillset(&set);
    signalfd(-1, &set, SFD_NONBLOCK);
  }

  Random& random_;
  char* arena_;
};

// Whether the first argument, or the second of one, names a process that the
// call may kill, stop or starve.
bool TakesVictim(long number) {
  switch (number) {
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_rt_sigqueueinfo:
    case SYS_rt_tgsigqueueinfo:
    case SYS_pidfd_open:
    case SYS_prlimit64:
    case SYS_process_vm_writev:
    case SYS_setpgid:
      return true;
    default:
      return false;
  }
}

// The runner is the one process that must live, and keep its limits.
void SpareRunner(long number, pid_t runner, uint64_t* argument) {
  if (!TakesVictim(number)) return;
  const int victim = static_cast<int>(*argument);
  if (victim == runner || victim == -runner || victim == -1) {
    *argument = static_cast<uint64_t>(getpid());
  }
}

// A signal every millisecond ends most calls that would wait for ever.
void StartInterrupting() {
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  sigaction(SIGALRM, &action, nullptr);
  const itimerval timer = {{0, 1000}, {0, 1000}};
  setitimer(ITIMER_REAL, &timer, nullptr);
}

// Never returns. *made is shared with the runner.
[[noreturn]] void Fuzz(uint64_t seed, pid_t runner, volatile uint32_t* made) {
  // The bounds of the machine are another test's.
  const rlimit memory = {512 << 20, 512 << 20};
  const rlimit file = {1 << 20, 1 << 20};
  setrlimit(RLIMIT_AS, &memory);
  setrlimit(RLIMIT_FSIZE, &file);
  signal(SIGXFSZ, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  setsid();
  StartInterrupting();
  Random random(seed);
  World world(random);
  for (uint32_t i = 1; i <= kCallsPerChild; ++i) {
    const long number = static_cast<long>(
        random.Below(random.OneIn(20) ? kHighestNumber : kHighestUsedNumber));
    uint64_t a[6];
    for (uint64_t& argument : a) argument = world.Argument();
    SpareRunner(number, runner, &a[0]);
    if (number == SYS_rt_tgsigqueueinfo || number == SYS_tgkill) {
      SpareRunner(number, runner, &a[1]);
    }
    *made = i;
    const long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    const bool forks = number == SYS_fork || number == SYS_vfork ||
                       number == SYS_clone || number == SYS_clone3;
    if (forks && result == 0) syscall(SYS_exit, 0);
    if (i % 64 == 0) world.Refill();
  }
  syscall(SYS_exit_group, 0);
  __builtin_unreachable();
}

// Ends and reaps every process but this one.
void Sweep() {
  for (;;) {
    kill(-1, SIGKILL);
    if (waitpid(-1, nullptr, __WALL) < 0 && errno == ECHILD) return;
  }
}

// Waits until the child ends, or has had its time.
void Await(pid_t child) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  const timespec patience = {10, 0};
  while (waitpid(child, nullptr, WNOHANG | __WALL) == 0) {
    if (sigtimedwait(&set, nullptr, &patience) < 0 && errno == EAGAIN) return;
  }
}

int Run(uint64_t seed, uint64_t calls) {
  auto* made = static_cast<volatile uint32_t*>(
      mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
           -1, 0));
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  // Whatever a child sends here is no matter; only SIGKILL and SIGSTOP pass.
  sigset_t set;
  sigfillset(&set);
  sigprocmask(SIG_SETMASK, &set, nullptr);
  const pid_t runner = getpid();
  Random seeds(seed);
  uint64_t total = 0;
  uint64_t children = 0;
  while (total < calls) {
    const uint64_t child_seed = seeds.Next();
    *made = 0;
    const pid_t child = fork();
    if (child == 0) {
      sigemptyset(&set);
      sigprocmask(SIG_SETMASK, &set, nullptr);
      Fuzz(child_seed, runner, made);
    }
    if (child < 0) {
      perror("syscall_fuzz: fork");
      return 1;
    }
    Await(child);
    Sweep();
    const uint32_t count = *made;
    total += count <= kCallsPerChild ? count : 0;  // It is theirs to spoil.
    if (++children > calls) {
      fprintf(stderr, "syscall_fuzz: hardly a child makes a call\n");
      return 1;
    }
  }
  printf("%llu calls by %llu children\n",
         static_cast<unsigned long long>(total),
         static_cast<unsigned long long>(children));
  return 0;
}

// The number in "--name=NUMBER", if that is what `text` is.
bool Parse(const char* text, const char* name, uint64_t* value) {
  const size_t length = strlen(name);
  if (strncmp(text, name, length) != 0 || text[length] != '=') return false;
  *value = strtoull(text + length + 1, nullptr, 0);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t seed = 1;
  uint64_t calls = 1000000;
  bool under_emu = false;
  for (int i = 1; i < argc; ++i) {
    if (strcmp(argv[i], "--under-emu") == 0) {
      under_emu = true;
    } else if (!Parse(argv[i], "--seed", &seed) &&
               !Parse(argv[i], "--calls", &calls)) {
      fprintf(stderr, "syscall_fuzz: what is %s?\n", argv[i]);
      return 2;
    }
  }
  if (!under_emu) {
    fprintf(stderr, "syscall_fuzz: refuses to run but under emu\n");
    return 2;
  }
  return Run(seed, calls);
}
