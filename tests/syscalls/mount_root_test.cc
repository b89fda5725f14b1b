// SPDX-License-Identifier: Apache-2.0
//
// mount(2) and umount2(2) as root, and what others are told.

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <string>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using testing::HasSubstr;
using testing::Not;

// A mount namespace for this program, where there is more than one. "a" and "b"
// are directories; what is mounted there is unmounted afterwards.
class MountTest : public TempDirTest {
 protected:
  static void SetUpTestSuite() {
    if (unshare(CLONE_NEWNS) == 0) {
      struct statx root;
      ASSERT_THAT(statx(AT_FDCWD, "/", 0, 0, &root), Succeeds());
      // What chroot(2) made the root need not be a mount's.
      const bool is_mount =
          (root.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
      ASSERT_THAT(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr),
                  is_mount ? testing::Matcher<int>(Succeeds()) : FailsWith(EINVAL));
    } else {
      ASSERT_EQ(ReadFile("/proc/sys/user/max_mnt_namespaces"), "0\n");
    }
  }
  MountTest() {
    EXPECT_THAT(mkdir("a", 0755), Succeeds());
    EXPECT_THAT(mkdir("b", 0755), Succeeds());
  }
  ~MountTest() override {
    for (const char *place : {"a/sub", "a", "b", "file"}) {
      while (umount2(place, MNT_DETACH) == 0) {
      }
    }
  }
  int Tmpfs(const char *at, unsigned long flags = 0,
            const char *options = nullptr) {
    return mount("none", at, "tmpfs", flags, options);
  }
  // /proc/self/mounts' line on `place` of the test's directory, or "".
  std::string MountLine(const std::string &place) {
    const std::string all = ReadFile("/proc/self/mounts");
    const size_t at = all.rfind(" " + path() + "/" + place + " ");
    if (at == std::string::npos) return "";
    const size_t start = all.rfind('\n', at) + 1;
    return all.substr(start, all.find('\n', at) - start);
  }
};

bool SameFile(const char *a, const char *b) {
  struct stat x = {}, y = {};
  EXPECT_THAT(stat(a, &x), Succeeds());
  EXPECT_THAT(stat(b, &y), Succeeds());
  return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

TEST_F(MountTest, TmpfsCoversTheDirectoryUntilItIsUnmounted) {
  ASSERT_TRUE(WriteFile("a/below", "x"));
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  EXPECT_THAT(access("a/below", F_OK), FailsWith(ENOENT));
  ASSERT_TRUE(WriteFile("a/above", "y"));
  struct statfs fs;
  ASSERT_THAT(statfs("a", &fs), Succeeds());
  EXPECT_EQ(fs.f_type, TMPFS_MAGIC);
  EXPECT_FALSE(SameFile("a", "b"));
  EXPECT_EQ(MountLine("a").substr(0, 5), "none ");
  EXPECT_THAT(MountLine("a"), HasSubstr(" tmpfs rw"));
  ASSERT_THAT(umount("a"), Succeeds());
  EXPECT_EQ(ReadFile("a/below"), "x");
  EXPECT_THAT(access("a/above", F_OK), FailsWith(ENOENT));
  EXPECT_EQ(MountLine("a"), "");
}

TEST_F(MountTest, TmpfsTakesOptions) {
  ASSERT_THAT(Tmpfs("a", 0, "size=64k,mode=1770,uid=7,gid=8"), Succeeds());
  struct statfs fs;
  ASSERT_THAT(statfs("a", &fs), Succeeds());
  EXPECT_EQ(fs.f_blocks * fs.f_bsize, 65536u);
  struct stat st;
  ASSERT_THAT(stat("a", &st), Succeeds());
  EXPECT_EQ(st.st_mode & 07777, 01770u);
  EXPECT_EQ(st.st_uid, 7u);
  EXPECT_EQ(st.st_gid, 8u);
  const Fd fd(open("a/file", O_CREAT | O_RDWR, 0600));
  const std::string much(80 * 1024, 'x');
  EXPECT_THAT(write(fd, much.data(), much.size()), SucceedsWith(65536));
  EXPECT_THAT(write(fd, much.data(), 1), FailsWith(ENOSPC));
  EXPECT_THAT(Tmpfs("b", 0, "nonsense=1"), FailsWith(EINVAL));
  EXPECT_THAT(Tmpfs("b", 0, "size=x"), FailsWith(EINVAL));
}

TEST_F(MountTest, LaterMountCoversTheEarlier) {
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  ASSERT_TRUE(WriteFile("a/first", ""));
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  EXPECT_THAT(access("a/first", F_OK), FailsWith(ENOENT));
  ASSERT_THAT(umount("a"), Succeeds());
  EXPECT_THAT(access("a/first", F_OK), Succeeds());
}

TEST_F(MountTest, ProcSysfsAndDevptsCanBeMounted) {
  struct statfs fs;
  ASSERT_THAT(mount("proc", "a", "proc", 0, nullptr), Succeeds());
  EXPECT_THAT(access("a/self/status", R_OK), Succeeds());
  ASSERT_THAT(statfs("a", &fs), Succeeds());
  EXPECT_EQ(fs.f_type, PROC_SUPER_MAGIC);
  ASSERT_THAT(umount("a"), Succeeds());
  ASSERT_THAT(mount("sysfs", "a", "sysfs", 0, nullptr), Succeeds());
  EXPECT_THAT(access("a/devices", R_OK), Succeeds());
  ASSERT_THAT(statfs("a", &fs), Succeeds());
  EXPECT_EQ(fs.f_type, SYSFS_MAGIC);
  ASSERT_THAT(umount("a"), Succeeds());
  ASSERT_THAT(mount("devpts", "a", "devpts", 0, "mode=620,ptmxmode=666"),
              Succeeds());
  EXPECT_THAT(access("a/ptmx", R_OK | W_OK), Succeeds());
  ASSERT_THAT(statfs("a", &fs), Succeeds());
  EXPECT_EQ(fs.f_type, DEVPTS_SUPER_MAGIC);
}

TEST_F(MountTest, FlagsHold) {
  ASSERT_THAT(Tmpfs("a", MS_NOEXEC | MS_NOSUID | MS_NODEV | MS_NOATIME),
              Succeeds());
  struct statvfs fs;
  ASSERT_THAT(statvfs("a", &fs), Succeeds());
  EXPECT_EQ(fs.f_flag & (ST_NOEXEC | ST_NOSUID | ST_NODEV | ST_NOATIME),
            unsigned{ST_NOEXEC | ST_NOSUID | ST_NODEV | ST_NOATIME});
  EXPECT_THAT(MountLine("a"), HasSubstr("rw,nosuid,nodev,noexec,noatime"));
  ASSERT_TRUE(WriteFile("a/script", "#!/bin/sh\n"));
  ASSERT_THAT(chmod("a/script", 0755), Succeeds());
  EXPECT_THAT(execl("a/script", "script", nullptr), FailsWith(EACCES));
  ASSERT_THAT(mknod("a/null", S_IFCHR | 0666, makedev(1, 3)), Succeeds());
  EXPECT_THAT(open("a/null", O_RDONLY), FailsWith(EACCES));
}

TEST_F(MountTest, BindShowsTheSameFiles) {
  ASSERT_TRUE(WriteFile("a/file", "x"));
  ASSERT_THAT(mount("a", "b", nullptr, MS_BIND, nullptr), Succeeds());
  EXPECT_TRUE(SameFile("a/file", "b/file"));
  ASSERT_TRUE(WriteFile("b/new", "y"));
  EXPECT_EQ(ReadFile("a/new"), "y");
  // One file system, two mounts.
  EXPECT_THAT(link("a/file", "b/link"), FailsWith(EXDEV));
  EXPECT_THAT(rename("a/file", "b/moved"), FailsWith(EXDEV));
}

TEST_F(MountTest, BindOfAFile) {
  ASSERT_TRUE(WriteFile("file", "old"));
  ASSERT_TRUE(WriteFile("a/file", "new"));
  ASSERT_THAT(mount("a/file", "file", nullptr, MS_BIND, nullptr), Succeeds());
  EXPECT_EQ(ReadFile("file"), "new");
  EXPECT_THAT(unlink("file"), FailsWith(EBUSY));
  EXPECT_THAT(rename("file", "other"), FailsWith(EBUSY));
  EXPECT_THAT(mount("a", "file", nullptr, MS_BIND, nullptr),
              FailsWith(ENOTDIR));
  EXPECT_THAT(mount("a/file", "b", nullptr, MS_BIND, nullptr),
              FailsWith(ENOTDIR));
  ASSERT_THAT(umount("file"), Succeeds());
  EXPECT_EQ(ReadFile("file"), "old");
}

TEST_F(MountTest, BindTakesMountsBelowAlongOnlyWhenRecursive) {
  ASSERT_THAT(mkdir("a/sub", 0755), Succeeds());
  ASSERT_THAT(Tmpfs("a/sub"), Succeeds());
  ASSERT_TRUE(WriteFile("a/sub/file", "x"));
  ASSERT_THAT(mount("a", "b", nullptr, MS_BIND, nullptr), Succeeds());
  EXPECT_THAT(access("b/sub/file", F_OK), FailsWith(ENOENT));
  ASSERT_THAT(umount("b"), Succeeds());
  ASSERT_THAT(mount("a", "b", nullptr, MS_BIND | MS_REC, nullptr), Succeeds());
  EXPECT_THAT(access("b/sub/file", F_OK), Succeeds());
  EXPECT_THAT(umount("b"), FailsWith(EBUSY));
  ASSERT_THAT(umount2("b", MNT_DETACH), Succeeds());
  EXPECT_THAT(access("a/sub/file", F_OK), Succeeds());
}

TEST_F(MountTest, BindRemountedReadOnlyIsSoAlone) {
  ASSERT_THAT(mount("a", "b", nullptr, MS_BIND, nullptr), Succeeds());
  ASSERT_THAT(
      mount(nullptr, "b", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr),
      Succeeds());
  EXPECT_THAT(open("b/file", O_CREAT | O_WRONLY, 0644), FailsWith(EROFS));
  EXPECT_THAT(mkdir("b/dir", 0755), FailsWith(EROFS));
  EXPECT_TRUE(WriteFile("a/file", "x"));
  EXPECT_THAT(chmod("b/file", 0600), FailsWith(EROFS));
  EXPECT_THAT(truncate("b/file", 0), FailsWith(EROFS));
  EXPECT_THAT(access("b/file", W_OK), FailsWith(EROFS));
  EXPECT_THAT(MountLine("b"), HasSubstr(" ro,"));
}

TEST_F(MountTest, RemountReadOnlyIsBusyWhileAFileIsWritten) {
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  Fd writer(open("a/file", O_CREAT | O_WRONLY, 0644));
  EXPECT_THAT(mount(nullptr, "a", nullptr, MS_REMOUNT | MS_RDONLY, nullptr),
              FailsWith(EBUSY));
  EXPECT_THAT(
      mount(nullptr, "a", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr),
      FailsWith(EBUSY));
  writer.Reset();
  ASSERT_THAT(mount(nullptr, "a", nullptr, MS_REMOUNT | MS_RDONLY, nullptr),
              Succeeds());
  EXPECT_THAT(open("a/file", O_WRONLY), FailsWith(EROFS));
  ASSERT_THAT(mount(nullptr, "a", nullptr, MS_REMOUNT, "size=1m"), Succeeds());
  EXPECT_THAT(open("a/file", O_WRONLY), Succeeds());
}

TEST_F(MountTest, RemountNeedsAMountsRoot) {
  ASSERT_THAT(mkdir("a/sub", 0755), Succeeds());
  EXPECT_THAT(mount(nullptr, "a/sub", nullptr, MS_REMOUNT, nullptr),
              FailsWith(EINVAL));
}

TEST_F(MountTest, MoveTakesItElsewhere) {
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  ASSERT_TRUE(WriteFile("a/file", "x"));
  ASSERT_THAT(mount("a", "b", nullptr, MS_MOVE, nullptr), Succeeds());
  EXPECT_EQ(ReadFile("b/file"), "x");
  EXPECT_THAT(access("a/file", F_OK), FailsWith(ENOENT));
  EXPECT_THAT(mount("a", "b", nullptr, MS_MOVE, nullptr), FailsWith(EINVAL));
  ASSERT_THAT(mkdir("b/sub", 0755), Succeeds());
  EXPECT_THAT(mount("b", "b/sub", nullptr, MS_MOVE, nullptr), FailsWith(ELOOP));
}

TEST_F(MountTest, BusyMountStaysUnlessDetached) {
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  const Fd file(open("a/file", O_CREAT | O_RDWR, 0644));
  EXPECT_THAT(umount("a"), FailsWith(EBUSY));
  ASSERT_THAT(umount2("a", MNT_DETACH), Succeeds());
  EXPECT_THAT(access("a/file", F_OK), FailsWith(ENOENT));
  // Who has it open goes on.
  EXPECT_THAT(write(file, "x", 1), SucceedsWith(1));
}

TEST_F(MountTest, DirectoryOfAProcessKeepsItBusy) {
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  ASSERT_THAT(chdir("a"), Succeeds());
  EXPECT_THAT(umount("../a"), FailsWith(EBUSY));
  ASSERT_THAT(chdir(".."), Succeeds());
  EXPECT_THAT(umount("a"), Succeeds());
}

TEST_F(MountTest, MountBelowKeepsItBusy) {
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  ASSERT_THAT(mkdir("a/sub", 0755), Succeeds());
  ASSERT_THAT(Tmpfs("a/sub"), Succeeds());
  EXPECT_THAT(umount("a"), FailsWith(EBUSY));
  ASSERT_THAT(umount("a/sub"), Succeeds());
  EXPECT_THAT(umount("a"), Succeeds());
}

TEST_F(MountTest, ExpiryNeedsTwoLooks) {
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  EXPECT_THAT(umount2("a", MNT_EXPIRE), FailsWith(EAGAIN));
  EXPECT_THAT(access("a/x", F_OK), FailsWith(ENOENT));
  // It was used in between.
  EXPECT_THAT(umount2("a", MNT_EXPIRE), FailsWith(EAGAIN));
  EXPECT_THAT(umount2("a", MNT_EXPIRE), Succeeds());
  EXPECT_THAT(umount2("a", MNT_EXPIRE | MNT_DETACH), FailsWith(EINVAL));
}

TEST_F(MountTest, PlaceOfAMountCannotBeRemoved) {
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  EXPECT_THAT(rmdir("a"), FailsWith(EBUSY));
  EXPECT_THAT(rename("a", "c"), FailsWith(EBUSY));
}

TEST_F(MountTest, UnmountEndsInotifyWatches) {
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  ASSERT_TRUE(WriteFile("a/file", ""));
  const Fd inotify(inotify_init1(IN_NONBLOCK));
  const int directory = inotify_add_watch(inotify, "a", IN_CREATE);
  const int file = inotify_add_watch(inotify, "a/file", IN_MODIFY);
  ASSERT_THAT(file, Succeeds());
  ASSERT_THAT(umount("a"), Succeeds());
  struct inotify_event events[8];
  ASSERT_THAT(read(inotify, events, sizeof(events)),
              SucceedsWith(4 * sizeof(events[0])));
  int ended = 0;
  for (int i = 0; i < 4; i += 2) {
    const uint32_t is_directory = events[i].wd == directory ? IN_ISDIR : 0;
    EXPECT_EQ(events[i].mask, IN_UNMOUNT | is_directory);
    EXPECT_EQ(events[i + 1].mask, uint32_t{IN_IGNORED});
    EXPECT_EQ(events[i].wd, events[i + 1].wd);
    ended += events[i].wd;
  }
  EXPECT_EQ(ended, directory + file);
  EXPECT_THAT(inotify_rm_watch(inotify, directory), FailsWith(EINVAL));
}

TEST_F(MountTest, ALazyUnmountEndsWatchesWithTheLastUse) {
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  ASSERT_TRUE(WriteFile("a/file", ""));
  const Fd inotify(inotify_init1(IN_NONBLOCK));
  ASSERT_THAT(inotify_add_watch(inotify, "a/file", IN_MODIFY), Succeeds());
  Fd file(open("a/file", O_WRONLY));
  ASSERT_THAT(umount2("a", MNT_DETACH), Succeeds());
  struct inotify_event events[8];
  EXPECT_THAT(read(inotify, events, sizeof(events)), FailsWith(EAGAIN));
  ASSERT_THAT(write(file, "x", 1), SucceedsWith(1));
  EXPECT_THAT(read(inotify, events, sizeof(events)),
              SucceedsWith(sizeof(events[0])));
  EXPECT_EQ(events[0].mask, uint32_t{IN_MODIFY});
  file.Reset();
  // Linux does so a moment later.
  ssize_t n = -1;
  for (int i = 0; i < 100 && n < 0; ++i) {
    n = read(inotify, events, sizeof(events));
    if (n < 0) usleep(10'000);
  }
  ASSERT_EQ(n, static_cast<ssize_t>(2 * sizeof(events[0])));
  EXPECT_EQ(events[0].mask, uint32_t{IN_UNMOUNT});
  EXPECT_EQ(events[1].mask, uint32_t{IN_IGNORED});
}

TEST_F(MountTest, WatchesLastWhileAnotherMountShowsTheFiles) {
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  ASSERT_THAT(mount("a", "b", nullptr, MS_BIND, nullptr), Succeeds());
  const Fd inotify(inotify_init1(IN_NONBLOCK));
  ASSERT_THAT(inotify_add_watch(inotify, "a", IN_CREATE), Succeeds());
  ASSERT_THAT(umount("a"), Succeeds());
  ASSERT_TRUE(WriteFile("b/file", ""));
  struct inotify_event events[8];
  ASSERT_THAT(read(inotify, events, sizeof(events)),
              SucceedsWith(2 * sizeof(events[0])));
  EXPECT_EQ(events[0].mask, uint32_t{IN_CREATE});
}

TEST_F(MountTest, ChecksArguments) {
  const auto bad = static_cast<const char *>(BadAddress());
  ASSERT_TRUE(WriteFile("plain", ""));
  EXPECT_THAT(mount("none", "missing", "tmpfs", 0, nullptr), FailsWith(ENOENT));
  EXPECT_THAT(mount("none", "a", "nonsense", 0, nullptr), FailsWith(ENODEV));
  EXPECT_THAT(mount("none", "a", nullptr, 0, nullptr), FailsWith(EINVAL));
  EXPECT_THAT(mount("none", "plain", "tmpfs", 0, nullptr), FailsWith(ENOTDIR));
  EXPECT_THAT(mount("none", bad, "tmpfs", 0, nullptr), FailsWith(EFAULT));
  EXPECT_THAT(mount("none", "missing", bad, 0, nullptr), FailsWith(EFAULT));
  EXPECT_THAT(mount("missing", "a", nullptr, MS_BIND, nullptr),
              FailsWith(ENOENT));
  EXPECT_THAT(mount(nullptr, "a", nullptr, MS_BIND, nullptr),
              FailsWith(EINVAL));
  EXPECT_THAT(mount("", "a", nullptr, MS_BIND, nullptr), FailsWith(EINVAL));
  EXPECT_THAT(mount(nullptr, "a", nullptr, MS_MOVE, nullptr),
              FailsWith(EINVAL));
  EXPECT_THAT(mount("none", "a", nullptr, MS_PRIVATE, nullptr),
              FailsWith(EINVAL));
  EXPECT_THAT(umount("a"), FailsWith(EINVAL));
  EXPECT_THAT(umount("missing"), FailsWith(ENOENT));
  EXPECT_THAT(umount(bad), FailsWith(EFAULT));
  EXPECT_THAT(umount2("missing", 64), FailsWith(EINVAL));
  EXPECT_THAT(umount2("a", MNT_FORCE | MNT_EXPIRE), FailsWith(EINVAL));
}

TEST_F(MountTest, UnmountFollowsLinksUnlessToldNotTo) {
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  ASSERT_THAT(symlink("a", "link"), Succeeds());
  EXPECT_THAT(umount2("link", UMOUNT_NOFOLLOW), FailsWith(EINVAL));
  EXPECT_THAT(umount2("link", 0), Succeeds());
}

TEST_F(MountTest, PropagationIsAMountsOwn) {
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  EXPECT_THAT(mount(nullptr, "a", nullptr, MS_PRIVATE, nullptr), Succeeds());
  EXPECT_THAT(mount(nullptr, "a", nullptr, MS_PRIVATE | MS_SLAVE, nullptr),
              FailsWith(EINVAL));
  EXPECT_THAT(mount(nullptr, "a", nullptr, MS_PRIVATE | MS_RDONLY, nullptr),
              FailsWith(EINVAL));
}

TEST_F(MountTest, OthersMayNot) {
  ASSERT_THAT(Tmpfs("a"), Succeeds());
  ASSERT_THAT(chmod(".", 0755), Succeeds());
  EXPECT_THAT(
      RunInChild([&] {
        CHILD_CHECK(setresuid(1000, 1000, 1000) == 0);
        CHILD_CHECK(Tmpfs("b") == -1 && errno == EPERM);
        CHILD_CHECK(mount("a", "b", nullptr, MS_BIND, nullptr) == -1);
        CHILD_CHECK(errno == EPERM);
        CHILD_CHECK(mount(nullptr, "a", nullptr, MS_REMOUNT, nullptr) == -1);
        CHILD_CHECK(errno == EPERM);
        CHILD_CHECK(umount("a") == -1 && errno == EPERM);
        CHILD_CHECK(umount("b") == -1 && errno == EPERM);
        // What the arguments rule out comes first.
        CHILD_CHECK(Tmpfs("missing") == -1 && errno == ENOENT);
        CHILD_CHECK(umount("missing") == -1 && errno == ENOENT);
        CHILD_CHECK(umount2("a", 64) == -1 && errno == EINVAL);
        CHILD_CHECK(mount("x", "a", "nonsense", 0, nullptr) == -1);
        CHILD_CHECK(errno == EPERM);
      }),
      Exited(0));
}

}  // namespace
}  // namespace emu
