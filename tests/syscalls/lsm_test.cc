// SPDX-License-Identifier: Apache-2.0
//
// lsm_list_modules(2), lsm_get_self_attr(2) and lsm_set_self_attr(2), with no
// module that keeps attributes.

#include <gtest/gtest.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

constexpr int kGet = 459, kSet = 460, kList = 461;
constexpr int kCurrent = 100;         // LSM_ATTR_CURRENT
constexpr uint64_t kCapability = 100;  // LSM_ID_CAPABILITY

struct Context {
  uint64_t id = kCapability;
  uint64_t flags = 0;
  uint64_t len = 32;
  uint64_t ctx_len = 0;
};

TEST(LsmTest, CapabilitiesAreAModule) {
  uint64_t ids[64];
  uint32_t size = sizeof(ids);
  const long count = syscall(kList, ids, &size, 0);
  ASSERT_GE(count, 1);
  EXPECT_EQ(size, count * sizeof(ids[0]));
  EXPECT_EQ(std::count(ids, ids + count, kCapability), 1);
}

TEST(LsmTest, ListErrors) {
  uint64_t ids[64];
  uint32_t size = sizeof(ids);
  EXPECT_THAT(syscall(kList, ids, &size, 1), FailsWith(EINVAL));
  EXPECT_THAT(syscall(kList, ids, BadAddress(), 0), FailsWith(EFAULT));
  EXPECT_THAT(syscall(kList, BadAddress(), &size, 0), FailsWith(EFAULT));
  size = 7;
  EXPECT_THAT(syscall(kList, ids, &size, 0), FailsWith(E2BIG));
  EXPECT_GE(size, 8u);
}

TEST(LsmTest, TasksHaveNoAttributes) {
  Context context;
  uint32_t size = sizeof(context);
  EXPECT_THAT(syscall(kGet, kCurrent, &context, &size, 0),
              FailsWith(EOPNOTSUPP));
  EXPECT_EQ(size, 0u);
  EXPECT_THAT(syscall(kGet, kCurrent, nullptr, &size, 0),
              FailsWith(EOPNOTSUPP));
  EXPECT_THAT(syscall(kGet, kCurrent, &context, &size, 1),
              FailsWith(EOPNOTSUPP));
}

TEST(LsmTest, GetErrors) {
  Context context;
  uint32_t size = sizeof(context);
  EXPECT_THAT(syscall(kGet, 0, &context, &size, 0), FailsWith(EINVAL));
  EXPECT_THAT(syscall(kGet, kCurrent, &context, nullptr, 0),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(kGet, kCurrent, &context, BadAddress(), 0),
              FailsWith(EFAULT));
  EXPECT_THAT(syscall(kGet, kCurrent, &context, &size, 2), FailsWith(EINVAL));
  EXPECT_THAT(syscall(kGet, kCurrent, nullptr, &size, 1), FailsWith(EINVAL));
  context.id = 0;
  EXPECT_THAT(syscall(kGet, kCurrent, &context, &size, 1), FailsWith(EINVAL));
}

TEST(LsmTest, SetErrors) {
  Context context;
  EXPECT_THAT(syscall(kSet, kCurrent, &context, 32, 0), FailsWith(EOPNOTSUPP));
  EXPECT_THAT(syscall(kSet, kCurrent, &context, 32, 1), FailsWith(EINVAL));
  EXPECT_THAT(syscall(kSet, kCurrent, &context, 31, 0), FailsWith(EINVAL));
  EXPECT_THAT(syscall(kSet, kCurrent, &context, 5000, 0), FailsWith(E2BIG));
  EXPECT_THAT(syscall(kSet, kCurrent, BadAddress(), 32, 0), FailsWith(EFAULT));
  context.len = 33;
  EXPECT_THAT(syscall(kSet, kCurrent, &context, 32, 0), FailsWith(EINVAL));
  context = {};
  context.ctx_len = 1;
  EXPECT_THAT(syscall(kSet, kCurrent, &context, 32, 0), FailsWith(EINVAL));
  context.ctx_len = ~uint64_t{0};
  EXPECT_THAT(syscall(kSet, kCurrent, &context, 32, 0), FailsWith(EINVAL));
}

}  // namespace
}  // namespace emu
