// SPDX-License-Identifier: Apache-2.0
//
// AddressSpace by a process of the host.

#ifndef ARCH_HOST_HOST_ADDRESS_SPACE_H_
#define ARCH_HOST_HOST_ADDRESS_SPACE_H_

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "arch/host/guest_memory.h"
#include "arch/host/host_process.h"
#include "arch/host/mapping_queue.h"
#include "arch/host/memory_watch.h"
#include "arch/host/process_pool.h"
#include "arch/isa/registers.h"
#include "arch/machine.h"

namespace emu {

class HostAddressSpace final : public AddressSpace {
 public:
  HostAddressSpace(std::unique_ptr<HostProcess> process, ProcessPool& pool,
                   const MappingSources& sources, const GuestMemory& memory,
                   MemoryWatch& watch)
      : process_(std::move(process)),
        worker_(&process_->leader()),
        pool_(pool),
        sources_(sources),
        memory_(memory),
        queue_(sources),
        watch_(watch) {
    watch_.Add(*process_);
  }
  // The process goes back to the pool.
  ~HostAddressSpace() override {
    watch_.Remove(*process_);
    pool_.Give(std::move(process_));
  }

  GuestAddr lowest() const override { return isa::kLowestAddress; }
  GuestAddr highest() const override { return isa::kStubAddress; }

  void Map(const Mapping& mapping) override { queue_.Map(mapping); }
  void Unmap(GuestAddr start, uint64_t length) override {
    queue_.Unmap(start, length);
  }
  void Protect(GuestAddr start, uint64_t length, int prot) override {
    queue_.Protect(start, length, prot);
  }
  void Move(GuestAddr from, GuestAddr to, uint64_t length) override {
    queue_.Move(from, to, length);
  }
  void Discard(GuestAddr start, uint64_t length) override {
    queue_.Discard(start, length);
  }
  size_t CopyIn(void* to, GuestAddr from, size_t n) override;
  size_t CopyOut(GuestAddr to, const void* from, size_t n) override;
  // Like CopyOut, whatever the guest may do there. False: not all was written.
  bool Overwrite(GuestAddr to, absl::Span<const uint8_t> bytes);
  uint64_t ResidentBytes() override {
    return broken() ? 0 : process_->PrivateBytes();
  }

  std::vector<bool> Touched(GuestAddr start, size_t pages) override;

  // --- For the Cpus in it.

  HostProcess& process() { return *process_; }
  MappingQueue& queue() { return queue_; }
  // The thread that makes host calls from now on: the one that ran last, of
  // which the most is known.
  void set_worker(HostThread& thread) { worker_ = &thread; }
  // Makes the queued changes. False: the address space is of no use any more.
  bool Flush();
  // A change failed: every guest in it is gone.
  void Break(const absl::Status& status);
  bool broken() const { return !failure_.ok() || process_->leader().gone(); }
  const absl::Status& failure() const { return failure_; }

 private:
  // Where in the page store that memory of emu's lies, if it does and a guest's
  // thread may be asked to copy there.
  std::optional<uint64_t> StoreOffset(const void* mine, size_t n) const;
  // The store has yet to get pages for this copy.
  bool IsFresh(uint64_t offset, size_t n);
  // The guest's thread reads or writes the page store's file (`number` is
  // pread64 or pwrite64), which the host does as fast as for any program.
  // Returns how much was copied; the rest is to be copied in another way.
  size_t CopyByCall(uint64_t number, GuestAddr guest, uint64_t offset,
                    size_t n);

  std::unique_ptr<HostProcess> process_;
  HostThread* worker_;
  ProcessPool& pool_;
  const MappingSources& sources_;
  const GuestMemory& memory_;
  MappingQueue queue_;
  MemoryWatch& watch_;
  absl::Status failure_;
};

}  // namespace emu

#endif  // ARCH_HOST_HOST_ADDRESS_SPACE_H_
