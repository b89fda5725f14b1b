// SPDX-License-Identifier: Apache-2.0
//
// A digest of the bytes that went between guests and the kernel, for traces: two
// runs that differ in data differ here, whatever the call. XXH3, because it
// is cheap beside the copy itself and the same on every CPU.

#ifndef KERNEL_DATA_DIGEST_H_
#define KERNEL_DATA_DIGEST_H_

#include <cstddef>
#include <cstdint>

#include "arch/base/digest.h"

namespace emu {

class DataDigest {
 public:
  explicit DataDigest(bool wanted) : wanted_(wanted) {}

  void Add(const void* bytes, size_t n) {
    if (!wanted_ || paused_) return;
    digest_ = Digest(bytes, n, digest_);
  }

  // The digest since it was last taken.
  uint32_t Take() {
    const uint64_t taken = digest_;
    digest_ = 0;
    return static_cast<uint32_t>(taken);
  }

  // What is copied while one lives is left out: the registers in a signal's
  // frame, which are as many as the host's CPU has.
  class Pause {
   public:
    explicit Pause(DataDigest& digest) : digest_(digest) {
      digest_.paused_ = true;
    }
    ~Pause() { digest_.paused_ = false; }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    DataDigest& digest_;
  };

 private:
  const bool wanted_;
  bool paused_ = false;
  uint64_t digest_ = 0;
};

}  // namespace emu

#endif  // KERNEL_DATA_DIGEST_H_
