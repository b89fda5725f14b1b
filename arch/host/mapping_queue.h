// SPDX-License-Identifier: Apache-2.0
//
// Changes to a guest's address space that the kernel has made and the host has
// yet to be told: a queue of host calls, made in batches by a thread of the
// guest process, or on its way back into the guest if there is just one.

#ifndef ARCH_HOST_MAPPING_QUEUE_H_
#define ARCH_HOST_MAPPING_QUEUE_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "arch/host/guest_memory.h"
#include "arch/host/host_files.h"
#include "arch/host/host_page_store.h"
#include "arch/host/host_process.h"
#include "arch/isa/stub.h"
#include "arch/machine.h"

namespace emu {

// Where mappings get their descriptors from.
struct MappingSources {
  HostPageStore* pages = nullptr;
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

  // For a copy of the address space that `other` is of.
  void CopyStateOf(const MappingQueue& other) {
    maps_noexec_files_ = other.maps_noexec_files_;
  }

  bool empty() const { return changes_.empty(); }

  // Makes all the changes, through `thread` of `process`. On failure the
  // address space is in an unknown state.
  absl::Status Flush(HostProcess& process, HostThread& thread,
                     const GuestMemory& memory);

  // Moves all changes to `*calls` if one batch holds them and none may need
  // more than the call itself. False: see Flush.
  bool TakeAll(std::vector<isa::StubCall>* calls);
  // Whether the result is the call's success, and what else it is.
  static bool WasMade(const isa::StubCall& call);
  static absl::Status ErrorOf(const isa::StubCall& call);

 private:
  struct Change {
    isa::StubCall call;
    HostFileId file;  // to be named in the call; -1: none
    uint64_t offset = 0;  // in the file
    bool noexec = false;
  };

  void Add(const Change& change) { changes_.push_back(change); }
  // Puts the file's descriptor into the call.
  absl::Status NameFile(Change& change);
  // The host may refuse it for what Recover knows to do.
  bool MayNeedMore(const Change& change) const;
  absl::Status Recover(HostProcess& process, HostThread& thread,
                       const GuestMemory& memory, const isa::StubCall& failed);

  const MappingSources& sources_;
  std::vector<Change> changes_;
  // Files that the host will not execute are mapped here.
  bool maps_noexec_files_ = false;
};

}  // namespace emu

#endif  // ARCH_HOST_MAPPING_QUEUE_H_
