// SPDX-License-Identifier: Apache-2.0
//
// Copies between emu and a guest process: in one of three ways, of which a host
// may forbid some. All give the same answers for what the caller has checked to
// be mapped; the second and third do not look at the guest's protection.

#ifndef ARCH_HOST_GUEST_MEMORY_H_
#define ARCH_HOST_GUEST_MEMORY_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "arch/host/host_process.h"
#include "arch/user_ptr.h"

namespace emu {

class GuestMemory {
 public:
  enum class Mode {
    kBest,       // what works here, the faster one for each length
    kProcessVm,  // process_vm_readv(2), process_vm_writev(2)
    kProcMem,    // /proc/<pid>/mem
    kWords,      // PTRACE_PEEKDATA, PTRACE_POKEDATA
  };

  // Finds out what works with `process`, any guest process. A mode that was
  // asked for by name and does not is an error.
  static absl::StatusOr<GuestMemory> Create(Mode mode, HostProcess& process);

  // As asked for.
  Mode mode() const { return mode_; }

  // Copies until the first byte that is not there. Returns how many.
  size_t CopyIn(HostProcess& process, void* to, GuestAddr from, size_t n) const;
  size_t CopyOut(HostProcess& process, GuestAddr to, const void* from,
                 size_t n) const;
  // Writes whatever the guest may do there; of files, a private copy. False: not
  // all of it could be written.
  static bool Overwrite(HostProcess& process, GuestAddr to, const void* from,
                        size_t n);

 private:
  GuestMemory(Mode mode, Mode small, Mode large)
      : mode_(mode), small_(small), large_(large) {}
  Mode ModeFor(HostProcess& process, size_t n) const;

  Mode mode_;
  Mode small_;
  Mode large_;
};

}  // namespace emu

#endif  // ARCH_HOST_GUEST_MEMORY_H_
