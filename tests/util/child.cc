// SPDX-License-Identifier: Apache-2.0

#include "tests/util/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

namespace emu {
namespace {

// Async-signal-safe: no allocation, no stdio.
char* Append(char* at, const char* text) {
  const size_t length = strnlen(text, 300);
  memcpy(at, text, length);
  return at + length;
}

char* Append(char* at, unsigned number) {
  if (number >= 10) at = Append(at, number / 10);
  *at = static_cast<char>('0' + number % 10);
  return at + 1;
}

// The letter of /proc/TID/stat, or 0.
char StateOf(pid_t tid) {
  char path[64];
  *Append(Append(Append(path, "/proc/"), static_cast<unsigned>(tid)), "/stat") =
      '\0';
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[512];
  const ssize_t n = read(fd, text, sizeof(text) - 1);
  close(fd);
  if (n <= 0) return 0;
  text[n] = '\0';
  const char* name_end = strrchr(text, ')');
  return name_end != nullptr ? name_end[2] : 0;
}

}  // namespace

void ChildCheckFailed(const char* file, int line, const char* condition) {
  const unsigned error = errno;
  char text[1024];
  char* end = Append(text, file);
  end = Append(Append(end, ":"), static_cast<unsigned>(line));
  end = Append(Append(end, ": in a child: "), condition);
  end = Append(Append(Append(end, " (errno "), error), ")\n");
  [[maybe_unused]] const ssize_t n = write(STDERR_FILENO, text, end - text);
  _exit(kCheckFailed);
}

Child::~Child() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  Wait();
}

int Child::Wait() {
  int status = -1;
  pid_t result;
  do {
    result = waitpid(pid_, &status, __WALL);
  } while (result < 0 && errno == EINTR);
  pid_ = -1;
  return result < 0 ? -1 : status;
}

void Child::WaitUntilBlocked() const { emu::WaitUntilBlocked(pid_); }

void WaitUntilBlocked(pid_t tid) {
  for (;;) {
    const char state = StateOf(tid);
    if (state == 'S' || state == 0 || state == 'Z') return;
    sched_yield();
  }
}

}  // namespace emu
