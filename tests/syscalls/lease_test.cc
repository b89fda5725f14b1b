// SPDX-License-Identifier: Apache-2.0
//
// Leases: fcntl(2)'s F_SETLEASE and F_GETLEASE, and how open(2) and truncate(2)
// break them.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

constexpr timespec kNow = {0, 0};

// Signals that tell of a break are blocked, to be waited for.
class LeaseTest : public TempDirTest {
 protected:
  LeaseTest() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGIO);
    sigaddset(&set_, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set_, &old_);
    EXPECT_TRUE(WriteFile("file", "x"));
  }
  ~LeaseTest() override {
    while (sigtimedwait(&set_, nullptr, &kNow) > 0) {
    }
    sigprocmask(SIG_SETMASK, &old_, nullptr);
  }

  // What was signalled meanwhile: its number, or -1.
  int Signalled(siginfo_t* info = nullptr) {
    return sigtimedwait(&set_, info, &kNow);
  }

  sigset_t set_;
  sigset_t old_;
};

// Conditions.

TEST_F(LeaseTest, ReadLeaseNeedsReadOnlyOpens) {
  const Fd reader(open("file", O_RDONLY));
  {
    const Fd writer(open("file", O_RDWR));
    EXPECT_THAT(fcntl(writer, F_SETLEASE, F_RDLCK), FailsWith(EAGAIN));
    EXPECT_THAT(fcntl(reader, F_SETLEASE, F_RDLCK), FailsWith(EAGAIN));
  }
  const Fd other(open("file", O_RDONLY));
  EXPECT_THAT(fcntl(reader, F_SETLEASE, F_RDLCK), Succeeds());
  EXPECT_THAT(fcntl(other, F_SETLEASE, F_RDLCK), Succeeds());
}

TEST_F(LeaseTest, WriteLeaseNeedsToBeTheOnlyOpen) {
  const Fd holder(open("file", O_RDWR));
  {
    const Fd other(open("file", O_RDONLY));
    EXPECT_THAT(fcntl(holder, F_SETLEASE, F_WRLCK), FailsWith(EAGAIN));
    EXPECT_THAT(fcntl(other, F_SETLEASE, F_WRLCK), FailsWith(EAGAIN));
  }
  EXPECT_THAT(fcntl(holder, F_SETLEASE, F_WRLCK), Succeeds());
  EXPECT_THAT(fcntl(holder, F_GETLEASE), SucceedsWith(F_WRLCK));
}

TEST_F(LeaseTest, WriteLeaseIsGrantedOnReadOnlyDescriptor) {
  const Fd holder(open("file", O_RDONLY));
  EXPECT_THAT(fcntl(holder, F_SETLEASE, F_WRLCK), Succeeds());
  EXPECT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  EXPECT_THAT(fcntl(holder, F_GETLEASE), SucceedsWith(F_RDLCK));
  EXPECT_THAT(fcntl(holder, F_SETLEASE, F_WRLCK), Succeeds());
}

TEST_F(LeaseTest, WriterCannotDowngradeItsOwnLease) {
  const Fd holder(open("file", O_RDWR));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_WRLCK), Succeeds());
  EXPECT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), FailsWith(EAGAIN));
  EXPECT_THAT(fcntl(holder, F_GETLEASE), SucceedsWith(F_WRLCK));
}

TEST_F(LeaseTest, BelongsToTheDescription) {
  Fd holder(open("file", O_RDONLY));
  Fd copy(dup(holder));
  const Fd other(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  EXPECT_THAT(fcntl(copy, F_GETLEASE), SucceedsWith(F_RDLCK));
  EXPECT_THAT(fcntl(other, F_GETLEASE), SucceedsWith(F_UNLCK));
  holder.Reset();
  EXPECT_THAT(fcntl(copy, F_GETLEASE), SucceedsWith(F_RDLCK));
  copy.Reset();
  EXPECT_THAT(open("file", O_RDWR | O_NONBLOCK), Succeeds());
}

TEST_F(LeaseTest, ChecksArguments) {
  const Fd reader(open("file", O_RDONLY));
  const Fd directory(open(".", O_RDONLY));
  const Pipe pipe;
  const Fd path_only(open("file", O_PATH));
  EXPECT_THAT(fcntl(777, F_SETLEASE, F_RDLCK), FailsWith(EBADF));
  EXPECT_THAT(fcntl(path_only, F_SETLEASE, F_RDLCK), FailsWith(EBADF));
  EXPECT_THAT(fcntl(reader, F_SETLEASE, 99), FailsWith(EINVAL));
  EXPECT_THAT(fcntl(reader, F_SETLEASE, F_UNLCK), FailsWith(EAGAIN));
  EXPECT_THAT(fcntl(directory, F_SETLEASE, F_RDLCK), FailsWith(EINVAL));
  EXPECT_THAT(fcntl(pipe.read, F_SETLEASE, F_RDLCK), FailsWith(EINVAL));
  EXPECT_THAT(fcntl(directory, F_GETLEASE), SucceedsWith(F_UNLCK));
  EXPECT_THAT(fcntl(pipe.read, F_GETLEASE), SucceedsWith(F_UNLCK));
}

TEST_F(LeaseTest, NeedsTheFileToBeOnesOwn) {
  const Fd file(open("/etc/passwd", O_RDONLY));
  EXPECT_THAT(fcntl(file, F_SETLEASE, F_RDLCK), FailsWith(EACCES));
  EXPECT_THAT(fcntl(file, F_SETLEASE, F_UNLCK), FailsWith(EACCES));
  EXPECT_THAT(fcntl(file, F_SETLEASE, 99), FailsWith(EINVAL));
  EXPECT_THAT(fcntl(file, F_GETLEASE), SucceedsWith(F_UNLCK));
}

// Breaking.

TEST_F(LeaseTest, ReaderDoesNotBreakReadLease) {
  const Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  const Fd other(open("file", O_RDONLY | O_NONBLOCK));
  EXPECT_TRUE(other.valid());
  EXPECT_THAT(Signalled(), FailsWith(EAGAIN));
  EXPECT_THAT(fcntl(holder, F_GETLEASE), SucceedsWith(F_RDLCK));
}

TEST_F(LeaseTest, WriterBreaksReadLease) {
  const Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  EXPECT_THAT(open("file", O_WRONLY | O_NONBLOCK), FailsWith(EWOULDBLOCK));
  siginfo_t info = {};
  EXPECT_THAT(Signalled(&info), SucceedsWith(SIGIO));
  EXPECT_EQ(info.si_code, SI_KERNEL);
  // What it is to become.
  EXPECT_THAT(fcntl(holder, F_GETLEASE), SucceedsWith(F_UNLCK));
  // The holder is told once.
  EXPECT_THAT(open("file", O_WRONLY | O_NONBLOCK), FailsWith(EWOULDBLOCK));
  EXPECT_THAT(Signalled(), FailsWith(EAGAIN));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_UNLCK), Succeeds());
  EXPECT_THAT(open("file", O_WRONLY | O_NONBLOCK), Succeeds());
}

TEST_F(LeaseTest, ReaderDowngradesWriteLease) {
  const Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_WRLCK), Succeeds());
  EXPECT_THAT(open("file", O_RDONLY | O_NONBLOCK), FailsWith(EWOULDBLOCK));
  EXPECT_EQ(Signalled(), SIGIO);
  EXPECT_THAT(fcntl(holder, F_GETLEASE), SucceedsWith(F_RDLCK));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  EXPECT_THAT(open("file", O_RDONLY | O_NONBLOCK), Succeeds());
}

TEST_F(LeaseTest, WriterAfterReaderAsksForMore) {
  const Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_WRLCK), Succeeds());
  EXPECT_THAT(open("file", O_RDONLY | O_NONBLOCK), FailsWith(EWOULDBLOCK));
  EXPECT_EQ(Signalled(), SIGIO);
  EXPECT_THAT(open("file", O_WRONLY | O_NONBLOCK), FailsWith(EWOULDBLOCK));
  EXPECT_EQ(Signalled(), SIGIO);
  EXPECT_THAT(fcntl(holder, F_GETLEASE), SucceedsWith(F_UNLCK));
}

TEST_F(LeaseTest, HoldersOwnOpenBreaksItToo) {
  const Fd holder(open("file", O_RDWR));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_WRLCK), Succeeds());
  EXPECT_THAT(open("file", O_RDONLY | O_NONBLOCK), FailsWith(EWOULDBLOCK));
  EXPECT_EQ(Signalled(), SIGIO);
}

TEST_F(LeaseTest, OpenWaitsUntilTheHolderGivesItUp) {
  const Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  Child child([] {
    const Fd writer(open("file", O_WRONLY));
    CHILD_CHECK(writer.valid());
  });
  EXPECT_THAT(sigwaitinfo(&set_, nullptr), SucceedsWith(SIGIO));
  child.WaitUntilBlocked();
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_UNLCK), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(LeaseTest, OpenWaitsUntilTheHolderDowngrades) {
  const Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_WRLCK), Succeeds());
  Child child([] {
    const Fd reader(open("file", O_RDONLY));
    CHILD_CHECK(reader.valid());
  });
  EXPECT_THAT(sigwaitinfo(&set_, nullptr), SucceedsWith(SIGIO));
  child.WaitUntilBlocked();
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
  EXPECT_THAT(fcntl(holder, F_GETLEASE), SucceedsWith(F_RDLCK));
}

TEST_F(LeaseTest, WaitingWriterCountsAsAnOpen) {
  const Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  Child child([] {
    const Fd writer(open("file", O_WRONLY));
    CHILD_CHECK(writer.valid());
  });
  EXPECT_THAT(sigwaitinfo(&set_, nullptr), SucceedsWith(SIGIO));
  child.WaitUntilBlocked();
  EXPECT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), FailsWith(EAGAIN));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_UNLCK), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(LeaseTest, ClosingEndsTheWaitOfOpen) {
  Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  Child child([&] {
    holder.Reset();
    CHILD_CHECK(open("file", O_WRONLY | O_TRUNC) >= 0);
  });
  EXPECT_THAT(sigwaitinfo(&set_, nullptr), SucceedsWith(SIGIO));
  child.WaitUntilBlocked();
  holder.Reset();
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(LeaseTest, SignalInterruptsTheWait) {
  const Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  Child child([] {
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    sigaction(SIGUSR1, &action, nullptr);
    CHILD_CHECK(open("file", O_WRONLY) == -1 && errno == EINTR);
  });
  EXPECT_THAT(sigwaitinfo(&set_, nullptr), SucceedsWith(SIGIO));
  child.WaitUntilBlocked();
  kill(child.pid(), SIGUSR1);
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(LeaseTest, TruncateBreaksIt) {
  const Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  Child child([] { CHILD_CHECK(truncate("file", 0) == 0); });
  EXPECT_THAT(sigwaitinfo(&set_, nullptr), SucceedsWith(SIGIO));
  child.WaitUntilBlocked();
  struct stat st;
  ASSERT_THAT(fstat(holder, &st), Succeeds());
  EXPECT_EQ(st.st_size, 1);
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_UNLCK), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(LeaseTest, NamesAndAttributesDoNotBreakIt) {
  const Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_WRLCK), Succeeds());
  EXPECT_THAT(chmod("file", 0600), Succeeds());
  EXPECT_THAT(link("file", "other"), Succeeds());
  EXPECT_THAT(rename("other", "third"), Succeeds());
  EXPECT_THAT(unlink("third"), Succeeds());
  EXPECT_THAT(unlink("file"), Succeeds());
  EXPECT_THAT(Signalled(), FailsWith(EAGAIN));
  EXPECT_THAT(fcntl(holder, F_GETLEASE), SucceedsWith(F_WRLCK));
}

TEST_F(LeaseTest, PathDescriptorDoesNotBreakIt) {
  const Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_WRLCK), Succeeds());
  EXPECT_THAT(open("file", O_PATH), Succeeds());
  EXPECT_THAT(Signalled(), FailsWith(EAGAIN));
}

TEST_F(LeaseTest, NoNewLeaseWhileOneIsBrokenForAWriter) {
  const Fd holder(open("file", O_RDONLY));
  const Fd other(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  EXPECT_THAT(open("file", O_WRONLY | O_NONBLOCK), FailsWith(EWOULDBLOCK));
  EXPECT_THAT(fcntl(other, F_SETLEASE, F_RDLCK), FailsWith(EAGAIN));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_UNLCK), Succeeds());
  EXPECT_THAT(fcntl(other, F_SETLEASE, F_RDLCK), Succeeds());
}

// Telling the holder.

TEST_F(LeaseTest, ChosenSignalCarriesTheDescriptor) {
  const Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETSIG, SIGRTMIN), Succeeds());
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  EXPECT_THAT(open("file", O_WRONLY | O_NONBLOCK), FailsWith(EWOULDBLOCK));
  siginfo_t info = {};
  EXPECT_THAT(Signalled(&info), SucceedsWith(SIGRTMIN));
  EXPECT_EQ(info.si_fd, int{holder});
  EXPECT_EQ(info.si_code, POLL_MSG);
  EXPECT_EQ(info.si_band, POLLIN | POLLRDNORM | POLLMSG);
}

TEST_F(LeaseTest, HolderBecomesTheOwnerUnlessThereIsOne) {
  const Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  EXPECT_THAT(fcntl(holder, F_GETOWN), SucceedsWith(getpid()));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_UNLCK), Succeeds());
  // With the lease goes what it was told by.
  EXPECT_THAT(fcntl(holder, F_GETOWN), SucceedsWith(0));
  Child child([] {
    for (;;) pause();
  });
  ASSERT_THAT(fcntl(holder, F_SETOWN, child.pid()), Succeeds());
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  EXPECT_THAT(fcntl(holder, F_GETOWN), SucceedsWith(child.pid()));
}

TEST_F(LeaseTest, RemovalForgetsTheChosenSignal) {
  const Fd holder(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETSIG, SIGRTMIN), Succeeds());
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_RDLCK), Succeeds());
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_UNLCK), Succeeds());
  EXPECT_THAT(fcntl(holder, F_GETSIG), SucceedsWith(0));
}

TEST_F(LeaseTest, ExecutionBreaksWriteLease) {
  ASSERT_TRUE(WriteFile("script", "#!/bin/true\n"));
  ASSERT_THAT(chmod("script", 0755), Succeeds());
  const Fd holder(open("script", O_RDONLY));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_WRLCK), Succeeds());
  Child child([] { execl("script", "script", nullptr); });
  EXPECT_THAT(sigwaitinfo(&set_, nullptr), SucceedsWith(SIGIO));
  ASSERT_THAT(fcntl(holder, F_SETLEASE, F_UNLCK), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
}

}  // namespace
}  // namespace emu
