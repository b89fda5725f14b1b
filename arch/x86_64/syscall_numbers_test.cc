// SPDX-License-Identifier: Apache-2.0
//
// syscall_numbers.inc against the host's own header.

#include <asm/unistd_64.h>

#include <fstream>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

std::map<std::string, int> Rows() {
  std::map<std::string, int> rows;
#define NR(number, name) \
  EXPECT_TRUE(rows.emplace(#name, number).second) << #name;
#include "arch/isa/syscall_numbers.inc"
#undef NR
  return rows;
}

TEST(SyscallNumbersTest, HoldEveryNumberOfTheHostsHeader) {
  const std::map<std::string, int> rows = Rows();
  int known = 0;
  std::ifstream header("/usr/include/x86_64-linux-gnu/asm/unistd_64.h");
  for (std::string line; std::getline(header, line);) {
    char name[64];
    int number;
    if (std::sscanf(line.c_str(), "#define __NR_%63s %d", name, &number) != 2) {
      continue;
    }
    auto row = rows.find(name);
    ASSERT_NE(row, rows.end()) << name;
    EXPECT_EQ(row->second, number) << name;
    ++known;
  }
  EXPECT_GT(known, 350);
}

TEST(SyscallNumbersTest, AreUnique) {
  std::map<int, std::string> names;
  for (const auto& [name, number] : Rows()) {
    EXPECT_TRUE(names.emplace(number, name).second) << name;
  }
}

}  // namespace
}  // namespace emu
