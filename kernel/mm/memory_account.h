// SPDX-License-Identifier: Apache-2.0
//
// How much memory guests may have: the machine's memory as they are told of it.
// Linux overcommits: most memory asked for is never touched. So does this, as
// far as the memory really in use leaves room: while all that was promised
// fits, nothing is asked of the host; beyond that, a request is granted if it
// fits beside what guests really use by then. Owned by the kernel's Subsystems.

#ifndef KERNEL_MM_MEMORY_ACCOUNT_H_
#define KERNEL_MM_MEMORY_ACCOUNT_H_

#include <cstdint>
#include <vector>

namespace emu {

class AddressSpace;

class MemoryAccount {
 public:
  explicit MemoryAccount(uint64_t limit) : limit_(limit) {}
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

  uint64_t limit() const { return limit_; }
  uint64_t promised() const { return promised_; }

  // Whether `bytes` more may be promised.
  bool HasRoomFor(uint64_t bytes);
  void Add(uint64_t bytes) { promised_ += bytes; }
  void Remove(uint64_t bytes) { promised_ -= bytes; }

  // The guests' memories there are, in order of birth.
  void AddSpace(AddressSpace& space) { spaces_.push_back(&space); }
  void RemoveSpace(AddressSpace& space);

 private:
  // Measured again when this part of the limit has been promised.
  static constexpr uint64_t kMeasureShare = 16;

  const uint64_t limit_;
  uint64_t promised_ = 0;
  std::vector<AddressSpace*> spaces_;
  // What was in use when it was last measured, and promised_ then.
  uint64_t used_ = 0;
  uint64_t measured_at_ = 0;
};

}  // namespace emu

#endif  // KERNEL_MM_MEMORY_ACCOUNT_H_
