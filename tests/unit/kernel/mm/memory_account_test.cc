// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/memory_account.h"

#include <gtest/gtest.h>

#include "tests/util/fake_machine.h"

namespace emu {
namespace {

constexpr uint64_t kLimit = 1600;

// Memory of which the host holds as much as the test says.
class MeasuredSpace : public FakeAddressSpace {
 public:
  using FakeAddressSpace::FakeAddressSpace;
  uint64_t ResidentBytes() override {
    ++asked;
    return resident;
  }
  uint64_t resident = 0;
  int asked = 0;
};

class MemoryAccountTest : public testing::Test {
 protected:
  MemoryAccountTest() { account_.AddSpace(space_); }
  ~MemoryAccountTest() override { account_.RemoveSpace(space_); }

  HeapPageStore pages_;
  FakeMachine machine_{pages_};
  MeasuredSpace space_{machine_};
  FileMemory files_;
  MemoryAccount account_{kLimit, files_};
};

TEST_F(MemoryAccountTest, WhatFitsIsPromisedWithoutAsking) {
  EXPECT_TRUE(account_.HasRoomFor(kLimit));
  account_.Add(1000);
  EXPECT_TRUE(account_.HasRoomFor(600));
  EXPECT_EQ(space_.asked, 0);
}

TEST_F(MemoryAccountTest, MoreIsPromisedWhereLittleIsUsed) {
  account_.Add(kLimit);
  space_.resident = 100;
  EXPECT_TRUE(account_.HasRoomFor(1500));
  EXPECT_FALSE(account_.HasRoomFor(1501));
  EXPECT_FALSE(account_.HasRoomFor(kLimit + 1));
  EXPECT_FALSE(account_.HasRoomFor(~uint64_t{0}));
}

TEST_F(MemoryAccountTest, OneMeasurementServesForSomeRequests) {
  account_.Add(kLimit);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(account_.HasRoomFor(10));
    account_.Add(10);
  }
  EXPECT_EQ(space_.asked, 1);
  EXPECT_TRUE(account_.HasRoomFor(10));
  EXPECT_EQ(space_.asked, 2);
}

TEST_F(MemoryAccountTest, FilesTakePartOfItAndLeaveSomeToPrograms) {
  EXPECT_EQ(files_.limit(), 1400u);
  EXPECT_TRUE(files_.Take(1400));
  EXPECT_FALSE(files_.Take(1));
  EXPECT_EQ(files_.left(), 0u);
  EXPECT_TRUE(account_.HasRoomFor(200));
  space_.resident = 50;
  EXPECT_TRUE(account_.HasRoomFor(150));
  account_.Add(150);
  EXPECT_FALSE(account_.HasRoomFor(160));
  files_.GiveBack(1000);
  EXPECT_EQ(files_.left(), 1000u);
  EXPECT_TRUE(account_.HasRoomFor(900));
}

TEST_F(MemoryAccountTest, FilesMayNotHaveWhatProgramsUse) {
  account_.Add(kLimit);
  space_.resident = 1000;
  EXPECT_TRUE(files_.Take(400));
  EXPECT_FALSE(files_.Take(400));
  EXPECT_EQ(files_.used(), 400u);
}

TEST_F(MemoryAccountTest, WhatMappingsTookCountsWithoutAsking) {
  files_.Add(kLimit * 2);
  EXPECT_EQ(files_.left(), 0u);
  EXPECT_FALSE(files_.Take(1));
  EXPECT_FALSE(account_.HasRoomFor(1));
  files_.GiveBack(kLimit * 2);
  EXPECT_TRUE(files_.Take(1));
}

}  // namespace
}  // namespace emu
