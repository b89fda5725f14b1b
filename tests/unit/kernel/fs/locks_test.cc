// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/locks.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>

namespace emu {
namespace {

const char kA = 0, kB = 0, kC = 0;

FileLock Lock(LockOwner owner, uint64_t start, uint64_t last,
              bool exclusive = true) {
  return {.exclusive = exclusive, .start = start, .last = last, .owner = owner};
}

// An inode that has nothing but locks_.
class BareFs : public FileSystem {
 public:
  BareFs() : FileSystem("bare", 0x105) {}
  InodeRef root() override { return nullptr; }
  FileSystemStats Stats() override { return {}; }
};

class BareInode : public Inode {
 public:
  explicit BareInode(FileSystem& fs) : Inode(fs, 42, {}) {}
  Result<FileRef> Open(Task&, const Path&, int) override {
    return Errno(ENXIO);
  }
};

class FileLocksTest : public testing::Test {
 protected:
  BareFs fs_;
  const InodeRef inode_ = std::make_shared<BareInode>(fs_);
  LockTable table_;
  FileLocks& locks_ = table_.Of(*inode_);
};

TEST_F(FileLocksTest, OwnersExcludeEachOtherWhereTheyOverlap) {
  locks_.Set(Lock(&kA, 10, 19));
  EXPECT_EQ(locks_.FindConflict(Lock(&kB, 0, 9)), nullptr);
  EXPECT_NE(locks_.FindConflict(Lock(&kB, 0, 10)), nullptr);
  EXPECT_NE(locks_.FindConflict(Lock(&kB, 19, INT64_MAX)), nullptr);
  EXPECT_EQ(locks_.FindConflict(Lock(&kA, 10, 19)), nullptr);
}

TEST_F(FileLocksTest, SharedLocksStandBesideEachOther) {
  locks_.Set(Lock(&kA, 0, 9, /*exclusive=*/false));
  EXPECT_EQ(locks_.FindConflict(Lock(&kB, 0, 9, false)), nullptr);
  EXPECT_NE(locks_.FindConflict(Lock(&kB, 0, 9, true)), nullptr);
}

TEST_F(FileLocksTest, UnlockingTheMiddleLeavesTheEnds) {
  locks_.Set(Lock(&kA, 0, 29));
  locks_.Unset(&kA, 10, 19);
  EXPECT_NE(locks_.FindConflict(Lock(&kB, 9, 9)), nullptr);
  EXPECT_EQ(locks_.FindConflict(Lock(&kB, 10, 19)), nullptr);
  EXPECT_NE(locks_.FindConflict(Lock(&kB, 20, 20)), nullptr);
}

TEST_F(FileLocksTest, NeighboursOfOneKindBecomeOne) {
  locks_.Set(Lock(&kA, 0, 9));
  locks_.Set(Lock(&kA, 20, 29));
  locks_.Set(Lock(&kA, 10, 19));
  const FileLock* held = locks_.FindConflict(Lock(&kB, 15, 15));
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(held->start, 0u);
  EXPECT_EQ(held->last, 29u);
}

TEST_F(FileLocksTest, ReleaseOfAnOwnerLeavesTheOthers) {
  locks_.Set(Lock(&kA, 0, 9));
  locks_.Set(Lock(&kB, 10, 19));
  locks_.ReleaseOwner(&kA);
  EXPECT_EQ(locks_.FindConflict(Lock(&kC, 0, 9)), nullptr);
  EXPECT_NE(locks_.FindConflict(Lock(&kC, 10, 19)), nullptr);
}

TEST_F(FileLocksTest, TableShowsTheLatestFirstAndWaitersBelow) {
  locks_.Set(Lock(&kA, 0, 9));
  locks_.Set(Lock(&kB, 20, kLockEnd, /*exclusive=*/false));
  const LockWaiter waiter(locks_, Lock(&kC, 5, 5));
  const LockWaiter behind(locks_, Lock(&kB, 4, 5));
  EXPECT_EQ(table_.Describe(),
            "1: POSIX  ADVISORY  READ 0 01:05:42 20 EOF\n"
            "2: POSIX  ADVISORY  WRITE 0 01:05:42 0 9\n"
            "2: -> POSIX  ADVISORY  WRITE 0 01:05:42 5 5\n"
            "2:  -> POSIX  ADVISORY  WRITE 0 01:05:42 4 5\n");
}

TEST_F(FileLocksTest, TableForgetsInodesThatEnd) {
  {
    const InodeRef other = std::make_shared<BareInode>(fs_);
    table_.Of(*other).Set(Lock(&kA, 0, 9));
    EXPECT_NE(table_.Describe(), "");
  }
  EXPECT_EQ(table_.Describe(), "");
}

TEST(LockWaitsTest, SeesCirclesOfAnyLength) {
  LockWaits waits;
  waits.Add(&kA, &kB);
  waits.Add(&kB, &kC);
  EXPECT_TRUE(waits.WouldDeadlock(&kC, &kA));
  waits.Remove(&kB, &kC);
  EXPECT_FALSE(waits.WouldDeadlock(&kC, &kA));
}

}  // namespace
}  // namespace emu
