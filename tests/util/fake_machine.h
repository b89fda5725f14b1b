// SPDX-License-Identifier: Apache-2.0
//
// A Machine and a PageStore of plain memory, for unit tests of the kernel:
// guest memory behaves as on a host, and a Cpu stops for what its test says.

#ifndef TESTS_UTIL_FAKE_MACHINE_H_
#define TESTS_UTIL_FAKE_MACHINE_H_

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "arch/machine.h"
#include "arch/page_store.h"

namespace emu {

// Pages on the heap, made when first touched.
class HeapPageStore : public PageStore {
 public:
  Result<uint64_t> Reserve(uint64_t length) override;
  char* At(uint64_t offset) override;
  void Free(uint64_t offset, uint64_t length) override;
  uint64_t NextData(uint64_t offset, uint64_t end) override;
  uint64_t NextHole(uint64_t offset, uint64_t end) override;

 private:
  struct Region {
    std::vector<char> bytes;
    std::vector<bool> touched;  // by page
  };
  std::map<uint64_t, Region> regions_;  // by start
  Region& Find(uint64_t offset, uint64_t* within);
  uint64_t end_ = kPageSize;
};

class FakeMachine;

class FakeAddressSpace : public AddressSpace {
 public:
  explicit FakeAddressSpace(FakeMachine& machine) : machine_(machine) {}

  GuestAddr lowest() const override { return 0x10000; }
  GuestAddr highest() const override { return 0x7fffffffe000; }
  void Map(const Mapping& mapping) override;
  void Unmap(GuestAddr start, uint64_t length) override;
  void Protect(GuestAddr start, uint64_t length, int prot) override;
  void Move(GuestAddr from, GuestAddr to, uint64_t length) override;
  void Discard(GuestAddr start, uint64_t length) override;
  size_t CopyIn(void* to, GuestAddr from, size_t n) override;
  size_t CopyOut(GuestAddr to, const void* from, size_t n) override;

  // What is mapped at `addr`; null if nothing. Its start and length are those
  // of one page.
  std::unique_ptr<Mapping> PageAt(GuestAddr addr) const;
  // Changes asked for so far: Map, Unmap, Protect, Move, Discard.
  int operations() const { return operations_; }
  std::shared_ptr<FakeAddressSpace> Copy() const;

 private:
  using PageBytes = std::array<char, kPageSize>;
  using Mappings = std::map<GuestAddr, Mapping>;

  void SplitAt(GuestAddr addr);
  void Remove(GuestAddr start, GuestAddr end);
  const Mapping* Find(GuestAddr addr) const;
  // The bytes of a page as the guest would read them.
  PageBytes Contents(GuestAddr page) const;

  FakeMachine& machine_;
  Mappings mappings_;                     // by start
  std::map<GuestAddr, PageBytes> pages_;  // private copies
  int operations_ = 0;
};

class FakeCpu : public Cpu {
 public:
  explicit FakeCpu(std::shared_ptr<AddressSpace> memory)
      : memory_(std::move(memory)) {}

  // What Run reports, one after the other; then kGone.
  std::deque<Stop> stops;
  // What Run was asked for.
  std::vector<RunLimit> limits;
  std::vector<int64_t> results;
  GuestAddr entry = 0;
  GuestAddr stack = 0;
  GuestAddr tls = 0;
  int restarts = 0;
  std::vector<SignalFrame> frames;

  Stop Run(const RunLimit& limit) override;
  GuestAddr ip() override { return entry; }
  GuestAddr sp() override { return stack; }
  void SetResult(int64_t result) override { results.push_back(result); }
  void Restart() override { ++restarts; }
  void RestartAs(uint64_t) override { ++restarts; }
  void FinishTrap(uint64_t) override {}
  bool CanRedirect() const override { return true; }
  void SetStack(GuestAddr sp) override { stack = sp; }
  void SetTls(GuestAddr value) override { tls = value; }
  void Reset(GuestAddr new_entry, GuestAddr sp) override;
  Result<int64_t> ArchPrctl(int, GuestAddr, FrameMemory&) override {
    return Errno(EINVAL);
  }
  Result<> PushSignalFrame(const SignalFrame& frame, FrameMemory&) override;
  Result<RestoredFrame> PopSignalFrame(FrameMemory&) override;
  std::string DumpRegisters() override { return ""; }
  ExecutionPoint Point() override {
    ExecutionPoint point;
    point.ip = entry;
    return point;
  }

 private:
  std::shared_ptr<AddressSpace> memory_;
};

class FakeMachine : public Machine {
 public:
  explicit FakeMachine(PageStore& pages) : pages_(pages) {}

  // The host files that guests may map, by id.
  std::map<int, std::string> host_files;

  Result<Guest> NewProcess() override;
  Result<Guest> Fork(AddressSpace& memory, Cpu& caller) override;
  Result<std::unique_ptr<Cpu>> NewThread(std::shared_ptr<AddressSpace> memory,
                                         Cpu& caller) override;
  const Platform& platform() const override { return platform_; }
  PageStore& pages() { return pages_; }

 private:
  PageStore& pages_;
  Platform platform_{.machine = "x86_64",
                     .elf_machine = 62,
                     .min_sigstack = 2048,
                     .rt_sigreturn = 15,
                     .restart_syscall = 219};
};

}  // namespace emu

#endif  // TESTS_UTIL_FAKE_MACHINE_H_
