// SPDX-License-Identifier: Apache-2.0

#include "arch/host/staged_output.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "arch/host/test_directory.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

namespace fs = std::filesystem;

absl::Status Write(StagedOutput& output, const std::string& name,
                   std::string content, uint32_t mode = 0644) {
  return output.AddFile(name, mode, 7'000'000'005, [&](absl::Span<char> out) {
    const size_t n = content.copy(out.data(), out.size());
    content.erase(0, n);
    return absl::StatusOr<size_t>(n);
  });
}

class StagedOutputTest : public testing::Test {
 protected:
  std::unique_ptr<StagedOutput> Create(const std::string& name) {
    auto output = StagedOutput::Create(dir_.Path(name));
    EXPECT_TRUE(output.ok()) << output.status();
    return *std::move(output);
  }

  size_t Entries() const {
    return std::distance(fs::directory_iterator(dir_.path()),
                         fs::directory_iterator());
  }

  TestDirectory dir_;
};

TEST_F(StagedOutputTest, AFileAppearsWithTheCommit) {
  auto output = Create("file");
  ASSERT_TRUE(Write(*output, "", std::string(600'000, 'x'), 0640).ok());
  EXPECT_FALSE(fs::exists(dir_.Path("file")));
  ASSERT_TRUE(output->Commit().ok());
  struct stat st;
  ASSERT_EQ(stat(dir_.Path("file").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode, S_IFREG | 0640u);
  EXPECT_EQ(st.st_size, 600'000);
  EXPECT_EQ(st.st_mtim.tv_sec, 7);
  EXPECT_EQ(st.st_mtim.tv_nsec, 5);
  output.reset();
  EXPECT_EQ(Entries(), 1u);
}

TEST_F(StagedOutputTest, ATreeKeepsModesTimesAndLinks) {
  auto output = Create("tree/");
  ASSERT_TRUE(output->AddDirectory("", 0755, 5'000'000'000).ok());
  ASSERT_TRUE(output->AddDirectory("locked", 0500, 6'000'000'000).ok());
  ASSERT_TRUE(Write(*output, "locked/file", "x").ok());
  ASSERT_TRUE(output->AddSymlink("link", "/nowhere", 1).ok());
  ASSERT_TRUE(output->AddFifo("fifo", 0622, 1).ok());
  ASSERT_TRUE(output->Commit().ok());
  EXPECT_EQ(dir_.Read("tree/locked/file"), "x");
  EXPECT_EQ(fs::read_symlink(dir_.Path("tree/link")), "/nowhere");
  EXPECT_TRUE(fs::is_fifo(dir_.Path("tree/fifo")));
  struct stat st;
  ASSERT_EQ(stat(dir_.Path("tree/locked").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode, S_IFDIR | 0500u);
  EXPECT_EQ(st.st_mtim.tv_sec, 6);
}

TEST_F(StagedOutputTest, NothingIsLeftWithoutACommit) {
  auto output = Create("tree");
  ASSERT_TRUE(output->AddDirectory("", 0755, 0).ok());
  ASSERT_TRUE(Write(*output, "file", "x").ok());
  output.reset();
  EXPECT_EQ(Entries(), 0u);
}

TEST_F(StagedOutputTest, NothingIsLeftWhenEmuIsKilled) {
  const pid_t child = fork();
  if (child == 0) {
    auto output = Create("tree");
    (void)output->AddDirectory("", 0755, 0);
    (void)Write(*output, "file", "x");
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WTERMSIG(status), SIGKILL);
  // The guardian is nobody's child now; it acts at once.
  for (int i = 0; i < 5000 && Entries() > 0; ++i) usleep(1000);
  EXPECT_EQ(Entries(), 0u);
}

TEST_F(StagedOutputTest, ReplacesFilesAndEmptyDirectoriesAndNothingElse) {
  dir_.Write("file", "old");
  fs::create_directory(dir_.Path("empty"));
  dir_.Write("full/x", "");
  EXPECT_TRUE(StagedOutput::Check(dir_.Path("file")).ok());
  EXPECT_TRUE(StagedOutput::Check(dir_.Path("empty")).ok());
  EXPECT_TRUE(StagedOutput::Check(dir_.Path("none")).ok());
  EXPECT_FALSE(StagedOutput::Check(dir_.Path("full")).ok());
  EXPECT_FALSE(StagedOutput::Check(dir_.Path("none/x")).ok());
  auto output = Create("file");
  ASSERT_TRUE(Write(*output, "", "new").ok());
  ASSERT_TRUE(output->Commit().ok());
  EXPECT_EQ(dir_.Read("file"), "new");
}

TEST_F(StagedOutputTest, AReadersErrorIsTheOutputs) {
  auto output = Create("file");
  const absl::Status status = output->AddFile(
      "", 0644, 0, [](absl::Span<char>) -> absl::StatusOr<size_t> {
        return absl::DataLossError("gone");
      });
  EXPECT_EQ(status.message(), "gone");
}

}  // namespace
}  // namespace emu
