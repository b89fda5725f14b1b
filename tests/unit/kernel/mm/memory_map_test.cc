// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/memory_map.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernel/mm/shared_memory.h"
#include "tests/util/fake_machine.h"

namespace emu {
namespace {

constexpr int kReadWrite = PROT_READ | PROT_WRITE;
constexpr GuestAddr kBase = 0x10000000;

// A file of a host, whose size the test changes.
class FakeFile : public MemoryObject {
 public:
  explicit FakeFile(uint64_t pages) : pages_(pages) {}
  void Resize(uint64_t pages) {
    const uint64_t from = std::min(pages_, pages);
    const uint64_t to = std::max(pages_, pages);
    pages_ = pages;
    Changed(from * kPageSize, (to - from) * kPageSize);
  }
  void GrowSilently(uint64_t pages) { pages_ = pages; }
  // Its pages are elsewhere from now on.
  void Move(int file) {
    file_ = file;
    Changed(0, pages_ * kPageSize);
  }
  std::optional<Piece> Locate(uint64_t offset, uint64_t length) override {
    if (offset >= pages_ * kPageSize) return std::nullopt;
    Piece piece;
    piece.backing.kind = Backing::Kind::kHostFile;
    piece.backing.file.value = file_;
    piece.backing.offset = offset;
    // Two pages at a time, as scattered contents come.
    piece.length = std::min({length, pages_ * kPageSize - offset,
                             2 * kPageSize - offset % (2 * kPageSize)});
    return piece;
  }
  Result<> BeforeMap(bool, bool) override { return {}; }

 private:
  uint64_t pages_;
  int file_ = 0;
};

class MemoryMapTest : public testing::Test {
 protected:
  static Area At(GuestAddr start, uint64_t pages, int prot = kReadWrite) {
    Area area;
    area.start = start;
    area.end = start + pages * kPageSize;
    area.prot = prot;
    return area;
  }
  Area FileAt(GuestAddr start, uint64_t pages, int prot, bool shared) {
    Area area = At(start, pages, prot);
    area.shared = shared;
    area.object = file_;
    return area;
  }
  void Map(Area area) { ASSERT_TRUE(mm_.MapAt(std::move(area)).ok()); }
  bool Present(GuestAddr addr) { return space_->PageAt(addr) != nullptr; }
  std::string Read(GuestAddr addr, size_t n) {
    std::string text(n, '?');
    text.resize(mm_.CopyInPartial(text.data(), addr, n));
    return text;
  }

  HeapPageStore pages_;
  FakeMachine machine_{pages_};
  FileMemory files_;
  MemoryAccount account_{uint64_t{1} << 40, files_};
  std::shared_ptr<FakeAddressSpace> space_ =
      std::make_shared<FakeAddressSpace>(machine_);
  std::shared_ptr<FakeFile> file_ = std::make_shared<FakeFile>(4);
  MemoryMap mm_{account_, space_};
};

TEST_F(MemoryMapTest, NeighboursAlikeAreOne) {
  Map(At(kBase, 1));
  Map(At(kBase + 2 * kPageSize, 1));
  EXPECT_EQ(mm_.areas().size(), 2u);
  Map(At(kBase + kPageSize, 1));
  EXPECT_EQ(mm_.areas().size(), 1u);
  EXPECT_EQ(mm_.mapped_bytes(), 3 * kPageSize);
}

TEST_F(MemoryMapTest, CopiesStopAtHolesAndProtections) {
  Map(At(kBase, 2));
  Map(At(kBase + 2 * kPageSize, 1, PROT_READ));
  std::string text(3 * kPageSize, 'x');
  EXPECT_EQ(mm_.CopyOutPartial(kBase, text.data(), text.size()), 2 * kPageSize);
  EXPECT_EQ(mm_.CopyInPartial(text.data(), kBase, text.size()), text.size());
  EXPECT_EQ(Read(kBase + 3 * kPageSize - 1, 2).size(), 1u);
  EXPECT_FALSE(mm_.CopyIn(text.data(), ~uint64_t{0} - 4, 8).ok());
}

TEST_F(MemoryMapTest, StringsCrossPagesAndEnd) {
  Map(At(kBase, 2));
  const GuestAddr at = kBase + kPageSize - 3;
  ASSERT_TRUE(mm_.CopyOut(at, "hello", 6).ok());
  EXPECT_EQ(*mm_.CopyString(at, 100), "hello");
  EXPECT_EQ(*mm_.CopyString(at, 5), "hello");
  EXPECT_EQ(mm_.CopyString(at, 4).error(), Errno(ENAMETOOLONG));
  const std::string full(kPageSize, 'x');
  ASSERT_TRUE(mm_.CopyOut(kBase + kPageSize, full.data(), kPageSize).ok());
  EXPECT_EQ(mm_.CopyString(kBase + kPageSize, 2 * kPageSize).error(),
            Errno(EFAULT));
}

TEST_F(MemoryMapTest, StackGrowsForCopiesAndFaultsUpToItsLimit) {
  Area stack = At(kBase, 1);
  stack.grows_down = true;
  Map(stack);
  mm_.limits.stack = 8 * kPageSize;
  EXPECT_TRUE(mm_.CopyOut(kBase - 100, "x", 1).ok());
  FaultInfo fault;
  EXPECT_TRUE(mm_.HandleFault(kBase - 5 * kPageSize, true, false, &fault));
  EXPECT_FALSE(mm_.HandleFault(kBase - 8 * kPageSize, true, false, &fault));
  EXPECT_EQ(fault.signo, SIGSEGV);
  EXPECT_EQ(fault.code, SEGV_MAPERR);
  EXPECT_EQ(mm_.areas().size(), 1u);
}

TEST_F(MemoryMapTest, StackKeepsItsGap) {
  Map(At(kBase - 300 * kPageSize, 1));
  Area stack = At(kBase, 1);
  stack.grows_down = true;
  Map(stack);
  FaultInfo fault;
  EXPECT_TRUE(mm_.HandleFault(kBase - 43 * kPageSize, true, false, &fault));
  EXPECT_FALSE(mm_.HandleFault(kBase - 44 * kPageSize, true, false, &fault));
}

TEST_F(MemoryMapTest, PagesBehindTheEndOfAFileAreSigbusUntilItGrows) {
  Map(FileAt(kBase, 6, PROT_READ, true));
  EXPECT_TRUE(Present(kBase + 3 * kPageSize));
  EXPECT_FALSE(Present(kBase + 4 * kPageSize));
  FaultInfo fault;
  EXPECT_FALSE(mm_.HandleFault(kBase + 4 * kPageSize, false, false, &fault));
  EXPECT_EQ(fault.signo, SIGBUS);
  file_->GrowSilently(5);
  EXPECT_TRUE(mm_.HandleFault(kBase + 4 * kPageSize, false, false, &fault));
  EXPECT_EQ(Read(kBase + 4 * kPageSize, 2 * kPageSize).size(), kPageSize);
}

TEST_F(MemoryMapTest, TruncationTakesCopiesAway) {
  Map(FileAt(kBase, 4, kReadWrite, false));
  ASSERT_TRUE(mm_.CopyOut(kBase, "mine", 4).ok());
  file_->Resize(1);
  EXPECT_EQ(Read(kBase, 4), "mine");
  EXPECT_FALSE(Present(kBase + kPageSize));
  file_->Resize(3);
  EXPECT_EQ(Read(kBase, 4), "mine");
  EXPECT_TRUE(Present(kBase + 2 * kPageSize));
  EXPECT_FALSE(Present(kBase + 3 * kPageSize));
}

TEST_F(MemoryMapTest, MovedPagesShowWhereNothingWasWritten) {
  machine_.host_files[0] = std::string(4 * kPageSize, 'a');
  machine_.host_files[1] = std::string(4 * kPageSize, 'b');
  Map(FileAt(kBase, 4, PROT_READ, false));
  Map(FileAt(2 * kBase, 4, kReadWrite, false));
  ASSERT_TRUE(mm_.CopyOut(2 * kBase, "c", 1).ok());
  file_->Move(1);
  EXPECT_EQ(Read(kBase, 2), "bb");
  EXPECT_EQ(Read(2 * kBase, 1), "c");
}

TEST_F(MemoryMapTest, ProtectStopsAtAHole) {
  Map(At(kBase, 1));
  Map(At(kBase + 2 * kPageSize, 1));
  EXPECT_EQ(mm_.Protect(kBase, 3 * kPageSize, PROT_READ).error(),
            Errno(ENOMEM));
  EXPECT_EQ(mm_.Find(kBase)->prot, PROT_READ);
  EXPECT_EQ(mm_.Find(kBase + 2 * kPageSize)->prot, kReadWrite);
}

TEST_F(MemoryMapTest, ForkDropsAndWipesWhatWasAdvised) {
  Map(At(kBase, 3));
  const std::string text(3 * kPageSize, 'x');
  ASSERT_TRUE(mm_.CopyOut(kBase, text.data(), text.size()).ok());
  ASSERT_TRUE(mm_.Advise(kBase, kPageSize, MADV_DONTFORK).ok());
  ASSERT_TRUE(mm_.Advise(kBase + kPageSize, kPageSize, MADV_WIPEONFORK).ok());
  const auto child = mm_.Fork(space_->Copy());
  EXPECT_EQ(child->Find(kBase), nullptr);
  char bytes[2] = {'?', '?'};
  ASSERT_TRUE(child->CopyIn(bytes, kBase + 2 * kPageSize - 1, 2).ok());
  EXPECT_EQ(bytes[0], '\0');
  EXPECT_EQ(bytes[1], 'x');
  EXPECT_EQ(child->mapped_bytes(), 2 * kPageSize);
}

TEST_F(MemoryMapTest, RemapMovesContentsAndGrows) {
  Map(At(kBase, 2));
  Map(At(kBase + 2 * kPageSize, 1, PROT_READ));
  ASSERT_TRUE(mm_.CopyOut(kBase + kPageSize, "text", 4).ok());
  const auto to = mm_.Remap({.from = kBase,
                             .old_length = 2 * kPageSize,
                             .new_length = 4 * kPageSize,
                             .flags = MREMAP_MAYMOVE});
  ASSERT_TRUE(to.ok());
  EXPECT_EQ(Read(*to + kPageSize, 4), "text");
  EXPECT_EQ(Read(*to + 3 * kPageSize, 4), std::string(4, '\0'));
  EXPECT_EQ(mm_.Find(kBase), nullptr);
  EXPECT_FALSE(Present(kBase));
}

TEST_F(MemoryMapTest, PromisesAreKeptWithinTheMachinesMemory) {
  FileMemory files;
  MemoryAccount small(16 * kPageSize, files);
  MemoryMap mm(small, std::make_shared<FakeAddressSpace>(machine_));
  EXPECT_EQ(mm.CheckRoom(At(kBase, 17)).error(), Errno(ENOMEM));
  EXPECT_TRUE(mm.CheckRoom(At(kBase, 17, PROT_NONE)).ok());
  ASSERT_TRUE(mm.MapAt(At(kBase, 16)).ok());
  EXPECT_EQ(small.promised(), 16 * kPageSize);
  ASSERT_TRUE(mm.Unmap(kBase, 16 * kPageSize).ok());
  EXPECT_EQ(small.promised(), 0u);
}

TEST_F(MemoryMapTest, MappingAndUnmappingAreOneChangeEach) {
  mm_.layout.mmap_base = space_->highest();
  for (int i = 0; i < 3; ++i) Map(At(*mm_.FindFree(0, kPageSize), 1));
  const int before = space_->operations();
  const GuestAddr at = *mm_.FindFree(0, 4 * kPageSize);
  Map(At(at, 4));
  ASSERT_TRUE(mm_.Unmap(at, 4 * kPageSize).ok());
  EXPECT_EQ(space_->operations(), before + 2);
}

// Against a model that knows nothing but pages.
class MemoryMapModelTest : public MemoryMapTest,
                           public testing::WithParamInterface<int> {
 protected:
  static constexpr uint64_t kPages = 24;
  struct Page {
    int prot;
    bool locked;
  };

  GuestAddr Place(uint64_t page) { return kBase + page * kPageSize; }

  void Check() {
    uint64_t bytes = 0, locked = 0, data = 0;
    for (uint64_t page = 0; page < kPages; ++page) {
      const Area* area = mm_.Find(Place(page));
      const auto known = model_.find(page);
      ASSERT_EQ(area != nullptr, known != model_.end()) << page;
      ASSERT_EQ(Present(Place(page)), known != model_.end()) << page;
      if (area == nullptr) continue;
      ASSERT_EQ(area->prot, known->second.prot) << page;
      ASSERT_EQ(space_->PageAt(Place(page))->prot, known->second.prot);
      ASSERT_EQ(area->locked, known->second.locked) << page;
      bytes += kPageSize;
      if (area->locked) locked += kPageSize;
      if (area->prot & PROT_WRITE) data += kPageSize;
    }
    EXPECT_EQ(mm_.mapped_bytes(), bytes);
    EXPECT_EQ(mm_.locked_bytes(), locked);
    EXPECT_EQ(mm_.data_bytes(), data);
    const Area* before = nullptr;
    for (const auto& [start, area] : mm_.areas()) {
      ASSERT_EQ(start, area.start);
      ASSERT_LT(area.start, area.end);
      if (before != nullptr) {
        ASSERT_LE(before->end, start);
        // Neighbours differ, or were written at different times.
        ASSERT_FALSE(before->end == start && before->prot == area.prot &&
                     before->locked == area.locked &&
                     before->written == area.written);
      }
      before = &area;
    }
  }

  void Step(std::mt19937& random) {
    const uint64_t first = random() % kPages;
    const uint64_t count = 1 + random() % std::min<uint64_t>(6, kPages - first);
    static constexpr int kProts[] = {PROT_NONE, PROT_READ, kReadWrite};
    const int prot = kProts[random() % 3];
    const GuestAddr start = Place(first);
    const uint64_t length = count * kPageSize;
    const auto each = [&](auto change) {
      for (uint64_t page = first; page < first + count; ++page) change(page);
    };
    switch (random() % 5) {
      case 0:
      case 1:
        ASSERT_TRUE(mm_.MapAt(At(start, count, prot)).ok());
        each([&](uint64_t page) { model_[page] = {prot, false}; });
        break;
      case 2:
        ASSERT_TRUE(mm_.Unmap(start, length).ok());
        each([&](uint64_t page) { model_.erase(page); });
        break;
      case 3:
        (void)mm_.Protect(start, length, prot).ok();
        for (uint64_t page = first; page < first + count; ++page) {
          if (!model_.contains(page)) break;
          model_[page].prot = prot;
        }
        break;
      case 4: {
        const bool lock = random() % 2 == 0;
        (void)mm_.Lock(start, length, lock).ok();
        each([&](uint64_t page) {
          if (model_.contains(page)) model_[page].locked = lock;
        });
        break;
      }
    }
  }

  std::map<uint64_t, Page> model_;
};

TEST_P(MemoryMapModelTest, AgreesWithAModelOfPages) {
  std::mt19937 random(GetParam());
  for (int i = 0; i < 500; ++i) {
    Step(random);
    Check();
    if (HasFailure()) FAIL() << "after step " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, MemoryMapModelTest, testing::Range(0, 20));

// The search with its memory of what was too small finds what a search of all
// holes finds.
TEST_F(MemoryMapTest, PlacesAreTheHighestThatFit) {
  mm_.layout.mmap_base = space_->highest();
  std::mt19937 random(1);
  std::vector<std::pair<GuestAddr, uint64_t>> mapped;
  for (int i = 0; i < 600; ++i) {
    if (random() % 5 < 2 && !mapped.empty()) {
      const size_t which = random() % mapped.size();
      const auto [start, length] = mapped[which];
      ASSERT_TRUE(mm_.Unmap(start, length).ok());
      mapped.erase(mapped.begin() + which);
      continue;
    }
    const uint64_t length = (1 + random() % 8) * kPageSize;
    GuestAddr expected = mm_.layout.mmap_base;
    for (auto area = mm_.areas().rbegin(); area != mm_.areas().rend(); ++area) {
      if (expected - area->second.end >= length) break;
      expected = area->second.start;
    }
    const GuestAddr at = *mm_.FindFree(0, length);
    ASSERT_EQ(at, expected - length);
    Map(At(at, length / kPageSize));
    mapped.emplace_back(at, length);
  }
}

}  // namespace
}  // namespace emu
