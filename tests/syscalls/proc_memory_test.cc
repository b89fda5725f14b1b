// SPDX-License-Identifier: Apache-2.0
//
// What /proc/PID tells of memory page by page and file by file, and of what went
// through files.

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using ProcMemoryTest = TempDirTest;
using ProcIoTest = TempDirTest;

constexpr uint64_t kPresent = uint64_t{1} << 63;
constexpr uint64_t kSwapped = uint64_t{1} << 62;
constexpr uint64_t kOfFile = uint64_t{1} << 61;
constexpr uint64_t kFrame = (uint64_t{1} << 55) - 1;
constexpr size_t kPage = 4096;

void* Anonymous(size_t pages, int flags = MAP_PRIVATE) {
  return mmap(nullptr, pages * kPage, PROT_READ | PROT_WRITE,
              flags | MAP_ANONYMOUS, -1, 0);
}

off_t PlaceOf(const void* page) {
  return static_cast<off_t>(reinterpret_cast<uintptr_t>(page) / kPage * 8);
}

// The word of the page at `page`; all ones: it cannot be read.
uint64_t WordOf(const void* page) {
  const Fd fd(open("/proc/self/pagemap", O_RDONLY));
  uint64_t word = 0;
  return pread(fd, &word, 8, PlaceOf(page)) == 8 ? word : ~uint64_t{0};
}

TEST(PagemapTest, TouchedPagesArePresent) {
  char* pages = static_cast<char*>(Anonymous(4));
  ASSERT_NE(pages, MAP_FAILED);
  pages[kPage] = 1;
  EXPECT_EQ(WordOf(pages), 0u);
  EXPECT_EQ(WordOf(pages + kPage) & (kPresent | kSwapped | kOfFile), kPresent);
  ASSERT_THAT(madvise(pages, 4 * kPage, MADV_DONTNEED), Succeeds());
  EXPECT_EQ(WordOf(pages + kPage), 0u);
  ASSERT_THAT(munmap(pages, 4 * kPage), Succeeds());
  EXPECT_EQ(WordOf(pages), 0u);
}

TEST(PagemapTest, SharedMemoryCountsAsAFile) {
  char* page = static_cast<char*>(Anonymous(1, MAP_SHARED));
  ASSERT_NE(page, MAP_FAILED);
  page[0] = 1;
  EXPECT_EQ(WordOf(page) & (kPresent | kOfFile), kPresent | kOfFile);
  EXPECT_THAT(munmap(page, kPage), Succeeds());
}

TEST(PagemapTest, FramesAreHidden) {
  char* page = static_cast<char*>(Anonymous(1));
  page[0] = 1;
  EXPECT_EQ(WordOf(page) & kFrame, 0u);
  EXPECT_THAT(munmap(page, kPage), Succeeds());
}

TEST(PagemapTest, IsReadByWords) {
  const Fd fd(open("/proc/self/pagemap", O_RDONLY));
  char words[64];
  EXPECT_THAT(pread(fd, words, 7, 0), FailsWith(EINVAL));
  EXPECT_THAT(pread(fd, words, 8, 4), FailsWith(EINVAL));
  EXPECT_THAT(pread(fd, words, 64, 0), SucceedsWith(64));
  EXPECT_THAT(lseek(fd, 16, SEEK_SET), SucceedsWith(16));
  EXPECT_THAT(read(fd, words, 8), SucceedsWith(8));
  EXPECT_THAT(lseek(fd, 0, SEEK_CUR), SucceedsWith(24));
  EXPECT_THAT(lseek(fd, 0, SEEK_END), FailsWith(EINVAL));
}

TEST(PagemapTest, EndsWithTheAddressSpace) {
  const Fd fd(open("/proc/self/pagemap", O_RDONLY));
  constexpr off_t kEnd = (off_t{1} << 47) / kPage * 8;
  char words[64];
  EXPECT_THAT(pread(fd, words, 64, kEnd), SucceedsWith(0));
  EXPECT_THAT(pread(fd, words, 64, off_t{1} << 60), SucceedsWith(0));
}

TEST(PagemapTest, IsReadAlone) {
  struct stat st = {};
  ASSERT_THAT(stat("/proc/self/pagemap", &st), Succeeds());
  EXPECT_EQ(st.st_mode, mode_t{S_IFREG | 0400});
  EXPECT_THAT(open("/proc/self/pagemap", O_WRONLY), FailsWith(EACCES));
  EXPECT_THAT(open("/proc/1/pagemap", O_RDONLY), FailsWith(EACCES));
}

// A page of the file "mapped", mapped.
class MapFilesTest : public TempDirTest {
 protected:
  void SetUp() override {
    TempDirTest::SetUp();
    const Fd file = OpenWith("mapped", std::string(kPage, 'x'));
    page_ = mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, file, 0);
    ASSERT_NE(page_, MAP_FAILED);
  }
  void TearDown() override { munmap(page_, kPage); }

  static std::string NameOf(const void* page, size_t size = kPage) {
    std::ostringstream name;
    const auto start = reinterpret_cast<uintptr_t>(page);
    name << std::hex << start << '-' << start + size;
    return name.str();
  }
  static std::string LinkTo(const void* page) {
    return "/proc/self/map_files/" + NameOf(page);
  }

  void* page_ = MAP_FAILED;
};

TEST_F(MapFilesTest, ListsMappedFilesByTheirAreas) {
  void* anonymous = Anonymous(1);
  std::set<std::string> names;
  DIR* dir = opendir("/proc/self/map_files");
  ASSERT_NE(dir, nullptr);
  while (const dirent* entry = readdir(dir)) {
    if (entry->d_name[0] == '.') continue;
    EXPECT_EQ(entry->d_type, DT_LNK) << entry->d_name;
    names.insert(entry->d_name);
  }
  closedir(dir);
  EXPECT_EQ(names.count(NameOf(page_)), 1u);
  for (const std::string& name : names) {
    EXPECT_EQ(name.find(NameOf(anonymous).substr(0, 12)), std::string::npos);
  }
  EXPECT_THAT(munmap(anonymous, kPage), Succeeds());
}

TEST_F(MapFilesTest, LinksSayWhatIsMapped) {
  char cwd[PATH_MAX], target[PATH_MAX] = {};
  ASSERT_NE(getcwd(cwd, sizeof(cwd)), nullptr);
  ASSERT_GT(readlink(LinkTo(page_).c_str(), target, sizeof(target) - 1), 0);
  EXPECT_EQ(std::string(target), std::string(cwd) + "/mapped");
}

TEST_F(MapFilesTest, LinksAreNotForAllToFollow) {
  const std::string link = LinkTo(page_);
  struct stat st = {};
  EXPECT_THAT(stat(link.c_str(), &st), FailsWith(EPERM));
  EXPECT_THAT(open(link.c_str(), O_RDONLY), FailsWith(EPERM));
  ASSERT_THAT(lstat(link.c_str(), &st), Succeeds());
  EXPECT_EQ(st.st_mode & S_IFMT, mode_t{S_IFLNK});
  EXPECT_EQ(st.st_mode & 0477, mode_t{0400});
  EXPECT_EQ(st.st_size, 64);
}

TEST_F(MapFilesTest, SharedMemoryIsANamelessFile) {
  void* shared = Anonymous(1, MAP_SHARED);
  char target[PATH_MAX] = {};
  ASSERT_GT(readlink(LinkTo(shared).c_str(), target, sizeof(target) - 1), 0);
  EXPECT_STREQ(target, "/dev/zero (deleted)");
  EXPECT_THAT(munmap(shared, kPage), Succeeds());
}

TEST_F(MapFilesTest, OnlyExactNamesAreFound) {
  struct stat st = {};
  const auto look = [&](const std::string& name) {
    return lstat(("/proc/self/map_files/" + name).c_str(), &st);
  };
  EXPECT_THAT(look(NameOf(page_)), Succeeds());
  EXPECT_THAT(look("0" + NameOf(page_)), FailsWith(ENOENT));
  EXPECT_THAT(look(NameOf(page_, 2 * kPage)), FailsWith(ENOENT));
  EXPECT_THAT(look("name"), FailsWith(ENOENT));
  ASSERT_THAT(munmap(page_, kPage), Succeeds());
  EXPECT_THAT(look(NameOf(page_)), FailsWith(ENOENT));
}

TEST_F(MapFilesTest, IsTheOwnersAlone) {
  struct stat st = {};
  ASSERT_THAT(stat("/proc/self/map_files", &st), Succeeds());
  EXPECT_EQ(st.st_mode, mode_t{S_IFDIR | 0500});
  EXPECT_THAT(open("/proc/1/map_files", O_RDONLY), FailsWith(EACCES));
}

TEST(MountstatsTest, NamesEveryMount) {
  const std::string text = ReadFile("/proc/self/mountstats");
  EXPECT_NE(text.find(" mounted on /proc with fstype proc\n"),
            std::string::npos);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.rfind("device ", 0) == 0 ||
                line.rfind("no device mounted on ", 0) == 0)
        << line;
  }
}

// /proc/self/io, or another's.
struct Io {
  explicit Io(const char* name = "/proc/self/io") {
    std::istringstream text(ReadFile(name));
    std::string key;
    text >> key >> rchar >> key >> wchar >> key >> syscr >> key >> syscw;
  }
  uint64_t rchar = 0, wchar = 0, syscr = 0, syscw = 0;
};

TEST_F(ProcIoTest, CountsWhatIsWritten) {
  const Fd file = OpenWith("file", "");
  const Io before;
  EXPECT_THAT(write(file, "12345", 5), SucceedsWith(5));
  EXPECT_THAT(pwrite(file, "123", 3, 0), SucceedsWith(3));
  EXPECT_THAT(write(-1, "1", 1), FailsWith(EBADF));
  const Io after;
  EXPECT_EQ(after.wchar - before.wchar, 8u);
  EXPECT_EQ(after.syscw - before.syscw, 2u);
}

TEST_F(ProcIoTest, CountsWhatIsRead) {
  const Fd file = OpenWith("file", "1234567");
  // What reading of it costs by itself.
  const Io first, second;
  char bytes[100];
  EXPECT_THAT(pread(file, bytes, 100, 0), SucceedsWith(7));
  EXPECT_THAT(pread(file, bytes, 100, 50), SucceedsWith(0));
  const Io third;
  EXPECT_EQ(third.syscr - second.syscr, second.syscr - first.syscr + 2);
  EXPECT_GE(third.rchar - second.rchar, second.rchar - first.rchar + 7);
  EXPECT_LE(third.rchar - second.rchar, second.rchar - first.rchar + 11);
}

TEST_F(ProcIoTest, ATransferIsAReadAndAWrite) {
  const Fd from = OpenWith("from", "1234567");
  const Fd to = OpenWith("to", "");
  off_t start = 0;
  const Io before;
  EXPECT_THAT(sendfile(to, from, &start, 7), SucceedsWith(7));
  const Io after;
  EXPECT_EQ(after.wchar - before.wchar, 7u);
  EXPECT_EQ(after.syscw - before.syscw, 1u);
}

TEST_F(ProcIoTest, ThreadsCountForThemselvesAndTheirProcess) {
  const Fd file = OpenWith("file", "");
  const Io before;
  std::thread([&] {
    const Io start("/proc/thread-self/io");
    EXPECT_EQ(start.syscw, 0u);
    EXPECT_THAT(write(file, "12", 2), SucceedsWith(2));
    const Io end("/proc/thread-self/io");
    EXPECT_EQ(end.wchar, 2u);
    EXPECT_EQ(end.syscw, 1u);
  }).join();
  const Io after;
  EXPECT_EQ(after.wchar - before.wchar, 2u);
  EXPECT_EQ(after.syscw - before.syscw, 1u);
}

TEST_F(ProcIoTest, ReapedChildrenAreAdded) {
  const Fd file = OpenWith("file", "");
  const Io before;
  Child child([&] {
    const Io own;
    CHILD_CHECK(own.wchar == 0 && own.syscw == 0);
    CHILD_CHECK(write(file, "123", 3) == 3);
  });
  EXPECT_THAT(child.Wait(), Exited(0));
  const Io after;
  EXPECT_EQ(after.wchar - before.wchar, 3u);
  EXPECT_EQ(after.syscw - before.syscw, 1u);
}

}  // namespace
}  // namespace emu
