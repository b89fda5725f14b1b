// SPDX-License-Identifier: Apache-2.0
//
// Directory notification: fcntl(2)'s F_NOTIFY.

#include <dirent.h>
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

// "." is open; signals are blocked, to be waited for.
class DnotifyTest : public TempDirTest {
 protected:
  DnotifyTest() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGIO);
    sigaddset(&set_, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set_, &old_);
  }
  ~DnotifyTest() override {
    directory_.Reset();
    Signals();
    sigprocmask(SIG_SETMASK, &old_, nullptr);
  }

  // How many signals came since the last look; the last one's siginfo is kept.
  int Signals() {
    int count = 0;
    while (sigtimedwait(&set_, &info_, &kNow) > 0) ++count;
    return count;
  }
  // Watches for good, by a signal that is queued each time.
  void Watch(unsigned mask) {
    ASSERT_THAT(fcntl(directory_, F_SETSIG, SIGRTMIN), Succeeds());
    ASSERT_THAT(fcntl(directory_, F_NOTIFY, mask | DN_MULTISHOT), Succeeds());
  }

  Fd directory_{open(".", O_RDONLY)};
  siginfo_t info_ = {};
  sigset_t set_;
  sigset_t old_;
};

TEST_F(DnotifyTest, TellsOnceUnlessAskedForMore) {
  ASSERT_THAT(fcntl(directory_, F_NOTIFY, DN_CREATE), Succeeds());
  ASSERT_TRUE(WriteFile("a", ""));
  EXPECT_EQ(Signals(), 1);
  EXPECT_EQ(info_.si_signo, SIGIO);
  EXPECT_EQ(info_.si_code, SI_KERNEL);
  ASSERT_TRUE(WriteFile("b", ""));
  EXPECT_EQ(Signals(), 0);
}

TEST_F(DnotifyTest, ChosenSignalCarriesTheDescriptor) {
  Watch(DN_CREATE);
  ASSERT_TRUE(WriteFile("a", ""));
  EXPECT_EQ(Signals(), 1);
  EXPECT_EQ(info_.si_signo, SIGRTMIN);
  EXPECT_EQ(info_.si_fd, int{directory_});
  EXPECT_EQ(info_.si_code, POLL_MSG);
  ASSERT_THAT(mkdir("b", 0755), Succeeds());
  ASSERT_THAT(symlink("a", "c"), Succeeds());
  ASSERT_THAT(link("a", "d"), Succeeds());
  EXPECT_EQ(Signals(), 3);
}

TEST_F(DnotifyTest, EachKindOfEventHasItsBit) {
  ASSERT_TRUE(WriteFile("file", "x"));
  const auto use = [&] {
    char c;
    const Fd file(open("file", O_RDWR));
    EXPECT_THAT(read(file, &c, 1), SucceedsWith(1));
    EXPECT_THAT(write(file, "y", 1), SucceedsWith(1));
    EXPECT_THAT(fchmod(file, 0600), Succeeds());
  };
  for (const int mask : {DN_ACCESS, DN_MODIFY, DN_ATTRIB}) {
    ASSERT_THAT(fcntl(directory_, F_NOTIFY, 0), Succeeds());
    Watch(mask);
    use();
    EXPECT_EQ(Signals(), 1) << mask;
  }
}

TEST_F(DnotifyTest, TruncationIsAModification) {
  ASSERT_TRUE(WriteFile("file", "x"));
  Watch(DN_MODIFY);
  ASSERT_THAT(truncate("file", 0), Succeeds());
  EXPECT_EQ(Signals(), 1);
}

TEST_F(DnotifyTest, TellsOfRemoval) {
  ASSERT_TRUE(WriteFile("file", "x"));
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  Watch(DN_DELETE);
  ASSERT_THAT(unlink("file"), Succeeds());
  EXPECT_EQ(Signals(), 1);
  ASSERT_THAT(rmdir("dir"), Succeeds());
  EXPECT_EQ(Signals(), 1);
}

TEST_F(DnotifyTest, RenameWithinIsARename) {
  ASSERT_TRUE(WriteFile("a", ""));
  Watch(DN_RENAME);
  ASSERT_THAT(rename("a", "b"), Succeeds());
  EXPECT_EQ(Signals(), 1);
}

TEST_F(DnotifyTest, RenameIsRemovalAndCreation) {
  ASSERT_TRUE(WriteFile("a", ""));
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  Watch(DN_DELETE);
  ASSERT_THAT(rename("a", "b"), Succeeds());
  EXPECT_EQ(Signals(), 1);
  ASSERT_THAT(rename("b", "dir/b"), Succeeds());
  EXPECT_EQ(Signals(), 1);
  ASSERT_THAT(fcntl(directory_, F_NOTIFY, 0), Succeeds());
  Watch(DN_CREATE);
  ASSERT_THAT(rename("dir/b", "b"), Succeeds());
  EXPECT_EQ(Signals(), 1);
  ASSERT_THAT(rename("b", "a"), Succeeds());
  EXPECT_EQ(Signals(), 1);
}

TEST_F(DnotifyTest, RenameAcrossIsNoRename) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("a", ""));
  Watch(DN_RENAME);
  ASSERT_THAT(rename("a", "dir/a"), Succeeds());
  ASSERT_THAT(rename("dir/a", "a"), Succeeds());
  EXPECT_EQ(Signals(), 0);
}

TEST_F(DnotifyTest, DoesNotLookBelowSubdirectories) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  Watch(DN_CREATE | DN_MODIFY | DN_DELETE);
  ASSERT_TRUE(WriteFile("dir/file", "x"));
  ASSERT_THAT(unlink("dir/file"), Succeeds());
  EXPECT_EQ(Signals(), 0);
}

TEST_F(DnotifyTest, TellsOfTheDirectorysOwnAttributes) {
  Watch(DN_ATTRIB);
  ASSERT_THAT(chmod(".", 0700), Succeeds());
  EXPECT_EQ(Signals(), 1);
}

TEST_F(DnotifyTest, MasksAddUp) {
  ASSERT_TRUE(WriteFile("a", ""));
  Watch(DN_CREATE);
  ASSERT_THAT(fcntl(directory_, F_NOTIFY, DN_DELETE), Succeeds());
  ASSERT_TRUE(WriteFile("b", ""));
  ASSERT_THAT(unlink("a"), Succeeds());
  ASSERT_THAT(unlink("b"), Succeeds());
  EXPECT_EQ(Signals(), 3);
}

TEST_F(DnotifyTest, EmptyMaskEndsIt) {
  Watch(DN_CREATE);
  ASSERT_THAT(fcntl(directory_, F_NOTIFY, DN_MULTISHOT), Succeeds());
  ASSERT_TRUE(WriteFile("a", ""));
  EXPECT_EQ(Signals(), 0);
}

TEST_F(DnotifyTest, ClosingAnyDescriptorOfItEndsIt) {
  Watch(DN_CREATE);
  close(dup(directory_));
  ASSERT_TRUE(WriteFile("a", ""));
  EXPECT_EQ(Signals(), 0);
}

TEST_F(DnotifyTest, DescriptionsAreToldEachForItself) {
  const Fd other(open(".", O_RDONLY));
  Watch(DN_CREATE);
  ASSERT_THAT(fcntl(other, F_SETSIG, SIGRTMIN), Succeeds());
  ASSERT_THAT(fcntl(other, F_NOTIFY, DN_CREATE), Succeeds());
  ASSERT_TRUE(WriteFile("a", ""));
  EXPECT_EQ(Signals(), 2);
}

TEST_F(DnotifyTest, AskerBecomesTheOwner) {
  ASSERT_THAT(fcntl(directory_, F_NOTIFY, DN_CREATE), Succeeds());
  EXPECT_THAT(fcntl(directory_, F_GETOWN), SucceedsWith(getpid()));
}

TEST_F(DnotifyTest, SurvivesInTheParentWhenAChildCloses) {
  Watch(DN_CREATE);
  ASSERT_THAT(RunInChild([&] { close(directory_); }), Exited(0));
  ASSERT_TRUE(WriteFile("a", ""));
  EXPECT_EQ(Signals(), 1);
}

TEST_F(DnotifyTest, ChecksArguments) {
  ASSERT_TRUE(WriteFile("file", ""));
  const Fd file(open("file", O_RDONLY));
  const Fd path_only(open(".", O_PATH));
  EXPECT_THAT(fcntl(777, F_NOTIFY, DN_CREATE), FailsWith(EBADF));
  EXPECT_THAT(fcntl(path_only, F_NOTIFY, DN_CREATE), FailsWith(EBADF));
  EXPECT_THAT(fcntl(file, F_NOTIFY, DN_CREATE), FailsWith(ENOTDIR));
  EXPECT_THAT(fcntl(file, F_NOTIFY, 0), Succeeds());
  // Bits that mean nothing ask for nothing.
  EXPECT_THAT(fcntl(directory_, F_NOTIFY, 0x1000), Succeeds());
}

}  // namespace
}  // namespace emu
