// SPDX-License-Identifier: Apache-2.0
//
// eventfd(2): a counter behind a descriptor.

#ifndef KERNEL_FS_EVENTFD_H_
#define KERNEL_FS_EVENTFD_H_

#include <cstdint>
#include <string>

#include "kernel/fs/file_description.h"
#include "kernel/wait_queue.h"

namespace emu {

class EventFd : public FileDescription {
 public:
  EventFd(Path path, int flags, uint64_t count, bool semaphore, int id);

  Result<size_t> Read(Task& task, IovIter& to, uint64_t offset) override;
  Result<size_t> Write(Task& task, IovIter& from, uint64_t offset) override;
  uint32_t Poll(Task& task) override;
  WaitQueue* wait_queue() override { return &wait_; }
  std::string FdInfo() override;

 private:
  uint64_t count_;
  const bool semaphore_;
  const int id_;
  WaitQueue wait_;
};

}  // namespace emu

#endif  // KERNEL_FS_EVENTFD_H_
