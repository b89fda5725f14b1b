// SPDX-License-Identifier: Apache-2.0
//
// System V message queues: msgop(2). A queue is owned by its table, and kept by
// the calls that wait for it.

#ifndef KERNEL_IPC_MESSAGE_QUEUE_H_
#define KERNEL_IPC_MESSAGE_QUEUE_H_

#include <cstdint>
#include <deque>
#include <string>

#include "arch/env.h"
#include "arch/user_ptr.h"
#include "kernel/ipc/ipc_ids.h"
#include "kernel/wait_queue.h"

namespace emu {

class SysvMessageQueue : public IpcObject {
 public:
  static constexpr int64_t kMostMessage = 8192;  // MSGMAX
  static constexpr uint64_t kMostBytes = 16384;  // MSGMNB

  struct Message {
    int64_t type;
    std::string text;
  };

  explicit SysvMessageQueue(Nanos now) : ctime(now) {}

  // EAGAIN: it does not fit now.
  Result<> Send(Message message, Pid pid, Nanos now);
  // The place of the message that msgrcv(2) means by `type` and `flags`; -1: it
  // is not there.
  int Find(int64_t type, int flags) const;
  const Message& At(int place) const { return messages_[place]; }
  Message Take(int place, Pid pid, Nanos now);

  uint64_t bytes() const { return bytes_; }
  size_t count() const { return messages_.size(); }

  bool removed = false;
  uint64_t most_bytes = kMostBytes;       // msg_qbytes
  Nanos stime = 0, rtime = 0, ctime = 0;  // CLOCK_REALTIME
  Pid last_sender = 0, last_receiver = 0;
  WaitQueue changed;

 private:
  std::deque<Message> messages_;
  uint64_t bytes_ = 0;
};

using SysvMessageQueues = IpcIds<SysvMessageQueue>;

}  // namespace emu

#endif  // KERNEL_IPC_MESSAGE_QUEUE_H_
