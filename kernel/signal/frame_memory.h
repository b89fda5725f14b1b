// SPDX-License-Identifier: Apache-2.0
//
// A task's memory as arch/ asks for it.

#ifndef KERNEL_SIGNAL_FRAME_MEMORY_H_
#define KERNEL_SIGNAL_FRAME_MEMORY_H_

#include "arch/signal_frame.h"
#include "kernel/kernel.h"
#include "kernel/task.h"

namespace emu {

class TaskFrameMemory : public FrameMemory {
 public:
  explicit TaskFrameMemory(Task& task)
      : task_(task), pause_(task.kernel().data_digest()) {}
  Result<> CopyIn(void* to, GuestAddr from, size_t n) override {
    return task_.mm->CopyIn(to, from, n);
  }
  Result<> CopyOut(GuestAddr to, const void* from, size_t n) override {
    return task_.mm->CopyOut(to, from, n);
  }

 private:
  Task& task_;
  const DataDigest::Pause pause_;
};

}  // namespace emu

#endif  // KERNEL_SIGNAL_FRAME_MEMORY_H_
