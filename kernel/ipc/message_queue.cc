// SPDX-License-Identifier: Apache-2.0

#include "kernel/ipc/message_queue.h"

#include <sys/msg.h>

#include <utility>

namespace emu {

Result<> SysvMessageQueue::Send(Message message, Pid pid, Nanos now) {
  if (bytes_ + message.text.size() > most_bytes ||
      messages_.size() + 1 > most_bytes) {
    return Errno(EAGAIN);
  }
  bytes_ += message.text.size();
  messages_.push_back(std::move(message));
  last_sender = pid;
  stime = now;
  changed.Wake();
  return {};
}

int SysvMessageQueue::Find(int64_t type, int flags) const {
  const int count = messages_.size();
  if (flags & MSG_COPY) return type >= 0 && type < count ? type : -1;
  int found = -1;
  for (int i = 0; i < count; ++i) {
    const int64_t own = messages_[i].type;
    if (type == 0) return i;
    if (type > 0 && (own != type) == ((flags & MSG_EXCEPT) != 0)) return i;
    if (type < 0 && (type == INT64_MIN || own <= -type) &&
        (found < 0 || own < messages_[found].type)) {
      found = i;
    }
  }
  return found;
}

SysvMessageQueue::Message SysvMessageQueue::Take(int place, Pid pid,
                                                 Nanos now) {
  Message message = std::move(messages_[place]);
  messages_.erase(messages_.begin() + place);
  bytes_ -= message.text.size();
  last_receiver = pid;
  rtime = now;
  changed.Wake();
  return message;
}

}  // namespace emu
