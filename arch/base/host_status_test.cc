// SPDX-License-Identifier: Apache-2.0
#include "arch/base/host_status.h"

#include <errno.h>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

TEST(HostErrorTest, MessageIsTheCallThenTheErrorText) {
  EXPECT_EQ(HostError(EFBIG, "ftruncate(3, 4096)").message(),
            "ftruncate(3, 4096): File too large");
}

TEST(HostErrorTest, NamesAnErrorWithoutTextByNumber) {
  EXPECT_EQ(HostError(4095, "f()").message(), "f(): Unknown error 4095");
}

TEST(HostErrorTest, CodeIsAbseilsForTheErrno) {
  EXPECT_EQ(HostError(EPERM, "f()").code(),
            absl::StatusCode::kPermissionDenied);
}

TEST(ErrnoOfTest, GivesTheErrnoBackWhereCodesFold) {
  EXPECT_EQ(ErrnoOf(HostError(EINVAL, "f()")), EINVAL);
  EXPECT_EQ(ErrnoOf(HostError(EFAULT, "f()")), EFAULT);
}

TEST(ErrnoOfTest, SurvivesCopies) {
  const absl::Status original = HostError(ESRCH, "f()");
  const absl::Status copy = original;
  EXPECT_EQ(ErrnoOf(copy), ESRCH);
}

TEST(ErrnoOfTest, IsZeroForOk) { EXPECT_EQ(ErrnoOf(absl::OkStatus()), 0); }

TEST(ErrnoOfTest, IsZeroForAStatusThatNoHostCallMade) {
  EXPECT_EQ(ErrnoOf(absl::NotFoundError("no such row")), 0);
}

}  // namespace
}  // namespace emu
