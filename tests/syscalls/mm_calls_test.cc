// SPDX-License-Identifier: Apache-2.0
//
// mprotect(2), mremap(2), madvise(2), msync(2), mlock(2), mincore(2), brk(2),
// and stacks that grow.

#include <alloca.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using MsyncTest = TempDirTest;
using MadviseTest = TempDirTest;
using MremapTest = TempDirTest;
using MincoreTest = TempDirTest;

constexpr int kReadWrite = PROT_READ | PROT_WRITE;

int ReadInChild(const char* at) {
  return RunInChild([=] { *static_cast<const volatile char*>(at); });
}

TEST(MprotectTest, TakesAndGivesAccess) {
  Map map = Map::Private(kPage);
  map[0] = 'x';
  ASSERT_THAT(mprotect(map.data(), kPage, PROT_NONE), Succeeds());
  EXPECT_THAT(ReadInChild(map.data()), KilledBy(SIGSEGV));
  ASSERT_THAT(mprotect(map.data(), kPage, kReadWrite), Succeeds());
  EXPECT_EQ(map[0], 'x');
}

TEST(MprotectTest, SplitsMapping) {
  Map map = Map::Private(3 * kPage);
  ASSERT_THAT(mprotect(map.data() + kPage, kPage, PROT_NONE), Succeeds());
  map[kPage - 1] = map[2 * kPage] = 'x';
  EXPECT_THAT(ReadInChild(map.data() + kPage), KilledBy(SIGSEGV));
}

TEST(MprotectTest, HoleSaysNoMemoryAfterChangingWhatCameBefore) {
  Map map = Map::Private(3 * kPage);
  ASSERT_THAT(munmap(map.data() + kPage, kPage), Succeeds());
  EXPECT_THAT(mprotect(map.data(), 3 * kPage, PROT_NONE), FailsWith(ENOMEM));
  EXPECT_THAT(ReadInChild(map.data()), KilledBy(SIGSEGV));
  EXPECT_THAT(ReadInChild(map.data() + 2 * kPage), Exited(0));
}

TEST(MprotectTest, ChecksArguments) {
  Map map = Map::Private(kPage);
  EXPECT_THAT(mprotect(map.data() + 1, kPage, PROT_READ), FailsWith(EINVAL));
  EXPECT_THAT(mprotect(map.data(), kPage, 0x100), FailsWith(EINVAL));
  EXPECT_THAT(mprotect(map.data(), 0, PROT_READ), Succeeds());
  EXPECT_THAT(mprotect(map.data() + 1, 0, PROT_READ), FailsWith(EINVAL));
  EXPECT_THAT(mprotect(map.data(), kPage, PROT_GROWSUP | PROT_GROWSDOWN),
              FailsWith(EINVAL));
}

TEST(MprotectTest, KernelCopiesHonourProtection) {
  Map map = Map::Private(kPage, PROT_READ);
  Pipe pipe(O_NONBLOCK);
  ASSERT_THAT(write(pipe.write, "abc", 3), SucceedsWith(3));
  EXPECT_THAT(read(pipe.read, map.data(), 3), FailsWith(EFAULT));
  ASSERT_THAT(mprotect(map.data(), kPage, PROT_NONE), Succeeds());
  EXPECT_THAT(write(pipe.write, map.data(), 3), FailsWith(EFAULT));
}

TEST_F(MremapTest, ShrinksInPlace) {
  Map map = Map::Private(3 * kPage);
  EXPECT_THAT(mremap(map.data(), 3 * kPage, kPage, 0),
              SucceedsWith(static_cast<void*>(map.data())));
  EXPECT_THAT(ReadInChild(map.data() + kPage), KilledBy(SIGSEGV));
}

TEST_F(MremapTest, GrowsIntoFreeSpace) {
  Map map = Map::Private(4 * kPage);
  map[0] = 'x';
  ASSERT_THAT(munmap(map.data() + kPage, 3 * kPage), Succeeds());
  EXPECT_THAT(mremap(map.data(), kPage, 2 * kPage, 0),
              SucceedsWith(static_cast<void*>(map.data())));
  EXPECT_EQ(map[0], 'x');
  EXPECT_EQ(map[kPage], 0);
}

TEST_F(MremapTest, CannotGrowInPlaceIntoAnother) {
  Map map = Map::Private(2 * kPage);
  // A different protection keeps the two apart.
  ASSERT_THAT(mprotect(map.data() + kPage, kPage, PROT_READ), Succeeds());
  EXPECT_THAT(mremap(map.data(), kPage, 2 * kPage, 0), FailsWith(ENOMEM));
}

TEST_F(MremapTest, MovesContentWhenAllowed) {
  Map map = Map::Private(2 * kPage);
  map[10] = 'x';
  ASSERT_THAT(mprotect(map.data() + kPage, kPage, PROT_READ), Succeeds());
  void* at = mremap(map.data(), kPage, 4 * kPage, MREMAP_MAYMOVE);
  ASSERT_THAT(at, Succeeds());
  Map moved(at, 4 * kPage);
  EXPECT_NE(moved.data(), map.data());
  EXPECT_EQ(moved[10], 'x');
  EXPECT_EQ(moved[4 * kPage - 1], 0);
  EXPECT_THAT(ReadInChild(map.data()), KilledBy(SIGSEGV));
}

TEST_F(MremapTest, FixedReplacesTarget) {
  Map from = Map::Private(kPage);
  Map to = Map::Private(kPage);
  from[0] = 'a';
  to[0] = 'b';
  EXPECT_THAT(mremap(from.data(), kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED,
                     to.data()),
              SucceedsWith(static_cast<void*>(to.data())));
  EXPECT_EQ(to[0], 'a');
  from.Release();
}

TEST_F(MremapTest, DontUnmapLeavesEmptySource) {
  Map from = Map::Private(kPage);
  from[0] = 'a';
  void* at = mremap(from.data(), kPage, kPage,
                    MREMAP_MAYMOVE | MREMAP_DONTUNMAP, nullptr);
  ASSERT_THAT(at, Succeeds());
  Map to(at, kPage);
  EXPECT_EQ(to[0], 'a');
  EXPECT_EQ(from[0], 0);
}

TEST_F(MremapTest, ZeroOldSizeDuplicatesSharedMapping) {
  Map map = Map::Shared(kPage);
  void* at = mremap(map.data(), 0, kPage, MREMAP_MAYMOVE);
  ASSERT_THAT(at, Succeeds());
  Map twin(at, kPage);
  map[0] = 'x';
  EXPECT_EQ(twin[0], 'x');
}

TEST_F(MremapTest, FileMappingMovesWithItsOffset) {
  const Fd fd = OpenWith("file", std::string(2 * kPage, 'x'));
  ASSERT_THAT(pwrite(fd, "y", 1, kPage), SucceedsWith(1));
  Map map = Map::Of(fd, kPage, MAP_SHARED, kReadWrite, kPage);
  void* at = mremap(map.data(), kPage, 64 * kPage, MREMAP_MAYMOVE);
  ASSERT_THAT(at, Succeeds());
  map.Release();
  Map moved(at, 64 * kPage);
  EXPECT_EQ(moved[0], 'y');
  EXPECT_EQ(moved[1], 'x');
}

TEST_F(MremapTest, ChecksArguments) {
  Map map = Map::Private(2 * kPage);
  void* at = map.data();
  EXPECT_THAT(mremap(map.data() + 1, kPage, kPage, 0), FailsWith(EINVAL));
  EXPECT_THAT(mremap(at, kPage, 0, 0), FailsWith(EINVAL));
  EXPECT_THAT(mremap(at, kPage, kPage, 0x100), FailsWith(EINVAL));
  EXPECT_THAT(mremap(at, kPage, kPage, MREMAP_FIXED, at), FailsWith(EINVAL));
  EXPECT_THAT(mremap(at, kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, at),
              FailsWith(EINVAL));  // Overlaps.
  EXPECT_THAT(mremap(at, 0, kPage, MREMAP_MAYMOVE), FailsWith(EINVAL));
}

TEST_F(MremapTest, UnmappedSourceFaults) {
  Map map = Map::Private(kPage);
  ASSERT_THAT(munmap(map.data(), kPage), Succeeds());
  EXPECT_THAT(mremap(map.data(), kPage, 2 * kPage, MREMAP_MAYMOVE),
              FailsWith(EFAULT));
  map.Release();
}

TEST_F(MadviseTest, DontneedZeroesPrivateMemory) {
  Map map = Map::Private(2 * kPage);
  map[0] = map[kPage] = 'x';
  ASSERT_THAT(madvise(map.data(), kPage, MADV_DONTNEED), Succeeds());
  EXPECT_EQ(map[0], 0);
  EXPECT_EQ(map[kPage], 'x');
}

TEST_F(MadviseTest, DontneedKeepsSharedMemory) {
  Map map = Map::Shared(kPage);
  map[0] = 'x';
  ASSERT_THAT(madvise(map.data(), kPage, MADV_DONTNEED), Succeeds());
  EXPECT_EQ(map[0], 'x');
}

TEST_F(MadviseTest, DontneedRestoresPrivateFilePage) {
  const Fd fd = OpenWith("file", "hello");
  Map map = Map::Of(fd, kPage, MAP_PRIVATE);
  map[0] = 'J';
  ASSERT_THAT(madvise(map.data(), kPage, MADV_DONTNEED), Succeeds());
  EXPECT_EQ(map[0], 'h');
}

TEST_F(MadviseTest, RemovePunchesHoleInSharedMemory) {
  Map map = Map::Shared(2 * kPage);
  map[0] = map[kPage] = 'x';
  ASSERT_THAT(madvise(map.data(), kPage, MADV_REMOVE), Succeeds());
  EXPECT_EQ(map[0], 0);
  EXPECT_EQ(map[kPage], 'x');
}

TEST_F(MadviseTest, HintsAreAccepted) {
  Map map = Map::Private(kPage);
  for (const int advice : {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL,
                           MADV_WILLNEED, MADV_DONTDUMP, MADV_DODUMP}) {
    EXPECT_THAT(madvise(map.data(), kPage, advice), Succeeds()) << advice;
  }
}

TEST_F(MadviseTest, ChecksArguments) {
  Map map = Map::Private(2 * kPage);
  EXPECT_THAT(madvise(map.data() + 1, kPage, MADV_NORMAL), FailsWith(EINVAL));
  EXPECT_THAT(madvise(map.data(), kPage, 9999), FailsWith(EINVAL));
  EXPECT_THAT(madvise(map.data(), 0, MADV_NORMAL), Succeeds());
  ASSERT_THAT(munmap(map.data() + kPage, kPage), Succeeds());
  EXPECT_THAT(madvise(map.data(), 2 * kPage, MADV_NORMAL), FailsWith(ENOMEM));
}

TEST_F(MsyncTest, AcceptsMappedRange) {
  const Fd fd = OpenWith("file", "hello");
  Map map = Map::Of(fd, kPage);
  EXPECT_THAT(msync(map.data(), kPage, MS_SYNC), Succeeds());
  EXPECT_THAT(msync(map.data(), kPage, MS_ASYNC | MS_INVALIDATE), Succeeds());
}

TEST_F(MsyncTest, ChecksArguments) {
  Map map = Map::Private(2 * kPage);
  EXPECT_THAT(msync(map.data(), kPage, MS_SYNC | MS_ASYNC), FailsWith(EINVAL));
  EXPECT_THAT(msync(map.data(), kPage, 0x100), FailsWith(EINVAL));
  EXPECT_THAT(msync(map.data() + 1, kPage, MS_SYNC), FailsWith(EINVAL));
  ASSERT_THAT(munmap(map.data() + kPage, kPage), Succeeds());
  EXPECT_THAT(msync(map.data(), 2 * kPage, MS_SYNC), FailsWith(ENOMEM));
}

TEST(MlockTest, LocksAndUnlocks) {
  Map map = Map::Private(kPage);
  EXPECT_THAT(mlock(map.data() + 5, 10), Succeeds());
  EXPECT_THAT(munlock(map.data(), kPage), Succeeds());
}

TEST(MlockTest, HoleSaysNoMemory) {
  Map map = Map::Private(2 * kPage);
  ASSERT_THAT(munmap(map.data() + kPage, kPage), Succeeds());
  EXPECT_THAT(mlock(map.data(), 2 * kPage), FailsWith(ENOMEM));
}

TEST(MlockTest, LimitHolds) {
  EXPECT_THAT(
      RunInChild([] {
        rlimit limit = {kPage, kPage};
        CHILD_CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
        Map map = Map::Private(2 * kPage);
        CHILD_CHECK(mlock(map.data(), 2 * kPage) == -1 && errno == ENOMEM);
        CHILD_CHECK(mlock(map.data(), kPage) == 0);
        limit = {0, 0};
        CHILD_CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
        CHILD_CHECK(mlock(map.data(), kPage) == -1 && errno == EPERM);
      }),
      Exited(0));
}

TEST(MlockTest, RejectsUnknownFlags) {
  Map map = Map::Private(kPage);
  EXPECT_THAT(syscall(SYS_mlock2, map.data(), kPage, 0x100), FailsWith(EINVAL));
  EXPECT_THAT(mlockall(0x100), FailsWith(EINVAL));
  EXPECT_THAT(mlockall(0), FailsWith(EINVAL));
  EXPECT_THAT(munlockall(), Succeeds());
}

TEST_F(MincoreTest, TouchedPagesAreResident) {
  Map map = Map::Private(2 * kPage);
  map[0] = map[kPage] = 'x';
  unsigned char resident[2] = {};
  ASSERT_THAT(mincore(map.data(), 2 * kPage, resident), Succeeds());
  EXPECT_EQ(resident[0] & 1, 1);
  EXPECT_EQ(resident[1] & 1, 1);
}

TEST_F(MincoreTest, ChecksArguments) {
  Map map = Map::Private(2 * kPage);
  unsigned char resident[2];
  EXPECT_THAT(mincore(map.data() + 1, kPage, resident), FailsWith(EINVAL));
  EXPECT_THAT(mincore(map.data(), 0, nullptr), Succeeds());
  EXPECT_THAT(mincore(nullptr, 0, nullptr), Succeeds());
  EXPECT_THAT(mincore(nullptr, kPage, resident), FailsWith(ENOMEM));
  EXPECT_THAT(
      mincore(map.data(), kPage, static_cast<unsigned char*>(BadAddress())),
      FailsWith(EFAULT));
  ASSERT_THAT(munmap(map.data() + kPage, kPage), Succeeds());
  EXPECT_THAT(mincore(map.data(), 2 * kPage, resident), FailsWith(ENOMEM));
}

TEST(BrkTest, GrowsAndShrinks) {
  char* const start = reinterpret_cast<char*>(syscall(SYS_brk, 0));
  EXPECT_EQ(syscall(SYS_brk, start + 3 * kPage),
            reinterpret_cast<long>(start + 3 * kPage));
  EXPECT_EQ(start[2 * kPage], 0);
  start[2 * kPage] = 'x';
  EXPECT_EQ(syscall(SYS_brk, start), reinterpret_cast<long>(start));
  EXPECT_EQ(syscall(SYS_brk, start + 3 * kPage),
            reinterpret_cast<long>(start + 3 * kPage));
  EXPECT_EQ(start[2 * kPage], 0);  // Fresh memory again.
  EXPECT_EQ(syscall(SYS_brk, start), reinterpret_cast<long>(start));
}

TEST(BrkTest, ImpossibleRequestReturnsCurrentEnd) {
  const long start = syscall(SYS_brk, 0);
  EXPECT_EQ(syscall(SYS_brk, 1), start);
  EXPECT_EQ(syscall(SYS_brk, -1L), start);
}

TEST(BrkTest, DataLimitHolds) {
  EXPECT_THAT(RunInChild([] {
                const long start = syscall(SYS_brk, 0);
                const rlimit limit = {kPage, kPage};
                CHILD_CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
                CHILD_CHECK(syscall(SYS_brk, start + (1 << 20)) == start);
              }),
              Exited(0));
}

TEST(StackTest, GrowsOnTouch) {
  EXPECT_THAT(RunInChild([] {
                auto* p = static_cast<volatile char*>(alloca(2 << 20));
                p[0] = 1;
              }),
              Exited(0));
}

TEST(StackTest, GrowsUnderACopyByTheKernel) {
  Pipe pipe;
  ASSERT_THAT(write(pipe.write, "abc", 3), SucceedsWith(3));
  EXPECT_THAT(RunInChild([&] {
                auto* p = static_cast<char*>(alloca(1 << 20));
                CHILD_CHECK(read(pipe.read, p, 3) == 3 && p[2] == 'c');
              }),
              Exited(0));
}

TEST(StackTest, LimitEndsInSigsegv) {
  EXPECT_THAT(RunInChild([] {
                const rlimit limit = {1 << 20, 1 << 20};
                CHILD_CHECK(setrlimit(RLIMIT_STACK, &limit) == 0);
                auto* p = static_cast<volatile char*>(alloca(4 << 20));
                p[0] = 1;
              }),
              KilledBy(SIGSEGV));
}

TEST(GrowsdownTest, MappingGrowsIntoFreeSpaceBelow) {
  EXPECT_THAT(
      RunInChild([] {
        Map space = Map::Private(4 << 20, PROT_NONE);
        char* top = space.data() + space.size();
        munmap(space.data(), space.size());
        char* at = static_cast<char*>(mmap(
            top - kPage, kPage, kReadWrite,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0));
        CHILD_CHECK(at == top - kPage);
        for (int i = 0; i < 16; ++i) at[-i * 4096] = 1;
      }),
      Exited(0));
}

}  // namespace
}  // namespace emu
