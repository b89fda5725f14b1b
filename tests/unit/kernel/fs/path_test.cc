// SPDX-License-Identifier: Apache-2.0
//
// The walk, mounts, and imported trees, without a guest.

#include "kernel/fs/path.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <utility>

#include "kernel/fs/import_fs.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/kernel.h"
#include "tests/util/fake_env.h"
#include "tests/util/fake_host_tree.h"
#include "tests/util/fake_machine.h"

namespace emu {
namespace {

class PathTest : public testing::Test {
 protected:
  PathTest() {
    tree_.AddDirectory("dir");
    tree_.AddDirectory("dir/sub");
    tree_.AddFile("dir/file", "from the host");
    tree_.AddName("dir/file", "dir/other");
    tree_.AddLink("link", "dir/sub");
    tree_.AddLink("up", "../../dir");
    tree_.AddLink("absolute", "/dir/file");
    tree_.AddLink("loop", "loop");
    tree_.AddDirectory("proc");
    tree_.AddFile("proc/secret", "the host's own");
    EXPECT_TRUE(mounts().MountAt("/", NewImportFs(kernel_, tree_, {})).ok());
  }

  MountTree& mounts() { return kernel_.mounts(); }
  Result<Resolved> Walk(const std::string& name,
                        const ResolveFlags& flags = {}) {
    return ResolveAsKernel(mounts().root(), name, flags);
  }
  // Where `name` leads, by its own name; or the errno.
  std::string Led(const std::string& name, const ResolveFlags& flags = {}) {
    Result<Resolved> end = Walk(name, flags);
    if (!end.ok()) return "E" + std::to_string(end.error().value());
    return PathName(end->path, mounts().root());
  }
  static std::string Error(int error) { return "E" + std::to_string(error); }

  std::string Contents(Inode& inode) {
    std::string bytes(100, '\0');
    IovIter to(absl::MakeSpan(&bytes[0], bytes.size()));
    bytes.resize(*inode.ReadAt(to, 0));
    return bytes;
  }

  FakeHostTree tree_;
  HeapPageStore pages_;
  FakeMachine machine_{pages_};
  FakeEnv env_;
  Kernel kernel_{machine_, pages_, env_, nullptr, {}};
};

TEST_F(PathTest, FollowsNamesAndDots) {
  EXPECT_EQ(Led("/"), "/");
  EXPECT_EQ(Led("/dir//sub/./.."), "/dir");
  EXPECT_EQ(Led("dir/sub/../../../.."), "/");
  EXPECT_EQ(Led("dir/missing"), Error(ENOENT));
  EXPECT_EQ(Led("dir/file/x"), Error(ENOTDIR));
  EXPECT_EQ(Led("dir/file/"), Error(ENOTDIR));
  EXPECT_EQ(Led(""), Error(ENOENT));
  EXPECT_EQ(Led(std::string(256, 'x')), Error(ENAMETOOLONG));
}

TEST_F(PathTest, FollowsLinks) {
  EXPECT_EQ(Led("link"), "/dir/sub");
  EXPECT_EQ(Led("link/.."), "/dir");
  EXPECT_EQ(Led("up/file"), "/dir/file");
  EXPECT_EQ(Led("absolute"), "/dir/file");
  EXPECT_EQ(Led("loop"), Error(ELOOP));
  EXPECT_EQ(Led("link", {.follow_last = false}), "/link");
  EXPECT_EQ(Led("link/", {.follow_last = false}), "/dir/sub");
  EXPECT_EQ(Led("link", {.no_symlinks = true}), Error(ELOOP));
}

TEST_F(PathTest, ScopedWalksStayBelowTheirStart) {
  const Path dir = Walk("dir")->path;
  const auto led = [&](const std::string& name, const ResolveFlags& flags) {
    Result<Resolved> end = ResolveAsKernel(dir, name, flags);
    return end.ok() ? PathName(end->path, mounts().root())
                    : Error(end.error().value());
  };
  EXPECT_EQ(led("sub/..", {.beneath = true}), "/dir");
  EXPECT_EQ(led("..", {.beneath = true}), Error(EXDEV));
  EXPECT_EQ(led("/sub", {.beneath = true}), Error(EXDEV));
  EXPECT_EQ(led("/../sub", {.in_root = true}), "/dir/sub");
}

TEST_F(PathTest, ParentOfLastName) {
  Result<Resolved> at = Walk("dir/new/", {.want_parent = true});
  ASSERT_TRUE(at.ok());
  EXPECT_EQ(at->last, "new");
  EXPECT_TRUE(at->trailing_slash);
  EXPECT_FALSE(at->target);
  at = Walk("link", {.want_parent = true});
  EXPECT_TRUE(at->target.inode().IsSymlink());
  at = Walk("link", {.want_parent = true, .create = true});
  EXPECT_EQ(at->last, "sub");
  EXPECT_EQ(PathName(at->path, mounts().root()), "/dir");
}

TEST_F(PathTest, MountsCoverAndAreLeftByDotDot) {
  ASSERT_TRUE(mounts().MountAt("/dir/sub/deep", NewTmpfs(kernel_, {})).ok());
  EXPECT_EQ(Led("dir/sub/deep"), "/dir/sub/deep");
  EXPECT_EQ(Led("dir/sub/deep/.."), "/dir/sub");
  EXPECT_EQ(Walk("dir/sub/deep")->path.inode().fs().type(), "tmpfs");
  EXPECT_EQ(Led("dir/sub/deep", {.no_xdev = true}), Error(EXDEV));
  const Path covered = Walk("dir/sub/deep")->path;
  EXPECT_EQ(mounts().Detach(Walk("dir")->path, false).error(), Errno(EINVAL));
  EXPECT_TRUE(mounts().Detach(covered, /*lazy=*/true).ok());
  EXPECT_EQ(Walk("dir/sub/deep")->path.inode().fs().type(), "ext4");
}

TEST_F(PathTest, BoundSubtreeShowsAtBothPlaces) {
  const Path dir = Walk("dir")->path;
  ASSERT_TRUE(mounts().MountAt("/place", NewTmpfs(kernel_, {})).ok());
  ASSERT_TRUE(mounts().Bind(dir, Walk("place")->path, false).ok());
  EXPECT_EQ(&Walk("place/file")->path.inode(), &Walk("dir/file")->path.inode());
  EXPECT_EQ(Led("place/sub"), "/place/sub");
}

TEST_F(PathTest, ImportedDirectoryIsListedOnceAndThenTheGuests) {
  EXPECT_EQ(Led("dir/file"), "/dir/file");
  const int lists = tree_.lists;
  tree_.AddFile("dir/late", "");
  EXPECT_EQ(Led("dir/late"), Error(ENOENT));
  Path dir = Walk("dir")->path;
  ASSERT_TRUE(dir.inode().Create("mine", {.mode = S_IFREG | 0644}).ok());
  EXPECT_EQ(Led("dir/mine"), "/dir/mine");
  EXPECT_EQ(tree_.lists, lists);
}

TEST_F(PathTest, ImportedNamesOfOneFileAreOneInode) {
  Inode& file = Walk("dir/file")->path.inode();
  EXPECT_EQ(&Walk("dir/other")->path.inode(), &file);
  EXPECT_EQ(file.LinkCount(), 2u);
  const std::string bytes = "changed";
  IovIter from(absl::MakeConstSpan(bytes.data(), bytes.size()));
  ASSERT_TRUE(file.WriteAt(from, 0).ok());
  EXPECT_EQ(Contents(Walk("dir/other")->path.inode()), "changede host");
  EXPECT_EQ(tree_.at("dir/file").bytes, "from the host");
}

TEST_F(PathTest, SystemDirectoriesOfTheHostShowEmpty) {
  EXPECT_EQ(Led("proc"), "/proc");
  EXPECT_EQ(Led("proc/secret"), Error(ENOENT));
}

TEST_F(PathTest, ChainOfDirectoriesMayBeOfAnyDepth) {
  ASSERT_TRUE(mounts().MountAt("/deep", NewTmpfs(kernel_, {})).ok());
  Path at = Walk("deep")->path;
  for (int i = 0; i < 100'000; ++i) {
    InodeRef made = *at.inode().Create("d", {.mode = S_IFDIR | 0755});
    at.dentry = at.dentry->Insert("d", made).shared_from_this();
  }
  EXPECT_EQ(PathName(at, mounts().root()).size(), 5u + 2 * 100'000);
}

}  // namespace
}  // namespace emu
