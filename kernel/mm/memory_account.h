// SPDX-License-Identifier: Apache-2.0
//
// How much memory guests may have: the machine's memory as they are told of it.
// Linux overcommits: most memory asked for is never touched. So does this, as
// far as the memory really in use leaves room: while all that was promised
// fits, nothing is asked of the host; beyond that, a request is granted if it
// fits beside what guests really use by then. What files take is part of it.
// Owned by the kernel's Subsystems.

#ifndef KERNEL_MM_MEMORY_ACCOUNT_H_
#define KERNEL_MM_MEMORY_ACCOUNT_H_

#include <cstdint>
#include <vector>

namespace emu {

class AddressSpace;
class MemoryAccount;

// The memory that files of all file systems take: what guests wrote to them,
// and their nodes. Owned by the MountTree, which outlives the account.
class FileMemory {
 public:
  // False: there is not as much left.
  bool Take(uint64_t bytes);
  // What guests have taken already, through a mapping.
  void Add(uint64_t bytes) { used_ += bytes; }
  void GiveBack(uint64_t bytes) { used_ -= bytes; }
  uint64_t used() const { return used_; }
  // As much as files may take: the rest is kept for programs, lest a full file
  // system keep them from running. And what is left of it.
  uint64_t limit() const;
  uint64_t left() const;

 private:
  friend class MemoryAccount;
  static constexpr uint64_t kProgramsShare = 8;

  uint64_t used_ = 0;
  MemoryAccount* account_ = nullptr;  // set by its constructor
};

class MemoryAccount {
 public:
  MemoryAccount(uint64_t limit, FileMemory& files)
      : limit_(limit), files_(files) {
    files.account_ = this;
  }
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
  const FileMemory& files_;
  uint64_t promised_ = 0;
  std::vector<AddressSpace*> spaces_;
  // What was in use when it was last measured, and what was promised then.
  uint64_t used_ = 0;
  uint64_t measured_at_ = 0;
};

}  // namespace emu

#endif  // KERNEL_MM_MEMORY_ACCOUNT_H_
