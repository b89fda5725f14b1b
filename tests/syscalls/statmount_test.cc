// SPDX-License-Identifier: Apache-2.0
//
// listmount(2) and statmount(2).

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

constexpr int kStatmount = 457, kListmount = 458;
constexpr uint64_t kRoot = ~uint64_t{0};
constexpr uint64_t kFirstId = uint64_t{1} << 31;

struct Request {
  uint32_t size = 32;
  uint32_t ns_fd = 0;
  uint64_t id = kRoot;
  uint64_t param = 0;
  uint64_t ns_id = 0;
};

// struct statmount, and its strings.
struct Description {
  uint32_t size, mnt_opts;
  uint64_t mask;
  uint32_t dev_major, dev_minor;
  uint64_t magic;
  uint32_t sb_flags, fs_type;
  uint64_t id, parent_id;
  uint32_t id_old, parent_id_old;
  uint64_t attr, propagation, peer_group, master, propagate_from;
  uint32_t mnt_root, mnt_point;
  uint64_t ns_id;
  uint32_t fs_subtype, sb_source;
  uint32_t opt_num, opt_array, opt_sec_num, opt_sec_array;
  uint64_t supported_mask;
  uint64_t spare[45];
  char strings[4096];
};
constexpr size_t kSize = offsetof(Description, strings);
static_assert(kSize == 512);

std::vector<uint64_t> List(Request request = {}, unsigned flags = 0,
                           size_t most = 1000) {
  std::vector<uint64_t> ids(most);
  const long n = syscall(kListmount, &request, ids.data(), most, flags);
  EXPECT_GE(n, 0);
  ids.resize(std::max(n, 0l));
  return ids;
}

// As statx(2) has it. The root of a process may be no mount, and the mount that it is
// in out of its reach: "/" is asked for where that does not matter. 0: it does not say.
uint64_t IdOf(const char* path) {
  constexpr unsigned kUnique = 0x4000;  // STATX_MNT_ID_UNIQUE
  struct statx st = {};
  if (statx(AT_FDCWD, path, 0, kUnique, &st) != 0) return 0;
  return (st.stx_mask & kUnique) != 0 ? st.stx_mnt_id : 0;
}

long Stat(uint64_t id, uint64_t what, Description* to,
          size_t size = sizeof(Description)) {
  Request request;
  request.id = id;
  request.param = what;
  return syscall(kStatmount, &request, to, size, 0);
}

TEST(ListmountTest, NamesMountsInOrder) {
  const std::vector<uint64_t> ids = List();
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_EQ(std::count(ids.begin(), ids.end(), IdOf("/dev/pts")), 1);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), IdOf("/proc")), 1);
}

TEST(ListmountTest, LeavesOutTheOneAskedFor) {
  Request request;
  request.id = IdOf("/dev");
  const std::vector<uint64_t> ids = List(request);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), request.id), 0);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), IdOf("/dev/pts")), 1);
  request.id = IdOf("/proc");
  EXPECT_EQ(List(request).size(), 0u);
}

TEST(ListmountTest, GoesOnBehindTheLast) {
  const std::vector<uint64_t> all = List();
  ASSERT_GE(all.size(), 3u);
  std::vector<uint64_t> some = List({}, 0, 2);
  EXPECT_EQ(some, std::vector<uint64_t>(all.begin(), all.begin() + 2));
  Request request;
  request.param = all[1];
  some = List(request);
  EXPECT_EQ(some, std::vector<uint64_t>(all.begin() + 2, all.end()));
}

TEST(ListmountTest, GoesBackwards) {
  std::vector<uint64_t> all = List();
  std::reverse(all.begin(), all.end());
  EXPECT_EQ(List({}, 1), all);
  Request request;
  request.param = all[0];
  EXPECT_EQ(List(request, 1), std::vector<uint64_t>(all.begin() + 1, all.end()));
}

TEST(ListmountTest, Errors) {
  uint64_t ids[4];
  const auto list = [&](Request request, size_t count = 4, unsigned flags = 0) {
    return syscall(kListmount, &request, ids, count, flags);
  };
  EXPECT_THAT(list({}, 4, 2), FailsWith(EINVAL));
  EXPECT_THAT(list({}, 1'000'001), FailsWith(EOVERFLOW));
  EXPECT_THAT(list({}, 0), SucceedsWith(0));
  EXPECT_THAT(list({.size = 16}), FailsWith(EINVAL));
  EXPECT_THAT(list({.size = 5000}), FailsWith(E2BIG));
  EXPECT_THAT(list({.id = 5}), FailsWith(EINVAL));
  EXPECT_THAT(list({.id = kFirstId}), FailsWith(EINVAL));
  EXPECT_THAT(list({.id = kFirstId + 0x1000'0000}), FailsWith(ENOENT));
  EXPECT_THAT(list({.param = 5}), FailsWith(EINVAL));
  EXPECT_THAT(list({.ns_id = 0x10'0000}), FailsWith(ENOENT));
  EXPECT_THAT(list({.ns_fd = 777}), FailsWith(EBADF));
  EXPECT_THAT(list({.ns_fd = 3, .ns_id = 1}), FailsWith(EINVAL));
  Request request;
  EXPECT_THAT(syscall(kListmount, BadAddress(), ids, 4, 0), FailsWith(EFAULT));
  EXPECT_THAT(syscall(kListmount, &request, BadAddress(), 2, 0),
              FailsWith(EFAULT));
}

TEST(ListmountTest, RequestsMayBeOfAnotherSize) {
  uint64_t ids[4];
  struct {
    Request request;
    uint64_t more = 0;
  } longer;
  longer.request.size = sizeof(longer);
  EXPECT_THAT(syscall(kListmount, &longer, ids, 2, 0), SucceedsWith(2));
  longer.more = 1;
  EXPECT_THAT(syscall(kListmount, &longer, ids, 2, 0), FailsWith(E2BIG));
  longer.request.size = 24;
  EXPECT_THAT(syscall(kListmount, &longer, ids, 2, 0), SucceedsWith(2));
}

TEST(StatmountTest, TellsNumbers) {
  Description proc = {};
  const uint64_t id = IdOf("/proc");
  ASSERT_THAT(Stat(id, 0x3, &proc), Succeeds());
  EXPECT_EQ(proc.size, kSize);
  EXPECT_EQ(proc.mask, 0x3u);
  EXPECT_EQ(proc.id, id);
  EXPECT_EQ(proc.parent_id, IdOf("/"));
  struct stat st = {};
  struct statfs fs = {};
  ASSERT_THAT(stat("/proc", &st), Succeeds());
  ASSERT_THAT(statfs("/proc", &fs), Succeeds());
  EXPECT_EQ(proc.dev_major, major(st.st_dev));
  EXPECT_EQ(proc.dev_minor, minor(st.st_dev));
  EXPECT_EQ(proc.magic, static_cast<uint64_t>(fs.f_type));
}

TEST(StatmountTest, OldIdsAreThoseOfMountinfo) {
  struct statx st = {};
  ASSERT_THAT(statx(AT_FDCWD, "/proc", 0, 0x1000, &st), Succeeds());
  Description proc = {};
  ASSERT_THAT(Stat(IdOf("/proc"), 0x2, &proc), Succeeds());
  EXPECT_EQ(proc.id_old, st.stx_mnt_id);
}

TEST(StatmountTest, TellsNames) {
  Description proc = {};
  ASSERT_THAT(Stat(IdOf("/proc"), 0x38, &proc), Succeeds());
  EXPECT_EQ(proc.mask, 0x38u);
  EXPECT_STREQ(proc.strings, "");
  EXPECT_STREQ(proc.strings + proc.fs_type, "proc");
  EXPECT_STREQ(proc.strings + proc.mnt_root, "/");
  EXPECT_STREQ(proc.strings + proc.mnt_point, "/proc");
  EXPECT_EQ(proc.size, kSize + 1 + sizeof("proc") + sizeof("/") +
                           sizeof("/proc"));
}

TEST(StatmountTest, TellsOptionsOneByOne) {
  Description pts = {};
  ASSERT_THAT(Stat(IdOf("/dev/pts"), 0x480, &pts), Succeeds());
  ASSERT_EQ(pts.mask, 0x480u);
  std::string all = pts.strings + pts.mnt_opts;
  EXPECT_EQ(pts.opt_num, 1u + std::count(all.begin(), all.end(), ','));
  EXPECT_EQ(std::string(pts.strings + pts.opt_array),
            all.substr(0, all.find(',')));
}

TEST(StatmountTest, WhatIsNotThereIsNotInTheMask) {
  Description proc = {};
  ASSERT_THAT(Stat(IdOf("/proc"), 0x100, &proc), Succeeds());
  EXPECT_EQ(proc.mask, 0u);
  EXPECT_EQ(proc.size, kSize + 1);
  ASSERT_THAT(Stat(IdOf("/proc"), uint64_t{1} << 40, &proc), Succeeds());
  EXPECT_EQ(proc.mask, 0u);
  EXPECT_EQ(proc.size, kSize);
}

TEST(StatmountTest, TellsWhatItKnows) {
  Description proc = {};
  ASSERT_THAT(Stat(IdOf("/proc"), 0x1040, &proc), Succeeds());
  EXPECT_EQ(proc.mask, 0x1040u);
  EXPECT_EQ(proc.supported_mask & 0x3ff, 0x3ffu);
  Request request;
  request.ns_id = proc.ns_id;
  EXPECT_EQ(List(request), List());
}

TEST(StatmountTest, TheStructMayBeCutButNoString) {
  Description root = {};
  const uint64_t id = IdOf("/proc");
  EXPECT_THAT(Stat(id, 0x3, &root, 0), Succeeds());
  EXPECT_THAT(Stat(id, 0x3, &root, 100), Succeeds());
  EXPECT_EQ(root.size, 100u);
  EXPECT_THAT(Stat(id, 0x8, &root, 100), FailsWith(EOVERFLOW));
  EXPECT_THAT(Stat(id, 0x8, &root, kSize), FailsWith(EOVERFLOW));
  EXPECT_THAT(Stat(id, 0x8, &root, kSize + 2), FailsWith(EOVERFLOW));
  EXPECT_THAT(Stat(id, 0x8, &root, kSize + 3), Succeeds());
}

TEST(StatmountTest, Errors) {
  Description root;
  Request request;
  const auto bad = static_cast<Description*>(BadAddress());
  EXPECT_THAT(syscall(kStatmount, nullptr, &root, 512, 1), FailsWith(EINVAL));
  EXPECT_THAT(syscall(kStatmount, nullptr, &root, 512, 0), FailsWith(EFAULT));
  EXPECT_THAT(syscall(kStatmount, &request, &root, 512, 0), FailsWith(ENOENT));
  EXPECT_THAT(Stat(1, 3, &root), FailsWith(EINVAL));
  EXPECT_THAT(Stat(kFirstId + 0x1000'0000, 3, &root), FailsWith(ENOENT));
  EXPECT_THAT(Stat(IdOf("/proc"), 3, bad), FailsWith(EFAULT));
}

}  // namespace
}  // namespace emu
