// SPDX-License-Identifier: Apache-2.0
//
// POSIX record locks, open-file-description locks, flock(2).

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using PosixLockTest = TempDirTest;
using OfdLockTest = TempDirTest;
using FlockTest = TempDirTest;

struct flock Lock(short type, off_t start = 0, off_t length = 0) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return lock;
}

int Set(int fd, struct flock lock, int command = F_SETLK) {
  return fcntl(fd, command, &lock);
}

// What F_GETLK says of this lock in a child, which holds none: the type.
int TypeSeenByChild(int fd, short type, off_t start, off_t length) {
  const int status = RunInChild([=] {
    struct flock lock = Lock(type, start, length);
    CHILD_CHECK(fcntl(fd, F_GETLK, &lock) == 0);
    _exit(lock.l_type);
  });
  return status >> 8;
}

TEST_F(PosixLockTest, WriterExcludesOtherProcesses) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(Set(fd, Lock(F_WRLCK)), Succeeds());
  EXPECT_THAT(RunInChild([&] {
                CHILD_CHECK(Set(fd, Lock(F_RDLCK)) == -1 && errno == EAGAIN);
                CHILD_CHECK(Set(fd, Lock(F_WRLCK)) == -1 && errno == EAGAIN);
              }),
              Exited(0));
}

TEST_F(PosixLockTest, ReadersShare) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(Set(fd, Lock(F_RDLCK)), Succeeds());
  EXPECT_EQ(TypeSeenByChild(fd, F_RDLCK, 0, 0), F_UNLCK);
  EXPECT_EQ(TypeSeenByChild(fd, F_WRLCK, 0, 0), F_RDLCK);
}

TEST_F(PosixLockTest, GetlkDescribesTheFirstConflict) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(Set(fd, Lock(F_WRLCK, 10, 5)), Succeeds());
  const pid_t parent = getpid();
  EXPECT_THAT(RunInChild([&] {
                struct flock lock = Lock(F_RDLCK, 0, 0);
                CHILD_CHECK(fcntl(fd, F_GETLK, &lock) == 0);
                CHILD_CHECK(lock.l_type == F_WRLCK && lock.l_pid == parent);
                CHILD_CHECK(lock.l_start == 10 && lock.l_len == 5);
                CHILD_CHECK(lock.l_whence == SEEK_SET);
              }),
              Exited(0));
}

TEST_F(PosixLockTest, UnlockingTheMiddleSplits) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(Set(fd, Lock(F_WRLCK, 0, 30)), Succeeds());
  ASSERT_THAT(Set(fd, Lock(F_UNLCK, 10, 10)), Succeeds());
  EXPECT_EQ(TypeSeenByChild(fd, F_WRLCK, 0, 10), F_WRLCK);
  EXPECT_EQ(TypeSeenByChild(fd, F_WRLCK, 10, 10), F_UNLCK);
  EXPECT_EQ(TypeSeenByChild(fd, F_WRLCK, 29, 1), F_WRLCK);
  EXPECT_EQ(TypeSeenByChild(fd, F_WRLCK, 30, 1), F_UNLCK);
}

TEST_F(PosixLockTest, NegativeLengthReachesBackwards) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(Set(fd, Lock(F_WRLCK, 10, -5)), Succeeds());
  EXPECT_EQ(TypeSeenByChild(fd, F_WRLCK, 5, 5), F_WRLCK);
  EXPECT_EQ(TypeSeenByChild(fd, F_WRLCK, 10, 1), F_UNLCK);
}

TEST_F(PosixLockTest, ConversionReplaces) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(Set(fd, Lock(F_WRLCK)), Succeeds());
  ASSERT_THAT(Set(fd, Lock(F_RDLCK)), Succeeds());
  EXPECT_EQ(TypeSeenByChild(fd, F_RDLCK, 0, 0), F_UNLCK);
}

TEST_F(PosixLockTest, ClosingAnyDescriptorReleases) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(Set(fd, Lock(F_WRLCK)), Succeeds());
  { const Fd other(open("file", O_RDONLY)); }
  EXPECT_EQ(TypeSeenByChild(fd, F_WRLCK, 0, 0), F_UNLCK);
}

TEST_F(PosixLockTest, EndOfProcessReleases) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(RunInChild([&] { CHILD_CHECK(Set(fd, Lock(F_WRLCK)) == 0); }),
              Exited(0));
  EXPECT_THAT(Set(fd, Lock(F_WRLCK)), Succeeds());
}

TEST_F(PosixLockTest, AccessModeMustFit) {
  ASSERT_TRUE(WriteFile("file", ""));
  const Fd reader(open("file", O_RDONLY));
  const Fd writer(open("file", O_WRONLY));
  EXPECT_THAT(Set(reader, Lock(F_WRLCK)), FailsWith(EBADF));
  EXPECT_THAT(Set(writer, Lock(F_RDLCK)), FailsWith(EBADF));
}

TEST_F(PosixLockTest, ChecksArguments) {
  const Fd fd = OpenWith("file", "");
  EXPECT_THAT(Set(fd, Lock(77)), FailsWith(EINVAL));
  EXPECT_THAT(Set(fd, Lock(F_RDLCK, -1, 1)), FailsWith(EINVAL));
  EXPECT_THAT(Set(fd, Lock(F_RDLCK, 2, -5)), FailsWith(EINVAL));
  EXPECT_THAT(fcntl(fd, F_SETLK, BadAddress()), FailsWith(EFAULT));
  EXPECT_THAT(fcntl(777, F_SETLK, BadAddress()), FailsWith(EBADF));
  struct flock lock = Lock(F_UNLCK);
  EXPECT_THAT(fcntl(fd, F_GETLK, &lock), FailsWith(EINVAL));
}

TEST_F(PosixLockTest, WaitsUntilReleased) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(Set(fd, Lock(F_WRLCK)), Succeeds());
  Child child([&] { CHILD_CHECK(Set(fd, Lock(F_WRLCK), F_SETLKW) == 0); });
  child.WaitUntilBlocked();
  ASSERT_THAT(Set(fd, Lock(F_UNLCK)), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(PosixLockTest, SignalInterruptsWait) {
  const Fd fd = OpenWith("file", "");
  Pipe ready;
  ASSERT_THAT(Set(fd, Lock(F_WRLCK)), Succeeds());
  Child child([&] {
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    sigaction(SIGUSR1, &action, nullptr);
    write(ready.write, "x", 1);
    CHILD_CHECK(Set(fd, Lock(F_WRLCK), F_SETLKW) == -1 && errno == EINTR);
  });
  char c;
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  child.WaitUntilBlocked();
  kill(child.pid(), SIGUSR1);
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(PosixLockTest, CircleOfWaitersIsADeadlock) {
  const Fd fd = OpenWith("file", "");
  Pipe ready;
  ASSERT_THAT(Set(fd, Lock(F_WRLCK, 0, 1)), Succeeds());
  Child child([&] {
    CHILD_CHECK(Set(fd, Lock(F_WRLCK, 1, 1)) == 0);
    write(ready.write, "x", 1);
    CHILD_CHECK(Set(fd, Lock(F_WRLCK, 0, 1), F_SETLKW) == 0);
  });
  char c;
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  child.WaitUntilBlocked();
  EXPECT_THAT(Set(fd, Lock(F_WRLCK, 1, 1), F_SETLKW), FailsWith(EDEADLK));
  ASSERT_THAT(Set(fd, Lock(F_UNLCK, 0, 1)), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(PosixLockTest, CircleOfThreeIsADeadlock) {
  const Fd fd = OpenWith("file", "");
  Pipe ready;
  char c;
  ASSERT_THAT(Set(fd, Lock(F_WRLCK, 0, 1)), Succeeds());
  Child second([&] {
    CHILD_CHECK(Set(fd, Lock(F_WRLCK, 1, 1)) == 0);
    write(ready.write, "x", 1);
    CHILD_CHECK(Set(fd, Lock(F_WRLCK, 0, 1), F_SETLKW) == 0);
  });
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  second.WaitUntilBlocked();
  Child third([&] {
    CHILD_CHECK(Set(fd, Lock(F_WRLCK, 2, 1)) == 0);
    write(ready.write, "x", 1);
    CHILD_CHECK(Set(fd, Lock(F_WRLCK, 1, 1), F_SETLKW) == 0);
  });
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  third.WaitUntilBlocked();
  EXPECT_THAT(Set(fd, Lock(F_RDLCK, 2, 1), F_SETLKW), FailsWith(EDEADLK));
  ASSERT_THAT(Set(fd, Lock(F_UNLCK, 0, 1)), Succeeds());
  EXPECT_THAT(second.Wait(), Exited(0));
  EXPECT_THAT(third.Wait(), Exited(0));
}

TEST_F(PosixLockTest, CircleIsFoundAcrossFiles) {
  const Fd a = OpenWith("a", "");
  const Fd b = OpenWith("b", "");
  Pipe ready;
  ASSERT_THAT(Set(a, Lock(F_WRLCK)), Succeeds());
  Child child([&] {
    CHILD_CHECK(Set(b, Lock(F_WRLCK)) == 0);
    write(ready.write, "x", 1);
    CHILD_CHECK(Set(a, Lock(F_WRLCK), F_SETLKW) == 0);
  });
  char c;
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  child.WaitUntilBlocked();
  EXPECT_THAT(Set(b, Lock(F_WRLCK), F_SETLKW), FailsWith(EDEADLK));
  ASSERT_THAT(Set(a, Lock(F_UNLCK)), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(PosixLockTest, ForkDoesNotInherit) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(Set(fd, Lock(F_WRLCK)), Succeeds());
  EXPECT_THAT(RunInChild([&] {
                // Nothing of the parent's is given up by the child.
                CHILD_CHECK(Set(fd, Lock(F_UNLCK)) == 0);
                close(fd);
                const int again = open("file", O_RDWR);
                CHILD_CHECK(Set(again, Lock(F_RDLCK)) == -1);
                CHILD_CHECK(errno == EAGAIN);
              }),
              Exited(0));
  EXPECT_EQ(TypeSeenByChild(fd, F_RDLCK, 0, 0), F_WRLCK);
}

TEST_F(PosixLockTest, SharedTableOfDescriptorsIsOneOwner) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(Set(fd, Lock(F_WRLCK)), Succeeds());
  const int locks = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
  if (locks == 0) {
    _exit(Set(fd, Lock(F_UNLCK, 0, 1)) == 0 ? 0 : 1);
  }
  int status = -1;
  ASSERT_THAT(waitpid(locks, &status, 0), SucceedsWith(locks));
  EXPECT_EQ(status, 0);
  EXPECT_EQ(TypeSeenByChild(fd, F_WRLCK, 0, 1), F_UNLCK);
  EXPECT_EQ(TypeSeenByChild(fd, F_WRLCK, 1, 1), F_WRLCK);
}

// A program that lives until its input ends, with `fd` left open.
void ExecCat(int input) {
  dup2(input, STDIN_FILENO);
  execl("/bin/cat", "cat", nullptr);
  _exit(1);
}

TEST_F(PosixLockTest, LastsOverExec) {
  const Fd fd = OpenWith("file", "");
  Pipe input(O_CLOEXEC);
  Pipe gone(O_CLOEXEC);
  Child child([&] {
    if (Set(fd, Lock(F_WRLCK)) != 0) _exit(1);
    ExecCat(input.read);
  });
  gone.write.Reset();
  char c;
  ASSERT_THAT(read(gone.read, &c, 1), SucceedsWith(0));  // exec closed it
  EXPECT_THAT(Set(fd, Lock(F_RDLCK)), FailsWith(EAGAIN));
  input.write.Reset();
  EXPECT_THAT(child.Wait(), Exited(0));
  EXPECT_THAT(Set(fd, Lock(F_RDLCK)), Succeeds());
}

TEST_F(PosixLockTest, EndsWithExecThatClosesTheDescriptor) {
  const Fd fd = OpenWith("file", "");
  Pipe input(O_CLOEXEC);
  Pipe gone(O_CLOEXEC);
  Child child([&] {
    if (Set(fd, Lock(F_WRLCK)) != 0) _exit(1);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    ExecCat(input.read);
  });
  gone.write.Reset();
  char c;
  ASSERT_THAT(read(gone.read, &c, 1), SucceedsWith(0));
  EXPECT_THAT(Set(fd, Lock(F_WRLCK)), Succeeds());
  input.write.Reset();
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(PosixLockTest, Dup2OverADescriptorReleases) {
  const Fd fd = OpenWith("file", "");
  const Fd other(open("file", O_RDONLY));
  ASSERT_THAT(Set(fd, Lock(F_WRLCK)), Succeeds());
  ASSERT_THAT(dup2(STDERR_FILENO, other), Succeeds());
  EXPECT_EQ(TypeSeenByChild(fd, F_WRLCK, 0, 0), F_UNLCK);
}

TEST_F(PosixLockTest, LongestRangeIsToTheEnd) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(Set(fd, Lock(F_WRLCK, 5, INT64_MAX - 5 + 1)), Succeeds());
  EXPECT_THAT(RunInChild([&] {
                struct flock lock = Lock(F_RDLCK, 0, 0);
                CHILD_CHECK(fcntl(fd, F_GETLK, &lock) == 0);
                CHILD_CHECK(lock.l_start == 5 && lock.l_len == 0);
              }),
              Exited(0));
  EXPECT_THAT(Set(fd, Lock(F_WRLCK, 5, INT64_MAX)), FailsWith(EOVERFLOW));
}

TEST_F(OfdLockTest, ForkSharesThem) {
  Fd fd = OpenWith("file", "");
  const Fd other(open("file", O_RDWR));
  ASSERT_THAT(Set(fd, Lock(F_WRLCK), F_OFD_SETLK), Succeeds());
  Child child([&] {
    CHILD_CHECK(Set(fd, Lock(F_RDLCK), F_OFD_SETLK) == 0);
    for (;;) pause();
  });
  child.WaitUntilBlocked();
  EXPECT_THAT(Set(other, Lock(F_RDLCK), F_OFD_SETLK), Succeeds());
  EXPECT_THAT(Set(other, Lock(F_WRLCK), F_OFD_SETLK), FailsWith(EAGAIN));
  fd.Reset();
  EXPECT_THAT(Set(other, Lock(F_WRLCK), F_OFD_SETLK), FailsWith(EAGAIN));
  kill(child.pid(), SIGKILL);
  child.Wait();
  EXPECT_THAT(Set(other, Lock(F_WRLCK), F_OFD_SETLK), Succeeds());
}

TEST_F(OfdLockTest, CirclesAreNotLookedFor) {
  const Fd a = OpenWith("file", "");
  const Fd b(open("file", O_RDWR));
  ASSERT_THAT(Set(a, Lock(F_WRLCK, 0, 1), F_OFD_SETLK), Succeeds());
  ASSERT_THAT(Set(b, Lock(F_WRLCK, 1, 1), F_OFD_SETLK), Succeeds());
  Child child([&] { Set(a, Lock(F_WRLCK, 1, 1), F_OFD_SETLKW); });
  child.WaitUntilBlocked();
  Child other([&] { Set(b, Lock(F_WRLCK, 0, 1), F_OFD_SETLKW); });
  other.WaitUntilBlocked();
  kill(child.pid(), SIGKILL);
  EXPECT_THAT(child.Wait(), KilledBy(SIGKILL));
}

TEST_F(OfdLockTest, ExcludesLocksOfTheSameProcess) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(Set(fd, Lock(F_WRLCK)), Succeeds());
  EXPECT_THAT(Set(fd, Lock(F_WRLCK), F_OFD_SETLK), FailsWith(EAGAIN));
}

TEST_F(OfdLockTest, ExcludesOtherDescriptionsInTheSameProcess) {
  const Fd a = OpenWith("file", "");
  const Fd b(open("file", O_RDWR));
  ASSERT_THAT(Set(a, Lock(F_WRLCK), F_OFD_SETLK), Succeeds());
  EXPECT_THAT(Set(b, Lock(F_WRLCK), F_OFD_SETLK), FailsWith(EAGAIN));
  EXPECT_THAT(Set(b, Lock(F_WRLCK)), FailsWith(EAGAIN));
  struct flock lock = Lock(F_WRLCK);
  ASSERT_THAT(fcntl(b, F_OFD_GETLK, &lock), Succeeds());
  EXPECT_EQ(lock.l_type, F_WRLCK);
  EXPECT_EQ(lock.l_pid, -1);
}

TEST_F(OfdLockTest, LastsUntilTheLastDescriptorOfTheDescription) {
  Fd a = OpenWith("file", "");
  Fd copy(dup(a));
  const Fd b(open("file", O_RDWR));
  ASSERT_THAT(Set(a, Lock(F_WRLCK), F_OFD_SETLK), Succeeds());
  a.Reset();
  EXPECT_THAT(Set(b, Lock(F_WRLCK), F_OFD_SETLK), FailsWith(EAGAIN));
  copy.Reset();
  EXPECT_THAT(Set(b, Lock(F_WRLCK), F_OFD_SETLK), Succeeds());
}

TEST_F(OfdLockTest, PidMustBeZero) {
  const Fd fd = OpenWith("file", "");
  struct flock lock = Lock(F_WRLCK);
  lock.l_pid = 1;
  EXPECT_THAT(fcntl(fd, F_OFD_SETLK, &lock), FailsWith(EINVAL));
}

TEST_F(FlockTest, BelongsToTheDescription) {
  const Fd a = OpenWith("file", "");
  const Fd b(open("file", O_RDWR));
  const Fd copy(dup(a));
  ASSERT_THAT(flock(a, LOCK_EX), Succeeds());
  EXPECT_THAT(flock(copy, LOCK_EX | LOCK_NB), Succeeds());
  EXPECT_THAT(flock(b, LOCK_SH | LOCK_NB), FailsWith(EWOULDBLOCK));
  EXPECT_THAT(flock(copy, LOCK_UN), Succeeds());
  EXPECT_THAT(flock(b, LOCK_EX | LOCK_NB), Succeeds());
}

TEST_F(FlockTest, SharedHoldersExcludeExclusiveOnes) {
  const Fd a = OpenWith("file", "");
  const Fd b(open("file", O_RDONLY));
  ASSERT_THAT(flock(a, LOCK_SH), Succeeds());
  EXPECT_THAT(flock(b, LOCK_SH | LOCK_NB), Succeeds());
  EXPECT_THAT(flock(b, LOCK_EX | LOCK_NB), FailsWith(EWOULDBLOCK));
}

TEST_F(FlockTest, SurvivesForkUntilAllCopiesClose) {
  Fd a = OpenWith("file", "");
  const Fd b(open("file", O_RDWR));
  ASSERT_THAT(flock(a, LOCK_EX), Succeeds());
  Child child([] {
    for (;;) pause();
  });
  a.Reset();
  EXPECT_THAT(flock(b, LOCK_EX | LOCK_NB), FailsWith(EWOULDBLOCK));
  kill(child.pid(), SIGKILL);
  child.Wait();
  EXPECT_THAT(flock(b, LOCK_EX | LOCK_NB), Succeeds());
}

TEST_F(FlockTest, ConversionGivesUpTheOldLockFirst) {
  const Fd a = OpenWith("file", "");
  const Fd b(open("file", O_RDWR));
  const Fd c(open("file", O_RDWR));
  ASSERT_THAT(flock(a, LOCK_SH), Succeeds());
  ASSERT_THAT(flock(b, LOCK_SH), Succeeds());
  EXPECT_THAT(flock(a, LOCK_EX | LOCK_NB), FailsWith(EWOULDBLOCK));
  ASSERT_THAT(flock(b, LOCK_UN), Succeeds());
  EXPECT_THAT(flock(c, LOCK_EX | LOCK_NB), Succeeds());
}

TEST_F(FlockTest, LastsOverExec) {
  const Fd a = OpenWith("file", "");
  Pipe input(O_CLOEXEC);
  Pipe gone(O_CLOEXEC);
  Child child([&] {
    const int own = open("file", O_RDWR);
    if (flock(own, LOCK_EX) != 0) _exit(1);
    ExecCat(input.read);
  });
  gone.write.Reset();
  char c;
  ASSERT_THAT(read(gone.read, &c, 1), SucceedsWith(0));
  EXPECT_THAT(flock(a, LOCK_EX | LOCK_NB), FailsWith(EWOULDBLOCK));
  input.write.Reset();
  EXPECT_THAT(child.Wait(), Exited(0));
  EXPECT_THAT(flock(a, LOCK_EX | LOCK_NB), Succeeds());
}

TEST_F(FlockTest, SignalInterruptsWait) {
  const Fd a = OpenWith("file", "");
  Pipe ready;
  ASSERT_THAT(flock(a, LOCK_EX), Succeeds());
  Child child([&] {
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    sigaction(SIGUSR1, &action, nullptr);
    const int own = open("file", O_RDWR);
    write(ready.write, "x", 1);
    CHILD_CHECK(flock(own, LOCK_EX) == -1 && errno == EINTR);
  });
  char c;
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  child.WaitUntilBlocked();
  kill(child.pid(), SIGUSR1);
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(FlockTest, DoesNotConflictWithRecordLocks) {
  const Fd a = OpenWith("file", "");
  ASSERT_THAT(flock(a, LOCK_EX), Succeeds());
  EXPECT_EQ(TypeSeenByChild(a, F_WRLCK, 0, 0), F_UNLCK);
}

TEST_F(FlockTest, WaitsUntilReleased) {
  const Fd a = OpenWith("file", "");
  ASSERT_THAT(flock(a, LOCK_EX), Succeeds());
  Child child([] {
    const Fd b(open("file", O_RDWR));
    CHILD_CHECK(flock(b, LOCK_EX) == 0);
  });
  child.WaitUntilBlocked();
  ASSERT_THAT(flock(a, LOCK_UN), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(FlockTest, Errors) {
  const Fd fd = OpenWith("file", "");
  EXPECT_THAT(flock(777, LOCK_EX), FailsWith(EBADF));
  EXPECT_THAT(flock(fd, 0), FailsWith(EINVAL));
  EXPECT_THAT(flock(fd, LOCK_EX | LOCK_SH), FailsWith(EINVAL));
  const Fd path_only(open("file", O_PATH));
  EXPECT_THAT(flock(path_only, LOCK_EX), FailsWith(EBADF));
}

}  // namespace
}  // namespace emu
