// SPDX-License-Identifier: Apache-2.0
//
// What the kernel maps is what the guest and the copies see, in each way of
// copying.

#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "arch/host/test_machine.h"

namespace emu {
namespace {

constexpr GuestAddr kAt = 0x10000000;
constexpr int kReadWrite = PROT_READ | PROT_WRITE;

GUEST_CODE(asks_pid, R"(
1:
  mov eax, 39
  syscall
  jmp 1b
)")

GUEST_CODE(writes, "mov byte ptr [0x10000000], 1")
GUEST_CODE(reads, "mov al, [0x10002000]")

// One host file, given out under every id.
class OneFile : public HostFiles {
 public:
  explicit OneFile(const std::string& content) {
    fd_ = memfd_create("host-file", MFD_CLOEXEC);
    EXPECT_EQ(write(fd_, content.data(), content.size()),
              static_cast<ssize_t>(content.size()));
  }
  ~OneFile() override { close(fd_); }
  absl::StatusOr<int> Descriptor(HostFileId) override { return fd_; }
  int fd() const { return fd_; }

 private:
  int fd_;
};

Backing File(uint64_t offset = 0) {
  return {Backing::Kind::kHostFile, offset, HostFileId{1}};
}

std::string NameOf(GuestMemory::Mode mode) {
  const char* const names[] = {"Best", "ProcessVm", "ProcMem", "Words"};
  return names[static_cast<int>(mode)];
}

class MemoryTest : public testing::TestWithParam<GuestMemory::Mode> {
 protected:
  static HostMachineOptions Options(HostFiles* files) {
    HostMachineOptions options;
    options.memory_mode = GetParam();
    options.files = files;
    return options;
  }

  // Copies in or out of `n` bytes at `at`, the bytes being checked.
  size_t In(GuestAddr at, size_t n) {
    std::vector<char> bytes(n, 'x');
    size_t copied = memory_.CopyIn(bytes.data(), at, n);
    for (size_t i = copied; i < n; ++i) EXPECT_EQ(bytes[i], 'x');
    return copied;
  }
  size_t Out(GuestAddr at, size_t n) {
    std::vector<char> bytes(n, 'y');
    size_t copied = memory_.CopyOut(at, bytes.data(), n);
    if (copied > 0) {
      std::vector<char> back(copied);
      EXPECT_EQ(memory_.CopyIn(back.data(), at, copied), copied);
      EXPECT_EQ(back, std::vector<char>(copied, 'y'));
    }
    return copied;
  }

  OneFile file_{std::string(5000, 'f')};
  TestMachine host_{Options(&file_)};
  Machine::Guest guest_ = host_.Start(asks_pid);
  AddressSpace& memory_ = *guest_.memory;
};

INSTANTIATE_TEST_SUITE_P(Modes, MemoryTest,
                         testing::Values(GuestMemory::Mode::kBest,
                                         GuestMemory::Mode::kProcessVm,
                                         GuestMemory::Mode::kProcMem,
                                         GuestMemory::Mode::kWords),
                         [](const auto& info) { return NameOf(info.param); });

TEST_P(MemoryTest, CopiesOfAllLengthsAndAlignmentsRoundTrip) {
  memory_.Map({kAt, 4 * kPageSize, kReadWrite, false, {}});
  for (GuestAddr at : {kAt, kAt + 1, kAt + 7, kAt + kPageSize - 3}) {
    for (size_t n : {1, 2, 7, 8, 9, 15, 16, 17, 100, 4096, 5000}) {
      EXPECT_EQ(Out(at, n), n) << at << " " << n;
    }
  }
  // What lies beside is untouched.
  memory_.Map({kAt, kPageSize, kReadWrite, false, {}});
  Poke<uint64_t>(memory_, kAt + 8, ~uint64_t{0});
  EXPECT_EQ(Out(kAt + 10, 3), 3u);
  EXPECT_EQ(Peek<uint64_t>(memory_, kAt + 8), 0xffffff797979ffffu);
}

TEST_P(MemoryTest, ALargeCopyRoundTrips) {
  constexpr size_t kSize = 300'000;
  memory_.Map({kAt, PageUp(kSize) + kPageSize, kReadWrite, false, {}});
  EXPECT_EQ(Out(kAt + 5, kSize), kSize);
}

TEST_P(MemoryTest, CopiesEndWhereMemoryEnds) {
  memory_.Map({kAt, 2 * kPageSize, kReadWrite, false, {}});
  const GuestAddr end = kAt + 2 * kPageSize;
  EXPECT_EQ(In(end - 1, 2), 1u);
  EXPECT_EQ(Out(end - 13, 40), 13u);
  EXPECT_EQ(In(end - kPageSize - 5, 3 * kPageSize), kPageSize + 5);
  EXPECT_EQ(In(end, 1), 0u);
  EXPECT_EQ(Out(end, 8), 0u);
  EXPECT_EQ(In(0, 8), 0u);
  EXPECT_EQ(In(~uint64_t{0} - 3, 8), 0u);
  EXPECT_EQ(In(uint64_t{1} << 63, 8), 0u);
}

TEST_P(MemoryTest, TheStubIsOutOfReach) {
  const GuestAddr highest = memory_.highest();
  memory_.Map({highest - kPageSize, kPageSize, kReadWrite, false, {}});
  EXPECT_EQ(In(highest, 1), 0u);
  EXPECT_EQ(Out(highest, 1), 0u);
  EXPECT_EQ(In(highest - 4, 8), 4u);
  EXPECT_EQ(Out(highest - 4, 8), 4u);
  EXPECT_EQ(Out(highest + kPageSize, 8), 0u);
}

TEST_P(MemoryTest, PagesPastTheEndOfAFileAreNotThere) {
  memory_.Map({kAt, 4 * kPageSize, kReadWrite, false, File()});
  // 5,000 bytes: the rest of the second page is zeroes.
  EXPECT_EQ(Peek<char>(memory_, kAt + 4999), 'f');
  EXPECT_EQ(Peek<char>(memory_, kAt + 5000), 0);
  EXPECT_EQ(In(kAt + 8190, 10), 2u);
  EXPECT_EQ(Out(kAt + 8190, 10), 2u);
  EXPECT_EQ(In(kAt + 2 * kPageSize, 1), 0u);
  EXPECT_EQ(Out(kAt + 2 * kPageSize, 1), 0u);
}

TEST_P(MemoryTest, APrivateMappingIsWrittenWithoutTheFile) {
  memory_.Map({kAt, kPageSize, kReadWrite, false, File(kPageSize)});
  EXPECT_EQ(Out(kAt, 10), 10u);
  char c;
  ASSERT_EQ(pread(file_.fd(), &c, 1, kPageSize), 1);
  EXPECT_EQ(c, 'f');
  memory_.Discard(kAt, kPageSize);
  EXPECT_EQ(Peek<char>(memory_, kAt), 'f');
}

TEST_P(MemoryTest, ASharedMappingIsTheFile) {
  memory_.Map({kAt, kPageSize, kReadWrite, true, File()});
  EXPECT_EQ(Out(kAt, 10), 10u);
  char c;
  ASSERT_EQ(pread(file_.fd(), &c, 1, 0), 1);
  EXPECT_EQ(c, 'y');
}

TEST_P(MemoryTest, PagesOfTheStoreAreTheSameBytes) {
  const uint64_t offset = *host_.pages->Reserve(2 * kPageSize);
  memory_.Map({kAt,
               2 * kPageSize,
               kReadWrite,
               true,
               {Backing::Kind::kPages, offset, {}}});
  std::memcpy(host_.pages->At(offset + 100), "hello", 5);
  EXPECT_EQ(Peek<char>(memory_, kAt + 104), 'o');
  EXPECT_EQ(Out(kAt + kPageSize, 3), 3u);
  EXPECT_EQ(*host_.pages->At(offset + kPageSize), 'y');
  host_.pages->Free(offset, 2 * kPageSize);
  EXPECT_EQ(Peek<char>(memory_, kAt + 104), 0);
}

TEST_P(MemoryTest, APrivateMappingOfTheStoreKeepsItsWrites) {
  const uint64_t offset = *host_.pages->Reserve(kPageSize);
  *host_.pages->At(offset) = 'p';
  memory_.Map(
      {kAt, kPageSize, kReadWrite, false, {Backing::Kind::kPages, offset, {}}});
  EXPECT_EQ(Peek<char>(memory_, kAt), 'p');
  EXPECT_EQ(Out(kAt, 1), 1u);
  EXPECT_EQ(*host_.pages->At(offset), 'p');
}

// Large copies to and from the store may be the guest's own doing.
TEST_P(MemoryTest, LargeCopiesToAndFromTheStoreRoundTrip) {
  constexpr size_t kSize = 300'000, kRoom = 80 * kPageSize;
  const uint64_t offset = *host_.pages->Reserve(2 * kRoom);
  memory_.Map({kAt, 2 * kRoom, kReadWrite, false, {}});
  ASSERT_THAT(guest_.cpu->Run({}), IsSyscall(SYS_getpid));
  char* const first = host_.pages->At(offset + 3);
  char* const second = host_.pages->At(offset + kRoom + 5);
  for (size_t i = 0; i < kSize; ++i) first[i] = static_cast<char>(i * 7 / 3);
  EXPECT_EQ(memory_.CopyOut(kAt + 9, first, kSize), kSize);
  // Into pages that the store has yet to get, and over what they hold then.
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(memory_.CopyIn(second, kAt + 9, kSize), kSize);
    EXPECT_EQ(std::memcmp(first, second, kSize), 0);
    EXPECT_EQ(second[-1], 0);
    EXPECT_EQ(second[kSize], 0);
    std::memset(second, 0, kSize);
  }
  guest_.cpu->SetResult(7);
  EXPECT_THAT(guest_.cpu->Run({}), IsSyscall(SYS_getpid));
}

TEST_P(MemoryTest, LargeCopiesOfTheStoreEndWhereMemoryEnds) {
  constexpr size_t kSize = 100 * kPageSize, kThere = 60 * kPageSize;
  const uint64_t offset = *host_.pages->Reserve(2 * kSize);
  memory_.Map({kAt, kThere, kReadWrite, false, {}});
  std::memset(host_.pages->At(offset), 's', kSize);
  EXPECT_EQ(memory_.CopyOut(kAt + 5, host_.pages->At(offset), kSize),
            kThere - 5);
  EXPECT_EQ(Peek<char>(memory_, kAt + kThere - 1), 's');
  EXPECT_EQ(
      memory_.CopyIn(host_.pages->At(offset + kSize + 8), kAt + 5, kSize),
      kThere - 5);
  EXPECT_EQ(*host_.pages->At(offset + kSize + 8), 's');
  EXPECT_EQ(*host_.pages->At(offset + kSize + 8 + kThere - 5), 0);
  EXPECT_EQ(memory_.CopyOut(kAt + kThere, host_.pages->At(offset), kSize), 0u);
  EXPECT_EQ(memory_.CopyIn(host_.pages->At(offset), kAt + kThere, kSize), 0u);
}

// The copies that a kernel makes with its own checks done, into text say.
TEST_P(MemoryTest, ReadableMemoryIsReadWhateverElseIsAllowed) {
  memory_.Map({kAt, kPageSize, kReadWrite, false, {}});
  Poke<int>(memory_, kAt, 42);
  for (int prot : {PROT_READ, PROT_READ | PROT_EXEC, kReadWrite}) {
    memory_.Protect(kAt, kPageSize, prot);
    EXPECT_EQ(Peek<int>(memory_, kAt), 42);
  }
}

TEST_P(MemoryTest, MovesCarryTheContents) {
  memory_.Map({kAt, 3 * kPageSize, kReadWrite, false, {}});
  Poke<int>(memory_, kAt + kPageSize, 42);
  memory_.Move(kAt + kPageSize, kAt + 0x100000, kPageSize);
  EXPECT_EQ(Peek<int>(memory_, kAt + 0x100000), 42);
  EXPECT_EQ(In(kAt + kPageSize, 1), 0u);
  EXPECT_EQ(In(kAt + kPageSize - 1, 2), 1u);
}

// What is one mapping to emu may be several to the host.
TEST_P(MemoryTest, MovesOfWhatTheHostHasInPieces) {
  memory_.Map({kAt, kPageSize, kReadWrite, false, {}});
  Poke<int>(memory_, kAt, 1);
  memory_.Map({kAt + 2 * kPageSize, kPageSize, kReadWrite, false, {}});
  Poke<int>(memory_, kAt + 2 * kPageSize, 3);
  memory_.Map({kAt + kPageSize, kPageSize, kReadWrite, false, {}});
  Poke<int>(memory_, kAt + kPageSize, 2);
  memory_.Move(kAt, kAt + 0x100000, 3 * kPageSize);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Peek<int>(memory_, kAt + 0x100000 + i * kPageSize), i + 1);
  }
}

TEST_P(MemoryTest, UnmappedAndDiscardedMemoryIsEmpty) {
  memory_.Map({kAt, 2 * kPageSize, kReadWrite, false, {}});
  EXPECT_EQ(Out(kAt, 2 * kPageSize), 2 * kPageSize);
  memory_.Discard(kAt, kPageSize);
  EXPECT_EQ(Peek<int>(memory_, kAt), 0);
  memory_.Unmap(kAt + kPageSize, kPageSize);
  EXPECT_EQ(In(kAt + kPageSize, 1), 0u);
}

TEST_P(MemoryTest, MoreChangesThanABatchHoldsAreMadeInOrder) {
  for (uint64_t i = 0; i < 200; ++i) {
    memory_.Map({kAt + i * 2 * kPageSize, kPageSize, kReadWrite, i % 3 == 0,
                 i % 3 == 0 ? File() : Backing{}});
    if (i % 5 == 0) memory_.Unmap(kAt + i * 2 * kPageSize, kPageSize);
  }
  for (uint64_t i = 0; i < 200; ++i) {
    EXPECT_EQ(In(kAt + i * 2 * kPageSize, 1), i % 5 == 0 ? 0u : 1u) << i;
  }
}

TEST_P(MemoryTest, TheGuestIsHeldToItsProtection) {
  memory_.Map({kAt, kPageSize, kReadWrite, false, {}});
  ASSERT_THAT(guest_.cpu->Run({}), IsSyscall(SYS_getpid));
  for (int prot : {PROT_NONE, PROT_READ}) {
    memory_.Protect(kAt, kPageSize, prot);
    TestMachine::Load(guest_, writes);
    Stop stop = guest_.cpu->Run({});
    ASSERT_THAT(stop, IsFault(SIGSEGV, SEGV_ACCERR));
    EXPECT_EQ(stop.fault.addr, kAt);
    EXPECT_TRUE(stop.fault.write);
  }
}

TEST_P(MemoryTest, AFaultPastTheEndOfAFileIsABusError) {
  TestMachine::Load(guest_, reads);
  memory_.Map({kAt, 4 * kPageSize, kReadWrite, false, File()});
  Stop stop = guest_.cpu->Run({});
  ASSERT_THAT(stop, IsFault(SIGBUS, BUS_ADRERR));
  EXPECT_EQ(stop.fault.addr, kAt + 2 * kPageSize);
  EXPECT_FALSE(stop.fault.write);
}

}  // namespace
}  // namespace emu
