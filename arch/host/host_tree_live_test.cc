// SPDX-License-Identifier: Apache-2.0

#include "arch/host/host_tree_live.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "arch/host/test_directory.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

namespace fs = std::filesystem;

template <typename T>
int ErrorOf(const Result<T>& result) {
  return result.ok() ? 0 : result.error().value();
}

class LiveHostTreeTest : public testing::Test {
 protected:
  std::unique_ptr<LiveHostTree> Tree(bool writable = false,
                                     const std::string& under = "") {
    auto tree = LiveHostTree::Open(dir_.path() + under, writable, files_);
    EXPECT_TRUE(tree.ok()) << tree.status();
    return *std::move(tree);
  }

  std::string Content(LiveHostTree& tree, HostFileId file) {
    char buffer[64];
    const Result<size_t> n = tree.ReadAt(file, absl::MakeSpan(buffer), 0);
    return n.ok() ? std::string(buffer, *n) : "error";
  }

  TestDirectory dir_;
  OpenFiles files_{HostFiles::kHeldDescriptors};
};

TEST_F(LiveHostTreeTest, OpenNamesAPathThatIsNotThere) {
  const auto tree = LiveHostTree::Open(dir_.Path("none"), false, files_);
  EXPECT_EQ(tree.status().message(),
            "open(\"" + dir_.Path("none") + "\"): No such file or directory");
}

TEST_F(LiveHostTreeTest, ListsInOrderOfNamesWithTypes) {
  dir_.Write("b", "");
  dir_.Write("a/x", "");
  dir_.Write("C", "");
  fs::create_symlink("b", dir_.Path("link"));
  ASSERT_EQ(mkfifo(dir_.Path("fifo").c_str(), 0600), 0);
  const auto entries = Tree()->List("");
  ASSERT_TRUE(entries.ok());
  std::vector<std::pair<std::string, uint32_t>> seen;
  for (const HostDirEntry& e : *entries) seen.emplace_back(e.name, e.type);
  const std::vector<std::pair<std::string, uint32_t>> expected = {
      {"C", S_IFREG},    {"a", S_IFDIR},    {"b", S_IFREG},
      {"fifo", S_IFIFO}, {"link", S_IFLNK},
  };
  EXPECT_EQ(seen, expected);
}

TEST_F(LiveHostTreeTest, ListsTheSameAgain) {
  for (int i = 0; i < 3000; ++i) dir_.Write("f" + std::to_string(i), "");
  auto tree = Tree();
  EXPECT_EQ(tree->List("")->size(), 3000u);
  EXPECT_EQ(tree->List("")->size(), 3000u);
}

TEST_F(LiveHostTreeTest, ListRefusesWhatIsNoDirectory) {
  dir_.Write("file", "");
  EXPECT_EQ(ErrorOf(Tree()->List("file")), ENOTDIR);
  EXPECT_EQ(ErrorOf(Tree()->List("none")), ENOENT);
}

TEST_F(LiveHostTreeTest, StatTellsAllThatANodeHas) {
  dir_.Write("d/file", "12345");
  fs::create_hard_link(dir_.Path("d/file"), dir_.Path("other"));
  ASSERT_EQ(chmod(dir_.Path("d/file").c_str(), 04751), 0);
  const timespec times[2] = {{1, 2}, {-1, 500'000'000}};
  ASSERT_EQ(utimensat(AT_FDCWD, dir_.Path("d/file").c_str(), times, 0), 0);
  auto tree = Tree();
  const auto node = tree->Stat("d/file");
  ASSERT_TRUE(node.ok());
  EXPECT_EQ(node->mode, S_IFREG | 04751u);
  EXPECT_EQ(node->size, 5u);
  EXPECT_EQ(node->nlink, 2u);
  EXPECT_EQ(node->mtime, -500'000'000);
  EXPECT_TRUE(node->owned);
  EXPECT_EQ(node->inode, tree->Stat("other")->inode);
}

TEST_F(LiveHostTreeTest, StatOfTheEmptyPathIsTheRoot) {
  EXPECT_TRUE(S_ISDIR(Tree()->Stat("")->mode));
}

TEST_F(LiveHostTreeTest, StatDoesNotFollowALastLink) {
  fs::create_symlink("/etc", dir_.Path("link"));
  auto tree = Tree();
  EXPECT_TRUE(S_ISLNK(tree->Stat("link")->mode));
  EXPECT_EQ(*tree->ReadLink("link"), "/etc");
}

TEST_F(LiveHostTreeTest, NoPathLeadsOutThroughALink) {
  fs::create_directory(dir_.Path("inside"));
  dir_.Write("secret", "s");
  fs::create_symlink("..", dir_.Path("inside/up"));
  auto tree = Tree(false, "/inside");
  EXPECT_NE(ErrorOf(tree->Stat("up/secret")), 0);
  EXPECT_NE(ErrorOf(tree->List("up")), 0);
  EXPECT_NE(ErrorOf(tree->Open("up/secret", false)), 0);
  EXPECT_NE(ErrorOf(tree->Open("up", false)), 0);
}

TEST_F(LiveHostTreeTest, ReadLinkRefusesWhatIsNoLink) {
  dir_.Write("file", "");
  EXPECT_EQ(ErrorOf(Tree()->ReadLink("file")), EINVAL);
}

TEST_F(LiveHostTreeTest, KnowsWhatCanBeMapped) {
  dir_.Write("file", "content");
  auto tree = Tree();
  const HostFileId file = *tree->Open("file", false);
  EXPECT_TRUE(tree->CanMap(file, /*shared=*/false));
  EXPECT_TRUE(tree->CanMap(file, /*shared=*/true));
  // A file that has content and no pages.
  auto odd = LiveHostTree::Open("/proc/version", false, files_);
  ASSERT_TRUE(odd.ok()) << odd.status();
  const HostFileId version = *(*odd)->Open("", false);
  EXPECT_EQ(Content(**odd, version).substr(0, 6), "Linux ");
  EXPECT_FALSE((*odd)->CanMap(version, /*shared=*/false));
}

TEST_F(LiveHostTreeTest, ReadsAtOffsetsUpToTheEnd) {
  dir_.Write("file", "0123456789");
  auto tree = Tree();
  const auto file = tree->Open("file", false);
  ASSERT_TRUE(file.ok());
  char buffer[8];
  EXPECT_EQ(*tree->ReadAt(*file, absl::MakeSpan(buffer), 6), 4u);
  EXPECT_EQ(std::string(buffer, 4), "6789");
  EXPECT_EQ(*tree->ReadAt(*file, absl::MakeSpan(buffer), 10), 0u);
  EXPECT_EQ(tree->StatFile(*file)->size, 10u);
}

TEST_F(LiveHostTreeTest, ASingleFileIsATreeToo) {
  dir_.Write("file", "content");
  auto tree = Tree(false, "/file");
  EXPECT_TRUE(S_ISREG(tree->Stat("")->mode));
  const auto file = tree->Open("", false);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(Content(*tree, *file), "content");
  EXPECT_EQ(ErrorOf(tree->List("")), ENOTDIR);
}

TEST_F(LiveHostTreeTest, OpensNothingButRegularFiles) {
  ASSERT_EQ(mkfifo(dir_.Path("fifo").c_str(), 0600), 0);
  fs::create_directory(dir_.Path("dir"));
  auto tree = Tree(true);
  EXPECT_EQ(ErrorOf(tree->Open("fifo", false)), EINVAL);
  EXPECT_EQ(ErrorOf(tree->Open("dir", false)), EISDIR);
}

TEST_F(LiveHostTreeTest, AFifoIsNotEvenTouched) {
  ASSERT_EQ(mkfifo(dir_.Path("fifo").c_str(), 0600), 0);
  auto tree = Tree(true);
  (void)tree->Open("fifo", true);
  // A writer would find a reader if the FIFO were open.
  EXPECT_EQ(open(dir_.Path("fifo").c_str(), O_WRONLY | O_NONBLOCK), -1);
  EXPECT_EQ(errno, ENXIO);
}

TEST_F(LiveHostTreeTest, ViewsOfTheKernelAreEmpty) {
  auto tree = LiveHostTree::Open("/", false, files_);
  ASSERT_TRUE(tree.ok());
  EXPECT_TRUE(S_ISDIR((*tree)->Stat("proc")->mode));
  EXPECT_TRUE((*tree)->List("proc")->empty());
  EXPECT_EQ(ErrorOf((*tree)->Stat("proc/self")), ENOENT);
  EXPECT_EQ(ErrorOf((*tree)->Open("proc/version", false)), ENOENT);
}

TEST_F(LiveHostTreeTest, OpensDescriptorsAgainBeyondItsLimit) {
  auto tree = Tree();
  std::vector<HostFileId> ids;
  for (int i = 0; i < 3 * HostFiles::kHeldDescriptors; ++i) {
    dir_.Write(std::to_string(i), std::to_string(i));
    const auto file = tree->Open(std::to_string(i), false);
    ASSERT_TRUE(file.ok());
    ids.push_back(*file);
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(Content(*tree, ids[i]), std::to_string(i));
  }
  EXPECT_TRUE(files_.Changed().empty());
}

TEST_F(LiveHostTreeTest, AFileReplacedWhileItsDescriptorWasClosedIsStale) {
  auto tree = Tree();
  dir_.Write("file", "before");
  const auto file = tree->Open("file", false);
  dir_.Write("others/x", "");
  for (int i = 0; i < HostFiles::kHeldDescriptors; ++i) {
    ASSERT_TRUE(tree->Open("others/x", false).ok());
  }
  dir_.Write("new", "before");
  fs::rename(dir_.Path("new"), dir_.Path("file"));
  char buffer[8];
  EXPECT_EQ(ErrorOf(tree->ReadAt(*file, absl::MakeSpan(buffer), 0)), ESTALE);
  EXPECT_EQ(files_.Descriptor(*file).status().message(),
            "opening \"" + dir_.Path("file") +
                "\" again: Stale file handle");
  EXPECT_EQ(files_.Changed(), std::vector<std::string>{dir_.Path("file")});
}

TEST_F(LiveHostTreeTest, AFileChangedWhileOpenIsReported) {
  dir_.Write("file", "before");
  dir_.Write("same", "before");
  auto tree = Tree();
  const auto file = tree->Open("file", false);
  ASSERT_TRUE(tree->Open("same", false).ok());
  EXPECT_TRUE(files_.Changed().empty());
  dir_.Write("file", "afterwards");
  tree->Close(*file);
  EXPECT_EQ(files_.Changed(), std::vector<std::string>{dir_.Path("file")});
}

TEST_F(LiveHostTreeTest, ClosedIdsAreGone) {
  dir_.Write("file", "x");
  auto tree = Tree();
  const auto file = tree->Open("file", false);
  tree->Close(*file);
  char buffer[8];
  EXPECT_EQ(ErrorOf(tree->ReadAt(*file, absl::MakeSpan(buffer), 0)), EBADF);
}

TEST_F(LiveHostTreeTest, AReadOnlyTreeChangesNothing) {
  dir_.Write("file", "x");
  auto tree = Tree();
  EXPECT_EQ(ErrorOf(tree->Open("file", true)), EROFS);
  EXPECT_EQ(ErrorOf(tree->Create("new", 0600)), EROFS);
  EXPECT_EQ(ErrorOf(tree->MakeDirectory("new", 0700)), EROFS);
  EXPECT_EQ(ErrorOf(tree->MakeNode("new", S_IFIFO | 0600)), EROFS);
  EXPECT_EQ(ErrorOf(tree->MakeSymlink("new", "x")), EROFS);
  EXPECT_EQ(ErrorOf(tree->Link("file", "new")), EROFS);
  EXPECT_EQ(ErrorOf(tree->Unlink("file")), EROFS);
  EXPECT_EQ(ErrorOf(tree->RemoveDirectory("file")), EROFS);
  EXPECT_EQ(ErrorOf(tree->Rename("file", "new", 0)), EROFS);
  EXPECT_EQ(ErrorOf(tree->SetMode("file", 0600)), EROFS);
  EXPECT_EQ(ErrorOf(tree->SetTimes("file", 0, 0)), EROFS);
  const auto file = tree->Open("file", false);
  EXPECT_EQ(ErrorOf(tree->WriteAt(*file, absl::MakeConstSpan("y", 1), 0)),
            EROFS);
  EXPECT_EQ(ErrorOf(tree->Truncate(*file, 0)), EROFS);
  EXPECT_EQ(dir_.Read("file"), "x");
}

TEST_F(LiveHostTreeTest, AWritableTreeWritesThrough) {
  auto tree = Tree(true);
  ASSERT_TRUE(tree->Create("file", 0640).ok());
  EXPECT_EQ(tree->Stat("file")->mode, S_IFREG | 0640u);
  EXPECT_EQ(ErrorOf(tree->Create("file", 0640)), EEXIST);
  const auto file = tree->Open("file", true);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(*tree->WriteAt(*file, absl::MakeConstSpan("0123456789", 10), 2),
            10u);
  EXPECT_TRUE(tree->Truncate(*file, 5).ok());
  EXPECT_TRUE(tree->Sync(*file).ok());
  EXPECT_EQ(dir_.Read("file"), std::string("\0\0" "012", 5));
  tree->Close(*file);
  EXPECT_TRUE(files_.Changed().empty());
}

TEST_F(LiveHostTreeTest, ModesDoNotDependOnTheUmask) {
  const mode_t before = umask(077);
  auto tree = Tree(true);
  EXPECT_TRUE(tree->Create("file", 0666).ok());
  EXPECT_TRUE(tree->MakeDirectory("dir", 0777).ok());
  EXPECT_TRUE(tree->MakeNode("fifo", S_IFIFO | 0622).ok());
  EXPECT_TRUE(tree->MakeNode("socket", S_IFSOCK | 0700).ok());
  umask(before);
  EXPECT_EQ(tree->Stat("file")->mode & 07777, 0666u);
  EXPECT_EQ(tree->Stat("dir")->mode & 07777, 0777u);
  EXPECT_EQ(tree->Stat("fifo")->mode, S_IFIFO | 0622u);
  EXPECT_EQ(tree->Stat("socket")->mode, S_IFSOCK | 0700u);
}

TEST_F(LiveHostTreeTest, RenamedDirectoriesAreFoundUnderTheirNewNames) {
  auto tree = Tree(true);
  ASSERT_TRUE(tree->MakeDirectory("a", 0700).ok());
  ASSERT_TRUE(tree->Create("a/file", 0600).ok());
  ASSERT_TRUE(tree->Rename("a", "b", 0).ok());
  EXPECT_EQ(ErrorOf(tree->Stat("a/file")), ENOENT);
  EXPECT_TRUE(tree->Stat("b/file").ok());
  ASSERT_TRUE(tree->MakeDirectory("a", 0700).ok());
  EXPECT_TRUE(tree->List("a")->empty());
  EXPECT_EQ(ErrorOf(tree->Rename("a", "b", RENAME_NOREPLACE)), EEXIST);
  EXPECT_EQ(ErrorOf(tree->RemoveDirectory("b")), ENOTEMPTY);
  EXPECT_TRUE(tree->Unlink("b/file").ok());
  EXPECT_TRUE(tree->RemoveDirectory("b").ok());
}

TEST_F(LiveHostTreeTest, LinksAcrossDirectories) {
  auto tree = Tree(true);
  ASSERT_TRUE(tree->MakeDirectory("a", 0700).ok());
  ASSERT_TRUE(tree->MakeDirectory("b", 0700).ok());
  ASSERT_TRUE(tree->Create("a/file", 0600).ok());
  EXPECT_TRUE(tree->Link("a/file", "b/other").ok());
  EXPECT_EQ(tree->Stat("b/other")->nlink, 2u);
}

TEST_F(LiveHostTreeTest, ChangesALinkItselfAndNotItsTarget) {
  auto tree = Tree(true);
  dir_.Write("file", "");
  ASSERT_TRUE(tree->MakeSymlink("link", "file").ok());
  EXPECT_EQ(ErrorOf(tree->SetMode("link", 0600)), EOPNOTSUPP);
  EXPECT_TRUE(tree->SetTimes("link", 5, 6).ok());
  EXPECT_EQ(tree->Stat("link")->mtime, 6);
  EXPECT_NE(tree->Stat("file")->mtime, 6);
}

TEST_F(LiveHostTreeTest, SetsModesAndTimes) {
  auto tree = Tree(true);
  dir_.Write("file", "");
  EXPECT_TRUE(tree->SetMode("file", 04711).ok());
  EXPECT_TRUE(tree->SetTimes("file", 0, -1).ok());
  EXPECT_EQ(tree->Stat("file")->mode & 07777, 04711u);
  EXPECT_EQ(tree->Stat("file")->mtime, -1);
}

// Where openat2(2) is missing.
TEST_F(LiveHostTreeTest, WalkingGivesTheSameAnswersAsOpenat2) {
  dir_.Write("d/e/file", "x");
  fs::create_symlink("d", dir_.Path("link"));
  fs::create_symlink("file", dir_.Path("d/e/link"));
  const auto root = ConfinedRoot::Open(dir_.path());
  ASSERT_TRUE(root.ok());
  for (const char* path : {"d", "d/e/file", "d/e/none", "d/none/x",
                           "d/e/file/x", "d/e/link"}) {
    EXPECT_EQ(ErrorOf(root->Open(path, O_RDONLY)),
              ErrorOf(root->Walk(path, O_RDONLY, 0)))
        << path;
  }
  EXPECT_NE(ErrorOf(root->Walk("link/e", O_RDONLY, 0)), 0);
  EXPECT_EQ(ErrorOf(root->Walk("d/../d", O_RDONLY, 0)), EINVAL);
}

TEST_F(LiveHostTreeTest, ReachesPathsLongerThanTheHostTakes) {
  auto tree = Tree(true);
  const std::string name(200, 'n');
  std::string path = name;
  ASSERT_TRUE(tree->MakeDirectory(path, 0700).ok());
  while (path.size() < 5000) {
    path += "/" + name;
    ASSERT_TRUE(tree->MakeDirectory(path, 0700).ok());
  }
  EXPECT_TRUE(tree->Create(path + "/file", 0600).ok());
  EXPECT_EQ(tree->List(path)->size(), 1u);
}

}  // namespace
}  // namespace emu
