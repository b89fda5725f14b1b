// SPDX-License-Identifier: Apache-2.0

#include "emu/start_error.h"

#include <elf.h>
#include <string.h>

#include <string>

#include "gtest/gtest.h"

namespace emu {
namespace {

// A program with one segment of `segment` bytes behind its headers.
std::string Elf(uint16_t machine, uint64_t segment = 100) {
  Elf64_Ehdr header = {};
  memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_EXEC;
  header.e_machine = machine;
  header.e_phoff = sizeof(header);
  header.e_phnum = 1;
  Elf64_Phdr load = {};
  load.p_type = PT_LOAD;
  load.p_offset = sizeof(header) + sizeof(load);
  load.p_filesz = segment;
  return std::string(reinterpret_cast<char*>(&header), sizeof(header)) +
         std::string(reinterpret_cast<char*>(&load), sizeof(load)) +
         std::string(segment, 'x');
}

std::string Explain(const std::string& bytes) {
  return ExplainFormat(bytes, bytes.size(), EM_X86_64);
}

TEST(ExplainFormatTest, HasNothingAgainstAProgram) {
  EXPECT_EQ(Explain(Elf(EM_X86_64)), "");
}

TEST(ExplainFormatTest, NamesTheMachineOfOthers) {
  EXPECT_EQ(Explain(Elf(EM_AARCH64)),
            "is a program for aarch64; this emu runs those for x86-64");
  std::string big_endian = Elf(0x1600);  // EM_S390, the other way round
  big_endian[EI_DATA] = ELFDATA2MSB;
  EXPECT_EQ(Explain(big_endian),
            "is a program for s390x; this emu runs those for x86-64");
}

TEST(ExplainFormatTest, SeesWhereItIsCut) {
  const std::string whole = Elf(EM_X86_64);
  for (const size_t n : {5, 20, 63, 64, 100, 130, 200}) {
    EXPECT_EQ(Explain(whole.substr(0, n)), "is an ELF file that is cut short")
        << n;
  }
}

TEST(ExplainFormatTest, TellsOtherFilesApart) {
  EXPECT_EQ(Explain(""), "is empty");
  EXPECT_EQ(Explain("hello\n"),
            "is neither an ELF program nor a script that starts with #!");
  std::string object = Elf(EM_X86_64);
  object[16] = ET_REL;
  EXPECT_EQ(Explain(object),
            "is an ELF file that is no program (an object file or a core "
            "dump)");
}

}  // namespace
}  // namespace emu
