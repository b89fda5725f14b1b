// SPDX-License-Identifier: Apache-2.0
//
// Calls on vectors of messages, on rights and on the system, and what they store
// over what they are given.

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <time.h>

#include <string>

#include "absl/strings/str_format.h"
#include "emu/strace_format_test_fixture.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

using StraceSystemTest = StraceFormatTest;

TEST_F(StraceSystemTest, DecodesVectorsOfMessages) {
  const GuestAddr data = Put("data");
  const GuestAddr iov = Put(iovec{reinterpret_cast<void*>(data), 4});
  mmsghdr messages[2] = {};
  for (mmsghdr& message : messages) {
    message.msg_hdr.msg_iov = reinterpret_cast<iovec*>(iov);
    message.msg_hdr.msg_iovlen = 1;
    message.msg_len = 2;
  }
  const GuestAddr vector = Put(messages);
  constexpr char kSend[] = "Fd fd, UserPtr<mmsghdr> v, uint32_t n, int flags";
  constexpr char kHeader[] =
      "{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"data\", "
      "iov_len=4}], msg_iovlen=1, msg_controllen=0, msg_flags=0}";
  EXPECT_EQ(Format("sendmmsg", kSend, {3, vector, 2, MSG_DONTWAIT}, 1),
            std::string("sendmmsg(3, [") + kHeader +
                ", msg_len=2}], 2, MSG_DONTWAIT) = 1");
  EXPECT_EQ(Format("sendmmsg", kSend, {3, vector, 1, 0}, -EBADF),
            std::string("sendmmsg(3, [") + kHeader +
                "}], 1, 0) = -1 EBADF (Bad file descriptor)");
  EXPECT_EQ(Format("sendmmsg", kSend, {3, 0, 1, 0}, -EFAULT),
            "sendmmsg(3, NULL, 1, 0) = -1 EFAULT (Bad address)");

  constexpr char kReceive[] =
      "Fd fd, UserPtr<mmsghdr> v, uint32_t n, int flags, UserPtr<timespec> t";
  const GuestAddr time = Put(timespec{.tv_sec = 1, .tv_nsec = 5});
  EXPECT_EQ(Format("recvmmsg", kReceive, {3, vector, 2, 0, time}, 1),
            "recvmmsg(3, [{msg_hdr={msg_name=NULL, msg_namelen=0, "
            "msg_iov=[{iov_base=\"da\", iov_len=4}], msg_iovlen=1, "
            "msg_controllen=0, msg_flags=0}, msg_len=2}], 2, 0, {tv_sec=1, "
            "tv_nsec=5}) = 1 (left {tv_sec=1, tv_nsec=5})");
  EXPECT_EQ(Format("recvmmsg", kReceive, {3, vector, 2, 0, 0}, -EAGAIN),
            absl::StrFormat("recvmmsg(3, %#x, 2, 0, NULL) = -1 EAGAIN "
                            "(Resource temporarily unavailable)",
                            vector));
}

// store_ is what a kernel would do between a call's first half and its second.
TEST_F(StraceSystemTest, ShowsWhatLengthsWereAndBecame) {
  constexpr char kName[] = "Fd fd, UserPtr<char> addr, UserPtr<int> length";
  sockaddr_in in = {};
  in.sin_family = AF_INET;
  in.sin_port = htons(80);
  const GuestAddr address = Put(in);
  const GuestAddr length = Put(uint32_t{28});
  store_ = {{length, 16}};
  EXPECT_EQ(Format("accept", kName, {3, address, length}, 4),
            "accept(3, {sa_family=AF_INET, sin_port=htons(80), "
            "sin_addr=inet_addr(\"0.0.0.0\")}, [28 => 16]) = 4");
  // The length is 16 now.
  EXPECT_EQ(Format("getsockname", kName, {3, address, length}, 0),
            "getsockname(3, {sa_family=AF_INET, sin_port=htons(80), "
            "sin_addr=inet_addr(\"0.0.0.0\")}, [16]) = 0");
  EXPECT_EQ(Format("getpeername", kName, {3, address, length}, -ENOTCONN),
            absl::StrFormat("getpeername(3, %#x, [16]) = -1 ENOTCONN "
                            "(Transport endpoint is not connected)",
                            address));
  EXPECT_EQ(Format("accept", kName, {3, 0, length}, 4),
            absl::StrFormat("accept(3, NULL, %#x) = 4", length));
  // No more than there was room for.
  const GuestAddr small = Put(uint32_t{4});
  store_ = {{small, 16}};
  EXPECT_EQ(Format("getsockname", kName, {3, address, small}, 0),
            "getsockname(3, {sa_family=AF_INET, sa_data=\"\\0P\"}, [4 => 16]) "
            "= 0");
  const GuestAddr offset = Put(uint64_t{0});
  store_ = {{offset, 3}};
  EXPECT_EQ(Format("sendfile", "Fd out, Fd in, UserPtr<int64_t> o, size_t n",
                   {4, 3, offset, 3}, 3),
            "sendfile(4, 3, [0] => [3], 3) = 3");
  // As in a recording, of which only the end of a call is known.
  knows_given_ = false;
  EXPECT_EQ(Format("accept", kName, {3, address, length}, 4),
            "accept(3, {sa_family=AF_INET, sin_port=htons(80), "
            "sin_addr=inet_addr(\"0.0.0.0\")}, [16]) = 4");
}

TEST_F(StraceSystemTest, DecodesCapabilities) {
  constexpr char kCapget[] = "UserPtr<int> header, UserPtr<int> data";
  const GuestAddr header = Put(uint64_t{_LINUX_CAPABILITY_VERSION_3});
  const uint32_t data[] = {1, 3, 0, 0, 0, 1};
  EXPECT_EQ(Format("capset", kCapget, {header, Put(data)}, 0),
            "capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, "
            "{effective=1<<CAP_CHOWN, permitted=1<<CAP_CHOWN|"
            "1<<CAP_DAC_OVERRIDE, inheritable=1<<CAP_MAC_OVERRIDE}) = 0");
  EXPECT_EQ(Format("capget", kCapget, {Put(uint64_t{5}), 0}, -EINVAL),
            "capget({version=0x5 /* _LINUX_CAPABILITY_VERSION_??? */, pid=0}, "
            "NULL) = -1 EINVAL (Invalid argument)");
  constexpr char kPrctl[] =
      "int a, uint64_t b, uint64_t c, uint64_t d, uint64_t e";
  EXPECT_EQ(Format("prctl", kPrctl, {PR_CAPBSET_READ, CAP_SYS_ADMIN}, 1),
            "prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) = 1");
  EXPECT_EQ(Format("prctl", kPrctl,
                   {PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0}, 0),
            "prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) = 0");
}

TEST_F(StraceSystemTest, NamesCommandsOfTheSystem) {
  EXPECT_EQ(Format("membarrier", "int cmd, uint32_t flags, int cpu",
                   {0, 0, 7}, 3),
            "membarrier(MEMBARRIER_CMD_QUERY, 0) = 0x3 "
            "(MEMBARRIER_CMD_GLOBAL|MEMBARRIER_CMD_GLOBAL_EXPEDITED)");
  EXPECT_EQ(Format("membarrier", "int cmd, uint32_t flags, int cpu",
                   {99, 1, 7}, -EINVAL),
            "membarrier(0x63 /* MEMBARRIER_CMD_??? */, "
            "MEMBARRIER_CMD_FLAG_CPU, 7) = -1 EINVAL (Invalid argument)");
  constexpr char kKcmp[] = "Pid a, Pid b, int type, uint64_t i, uint64_t j";
  EXPECT_EQ(Format("kcmp", kKcmp, {2, 3, 0, 4, 5}, 0),
            "kcmp(2, 3, KCMP_FILE, 4, 5) = 0");
  EXPECT_EQ(Format("kcmp", kKcmp, {2, 3, 1, 4, 5}, 1),
            "kcmp(2, 3, KCMP_VM) = 1");
  constexpr char kSeccomp[] = "uint32_t op, uint32_t flags, GuestAddr args";
  EXPECT_EQ(Format("seccomp", kSeccomp, {2, 0, Put(uint32_t{0x7fff0000})}, 0),
            "seccomp(SECCOMP_GET_ACTION_AVAIL, 0, [SECCOMP_RET_ALLOW]) = 0");
  EXPECT_EQ(Format("seccomp", kSeccomp, {1, 0x80, 0}, -EINVAL),
            "seccomp(SECCOMP_SET_MODE_FILTER, 0x80 /* "
            "SECCOMP_FILTER_FLAG_??? */, NULL) = -1 EINVAL (Invalid argument)");
  EXPECT_EQ(Format("personality", "uint32_t persona", {0x40000}, 0),
            "personality(PER_LINUX|ADDR_NO_RANDOMIZE) = 0 (PER_LINUX)");
  EXPECT_EQ(Format("syslog", "int type, UserPtr<char> buf, int n", {10}, 64),
            "syslog(10 /* SYSLOG_ACTION_SIZE_BUFFER */) = 64");
  EXPECT_EQ(Format("ioprio_set", "int which, int who, int priority",
                   {1, 0, 2 << 13 | 4}, 0),
            "ioprio_set(IOPRIO_WHO_PROCESS, 0, "
            "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)) = 0");
}

TEST_F(StraceSystemTest, DecodesWhatTheSystemTells) {
  struct sysinfo info = {};
  info.uptime = 5;
  info.loads[1] = 7;
  info.totalram = 4096;
  info.procs = 2;
  info.mem_unit = 1;
  EXPECT_EQ(Format("sysinfo", "UserPtr<abi::sysinfo> info", {Put(info)}, 0),
            "sysinfo({uptime=5, loads=[0, 7, 0], totalram=4096, freeram=0, "
            "sharedram=0, bufferram=0, totalswap=0, freeswap=0, procs=2, "
            "totalhigh=0, freehigh=0, mem_unit=1}) = 0");
  const int64_t times[] = {1, 2, 0, 0};
  const GuestAddr path = Put("/f");
  EXPECT_EQ(Format("utimes", "UserCString path, UserPtr<int> times",
                   {path, Put(times)}, 0),
            "utimes(\"/f\", [{tv_sec=1, tv_usec=2} /* "
            "1970-01-01T00:00:01.000002+0000 */, {tv_sec=0, tv_usec=0}]) = 0");
  shmid_ds segment = {};
  segment.shm_perm.__key = 7;
  segment.shm_perm.uid = 1000;
  segment.shm_perm.mode = 0640;
  segment.shm_segsz = 5000;
  segment.shm_nattch = 1;
  EXPECT_EQ(Format("shmctl", "int id, int command, GuestAddr buf",
                   {3, IPC_STAT, Put(segment)}, 0),
            "shmctl(3, IPC_STAT, {shm_perm={uid=1000, gid=0, mode=0640, key=7, "
            "cuid=0, cgid=0}, shm_segsz=5000, shm_cpid=0, shm_lpid=0, "
            "shm_nattch=1, shm_atime=0, shm_dtime=0, shm_ctime=0}) = 0");
  const int64_t queue[] = {O_NONBLOCK, 3, 64, 0};
  EXPECT_EQ(Format("mq_open",
                   "UserCString n, int flags, uint32_t mode, UserPtr<int> a",
                   {path, O_RDWR | O_CREAT, 0600, Put(queue)}, 3),
            "mq_open(\"/f\", O_RDWR|O_CREAT, 0600, {mq_flags=O_NONBLOCK, "
            "mq_maxmsg=3, mq_msgsize=64, mq_curmsgs=0}) = 3");
}

}  // namespace
}  // namespace emu
