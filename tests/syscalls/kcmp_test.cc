// SPDX-License-Identifier: Apache-2.0
//
// kcmp(2).

#include <gtest/gtest.h>
#include <linux/kcmp.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

long Kcmp(pid_t a, pid_t b, int type, unsigned long index1 = 0,
          unsigned long index2 = 0) {
  return syscall(SYS_kcmp, a, b, type, index1, index2);
}

void Sleep() {
  for (;;) pause();
}

TEST(KcmpTest, AForkedChildSharesOpenFilesAndNothingElse) {
  const Child child(Sleep);
  const Fd duplicate(dup(0));
  EXPECT_THAT(Kcmp(getpid(), child.pid(), KCMP_FILE, 0, 0), SucceedsWith(0));
  EXPECT_THAT(Kcmp(getpid(), getpid(), KCMP_FILE, 0, duplicate),
              SucceedsWith(0));
  for (const int type : {KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND}) {
    EXPECT_THAT(Kcmp(getpid(), getpid(), type), SucceedsWith(0)) << type;
    EXPECT_THAT(Kcmp(getpid(), child.pid(), type), SucceedsWith(testing::Gt(0)))
        << type;
  }
}

TEST(KcmpTest, TasksWithoutSemaphoresToUndoAreTheSame) {
  const Child child(Sleep);
  EXPECT_THAT(Kcmp(getpid(), child.pid(), KCMP_SYSVSEM), SucceedsWith(0));
  const int set = semget(IPC_PRIVATE, 1, 0600);
  ASSERT_THAT(set, Succeeds());
  sembuf up = {0, 1, SEM_UNDO};
  EXPECT_THAT(semop(set, &up, 1), Succeeds());
  EXPECT_THAT(Kcmp(getpid(), child.pid(), KCMP_SYSVSEM),
              SucceedsWith(testing::Gt(0)));
  EXPECT_THAT(Kcmp(getpid(), getpid(), KCMP_SYSVSEM), SucceedsWith(0));
  EXPECT_THAT(semctl(set, 0, IPC_RMID), Succeeds());
}

TEST(KcmpTest, Errors) {
  EXPECT_THAT(Kcmp(getpid(), getpid(), 99), FailsWith(EINVAL));
  EXPECT_THAT(Kcmp(getpid(), 1 << 30, KCMP_VM), FailsWith(ESRCH));
  EXPECT_THAT(Kcmp(getpid(), getpid(), KCMP_FILE, 777, 0), FailsWith(EBADF));
}

}  // namespace
}  // namespace emu
