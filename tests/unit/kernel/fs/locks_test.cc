// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/locks.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace emu {
namespace {

const char kA = 0, kB = 0, kC = 0;

RecordLock Lock(LockOwner owner, uint64_t start, uint64_t last,
                bool exclusive = true) {
  return {start, last, exclusive, owner, 0};
}

TEST(FileLocksTest, OwnersExcludeEachOtherWhereTheyOverlap) {
  FileLocks locks;
  locks.Set(Lock(&kA, 10, 19));
  EXPECT_EQ(locks.FindConflict(Lock(&kB, 0, 9)), nullptr);
  EXPECT_NE(locks.FindConflict(Lock(&kB, 0, 10)), nullptr);
  EXPECT_NE(locks.FindConflict(Lock(&kB, 19, INT64_MAX)), nullptr);
  EXPECT_EQ(locks.FindConflict(Lock(&kA, 10, 19)), nullptr);
}

TEST(FileLocksTest, SharedLocksStandBesideEachOther) {
  FileLocks locks;
  locks.Set(Lock(&kA, 0, 9, /*exclusive=*/false));
  EXPECT_EQ(locks.FindConflict(Lock(&kB, 0, 9, false)), nullptr);
  EXPECT_NE(locks.FindConflict(Lock(&kB, 0, 9, true)), nullptr);
}

TEST(FileLocksTest, UnlockingTheMiddleLeavesTheEnds) {
  FileLocks locks;
  locks.Set(Lock(&kA, 0, 29));
  locks.Unset(&kA, 10, 19);
  EXPECT_NE(locks.FindConflict(Lock(&kB, 9, 9)), nullptr);
  EXPECT_EQ(locks.FindConflict(Lock(&kB, 10, 19)), nullptr);
  EXPECT_NE(locks.FindConflict(Lock(&kB, 20, 20)), nullptr);
}

TEST(FileLocksTest, NeighboursOfOneKindBecomeOne) {
  FileLocks locks;
  locks.Set(Lock(&kA, 0, 9));
  locks.Set(Lock(&kA, 20, 29));
  locks.Set(Lock(&kA, 10, 19));
  const RecordLock* held = locks.FindConflict(Lock(&kB, 15, 15));
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(held->start, 0u);
  EXPECT_EQ(held->last, 29u);
}

TEST(FileLocksTest, ReleaseOfAnOwnerLeavesTheOthers) {
  FileLocks locks;
  locks.Set(Lock(&kA, 0, 9));
  locks.Set(Lock(&kB, 10, 19));
  locks.ReleaseOwner(&kA);
  EXPECT_EQ(locks.FindConflict(Lock(&kC, 0, 9)), nullptr);
  EXPECT_NE(locks.FindConflict(Lock(&kC, 10, 19)), nullptr);
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
