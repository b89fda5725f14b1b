// SPDX-License-Identifier: Apache-2.0
//
// Who used a System V segment last: fork, exit and exec attach and detach.

#include <gtest/gtest.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

class ShmTimesTest : public testing::Test {
 protected:
  void SetUp() override {
    id_ = shmget(IPC_PRIVATE, 4096, 0600);
    ASSERT_THAT(id_, Succeeds());
    memory_ = shmat(id_, nullptr, 0);
    ASSERT_NE(memory_, reinterpret_cast<void*>(-1));
  }
  void TearDown() override {
    shmdt(memory_);
    shmctl(id_, IPC_RMID, nullptr);
  }
  shmid_ds Stat() const {
    shmid_ds info = {};
    EXPECT_THAT(shmctl(id_, IPC_STAT, &info), Succeeds());
    return info;
  }

  int id_ = -1;
  void* memory_ = nullptr;
};

TEST_F(ShmTimesTest, AnAttachmentIsNoted) {
  const shmid_ds info = Stat();
  EXPECT_EQ(info.shm_cpid, getpid());
  EXPECT_EQ(info.shm_lpid, getpid());
  EXPECT_GT(info.shm_atime, 0);
  EXPECT_EQ(info.shm_dtime, 0);
}

TEST_F(ShmTimesTest, AForkAttachesForTheParent) {
  Pipe gate;
  Child child([&] {
    char c;
    CHILD_CHECK(read(gate.read, &c, 1) == 1);
  });
  EXPECT_EQ(Stat().shm_nattch, 2u);
  EXPECT_EQ(Stat().shm_lpid, getpid());
  EXPECT_THAT(write(gate.write, "x", 1), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(ShmTimesTest, AnExitDetaches) {
  Child child([] {});
  const pid_t pid = child.pid();
  EXPECT_THAT(child.Wait(), Exited(0));
  const shmid_ds info = Stat();
  EXPECT_EQ(info.shm_nattch, 1u);
  EXPECT_EQ(info.shm_lpid, pid);
  EXPECT_GT(info.shm_dtime, 0);
}

TEST_F(ShmTimesTest, AnExecDetaches) {
  Child child([] {
    execl("/bin/true", "true", nullptr);
    _exit(kCheckFailed);
  });
  const pid_t pid = child.pid();
  EXPECT_THAT(child.Wait(), Exited(0));
  EXPECT_EQ(Stat().shm_nattch, 1u);
  EXPECT_EQ(Stat().shm_lpid, pid);
}

TEST_F(ShmTimesTest, ADetachmentIsNoted) {
  Child child([&] { CHILD_CHECK(shmdt(memory_) == 0); });
  const pid_t pid = child.pid();
  EXPECT_THAT(child.Wait(), Exited(0));
  EXPECT_EQ(Stat().shm_lpid, pid);
}

}  // namespace
}  // namespace emu
