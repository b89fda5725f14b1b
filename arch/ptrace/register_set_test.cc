// SPDX-License-Identifier: Apache-2.0
#include "arch/ptrace/register_set.h"

#include <elf.h>
#include <errno.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "arch/base/host_status.h"
#include "arch/ptrace/isa/registers.h"
#include "arch/ptrace/ptrace.h"
#include "arch/ptrace/test_tracee.h"
#include "arch/ptrace/types.h"
#include "arch/ptrace/wait.h"
#include "gtest/gtest.h"

namespace emu::ptrace {
namespace {

#define NOTE(name) \
  static_assert(static_cast<int>(RegisterSetValue::name) == NT_##name)
NOTE(PRSTATUS);
NOTE(PRFPREG);
NOTE(PRPSINFO);
NOTE(TASKSTRUCT);
NOTE(AUXV);
NOTE(X86_XSTATE);
NOTE(ARM_TLS);
NOTE(ARM_SYSTEM_CALL);
NOTE(ARM_SVE);
#undef NOTE

// A set and another set's struct do not compile together.
template <typename S, typename Regs>
concept CanRead = requires(Regs* regs) {
  getregset<S>(Tid{}, regs);
};
template <typename S, typename Regs>
concept CanWrite = requires(Regs regs) {
  setregset<S>(Tid{}, regs);
};

using General = GeneralRegisters::Regs;
using FloatingPoint = FloatingPointRegisters::Regs;

static_assert(CanRead<GeneralRegisters, General>);
static_assert(CanWrite<GeneralRegisters, General>);
static_assert(CanRead<FloatingPointRegisters, FloatingPoint>);
static_assert(CanWrite<FloatingPointRegisters, FloatingPoint>);
static_assert(!CanRead<GeneralRegisters, FloatingPoint>);
static_assert(!CanWrite<GeneralRegisters, FloatingPoint>);
static_assert(!CanRead<FloatingPointRegisters, General>);
static_assert(!CanWrite<FloatingPointRegisters, General>);
static_assert(!CanRead<GeneralRegisters, const General>);

// Neither does a set of one's own that pairs a note with another struct, nor
// a note that this ISA has no struct for.
struct Mismatch {
  static constexpr RegisterSetValue kValue = RegisterSetValue::PRSTATUS;
  using Regs = FloatingPoint;
};
static_assert(!IsRegisterSet<Mismatch>);
static_assert(!CanRead<Mismatch, FloatingPoint>);
static_assert(!IsRegisterSet<RegisterSet<RegisterSetValue::PRPSINFO>>);

constexpr std::byte kUntouched{0xa5};

// Whether all of `bytes` are as they were.
bool Untouched(absl::Span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](std::byte b) { return b == kUntouched; });
}

TEST(GetregsetTest, FillsTheWholeStruct) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  General regs;
  const absl::StatusOr<size_t> size =
      getregset<GeneralRegisters>(tracee.tid(), &regs);
  ASSERT_TRUE(size.ok()) << size.status();
  EXPECT_EQ(*size, sizeof regs);
  General same;
  ASSERT_TRUE(getregs(tracee.tid(), &same).ok());
  EXPECT_EQ(memcmp(&regs, &same, sizeof regs), 0);
}

TEST(GetregsetTest, FillsNoMoreThanThereIsRoomFor) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  General regs;
  ASSERT_TRUE(getregs(tracee.tid(), &regs).ok());
  std::vector<std::byte> bytes(3 * sizeof(Word), kUntouched);
  const absl::StatusOr<size_t> size =
      getregset(tracee.tid(), RegisterSetValue::PRSTATUS,
                absl::MakeSpan(bytes).first(2 * sizeof(Word)));
  ASSERT_TRUE(size.ok()) << size.status();
  EXPECT_EQ(*size, 2 * sizeof(Word));
  EXPECT_EQ(memcmp(bytes.data(), &regs, *size), 0);
  EXPECT_TRUE(Untouched(absl::MakeConstSpan(bytes).subspan(*size)));
}

TEST(GetregsetTest, SaysHowFewBytesTheKernelHas) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  std::vector<std::byte> bytes(sizeof(General) + 64, kUntouched);
  const absl::StatusOr<size_t> size = getregset(
      tracee.tid(), RegisterSetValue::PRSTATUS, absl::MakeSpan(bytes));
  ASSERT_TRUE(size.ok()) << size.status();
  EXPECT_EQ(*size, sizeof(General));
  EXPECT_TRUE(Untouched(absl::MakeConstSpan(bytes).subspan(*size)));
}

TEST(GetregsetTest, RefusesHalfARegister) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  std::byte bytes[sizeof(Word) + 1];
  EXPECT_EQ(ErrnoOf(getregset(tracee.tid(), RegisterSetValue::PRSTATUS,
                              absl::MakeSpan(bytes))
                        .status()),
            EINVAL);
}

TEST(GetregsetTest, RefusesANoteThatTheKernelLacks) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  std::byte bytes[64];
  EXPECT_EQ(ErrnoOf(getregset(tracee.tid(), RegisterSetValue{0x7fff},
                              absl::MakeSpan(bytes))
                        .status()),
            EINVAL);
}

TEST(SetregsetTest, WritesWhatGetregsetReads) {
  Tracee tracee = Tracee::Seize([] { return 11; });
  FloatingPoint regs, read_back;
  ASSERT_TRUE(getregset<FloatingPointRegisters>(tracee.tid(), &regs).ok());
  const absl::StatusOr<size_t> size =
      setregset<FloatingPointRegisters>(tracee.tid(), regs);
  ASSERT_TRUE(size.ok()) << size.status();
  EXPECT_EQ(*size, sizeof regs);
  ASSERT_TRUE(getregset<FloatingPointRegisters>(tracee.tid(), &read_back).ok());
  EXPECT_EQ(memcmp(&regs, &read_back, sizeof regs), 0);
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{11}));
}

TEST(SetregsetTest, WritesTheFirstBytesAlone) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  General before, after;
  ASSERT_TRUE(getregs(tracee.tid(), &before).ok());
  General changed = before;
  auto* words = reinterpret_cast<Word*>(&changed);
  words[0] = 0x1234;
  words[1] ^= 0xff0;
  const absl::StatusOr<size_t> size =
      setregset<GeneralRegisters>(tracee.tid(), changed, sizeof(Word));
  ASSERT_TRUE(size.ok()) << size.status();
  EXPECT_EQ(*size, sizeof(Word));
  ASSERT_TRUE(getregs(tracee.tid(), &after).ok());
  words[1] ^= 0xff0;
  EXPECT_EQ(memcmp(&after, &changed, sizeof after), 0);
}

TEST(SetregsetTest, RefusesANoteThatTheKernelLacks) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  const std::byte bytes[64] = {};
  EXPECT_EQ(ErrnoOf(setregset(tracee.tid(), RegisterSetValue{0x7fff},
                              absl::MakeConstSpan(bytes))
                        .status()),
            EINVAL);
}

}  // namespace
}  // namespace emu::ptrace
