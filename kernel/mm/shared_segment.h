// SPDX-License-Identifier: Apache-2.0
//
// System V shared memory segments. A segment lives in its table until it is
// removed and nobody has it attached any more.

#ifndef KERNEL_MM_SHARED_SEGMENT_H_
#define KERNEL_MM_SHARED_SEGMENT_H_

#include <cstdint>
#include <memory>

#include "arch/env.h"
#include "kernel/ipc/ipc_ids.h"
#include "kernel/mm/shared_memory.h"

namespace emu {

class MemoryMap;
class SharedSegment;
using SharedSegments = IpcIds<SharedSegment>;

// The pages; tell their segment when the last attachment is gone.
class SegmentMemory : public SharedMemory {
 public:
  using SharedMemory::SharedMemory;
  SharedSegment* segment = nullptr;  // while that is in its table

 protected:
  void OnUnmapped() override;
};

class SharedSegment : public IpcObject {
 public:
  SharedSegment(SharedSegments& table, std::shared_ptr<SegmentMemory> memory,
                uint64_t size)
      : size(size), table_(table), memory_(std::move(memory)) {
    memory_->segment = this;
  }
  ~SharedSegment() override { memory_->segment = nullptr; }

  const std::shared_ptr<SegmentMemory>& memory() const { return memory_; }
  // shm_nattch.
  int attachments() const { return memory_->mappings(); }
  // IPC_RMID: gone at once, or with the last attachment.
  void Remove();
  bool removed() const;

  const uint64_t size;  // as it was asked for
  bool locked = false;
  Pid creator = 0;
  Pid last = 0;                           // who attached or detached last
  Nanos atime = 0, dtime = 0, ctime = 0;  // CLOCK_REALTIME

 private:
  friend class SegmentMemory;
  SharedSegments& table_;
  std::shared_ptr<SegmentMemory> memory_;
};

// The process `pid` attaches all segments in `map` anew (a fork), or gives them up
// (exit, exec), at the time `now` of CLOCK_REALTIME.
void NoteAttached(const SharedSegments& segments, const MemoryMap& map, Pid pid,
                  Nanos now);
void NoteDetached(const SharedSegments& segments, const MemoryMap& map, Pid pid,
                  Nanos now);

}  // namespace emu

#endif  // KERNEL_MM_SHARED_SEGMENT_H_
