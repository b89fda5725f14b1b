// SPDX-License-Identifier: Apache-2.0
//
// prctl(2)'s PR_SET_VMA_ANON_NAME, which many a host's kernel is built without.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

// The name that /proc/self/maps shows for the area at `at`.
std::string NameOf(const void* at) {
  char start[32];
  snprintf(start, sizeof(start), "%08lx-", reinterpret_cast<long>(at));
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.rfind(start, 0) != 0) continue;
    const size_t name = line.find('[');
    return name == std::string::npos ? "" : line.substr(name);
  }
  return "no area";
}

TEST(AnonymousNameTest, IsShownAndKeepsAreasApart) {
  Map map = Map::Private(3 * kPage);
  char* const at = map.data() + kPage;
  ASSERT_THAT(
      prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, at, kPage, "a name (of mine)"),
      Succeeds());
  EXPECT_EQ(NameOf(at), "[anon:a name (of mine)]");
  EXPECT_EQ(NameOf(at + kPage), "");
  ASSERT_THAT(prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, at, kPage, nullptr),
              Succeeds());
  EXPECT_EQ(NameOf(at), "no area");
}

TEST(AnonymousNameTest, OfSharedMemory) {
  Map map = Map::Shared(kPage);
  ASSERT_THAT(
      prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, map.data(), kPage, "mine"),
      Succeeds());
  EXPECT_EQ(NameOf(map.data()), "[anon_shmem:mine]");
}

TEST(AnonymousNameTest, Errors) {
  Map map = Map::Private(2 * kPage);
  const auto name = [&](void* at, size_t length, const char* text) {
    return prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, at, length, text);
  };
  const std::string longest(79, 'n');
  EXPECT_THAT(name(map.data(), kPage, longest.c_str()), Succeeds());
  EXPECT_THAT(name(map.data(), kPage, (longest + "n").c_str()),
              FailsWith(EINVAL));
  EXPECT_THAT(name(map.data(), kPage, "a[b"), FailsWith(EINVAL));
  EXPECT_THAT(name(map.data(), kPage, "a\nb"), FailsWith(EINVAL));
  EXPECT_THAT(name(map.data() + 1, kPage, "a"), FailsWith(EINVAL));
  EXPECT_THAT(name(map.data(), kPage, static_cast<char*>(BadAddress())),
              FailsWith(EFAULT));
  EXPECT_THAT(prctl(PR_SET_VMA, 1, map.data(), kPage, "a"), FailsWith(EINVAL));
  ASSERT_THAT(munmap(map.data() + kPage, kPage), Succeeds());
  EXPECT_THAT(name(map.data(), 2 * kPage, "a"), FailsWith(ENOMEM));
  const Fd fd(open("/etc/passwd", O_RDONLY));
  Map file = Map::Of(fd, kPage, MAP_PRIVATE, PROT_READ);
  EXPECT_THAT(name(file.data(), kPage, "a"), FailsWith(EBADF));
}

}  // namespace
}  // namespace emu
