// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/input_codec.h"

#include <gtest/gtest.h>

#include <string>

namespace emu {
namespace {

Preemption SomePreemption() {
  Preemption preemption;
  preemption.cause = Preemption::Cause::kUndecided;
  preemption.time = -5;
  preemption.point = {.ip = 0x401000, .registers = 7, .stack = 8,
                      .memory = {}, .hints = {}};
  preemption.point.memory.runs = {{0x3000, 2}, {0x7fff'ffff'f000, 1}};
  preemption.point.memory.digests = {1, 0xffff, 3};
  preemption.point.memory.all = 9;
  preemption.point.hints = {"code", "registers", {{0x3000, ~uint64_t{0}}, {0x3008, 0}}};
  return preemption;
}

TEST(PreemptionTest, ComesBackAsItWas) {
  const Preemption preemption = SomePreemption();
  std::string bytes;
  AppendPreemption(bytes, preemption);
  absl::string_view rest = bytes;
  Preemption read;
  ASSERT_TRUE(TakePreemption(rest, &read));
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(read.cause, preemption.cause);
  EXPECT_EQ(read.time, preemption.time);
  EXPECT_EQ(read.point, preemption.point);
}

TEST(PreemptionTest, IsRefusedWhereItEndsEarly) {
  std::string bytes;
  AppendPreemption(bytes, SomePreemption());
  for (size_t size = 0; size < bytes.size(); ++size) {
    absl::string_view rest = absl::string_view(bytes).substr(0, size);
    Preemption read;
    EXPECT_FALSE(TakePreemption(rest, &read)) << size;
  }
}

TEST(PreemptionTest, IsRefusedWithPagesThatCannotBe) {
  Preemption many = SomePreemption();
  many.point.memory.runs = {{0, PageDigests::kMost}, {0x7fff'0000'0000, 1}};
  many.point.memory.digests.resize(PageDigests::kMost + 1);
  Preemption none = SomePreemption();
  none.point.memory.runs = {{0x1000, 0}};
  none.point.memory.digests.clear();
  Preemption beyond = SomePreemption();
  beyond.point.memory.runs = {{~uint64_t{0} - 0xfff, 2}};
  for (const Preemption& preemption : {many, none, beyond}) {
    std::string bytes;
    AppendPreemption(bytes, preemption);
    absl::string_view rest = bytes;
    Preemption read;
    EXPECT_FALSE(TakePreemption(rest, &read));
  }
}

}  // namespace
}  // namespace emu
