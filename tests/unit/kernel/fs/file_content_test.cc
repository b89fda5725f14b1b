// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/file_content.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/util/fake_host_tree.h"
#include "tests/util/fake_machine.h"

namespace emu {
namespace {

std::string Read(FileContent& content, uint64_t offset, size_t n) {
  std::string bytes(n, '?');
  IovIter to(absl::MakeSpan(&bytes[0], n));
  const Result<size_t> count = content.Read(to, offset);
  EXPECT_TRUE(count.ok());
  bytes.resize(count.ok() ? *count : 0);
  return bytes;
}

Result<size_t> Write(FileContent& content, uint64_t offset,
                     const std::string& bytes) {
  IovIter from(absl::MakeConstSpan(bytes.data(), bytes.size()));
  return content.Write(from, offset);
}

class FileContentTest : public testing::Test {
 protected:
  HeapPageStore pages_;
  SpaceQuota quota_;
};

TEST_F(FileContentTest, ReadsWhatWasWritten) {
  FileContent content(pages_, &quota_);
  EXPECT_EQ(*Write(content, 0, "hello"), 5u);
  EXPECT_EQ(*Write(content, 3, "LOW"), 3u);
  EXPECT_EQ(content.size(), 6u);
  EXPECT_EQ(Read(content, 0, 100), "helLOW");
  EXPECT_EQ(Read(content, 6, 1), "");
}

TEST_F(FileContentTest, GrowsFromTheHeapIntoPages) {
  FileContent content(pages_, &quota_);
  std::string all;
  for (int i = 0; i < 300; ++i) {
    const std::string line = std::to_string(i) + std::string(97, 'x') + "\n";
    ASSERT_EQ(*Write(content, all.size(), line), line.size());
    all += line;
  }
  EXPECT_EQ(Read(content, 0, all.size() + 1), all);
  EXPECT_EQ(content.Allocated(), PageUp(all.size()));
  EXPECT_EQ(quota_.used, content.Allocated());
}

TEST_F(FileContentTest, GapsReadAsZeroesAndTakeNoSpace) {
  FileContent content(pages_, &quota_);
  const uint64_t far = uint64_t{1} << 40;
  ASSERT_EQ(*Write(content, far, "end"), 3u);
  EXPECT_EQ(content.size(), far + 3);
  EXPECT_EQ(content.Allocated(), kPageSize);
  EXPECT_EQ(Read(content, far - 2, 5), std::string("\0\0end", 5));
  EXPECT_EQ(*content.SeekData(0, /*hole=*/false), far);
  EXPECT_EQ(*content.SeekData(far, /*hole=*/true), far + 3);
  EXPECT_EQ(*content.SeekData(5, /*hole=*/true), 5u);
}

TEST_F(FileContentTest, WhatWasCutOffReadsAsZeroesLater) {
  FileContent content(pages_, &quota_);
  ASSERT_TRUE(Write(content, 0, std::string(10000, 'x')).ok());
  ASSERT_TRUE(content.SetSize(5000).ok());
  ASSERT_TRUE(content.SetSize(9000).ok());
  EXPECT_EQ(Read(content, 4999, 3), std::string("x\0\0", 3));
  EXPECT_EQ(Read(content, 8500, 10), std::string(10, '\0'));
  EXPECT_EQ(content.Allocated(), 2 * kPageSize);
}

TEST_F(FileContentTest, PunchedHoleIsOne) {
  FileContent content(pages_, &quota_);
  ASSERT_TRUE(Write(content, 0, std::string(4 * kPageSize, 'x')).ok());
  ASSERT_TRUE(content.PunchHole(kPageSize - 1, 2 * kPageSize).ok());
  EXPECT_EQ(Read(content, kPageSize - 2, 3), std::string("x\0\0", 3));
  EXPECT_EQ(Read(content, 3 * kPageSize - 2, 3), std::string("\0xx", 3));
  EXPECT_EQ(*content.SeekData(0, /*hole=*/true), kPageSize);
  EXPECT_EQ(content.Allocated(), 3 * kPageSize);
}

TEST_F(FileContentTest, QuotaLimitsWritesToWholePages) {
  quota_.limit = 3 * kPageSize;
  FileContent content(pages_, &quota_);
  EXPECT_EQ(*Write(content, 0, std::string(2 * kPageSize, 'x')), 2 * kPageSize);
  EXPECT_EQ(*Write(content, 2 * kPageSize, std::string(2 * kPageSize, 'y')),
            kPageSize);
  EXPECT_EQ(Write(content, 3 * kPageSize, "z").error(), Errno(ENOSPC));
  ASSERT_TRUE(content.SetSize(0).ok());
  EXPECT_EQ(quota_.used, 0u);
}

TEST_F(FileContentTest, WriteThroughMappingIsSeen) {
  FileContent content(pages_, &quota_);
  ASSERT_TRUE(content.SetSize(3 * kPageSize).ok());
  ASSERT_TRUE(content.BeforeMap(/*shared=*/true, /*writable=*/true).ok());
  auto piece = content.Locate(kPageSize, kPageSize);
  ASSERT_TRUE(piece.has_value());
  memcpy(pages_.At(piece->backing.offset), "guest", 5);
  EXPECT_EQ(Read(content, kPageSize, 5), "guest");
  EXPECT_FALSE(content.Locate(3 * kPageSize, kPageSize).has_value());
}

TEST_F(FileContentTest, HostFileIsServedUntilWritten) {
  FakeHostTree tree;
  const std::string bytes = "from the host" + std::string(5000, '.');
  tree.AddFile("file", bytes);
  FileContent content(pages_, &quota_);
  content.ServeFromHost(tree, "file", bytes.size());
  EXPECT_EQ(Read(content, 5, 8), "the host");
  ASSERT_TRUE(content.BeforeMap(/*shared=*/false, /*writable=*/true).ok());
  EXPECT_EQ(content.Locate(0, kPageSize)->backing.kind,
            Backing::Kind::kHostFile);

  ASSERT_EQ(*Write(content, 0, "FROM"), 4u);
  EXPECT_EQ(content.Locate(0, kPageSize)->backing.kind, Backing::Kind::kPages);
  EXPECT_EQ(Read(content, 0, 13), "FROM the host");
  EXPECT_EQ(tree.at("file").bytes, bytes);
  EXPECT_EQ(tree.opens, 1);
  EXPECT_EQ(tree.closes, 1);
}

TEST_F(FileContentTest, SmallHostFileIsTakenWhenItIsOpened) {
  FakeHostTree tree;
  tree.AddFile("file", "from the host");
  FileContent content(pages_, &quota_);
  content.ServeFromHost(tree, "file", 13);
  EXPECT_EQ(content.Allocated(), kPageSize);
  ASSERT_TRUE(content.OpenHost().ok());
  EXPECT_EQ(tree.opens, 1);
  EXPECT_EQ(tree.closes, 1);
  tree.at("file").bytes = "changed since";
  EXPECT_EQ(Read(content, 5, 100), "the host");
  EXPECT_EQ(content.Allocated(), kPageSize);
  EXPECT_EQ(*content.SeekData(0, /*hole=*/true), 13u);
  ASSERT_TRUE(content.BeforeMap(/*shared=*/false, /*writable=*/false).ok());
  EXPECT_EQ(content.Locate(0, kPageSize)->backing.kind, Backing::Kind::kPages);
  EXPECT_EQ(Read(content, 0, 100), "from the host");
  EXPECT_EQ(tree.opens, 1);
}

// It is no longer what its metadata said: its reader finds that out.
TEST_F(FileContentTest, SmallHostFileThatShrankStaysOnTheHost) {
  FakeHostTree tree;
  tree.AddFile("file", "from");
  FileContent content(pages_, &quota_);
  content.ServeFromHost(tree, "file", 13);
  EXPECT_EQ(Read(content, 0, 100), "from");
  EXPECT_EQ(tree.closes, 0);
}

TEST_F(FileContentTest, SmallHostFileIsMappedThoughNobodyOpenedIt) {
  FakeHostTree tree;
  tree.AddFile("file", "from the host");
  FileContent content(pages_, &quota_);
  content.ServeFromHost(tree, "file", 13);
  ASSERT_TRUE(content.BeforeMap(/*shared=*/false, /*writable=*/false).ok());
  EXPECT_EQ(content.Locate(0, kPageSize)->backing.kind, Backing::Kind::kPages);
  EXPECT_EQ(Read(content, 0, 100), "from the host");
}

TEST_F(FileContentTest, FileThatTheHostCannotMapIsCopied) {
  FakeHostTree tree;
  const std::string bytes = "from the host" + std::string(1 << 20, '.');
  tree.AddFile("file", bytes);
  tree.maps = false;
  FileContent content(pages_, &quota_);
  content.ServeFromHost(tree, "file", bytes.size());
  EXPECT_EQ(Read(content, 5, 3), "the");
  EXPECT_EQ(quota_.used, 0u);
  ASSERT_TRUE(content.BeforeMap(/*shared=*/false, /*writable=*/false).ok());
  const auto piece = content.Locate(0, kPageSize);
  ASSERT_EQ(piece->backing.kind, Backing::Kind::kPages);
  EXPECT_EQ(std::string(pages_.At(piece->backing.offset), 14),
            "from the host.");
  EXPECT_EQ(tree.closes, 1);
}

TEST_F(FileContentTest, TruncatedHostFileIsNotRead) {
  FakeHostTree tree;
  tree.AddFile("file", "from the host");
  FileContent content(pages_, &quota_);
  content.ServeFromHost(tree, "file", 13);
  ASSERT_TRUE(content.SetSize(0).ok());
  EXPECT_EQ(tree.opens, 0);
  EXPECT_EQ(Read(content, 0, 100), "");
}

}  // namespace
}  // namespace emu
