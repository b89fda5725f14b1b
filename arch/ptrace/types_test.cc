// SPDX-License-Identifier: Apache-2.0
#include "arch/ptrace/types.h"

#include <signal.h>
#include <sys/ptrace.h>

#include <type_traits>

#include "absl/container/flat_hash_set.h"
#include "gtest/gtest.h"

namespace emu::ptrace {
namespace {

// Enumerators are the C library's of the same name.
#define OPTION(name) \
  static_assert(static_cast<int>(Options::name) == PTRACE_O_##name)
OPTION(TRACESYSGOOD);
OPTION(TRACEFORK);
OPTION(TRACEVFORK);
OPTION(TRACECLONE);
OPTION(TRACEEXEC);
OPTION(TRACEVFORKDONE);
OPTION(TRACEEXIT);
OPTION(TRACESECCOMP);
OPTION(EXITKILL);
#undef OPTION

#define EVENT(name) \
  static_assert(static_cast<int>(Event::name) == PTRACE_EVENT_##name)
EVENT(FORK);
EVENT(VFORK);
EVENT(CLONE);
EVENT(EXEC);
EVENT(VFORK_DONE);
EVENT(EXIT);
EVENT(SECCOMP);
EVENT(STOP);
#undef EVENT

// A number is no id, no option and no offset until someone says so.
static_assert(!std::is_convertible_v<int, Tid>);
static_assert(!std::is_convertible_v<int, Signal>);
static_assert(!std::is_convertible_v<int, Options>);
static_assert(!std::is_convertible_v<int, UserOffset>);
static_assert(!std::is_convertible_v<Tid, int>);
static_assert(!std::is_convertible_v<Options, int>);

TEST(OptionsTest, ComposeAsASet) {
  constexpr Options both = Options::TRACESYSGOOD | Options::EXITKILL;
  static_assert(Has(both, Options::EXITKILL));
  static_assert(Has(both, both));
  static_assert(!Has(both, Options::EXITKILL | Options::TRACEFORK));
  static_assert((both & ~Options::EXITKILL) == Options::TRACESYSGOOD);
  static_assert((both ^ Options::EXITKILL) == Options::TRACESYSGOOD);

  Options options = Options::NONE;
  options |= both;
  EXPECT_EQ(options, both);
  options &= Options::EXITKILL;
  EXPECT_EQ(options, Options::EXITKILL);
  options ^= Options::EXITKILL;
  EXPECT_EQ(options, Options::NONE);
}

TEST(SignalMaskTest, HoldsSignalsFromTheFirstToTheLast) {
  SignalMask mask;
  mask.Add(Signal{1});
  mask.Add(Signal{64});
  EXPECT_EQ(mask.bits, 0x8000000000000001);
  EXPECT_TRUE(mask.Contains(Signal{64}));
  EXPECT_FALSE(mask.Contains(Signal{63}));
  mask.Remove(Signal{64});
  EXPECT_EQ(mask.bits, 1u);
}

TEST(TidTest, HashesAsItCompares) {
  const absl::flat_hash_set<Tid> tids = {Tid{1}, Tid{2}, Tid{1}};
  EXPECT_EQ(tids.size(), 2u);
  EXPECT_TRUE(tids.contains(Tid{2}));
  EXPECT_FALSE(tids.contains(Tid{3}));
}

}  // namespace
}  // namespace emu::ptrace
