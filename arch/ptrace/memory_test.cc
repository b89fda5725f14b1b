// SPDX-License-Identifier: Apache-2.0
//
// The tracee's memory, a word at a time. A forked child has the test's own
// addresses.
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/status/statusor.h"
#include "arch/base/host_status.h"
#include "arch/ptrace/ptrace.h"
#include "arch/ptrace/test_tracee.h"
#include "arch/ptrace/types.h"
#include "arch/ptrace/wait.h"
#include "gtest/gtest.h"

namespace emu::ptrace {
namespace {

template <typename T>
uintptr_t Addr(const T& object) {
  return reinterpret_cast<uintptr_t>(&object);
}

TEST(ReadTest, ReadsAWord) {
  static const volatile Word word = 0x0123456789abcdef;
  Tracee tracee = Tracee::Seize([] { return 0; });
  const absl::StatusOr<Word> read_back = read(tracee.tid(), Addr(word));
  ASSERT_TRUE(read_back.ok()) << read_back.status();
  EXPECT_EQ(*read_back, word);
}

TEST(ReadTest, MinusOneIsAWordLikeAnyOther) {
  static const volatile Word word = ~Word{0};
  Tracee tracee = Tracee::Seize([] { return 0; });
  errno = ESRCH;  // what an earlier call left must not matter
  const absl::StatusOr<Word> read_back = read(tracee.tid(), Addr(word));
  ASSERT_TRUE(read_back.ok()) << read_back.status();
  EXPECT_EQ(*read_back, ~Word{0});
}

TEST(ReadTest, NeedsNoAlignment) {
  static const unsigned char bytes[2 * sizeof(Word)] = {1, 2, 3, 4,  5, 6,
                                                        7, 8, 9, 10, 11};
  Word expected;
  memcpy(&expected, bytes + 3, sizeof expected);
  Tracee tracee = Tracee::Seize([] { return 0; });
  EXPECT_EQ(*read(tracee.tid(), Addr(bytes[3])), expected);
}

TEST(ReadTest, FailsWhereNothingIsMapped) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  EXPECT_EQ(ErrnoOf(read(tracee.tid(), 0).status()), EIO);
}

TEST(WriteTest, ChangesTheTraceesMemoryAndNotOurs) {
  static volatile Word word = 1;
  Tracee tracee = Tracee::Seize([] { return static_cast<int>(word); });
  ASSERT_TRUE(write(tracee.tid(), Addr(word), 77).ok());
  EXPECT_EQ(*read(tracee.tid(), Addr(word)), 77u);
  EXPECT_EQ(word, 1u);
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{77}));
}

TEST(WriteTest, WritesMinusOne) {
  static volatile Word word = 1;
  Tracee tracee = Tracee::Seize([] { return word == ~Word{0} ? 6 : 1; });
  ASSERT_TRUE(write(tracee.tid(), Addr(word), ~Word{0}).ok());
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{6}));
}

TEST(WriteTest, IgnoresTheProtectionOfAPrivatePage) {
  const size_t size = static_cast<size_t>(getpagesize());
  void* page =
      mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  const auto* word = static_cast<const volatile Word*>(page);
  Tracee tracee = Tracee::Seize([word] { return static_cast<int>(*word); });
  ASSERT_TRUE(write(tracee.tid(), reinterpret_cast<uintptr_t>(page), 55).ok());
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{55}));
  munmap(page, size);
}

TEST(WriteTest, FailsWhereNothingIsMapped) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  EXPECT_EQ(ErrnoOf(write(tracee.tid(), 0, 1)), EIO);
}

}  // namespace
}  // namespace emu::ptrace
