// SPDX-License-Identifier: Apache-2.0
//
// What can be mapped: a regular file's content, shared anonymous memory, a
// System V segment. Knows where its pages live and which memory maps show them,
// so that all of them can be told when that changes.

#ifndef KERNEL_MM_MEMORY_OBJECT_H_
#define KERNEL_MM_MEMORY_OBJECT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "arch/machine.h"
#include "arch/result.h"
#include "kernel/mm/futex.h"

namespace emu {

class MemoryMap;

class MemoryObject {
 public:
  MemoryObject() = default;
  MemoryObject(const MemoryObject&) = delete;
  MemoryObject& operator=(const MemoryObject&) = delete;
  virtual ~MemoryObject() = default;

  struct Piece {
    Backing backing;  // of the page asked for
    uint64_t length;  // bytes from there on that lie together (whole pages)
  };
  // Where the pages from `offset` on (a whole page) live, at most `length`
  // bytes of them. Nothing when the object ends at or before `offset`: a touch
  // there is SIGBUS.
  virtual std::optional<Piece> Locate(uint64_t offset, uint64_t length) = 0;

  // A mapping is about to be made. For a shared writable one the content moves
  // to where writes are seen by all. ETXTBSY, EACCES, ENOMEM, EPERM (seals).
  virtual Result<> BeforeMap(bool shared, bool writable) = 0;

  // madvise(2)'s MADV_REMOVE on a shared mapping: the range, whole pages, reads
  // as zeroes from now on. EOPNOTSUPP.
  virtual Result<> PunchHole(uint64_t, uint64_t) { return Errno(EOPNOTSUPP); }

  // mincore(2): whether the page at `offset`, which is not behind the end, is in
  // memory. Of the host's files all are.
  virtual bool IsResident(uint64_t) { return true; }

  // The maps that show this object, kept by MemoryMap.
  void AddMap(MemoryMap& map);
  void RemoveMap(MemoryMap& map);
  bool mapped() const { return !maps_.empty(); }
  // Areas that show it, in all maps.
  int mappings() const { return mappings_; }
  // Whether an area shares it that is, or may become, writable.
  bool HasSharedWritableMapping() const;

  // Tasks that wait for words of it, by offset.
  FutexQueues futexes;

 protected:
  // Pages in [offset, offset+length) have moved, came to be, or ended: every
  // map shows the new state before this returns.
  void Changed(uint64_t offset, uint64_t length);
  // The last area that showed it is gone.
  virtual void OnUnmapped() {}

 private:
  struct Entry {
    MemoryMap* map;
    int count;  // mappings in it
  };
  std::vector<Entry> maps_;  // in order of first mapping
  int mappings_ = 0;
};

}  // namespace emu

#endif  // KERNEL_MM_MEMORY_OBJECT_H_
