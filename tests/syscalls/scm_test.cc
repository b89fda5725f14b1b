// SPDX-License-Identifier: Apache-2.0
//
// sendmsg(2), recvmsg(2), sendmmsg(2), recvmmsg(2): ancillary data and flags.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

// One message: a byte of data and a control buffer.
struct Message {
  Message() {
    header.msg_iov = &vec;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
  }
  Message(const Message&) = delete;

  // Puts one control message in; nothing else fits beside it.
  template <typename T>
  void Attach(int type, const std::vector<T>& content) {
    const size_t size = content.size() * sizeof(T);
    header.msg_controllen = CMSG_SPACE(size);
    cmsghdr* cmsg = CMSG_FIRSTHDR(&header);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = type;
    cmsg->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(cmsg), content.data(), size);
  }

  // The descriptors that came, now owned.
  std::vector<Fd> Descriptors() {
    std::vector<Fd> fds;
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
      if (c->cmsg_type != SCM_RIGHTS) continue;
      const int* first = reinterpret_cast<const int*>(CMSG_DATA(c));
      const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t i = 0; i < count; ++i) fds.emplace_back(first[i]);
    }
    return fds;
  }

  char byte = 'x';
  iovec vec = {&byte, 1};
  alignas(cmsghdr) char control[2048] = {};
  msghdr header = {};
};

TEST(ScmRightsTest, PassesOpenFile) {
  SocketPair sockets;
  Pipe pipe;
  Message out;
  out.Attach<int>(SCM_RIGHTS, {pipe.write});
  ASSERT_THAT(sendmsg(sockets.a, &out.header, 0), SucceedsWith(1));
  Message in;
  ASSERT_THAT(recvmsg(sockets.b, &in.header, 0), SucceedsWith(1));
  auto fds = in.Descriptors();
  ASSERT_EQ(fds.size(), 1u);
  EXPECT_NE(int{fds[0]}, int{pipe.write});
  EXPECT_THAT(write(fds[0], "y", 1), SucceedsWith(1));
  char c = 0;
  EXPECT_THAT(read(pipe.read, &c, 1), SucceedsWith(1));
  EXPECT_EQ(c, 'y');
}

TEST(ScmRightsTest, WorksAcrossProcesses) {
  SocketPair sockets;
  Child child([&] {
    Pipe pipe;
    write(pipe.write, "z", 1);
    Message out;
    out.Attach<int>(SCM_RIGHTS, {pipe.read});
    CHILD_CHECK(sendmsg(sockets.a, &out.header, 0) == 1);
  });
  Message in;
  ASSERT_THAT(recvmsg(sockets.b, &in.header, 0), SucceedsWith(1));
  auto fds = in.Descriptors();
  ASSERT_EQ(fds.size(), 1u);
  EXPECT_THAT(child.Wait(), Exited(0));
  char c = 0;
  EXPECT_THAT(read(fds[0], &c, 1), SucceedsWith(1));
  EXPECT_EQ(c, 'z');
}

TEST(ScmRightsTest, PassesSeveralWithCloexecOnRequest) {
  SocketPair sockets;
  Message out;
  out.Attach<int>(SCM_RIGHTS, {0, 1, 2});
  ASSERT_THAT(sendmsg(sockets.a, &out.header, 0), SucceedsWith(1));
  Message in;
  ASSERT_THAT(recvmsg(sockets.b, &in.header, MSG_CMSG_CLOEXEC),
              SucceedsWith(1));
  auto fds = in.Descriptors();
  ASSERT_EQ(fds.size(), 3u);
  EXPECT_THAT(fcntl(fds[2], F_GETFD), SucceedsWith(FD_CLOEXEC));
}

TEST(ScmRightsTest, SmallControlBufferDropsTheRest) {
  SocketPair sockets;
  Message out;
  out.Attach<int>(SCM_RIGHTS, {0, 1, 2});
  ASSERT_THAT(sendmsg(sockets.a, &out.header, 0), SucceedsWith(1));
  Message in;
  in.header.msg_controllen = CMSG_LEN(sizeof(int));
  ASSERT_THAT(recvmsg(sockets.b, &in.header, 0), SucceedsWith(1));
  EXPECT_TRUE(in.header.msg_flags & MSG_CTRUNC);
  EXPECT_EQ(in.Descriptors().size(), 1u);
}

TEST(ScmRightsTest, PlainReadDropsThem) {
  SocketPair sockets;
  Pipe pipe;
  Message out;
  out.Attach<int>(SCM_RIGHTS, {pipe.write});
  ASSERT_THAT(sendmsg(sockets.a, &out.header, 0), SucceedsWith(1));
  pipe.write.Reset();
  char c;
  ASSERT_THAT(read(sockets.b, &c, 1), SucceedsWith(1));
  EXPECT_THAT(read(pipe.read, &c, 1), SucceedsWith(0));
}

TEST(ScmRightsTest, SeparatesStreamData) {
  SocketPair sockets;
  ASSERT_THAT(write(sockets.a, "a", 1), SucceedsWith(1));
  Message out;
  out.Attach<int>(SCM_RIGHTS, {0});
  ASSERT_THAT(sendmsg(sockets.a, &out.header, 0), SucceedsWith(1));
  ASSERT_THAT(write(sockets.a, "b", 1), SucceedsWith(1));
  char buffer[8];
  Message in;
  in.vec = {buffer, sizeof(buffer)};
  ASSERT_THAT(recvmsg(sockets.b, &in.header, 0), SucceedsWith(2));
  EXPECT_EQ(in.Descriptors().size(), 1u);
  EXPECT_THAT(read(sockets.b, buffer, sizeof(buffer)), SucceedsWith(1));
}

TEST(ScmRightsTest, Errors) {
  SocketPair sockets;
  Message out;
  out.Attach<int>(SCM_RIGHTS, {777});
  EXPECT_THAT(sendmsg(sockets.a, &out.header, 0), FailsWith(EBADF));
  Message many;
  many.Attach<int>(SCM_RIGHTS, std::vector<int>(254, 0));
  EXPECT_THAT(sendmsg(sockets.a, &many.header, 0), FailsWith(EINVAL));
  Message broken;
  broken.Attach<int>(SCM_RIGHTS, {0});
  CMSG_FIRSTHDR(&broken.header)->cmsg_len = 5;
  EXPECT_THAT(sendmsg(sockets.a, &broken.header, 0), FailsWith(EINVAL));
}

TEST(ScmRightsTest, InFlightSocketKeepsItsPeerOpen) {
  SocketPair carrier;
  SocketPair passed;
  Message out;
  out.Attach<int>(SCM_RIGHTS, {passed.a});
  ASSERT_THAT(sendmsg(carrier.a, &out.header, 0), SucceedsWith(1));
  passed.a.Reset();
  EXPECT_THAT(send(passed.b, "x", 1, MSG_NOSIGNAL), SucceedsWith(1));
  carrier.a.Reset();
  carrier.b.Reset();  // The message, and the socket in it, go with the queue.
  EXPECT_THAT(send(passed.b, "x", 1, MSG_NOSIGNAL), FailsWith(EPIPE));
}

ucred* Credentials(Message& message) {
  cmsghdr* cmsg = CMSG_FIRSTHDR(&message.header);
  if (!cmsg || cmsg->cmsg_type != SCM_CREDENTIALS) return nullptr;
  return reinterpret_cast<ucred*>(CMSG_DATA(cmsg));
}

TEST(ScmCredentialsTest, AreAddedForReceiverThatAsks) {
  SocketPair sockets;
  const int on = 1;
  ASSERT_THAT(setsockopt(sockets.b, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)),
              Succeeds());
  Child child([&] { CHILD_CHECK(write(sockets.a, "x", 1) == 1); });
  Message in;
  ASSERT_THAT(recvmsg(sockets.b, &in.header, 0), SucceedsWith(1));
  const ucred* credentials = Credentials(in);
  ASSERT_NE(credentials, nullptr);
  EXPECT_EQ(credentials->pid, child.pid());
  EXPECT_EQ(credentials->uid, getuid());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(ScmCredentialsTest, MustBeTheSendersOwn) {
  SocketPair sockets;
  Message out;
  out.Attach<ucred>(SCM_CREDENTIALS, {{getpid(), getuid(), getgid()}});
  EXPECT_THAT(sendmsg(sockets.a, &out.header, 0), SucceedsWith(1));
  Message forged;
  forged.Attach<ucred>(SCM_CREDENTIALS, {{getpid(), getuid() + 1, getgid()}});
  EXPECT_THAT(sendmsg(sockets.a, &forged.header, 0), FailsWith(EPERM));
}

TEST(RecvmsgTest, FlagsTellOfTruncation) {
  SocketPair sockets(SOCK_DGRAM);
  ASSERT_THAT(write(sockets.a, "abc", 3), SucceedsWith(3));
  Message in;
  ASSERT_THAT(recvmsg(sockets.b, &in.header, 0), SucceedsWith(1));
  EXPECT_TRUE(in.header.msg_flags & MSG_TRUNC);
  EXPECT_EQ(in.header.msg_controllen, 0u);
}

TEST(RecvmsgTest, ScattersIntoBuffers) {
  SocketPair sockets;
  ASSERT_THAT(write(sockets.a, "hello", 5), SucceedsWith(5));
  char a[2];
  char b[8];
  iovec vec[] = {{a, 2}, {b, 8}};
  msghdr header = {};
  header.msg_iov = vec;
  header.msg_iovlen = 2;
  ASSERT_THAT(recvmsg(sockets.b, &header, 0), SucceedsWith(5));
  EXPECT_EQ(std::string(b, 3), "llo");
}

TEST(RecvmsgTest, Errors) {
  SocketPair sockets;
  Message message;
  EXPECT_THAT(recvmsg(777, &message.header, 0), FailsWith(EBADF));
  EXPECT_THAT(recvmsg(0, &message.header, 0), FailsWith(ENOTSOCK));
  EXPECT_THAT(syscall(SYS_recvmsg, int{sockets.a}, BadAddress(), MSG_DONTWAIT),
              FailsWith(EFAULT));
  message.header.msg_iovlen = 1025;
  EXPECT_THAT(sendmsg(sockets.a, &message.header, 0), FailsWith(EMSGSIZE));
  EXPECT_THAT(recvmsg(sockets.a, &message.header, MSG_DONTWAIT),
              FailsWith(EMSGSIZE));
}

TEST(SendmmsgTest, SendsAndReceivesSeveral) {
  SocketPair sockets(SOCK_DGRAM);
  char text[] = "abc";
  iovec vec[] = {{text, 1}, {text + 1, 2}};
  mmsghdr out[2] = {};
  for (int i = 0; i < 2; ++i) {
    out[i].msg_hdr.msg_iov = &vec[i];
    out[i].msg_hdr.msg_iovlen = 1;
  }
  ASSERT_THAT(sendmmsg(sockets.a, out, 2, 0), SucceedsWith(2));
  EXPECT_EQ(out[1].msg_len, 2u);
  char buffers[3][8];
  iovec into[3];
  mmsghdr in[3] = {};
  for (int i = 0; i < 3; ++i) {
    into[i] = {buffers[i], 8};
    in[i].msg_hdr.msg_iov = &into[i];
    in[i].msg_hdr.msg_iovlen = 1;
  }
  ASSERT_THAT(recvmmsg(sockets.b, in, 3, MSG_DONTWAIT, nullptr),
              SucceedsWith(2));
  EXPECT_EQ(in[0].msg_len, 1u);
  EXPECT_EQ(buffers[1][1], 'c');
}

TEST(SocketTimeoutTest, ReceiveGivesUp) {
  SocketPair sockets;
  const timeval timeout = {0, 2000};
  ASSERT_THAT(
      setsockopt(sockets.a, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)),
      Succeeds());
  char c;
  EXPECT_THAT(read(sockets.a, &c, 1), FailsWith(EAGAIN));
}

}  // namespace
}  // namespace emu
