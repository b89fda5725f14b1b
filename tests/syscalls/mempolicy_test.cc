// SPDX-License-Identifier: Apache-2.0
//
// NUMA calls on a machine with at least one node: get_mempolicy(2),
// set_mempolicy(2), mbind(2), move_pages(2); and other memory calls that
// answer without doing much.

#include <gtest/gtest.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

TEST(MempolicyTest, DefaultPolicyIsReported) {
  int mode = -1;
  unsigned long nodes[16] = {};
  ASSERT_THAT(syscall(SYS_get_mempolicy, &mode, nodes, 1024, nullptr, 0),
              Succeeds());
  EXPECT_EQ(mode, MPOL_DEFAULT);
}

TEST(MempolicyTest, AllowedNodesHoldTheFirst) {
  unsigned long nodes[16] = {};
  ASSERT_THAT(syscall(SYS_get_mempolicy, nullptr, nodes, 1024, nullptr,
                      MPOL_F_MEMS_ALLOWED),
              Succeeds());
  EXPECT_NE(nodes[0], 0u);
}

TEST(MempolicyTest, PolicyCanBeSetForThread) {
  EXPECT_THAT(RunInChild([] {
                const unsigned long nodes = 1;
                CHILD_CHECK(syscall(SYS_set_mempolicy, MPOL_PREFERRED, &nodes,
                                    64) == 0);
                int mode = -1;
                CHILD_CHECK(syscall(SYS_get_mempolicy, &mode, nullptr, 0,
                                    nullptr, 0) == 0);
                CHILD_CHECK(mode == MPOL_PREFERRED);
              }),
              Exited(0));
}

TEST(MempolicyTest, MbindAcceptsDefault) {
  Map map = Map::Private(kPage);
  EXPECT_THAT(
      syscall(SYS_mbind, map.data(), kPage, MPOL_DEFAULT, nullptr, 0, 0),
      Succeeds());
}

TEST(MempolicyTest, Errors) {
  Map map = Map::Private(kPage);
  const unsigned long nodes = 1;
  EXPECT_THAT(syscall(SYS_set_mempolicy, 99, nullptr, 0), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_set_mempolicy, MPOL_DEFAULT, &nodes, 64),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_set_mempolicy, MPOL_BIND, nullptr, 0),
              FailsWith(EINVAL));
  EXPECT_THAT(
      syscall(SYS_mbind, map.data() + 1, kPage, MPOL_DEFAULT, nullptr, 0, 0),
      FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_get_mempolicy, nullptr, nullptr, 0, nullptr, 0x100),
              FailsWith(EINVAL));
}

TEST(MovePagesTest, TellsWherePagesAre) {
  Map map = Map::Private(kPage);
  map[0] = 1;
  void* pages[] = {map.data()};
  int status[] = {-1};
  ASSERT_THAT(syscall(SYS_move_pages, 0, 1, pages, nullptr, status, 0),
              Succeeds());
  EXPECT_GE(status[0], 0);
}

TEST(ProcessMadviseTest, Errors) {
  Map map = Map::Private(kPage);
  const iovec vec = {map.data(), kPage};
  EXPECT_THAT(syscall(SYS_process_madvise, 777, &vec, 1, MADV_COLD, 0),
              FailsWith(EBADF));
  EXPECT_THAT(syscall(SYS_process_madvise, 777, &vec, 1, MADV_COLD, 1),
              FailsWith(EINVAL));
}

TEST(ProtectionKeyTest, UnallocatedKeyIsRefused) {
  Map map = Map::Private(kPage);
  EXPECT_THAT(syscall(SYS_pkey_mprotect, map.data(), kPage, PROT_READ, 9),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_pkey_mprotect, map.data(), kPage, PROT_READ, -1),
              Succeeds());  // As mprotect.
  EXPECT_THAT(syscall(SYS_pkey_alloc, 1, 0), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_pkey_free, 15), FailsWith(EINVAL));
}

}  // namespace
}  // namespace emu
