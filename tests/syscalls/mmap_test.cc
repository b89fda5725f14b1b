// SPDX-License-Identifier: Apache-2.0
//
// mmap(2) and munmap(2): placement, sharing, files, errors.

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using MmapFileTest = TempDirTest;

constexpr int kReadWrite = PROT_READ | PROT_WRITE;
constexpr int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;

long RawMmap(void* address, size_t size, int prot, int flags, int fd,
             off_t offset) {
  return syscall(SYS_mmap, address, size, prot, flags, fd, offset);
}

// How a child ends that reads, or writes, this byte.
int ReadInChild(const char* at) {
  return RunInChild([=] { *static_cast<const volatile char*>(at); });
}
int WriteInChild(char* at) {
  return RunInChild([=] { *static_cast<volatile char*>(at) = 1; });
}

TEST(MmapTest, AnonymousMemoryIsZero) {
  Map map = Map::Private(3 * kPage);
  ASSERT_TRUE(map.valid());
  for (size_t i = 0; i < map.size(); ++i) ASSERT_EQ(map[i], 0);
}

TEST(MmapTest, RejectsZeroLength) {
  EXPECT_THAT(mmap(nullptr, 0, PROT_READ, kAnonymous, -1, 0),
              FailsWith(EINVAL));
}

TEST(MmapTest, RejectsHugeLength) {
  EXPECT_THAT(mmap(nullptr, SIZE_MAX - kPage, PROT_READ, kAnonymous, -1, 0),
              FailsWith(ENOMEM));
  EXPECT_THAT(mmap(nullptr, 1ul << 48, PROT_READ, kAnonymous, -1, 0),
              FailsWith(ENOMEM));
}

TEST(MmapTest, NeedsExactlyOneKindOfSharing) {
  EXPECT_THAT(mmap(nullptr, kPage, PROT_READ, MAP_ANONYMOUS, -1, 0),
              FailsWith(EINVAL));
}

TEST(MmapTest, RejectsUnalignedOffset) {
  EXPECT_THAT(RawMmap(nullptr, kPage, PROT_READ, kAnonymous, -1, 100),
              FailsWith(EINVAL));
}

TEST(MmapTest, UnalignedOffsetComesBeforeBadDescriptor) {
  EXPECT_THAT(RawMmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, 777, 100),
              FailsWith(EINVAL));
  EXPECT_THAT(RawMmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, 777, 0),
              FailsWith(EBADF));
  EXPECT_THAT(RawMmap(nullptr, 0, PROT_READ, MAP_PRIVATE, 777, 0),
              FailsWith(EBADF));
}

TEST(MmapTest, HintIsRoundedAndTakenWhereFree) {
  Map map = Map::Private(4 * kPage);
  char* hint = map.data() + kPage;
  ASSERT_THAT(munmap(map.data(), 4 * kPage), Succeeds());
  void* at = mmap(hint + 100, kPage, PROT_READ, kAnonymous, -1, 0);
  EXPECT_EQ(at, hint);
  munmap(at, kPage);
  map.Release();
}

TEST(MmapTest, TakenHintGoesElsewhere) {
  Map map = Map::Private(kPage);
  Map other(mmap(map.data(), kPage, PROT_READ, kAnonymous, -1, 0), kPage);
  ASSERT_TRUE(other.valid());
  EXPECT_NE(other.data(), map.data());
}

TEST(MmapTest, FixedReplacesWhatIsThere) {
  Map map = Map::Private(3 * kPage);
  memset(map.data(), 'x', map.size());
  EXPECT_THAT(mmap(map.data() + kPage, kPage, kReadWrite,
                   kAnonymous | MAP_FIXED, -1, 0),
              SucceedsWith(static_cast<void*>(map.data() + kPage)));
  EXPECT_EQ(map[kPage - 1], 'x');
  EXPECT_EQ(map[kPage], 0);
  EXPECT_EQ(map[2 * kPage - 1], 0);
  EXPECT_EQ(map[2 * kPage], 'x');
}

TEST(MmapTest, FixedRejectsUnalignedAddress) {
  Map map = Map::Private(2 * kPage);
  EXPECT_THAT(
      mmap(map.data() + 1, kPage, PROT_READ, kAnonymous | MAP_FIXED, -1, 0),
      FailsWith(EINVAL));
}

TEST(MmapTest, FixedRejectsKernelAddresses) {
  EXPECT_THAT(RawMmap(reinterpret_cast<void*>(0xffff800000000000), kPage,
                      PROT_READ, kAnonymous | MAP_FIXED, -1, 0),
              FailsWith(ENOMEM));
}

TEST(MmapTest, LowestAddressesAreRefused) {
  EXPECT_THAT(RawMmap(nullptr, kPage, PROT_READ, kAnonymous | MAP_FIXED, -1, 0),
              FailsWith(EPERM));
}

TEST(MmapTest, FixedNoreplaceRefusesTakenAddress) {
  Map map = Map::Private(2 * kPage);
  EXPECT_THAT(mmap(map.data() + kPage, kPage, PROT_READ,
                   kAnonymous | MAP_FIXED_NOREPLACE, -1, 0),
              FailsWith(EEXIST));
  ASSERT_THAT(munmap(map.data() + kPage, kPage), Succeeds());
  EXPECT_THAT(mmap(map.data() + kPage, kPage, PROT_READ,
                   kAnonymous | MAP_FIXED_NOREPLACE, -1, 0),
              SucceedsWith(static_cast<void*>(map.data() + kPage)));
}

TEST(MmapTest, ProtectionHolds) {
  Map none = Map::Private(kPage, PROT_NONE);
  EXPECT_THAT(ReadInChild(none.data()), KilledBy(SIGSEGV));
  Map readable = Map::Private(kPage, PROT_READ);
  EXPECT_THAT(ReadInChild(readable.data()), Exited(0));
  EXPECT_THAT(WriteInChild(readable.data()), KilledBy(SIGSEGV));
}

TEST(MmapTest, ExecutionNeedsPermission) {
  Map map = Map::Private(kPage);
  map[0] = static_cast<char>(0xc3);  // ret
  auto call = [&] { reinterpret_cast<void (*)()>(map.data())(); };
  EXPECT_THAT(RunInChild(call), KilledBy(SIGSEGV));
  ASSERT_THAT(mprotect(map.data(), kPage, PROT_READ | PROT_EXEC), Succeeds());
  EXPECT_THAT(RunInChild(call), Exited(0));
}

TEST(MmapTest, AddressSpaceLimitSaysNoMemory) {
  EXPECT_THAT(RunInChild([] {
                const rlimit limit = {64 << 20, 64 << 20};
                CHILD_CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
                CHILD_CHECK(mmap(nullptr, 128 << 20, PROT_NONE, kAnonymous, -1,
                                 0) == MAP_FAILED &&
                            errno == ENOMEM);
              }),
              Exited(0));
}

TEST(MunmapTest, MemoryIsGone) {
  Map map = Map::Private(3 * kPage);
  ASSERT_THAT(munmap(map.data() + kPage, kPage), Succeeds());
  EXPECT_THAT(ReadInChild(map.data() + kPage), KilledBy(SIGSEGV));
  EXPECT_THAT(ReadInChild(map.data() + 2 * kPage), Exited(0));
  EXPECT_THAT(write(STDERR_FILENO, map.data() + kPage, 1), FailsWith(EFAULT));
}

TEST(MunmapTest, UnmappedRangeSucceeds) {
  Map map = Map::Private(kPage);
  ASSERT_THAT(munmap(map.data(), kPage), Succeeds());
  EXPECT_THAT(munmap(map.data(), kPage), Succeeds());
  map.Release();
}

TEST(MunmapTest, RejectsBadRanges) {
  Map map = Map::Private(kPage);
  EXPECT_THAT(munmap(map.data() + 1, kPage), FailsWith(EINVAL));
  EXPECT_THAT(munmap(map.data(), 0), FailsWith(EINVAL));
  EXPECT_THAT(munmap(map.data(), SIZE_MAX), FailsWith(EINVAL));
}

TEST(MunmapTest, LengthIsRoundedUp) {
  Map map = Map::Private(2 * kPage);
  ASSERT_THAT(munmap(map.data(), 1), Succeeds());
  EXPECT_THAT(ReadInChild(map.data() + kPage - 1), KilledBy(SIGSEGV));
  EXPECT_THAT(ReadInChild(map.data() + kPage), Exited(0));
}

TEST_F(MmapFileTest, SharedWritesReachTheFile) {
  const Fd fd = OpenWith("file", "hello");
  Map map = Map::Of(fd, kPage);
  memcpy(map.data(), "HE", 2);
  EXPECT_EQ(ReadFile("file"), "HEllo");
}

TEST_F(MmapFileTest, SharedMappingSeesLaterWrites) {
  const Fd fd = OpenWith("file", "hello");
  Map map = Map::Of(fd, kPage);
  ASSERT_EQ(map[0], 'h');
  ASSERT_THAT(pwrite(fd, "J", 1, 0), SucceedsWith(1));
  EXPECT_EQ(map[0], 'J');
}

TEST_F(MmapFileTest, TwoSharedMappingsAreOne) {
  const Fd fd = OpenWith("file", "hello");
  Map a = Map::Of(fd, kPage);
  const Fd again(open("file", O_RDWR));
  Map b = Map::Of(again, kPage);
  a[1] = 'E';
  EXPECT_EQ(b[1], 'E');
}

TEST_F(MmapFileTest, PrivateWritesStayPrivate) {
  const Fd fd = OpenWith("file", "hello");
  Map map = Map::Of(fd, kPage, MAP_PRIVATE);
  map[0] = 'J';
  EXPECT_EQ(ReadFile("file"), "hello");
  EXPECT_EQ(map[1], 'e');
}

TEST_F(MmapFileTest, UntouchedPrivatePageSeesLaterWrites) {
  const Fd fd = OpenWith("file", "hello");
  Map map = Map::Of(fd, kPage, MAP_PRIVATE);
  ASSERT_EQ(map[0], 'h');
  ASSERT_THAT(pwrite(fd, "J", 1, 0), SucceedsWith(1));
  EXPECT_EQ(map[0], 'J');
}

TEST_F(MmapFileTest, RestOfLastPageIsZeroAndNotWritten) {
  const Fd fd = OpenWith("file", "hello");
  Map map = Map::Of(fd, kPage);
  EXPECT_EQ(map[5], 0);
  EXPECT_EQ(map[kPage - 1], 0);
  map[5] = '!';
  EXPECT_EQ(ReadFile("file"), "hello");
}

TEST_F(MmapFileTest, PagesBeyondEndAreSigbus) {
  const Fd fd = OpenWith("file", "hello");
  Map map = Map::Of(fd, 2 * kPage);
  EXPECT_THAT(ReadInChild(map.data() + kPage), KilledBy(SIGBUS));
  EXPECT_THAT(write(fd, map.data() + kPage, 1), FailsWith(EFAULT));
}

TEST_F(MmapFileTest, GrownFileFillsTheMapping) {
  const Fd fd = OpenWith("file", "hello");
  Map map = Map::Of(fd, 2 * kPage);
  ASSERT_THAT(ftruncate(fd, 2 * kPage), Succeeds());
  map[kPage] = 'x';
  char c = 0;
  EXPECT_THAT(pread(fd, &c, 1, kPage), SucceedsWith(1));
  EXPECT_EQ(c, 'x');
}

TEST_F(MmapFileTest, TruncationTakesPagesAway) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(ftruncate(fd, 2 * kPage), Succeeds());
  Map shared = Map::Of(fd, 2 * kPage);
  Map copy = Map::Of(fd, 2 * kPage, MAP_PRIVATE);
  shared[kPage] = 'x';
  copy[kPage] = 'y';
  shared[10] = 'z';
  ASSERT_THAT(ftruncate(fd, 5), Succeeds());
  EXPECT_THAT(ReadInChild(shared.data() + kPage), KilledBy(SIGBUS));
  EXPECT_THAT(ReadInChild(copy.data() + kPage), KilledBy(SIGBUS));
  EXPECT_EQ(shared[10], 0);  // The rest of the page is cleared.
}

TEST_F(MmapFileTest, OffsetChoosesThePage) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(pwrite(fd, "x", 1, kPage), SucceedsWith(1));
  Map map = Map::Of(fd, kPage, MAP_SHARED, PROT_READ, kPage);
  EXPECT_EQ(map[0], 'x');
}

TEST_F(MmapFileTest, MappingOutlivesDescriptorAndName) {
  Fd fd = OpenWith("file", "hello");
  Map map = Map::Of(fd, kPage);
  fd.Reset();
  ASSERT_THAT(unlink("file"), Succeeds());
  EXPECT_EQ(map[4], 'o');
}

TEST_F(MmapFileTest, AccessModeDecides) {
  ASSERT_TRUE(WriteFile("file", "hello"));
  const Fd reader(open("file", O_RDONLY));
  EXPECT_THAT(mmap(nullptr, kPage, kReadWrite, MAP_SHARED, reader, 0),
              FailsWith(EACCES));
  EXPECT_TRUE(Map::Of(reader, kPage, MAP_PRIVATE).valid());
  const Fd writer(open("file", O_WRONLY));
  EXPECT_THAT(mmap(nullptr, kPage, PROT_WRITE, MAP_SHARED, writer, 0),
              FailsWith(EACCES));
}

TEST_F(MmapFileTest, ReadOnlyMappingCannotBecomeWritable) {
  ASSERT_TRUE(WriteFile("file", "hello"));
  const Fd reader(open("file", O_RDONLY));
  Map map = Map::Of(reader, kPage, MAP_SHARED, PROT_READ);
  EXPECT_THAT(mprotect(map.data(), kPage, kReadWrite), FailsWith(EACCES));
}

TEST_F(MmapFileTest, SomeDescriptorsCannotBeMapped) {
  Pipe pipe;
  EXPECT_THAT(mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, pipe.read, 0),
              FailsWith(ENODEV));
  const Fd dir(open(".", O_RDONLY));
  EXPECT_THAT(mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, dir, 0),
              FailsWith(ENODEV));
  const Fd path_only(open(".", O_PATH));
  EXPECT_THAT(mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, path_only, 0),
              FailsWith(EBADF));
}

TEST_F(MmapFileTest, SharedValidateRejectsUnknownFlags) {
  const Fd fd = OpenWith("file", "hello");
  EXPECT_THAT(
      mmap(nullptr, kPage, PROT_READ, MAP_SHARED_VALIDATE | (1 << 23), fd, 0),
      FailsWith(EOPNOTSUPP));
  EXPECT_TRUE(Map::Of(fd, kPage, MAP_SHARED_VALIDATE).valid());
}

TEST_F(MmapFileTest, SharedWritesAreSeenByChildAndParent) {
  const Fd fd = OpenWith("file", "hello");
  Map map = Map::Of(fd, kPage);
  ASSERT_THAT(RunInChild([&] { map[0] = 'J'; }), Exited(0));
  EXPECT_EQ(map[0], 'J');
  EXPECT_EQ(ReadFile("file"), "Jello");
}

}  // namespace
}  // namespace emu
