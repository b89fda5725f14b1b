// SPDX-License-Identifier: Apache-2.0
//
// mkdir(2), rmdir(2), getdents64(2), getcwd(2), chdir(2), fchdir(2), umask(2).

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using MkdirTest = TempDirTest;
using RmdirTest = TempDirTest;
using GetdentsTest = TempDirTest;
using GetcwdTest = TempDirTest;
using ChdirTest = TempDirTest;
using UmaskTest = TempDirTest;

struct Entry {
  std::string name;
  unsigned char type;
  ino64_t ino;
  off64_t next;
};

// One getdents64 call's entries.
std::vector<Entry> Read(int fd, size_t size = 32768) {
  std::vector<char> buffer(size);
  const long n = syscall(SYS_getdents64, fd, buffer.data(), size);
  std::vector<Entry> entries;
  for (long at = 0; at < n;) {
    const auto* d = reinterpret_cast<const dirent64*>(buffer.data() + at);
    entries.push_back({d->d_name, d->d_type, d->d_ino, d->d_off});
    at += d->d_reclen;
  }
  return entries;
}

std::vector<std::string> Names(const char* path, size_t size = 32768) {
  const Fd fd(open(path, O_RDONLY));
  std::vector<std::string> names;
  for (;;) {
    const auto entries = Read(fd, size);
    if (entries.empty()) return names;
    for (const Entry& entry : entries) names.push_back(entry.name);
  }
}

TEST_F(MkdirTest, MakesEmptyDirectoryUnderUmask) {
  const mode_t mask = umask(027);
  EXPECT_THAT(mkdir("dir", 0777), Succeeds());
  umask(mask);
  struct stat st;
  ASSERT_THAT(stat("dir", &st), Succeeds());
  EXPECT_EQ(st.st_mode, S_IFDIR | 0750u);
}

TEST_F(MkdirTest, ExistingNameOfAnyKindIsRefused) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(symlink("missing", "link"), Succeeds());
  EXPECT_THAT(mkdir("file", 0755), FailsWith(EEXIST));
  EXPECT_THAT(mkdir("link", 0755), FailsWith(EEXIST));
  EXPECT_THAT(mkdir(".", 0755), FailsWith(EEXIST));
  EXPECT_THAT(mkdir("..", 0755), FailsWith(EEXIST));
  EXPECT_THAT(mkdir("/", 0755), FailsWith(EEXIST));
}

TEST_F(MkdirTest, TrailingSlashIsAllowed) {
  EXPECT_THAT(mkdir("dir/", 0755), Succeeds());
}

TEST_F(MkdirTest, ParentMustExistAndBeDirectory) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(mkdir("missing/dir", 0755), FailsWith(ENOENT));
  EXPECT_THAT(mkdir("file/dir", 0755), FailsWith(ENOTDIR));
  EXPECT_THAT(mkdir("", 0755), FailsWith(ENOENT));
}

TEST_F(MkdirTest, ParentMustBeWritable) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_THAT(mkdir("dir/old", 0755), Succeeds());
  ASSERT_THAT(chmod("dir", 0555), Succeeds());
  EXPECT_THAT(mkdir("dir/new", 0755), FailsWith(EACCES));
  EXPECT_THAT(mkdir("dir/old", 0755), FailsWith(EEXIST));
}

TEST_F(MkdirTest, SetGroupIdOfParentIsInherited) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_THAT(chmod("dir", 02755), Succeeds());
  ASSERT_THAT(mkdir("dir/sub", 0755), Succeeds());
  struct stat st;
  ASSERT_THAT(stat("dir/sub", &st), Succeeds());
  EXPECT_EQ(st.st_mode & 07777, 02755u);
}

TEST_F(MkdirTest, CountsAsLinkOfParent) {
  struct stat before;
  struct stat after;
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_THAT(stat("dir", &before), Succeeds());
  ASSERT_THAT(mkdir("dir/sub", 0755), Succeeds());
  ASSERT_THAT(stat("dir", &after), Succeeds());
  // Some file systems always say 1.
  EXPECT_EQ(after.st_nlink, before.st_nlink == 1 ? 1 : before.st_nlink + 1);
}

TEST_F(RmdirTest, RemovesEmptyDirectory) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(rmdir("dir"), Succeeds());
  EXPECT_THAT(access("dir", F_OK), FailsWith(ENOENT));
}

TEST_F(RmdirTest, RefusesFullDirectory) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("dir/file", ""));
  EXPECT_THAT(rmdir("dir"), FailsWith(ENOTEMPTY));
}

TEST_F(RmdirTest, RefusesDotAndDotDot) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(rmdir("dir/."), FailsWith(EINVAL));
  EXPECT_THAT(rmdir("dir/.."), FailsWith(ENOTEMPTY));
  EXPECT_THAT(rmdir("."), FailsWith(EINVAL));
}

TEST_F(RmdirTest, RefusesOtherKinds) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_THAT(symlink("dir", "link"), Succeeds());
  EXPECT_THAT(rmdir("file"), FailsWith(ENOTDIR));
  EXPECT_THAT(rmdir("link"), FailsWith(ENOTDIR));
  EXPECT_THAT(rmdir("link/"), FailsWith(ENOTDIR));
  EXPECT_THAT(rmdir("missing"), FailsWith(ENOENT));
  EXPECT_THAT(rmdir("/"), FailsWith(EBUSY));
}

TEST_F(RmdirTest, RemovedWorkingDirectoryHasNoPath) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(chdir("dir") == 0);
                CHILD_CHECK(rmdir("../dir") == 0);
                char cwd[512];
                CHILD_CHECK(syscall(SYS_getcwd, cwd, sizeof(cwd)) == -1 &&
                            errno == ENOENT);
                CHILD_CHECK(mkdir("new", 0755) == -1 && errno == ENOENT);
                CHILD_CHECK(access(".", F_OK) == 0);
              }),
              Exited(0));
}

TEST_F(GetdentsTest, ListsEverythingOnce) {
  ASSERT_TRUE(WriteFile("a", ""));
  ASSERT_THAT(mkdir("b", 0755), Succeeds());
  auto names = Names(".");
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{".", "..", "a", "b"}));
}

TEST_F(GetdentsTest, KnowsTypesAndInodes) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_THAT(symlink("x", "link"), Succeeds());
  ASSERT_THAT(mkfifo("fifo", 0644), Succeeds());
  const Fd fd(open(".", O_RDONLY));
  for (const Entry& entry : Read(fd)) {
    if (entry.name == "..") continue;
    struct stat st;
    ASSERT_THAT(lstat(entry.name.c_str(), &st), Succeeds());
    EXPECT_EQ(entry.ino, st.st_ino) << entry.name;
    EXPECT_EQ(entry.type, IFTODT(st.st_mode)) << entry.name;
  }
}

TEST_F(GetdentsTest, SmallBufferGivesTheSameInPieces) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(WriteFile(("file" + std::to_string(i)).c_str(), ""));
  }
  EXPECT_EQ(Names(".", 64), Names("."));
}

TEST_F(GetdentsTest, RewindStartsAgain) {
  const Fd fd(open(".", O_RDONLY));
  EXPECT_EQ(Read(fd).size(), 2u);
  EXPECT_EQ(Read(fd).size(), 0u);
  ASSERT_THAT(lseek(fd, 0, SEEK_SET), SucceedsWith(0));
  EXPECT_EQ(Read(fd).size(), 2u);
}

TEST_F(GetdentsTest, SeekToAnEntrysOffsetContinuesAfterIt) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(WriteFile(("file" + std::to_string(i)).c_str(), ""));
  }
  const Fd fd(open(".", O_RDONLY));
  const auto all = Read(fd);
  ASSERT_EQ(all.size(), 22u);
  ASSERT_THAT(lseek(fd, all[9].next, SEEK_SET), Succeeds());
  const auto rest = Read(fd);
  ASSERT_EQ(rest.size(), 12u);
  EXPECT_EQ(rest[0].name, all[10].name);
}

TEST_F(GetdentsTest, UnlinkingWhileReadingLosesNothingElse) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(WriteFile(("file" + std::to_string(i)).c_str(), ""));
  }
  const Fd fd(open(".", O_RDONLY));
  int removed = 0;
  for (;;) {
    const auto entries = Read(fd, 512);
    if (entries.empty()) break;
    for (const Entry& entry : entries) {
      if (unlink(entry.name.c_str()) == 0) ++removed;
    }
  }
  EXPECT_EQ(removed, 100);
}

TEST_F(GetdentsTest, Errors) {
  char buffer[1024];
  const Fd dir(open(".", O_RDONLY));
  const Fd file = OpenWith("file", "");
  EXPECT_THAT(syscall(SYS_getdents64, 777, buffer, sizeof(buffer)),
              FailsWith(EBADF));
  EXPECT_THAT(syscall(SYS_getdents64, int{file}, buffer, sizeof(buffer)),
              FailsWith(ENOTDIR));
  EXPECT_THAT(syscall(SYS_getdents64, int{dir}, buffer, 10), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_getdents64, int{dir}, BadAddress(), 1024),
              FailsWith(EFAULT));
  const Fd path_only(open(".", O_PATH));
  EXPECT_THAT(syscall(SYS_getdents64, int{path_only}, buffer, 1024),
              FailsWith(EBADF));
}

TEST_F(GetdentsTest, RemovedDirectoryIsGone) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  const Fd dir(open("dir", O_RDONLY));
  ASSERT_THAT(rmdir("dir"), Succeeds());
  char buffer[1024];
  EXPECT_THAT(syscall(SYS_getdents64, int{dir}, buffer, 1024),
              FailsWith(ENOENT));
}

TEST_F(GetcwdTest, ReturnsLengthWithTerminator) {
  char cwd[512];
  EXPECT_THAT(syscall(SYS_getcwd, cwd, sizeof(cwd)),
              SucceedsWith(static_cast<long>(path().size() + 1)));
  EXPECT_EQ(cwd, path());
}

TEST_F(GetcwdTest, Errors) {
  char cwd[512];
  EXPECT_THAT(syscall(SYS_getcwd, cwd, path().size()), FailsWith(ERANGE));
  EXPECT_THAT(syscall(SYS_getcwd, cwd, 0), FailsWith(ERANGE));
  EXPECT_THAT(syscall(SYS_getcwd, BadAddress(), 512), FailsWith(EFAULT));
}

TEST_F(GetcwdTest, FollowsRenames) {
  ASSERT_THAT(mkdir("old", 0755), Succeeds());
  ASSERT_THAT(chdir("old"), Succeeds());
  ASSERT_THAT(rename("../old", "../new"), Succeeds());
  char cwd[512];
  ASSERT_THAT(syscall(SYS_getcwd, cwd, sizeof(cwd)), Succeeds());
  EXPECT_EQ(cwd, path() + "/new");
}

TEST_F(ChdirTest, Errors) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(mkdir("closed", 0600), Succeeds());
  EXPECT_THAT(chdir("missing"), FailsWith(ENOENT));
  EXPECT_THAT(chdir("file"), FailsWith(ENOTDIR));
  EXPECT_THAT(chdir("closed"), FailsWith(EACCES));
  EXPECT_THAT(chdir(""), FailsWith(ENOENT));
}

TEST_F(ChdirTest, FchdirNeedsSearchableDirectory) {
  const Fd file = OpenWith("file", "");
  EXPECT_THAT(fchdir(file), FailsWith(ENOTDIR));
  EXPECT_THAT(fchdir(777), FailsWith(EBADF));
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  const Fd dir(open("dir", O_PATH));
  EXPECT_THAT(fchdir(dir), Succeeds());
  ASSERT_THAT(chdir(".."), Succeeds());
  ASSERT_THAT(chmod("dir", 0600), Succeeds());
  EXPECT_THAT(fchdir(dir), FailsWith(EACCES));
}

TEST_F(UmaskTest, KeepsPermissionBitsOnly) {
  const mode_t old = umask(0xffffffff);
  EXPECT_EQ(umask(old), 0777u);
}

}  // namespace
}  // namespace emu
