// SPDX-License-Identifier: Apache-2.0
//
// A digest of the bytes that went between guests and the kernel, for traces: two
// runs that differ in data differ here, whatever the call. XXH3, because it
// is cheap beside the copy itself and the same on every CPU. The trace's sink is
// shown the bytes too.

#ifndef KERNEL_DATA_DIGEST_H_
#define KERNEL_DATA_DIGEST_H_

#include <cstddef>
#include <cstdint>

#include "arch/user_ptr.h"

namespace emu {

class TraceSink;

class DataDigest {
 public:
  // Null where nobody wants it.
  explicit DataDigest(TraceSink* sink) : sink_(sink) {}

  // `n` bytes were copied from or to a guest at `at`, of which `meant` are what
  // it was for: a string is read with what lies behind it.
  void Add(GuestAddr at, const void* bytes, size_t n, size_t meant) {
    if (sink_ != nullptr && !paused_) AddWanted(at, bytes, n, meant);
  }

  // The digest since it was last taken.
  uint32_t Take() {
    const uint64_t taken = digest_;
    digest_ = 0;
    return static_cast<uint32_t>(taken);
  }

  // What is copied while one lives is left out: the registers in a signal's
  // frame, which are as many as the host's CPU has; what a sink reads.
  class Pause {
   public:
    explicit Pause(DataDigest& digest)
        : digest_(digest), before_(digest.paused_) {
      digest_.paused_ = true;
    }
    ~Pause() { digest_.paused_ = before_; }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    DataDigest& digest_;
    const bool before_;
  };

 private:
  void AddWanted(GuestAddr at, const void* bytes, size_t n, size_t meant);

  TraceSink* const sink_;
  bool paused_ = false;
  uint64_t digest_ = 0;
};

}  // namespace emu

#endif  // KERNEL_DATA_DIGEST_H_
