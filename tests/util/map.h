// SPDX-License-Identifier: Apache-2.0
//
// Memory that unmaps itself, and the pages around it that fault.

#ifndef EMU_TESTS_UTIL_MAP_H_
#define EMU_TESTS_UTIL_MAP_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

namespace emu {

inline constexpr size_t kPage = 4096;

// Owns what mmap returned.
class Map {
 public:
  Map() = default;
  Map(void* address, size_t size) : address_(address), size_(size) {}
  Map(Map&& other) : address_(other.address_), size_(other.size_) {
    other.address_ = MAP_FAILED;
  }
  Map& operator=(Map&& other) {
    Reset();
    address_ = other.address_;
    size_ = other.size_;
    other.address_ = MAP_FAILED;
    return *this;
  }
  ~Map() { Reset(); }

  // Private memory without a file, read-write unless said otherwise.
  static Map Private(size_t size, int prot = PROT_READ | PROT_WRITE) {
    return Map(mmap(nullptr, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
               size);
  }

  // Memory shared with children that are forked later.
  static Map Shared(size_t size, int prot = PROT_READ | PROT_WRITE) {
    return Map(mmap(nullptr, size, prot, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
               size);
  }

  static Map Of(int fd, size_t size, int flags = MAP_SHARED,
                int prot = PROT_READ | PROT_WRITE, off_t offset = 0) {
    return Map(mmap(nullptr, size, prot, flags, fd, offset), size);
  }

  bool valid() const { return address_ != MAP_FAILED; }
  size_t size() const { return size_; }
  char* data() const { return static_cast<char*>(address_); }
  char& operator[](size_t i) const { return data()[i]; }
  template <typename T>
  T* As() const {
    return static_cast<T*>(address_);
  }

  void Reset() {
    if (valid()) munmap(address_, size_);
    address_ = MAP_FAILED;
  }
  void Release() { address_ = MAP_FAILED; }

 private:
  void* address_ = MAP_FAILED;
  size_t size_ = 0;
};

// Read-write pages followed by one that faults.
class GuardedMap {
 public:
  explicit GuardedMap(size_t size = kPage)
      : map_(Map::Private(size + kPage)), size_(size) {
    mprotect(map_.data() + size, kPage, PROT_NONE);
  }

  char* data() const { return map_.data(); }
  // The first address that faults; `before` bytes ahead of it.
  char* end(size_t before = 0) const { return map_.data() + size_ - before; }

 private:
  Map map_;
  size_t size_;
};

// An address that is never mapped.
inline void* BadAddress() { return reinterpret_cast<void*>(uintptr_t{8}); }

}  // namespace emu

#endif  // EMU_TESTS_UTIL_MAP_H_
