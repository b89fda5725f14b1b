// SPDX-License-Identifier: Apache-2.0
//
// Changes to a guest's address space that the kernel has made and the host has
// yet to be told: a queue of host calls, made in batches by a thread of the
// guest process, or on its way back into the guest if there is just one.

#ifndef ARCH_HOST_MAPPING_QUEUE_H_
#define ARCH_HOST_MAPPING_QUEUE_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "arch/host/guest_memory.h"
#include "arch/host/host_files.h"
#include "arch/host/host_process.h"
#include "arch/isa/stub.h"
#include "arch/machine.h"

namespace emu {

// Where mappings get their descriptors from.
struct MappingSources {
  int page_store_fd = -1;
  HostFiles* files = nullptr;  // null: no host file is ever mapped
};

class MappingQueue {
 public:
  explicit MappingQueue(const MappingSources& sources) : sources_(sources) {}

  void Map(const Mapping& mapping);
  void Unmap(GuestAddr start, uint64_t length);
  void Protect(GuestAddr start, uint64_t length, int prot);
  void Move(GuestAddr from, GuestAddr to, uint64_t length);
  void Discard(GuestAddr start, uint64_t length);

  bool empty() const { return changes_.empty(); }

  // Makes all the changes, through `thread` of `process`. On failure the
  // address space is in an unknown state.
  absl::Status Flush(HostProcess& process, HostThread& thread,
                     const GuestMemory& memory);

  // The only change, if it is of the kind that cannot fail but for want of
  // memory: the queue is then empty. WasMade tells whether `result` is its
  // success.
  std::optional<isa::StubCall> TakeOne();
  static bool WasMade(const isa::StubCall& call, uint64_t result);

 private:
  struct Change {
    isa::StubCall call;
    HostFileId file;  // to be named in the call; -1: none
  };

  void Add(const Change& change) { changes_.push_back(change); }
  absl::Status NameFile(Change& change);
  absl::Status Recover(HostProcess& process, HostThread& thread,
                       const GuestMemory& memory, const isa::StubCall& failed);

  const MappingSources& sources_;
  std::vector<Change> changes_;
  // Host files are mapped here: a change of protection may need Recover.
  bool maps_files_ = false;
};

}  // namespace emu

#endif  // ARCH_HOST_MAPPING_QUEUE_H_
