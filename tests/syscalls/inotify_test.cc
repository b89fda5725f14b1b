// SPDX-License-Identifier: Apache-2.0
//
// inotify_init1(2), inotify_add_watch(2), inotify_rm_watch(2) and the events.

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

struct Event {
  int watch;
  uint32_t mask;
  uint32_t cookie;
  std::string name;
};

class InotifyTest : public TempDirTest {
 protected:
  int fd() const { return fd_; }

  int Watch(const char* path, uint32_t mask) {
    const int watch = inotify_add_watch(fd_, path, mask);
    EXPECT_THAT(watch, Succeeds());
    return watch;
  }

  // All events that are queued.
  std::vector<Event> Events() {
    alignas(inotify_event) char buffer[8192];
    std::vector<Event> events;
    const ssize_t n = read(fd_, buffer, sizeof(buffer));
    for (ssize_t at = 0; at < n;) {
      const auto* e = reinterpret_cast<const inotify_event*>(buffer + at);
      events.push_back({e->wd, e->mask, e->cookie, e->len > 0 ? e->name : ""});
      at += sizeof(inotify_event) + e->len;
    }
    return events;
  }

 private:
  Fd fd_{inotify_init1(IN_NONBLOCK)};
};

TEST_F(InotifyTest, ReportsCreationAndRemovalInDirectory) {
  const int watch = Watch(".", IN_CREATE | IN_DELETE);
  ASSERT_TRUE(WriteFile("file", "x"));
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_THAT(unlink("file"), Succeeds());
  const auto events = Events();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].watch, watch);
  EXPECT_EQ(events[0].mask, uint32_t{IN_CREATE});
  EXPECT_EQ(events[0].name, "file");
  EXPECT_EQ(events[1].mask, uint32_t{IN_CREATE | IN_ISDIR});
  EXPECT_EQ(events[2].mask, uint32_t{IN_DELETE});
}

TEST_F(InotifyTest, ReportsUseOfFile) {
  ASSERT_TRUE(WriteFile("file", "x"));
  Watch("file", IN_ALL_EVENTS);
  Fd file(open("file", O_RDWR));
  char c;
  ASSERT_THAT(read(file, &c, 1), SucceedsWith(1));
  ASSERT_THAT(write(file, "y", 1), SucceedsWith(1));
  ASSERT_THAT(fchmod(file, 0600), Succeeds());
  file.Reset();
  const auto events = Events();
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].mask, uint32_t{IN_OPEN});
  EXPECT_EQ(events[1].mask, uint32_t{IN_ACCESS});
  EXPECT_EQ(events[2].mask, uint32_t{IN_MODIFY});
  EXPECT_EQ(events[3].mask, uint32_t{IN_ATTRIB});
  EXPECT_EQ(events[4].mask, uint32_t{IN_CLOSE_WRITE});
  EXPECT_EQ(events[4].name, "");
}

TEST_F(InotifyTest, RenameGivesTwoEventsWithOneCookie) {
  ASSERT_TRUE(WriteFile("a", ""));
  Watch(".", IN_MOVE);
  ASSERT_THAT(rename("a", "b"), Succeeds());
  const auto events = Events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].mask, uint32_t{IN_MOVED_FROM});
  EXPECT_EQ(events[0].name, "a");
  EXPECT_EQ(events[1].mask, uint32_t{IN_MOVED_TO});
  EXPECT_EQ(events[1].name, "b");
  EXPECT_NE(events[0].cookie, 0u);
  EXPECT_EQ(events[0].cookie, events[1].cookie);
}

TEST_F(InotifyTest, RemovalOfWatchedFileEndsTheWatch) {
  ASSERT_TRUE(WriteFile("file", ""));
  const int watch = Watch("file", IN_DELETE_SELF | IN_ATTRIB);
  ASSERT_THAT(unlink("file"), Succeeds());
  const auto events = Events();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].mask, uint32_t{IN_ATTRIB});
  EXPECT_EQ(events[1].mask, uint32_t{IN_DELETE_SELF});
  EXPECT_EQ(events[2].mask, uint32_t{IN_IGNORED});
  EXPECT_THAT(inotify_rm_watch(fd(), watch), FailsWith(EINVAL));
}

TEST_F(InotifyTest, RemovedWatchIsIgnored) {
  const int watch = Watch(".", IN_CREATE);
  ASSERT_THAT(inotify_rm_watch(fd(), watch), Succeeds());
  ASSERT_TRUE(WriteFile("file", ""));
  const auto events = Events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].mask, uint32_t{IN_IGNORED});
}

TEST_F(InotifyTest, OneshotEndsAfterFirstEvent) {
  Watch(".", IN_CREATE | IN_ONESHOT);
  ASSERT_TRUE(WriteFile("a", ""));
  ASSERT_TRUE(WriteFile("b", ""));
  const auto events = Events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].name, "a");
  EXPECT_EQ(events[1].mask, uint32_t{IN_IGNORED});
}

TEST_F(InotifyTest, SameInodeHasOneWatchWhoseMaskIsReplaced) {
  const int first = Watch(".", IN_CREATE);
  EXPECT_EQ(Watch(path().c_str(), IN_DELETE), first);
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_EQ(Events().size(), 0u);
  Watch(".", IN_CREATE | IN_MASK_ADD);
  ASSERT_TRUE(WriteFile("other", ""));
  ASSERT_THAT(unlink("other"), Succeeds());
  EXPECT_EQ(Events().size(), 2u);
}

TEST_F(InotifyTest, EqualEventsInARowAreOne) {
  ASSERT_TRUE(WriteFile("file", "hello"));
  Watch("file", IN_MODIFY);
  const Fd file(open("file", O_WRONLY));
  for (int i = 0; i < 5; ++i) ASSERT_THAT(write(file, "x", 1), Succeeds());
  EXPECT_EQ(Events().size(), 1u);
}

TEST_F(InotifyTest, EmptyQueueWouldBlock) {
  char buffer[256];
  EXPECT_THAT(read(fd(), buffer, sizeof(buffer)), FailsWith(EAGAIN));
}

TEST_F(InotifyTest, BufferTooSmallForEventIsInvalid) {
  Watch(".", IN_CREATE);
  ASSERT_TRUE(WriteFile("file", ""));
  char buffer[sizeof(inotify_event)];
  EXPECT_THAT(read(fd(), buffer, sizeof(buffer)), FailsWith(EINVAL));
  EXPECT_EQ(Events().size(), 1u);
}

TEST_F(InotifyTest, PollAndFionreadTellOfEvents) {
  Watch(".", IN_CREATE);
  pollfd poll_fd = {fd(), POLLIN, 0};
  EXPECT_THAT(poll(&poll_fd, 1, 0), SucceedsWith(0));
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(poll(&poll_fd, 1, 0), SucceedsWith(1));
  int bytes = 0;
  ASSERT_THAT(ioctl(fd(), FIONREAD, &bytes), Succeeds());
  EXPECT_EQ(bytes, static_cast<int>(sizeof(inotify_event)) + 16);
}

TEST_F(InotifyTest, WakesBlockedReader) {
  const Fd blocking(inotify_init1(0));
  ASSERT_THAT(inotify_add_watch(blocking, ".", IN_CREATE), Succeeds());
  Child child([&] {
    char buffer[256];
    CHILD_CHECK(read(blocking, buffer, sizeof(buffer)) > 0);
  });
  child.WaitUntilBlocked();
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(InotifyTest, ChecksArguments) {
  EXPECT_THAT(inotify_init1(0x1000), FailsWith(EINVAL));
  EXPECT_THAT(inotify_add_watch(fd(), "missing", IN_CREATE), FailsWith(ENOENT));
  EXPECT_THAT(inotify_add_watch(fd(), ".", 0), FailsWith(EINVAL));
  EXPECT_THAT(inotify_add_watch(0, ".", IN_CREATE), FailsWith(EINVAL));
  EXPECT_THAT(inotify_add_watch(777, ".", IN_CREATE), FailsWith(EBADF));
  EXPECT_THAT(inotify_rm_watch(fd(), 99), FailsWith(EINVAL));
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(inotify_add_watch(fd(), "file", IN_CREATE | IN_ONLYDIR),
              FailsWith(ENOTDIR));
  Watch("file", IN_OPEN);
  EXPECT_THAT(inotify_add_watch(fd(), "file", IN_OPEN | IN_MASK_CREATE),
              FailsWith(EEXIST));
}

}  // namespace
}  // namespace emu
