// SPDX-License-Identifier: Apache-2.0
//
// Every call that takes a descriptor, given none; every call that takes a path,
// given a bad one. The other arguments are good, or worse than the one tested
// where that error comes first.

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#include <string>

#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

char buffer[8192];
iovec vec = {buffer, 16};
itimerspec timer = {};
epoll_event event = {};
msghdr message = {};
sockaddr_un address = {AF_UNIX, {}};
socklen_t length = sizeof(address);

struct FdCall {
  const char* name;
  long (*call)(int fd);
};

// clang-format off
#define FD_CALL(name, ...) \
  {#name, [](int fd) { return syscall(SYS_##name, ##__VA_ARGS__); }}
// clang-format on

const FdCall kFdCalls[] = {
    FD_CALL(read, fd, buffer, 1),
    FD_CALL(write, fd, buffer, 1),
    FD_CALL(readv, fd, &vec, 1),
    FD_CALL(writev, fd, &vec, 1),
    FD_CALL(pread64, fd, buffer, 1, 0),
    FD_CALL(pwrite64, fd, buffer, 1, 0),
    FD_CALL(preadv, fd, &vec, 1, 0, 0),
    FD_CALL(pwritev, fd, &vec, 1, 0, 0),
    FD_CALL(preadv2, fd, &vec, 1, 0, 0, 0),
    FD_CALL(pwritev2, fd, &vec, 1, 0, 0, 0),
    FD_CALL(lseek, fd, 0, SEEK_SET),
    FD_CALL(close, fd),
    FD_CALL(dup, fd),
    FD_CALL(dup2, fd, 10),
    FD_CALL(dup3, fd, 10, 0),
    FD_CALL(fcntl, fd, F_GETFL),
    FD_CALL(ioctl, fd, 0x5401, buffer),
    FD_CALL(fstat, fd, buffer),
    FD_CALL(newfstatat, fd, "x", buffer, 0),
    FD_CALL(newfstatat, fd, "", buffer, AT_EMPTY_PATH),
    FD_CALL(statx, fd, "x", 0, 0, buffer),
    FD_CALL(fstatfs, fd, buffer),
    FD_CALL(fsync, fd),
    FD_CALL(fdatasync, fd),
    FD_CALL(syncfs, fd),
    FD_CALL(sync_file_range, fd, 0, 0, 0),
    FD_CALL(ftruncate, fd, 0),
    FD_CALL(fallocate, fd, 0, 0, 1),
    FD_CALL(fadvise64, fd, 0, 0, 0),
    FD_CALL(readahead, fd, 0, 1),
    FD_CALL(flock, fd, 1),
    FD_CALL(fchmod, fd, 0600),
    FD_CALL(fchown, fd, -1, -1),
    FD_CALL(fchdir, fd),
    FD_CALL(getdents64, fd, buffer, 1024),
    FD_CALL(getdents, fd, buffer, 1024),
    FD_CALL(openat, fd, "x", O_RDONLY),
    FD_CALL(mkdirat, fd, "x", 0755),
    FD_CALL(mknodat, fd, "x", S_IFIFO | 0644, 0),
    FD_CALL(fchownat, fd, "x", -1, -1, 0),
    FD_CALL(fchmodat, fd, "x", 0600),
    FD_CALL(unlinkat, fd, "x", 0),
    FD_CALL(renameat, fd, "x", AT_FDCWD, "y"),
    FD_CALL(renameat2, AT_FDCWD, "x", fd, "y", 0),
    FD_CALL(linkat, fd, "x", AT_FDCWD, "y", 0),
    FD_CALL(symlinkat, "target", fd, "x"),
    FD_CALL(readlinkat, fd, "x", buffer, 10),
    FD_CALL(faccessat, fd, "x", F_OK),
    FD_CALL(faccessat2, fd, "x", F_OK, 0),
    FD_CALL(utimensat, fd, "x", nullptr, 0),
    FD_CALL(fgetxattr, fd, "user.x", buffer, 10),
    FD_CALL(fsetxattr, fd, "user.x", "1", 1, 0),
    FD_CALL(flistxattr, fd, buffer, 10),
    FD_CALL(fremovexattr, fd, "user.x"),
    FD_CALL(mmap, nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0),
    FD_CALL(sendfile, fd, 0, nullptr, 1),
    FD_CALL(splice, fd, nullptr, 0, nullptr, 1, 0),
    FD_CALL(tee, fd, 0, 1, 0),
    FD_CALL(vmsplice, fd, &vec, 1, 0),
    FD_CALL(copy_file_range, fd, nullptr, 0, nullptr, 1, 0),
    FD_CALL(epoll_wait, fd, &event, 1, 0),
    FD_CALL(epoll_ctl, fd, EPOLL_CTL_ADD, 0, &event),
    FD_CALL(inotify_add_watch, fd, ".", IN_OPEN),
    FD_CALL(inotify_rm_watch, fd, 1),
    FD_CALL(timerfd_settime, fd, 0, &timer, nullptr),
    FD_CALL(timerfd_gettime, fd, &timer),
    FD_CALL(bind, fd, &address, sizeof(address)),
    FD_CALL(connect, fd, &address, sizeof(address)),
    FD_CALL(listen, fd, 1),
    FD_CALL(accept, fd, nullptr, nullptr),
    FD_CALL(accept4, fd, nullptr, nullptr, 0),
    FD_CALL(getsockname, fd, &address, &length),
    FD_CALL(getpeername, fd, &address, &length),
    FD_CALL(getsockopt, fd, SOL_SOCKET, SO_TYPE, buffer, &length),
    FD_CALL(setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, buffer, 4),
    FD_CALL(shutdown, fd, SHUT_RD),
    FD_CALL(sendto, fd, buffer, 1, 0, nullptr, 0),
    FD_CALL(recvfrom, fd, buffer, 1, 0, nullptr, nullptr),
    FD_CALL(sendmsg, fd, &message, 0),
    FD_CALL(recvmsg, fd, &message, 0),
    FD_CALL(pidfd_send_signal, fd, 0, nullptr, 0),
    FD_CALL(pidfd_getfd, fd, 0, 0),
    FD_CALL(execveat, fd, "x", nullptr, nullptr, 0),
};

#undef FD_CALL

class BadDescriptorTest : public testing::TestWithParam<FdCall> {};

TEST_P(BadDescriptorTest, NegativeNumber) {
  EXPECT_THAT(GetParam().call(-1), FailsWith(EBADF));
}

TEST_P(BadDescriptorTest, NumberThatIsNotOpen) {
  EXPECT_THAT(GetParam().call(777), FailsWith(EBADF));
}

std::string NameOf(const char* name, size_t index) {
  return std::string(name) + "_" + std::to_string(index);
}

INSTANTIATE_TEST_SUITE_P(AllCalls, BadDescriptorTest,
                         testing::ValuesIn(kFdCalls), [](const auto& info) {
                           return NameOf(info.param.name, info.index);
                         });

// O_PATH descriptors refuse all that needs the file opened.
TEST(PathOnlyDescriptorTest, RefusesWhatNeedsAnOpenFile) {
  const Fd fd(open("/", O_PATH));
  for (const FdCall& call : kFdCalls) {
    const std::string name = call.name;
    const bool input_or_output =
        name == "read" || name == "write" || name == "readv" ||
        name == "pread64" || name == "lseek" || name == "ioctl" ||
        name == "fsync" || name == "ftruncate" || name == "flock" ||
        name == "fchmod" || name == "fchown" || name == "getdents64" ||
        name == "mmap" || name == "fgetxattr" || name == "fallocate" ||
        name == "fsetxattr" || name == "sendfile" || name == "listen";
    if (!input_or_output) continue;
    EXPECT_THAT(call.call(fd), FailsWith(EBADF)) << name;
  }
}

struct PathCall {
  const char* name;
  long (*call)(const char* path);
  bool creates = false;  // The last component need not exist.
};

// clang-format off
#define PATH_CALL(name, ...) \
  {#name, [](const char* path) { return syscall(SYS_##name, ##__VA_ARGS__); }}
#define CREATING_CALL(name, ...) \
  {#name, [](const char* path) { return syscall(SYS_##name, ##__VA_ARGS__); }, \
   true}
// clang-format on

const PathCall kPathCalls[] = {
    PATH_CALL(open, path, O_RDONLY),
    PATH_CALL(openat, AT_FDCWD, path, O_RDONLY),
    PATH_CALL(stat, path, buffer),
    PATH_CALL(lstat, path, buffer),
    PATH_CALL(newfstatat, AT_FDCWD, path, buffer, 0),
    PATH_CALL(statx, AT_FDCWD, path, 0, 0, buffer),
    PATH_CALL(statfs, path, buffer),
    PATH_CALL(access, path, F_OK),
    PATH_CALL(faccessat, AT_FDCWD, path, F_OK),
    PATH_CALL(chmod, path, 0600),
    PATH_CALL(fchmodat, AT_FDCWD, path, 0600),
    PATH_CALL(chown, path, -1, -1),
    PATH_CALL(lchown, path, -1, -1),
    PATH_CALL(fchownat, AT_FDCWD, path, -1, -1, 0),
    PATH_CALL(truncate, path, 0),
    PATH_CALL(unlink, path),
    PATH_CALL(unlinkat, AT_FDCWD, path, 0),
    PATH_CALL(rmdir, path),
    PATH_CALL(readlink, path, buffer, 10),
    PATH_CALL(readlinkat, AT_FDCWD, path, buffer, 10),
    PATH_CALL(rename, path, "y"),
    PATH_CALL(link, path, "y"),
    PATH_CALL(chdir, path),
    PATH_CALL(utime, path, nullptr),
    PATH_CALL(utimes, path, nullptr),
    PATH_CALL(getxattr, path, "user.x", buffer, 10),
    PATH_CALL(lgetxattr, path, "user.x", buffer, 10),
    PATH_CALL(setxattr, path, "user.x", "1", 1, 0),
    PATH_CALL(listxattr, path, buffer, 10),
    PATH_CALL(removexattr, path, "user.x"),
    PATH_CALL(execve, path, nullptr, nullptr),
    CREATING_CALL(creat, path, 0644),
    CREATING_CALL(mkdir, path, 0755),
    CREATING_CALL(mkdirat, AT_FDCWD, path, 0755),
    CREATING_CALL(mknod, path, S_IFIFO | 0644, 0),
    CREATING_CALL(symlink, "target", path),
    CREATING_CALL(symlinkat, "target", AT_FDCWD, path),
    CREATING_CALL(rename, "file", path),
    CREATING_CALL(link, "file", path),
    CREATING_CALL(open, path, O_RDWR | O_CREAT, 0644),
};

#undef PATH_CALL
#undef CREATING_CALL

class BadPathTest : public TempDirTest,
                    public testing::WithParamInterface<PathCall> {
 protected:
  BadPathTest() { WriteFile("file", ""); }
  static long Call(const char* path) { return GetParam().call(path); }
};

TEST_P(BadPathTest, PointerThatFaults) {
  EXPECT_THAT(Call(nullptr), FailsWith(EFAULT));
  EXPECT_THAT(Call(static_cast<const char*>(BadAddress())), FailsWith(EFAULT));
}

TEST_P(BadPathTest, EmptyPath) { EXPECT_THAT(Call(""), FailsWith(ENOENT)); }

TEST_P(BadPathTest, TooLongPath) {
  const std::string path(4096, 'x');
  EXPECT_THAT(Call(path.c_str()), FailsWith(ENAMETOOLONG));
}

TEST_P(BadPathTest, TooLongComponent) {
  const std::string path(256, 'x');
  EXPECT_THAT(Call(path.c_str()), FailsWith(ENAMETOOLONG));
}

TEST_P(BadPathTest, MissingDirectory) {
  EXPECT_THAT(Call("missing/x"), FailsWith(ENOENT));
}

TEST_P(BadPathTest, MissingFile) {
  if (GetParam().creates) {
    EXPECT_THAT(Call("x"), Succeeds());
  } else {
    EXPECT_THAT(Call("missing"), FailsWith(ENOENT));
  }
}

TEST_P(BadPathTest, FileWhereDirectoryShouldBe) {
  EXPECT_THAT(Call("file/x"), FailsWith(ENOTDIR));
}

TEST_P(BadPathTest, SymlinkLoop) {
  ASSERT_THAT(symlink("loop", "loop"), Succeeds());
  EXPECT_THAT(Call("loop/x"), FailsWith(ELOOP));
}

TEST_P(BadPathTest, DirectoryThatCannotBeSearched) {
  ASSERT_THAT(mkdir("closed", 0600), Succeeds());
  EXPECT_THAT(Call("closed/x"), FailsWith(EACCES));
}

INSTANTIATE_TEST_SUITE_P(AllCalls, BadPathTest, testing::ValuesIn(kPathCalls),
                         [](const auto& info) {
                           return NameOf(info.param.name, info.index);
                         });

}  // namespace
}  // namespace emu
