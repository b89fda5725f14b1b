// SPDX-License-Identifier: Apache-2.0
//
// POSIX message queues: mq_overview(7). A queue is owned by its name and by the
// descriptions that are open on it.

#ifndef KERNEL_IPC_MQUEUE_H_
#define KERNEL_IPC_MQUEUE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "arch/abi/mqueue.h"
#include "arch/user_ptr.h"
#include "kernel/credentials.h"
#include "kernel/fs/file_description.h"
#include "kernel/wait_queue.h"

namespace emu {

class Socket;

class PosixMessageQueue {
 public:
  PosixMessageQueue(int64_t most_messages, int64_t most_bytes, uint32_t mode,
                    const Credentials& creds);
  PosixMessageQueue(const PosixMessageQueue&) = delete;
  PosixMessageQueue& operator=(const PosixMessageQueue&) = delete;

  // By the permissions of the queue: EACCES. `access` as open(2)'s O_ACCMODE.
  Result<> CheckAccess(const Credentials& creds, int access) const;
  uint32_t mode() const { return mode_; }
  Uid uid() const { return uid_; }

  bool empty() const { return count_ == 0; }
  bool full() const { return count_ == static_cast<size_t>(most_messages); }
  size_t count() const { return count_; }
  uint64_t bytes() const { return bytes_; }
  // What it counts against RLIMIT_MSGQUEUE.
  uint64_t footprint() const;

  // It is not full; told to whom waits for a first message.
  void Send(Task& task, uint32_t priority, std::string text);
  struct Message {
    uint32_t priority;
    std::string text;
  };
  // The oldest of the highest priority; it is not empty.
  Message Receive();

  // mq_notify(3): whom to tell of a message in an empty queue that no one waits
  // for. Told once.
  struct Notification {
    Pid pid = 0;    // 0: nobody
    int signo = 0;  // 0: no signal
    uint64_t value = 0;
    std::shared_ptr<Socket> socket;  // SIGEV_THREAD's netlink socket
    std::string cookie;
  };
  const Notification& notification() const { return notification_; }
  void SetNotification(Notification notification) {
    notification_ = std::move(notification);
  }
  // Forgets it, if it is that process's.
  void CancelNotification(Pid pid);

  const int64_t most_messages;
  const int64_t most_bytes;  // of one message
  int receivers_waiting = 0;
  WaitQueue changed;

 private:
  void Notify(Task& sender);

  const uint32_t mode_;
  const Uid uid_;
  const Gid gid_;
  // By priority, lowest first; each in order of sending.
  std::multimap<uint32_t, std::string> messages_;
  size_t count_ = 0;
  uint64_t bytes_ = 0;
  Notification notification_;
};

// The queues that have names.
struct PosixMessageQueues {
  std::map<std::string, std::shared_ptr<PosixMessageQueue>> by_name;
};

// An open queue.
class MqueueFile : public FileDescription {
 public:
  static const char kKind;

  MqueueFile(Path path, int flags, std::shared_ptr<PosixMessageQueue> queue)
      : FileDescription(std::move(path), flags), queue_(std::move(queue)) {}

  PosixMessageQueue& queue() { return *queue_; }

  const void* kind() const override { return &kKind; }
  Result<size_t> Read(Task& task, IovIter& to, uint64_t offset) override;
  bool seekable() const override { return true; }
  uint32_t Poll(Task& task) override;
  WaitQueue* wait_queue() override { return &queue_->changed; }
  void OnClose(Task& task) override;

 private:
  std::shared_ptr<PosixMessageQueue> queue_;
};

}  // namespace emu

#endif  // KERNEL_IPC_MQUEUE_H_
