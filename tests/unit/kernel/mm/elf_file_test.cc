// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/elf_file.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <random>
#include <string>

#include "arch/page_store.h"

namespace emu {
namespace {

constexpr uint64_t kMost = uint64_t{1} << 47;

template <typename T>
void Put(std::string* bytes, size_t at, const T& value) {
  if (bytes->size() < at + sizeof(value)) bytes->resize(at + sizeof(value));
  memcpy(bytes->data() + at, &value, sizeof(value));
}

// A program with an interpreter, code and data.
std::string Program() {
  std::string bytes;
  Elf64_Ehdr elf = {};
  memcpy(elf.e_ident, ELFMAG, SELFMAG);
  elf.e_type = ET_DYN;
  elf.e_machine = EM_X86_64;
  elf.e_entry = 0x1040;
  elf.e_phoff = sizeof(elf);
  elf.e_phentsize = sizeof(Elf64_Phdr);
  elf.e_phnum = 4;
  Put(&bytes, 0, elf);
  const Elf64_Phdr headers[] = {
      {PT_INTERP, PF_R, 0x800, 0x800, 0x800, 8, 8, 1},
      {PT_LOAD, PF_R | PF_X, 0, 0, 0, 0x1800, 0x1800, 0x1000},
      {PT_LOAD, PF_R | PF_W, 0x1800, 0x2800, 0x2800, 0x200, 0x3000, 0x200000},
      {PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16},
  };
  for (int i = 0; i < 4; ++i) {
    Put(&bytes, sizeof(elf) + i * sizeof(Elf64_Phdr), headers[i]);
  }
  Put(&bytes, 0x800, "/lib/ld");
  bytes.resize(0x1a00);
  return bytes;
}

Result<ElfFile> Parse(const std::string& bytes) {
  const auto read = [&](absl::Span<char> to,
                        uint64_t offset) -> Result<size_t> {
    if (offset >= bytes.size()) return 0;
    return bytes.copy(to.data(), to.size(), offset);
  };
  return ParseElf(absl::string_view(bytes).substr(0, 256), read, EM_X86_64);
}

TEST(ElfFileTest, ProgramIsRead) {
  const Result<ElfFile> file = Parse(Program());
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(file->relocatable);
  EXPECT_EQ(file->interpreter, "/lib/ld");
  EXPECT_EQ(file->headers, sizeof(Elf64_Ehdr));
  EXPECT_EQ(file->alignment, 0x200000u);
  EXPECT_FALSE(file->executable_stack);
  ASSERT_EQ(file->segments.size(), 2u);
  EXPECT_EQ(file->segments[1].prot, PROT_READ | PROT_WRITE);
  EXPECT_EQ(file->highest(), 0x6000u);
}

TEST(ElfFileTest, OtherMachinesAreRefused) {
  std::string bytes = Program();
  Put<uint16_t>(&bytes, offsetof(Elf64_Ehdr, e_machine), EM_AARCH64);
  EXPECT_EQ(Parse(bytes).error(), Errno(ENOEXEC));
}

TEST(ElfFileTest, InterpreterMustEndWithNul) {
  std::string bytes = Program();
  bytes[0x807] = 'x';
  EXPECT_EQ(Parse(bytes).error(), Errno(ENOEXEC));
}

TEST(ElfFileTest, SegmentLargerInFileThanInMemoryIsRefused) {
  std::string bytes = Program();
  Put<uint64_t>(&bytes,
                sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr) +
                    offsetof(Elf64_Phdr, p_memsz),
                1);
  EXPECT_EQ(Parse(bytes).error(), Errno(EINVAL));
}

TEST(ElfFileTest, TruncatedFilesAreRefused) {
  const std::string bytes = Program();
  for (size_t size = 0; size < sizeof(Elf64_Ehdr) + 4 * sizeof(Elf64_Phdr);
       ++size) {
    EXPECT_FALSE(Parse(bytes.substr(0, size)).ok()) << size;
  }
}

// Whatever the bytes: what is accepted can be computed with.
TEST(ElfFileTest, AcceptedFilesKeepTheirPromises) {
  std::mt19937_64 random(1);
  const std::string good = Program();
  int accepted = 0;
  for (int i = 0; i < 50000; ++i) {
    std::string bytes = good;
    for (int changes = 1 + random() % 4; changes > 0; --changes) {
      const size_t at = random() % (sizeof(Elf64_Ehdr) + 4 * 56);
      if (random() % 2) {
        bytes[at] = static_cast<char>(random());
      } else {
        Put<uint64_t>(
            &bytes, at & ~size_t{7},
            random() % 3 ? ~uint64_t{0} >> (random() % 64) : random());
      }
    }
    const Result<ElfFile> file = Parse(bytes);
    if (!file.ok()) continue;
    ++accepted;
    ASSERT_FALSE(file->segments.empty());
    ASSERT_TRUE((file->alignment & (file->alignment - 1)) == 0);
    for (const ElfSegment& segment : file->segments) {
      ASSERT_LE(segment.file_size, segment.memory_size);
      ASSERT_LE(segment.vaddr, kMost);
      ASSERT_LE(segment.memory_size, kMost);
      ASSERT_GE(segment.end(), segment.vaddr);
      if (segment.file_size > 0) {
        ASSERT_EQ(segment.vaddr % kPageSize, segment.offset % kPageSize);
      }
    }
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace emu
