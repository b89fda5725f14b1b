// SPDX-License-Identifier: Apache-2.0
#include "arch/ptrace/request.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "arch/base/host_status.h"
#include "arch/ptrace/types.h"
#include "gtest/gtest.h"

namespace emu::ptrace {
namespace {

// Every number is the C library's for the same name.
#define REQUEST(name, number) \
  static_assert(static_cast<int>(Request::name) == PTRACE_##name);
#include "arch/ptrace/isa/requests.inc"
#include "arch/ptrace/requests.inc"
#undef REQUEST

TEST(RequestTest, NameIsTheManualsName) {
  EXPECT_EQ(RequestName(Request::CONT), "PTRACE_CONT");
  EXPECT_EQ(RequestName(Request::GET_SYSCALL_INFO), "PTRACE_GET_SYSCALL_INFO");
}

TEST(RequestTest, NumberWithoutARowHasNoName) {
  EXPECT_EQ(RequestName(Request{-7}), "PTRACE_?");
}

TEST(CallErrorTest, NamesRequestTidAndErrno) {
  const absl::Status status = CallError(Request::CONT, Tid{123}, ESRCH);
  EXPECT_EQ(status.message(), "ptrace(PTRACE_CONT, 123): No such process");
  EXPECT_EQ(ErrnoOf(status), ESRCH);
}

TEST(RawCallTest, ReturnsTheNegatedErrno) {
  EXPECT_EQ(RawCall(Request::CONT, Tid{getpid()}, 0, 0), -ESRCH);
}

TEST(CallTest, FailsWithTheErrnoOfTheHost) {
  EXPECT_EQ(ErrnoOf(Call(Request::CONT, Tid{getpid()})), ESRCH);
}

}  // namespace
}  // namespace emu::ptrace
