// SPDX-License-Identifier: Apache-2.0
#include "arch/x86_64/inline_breakpoint.h"

#include <cstring>
#include <initializer_list>
#include <iterator>
#include <limits>

#include "arch/x86_64/disassembler.h"
#include "arch/x86_64/memory_use.h"

namespace emu::isa {
namespace {

constexpr size_t kJumpSize = 5;  // JMP rel32
constexpr uint8_t kJump = 0xe9;
constexpr uint8_t kNop = 0x90;

// --- The data: what is saved, then what is wanted.
constexpr size_t kSavedRax = 0;
constexpr size_t kSavedRcx = 8;
constexpr size_t kWanted = 16;

constexpr int kRax = 0, kRcx = 1;  // as instructions number them

// In the order of those numbers.
constexpr decltype(&Registers::rax) kGeneral[] = {
    &Registers::rax, &Registers::rcx, &Registers::rdx, &Registers::rbx,
    &Registers::rsp, &Registers::rbp, &Registers::rsi, &Registers::rdi,
    &Registers::r8,  &Registers::r9,  &Registers::r10, &Registers::r11,
    &Registers::r12, &Registers::r13, &Registers::r14, &Registers::r15};

bool FitsIn32(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() &&
         value <= std::numeric_limits<int32_t>::max();
}

void Append32(std::vector<uint8_t>& to, int64_t value) {
  const auto narrow = static_cast<int32_t>(value);
  uint8_t bytes[sizeof(narrow)];
  std::memcpy(bytes, &narrow, sizeof(narrow));
  to.insert(to.end(), std::begin(bytes), std::end(bytes));
}

class Assembler {
 public:
  explicit Assembler(GuestAddr pages) : pages_(pages) {}

  void Add(std::initializer_list<uint8_t> bytes) {
    code_.insert(code_.end(), bytes);
  }
  // MOV (0x8b loads, 0x89 stores) or CMP (0x3b) of a register and a word of the
  // data, which is addressed relative to the next instruction.
  void OnData(uint8_t opcode, int reg, size_t at) {
    const auto high = static_cast<uint8_t>(reg >= 8 ? 0x4c : 0x48);  // REX.W, R
    Add({high, opcode, static_cast<uint8_t>((reg & 7) << 3 | 5)});
    Append32(code_, static_cast<int64_t>(InlineBreakpoint::kCodeSize + at -
                                         (code_.size() + 4)));
  }
  // Compares a register with the next wanted word, and gives up if they differ.
  void Want(int reg, uint64_t value) {
    OnData(0x3b, reg, AddData(value));
    Add({0x0f, 0x85});  // JNE rel32
    misses_.push_back(code_.size());
    Append32(code_, 0);
  }
  void WantMemory(const MemoryWord& word) {
    OnData(0x8b, kRcx, AddData(word.addr));
    Add({0x48, 0x8b, 0x09});  // MOV RCX, [RCX]
    Want(kRcx, word.value);
  }
  void Save() {
    OnData(0x89, kRax, kSavedRax);
    Add({0x9f, 0x0f, 0x90, 0xc0});  // LAHF; SETO AL
    OnData(0x89, kRcx, kSavedRcx);
  }
  void Restore() {
    OnData(0x8b, kRcx, kSavedRcx);
    Add({0x04, 0x7f, 0x9e});  // ADD AL, 127 (overflows from 1); SAHF
    OnData(0x8b, kRax, kSavedRax);
  }
  void LandMisses() {
    for (size_t at : misses_) {
      const auto distance = static_cast<int32_t>(code_.size() - (at + 4));
      std::memcpy(&code_[at], &distance, sizeof(distance));
    }
  }
  void JumpTo(GuestAddr target) {
    Add({kJump});
    Append32(code_, static_cast<int64_t>(target - (pages_ + code_.size() + 4)));
  }

  size_t size() const { return code_.size(); }
  std::vector<uint8_t>& code() { return code_; }
  std::vector<uint8_t>& data() { return data_; }

 private:
  size_t AddData(uint64_t value) {
    const size_t at = data_.size();
    data_.resize(at + sizeof(value));
    std::memcpy(&data_[at], &value, sizeof(value));
    return at;
  }

  const GuestAddr pages_;
  std::vector<uint8_t> code_;
  std::vector<uint8_t> data_ = std::vector<uint8_t>(kWanted);
  std::vector<size_t> misses_;  // where the distances of jumps lie
};

// What of an instruction is relative to its place.
struct Relative {
  size_t offset = 0;  // of the displacement in its bytes; 0: nothing is
  GuestAddr target = 0;
};

Relative FindRelative(const cs_insn& insn) {
  const cs_x86& x86 = insn.detail->x86;
  for (int i = 0; i < x86.op_count; ++i) {
    const cs_x86_op& op = x86.operands[i];
    if (op.type == X86_OP_MEM && op.mem.base == X86_REG_RIP) {
      return {x86.encoding.disp_offset,
              insn.address + insn.size + static_cast<uint64_t>(op.mem.disp)};
    }
  }
  return {};
}

bool IsStraight(const cs_insn& insn) {
  for (unsigned group : {X86_GRP_JUMP, X86_GRP_CALL, X86_GRP_RET, X86_GRP_INT,
                         X86_GRP_IRET, X86_GRP_PRIVILEGE}) {
    if (InGroup(insn, group)) return false;
  }
  return insn.id != X86_INS_CPUID;
}

// The instruction as it is to be executed at `at`; empty if it cannot be.
std::vector<uint8_t> Relocate(const cs_insn& insn, GuestAddr at) {
  std::vector<uint8_t> bytes(insn.bytes, insn.bytes + insn.size);
  const Relative relative = FindRelative(insn);
  if (relative.target == 0) return bytes;
  const auto distance = static_cast<int64_t>(relative.target - (at + insn.size));
  const auto narrow = static_cast<int32_t>(distance);
  if (!FitsIn32(distance) || relative.offset == 0 ||
      relative.offset + sizeof(narrow) > bytes.size()) {
    return {};
  }
  std::memcpy(&bytes[relative.offset], &narrow, sizeof(narrow));
  return bytes;
}

void Compare(Assembler& code, const Registers& wanted,
             absl::Span<const MemoryWord> words) {
  code.OnData(0x8b, kRcx, kSavedRax);
  code.Want(kRcx, wanted.rax);
  code.OnData(0x8b, kRcx, kSavedRcx);
  code.Want(kRcx, wanted.rcx);
  for (int reg = kRcx + 1; reg < static_cast<int>(std::size(kGeneral)); ++reg) {
    code.Want(reg, wanted.*kGeneral[reg]);
  }
  for (const MemoryWord& word : words) code.WantMemory(word);
}

}  // namespace

bool CanHoldInlineBreakpoint(const Registers& regs,
                             absl::Span<const uint8_t> bytes) {
  if (!DecodeMemoryUse(regs, bytes).known) return false;
  const cs_insn* insn = Disassemble(bytes, regs.rip);
  return insn != nullptr && insn->size >= kJumpSize && IsStraight(*insn);
}

std::optional<InlineBreakpoint> MakeInlineBreakpoint(
    absl::Span<const uint8_t> bytes, const Registers& wanted,
    absl::Span<const MemoryWord> words, GuestAddr pages) {
  if (!CanHoldInlineBreakpoint(wanted, bytes) ||
      !FitsIn32(static_cast<int64_t>(pages - wanted.rip)) ||
      words.size() > PointHints::kMostWords) {
    return std::nullopt;
  }
  Assembler code(pages);
  InlineBreakpoint result;
  code.Save();
  Compare(code, wanted, words);
  code.Restore();
  code.Add({0xcc});  // INT3
  result.trap = code.size();
  code.LandMisses();
  code.Restore();
  result.copy = code.size();

  const cs_insn* insn = Disassemble(bytes, wanted.rip);
  const size_t size = insn->size;
  const std::vector<uint8_t> moved = Relocate(*insn, pages + code.size());
  if (moved.empty()) return std::nullopt;
  code.code().insert(code.code().end(), moved.begin(), moved.end());
  code.JumpTo(wanted.rip + size);

  result.jump = {kJump};
  Append32(result.jump, static_cast<int64_t>(pages - (wanted.rip + kJumpSize)));
  result.jump.resize(size, kNop);
  result.code = std::move(code.code());
  result.data = std::move(code.data());
  return result;
}

}  // namespace emu::isa
