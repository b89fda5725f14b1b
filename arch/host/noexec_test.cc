// SPDX-License-Identifier: Apache-2.0
//
// Programs and libraries on a file system that is mounted noexec.

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/host/test_machine.h"

namespace emu {
namespace {

constexpr GuestAddr kAt = 0x10000000;

// Makes a file system that is mounted nowhere, and leaves a descriptor of a file in
// it in `*fd`, which the test shares.
int OpenInNewMount(void* fd) {
  int context = fsopen("tmpfs", 0);
  if (context < 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return 1;
    context = fsopen("tmpfs", 0);
  }
  if (fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return 2;
  }
  const int mount = fsmount(context, 0, MOUNT_ATTR_NOEXEC);
  *static_cast<volatile int*>(fd) =
      openat(mount, ".", O_TMPFILE | O_RDWR, 0600);
  close(mount);
  close(context);
  return 0;
}

// An empty file on such a file system: of the host's, or of our own making.
int NoexecFile() {
  for (const char* path : {"/dev/shm", "/run", "/tmp"}) {
    struct statvfs info;
    if (statvfs(path, &info) != 0 || (info.f_flag & ST_NOEXEC) == 0) continue;
    int fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
  }
  static volatile int fd = -1;
  static char stack[64 * 1024];
  int pid = clone(OpenInNewMount, stack + sizeof(stack),
                  CLONE_FILES | CLONE_VM | CLONE_VFORK | SIGCHLD,
                  const_cast<int*>(&fd));
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0) << "no noexec file system can be had here";
  return fd;
}

GUEST_CODE(exits, R"(
  mov eax, 231
  mov edi, [rip + 1f]
  syscall
1:
  .long 42
)")

class NoexecTest : public testing::Test, public HostFiles {
 protected:
  NoexecTest() {
    EXPECT_GE(fd_, 0);
    // The code on the second of three pages.
    EXPECT_EQ(ftruncate(fd_, 3 * kPageSize), 0);
    EXPECT_EQ(pwrite(fd_, exits.data(), exits.size(), kPageSize),
              static_cast<ssize_t>(exits.size()));
    EXPECT_EQ(
        mmap(nullptr, kPageSize, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd_, 0),
        MAP_FAILED);
  }
  ~NoexecTest() override { close(fd_); }
  absl::StatusOr<int> Descriptor(HostFileId) override { return fd_; }

  void ExpectRuns() {
    guest_.cpu->Reset(kAt + kPageSize, kStack);
    Stop stop = guest_.cpu->Run({});
    ASSERT_THAT(stop, IsSyscall(SYS_exit_group));
    EXPECT_EQ(stop.args[0], 42u);
    EXPECT_EQ(Peek<int>(*guest_.memory, kAt + 2 * kPageSize), 0);
    EXPECT_TRUE(host_.machine->failure().ok()) << host_.machine->failure();
  }

  const int fd_ = NoexecFile();
  TestMachine host_{HostMachineOptions{.files = this}};
  Machine::Guest guest_ = host_.Start(exits);
};

TEST_F(NoexecTest, AreMappedForExecutionAsACopy) {
  guest_.memory->Map({kAt,
                      3 * kPageSize,
                      PROT_READ | PROT_EXEC,
                      false,
                      {Backing::Kind::kHostFile, 0, HostFileId{1}}});
  // What follows in the queue is done after it.
  guest_.memory->Map({kAt, kPageSize, PROT_READ | PROT_WRITE, false, {}});
  Poke<int>(*guest_.memory, kAt, 1);
  ExpectRuns();
}

TEST_F(NoexecTest, AreMadeExecutableAsACopy) {
  guest_.memory->Map({kAt,
                      3 * kPageSize,
                      PROT_READ | PROT_WRITE,
                      false,
                      {Backing::Kind::kHostFile, 0, HostFileId{1}}});
  Poke<int>(*guest_.memory, kAt, 7);
  guest_.memory->Protect(kAt, 3 * kPageSize, PROT_READ | PROT_EXEC);
  ExpectRuns();
  EXPECT_EQ(Peek<int>(*guest_.memory, kAt), 7);
}

TEST_F(NoexecTest, AreMadeExecutableInAForkedChildToo) {
  guest_.memory->Map({kAt,
                      3 * kPageSize,
                      PROT_READ,
                      false,
                      {Backing::Kind::kHostFile, 0, HostFileId{1}}});
  ASSERT_THAT(guest_.cpu->Run({}), IsSyscall(SYS_exit_group));
  guest_ = host_.machine->Fork(*guest_.memory, *guest_.cpu).Take();
  guest_.memory->Protect(kAt, 3 * kPageSize, PROT_READ | PROT_EXEC);
  ExpectRuns();
}

}  // namespace
}  // namespace emu
