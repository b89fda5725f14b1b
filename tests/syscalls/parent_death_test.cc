// SPDX-License-Identifier: Apache-2.0
//
// PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER: who a parent is, and when it is
// gone.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <thread>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

void Block(int signo) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signo);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

// Whether SIGUSR1, which is blocked, comes within so many milliseconds.
bool Comes(int milliseconds, siginfo_t* info = nullptr) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  siginfo_t unused;
  const timespec patience = {milliseconds / 1000,
                             milliseconds % 1000 * 1'000'000};
  return sigtimedwait(&set, info != nullptr ? info : &unused, &patience) ==
         SIGUSR1;
}

int DeathSignal() {
  int signo = -1;
  prctl(PR_GET_PDEATHSIG, &signo);
  return signo;
}

void Await(int fd) {
  char c;
  CHILD_CHECK(read(fd, &c, 1) == 1);
}

TEST(ParentDeathTest, AThreadIsAParent) {
  Pipe ready;
  Child child([&] {
    std::thread([&] {
      Block(SIGUSR1);
      if (fork() == 0) {
        CHILD_CHECK(prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0);
        CHILD_CHECK(write(ready.write, "x", 1) == 1);
        siginfo_t info;
        CHILD_CHECK(Comes(5000, &info));
        CHILD_CHECK(info.si_code == SI_USER);
        // Its process is still the parent.
        CHILD_CHECK(info.si_pid == getppid());
        _exit(7);
      }
      Await(ready.read);
    }).join();
    int status;
    CHILD_CHECK(wait(&status) > 0);
    CHILD_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  });
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(ParentDeathTest, AnotherThreadIsNot) {
  Pipe ready;
  Child child([&] {
    Block(SIGUSR1);
    Pipe gate;
    std::thread other([&] { Await(gate.read); });
    const pid_t pid = fork();
    if (pid == 0) {
      CHILD_CHECK(prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0);
      CHILD_CHECK(write(ready.write, "x", 1) == 1);
      CHILD_CHECK(!Comes(100));
      _exit(0);
    }
    Await(ready.read);
    CHILD_CHECK(write(gate.write, "x", 1) == 1);
    other.join();
    int status;
    CHILD_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
  });
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(ParentDeathTest, IsNotInherited) {
  Child child([] {
    CHILD_CHECK(prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0);
    CHILD_CHECK(DeathSignal() == SIGUSR1);
    std::thread([] { CHILD_CHECK(DeathSignal() == 0); }).join();
    CHILD_CHECK(RunInChild([] { CHILD_CHECK(DeathSignal() == 0); }) == 0);
    CHILD_CHECK(prctl(PR_SET_PDEATHSIG, 0) == 0);
    CHILD_CHECK(DeathSignal() == 0);
  });
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(ParentDeathTest, OutlivesExec) {
  Pipe ready;
  Child child([&] {
    const pid_t parent = fork();
    if (parent == 0) {
      if (fork() == 0) {
        CHILD_CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
        dup2(ready.write, 1);
        execl("/bin/sh", "sh", "-c", "echo; exec sleep 1000", nullptr);
        _exit(kCheckFailed);
      }
      Await(ready.read);
      _exit(0);
    }
    CHILD_CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    CHILD_CHECK(waitpid(parent, nullptr, 0) == parent);
    int status;
    CHILD_CHECK(wait(&status) > 0);
    CHILD_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  });
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(SubreaperTest, IsOfAProcessAndNotInherited) {
  Child child([] {
    int value = -1;
    std::thread([] { CHILD_CHECK(prctl(PR_SET_CHILD_SUBREAPER, 5) == 0); })
        .join();
    CHILD_CHECK(prctl(PR_GET_CHILD_SUBREAPER, &value) == 0 && value == 1);
    CHILD_CHECK(RunInChild([] {
                  int own = -1;
                  CHILD_CHECK(prctl(PR_GET_CHILD_SUBREAPER, &own) == 0);
                  CHILD_CHECK(own == 0);
                }) == 0);
  });
  EXPECT_THAT(child.Wait(), Exited(0));
}

// The nearest ancestor that is one takes orphans; when it ends, the next does.
TEST(SubreaperTest, OrphansGoUpToTheNext) {
  Child child([] {
    CHILD_CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    const pid_t outer = getpid();
    Pipe told;
    const pid_t inner = fork();
    if (inner == 0) {
      CHILD_CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
      const pid_t self = getpid();
      const pid_t middle = fork();
      if (middle == 0) {
        if (fork() != 0) _exit(0);
        while (getppid() != self) usleep(1000);
        CHILD_CHECK(write(told.write, "x", 1) == 1);
        while (getppid() != outer) usleep(1000);
        _exit(9);
      }
      CHILD_CHECK(waitpid(middle, nullptr, 0) == middle);
      Await(told.read);
      _exit(0);
    }
    CHILD_CHECK(waitpid(inner, nullptr, 0) == inner);
    int status;
    CHILD_CHECK(wait(&status) > 0);
    CHILD_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
  });
  EXPECT_THAT(child.Wait(), Exited(0));
}

}  // namespace
}  // namespace emu
