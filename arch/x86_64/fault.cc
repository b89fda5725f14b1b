// SPDX-License-Identifier: Apache-2.0
#include "arch/x86_64/fault.h"

#include <signal.h>

#include <optional>

#include "arch/x86_64/disassembler.h"

namespace emu::isa {
namespace {

// Exceptions of the CPU.
enum Trap : uint64_t {
  kDivide = 0,
  kDebug = 1,
  kBreakpoint = 3,
  kInvalidOpcode = 6,
  kStackSegment = 12,
  kGeneralProtection = 13,
  kPageFault = 14,
  kX87 = 16,
  kAlignment = 17,
  kSimd = 19,
};

// Bits of a page fault's error code.
constexpr uint64_t kPresent = 1;
constexpr uint64_t kWrite = 2;
constexpr uint64_t kUser = 4;
constexpr uint64_t kFetch = 16;

// Instructions that only read what their first operand names. (The decoder's
// own access flags are wrong for many; Intel's order of operands is not: what
// is written comes first.)
bool OnlyReads(unsigned id) {
  switch (id) {
    case X86_INS_CMP:
    case X86_INS_TEST:
    case X86_INS_BT:
    case X86_INS_NOP:
    case X86_INS_PUSH:
    case X86_INS_CALL:
    case X86_INS_JMP:
    case X86_INS_LCALL:
    case X86_INS_LJMP:
    case X86_INS_MUL:
    case X86_INS_IMUL:
    case X86_INS_DIV:
    case X86_INS_IDIV:
    case X86_INS_CMPSB:
    case X86_INS_CMPSW:
    case X86_INS_CMPSD:
    case X86_INS_CMPSQ:
    case X86_INS_FLD:
    case X86_INS_FILD:
    case X86_INS_FBLD:
    case X86_INS_FADD:
    case X86_INS_FIADD:
    case X86_INS_FSUB:
    case X86_INS_FISUB:
    case X86_INS_FSUBR:
    case X86_INS_FISUBR:
    case X86_INS_FMUL:
    case X86_INS_FIMUL:
    case X86_INS_FDIV:
    case X86_INS_FIDIV:
    case X86_INS_FDIVR:
    case X86_INS_FIDIVR:
    case X86_INS_FCOM:
    case X86_INS_FCOMP:
    case X86_INS_FICOM:
    case X86_INS_FICOMP:
    case X86_INS_FLDCW:
    case X86_INS_FLDENV:
    case X86_INS_FRSTOR:
    case X86_INS_FXRSTOR:
    case X86_INS_FXRSTOR64:
    case X86_INS_XRSTOR:
    case X86_INS_XRSTOR64:
    case X86_INS_LDMXCSR:
    case X86_INS_VLDMXCSR:
    case X86_INS_PREFETCH:
    case X86_INS_PREFETCHNTA:
    case X86_INS_PREFETCHT0:
    case X86_INS_PREFETCHT1:
    case X86_INS_PREFETCHT2:
    case X86_INS_PREFETCHW:
    case X86_INS_CLFLUSH:
    case X86_INS_CLFLUSHOPT:
    case X86_INS_CLWB:
      return true;
    default:
      return false;
  }
}

// Whether the instruction writes to the memory at `addr`. Where it has two
// operands in memory, the one that is `addr` counts; an instruction that this
// decoder does not know is taken for a read.
bool Writes(const Registers& regs, absl::Span<const uint8_t> bytes,
            GuestAddr addr) {
  const cs_insn* insn = Disassemble(bytes, regs.rip);
  if (insn == nullptr) return false;
  switch (insn->id) {
    case X86_INS_PUSH:
    case X86_INS_PUSHF:
    case X86_INS_PUSHFQ:
    case X86_INS_CALL:
    case X86_INS_ENTER:
      // The stack is written, whatever else is read.
      if (addr < regs.rsp && regs.rsp - addr <= 16) return true;
      break;
    default:
      break;
  }
  const cs_x86& x86 = insn->detail->x86;
  bool writes = false;
  for (int i = 0; i < x86.op_count; ++i) {
    const cs_x86_op& op = x86.operands[i];
    if (op.type != X86_OP_MEM) continue;
    const bool written = i == 0 && !OnlyReads(insn->id);
    const std::optional<GuestAddr> at =
        AddressOf(op, regs, regs.rip + insn->size);
    // An access may begin before the page that is missing.
    if (at && addr - *at < 64) return written;
    writes = writes || written;
  }
  return writes;
}

void DescribeAccess(const Registers& regs, absl::Span<const uint8_t> bytes,
                    FaultInfo& fault) {
  fault.trap_number = kPageFault;
  // The bytes at hand end where they can no longer be fetched.
  fault.exec =
      fault.addr - regs.rip < 16 && (bytes.empty() || fault.addr == regs.rip ||
                                     fault.addr - regs.rip >= bytes.size());
  fault.write = !fault.exec && Writes(regs, bytes, fault.addr);
  fault.error_code = kUser | (fault.write ? kWrite : 0) |
                     (fault.exec ? kFetch : 0) |
                     (fault.code == SEGV_ACCERR ? kPresent : 0);
}

uint64_t FloatingPointTrap(absl::Span<const uint8_t> bytes,
                           const FaultInfo& fault) {
  if (fault.code == FPE_INTDIV || fault.code == FPE_INTOVF) return kDivide;
  const cs_insn* insn = Disassemble(bytes, fault.addr);
  const bool x87 = insn != nullptr && InGroup(*insn, X86_GRP_FPU);
  return x87 ? kX87 : kSimd;
}

}  // namespace

void DescribeFault(const Registers& regs, absl::Span<const uint8_t> instruction,
                   FaultInfo& fault) {
  switch (fault.signo) {
    case SIGSEGV:
      if (fault.code == SI_KERNEL) {
        fault.trap_number = kGeneralProtection;
      } else {
        DescribeAccess(regs, instruction, fault);
      }
      break;
    case SIGBUS:
      if (fault.code == SI_KERNEL) {
        fault.trap_number = kStackSegment;
      } else if (fault.code == BUS_ADRALN) {
        fault.trap_number = kAlignment;
      } else {
        DescribeAccess(regs, instruction, fault);
      }
      break;
    case SIGFPE:
      fault.trap_number = FloatingPointTrap(instruction, fault);
      break;
    case SIGILL:
      fault.trap_number = kInvalidOpcode;
      break;
    case SIGTRAP:
      fault.trap_number = fault.code == SI_KERNEL ? kBreakpoint : kDebug;
      break;
    default:
      break;
  }
}

}  // namespace emu::isa
