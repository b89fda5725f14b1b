// SPDX-License-Identifier: Apache-2.0
//
// Trees of hosts that lie and change: what the guest sees is a file system.

#include "kernel/fs/import_fs.h"

#include <gtest/gtest.h>
#include <limits.h>
#include <sys/stat.h>

#include <set>
#include <string>
#include <vector>

#include "kernel/fs/mount.h"
#include "kernel/fs/path.h"
#include "kernel/kernel.h"
#include "tests/util/fake_env.h"
#include "tests/util/fake_host_tree.h"
#include "tests/util/fake_machine.h"

namespace emu {
namespace {

// Nodes as of a FakeHostTree, and entries besides that a test makes up.
class LyingTree : public FakeHostTree {
 public:
  std::vector<HostDirEntry> more;  // in the root
  std::set<std::string> vanished;  // listed, but not there
  bool unreadable = false;

  Result<HostNode> Stat(const std::string& path) override {
    if (vanished.count(path) > 0) return Errno(ENOENT);
    return FakeHostTree::Stat(path);
  }
  Result<std::vector<HostDirEntry>> List(const std::string& path) override {
    if (unreadable) return Errno(EIO);
    Result<std::vector<HostDirEntry>> entries = FakeHostTree::List(path);
    if (path.empty() && entries.ok()) {
      entries->insert(entries->end(), more.begin(), more.end());
    }
    return entries;
  }
  Result<HostFileId> Open(const std::string& path, bool writable) override {
    if (vanished.count(path) > 0) return Errno(ENOENT);
    return FakeHostTree::Open(path, writable);
  }
};

class ImportFsTest : public testing::Test {
 protected:
  void Mount() {
    ASSERT_TRUE(
        kernel_.mounts().MountAt("/", NewImportFs(kernel_, tree_, {})).ok());
  }
  Result<Resolved> Walk(const std::string& name) {
    return ResolveAsKernel(kernel_.mounts().root(), name, {});
  }
  int ErrorOf(const std::string& name) {
    const Result<Resolved> found = Walk(name);
    return found.ok() ? 0 : found.error().value();
  }
  // The names in a directory; "!" if it cannot be listed.
  std::vector<std::string> Names(const std::string& path) {
    std::vector<std::string> names;
    const Result<> listed = Walk(path)->path.inode().List(
        nullptr, 0, [&names](const DirEntry& entry) {
          names.emplace_back(entry.name);
          return true;
        });
    if (!listed.ok()) names = {"!"};
    return names;
  }
  // The content from `offset` on, or the errno.
  std::string Read(const std::string& path, uint64_t offset = 0) {
    std::string bytes(64, '\0');
    IovIter to(absl::MakeSpan(bytes.data(), bytes.size()));
    const Result<size_t> n = Walk(path)->path.inode().ReadAt(to, offset);
    if (!n.ok()) return "E" + std::to_string(n.error().value());
    bytes.resize(*n);
    return bytes;
  }
  Result<size_t> Write(const std::string& path, const std::string& text) {
    IovIter from{absl::Span<const char>(text)};
    return Walk(path)->path.inode().WriteAt(from, 0);
  }

  LyingTree tree_;
  HeapPageStore pages_;
  FakeMachine machine_{pages_};
  FakeEnv env_;
  Kernel kernel_{machine_, pages_, env_, nullptr, {}};
};

TEST_F(ImportFsTest, NamesThatAreNoneAreLeftOut) {
  tree_.AddFile("good", "x");
  for (const std::string& name :
       {std::string(""), std::string("."), std::string(".."),
        std::string("a/b"), std::string("/etc/passwd"),
        std::string("../outside"), std::string("nul\0byte", 8),
        std::string(NAME_MAX + 1, 'n')}) {
    tree_.more.push_back({name, S_IFREG});
  }
  tree_.more.push_back({std::string(NAME_MAX, 'n'), S_IFREG});
  Mount();
  EXPECT_EQ(Names("/"), (std::vector<std::string>{
                            "good", std::string(NAME_MAX, 'n')}));
}

TEST_F(ImportFsTest, ANameThatIsToldTwiceIsThereOnce) {
  tree_.AddFile("file", "x");
  tree_.more.push_back({"file", S_IFREG});
  tree_.more.push_back({"file", S_IFDIR});
  Mount();
  EXPECT_EQ(Names("/"), (std::vector<std::string>{"file"}));
  EXPECT_EQ(Read("/file"), "x");
}

TEST_F(ImportFsTest, WhatVanishedIsNotFound) {
  tree_.AddDirectory("dir");
  tree_.AddFile("file", "x");
  tree_.more.push_back({"never", S_IFREG});
  tree_.more.push_back({"untold", 0});
  tree_.vanished = {"file", "dir"};
  Mount();
  for (const char* name : {"/file", "/dir", "/dir/x", "/never", "/untold"}) {
    EXPECT_EQ(ErrorOf(name), ENOENT) << name;
  }
}

TEST_F(ImportFsTest, AFileThatVanishesBeforeItIsReadFailsToBeRead) {
  tree_.AddFile("file", "content");
  Mount();
  ASSERT_TRUE(Walk("/file").ok());
  tree_.vanished = {"file"};
  EXPECT_EQ(Read("/file"), "E2");
  EXPECT_EQ(Write("/file", "new").error(), Errno(ENOENT));
  tree_.vanished = {};
  EXPECT_EQ(Read("/file"), "content");
}

TEST_F(ImportFsTest, SizesThatLieEndWhereTheBytesDo) {
  tree_.AddFile("long", "abc");
  tree_.at("long").attributes.size = 1'000'000;
  tree_.AddFile("short", "abcdef");
  tree_.at("short").attributes.size = 2;
  tree_.AddFile("none", "abc");
  tree_.at("none").attributes.size = 0;
  Mount();
  EXPECT_EQ(Read("/short"), "ab");
  EXPECT_EQ(Read("/none"), "");
  EXPECT_EQ(Read("/long"), "abc");
  EXPECT_EQ(Read("/long", 500'000), "");
  // The guest's own copy has zeroes there.
  ASSERT_TRUE(Write("/long", "X").ok());
  EXPECT_EQ(Read("/long").substr(0, 4), std::string("Xbc\0", 4));
  EXPECT_EQ(Read("/long", 999'990), std::string(10, '\0'));
}

TEST_F(ImportFsTest, TypesAreThoseOfTheNodeAndNotOfTheListing) {
  tree_.AddFile("file", "x");
  tree_.AddDirectory("real");
  tree_.AddFile("real/inside", "y");
  Mount();
  // The listing of a parent said otherwise.
  tree_.at("real").attributes.mode = S_IFREG | 0644;
  tree_.at("real").attributes.size = 0;
  EXPECT_EQ(ErrorOf("/real/inside"), ENOTDIR);
  EXPECT_EQ(ErrorOf("/file/x"), ENOTDIR);
  // A type that there is none of is nothing to open as a file.
  tree_.AddFile("odd", "x");
  tree_.at("odd").attributes.mode = 0777;
  EXPECT_EQ(ErrorOf("/odd"), ENOENT);  // came after the listing
}

TEST_F(ImportFsTest, ADirectoryThatCannotBeListedSaysSoAndIsTriedAgain) {
  tree_.AddFile("file", "x");
  Mount();
  tree_.unreadable = true;
  EXPECT_EQ(Names("/"), (std::vector<std::string>{"!"}));
  EXPECT_EQ(ErrorOf("/file"), EIO);
  tree_.unreadable = false;
  EXPECT_EQ(ErrorOf("/file"), 0);
}

TEST_F(ImportFsTest, LinksLeadNowhereOutside) {
  tree_.AddLink("up", "../../../../etc/passwd");
  tree_.AddLink("empty", "");
  tree_.AddLink("huge", std::string(100'000, 'x'));
  tree_.AddLink("self", "self/x");
  Mount();
  EXPECT_EQ(ErrorOf("/up"), ENOENT);
  EXPECT_EQ(ErrorOf("/empty"), ENOENT);
  EXPECT_NE(ErrorOf("/huge"), 0);
  EXPECT_EQ(ErrorOf("/self"), ELOOP);
}

TEST_F(ImportFsTest, AFullMemoryIsNoSpaceAndLeavesTheFileAsItWas) {
  KernelOptions options;
  options.memory = 64 * kPageSize;
  Kernel small(machine_, pages_, env_, nullptr, options);
  tree_.AddFile("big", std::string(100 * kPageSize, 'b'));
  ASSERT_TRUE(small.mounts().MountAt("/", NewImportFs(small, tree_, {})).ok());
  const Result<Resolved> big =
      ResolveAsKernel(small.mounts().root(), "/big", {});
  ASSERT_TRUE(big.ok());
  Inode& inode = big->path.inode();
  const std::string text = "x";
  IovIter from{absl::Span<const char>(text)};
  EXPECT_EQ(inode.WriteAt(from, 0).error(), Errno(ENOSPC));
  EXPECT_EQ(small.mounts().file_memory().used(), 0u);
  std::string bytes(4, '\0');
  IovIter to(absl::MakeSpan(bytes.data(), bytes.size()));
  ASSERT_TRUE(inode.ReadAt(to, 0).ok());
  EXPECT_EQ(bytes, "bbbb");
}

}  // namespace
}  // namespace emu
