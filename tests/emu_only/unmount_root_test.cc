// SPDX-License-Identifier: Apache-2.0
//
// What an unmounted tmpfs held is there for others: with 4 GiB in all.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/util/fd.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

constexpr off_t kLarge = off_t{1} << 30;

void FillOnce(int unmount_flags, bool keep_open) {
  ASSERT_THAT(mount("none", "/tmp", "tmpfs", 0, nullptr), Succeeds());
  Fd file(open("/tmp/file", O_RDWR | O_CREAT, 0600));
  ASSERT_TRUE(file.valid());
  ASSERT_THAT(fallocate(file, 0, 0, kLarge), Succeeds());
  if (!keep_open) file.Reset();
  ASSERT_THAT(umount2("/tmp", unmount_flags), Succeeds());
}

TEST(UnmountTest, GivesBackWhatTheFilesTook) {
  for (int i = 0; i < 8; ++i) ASSERT_NO_FATAL_FAILURE(FillOnce(0, false)) << i;
}

TEST(UnmountTest, ALazyOneDoesSoWithItsLastUse) {
  for (int i = 0; i < 8; ++i) {
    ASSERT_NO_FATAL_FAILURE(FillOnce(MNT_DETACH, true)) << i;
  }
}

}  // namespace
}  // namespace emu
