// SPDX-License-Identifier: Apache-2.0
//
// Calls on files that came late: setxattrat(2) and its like, file_getattr(2),
// cachestat(2).

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <string>

#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

constexpr long kCachestat = 451, kSet = 463, kGet = 464, kList = 465,
               kRemove = 466, kGetAttr = 468, kSetAttr = 469;

struct Args {
  uint64_t value;
  uint32_t size, flags;
};
Args Value(const void* value, uint32_t size, uint32_t flags = 0) {
  return {reinterpret_cast<uint64_t>(value), size, flags};
}

class XattratTest : public TempDirTest {
 protected:
  const Fd file_ = OpenWith("file", "content");
  const Fd here_ = Fd(open(".", O_RDONLY | O_DIRECTORY));
};
using FileAttributesTest = XattratTest;
using CachestatTest = XattratTest;

TEST_F(XattratTest, SetsGetsListsRemoves) {
  const Args set = Value("value", 5);
  ASSERT_THAT(syscall(kSet, int{here_}, "file", 0, "user.a", &set, 16),
              Succeeds());
  char bytes[64] = {};
  const Args get = Value(bytes, sizeof(bytes));
  EXPECT_THAT(syscall(kGet, AT_FDCWD, "file", 0, "user.a", &get, 16),
              SucceedsWith(5));
  EXPECT_STREQ(bytes, "value");
  EXPECT_THAT(syscall(kList, int{here_}, "file", 0, bytes, sizeof(bytes)),
              SucceedsWith(7));
  EXPECT_THAT(syscall(kRemove, int{here_}, "file", 0, "user.a"), Succeeds());
  EXPECT_THAT(syscall(kGet, AT_FDCWD, "file", 0, "user.a", &get, 16),
              FailsWith(ENODATA));
}

TEST_F(XattratTest, EmptyPathMeansTheDescriptor) {
  const Args set = Value("v", 1);
  EXPECT_THAT(
      syscall(kSet, int{file_}, "", AT_EMPTY_PATH, "user.a", &set, 16),
      Succeeds());
  EXPECT_THAT(syscall(kRemove, int{file_}, nullptr, AT_EMPTY_PATH, "user.a"),
              Succeeds());
  EXPECT_THAT(syscall(kSet, int{file_}, "", 0, "user.a", &set, 16),
              FailsWith(ENOENT));
  EXPECT_THAT(syscall(kRemove, 99, "", AT_EMPTY_PATH, "user.a"),
              FailsWith(EBADF));
}

TEST_F(XattratTest, Errors) {
  const Args set = Value("v", 1), flagged = Value("v", 1, 4);
  EXPECT_THAT(syscall(kSet, AT_FDCWD, "file", 1, "user.a", &set, 16),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(kSet, AT_FDCWD, "file", 0, "user.a", &set, 8),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(kSet, AT_FDCWD, "file", 0, "user.a", &set, 5000),
              FailsWith(E2BIG));
  EXPECT_THAT(syscall(kSet, AT_FDCWD, "file", 0, "user.a", &flagged, 16),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(kGet, AT_FDCWD, "file", 0, "user.a", &flagged, 16),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(kSet, AT_FDCWD, "file", 0, "user.a", BadAddress(), 16),
              FailsWith(EFAULT));
}

TEST_F(XattratTest, NamesAndValuesAreReadFirst) {
  const auto* const bad = static_cast<const char*>(BadAddress());
  EXPECT_THAT(setxattr("missing", bad, "v", 1, 0), FailsWith(EFAULT));
  EXPECT_THAT(setxattr("missing", "user.a", bad, 1, 0), FailsWith(EFAULT));
  EXPECT_THAT(getxattr("missing", bad, nullptr, 0), FailsWith(EFAULT));
  EXPECT_THAT(removexattr("missing", bad), FailsWith(EFAULT));
  EXPECT_THAT(fsetxattr(-1, bad, "v", 1, 0), FailsWith(EFAULT));
  EXPECT_THAT(fgetxattr(-1, "user.a", nullptr, 0), FailsWith(EBADF));
}

TEST_F(FileAttributesTest, OfAPlainFileAreNone) {
  uint64_t attr[4] = {~0ull, ~0ull, ~0ull, ~0ull};
  ASSERT_THAT(syscall(kGetAttr, AT_FDCWD, "file", attr, 24, 0), Succeeds());
  EXPECT_EQ(attr[0], 0u);
  EXPECT_EQ(attr[3], ~0ull);
  EXPECT_THAT(syscall(kSetAttr, AT_FDCWD, "file", attr, 24, 0), Succeeds());
}

TEST_F(FileAttributesTest, Errors) {
  uint64_t attr[1024] = {};
  EXPECT_THAT(syscall(kGetAttr, AT_FDCWD, "file", attr, 16, 0),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(kGetAttr, AT_FDCWD, "file", attr, 5000, 0),
              FailsWith(E2BIG));
  EXPECT_THAT(syscall(kGetAttr, AT_FDCWD, "file", attr, 24, 1),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(kGetAttr, AT_FDCWD, "missing", attr, 24, 0),
              FailsWith(ENOENT));
  EXPECT_THAT(syscall(kGetAttr, AT_FDCWD, "file", BadAddress(), 24, 0),
              FailsWith(EFAULT));
  attr[0] = 1ull << 40;
  EXPECT_THAT(syscall(kSetAttr, AT_FDCWD, "file", attr, 24, 0),
              FailsWith(EINVAL));
}

struct Stat {
  uint64_t cached, dirty, writeback, evicted, recently;
};

TEST_F(CachestatTest, CountsPagesOfTheRange) {
  const std::string bytes(3 * kPage, 'x');
  ASSERT_THAT(pwrite(file_, bytes.data(), bytes.size(), 0),
              SucceedsWith(3 * kPage));
  Stat stat = {};
  const uint64_t all[] = {0, 0}, part[] = {kPage, 1};
  ASSERT_THAT(syscall(kCachestat, int{file_}, all, &stat, 0), Succeeds());
  EXPECT_EQ(stat.cached, 3u);
  ASSERT_THAT(syscall(kCachestat, int{file_}, part, &stat, 0), Succeeds());
  EXPECT_EQ(stat.cached, 1u);
  EXPECT_EQ(stat.evicted, 0u);
}

TEST_F(CachestatTest, Errors) {
  const uint64_t all[] = {0, 0};
  Stat stat;
  EXPECT_THAT(syscall(kCachestat, -1, all, &stat, 0), FailsWith(EBADF));
  EXPECT_THAT(syscall(kCachestat, int{file_}, all, &stat, 1),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(kCachestat, int{file_}, BadAddress(), &stat, 0),
              FailsWith(EFAULT));
  EXPECT_THAT(syscall(kCachestat, int{file_}, all, BadAddress(), 0),
              FailsWith(EFAULT));
  const Fd other(open("/etc/passwd", O_RDONLY));
  EXPECT_THAT(syscall(kCachestat, int{other}, all, &stat, 0),
              FailsWith(EPERM));
}

}  // namespace
}  // namespace emu
