// SPDX-License-Identifier: Apache-2.0

#include "arch/host/output_file.h"

#include <string>

#include "arch/host/test_directory.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

TEST(OutputFileTest, HoldsAllThatWasAppended) {
  TestDirectory dir;
  dir.Write("file", "what was there before, and longer");
  auto file = OutputFile::Create(dir.Path("file"));
  ASSERT_TRUE(file.ok()) << file.status();
  const std::string big(100'000, 'x');
  (*file)->Append("a");
  (*file)->Append(big);
  (*file)->Append("b");
  EXPECT_TRUE((*file)->Close().ok());
  EXPECT_EQ(dir.Read("file"), "a" + big + "b");
}

TEST(OutputFileTest, ClosesWithTheFirstFailure) {
  auto file = OutputFile::Create("/dev/full");
  ASSERT_TRUE(file.ok()) << file.status();
  (*file)->Append("x");
  EXPECT_EQ((*file)->Close().message(),
            "write(\"/dev/full\"): No space left on device");
}

TEST(OutputFileTest, NamesWhatCannotBeOpened) {
  EXPECT_EQ(OutputFile::Create("/none/x").status().message(),
            "open(\"/none/x\"): No such file or directory");
}

}  // namespace
}  // namespace emu
