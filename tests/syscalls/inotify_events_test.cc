// SPDX-License-Identifier: Apache-2.0
//
// inotify(7): which events there are, in what order, and when they are one.

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
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

using testing::ElementsAre;
using testing::IsEmpty;

class InotifyEventsTest : public TempDirTest {
 protected:
  int Watch(const char *path, uint32_t mask) {
    const int watch = inotify_add_watch(fd_, path, mask);
    EXPECT_THAT(watch, Succeeds());
    return watch;
  }
  // All events that are queued, as "WATCH|MASK name"; " same" where the two
  // halves of a move have one cookie.
  std::vector<std::string> Events() {
    alignas(inotify_event) char buffer[16384];
    std::vector<std::string> events;
    const ssize_t n = read(fd_, buffer, sizeof(buffer));
    uint32_t cookie = 0;
    for (ssize_t at = 0; at < n;) {
      const auto *e = reinterpret_cast<const inotify_event *>(buffer + at);
      std::string text = std::to_string(e->wd) + Name(e->mask);
      if (e->len > 0) text += std::string(" ") + e->name;
      const bool move = (e->mask & IN_MOVE) != 0;
      EXPECT_EQ(e->cookie != 0, move);
      if ((e->mask & IN_MOVED_FROM) != 0) cookie = e->cookie;
      if ((e->mask & IN_MOVED_TO) != 0 && e->cookie == cookie) text += " same";
      events.push_back(text);
      at += sizeof(inotify_event) + e->len;
    }
    return events;
  }

  Fd fd_{inotify_init1(IN_NONBLOCK)};

 private:
  static std::string Name(uint32_t mask) {
    static constexpr struct {
      uint32_t bit;
      const char *name;
    } kNames[] = {{IN_ACCESS, "ACCESS"},
                  {IN_ATTRIB, "ATTRIB"},
                  {IN_CLOSE_WRITE, "CLOSE_WRITE"},
                  {IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"},
                  {IN_CREATE, "CREATE"},
                  {IN_DELETE, "DELETE"},
                  {IN_DELETE_SELF, "DELETE_SELF"},
                  {IN_MODIFY, "MODIFY"},
                  {IN_MOVE_SELF, "MOVE_SELF"},
                  {IN_MOVED_FROM, "MOVED_FROM"},
                  {IN_MOVED_TO, "MOVED_TO"},
                  {IN_OPEN, "OPEN"},
                  {IN_IGNORED, "IGNORED"},
                  {IN_Q_OVERFLOW, "Q_OVERFLOW"},
                  {IN_ISDIR, "ISDIR"}};
    std::string text;
    for (const auto &known : kNames) {
      if ((mask & known.bit) != 0) text += std::string("|") + known.name;
    }
    return text;
  }
};

TEST_F(InotifyEventsTest, DirectoryAndFileAreBothTold) {
  ASSERT_TRUE(WriteFile("file", "x"));
  Watch(".", IN_ALL_EVENTS);
  Watch("file", IN_ALL_EVENTS);
  { const Fd file(open("file", O_RDONLY)); }
  EXPECT_THAT(Events(), ElementsAre("1|OPEN file", "2|OPEN",
                                    "1|CLOSE_NOWRITE file", "2|CLOSE_NOWRITE"));
}

TEST_F(InotifyEventsTest, CreationOpensAndCloses) {
  Watch(".", IN_ALL_EVENTS);
  ASSERT_TRUE(WriteFile("file", "x"));
  EXPECT_THAT(Events(), ElementsAre("1|CREATE file", "1|OPEN file",
                                    "1|MODIFY file", "1|CLOSE_WRITE file"));
}

TEST_F(InotifyEventsTest, DirectoriesAreMarked) {
  Watch(".", IN_ALL_EVENTS);
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  { const Fd directory(open("dir", O_RDONLY)); }
  ASSERT_THAT(chmod("dir", 0700), Succeeds());
  ASSERT_THAT(rmdir("dir"), Succeeds());
  EXPECT_THAT(Events(),
              ElementsAre("1|CREATE|ISDIR dir", "1|OPEN|ISDIR dir",
                          "1|CLOSE_NOWRITE|ISDIR dir", "1|ATTRIB|ISDIR dir",
                          "1|DELETE|ISDIR dir"));
}

TEST_F(InotifyEventsTest, WatchedDirectorysOwnEvents) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  Watch("dir", IN_ALL_EVENTS);
  ASSERT_THAT(chmod("dir", 0700), Succeeds());
  DIR *directory = opendir("dir");
  while (readdir(directory) != nullptr) {
  }
  closedir(directory);
  ASSERT_THAT(rename("dir", "moved"), Succeeds());
  ASSERT_THAT(rmdir("moved"), Succeeds());
  EXPECT_THAT(Events(),
              ElementsAre("1|ATTRIB|ISDIR", "1|OPEN|ISDIR", "1|ACCESS|ISDIR",
                          "1|CLOSE_NOWRITE|ISDIR", "1|MOVE_SELF",
                          "1|DELETE_SELF", "1|IGNORED"));
}

TEST_F(InotifyEventsTest, SpecialFilesAndLinksAreCreatedToo) {
  Watch(".", IN_ALL_EVENTS);
  ASSERT_THAT(mkfifo("fifo", 0600), Succeeds());
  ASSERT_THAT(symlink("fifo", "symlink"), Succeeds());
  ASSERT_THAT(link("fifo", "link"), Succeeds());
  EXPECT_THAT(Events(), ElementsAre("1|CREATE fifo", "1|CREATE symlink",
                                    "1|CREATE link"));
}

TEST_F(InotifyEventsTest, LinkChangesTheFilesAttributes) {
  ASSERT_TRUE(WriteFile("file", ""));
  Watch("file", IN_ALL_EVENTS);
  ASSERT_THAT(link("file", "other"), Succeeds());
  ASSERT_THAT(unlink("other"), Succeeds());
  ASSERT_THAT(chown("file", getuid(), getgid()), Succeeds());
  ASSERT_THAT(utimensat(AT_FDCWD, "file", nullptr, 0), Succeeds());
  const std::vector<std::string> events = Events();
  EXPECT_THAT(events, ElementsAre("1|ATTRIB"));  // four that are one
}

TEST_F(InotifyEventsTest, AttributeOfExtendedKindCounts) {
  ASSERT_TRUE(WriteFile("file", ""));
  Watch("file", IN_ALL_EVENTS);
  ASSERT_THAT(setxattr("file", "user.a", "x", 1, 0), Succeeds());
  EXPECT_THAT(Events(), ElementsAre("1|ATTRIB"));
  ASSERT_THAT(removexattr("file", "user.a"), Succeeds());
  EXPECT_THAT(Events(), ElementsAre("1|ATTRIB"));
}

TEST_F(InotifyEventsTest, EveryWayToChangeContentIsModification) {
  ASSERT_TRUE(WriteFile("file", "0123456789"));
  const Fd file(open("file", O_RDWR));
  const Fd source = OpenWith("source", "abc");
  const auto told = [&] {
    return Events() == std::vector<std::string>{"1|MODIFY"};
  };
  Watch("file", IN_MODIFY);
  ASSERT_THAT(truncate("file", 5), Succeeds());
  EXPECT_TRUE(told());
  ASSERT_THAT(ftruncate(file, 6), Succeeds());
  EXPECT_TRUE(told());
  ASSERT_THAT(fallocate(file, 0, 0, 100), Succeeds());
  EXPECT_TRUE(told());
  ASSERT_THAT(lseek(source, 0, SEEK_SET), Succeeds());
  ASSERT_THAT(sendfile(file, source, nullptr, 3), SucceedsWith(3));
  EXPECT_TRUE(told());
  ASSERT_THAT(lseek(source, 0, SEEK_SET), Succeeds());
  ASSERT_THAT(copy_file_range(source, nullptr, file, nullptr, 3, 0),
              SucceedsWith(3));
  EXPECT_TRUE(told());
  Pipe pipe;
  ASSERT_THAT(write(pipe.write, "xy", 2), SucceedsWith(2));
  ASSERT_THAT(splice(pipe.read, nullptr, file, nullptr, 2, 0), SucceedsWith(2));
  EXPECT_TRUE(told());
  { const Fd truncating(open("file", O_WRONLY | O_TRUNC)); }
  EXPECT_TRUE(told());
  ASSERT_THAT(ftruncate(file, 4096), Succeeds());
  EXPECT_TRUE(told());
  {
    const Map map = Map::Of(file, kPage);
    map[0] = 'x';
  }
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(InotifyEventsTest, ReadsThatFindNothingAreNoAccess) {
  ASSERT_TRUE(WriteFile("file", "x"));
  const Fd file(open("file", O_RDWR));
  Watch("file", IN_ALL_EVENTS);
  char c;
  ASSERT_THAT(read(file, &c, 1), SucceedsWith(1));
  EXPECT_THAT(Events(), ElementsAre("1|ACCESS"));
  ASSERT_THAT(read(file, &c, 1), SucceedsWith(0));
  ASSERT_THAT(write(file, &c, 0), SucceedsWith(0));
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(InotifyEventsTest, MoveBetweenDirectoriesHasOneCookie) {
  ASSERT_THAT(mkdir("a", 0755), Succeeds());
  ASSERT_THAT(mkdir("b", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("a/file", ""));
  Watch("a", IN_ALL_EVENTS);
  Watch("b", IN_ALL_EVENTS);
  Watch("a/file", IN_ALL_EVENTS);
  ASSERT_THAT(rename("a/file", "b/other"), Succeeds());
  EXPECT_THAT(Events(), ElementsAre("1|MOVED_FROM file",
                                    "2|MOVED_TO other same", "3|MOVE_SELF"));
}

TEST_F(InotifyEventsTest, FileThatIsMovedOverIsDeleted) {
  ASSERT_TRUE(WriteFile("a", ""));
  ASSERT_TRUE(WriteFile("b", ""));
  Watch(".", IN_ALL_EVENTS);
  Watch("b", IN_ALL_EVENTS);
  ASSERT_THAT(rename("a", "b"), Succeeds());
  EXPECT_THAT(Events(), ElementsAre("1|MOVED_FROM a", "1|MOVED_TO b same",
                                    "2|ATTRIB", "2|DELETE_SELF", "2|IGNORED"));
}

TEST_F(InotifyEventsTest, ExchangeIsTwoMoves) {
  ASSERT_TRUE(WriteFile("a", ""));
  ASSERT_TRUE(WriteFile("b", ""));
  Watch(".", IN_ALL_EVENTS);
  ASSERT_THAT(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE),
              Succeeds());
  EXPECT_THAT(Events(), ElementsAre("1|MOVED_FROM a", "1|MOVED_TO b same",
                                    "1|MOVED_FROM b", "1|MOVED_TO a same"));
}

TEST_F(InotifyEventsTest, FileInUseIsDeletedWithItsLastUser) {
  ASSERT_TRUE(WriteFile("file", "x"));
  Fd file(open("file", O_RDONLY));
  Watch("file", IN_ALL_EVENTS);
  ASSERT_THAT(unlink("file"), Succeeds());
  EXPECT_THAT(Events(), ElementsAre("1|ATTRIB"));
  file.Reset();
  EXPECT_THAT(Events(),
              ElementsAre("1|CLOSE_NOWRITE", "1|DELETE_SELF", "1|IGNORED"));
}

TEST_F(InotifyEventsTest, FileWithAnotherNameIsNotDeleted) {
  ASSERT_TRUE(WriteFile("file", "x"));
  ASSERT_THAT(link("file", "other"), Succeeds());
  Watch("file", IN_ALL_EVENTS);
  ASSERT_THAT(unlink("file"), Succeeds());
  EXPECT_THAT(Events(), ElementsAre("1|ATTRIB"));
  { const Fd file(open("other", O_RDONLY)); }
  EXPECT_THAT(Events(), ElementsAre("1|OPEN", "1|CLOSE_NOWRITE"));
}

TEST_F(InotifyEventsTest, UnlinkedFilesEventsCanBeLeftOut) {
  ASSERT_TRUE(WriteFile("told", "x"));
  const Fd told(open("told", O_RDONLY));
  Watch(".", IN_ACCESS);
  ASSERT_THAT(unlink("told"), Succeeds());
  char c;
  ASSERT_THAT(read(told, &c, 1), SucceedsWith(1));
  EXPECT_THAT(Events(), ElementsAre("1|ACCESS told"));
  ASSERT_TRUE(WriteFile("silent", "x"));
  const Fd silent(open("silent", O_RDONLY));
  Watch(".", IN_ACCESS | IN_EXCL_UNLINK);
  ASSERT_THAT(unlink("silent"), Succeeds());
  ASSERT_THAT(read(silent, &c, 1), SucceedsWith(1));
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(InotifyEventsTest, OnlyNeighboursBecomeOne) {
  ASSERT_TRUE(WriteFile("file", "hello"));
  Watch("file", IN_MODIFY | IN_ACCESS);
  const Fd file(open("file", O_RDWR));
  char c = 'x';
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(pwrite(file, &c, 1, 0), SucceedsWith(1));
    ASSERT_THAT(pread(file, &c, 1, 0), SucceedsWith(1));
  }
  EXPECT_THAT(Events(),
              ElementsAre("1|MODIFY", "1|ACCESS", "1|MODIFY", "1|ACCESS"));
}

TEST_F(InotifyEventsTest, DifferentNamesStayApart) {
  Watch(".", IN_CREATE);
  ASSERT_TRUE(WriteFile("a", ""));
  ASSERT_TRUE(WriteFile("b", ""));
  EXPECT_THAT(Events(), ElementsAre("1|CREATE a", "1|CREATE b"));
}

TEST_F(InotifyEventsTest, LinkItselfCanBeWatched) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(symlink("file", "link"), Succeeds());
  const int file = Watch("link", IN_DELETE_SELF);
  EXPECT_EQ(Watch("file", IN_DELETE_SELF), file);
  EXPECT_NE(Watch("link", IN_DELETE_SELF | IN_DONT_FOLLOW), file);
  ASSERT_THAT(unlink("link"), Succeeds());
  EXPECT_THAT(Events(), ElementsAre("2|DELETE_SELF", "2|IGNORED"));
}

TEST_F(InotifyEventsTest, FullQueueOverflowsOnce) {
  const std::string limit = ReadFile("/proc/sys/fs/inotify/max_queued_events");
  const int most = std::stoi(limit);
  ASSERT_TRUE(WriteFile("file", "x"));
  const Fd file(open("file", O_RDWR));
  Watch("file", IN_MODIFY | IN_ACCESS);
  char c = 'x';
  for (int i = 0; i < most; ++i) {
    pwrite(file, &c, 1, 0);
    pread(file, &c, 1, 0);
  }
  int events = 0;
  std::string last;
  for (std::vector<std::string> some; !(some = Events()).empty();) {
    events += some.size();
    last = some.back();
  }
  EXPECT_EQ(events, most + 1);
  EXPECT_EQ(last, "-1|Q_OVERFLOW");
  // There is room again.
  pwrite(file, &c, 1, 0);
  EXPECT_THAT(Events(), ElementsAre("1|MODIFY"));
}

TEST_F(InotifyEventsTest, WatchNeedsReadPermission) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(chmod("file", 0200), Succeeds());
  EXPECT_THAT(inotify_add_watch(fd_, "file", IN_OPEN), FailsWith(EACCES));
}

TEST_F(InotifyEventsTest, NumbersOfWatchesAreNotUsedAgain) {
  ASSERT_TRUE(WriteFile("file", ""));
  const int first = Watch("file", IN_OPEN);
  ASSERT_THAT(inotify_rm_watch(fd_, first), Succeeds());
  EXPECT_GT(Watch("file", IN_OPEN), first);
}

TEST_F(InotifyEventsTest, InstancesAreToldEachForItself) {
  const Fd other(inotify_init1(IN_NONBLOCK));
  ASSERT_THAT(inotify_add_watch(other, ".", IN_CREATE), Succeeds());
  Watch(".", IN_CREATE);
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(Events(), ElementsAre("1|CREATE file"));
  char buffer[256];
  EXPECT_THAT(read(other, buffer, sizeof(buffer)), SucceedsWith(32));
}

TEST_F(InotifyEventsTest, MaskRules) {
  EXPECT_THAT(
      inotify_add_watch(fd_, ".", IN_MASK_ADD | IN_MASK_CREATE | IN_CREATE),
      FailsWith(EINVAL));
  EXPECT_THAT(inotify_add_watch(fd_, ".", 0x00800000), FailsWith(EINVAL));
  EXPECT_THAT(inotify_add_watch(fd_, ".", IN_CREATE | 0x00800000),
              FailsWith(EINVAL));
  EXPECT_THAT(inotify_add_watch(fd_, ".", IN_ONLYDIR), Succeeds());
  EXPECT_THAT(inotify_add_watch(fd_, ".", IN_CREATE | IN_MASK_CREATE),
              FailsWith(EEXIST));
  const auto bad = static_cast<const char *>(BadAddress());
  EXPECT_THAT(inotify_add_watch(777, bad, 0), FailsWith(EINVAL));
  EXPECT_THAT(inotify_add_watch(777, bad, IN_CREATE), FailsWith(EBADF));
  EXPECT_THAT(inotify_add_watch(fd_, bad, IN_CREATE), FailsWith(EFAULT));
}

}  // namespace
}  // namespace emu
