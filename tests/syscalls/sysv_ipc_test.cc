// SPDX-License-Identifier: Apache-2.0
//
// System V shared memory, semaphores and messages; POSIX message queues.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <string>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

void* const kFailed = reinterpret_cast<void*>(-1);

// A segment, semaphore set or queue, removed at the end.
struct Shm {
  explicit Shm(size_t size) : id(shmget(IPC_PRIVATE, size, 0600)) {}
  ~Shm() { shmctl(id, IPC_RMID, nullptr); }
  int id;
};

struct Sem {
  explicit Sem(int count) : id(semget(IPC_PRIVATE, count, 0600)) {}
  ~Sem() { semctl(id, 0, IPC_RMID); }

  int Op(short operation, short flags = 0, unsigned short index = 0) const {
    sembuf op = {index, operation, flags};
    return semop(id, &op, 1);
  }
  int Value(int index = 0) const { return semctl(id, index, GETVAL); }
  int id;
};

struct Msg {
  Msg() : id(msgget(IPC_PRIVATE, 0600)) {}
  ~Msg() { msgctl(id, IPC_RMID, nullptr); }

  int Send(long type, const char* text, int flags = 0) const {
    struct {
      long type;
      char text[64];
    } message = {type, {}};
    strcpy(message.text, text);
    return msgsnd(id, &message, strlen(text), flags);
  }
  // The text, or "<errno>".
  std::string Receive(long type, int flags = 0, size_t size = 64) const {
    struct {
      long type;
      char text[64];
    } message;
    const ssize_t n = msgrcv(id, &message, size, type, flags);
    return n < 0 ? "<" + std::to_string(errno) + ">"
                 : std::string(message.text, n);
  }
  int id;
};

TEST(ShmTest, IsSharedWithChildAndStartsAsZeros) {
  const Shm shm(100);
  auto* memory = static_cast<char*>(shmat(shm.id, nullptr, 0));
  ASSERT_NE(memory, kFailed);
  EXPECT_EQ(memory[0], 0);
  EXPECT_THAT(RunInChild([&] { memory[0] = 'x'; }), Exited(0));
  EXPECT_EQ(memory[0], 'x');
  EXPECT_THAT(shmdt(memory), Succeeds());
}

TEST(ShmTest, TwoAttachmentsAreOneMemory) {
  const Shm shm(kPage);
  auto* a = static_cast<char*>(shmat(shm.id, nullptr, 0));
  auto* b = static_cast<char*>(shmat(shm.id, nullptr, SHM_RDONLY));
  a[5] = 'x';
  EXPECT_EQ(b[5], 'x');
  EXPECT_THAT(RunInChild([&] { b[5] = 'y'; }), KilledBy(SIGSEGV));
  shmid_ds info;
  ASSERT_THAT(shmctl(shm.id, IPC_STAT, &info), Succeeds());
  EXPECT_EQ(info.shm_nattch, 2u);
  EXPECT_EQ(info.shm_segsz, kPage);
  EXPECT_EQ(info.shm_perm.mode & 0777, 0600);
  shmdt(a);
  shmdt(b);
}

TEST(ShmTest, RemovedSegmentLivesUntilDetached) {
  const int id = shmget(IPC_PRIVATE, kPage, 0600);
  auto* memory = static_cast<char*>(shmat(id, nullptr, 0));
  ASSERT_THAT(shmctl(id, IPC_RMID, nullptr), Succeeds());
  memory[0] = 'x';
  EXPECT_THAT(shmdt(memory), Succeeds());
  EXPECT_THAT(shmget(id, 0, 0), FailsWith(ENOENT));
  shmid_ds info;
  EXPECT_THAT(shmctl(id, IPC_STAT, &info), FailsWith(EINVAL));
}

TEST(ShmTest, KeysFindTheSegment) {
  const key_t key = 0x454d5500 ^ getpid();
  const int id = shmget(key, kPage, IPC_CREAT | IPC_EXCL | 0600);
  ASSERT_THAT(id, Succeeds());
  EXPECT_THAT(shmget(key, kPage, IPC_CREAT | IPC_EXCL | 0600),
              FailsWith(EEXIST));
  EXPECT_THAT(shmget(key, 0, 0), SucceedsWith(id));
  EXPECT_THAT(shmget(key, 2 * kPage, 0), FailsWith(EINVAL));
  shmctl(id, IPC_RMID, nullptr);
  EXPECT_THAT(shmget(key, 0, 0), FailsWith(ENOENT));
}

TEST(ShmTest, Errors) {
  EXPECT_THAT(shmget(IPC_PRIVATE, 0, 0600), FailsWith(EINVAL));
  EXPECT_THAT(shmat(-1, nullptr, 0), FailsWith(EINVAL));
  EXPECT_THAT(shmdt(BadAddress()), FailsWith(EINVAL));
  const Shm shm(kPage);
  EXPECT_THAT(shmat(shm.id, reinterpret_cast<void*>(0x100001), 0),
              FailsWith(EINVAL));
  EXPECT_THAT(shmctl(shm.id, 999, nullptr), FailsWith(EINVAL));
}

TEST(SemTest, CountsAndRefusesWithNowait) {
  const Sem sem(1);
  EXPECT_THAT(sem.Op(2), Succeeds());
  EXPECT_EQ(sem.Value(), 2);
  EXPECT_THAT(sem.Op(-3, IPC_NOWAIT), FailsWith(EAGAIN));
  EXPECT_THAT(sem.Op(-2), Succeeds());
  EXPECT_THAT(sem.Op(0), Succeeds());  // Waits for zero.
}

TEST(SemTest, OperationsAreAllOrNothing) {
  const Sem sem(2);
  sembuf ops[] = {{0, 1, 0}, {1, -1, IPC_NOWAIT}};
  EXPECT_THAT(semop(sem.id, ops, 2), FailsWith(EAGAIN));
  EXPECT_EQ(sem.Value(0), 0);
}

TEST(SemTest, BlocksUntilRaised) {
  const Sem sem(1);
  Child child([&] { CHILD_CHECK(sem.Op(-1) == 0); });
  child.WaitUntilBlocked();
  EXPECT_EQ(semctl(sem.id, 0, GETNCNT), 1);
  EXPECT_THAT(sem.Op(1), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(SemTest, UndoHappensAtExit) {
  const Sem sem(1);
  EXPECT_THAT(RunInChild([&] { CHILD_CHECK(sem.Op(3, SEM_UNDO) == 0); }),
              Exited(0));
  EXPECT_EQ(sem.Value(), 0);
}

TEST(SemTest, RemovalWakesWaiters) {
  const int id = semget(IPC_PRIVATE, 1, 0600);
  Child child([&] {
    sembuf op = {0, -1, 0};
    CHILD_CHECK(semop(id, &op, 1) == -1 && errno == EIDRM);
  });
  child.WaitUntilBlocked();
  ASSERT_THAT(semctl(id, 0, IPC_RMID), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(SemTest, TimedWaitGivesUp) {
  const Sem sem(1);
  sembuf op = {0, -1, 0};
  const timespec timeout = {0, 2000000};
  EXPECT_THAT(semtimedop(sem.id, &op, 1, &timeout), FailsWith(EAGAIN));
}

TEST(SemTest, SetAndGetAll) {
  const Sem sem(3);
  unsigned short values[3] = {1, 2, 3};
  ASSERT_THAT(semctl(sem.id, 0, SETALL, values), Succeeds());
  EXPECT_EQ(sem.Value(2), 3);
  ASSERT_THAT(semctl(sem.id, 1, SETVAL, 7), Succeeds());
  ASSERT_THAT(semctl(sem.id, 0, GETALL, values), Succeeds());
  EXPECT_EQ(values[1], 7);
  EXPECT_THAT(semctl(sem.id, 1, GETPID), SucceedsWith(getpid()));
}

TEST(SemTest, Errors) {
  const Sem sem(1);
  EXPECT_THAT(sem.Op(1, 0, 5), FailsWith(EFBIG));
  EXPECT_THAT(semctl(sem.id, 0, SETVAL, 40000), FailsWith(ERANGE));
  EXPECT_THAT(sem.Op(32767), Succeeds());
  EXPECT_THAT(sem.Op(1), FailsWith(ERANGE));
  EXPECT_THAT(semctl(sem.id, 5, GETVAL), FailsWith(EINVAL));
  EXPECT_THAT(semget(IPC_PRIVATE, 0, 0600), FailsWith(EINVAL));
  EXPECT_THAT(semop(sem.id, nullptr, 0), FailsWith(EINVAL));
  sembuf op = {0, 1, 0};
  EXPECT_THAT(semop(-1, &op, 1), FailsWith(EINVAL));
}

TEST(MsgTest, SelectsByType) {
  const Msg queue;
  ASSERT_THAT(queue.Send(3, "three"), Succeeds());
  ASSERT_THAT(queue.Send(1, "one"), Succeeds());
  ASSERT_THAT(queue.Send(2, "two"), Succeeds());
  EXPECT_EQ(queue.Receive(2), "two");
  EXPECT_EQ(queue.Receive(-3), "one");  // The lowest up to three.
  EXPECT_EQ(queue.Receive(0), "three");
}

TEST(MsgTest, TooLongMessagesNeedNoerror) {
  const Msg queue;
  ASSERT_THAT(queue.Send(1, "hello"), Succeeds());
  EXPECT_EQ(queue.Receive(0, 0, 2), "<" + std::to_string(E2BIG) + ">");
  EXPECT_EQ(queue.Receive(0, MSG_NOERROR, 2), "he");
  EXPECT_EQ(queue.Receive(0, IPC_NOWAIT), "<" + std::to_string(ENOMSG) + ">");
}

TEST(MsgTest, BlocksUntilMessage) {
  const Msg queue;
  Child child([&] { CHILD_CHECK(queue.Receive(5) == "hi"); });
  child.WaitUntilBlocked();
  ASSERT_THAT(queue.Send(1, "other"), Succeeds());
  ASSERT_THAT(queue.Send(5, "hi"), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(MsgTest, Errors) {
  const Msg queue;
  EXPECT_THAT(queue.Send(0, "x"), FailsWith(EINVAL));
  EXPECT_THAT(queue.Send(-1, "x"), FailsWith(EINVAL));
  msqid_ds info;
  EXPECT_THAT(msgctl(-1, IPC_STAT, &info), FailsWith(EINVAL));
  EXPECT_THAT(msgget(0x454d5501 ^ getpid(), 0), FailsWith(ENOENT));
  ASSERT_THAT(queue.Send(1, "hello"), Succeeds());
  ASSERT_THAT(msgctl(queue.id, IPC_STAT, &info), Succeeds());
  EXPECT_EQ(info.msg_qnum, 1u);
}

class MqTest : public testing::Test {
 protected:
  MqTest() : name_("/emu-" + std::to_string(getpid())) {
    mq_attr attributes = {};
    attributes.mq_maxmsg = 2;
    attributes.mq_msgsize = 16;
    fd_ = Fd(
        mq_open(name_.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, &attributes));
  }
  ~MqTest() override { mq_unlink(name_.c_str()); }

  std::string name_;
  Fd fd_;
};

TEST_F(MqTest, HighestPriorityComesFirst) {
  ASSERT_THAT(mq_send(fd_, "low", 3, 1), Succeeds());
  ASSERT_THAT(mq_send(fd_, "high", 4, 9), Succeeds());
  char buffer[16];
  unsigned priority = 0;
  EXPECT_THAT(mq_receive(fd_, buffer, 16, &priority), SucceedsWith(4));
  EXPECT_EQ(priority, 9u);
  EXPECT_THAT(mq_receive(fd_, buffer, 16, &priority), SucceedsWith(3));
}

TEST_F(MqTest, FullAndEmptyQueuesWouldBlock) {
  const Fd fd(mq_open(name_.c_str(), O_RDWR | O_NONBLOCK));
  char buffer[16];
  EXPECT_THAT(mq_receive(fd, buffer, 16, nullptr), FailsWith(EAGAIN));
  ASSERT_THAT(mq_send(fd, "a", 1, 0), Succeeds());
  ASSERT_THAT(mq_send(fd, "b", 1, 0), Succeeds());
  EXPECT_THAT(mq_send(fd, "c", 1, 0), FailsWith(EAGAIN));
  mq_attr attributes;
  ASSERT_THAT(mq_getattr(fd, &attributes), Succeeds());
  EXPECT_EQ(attributes.mq_curmsgs, 2);
  EXPECT_EQ(attributes.mq_flags, O_NONBLOCK);
}

TEST_F(MqTest, BlocksUntilMessage) {
  Child child([&] {
    char buffer[16];
    CHILD_CHECK(mq_receive(fd_, buffer, 16, nullptr) == 2);
  });
  child.WaitUntilBlocked();
  ASSERT_THAT(mq_send(fd_, "hi", 2, 0), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(MqTest, NotifiesOnceBySignal) {
  sigset_t set;
  sigset_t old;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, &old);
  sigevent event = {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  event.sigev_value.sival_int = 3;
  ASSERT_THAT(mq_notify(fd_, &event), Succeeds());
  EXPECT_THAT(mq_notify(fd_, &event), FailsWith(EBUSY));
  ASSERT_THAT(mq_send(fd_, "x", 1, 0), Succeeds());
  siginfo_t info = {};
  EXPECT_THAT(sigwaitinfo(&set, &info), SucceedsWith(SIGUSR1));
  EXPECT_EQ(info.si_code, SI_MESGQ);
  EXPECT_EQ(info.si_value.sival_int, 3);
  sigprocmask(SIG_SETMASK, &old, nullptr);
}

TEST_F(MqTest, Errors) {
  char buffer[32] = {};
  EXPECT_THAT(mq_send(fd_, buffer, 17, 0), FailsWith(EMSGSIZE));
  EXPECT_THAT(mq_send(fd_, buffer, 1, 40000), FailsWith(EINVAL));
  EXPECT_THAT(mq_receive(fd_, buffer, 15, nullptr), FailsWith(EMSGSIZE));
  EXPECT_THAT(mq_open(name_.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, nullptr),
              FailsWith(EEXIST));
  EXPECT_THAT(mq_open("/emu-missing", O_RDWR), FailsWith(ENOENT));
  EXPECT_THAT(mq_unlink("/emu-missing"), FailsWith(ENOENT));
  const timespec past = {1, 0};
  EXPECT_THAT(mq_timedreceive(fd_, buffer, 16, nullptr, &past),
              FailsWith(ETIMEDOUT));
}

}  // namespace
}  // namespace emu
