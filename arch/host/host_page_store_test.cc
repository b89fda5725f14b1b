// SPDX-License-Identifier: Apache-2.0
#include "arch/host/host_page_store.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "gtest/gtest.h"

namespace emu {
namespace {

constexpr uint64_t kPage = kPageSize;

uint64_t BytesInUse(const HostPageStore& store) {
  struct stat info;
  EXPECT_EQ(fstat(store.fd(), &info), 0);
  return static_cast<uint64_t>(info.st_blocks) * 512;
}

TEST(HostPageStoreTest, ReservationsAreZeroAndTakeNoMemory) {
  auto store = *HostPageStore::Create();
  uint64_t a = *store->Reserve(uint64_t{1} << 40);
  uint64_t b = *store->Reserve(kPage);
  EXPECT_EQ(b, a + (uint64_t{1} << 40));
  EXPECT_EQ(BytesInUse(*store), 0u);
  EXPECT_EQ(*store->At(b), 0);
}

TEST(HostPageStoreTest, IsUsedUpInTheEnd) {
  auto store = *HostPageStore::Create(uint64_t{1} << 26);
  EXPECT_TRUE(store->Reserve((uint64_t{1} << 26) - kPage).ok());
  EXPECT_TRUE(store->Reserve(kPage).ok());
  EXPECT_EQ(store->Reserve(kPage).error(), Errno(ENOSPC));
}

TEST(HostPageStoreTest, WrittenBytesAreThoseOfTheFile) {
  auto store = *HostPageStore::Create();
  uint64_t at = *store->Reserve(2 * kPage);
  std::memcpy(store->At(at + kPage), "hello", 5);
  char bytes[5];
  ASSERT_EQ(pread(store->fd(), bytes, 5, static_cast<off_t>(at + kPage)), 5);
  EXPECT_EQ(std::memcmp(bytes, "hello", 5), 0);
}

TEST(HostPageStoreTest, FreedPagesAreZeroAndGivenBack) {
  auto store = *HostPageStore::Create();
  uint64_t at = *store->Reserve(8 * kPage);
  std::memset(store->At(at), 'x', 8 * kPage);
  EXPECT_EQ(BytesInUse(*store), 8 * kPage);
  // Whole pages only.
  store->Free(at + kPage + 1, 4 * kPage);
  EXPECT_EQ(BytesInUse(*store), 5 * kPage);
  EXPECT_EQ(*store->At(at + 2 * kPage - 1), 'x');
  EXPECT_EQ(*store->At(at + 2 * kPage), 0);
  EXPECT_EQ(*store->At(at + 5 * kPage - 1), 0);
  EXPECT_EQ(*store->At(at + 5 * kPage), 'x');
  store->Free(at, 1);
  EXPECT_EQ(*store->At(at), 'x');
}

TEST(HostPageStoreTest, DataAndHolesAreFound) {
  auto store = *HostPageStore::Create();
  uint64_t at = *store->Reserve(100 * kPage);
  uint64_t end = at + 100 * kPage;
  EXPECT_EQ(store->NextData(at, end), end);
  EXPECT_EQ(store->NextHole(at, end), at);
  *store->At(at + 10 * kPage + 5) = 1;
  *store->At(at + 11 * kPage) = 1;
  *store->At(at + 50 * kPage) = 1;
  EXPECT_EQ(store->NextData(at, end), at + 10 * kPage);
  EXPECT_EQ(store->NextHole(at + 10 * kPage, end), at + 12 * kPage);
  EXPECT_EQ(store->NextData(at + 12 * kPage, end), at + 50 * kPage);
  EXPECT_EQ(store->NextData(at + 12 * kPage, at + 20 * kPage), at + 20 * kPage);
  EXPECT_EQ(store->NextData(at + 51 * kPage, end), end);
  EXPECT_EQ(store->NextData(end, end), end);
}

// Copied often; where the host cannot gather, it says so each time.
bool GatherAtLast(HostPageStore& store, uint64_t offset, uint64_t length) {
  bool gathered = false;
  for (int i = 0; i < 10; ++i) gathered = store.Gather(offset, length);
  return gathered;
}

TEST(HostPageStoreTest, GatheringLeavesBytesAndHolesAsTheyAre) {
  constexpr uint64_t kMegabyte = 1 << 20;
  auto store = *HostPageStore::Create();
  ASSERT_TRUE(store->Reserve(kPage).ok());
  uint64_t full = *store->Reserve(kMegabyte);
  uint64_t sparse = *store->Reserve(2 * kMegabyte);
  uint64_t small = *store->Reserve(kPage);
  for (uint64_t i = 0; i < kMegabyte; ++i) {
    *store->At(full + i) = static_cast<char>(i * 7 / 3);
  }
  std::memset(store->At(sparse), 'x', kMegabyte);
  EXPECT_FALSE(store->Gather(full, kMegabyte));
  (void)GatherAtLast(*store, full, kMegabyte);
  for (uint64_t i = 0; i < kMegabyte; ++i) {
    ASSERT_EQ(*store->At(full + i), static_cast<char>(i * 7 / 3));
  }
  EXPECT_FALSE(GatherAtLast(*store, sparse, 2 * kMegabyte));
  EXPECT_EQ(store->NextHole(sparse, sparse + 2 * kMegabyte),
            sparse + kMegabyte);
  EXPECT_EQ(store->NextData(small, small + kPage), small + kPage);

  store->Free(full, kMegabyte / 2);
  EXPECT_EQ(*store->At(full), 0);
  EXPECT_NE(*store->At(full + kMegabyte / 2 + 3), 0);
  EXPECT_FALSE(store->Gather(full, kMegabyte));
}

TEST(HostPageStoreTest, IsSmallerWhereTheHostWantsIt) {
  pid_t pid = fork();
  if (pid == 0) {
    rlimit limit = {uint64_t{1} << 33, uint64_t{1} << 33};
    setrlimit(RLIMIT_AS, &limit);
    signal(SIGXFSZ, SIG_IGN);
    auto store = HostPageStore::Create();
    _exit(store.ok() && (*store)->size() >= uint64_t{1} << 31 ? 0 : 1);
  }
  int status;
  waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(HostPageStoreTest, FileSizeLimitsAreBorne) {
  pid_t pid = fork();
  if (pid == 0) {
    rlimit limit = {uint64_t{1} << 30, uint64_t{1} << 30};
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
    auto store = HostPageStore::Create();
    _exit(store.ok() && (*store)->size() == uint64_t{1} << 30 ? 0 : 1);
  }
  int status;
  waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace emu
