// SPDX-License-Identifier: Apache-2.0

#include "arch/host/memory_tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace emu {
namespace {

constexpr MemoryTree::Node kFile = {.mode = S_IFREG | 0644};
constexpr MemoryTree::Node kDirectory = {.mode = S_IFDIR | 0700};
constexpr MemoryTree::Node kLink = {.mode = S_IFLNK | 0777};

template <typename T>
int ErrorOf(const Result<T>& result) {
  return result.ok() ? 0 : result.error().value();
}

class MemoryTreeTest : public testing::Test {
 protected:
  void SetUp() override {
    auto tree = MemoryTree::Create(
        "image", files_);
    ASSERT_TRUE(tree.ok()) << tree.status();
    tree_ = *std::move(tree);
  }

  absl::Status Write(const std::string& path, std::string content) {
    return tree_->AddFile(path, kFile, [&](absl::Span<char> out) {
      const size_t n = content.copy(out.data(), out.size());
      content.erase(0, n);
      return absl::StatusOr<size_t>(n);
    });
  }

  std::string Read(const std::string& path) {
    const auto file = tree_->Open(path, false);
    if (!file.ok()) return "error";
    std::string content(1 << 20, '\0');
    const auto n = tree_->ReadAt(
        *file, absl::MakeSpan(content.data(), content.size()), 0);
    tree_->Close(*file);
    return n.ok() ? content.substr(0, *n) : "error";
  }

  std::vector<std::string> Names(const std::string& path) {
    std::vector<std::string> names;
    const auto entries = tree_->List(path);
    if (!entries.ok()) return {"error"};
    for (const HostDirEntry& entry : *entries) names.push_back(entry.name);
    return names;
  }

  using Strings = std::vector<std::string>;
  OpenFiles files_{HostFiles::kHeldDescriptors};
  std::unique_ptr<MemoryTree> tree_;
};

TEST_F(MemoryTreeTest, KeepsContentsLargeAndSmall) {
  const std::string big(700'000, 'b');
  ASSERT_TRUE(Write("big", big).ok());
  ASSERT_TRUE(Write("empty", "").ok());
  ASSERT_TRUE(Write("small", "s").ok());
  EXPECT_EQ(Read("big"), big);
  EXPECT_EQ(Read("empty"), "");
  EXPECT_EQ(Read("small"), "s");
  EXPECT_EQ(tree_->Stat("big")->size, big.size());
  EXPECT_EQ(Names(""), (Strings{"big", "empty", "small"}));
}

TEST_F(MemoryTreeTest, MissingDirectoriesAreMade) {
  ASSERT_TRUE(Write("a/b/c", "x").ok());
  EXPECT_EQ(tree_->Stat("a/b")->mode, S_IFDIR | 0755u);
  ASSERT_TRUE(tree_->Add("a/b", kDirectory).ok());
  EXPECT_EQ(tree_->Stat("a/b")->mode, S_IFDIR | 0700u);
  EXPECT_EQ(Read("a/b/c"), "x");
}

TEST_F(MemoryTreeTest, DescriptorsAreFilesOfTheirOwn) {
  ASSERT_TRUE(Write("first", "111").ok());
  ASSERT_TRUE(Write("second", "22").ok());
  const auto file = tree_->Open("second", false);
  ASSERT_TRUE(file.ok());
  const auto fd = files_.Descriptor(*file);
  ASSERT_TRUE(fd.ok());
  char buffer[8];
  EXPECT_EQ(pread(*fd, buffer, sizeof(buffer), 0), 2);
  EXPECT_EQ(std::string(buffer, 2), "22");
}

TEST_F(MemoryTreeTest, DescriptorsComeBackAfterTheyWereClosed) {
  std::vector<HostFileId> ids;
  for (int i = 0; i < 2 * HostFiles::kHeldDescriptors; ++i) {
    ASSERT_TRUE(Write(std::to_string(i), std::to_string(i)).ok());
    ids.push_back(*tree_->Open(std::to_string(i), false));
  }
  char buffer[8];
  const auto fd = files_.Descriptor(ids[0]);
  ASSERT_TRUE(fd.ok());
  EXPECT_EQ(pread(*fd, buffer, sizeof(buffer), 0), 1);
  EXPECT_EQ(buffer[0], '0');
  EXPECT_TRUE(files_.Changed().empty());
}

TEST_F(MemoryTreeTest, TellsTheUsersFilesFromOthers) {
  ASSERT_TRUE(tree_->Add("own", {.mode = S_IFDIR | 0755, .uid = 1000}).ok());
  ASSERT_TRUE(tree_->Add("other", {.mode = S_IFDIR | 0755, .uid = 33, .gid = 44}).ok());
  EXPECT_TRUE(tree_->Stat("own")->keeps_owner);
  EXPECT_EQ(tree_->Stat("own")->uid, 1000u);
  EXPECT_EQ(tree_->Stat("other")->uid, 33u);
  EXPECT_EQ(tree_->Stat("other")->gid, 44u);
}

TEST_F(MemoryTreeTest, HardLinksAreOneFile) {
  ASSERT_TRUE(Write("file", "x").ok());
  ASSERT_TRUE(tree_->AddHardLink("d/link", "file").ok());
  EXPECT_EQ(tree_->Stat("file")->inode, tree_->Stat("d/link")->inode);
  EXPECT_EQ(tree_->Stat("file")->nlink, 2u);
  tree_->Remove("file");  // not what the same layer has
  EXPECT_EQ(Read("file"), "x");
  tree_->BeginLayer();
  tree_->Remove("file");
  EXPECT_EQ(Read("d/link"), "x");
  EXPECT_EQ(tree_->Stat("d/link")->nlink, 1u);
  EXPECT_FALSE(tree_->AddHardLink("bad", "none").ok());
  EXPECT_FALSE(tree_->AddHardLink("bad", "d").ok());
}

TEST_F(MemoryTreeTest, LinksOnTheWayAreFollowedWithinTheTree) {
  ASSERT_TRUE(tree_->Add("usr/lib", kDirectory).ok());
  ASSERT_TRUE(tree_->AddSymlink("lib", kLink, "usr/lib").ok());
  ASSERT_TRUE(tree_->AddSymlink("abs", kLink, "/../../usr").ok());
  ASSERT_TRUE(tree_->AddSymlink("loop", kLink, "loop").ok());
  ASSERT_TRUE(Write("lib/a", "1").ok());
  ASSERT_TRUE(Write("abs/lib/b", "2").ok());
  EXPECT_EQ(Names("usr/lib"), (Strings{"a", "b"}));
  EXPECT_EQ(*tree_->ReadLink("lib"), "usr/lib");
  EXPECT_FALSE(Write("loop/x", "").ok());
  // What is built is looked up as it is.
  EXPECT_EQ(ErrorOf(tree_->Stat("lib/a")), ENOTDIR);
}

TEST_F(MemoryTreeTest, WhatIsAddedLaterReplacesAllButDirectories) {
  ASSERT_TRUE(Write("a", "old").ok());
  ASSERT_TRUE(tree_->AddSymlink("a", kLink, "b").ok());
  EXPECT_TRUE(S_ISLNK(tree_->Stat("a")->mode));
  ASSERT_TRUE(Write("d/x", "").ok());
  ASSERT_TRUE(Write("d", "now a file").ok());
  EXPECT_EQ(Read("d"), "now a file");
  EXPECT_FALSE(Write("d/y", "").ok());
}

TEST_F(MemoryTreeTest, AnUpperLayerHidesTheLowerAndNotItself) {
  ASSERT_TRUE(Write("d/old", "").ok());
  ASSERT_TRUE(Write("d/sub/old", "").ok());
  ASSERT_TRUE(Write("other/old", "").ok());
  tree_->BeginLayer();
  ASSERT_TRUE(Write("d/sub/new", "").ok());
  tree_->RemoveChildren("d");
  ASSERT_TRUE(Write("d/newer", "").ok());
  tree_->Remove("other/old");
  EXPECT_EQ(Names("d"), (Strings{"newer", "sub"}));
  EXPECT_EQ(Names("d/sub"), (Strings{"new"}));
  EXPECT_EQ(Names("other"), Strings());
}

TEST_F(MemoryTreeTest, OpensNothingButFilesAndNothingForWriting) {
  ASSERT_TRUE(Write("file", "").ok());
  ASSERT_TRUE(tree_->Add("dir", kDirectory).ok());
  ASSERT_TRUE(tree_->Add("fifo", {.mode = S_IFIFO | 0600}).ok());
  EXPECT_EQ(ErrorOf(tree_->Open("file", true)), EROFS);
  EXPECT_EQ(ErrorOf(tree_->Open("dir", false)), EISDIR);
  EXPECT_EQ(ErrorOf(tree_->Open("fifo", false)), EINVAL);
  EXPECT_EQ(ErrorOf(tree_->Open("none", false)), ENOENT);
  EXPECT_EQ(ErrorOf(tree_->List("file")), ENOTDIR);
  EXPECT_EQ(ErrorOf(tree_->Unlink("file")), EROFS);
}

TEST_F(MemoryTreeTest, ATreeHasABottom) {
  std::string path = "d";
  for (int i = 0; i < 5000; ++i) path += "/d";
  EXPECT_FALSE(tree_->Add(path, kDirectory).ok());
}

}  // namespace
}  // namespace emu
