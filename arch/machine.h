// SPDX-License-Identifier: Apache-2.0
//
// DOOR: how guest code runs. A Machine makes guest processes: an AddressSpace
// (memory, and nothing else) with Cpus (threads of execution) in it. The kernel
// asks a Cpu to run, is told why it stopped, and answers by changing its
// registers and memory. Nothing here knows what a file, a signal disposition or
// a pid is, and nothing above knows how the guest is run or on which ISA.
//
// While the kernel runs, every Cpu is stopped; at most one runs at a time.
// Hence a read and a write of guest memory from the kernel are atomic together.
//
// arch/host implements it with ptrace; tests with a vector of bytes.

#ifndef ARCH_MACHINE_H_
#define ARCH_MACHINE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arch/execution_point.h"
#include "arch/result.h"
#include "arch/signal_frame.h"
#include "arch/user_ptr.h"

namespace emu {

// A regular file of the host, open for reading or mapping; given out by Env.
struct HostFileId {
  int value = -1;
  friend constexpr bool operator==(HostFileId, HostFileId) = default;
};

// What stands behind the pages of a mapping.
struct Backing {
  enum class Kind {
    kAnonymous,  // zeroes at first, private to this address space and its forks
    kPages,      // PageStore, from `offset`
    kHostFile,   // the host file `file`, from `offset`
  };
  Kind kind = Kind::kAnonymous;
  uint64_t offset = 0;  // whole pages
  HostFileId file;
};

// [start, start+length), whole pages. `prot` is PROT_READ | PROT_WRITE |
// PROT_EXEC. Not `shared`: a write copies the page (MAP_PRIVATE).
struct Mapping {
  GuestAddr start = 0;
  uint64_t length = 0;
  int prot = 0;
  bool shared = false;
  Backing backing;
};

// A guest's memory. Owned by the memory map that describes it; the Cpus in it
// keep it alive. Changes are queued and take effect, in order, before the next
// copy or the next instruction of a guest in it; they cannot fail for a reason
// the caller could have checked, and a host that runs out of memory for them
// makes the guest's next Run report kGone.
class AddressSpace {
 public:
  virtual ~AddressSpace() = default;

  // Guests may map [lowest, highest) and nothing else.
  virtual GuestAddr lowest() const = 0;
  virtual GuestAddr highest() const = 0;

  // Replaces what was mapped there.
  virtual void Map(const Mapping& mapping) = 0;
  virtual void Unmap(GuestAddr start, uint64_t length) = 0;
  virtual void Protect(GuestAddr start, uint64_t length, int prot) = 0;
  // Moves pages with their contents; what was at the target is replaced, the
  // source is unmapped. The ranges do not overlap.
  virtual void Move(GuestAddr from, GuestAddr to, uint64_t length) = 0;
  // Private pages lose their contents: they read as the backing again.
  virtual void Discard(GuestAddr start, uint64_t length) = 0;

  // Copies until the first byte that is not there or not accessible, and
  // returns the number of bytes copied. The caller has checked the range
  // against its own list of mappings: what differs here are pages past a file's
  // end.
  virtual size_t CopyIn(void* to, GuestAddr from, size_t n) = 0;
  virtual size_t CopyOut(GuestAddr to, const void* from, size_t n) = 0;

  // The memory that private pages take up on the host now; 0 where the machine
  // cannot tell.
  virtual uint64_t ResidentBytes() { return 0; }

  // For each of `pages` pages from `start` on: whether it was touched here since
  // it was mapped or discarded. All were, where the machine cannot tell.
  virtual std::vector<bool> Touched(GuestAddr, size_t pages) {
    return std::vector<bool>(pages, true);
  }
};

// Why a guest stopped.
struct Stop {
  enum class Kind {
    kSyscall,  // wants a system call: number and args
    kFault,    // its instruction raised a synchronous signal: fault
    kTrapped,  // executed an instruction that the kernel answers: trap
    kSlice,    // was asked to stop: its slice is over or the outside called;
               // spent
    kStep,     // executed the one instruction asked for
    kSpin,     // was watched, and waits in user code: its state repeats; cycle,
               // unmoved
    kReached,  // is at the point asked for
    kGone,     // the host ended it: out of memory or killed from outside
  };
  enum class Trap { kTsc, kTscAux, kCpuid };

  Kind kind = Kind::kGone;
  uint64_t number = 0;
  // The call came by an entry that this kernel does not serve (int 0x80, x32):
  // the answer is ENOSYS whatever the number.
  bool foreign = false;
  std::array<uint64_t, 6> args = {};
  FaultInfo fault;
  Trap trap = Trap::kTsc;
  // Nanoseconds of the host's processor that it took since the kSlice before; 0
  // if there was another stop in between.
  int64_t spent = 0;
  // After how many instructions it is again where it was, and whether it is so
  // since the watch began: it has not moved at all.
  uint32_t cycle = 0;
  bool unmoved = false;
};

// How far a guest may run.
struct RunLimit {
  // Stop with kSlice when it has been in user code for a while of host time.
  // Without it only the outside (Env) makes it stop early.
  bool slice = false;
  // And that while is short, for it is likely to spin.
  bool soon = false;
  // One instruction only: stop with kStep.
  bool step = false;
  // Not 0: follow it for so many instructions, one at a time, and stop with
  // kSlice behind them, or with kSpin once it is sure to wait for a change of
  // memory that it does not make itself: its registers repeat, and so does the
  // memory that it wrote. It stands then at a point of its cycle that does not
  // depend on when the watch began. With kSlice it stands, where that can be had,
  // at a point with registers that it had nowhere else in the watch. What comes
  // from outside meanwhile is told of by the next run.
  uint32_t watch = 0;
  // Not null: stop with kReached there, whatever a thread comes to first. Within
  // `budget` nanoseconds of the host's processor time, else kSlice. `lenient`:
  // pages may differ from what they held there if they hold what they do now,
  // for the processor is another one and what it said of itself may lie in them.
  // `spare`: where kSparePages could be mapped near the point, for a search that
  // does not stop there each time (arch/isa/inline_breakpoint.h); 0: nowhere.
  const ExecutionPoint* until = nullptr;
  static constexpr uint64_t kSparePages = 2;
  GuestAddr spare = 0;
  int64_t budget = 0;
  bool lenient = false;
};

// One guest thread's registers and execution. Owned by a Task. Destroyed, its
// host thread is parked or ended; the address space lives on.
class Cpu {
 public:
  virtual ~Cpu() = default;

  // Runs until something happens.
  virtual Stop Run(const RunLimit& limit) = 0;

  virtual GuestAddr ip() = 0;
  virtual GuestAddr sp() = 0;

  // After kSyscall: the value that the call returns (negative: an errno).
  virtual void SetResult(int64_t result) = 0;
  // After kSyscall: the call is made again, with the same arguments, when the
  // guest next runs (or returns from the signal frame pushed now). With a
  // number: that call instead.
  virtual void Restart() = 0;
  virtual void RestartAs(uint64_t number) = 0;
  // After kTrapped: what the instruction yields; execution goes on behind it.
  // For kTsc and kTscAux the counter; kCpuid is answered by the machine.
  virtual void FinishTrap(uint64_t value) = 0;

  // False at the rare stops at which execution cannot be redirected (the x86
  // vsyscall page): signals wait for the next stop.
  virtual bool CanRedirect() const = 0;

  // For a new thread or process, whose registers are its creator's: the stack
  // and the thread pointer (TLS) that clone(2) was given.
  virtual void SetStack(GuestAddr sp) = 0;
  virtual void SetTls(GuestAddr tls) = 0;

  // For execve: all registers as a new program finds them.
  virtual void Reset(GuestAddr entry, GuestAddr sp) = 0;

  // Calls of this ISA alone, of the C library's start-up: arch_prctl(2) and its
  // like elsewhere.
  virtual Result<int64_t> ArchPrctl(int code, GuestAddr arg,
                                    FrameMemory& memory) = 0;

  // Signal frames, as this ISA lays them out: see arch/signal_frame.h.
  virtual Result<> PushSignalFrame(const SignalFrame& frame,
                                   FrameMemory& memory) = 0;
  virtual Result<RestoredFrame> PopSignalFrame(FrameMemory& memory) = 0;

  // The general registers as the ISA's struct user_regs (NT_PRSTATUS's), for
  // traces and comparison.
  virtual std::string DumpRegisters() = 0;
  // Where it is.
  virtual ExecutionPoint Point() = 0;
};

class Machine {
 public:
  virtual ~Machine() = default;

  struct Guest {
    std::shared_ptr<AddressSpace> memory;
    std::unique_ptr<Cpu> cpu;
  };

  // A blank address space with one thread. EAGAIN or ENOMEM by the host's word.
  virtual Result<Guest> NewProcess() = 0;
  // A copy-on-write copy of `memory` with one thread, whose registers are
  // `caller`'s.
  virtual Result<Guest> Fork(AddressSpace& memory, Cpu& caller) = 0;
  // One more thread in `memory`, whose registers are `caller`'s.
  virtual Result<std::unique_ptr<Cpu>> NewThread(
      std::shared_ptr<AddressSpace> memory, Cpu& caller) = 0;

  // What this ISA tells a program in its auxiliary vector.
  struct Platform {
    const char* machine;   // uname's machine and AT_PLATFORM: "x86_64"
    uint16_t elf_machine;  // e_machine that it runs: EM_X86_64
    uint64_t hwcap = 0;    // AT_HWCAP
    uint64_t hwcap2 = 0;   // AT_HWCAP2
    uint64_t min_sigstack = 0;   // AT_MINSIGSTKSZ
    uint64_t rt_sigreturn = 0;   // that call's number
    uint64_t restart_syscall = 0;  // that call's number
    // What /proc/cpuinfo says of processor `cpu` of `cpus`, behind its number.
    std::string (*cpu_info)(int cpu, int cpus) = nullptr;
  };
  virtual const Platform& platform() const = 0;
};

}  // namespace emu

#endif  // ARCH_MACHINE_H_
