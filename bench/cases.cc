// SPDX-License-Identifier: Apache-2.0

#include "bench/cases.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

extern char** environ;

namespace emu::bench {
namespace {

void Require(bool good, const char* what) {
  if (good) return;
  perror(what);
  _exit(99);
}

void Getppid(long count) {
  while (count-- > 0) syscall(SYS_getppid);
}

void Read1(long count) {
  const int fd = open("/dev/zero", O_RDONLY);
  char byte;
  while (count-- > 0) syscall(SYS_read, fd, &byte, 1);
  close(fd);
}

void Write1(long count) {
  const int fd = open("/dev/null", O_WRONLY);
  char byte = 0;
  while (count-- > 0) syscall(SYS_write, fd, &byte, 1);
  close(fd);
}

void Stat(long count) {
  struct stat st;
  while (count-- > 0) {
    syscall(SYS_newfstatat, AT_FDCWD, "/usr/bin/env", &st, 0);
  }
}

void OpenFstatClose(long count) {
  struct stat st;
  while (count-- > 0) {
    const int fd = static_cast<int>(
        syscall(SYS_openat, AT_FDCWD, "/usr/bin/env", O_RDONLY));
    Require(fd >= 0, "open");
    syscall(SYS_fstat, fd, &st);
    syscall(SYS_close, fd);
  }
}

void PipePingPong(long count) {
  int to[2], from[2];
  Require(pipe(to) == 0 && pipe(from) == 0, "pipe");
  char byte = 0;
  const pid_t pid = fork();
  if (pid == 0) {
    while (count-- > 0) {
      if (read(to[0], &byte, 1) != 1 || write(from[1], &byte, 1) != 1) break;
    }
    _exit(0);
  }
  while (count-- > 0) {
    Require(write(to[1], &byte, 1) == 1 && read(from[0], &byte, 1) == 1,
            "ping-pong");
  }
  waitpid(pid, nullptr, 0);
}

std::atomic<uint32_t> turn;

void FutexWait(uint32_t unwanted) {
  while (turn.load() == unwanted) {
    syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, unwanted, nullptr);
  }
}

void FutexPass(uint32_t to) {
  turn.store(to);
  syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1);
}

void* FutexPartner(void* argument) {
  for (long n = *static_cast<long*>(argument); n > 0; --n) {
    FutexWait(0);
    FutexPass(0);
  }
  return nullptr;
}

void FutexPingPong(long count) {
  turn = 0;
  pthread_t thread;
  Require(pthread_create(&thread, nullptr, FutexPartner, &count) == 0,
          "thread");
  for (long n = count; n > 0; --n) {
    FutexPass(1);
    FutexWait(1);
  }
  pthread_join(thread, nullptr);
}

constexpr size_t kMegabyte = 1 << 20;

void ReadOrWriteMegabyte(long count, bool write) {
  char name[] = "benchXXXXXX";
  const int fd = mkstemp(name);
  Require(fd >= 0, "mkstemp");
  unlink(name);
  char* buffer = static_cast<char*>(malloc(kMegabyte));
  memset(buffer, 7, kMegabyte);
  Require(pwrite(fd, buffer, kMegabyte, 0) == kMegabyte, "pwrite");
  while (count-- > 0) {
    const ssize_t n = write ? pwrite(fd, buffer, kMegabyte, 0)
                            : pread(fd, buffer, kMegabyte, 0);
    Require(n == kMegabyte, "a megabyte");
  }
  free(buffer);
  close(fd);
}

void Read1M(long count) { ReadOrWriteMegabyte(count, false); }
void Write1M(long count) { ReadOrWriteMegabyte(count, true); }

void ForkWait(long count) {
  while (count-- > 0) {
    const pid_t pid = fork();
    Require(pid >= 0, "fork");
    if (pid == 0) _exit(0);
    waitpid(pid, nullptr, 0);
  }
}

void ForkExecWait(long count) {
  while (count-- > 0) {
    const pid_t pid = fork();
    Require(pid >= 0, "fork");
    if (pid == 0) {
      execl("/bin/true", "true", static_cast<char*>(nullptr));
      _exit(127);
    }
    waitpid(pid, nullptr, 0);
  }
}

void SpawnWait(long count) {
  char name[] = "true";
  char* arguments[] = {name, nullptr};
  while (count-- > 0) {
    pid_t pid;
    Require(posix_spawn(&pid, "/bin/true", nullptr, nullptr, arguments,
                        environ) == 0,
            "posix_spawn");
    waitpid(pid, nullptr, 0);
  }
}

void* Nothing(void*) { return nullptr; }

void ThreadCreateJoin(long count) {
  while (count-- > 0) {
    pthread_t thread;
    Require(pthread_create(&thread, nullptr, Nothing, nullptr) == 0, "thread");
    pthread_join(thread, nullptr);
  }
}

void MmapTouchMunmap(long count) {
  while (count-- > 0) {
    char* page = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    Require(page != MAP_FAILED, "mmap");
    *page = 1;
    munmap(page, 4096);
  }
}

// A million rounds of a linear congruence each.
void Compute(long count) {
  volatile uint64_t sink;
  while (count-- > 0) {
    uint64_t x = 1;
    for (int i = 0; i < 1'000'000; ++i) x = x * 6364136223846793005u + 1;
    sink = x;
  }
  (void)sink;
}

// Walks 64 MiB, a cache line at a time.
void WalkMemory(long count) {
  constexpr size_t kSize = 64 << 20;
  char* memory = static_cast<char*>(malloc(kSize));
  memset(memory, 1, kSize);
  volatile uint64_t sink;
  while (count-- > 0) {
    uint64_t sum = 0;
    for (size_t i = 0; i < kSize; i += 64) sum += memory[i];
    sink = sum;
  }
  (void)sink;
  free(memory);
}

void Start(long) {}

}  // namespace

const Case kCases[] = {
    {"start", Start},
    {"getppid", Getppid},
    {"read_1", Read1},
    {"write_1", Write1},
    {"stat", Stat},
    {"open_fstat_close", OpenFstatClose},
    {"pipe_ping_pong", PipePingPong},
    {"futex_ping_pong", FutexPingPong},
    {"read_1M", Read1M},
    {"write_1M", Write1M},
    {"fork_wait", ForkWait},
    {"fork_exec_wait", ForkExecWait},
    {"spawn_wait", SpawnWait},
    {"thread_create_join", ThreadCreateJoin},
    {"mmap_touch_munmap", MmapTouchMunmap},
    {"compute", Compute},
    {"walk_memory", WalkMemory},
    {nullptr, nullptr},
};

Operation FindCase(const char* name) {
  for (const Case* c = kCases; c->name != nullptr; ++c) {
    if (strcmp(c->name, name) == 0) return c->run;
  }
  return nullptr;
}

}  // namespace emu::bench
