// SPDX-License-Identifier: Apache-2.0
//
// /proc/locks: the locks and leases on a file, and those who wait for them.

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// SIGIO, which a lease may raise, is ignored.
class ProcLocksTest : public TempDirTest {
 protected:
  ProcLocksTest() : previous_(signal(SIGIO, SIG_IGN)) {
    EXPECT_TRUE(WriteFile("file", ""));
  }
  ~ProcLocksTest() override { signal(SIGIO, previous_); }

  // The lines on "file" and on what waits for it, without the numbers that they
  // begin with. This process's pid is ME, the file's numbers are FILE.
  std::vector<std::string> Lines(pid_t child = -2) {
    struct stat st = {};
    EXPECT_THAT(stat("file", &st), Succeeds());
    char file[64];
    snprintf(file, sizeof(file), "%02x:%02x:%lu", major(st.st_dev),
             minor(st.st_dev), static_cast<unsigned long>(st.st_ino));
    std::istringstream all(ReadFile("/proc/locks"));
    std::vector<std::string> lines;
    std::string mine;  // the number that the file's last lock had
    for (std::string line; std::getline(all, line);) {
      const size_t colon = line.find(':');
      const std::string number = line.substr(0, colon);
      line = line.substr(colon + 2);
      if (line.find(file) != std::string::npos) mine = number;
      if (number != mine) continue;
      Replace(&line, file, "FILE");
      Replace(&line, " " + std::to_string(getpid()) + " ", " ME ");
      Replace(&line, " " + std::to_string(child) + " ", " CHILD ");
      lines.push_back(line);
    }
    return lines;
  }

 private:
  static void Replace(std::string* text, const std::string& from,
                      const std::string& to) {
    const size_t at = text->find(from);
    if (at != std::string::npos) text->replace(at, from.size(), to);
  }

  const sighandler_t previous_;
};

int Lock(int fd, short type, off_t start, off_t length, int command = F_SETLK) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return fcntl(fd, command, &lock);
}

TEST_F(ProcLocksTest, ShowsRecordLocksOfProcesses) {
  const Fd fd(open("file", O_RDWR));
  EXPECT_THAT(Lines(), IsEmpty());
  ASSERT_THAT(Lock(fd, F_WRLCK, 5, 10), Succeeds());
  EXPECT_THAT(Lines(), ElementsAre("POSIX  ADVISORY  WRITE ME FILE 5 14"));
  ASSERT_THAT(Lock(fd, F_RDLCK, 0, 0), Succeeds());
  EXPECT_THAT(Lines(), ElementsAre("POSIX  ADVISORY  READ ME FILE 0 EOF"));
  ASSERT_THAT(Lock(fd, F_UNLCK, 0, 0), Succeeds());
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(ProcLocksTest, ShowsLocksOfDescriptions) {
  const Fd fd(open("file", O_RDWR));
  ASSERT_THAT(Lock(fd, F_RDLCK, 0, 0, F_OFD_SETLK), Succeeds());
  EXPECT_THAT(Lines(), ElementsAre("OFDLCK ADVISORY  READ -1 FILE 0 EOF"));
}

TEST_F(ProcLocksTest, ShowsFlock) {
  const Fd fd(open("file", O_RDWR));
  ASSERT_THAT(flock(fd, LOCK_EX), Succeeds());
  EXPECT_THAT(Lines(), ElementsAre("FLOCK  ADVISORY  WRITE ME FILE 0 EOF"));
  ASSERT_THAT(flock(fd, LOCK_SH), Succeeds());
  EXPECT_THAT(Lines(), ElementsAre("FLOCK  ADVISORY  READ ME FILE 0 EOF"));
}

TEST_F(ProcLocksTest, ShowsLeases) {
  const Fd fd(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(fd, F_SETLEASE, F_RDLCK), Succeeds());
  EXPECT_THAT(Lines(), ElementsAre("LEASE  ACTIVE    READ ME FILE 0 EOF"));
  EXPECT_THAT(open("file", O_RDWR | O_NONBLOCK), FailsWith(EWOULDBLOCK));
  EXPECT_THAT(Lines(), ElementsAre("LEASE  BREAKING  UNLCK ME FILE 0 EOF"));
}

TEST_F(ProcLocksTest, ShowsWhoBreaksALease) {
  const Fd fd(open("file", O_RDONLY));
  ASSERT_THAT(fcntl(fd, F_SETLEASE, F_WRLCK), Succeeds());
  EXPECT_THAT(Lines(), ElementsAre("LEASE  ACTIVE    WRITE ME FILE 0 EOF"));
  Child child([] { open("file", O_RDONLY); });
  child.WaitUntilBlocked();
  EXPECT_THAT(Lines(child.pid()),
              ElementsAre("LEASE  BREAKING  READ ME FILE 0 EOF",
                          "-> LEASE  BREAKER   READ CHILD <none>:0 0 EOF"));
}

TEST_F(ProcLocksTest, ShowsWaitersBelowTheHolder) {
  const Fd fd(open("file", O_RDWR));
  ASSERT_THAT(Lock(fd, F_WRLCK, 0, 0), Succeeds());
  Child child([&] { Lock(fd, F_RDLCK, 3, 4, F_SETLKW); });
  child.WaitUntilBlocked();
  EXPECT_THAT(Lines(child.pid()),
              ElementsAre("POSIX  ADVISORY  WRITE ME FILE 0 EOF",
                          "-> POSIX  ADVISORY  READ CHILD FILE 3 6"));
}

TEST_F(ProcLocksTest, ShowsFlockWaiters) {
  const Fd fd(open("file", O_RDWR));
  ASSERT_THAT(flock(fd, LOCK_EX), Succeeds());
  Child child([] { flock(open("file", O_RDONLY), LOCK_SH); });
  child.WaitUntilBlocked();
  EXPECT_THAT(Lines(child.pid()),
              ElementsAre("FLOCK  ADVISORY  WRITE ME FILE 0 EOF",
                          "-> FLOCK  ADVISORY  READ CHILD FILE 0 EOF"));
  ASSERT_THAT(flock(fd, LOCK_UN), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
  EXPECT_THAT(Lines(), IsEmpty());
}

TEST_F(ProcLocksTest, ShowsWaitersThatStandBehindOthers) {
  const Fd fd(open("file", O_RDWR));
  ASSERT_THAT(Lock(fd, F_WRLCK, 0, 10), Succeeds());
  Child first([&] { Lock(fd, F_WRLCK, 1, 1, F_SETLKW); });
  first.WaitUntilBlocked();
  Child second([&] { Lock(fd, F_WRLCK, 0, 2, F_SETLKW); });
  second.WaitUntilBlocked();
  Child third([&] { Lock(fd, F_WRLCK, 5, 1, F_SETLKW); });
  third.WaitUntilBlocked();
  const auto line = [](const char* arrow, pid_t pid, const char* range) {
    return std::string(arrow) + "POSIX  ADVISORY  WRITE " +
           std::to_string(pid) + " FILE " + range;
  };
  EXPECT_THAT(Lines(), ElementsAre("POSIX  ADVISORY  WRITE ME FILE 0 9",
                                   line("-> ", first.pid(), "1 1"),
                                   line(" -> ", second.pid(), "0 1"),
                                   line("-> ", third.pid(), "5 5")));
}

TEST_F(ProcLocksTest, LaterLocksComeFirst) {
  const Fd fd(open("file", O_RDWR));
  // Linux has a list for each CPU.
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  ASSERT_THAT(sched_setaffinity(0, sizeof(one), &one), Succeeds());
  ASSERT_THAT(Lock(fd, F_WRLCK, 50, 1), Succeeds());
  ASSERT_THAT(Lock(fd, F_WRLCK, 10, 1), Succeeds());
  ASSERT_THAT(flock(fd, LOCK_SH), Succeeds());
  EXPECT_THAT(Lines(), ElementsAre("FLOCK  ADVISORY  READ ME FILE 0 EOF",
                                   "POSIX  ADVISORY  WRITE ME FILE 10 10",
                                   "POSIX  ADVISORY  WRITE ME FILE 50 50"));
}

}  // namespace
}  // namespace emu
