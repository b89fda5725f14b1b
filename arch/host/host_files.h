// SPDX-License-Identifier: Apache-2.0
//
// How the machine finds the descriptor behind a HostFileId, to name it in a
// guest's mmap. Guest processes share emu's descriptor table, so the number is
// good there at once.

#ifndef ARCH_HOST_HOST_FILES_H_
#define ARCH_HOST_HOST_FILES_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "arch/machine.h"

namespace emu {

class HostFiles {
 public:
  // A descriptor stays open for at least this many further calls of
  // Descriptor, whatever cache is behind it: as many as one batch of mappings
  // asks for.
  static constexpr int kHeldDescriptors = 32;

  virtual ~HostFiles() = default;

  // A descriptor of emu that is open on `file`, possibly opened again for this
  // call. Fails when the file is not what it was any more.
  virtual absl::StatusOr<int> Descriptor(HostFileId file) = 0;
  // Where in that descriptor's file its first byte is; whole pages.
  virtual uint64_t Start(HostFileId) { return 0; }
};

}  // namespace emu

#endif  // ARCH_HOST_HOST_FILES_H_
