// SPDX-License-Identifier: Apache-2.0
//
// What is in memory and what is not: mincore(2) after touches and advice,
// guarded pages, mseal(2), mremap(2) of several areas.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using MincoreTest = TempDirTest;
using MadviseTest = TempDirTest;
using GuardTest = TempDirTest;

constexpr int kPopulateRead = 22;   // MADV_POPULATE_READ
constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE
constexpr int kGuardInstall = 102;  // MADV_GUARD_INSTALL
constexpr int kGuardRemove = 103;   // MADV_GUARD_REMOVE
constexpr int kSeal = 462;          // SYS_mseal

// A digit for each page of the map.
std::string Resident(const Map& map) {
  std::string pages(map.size() / kPage, 0);
  if (mincore(map.data(), map.size(),
              reinterpret_cast<unsigned char*>(pages.data())) != 0) {
    return "mincore failed";
  }
  for (char& page : pages) page = '0' + (page & 1);
  return pages;
}

int Touch(const char* at) {
  return RunInChild([=] { *static_cast<const volatile char*>(at); });
}

long Seal(void* at, size_t length, unsigned long flags = 0) {
  return syscall(kSeal, at, length, flags);
}

TEST_F(MincoreTest, AnonymousPagesComeWhenTouched) {
  Map map = Map::Private(5 * kPage);
  EXPECT_EQ(Resident(map), "00000");
  map[kPage] = 'x';
  *static_cast<volatile char*>(&map[3 * kPage]);
  EXPECT_EQ(Resident(map), "01010");
}

TEST_F(MincoreTest, SharedPagesComeWhenAnybodyTouchesThem) {
  Map map = Map::Shared(4 * kPage);
  EXPECT_EQ(Resident(map), "0000");
  EXPECT_THAT(RunInChild([&] { map[2 * kPage] = 'x'; }), Exited(0));
  EXPECT_EQ(Resident(map), "0010");
}

TEST_F(MincoreTest, WrittenFileIsResidentButBehindItsEnd) {
  const Fd fd(open((path() + "/f").c_str(), O_RDWR | O_CREAT, 0600));
  const std::string bytes(2 * kPage, 'x');
  ASSERT_THAT(write(fd, bytes.data(), bytes.size()), SucceedsWith(2 * kPage));
  EXPECT_EQ(Resident(Map::Of(fd, 4 * kPage)), "1100");
  EXPECT_EQ(Resident(Map::Of(fd, 4 * kPage, MAP_PRIVATE)), "1100");
}

TEST_F(MincoreTest, HolesOfAFileAreNot) {
  const Fd fd(open((path() + "/f").c_str(), O_RDWR | O_CREAT, 0600));
  ASSERT_THAT(ftruncate(fd, 4 * kPage), Succeeds());
  ASSERT_THAT(pwrite(fd, "x", 1, kPage), SucceedsWith(1));
  EXPECT_EQ(Resident(Map::Of(fd, 4 * kPage)), "0100");
}

TEST_F(MincoreTest, FileOfAnotherIsSaidToBeResident) {
  const Fd fd(open("/etc/passwd", O_RDONLY));
  if (geteuid() == 0) GTEST_FAIL() << "meant for a plain user";
  Map map = Map::Of(fd, 2 * kPage, MAP_PRIVATE, PROT_READ);
  EXPECT_EQ(Resident(map), "11");
}

TEST_F(MadviseTest, DontNeedAndFreeGiveBack) {
  Map map = Map::Private(3 * kPage);
  memset(map.data(), 'x', map.size());
  ASSERT_THAT(madvise(map.data(), kPage, MADV_DONTNEED), Succeeds());
  EXPECT_EQ(Resident(map), "011");
  EXPECT_EQ(map[0], 0);
}

TEST_F(MadviseTest, PopulateBringsIn) {
  Map map = Map::Private(4 * kPage);
  ASSERT_THAT(madvise(map.data(), kPage, kPopulateRead), Succeeds());
  ASSERT_THAT(madvise(map.data() + 2 * kPage, kPage, kPopulateWrite),
              Succeeds());
  EXPECT_EQ(Resident(map), "1010");
  Map shared = Map::Shared(2 * kPage);
  ASSERT_THAT(madvise(shared.data(), kPage, kPopulateWrite), Succeeds());
  EXPECT_EQ(Resident(shared), "10");
}

TEST_F(MadviseTest, MapPopulateBringsIn) {
  Map map(mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0),
          2 * kPage);
  EXPECT_EQ(Resident(map), "11");
}

TEST_F(MadviseTest, LockedPagesAreResident) {
  Map map = Map::Private(2 * kPage);
  ASSERT_THAT(mlock(map.data(), kPage), Succeeds());
  EXPECT_EQ(Resident(map), "10");
  Map locked(mmap(nullptr, kPage, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0),
             kPage);
  EXPECT_EQ(Resident(locked), "1");
}

TEST_F(MadviseTest, RemoveMakesHoleInSharedMemory) {
  Map map = Map::Shared(2 * kPage);
  memset(map.data(), 'x', map.size());
  ASSERT_THAT(madvise(map.data(), kPage, MADV_REMOVE), Succeeds());
  EXPECT_EQ(Resident(map), "01");
  EXPECT_EQ(map[0], 0);
}

TEST_F(MadviseTest, PopulateErrors) {
  Map map = Map::Private(2 * kPage, PROT_READ);
  EXPECT_THAT(madvise(map.data(), kPage, kPopulateWrite), FailsWith(EINVAL));
  ASSERT_THAT(mprotect(map.data(), kPage, PROT_NONE), Succeeds());
  EXPECT_THAT(madvise(map.data(), kPage, kPopulateRead), FailsWith(EINVAL));
  ASSERT_THAT(munmap(map.data() + kPage, kPage), Succeeds());
  EXPECT_THAT(madvise(map.data() + kPage, kPage, kPopulateRead),
              FailsWith(ENOMEM));
  const Fd fd(open((path() + "/f").c_str(), O_RDWR | O_CREAT, 0600));
  Map file = Map::Of(fd, kPage);
  EXPECT_THAT(madvise(file.data(), kPage, kPopulateRead), FailsWith(EFAULT));
}

TEST_F(MadviseTest, AdviceForAnotherKindOfMemory) {
  Map shared = Map::Shared(kPage);
  EXPECT_THAT(madvise(shared.data(), kPage, MADV_WIPEONFORK),
              FailsWith(EINVAL));
  EXPECT_THAT(madvise(shared.data(), kPage, MADV_FREE), FailsWith(EINVAL));
  Map map = Map::Private(kPage);
  EXPECT_THAT(madvise(map.data(), kPage, MADV_REMOVE), FailsWith(EINVAL));
  EXPECT_THAT(madvise(map.data(), kPage, MADV_COLD), Succeeds());
  EXPECT_THAT(madvise(map.data(), kPage, MADV_PAGEOUT), Succeeds());
  ASSERT_THAT(mlock(map.data(), kPage), Succeeds());
  EXPECT_THAT(madvise(map.data(), kPage, MADV_DONTNEED), FailsWith(EINVAL));
  EXPECT_THAT(madvise(map.data(), kPage, MADV_FREE), FailsWith(EINVAL));
  EXPECT_THAT(madvise(map.data(), kPage, MADV_COLD), FailsWith(EINVAL));
}

TEST_F(GuardTest, TouchIsSegmentationFault) {
  Map map = Map::Private(4 * kPage);
  memset(map.data(), 'x', map.size());
  ASSERT_THAT(madvise(map.data() + kPage, 2 * kPage, kGuardInstall),
              Succeeds());
  EXPECT_EQ(Resident(map), "1001");
  EXPECT_THAT(Touch(map.data()), Exited(0));
  EXPECT_THAT(Touch(map.data() + kPage), KilledBy(SIGSEGV));
  EXPECT_THAT(Touch(map.data() + 2 * kPage), KilledBy(SIGSEGV));
  ASSERT_THAT(madvise(map.data() + kPage, kPage, kGuardRemove), Succeeds());
  EXPECT_EQ(map[kPage], 0);
  EXPECT_THAT(Touch(map.data() + 2 * kPage), KilledBy(SIGSEGV));
}

TEST_F(GuardTest, KernelCopiesStopThere) {
  Map map = Map::Private(2 * kPage);
  ASSERT_THAT(madvise(map.data() + kPage, kPage, kGuardInstall), Succeeds());
  Pipe pipe(O_NONBLOCK);
  EXPECT_THAT(write(pipe.write, map.data() + kPage, 1), FailsWith(EFAULT));
  EXPECT_THAT(write(pipe.write, map.data() + kPage - 8, 8), SucceedsWith(8));
  EXPECT_THAT(read(pipe.read, map.data() + kPage, 8), FailsWith(EFAULT));
}

TEST_F(GuardTest, OutlivesProtectionAndAdvice) {
  Map map = Map::Private(2 * kPage);
  ASSERT_THAT(madvise(map.data(), kPage, kGuardInstall), Succeeds());
  ASSERT_THAT(mprotect(map.data(), 2 * kPage, PROT_READ), Succeeds());
  ASSERT_THAT(mprotect(map.data(), 2 * kPage, PROT_READ | PROT_WRITE),
              Succeeds());
  ASSERT_THAT(madvise(map.data(), 2 * kPage, MADV_DONTNEED), Succeeds());
  EXPECT_THAT(Touch(map.data()), KilledBy(SIGSEGV));
  EXPECT_THAT(Touch(map.data() + kPage), Exited(0));
  EXPECT_THAT(madvise(map.data(), kPage, kPopulateWrite), FailsWith(EFAULT));
}

TEST_F(GuardTest, MovesWithItsMemoryAndGoesWithIt) {
  Map map = Map::Private(2 * kPage);
  Map target = Map::Private(2 * kPage);
  ASSERT_THAT(madvise(map.data(), kPage, kGuardInstall), Succeeds());
  ASSERT_THAT(mremap(map.data(), 2 * kPage, 2 * kPage,
                     MREMAP_MAYMOVE | MREMAP_FIXED, target.data()),
              Succeeds());
  EXPECT_THAT(Touch(target.data()), KilledBy(SIGSEGV));
  EXPECT_THAT(Touch(target.data() + kPage), Exited(0));
  ASSERT_THAT(mmap(target.data(), kPage, PROT_READ,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
              Succeeds());
  EXPECT_THAT(Touch(target.data()), Exited(0));
}

TEST_F(GuardTest, IsGoneInMemoryWipedOnFork) {
  Map map = Map::Private(kPage);
  ASSERT_THAT(madvise(map.data(), kPage, kGuardInstall), Succeeds());
  ASSERT_THAT(madvise(map.data(), kPage, MADV_WIPEONFORK), Succeeds());
  EXPECT_THAT(Touch(map.data()), Exited(0));
}

TEST_F(GuardTest, NotForLockedMemory) {
  Map map = Map::Private(kPage);
  ASSERT_THAT(mlock(map.data(), kPage), Succeeds());
  EXPECT_THAT(madvise(map.data(), kPage, kGuardInstall), FailsWith(EINVAL));
  EXPECT_THAT(madvise(map.data(), kPage, kGuardRemove), Succeeds());
}

TEST(MsealTest, ForbidsChanges) {
  // A child: sealed memory stays.
  EXPECT_THAT(RunInChild([] {
                Map map = Map::Private(4 * kPage);
                char* const at = map.data() + kPage;
                map.Release();
                CHILD_CHECK(Seal(at, kPage) == 0);
                CHILD_CHECK(munmap(at, kPage) == -1 && errno == EPERM);
                CHILD_CHECK(munmap(at - kPage, 2 * kPage) == -1 &&
                            errno == EPERM);
                CHILD_CHECK(mprotect(at, kPage, PROT_READ) == -1 &&
                            errno == EPERM);
                CHILD_CHECK(mremap(at, kPage, 2 * kPage, MREMAP_MAYMOVE) ==
                                MAP_FAILED &&
                            errno == EPERM);
                CHILD_CHECK(mmap(at, kPage, PROT_READ,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                                 0) == MAP_FAILED &&
                            errno == EPERM);
                // Who may write may as well discard.
                CHILD_CHECK(madvise(at, kPage, MADV_DONTNEED) == 0);
                at[0] = 'x';
                CHILD_CHECK(mprotect(at - kPage, kPage, PROT_READ) == 0);
              }),
              Exited(0));
}

TEST(MsealTest, ProtectsReadOnlyMemoryFromDiscard) {
  EXPECT_THAT(RunInChild([] {
                Map map = Map::Private(kPage, PROT_READ);
                char* const at = map.data();
                map.Release();
                CHILD_CHECK(Seal(at, kPage) == 0);
                CHILD_CHECK(madvise(at, kPage, MADV_DONTNEED) == -1 &&
                            errno == EPERM);
                CHILD_CHECK(madvise(at, kPage, kGuardInstall) == -1 &&
                            errno == EPERM);
                CHILD_CHECK(madvise(at, kPage, MADV_WILLNEED) == 0);
                CHILD_CHECK(Seal(at, kPage) == 0);
              }),
              Exited(0));
}

TEST(MsealTest, ChecksArguments) {
  Map map = Map::Private(2 * kPage);
  EXPECT_THAT(Seal(map.data(), kPage, 1), FailsWith(EINVAL));
  EXPECT_THAT(Seal(map.data() + 1, kPage), FailsWith(EINVAL));
  EXPECT_THAT(Seal(map.data(), 0), Succeeds());
  EXPECT_THAT(Seal(map.data(), -size_t{1}), FailsWith(EINVAL));
  ASSERT_THAT(munmap(map.data() + kPage, kPage), Succeeds());
  EXPECT_THAT(Seal(map.data(), 2 * kPage), FailsWith(ENOMEM));
  EXPECT_THAT(mprotect(map.data(), kPage, PROT_READ), Succeeds());
}

TEST(MremapManyTest, MovesSeveralAreasAndTheHolesBetweenThem) {
  Map map = Map::Private(4 * kPage);
  Map target = Map::Private(4 * kPage);
  map[0] = 'a';
  map[3 * kPage] = 'd';
  ASSERT_THAT(mprotect(map.data(), kPage, PROT_READ), Succeeds());
  ASSERT_THAT(munmap(map.data() + 2 * kPage, kPage), Succeeds());
  ASSERT_THAT(mremap(map.data(), 4 * kPage, 4 * kPage,
                     MREMAP_MAYMOVE | MREMAP_FIXED, target.data()),
              SucceedsWith(static_cast<void*>(target.data())));
  EXPECT_EQ(target[0], 'a');
  EXPECT_EQ(target[3 * kPage], 'd');
  // What was where the hole comes to lie stays.
  EXPECT_THAT(Touch(target.data() + 2 * kPage), Exited(0));
  EXPECT_THAT(Touch(map.data()), KilledBy(SIGSEGV));
  EXPECT_THAT(Touch(map.data() + 3 * kPage), KilledBy(SIGSEGV));
}

TEST(MremapManyTest, NeedsAnAreaAtItsStart) {
  Map map = Map::Private(2 * kPage);
  Map target = Map::Private(2 * kPage);
  ASSERT_THAT(munmap(map.data(), kPage), Succeeds());
  EXPECT_THAT(mremap(map.data(), 2 * kPage, 2 * kPage,
                     MREMAP_MAYMOVE | MREMAP_FIXED, target.data()),
              FailsWith(EFAULT));
}

TEST(MremapManyTest, GrowthIsForOneAreaOnly) {
  Map map = Map::Private(2 * kPage);
  ASSERT_THAT(mprotect(map.data(), kPage, PROT_READ), Succeeds());
  EXPECT_THAT(mremap(map.data(), 2 * kPage, 3 * kPage, MREMAP_MAYMOVE),
              FailsWith(EFAULT));
  // But cutting off is for many.
  EXPECT_THAT(mremap(map.data(), 2 * kPage, kPage, 0),
              SucceedsWith(static_cast<void*>(map.data())));
  EXPECT_THAT(Touch(map.data() + kPage), KilledBy(SIGSEGV));
}

TEST(MremapManyTest, DontUnmapLeavesEmptyPages) {
  Map map = Map::Private(2 * kPage);
  map[kPage] = 'x';
  const auto remap = [&](size_t length) {
    return reinterpret_cast<void*>(
        syscall(SYS_mremap, map.data(), 2 * kPage, length,
                MREMAP_MAYMOVE | MREMAP_DONTUNMAP, nullptr));
  };
  void* at = remap(2 * kPage);
  ASSERT_THAT(at, Succeeds());
  Map moved(at, 2 * kPage);
  EXPECT_EQ(moved[kPage], 'x');
  EXPECT_EQ(map[kPage], 0);
  EXPECT_THAT(remap(kPage), FailsWith(EINVAL));
}

}  // namespace
}  // namespace emu
