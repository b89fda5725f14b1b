// SPDX-License-Identifier: Apache-2.0

#include "kernel/seccomp_filter.h"

#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <array>
#include <cstring>
#include <utility>

namespace emu {
namespace {

constexpr size_t kWords = BPF_MEMWORDS;
constexpr size_t kMostCost = 32768;  // MAX_INSNS_PER_PATH
constexpr size_t kCostOfEach = 4;

using Instruction = abi::sock_filter;

// The instructions that filters of calls may use, as seccomp_check_filter() has
// them, with operands that make sense.
bool IsAllowed(const Instruction& i) {
  switch (i.code) {
    case BPF_LD | BPF_W | BPF_ABS:
      return i.k < sizeof(abi::seccomp_data) && i.k % 4 == 0;
    case BPF_LD | BPF_MEM:
    case BPF_LDX | BPF_MEM:
    case BPF_ST:
    case BPF_STX:
      return i.k < kWords;
    case BPF_ALU | BPF_DIV | BPF_K:
      return i.k != 0;
    case BPF_ALU | BPF_LSH | BPF_K:
    case BPF_ALU | BPF_RSH | BPF_K:
      return i.k < 32;
    case BPF_LD | BPF_W | BPF_LEN:
    case BPF_LDX | BPF_W | BPF_LEN:
    case BPF_RET | BPF_K:
    case BPF_RET | BPF_A:
    case BPF_ALU | BPF_ADD | BPF_K:
    case BPF_ALU | BPF_ADD | BPF_X:
    case BPF_ALU | BPF_SUB | BPF_K:
    case BPF_ALU | BPF_SUB | BPF_X:
    case BPF_ALU | BPF_MUL | BPF_K:
    case BPF_ALU | BPF_MUL | BPF_X:
    case BPF_ALU | BPF_DIV | BPF_X:
    case BPF_ALU | BPF_AND | BPF_K:
    case BPF_ALU | BPF_AND | BPF_X:
    case BPF_ALU | BPF_OR | BPF_K:
    case BPF_ALU | BPF_OR | BPF_X:
    case BPF_ALU | BPF_XOR | BPF_K:
    case BPF_ALU | BPF_XOR | BPF_X:
    case BPF_ALU | BPF_LSH | BPF_X:
    case BPF_ALU | BPF_RSH | BPF_X:
    case BPF_ALU | BPF_NEG:
    case BPF_LD | BPF_IMM:
    case BPF_LDX | BPF_IMM:
    case BPF_MISC | BPF_TAX:
    case BPF_MISC | BPF_TXA:
    case BPF_JMP | BPF_JA:
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JEQ | BPF_X:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_X:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_X:
    case BPF_JMP | BPF_JSET | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_X:
      return true;
    default:
      return false;
  }
}

// Jumps go forward, and land inside. `left`: instructions behind this one.
bool JumpsInside(const Instruction& i, size_t left) {
  if (BPF_CLASS(i.code) != BPF_JMP) return true;
  if (i.code == (BPF_JMP | BPF_JA)) return i.k < left;
  return i.jt < left && i.jf < left;
}

// No word is loaded that was not stored on every way there.
bool StoresBeforeLoads(const SeccompFilter::Program& program) {
  std::vector<uint16_t> known(program.size(), 0xffff);
  uint16_t valid = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    const Instruction& i = program[at];
    valid &= known[at];
    switch (i.code) {
      case BPF_ST:
      case BPF_STX:
        valid |= 1u << i.k;
        break;
      case BPF_LD | BPF_MEM:
      case BPF_LDX | BPF_MEM:
        if ((valid & (1u << i.k)) == 0) return false;
        break;
      case BPF_JMP | BPF_JA:
        known[at + 1 + i.k] &= valid;
        valid = 0xffff;
        break;
      default:
        if (BPF_CLASS(i.code) != BPF_JMP) break;
        known[at + 1 + i.jt] &= valid;
        known[at + 1 + i.jf] &= valid;
        valid = 0xffff;
    }
  }
  return true;
}

bool IsValid(const SeccompFilter::Program& program) {
  for (size_t at = 0; at < program.size(); ++at) {
    const size_t left = program.size() - at - 1;
    if (!IsAllowed(program[at]) || !JumpsInside(program[at], left)) {
      return false;
    }
  }
  return BPF_CLASS(program.back().code) == BPF_RET &&
         StoresBeforeLoads(program);
}

// `a` op `b`; the shifts are the CPU's.
uint32_t Compute(uint16_t operation, uint32_t a, uint32_t b) {
  switch (operation) {
    case BPF_ADD:
      return a + b;
    case BPF_SUB:
      return a - b;
    case BPF_MUL:
      return a * b;
    case BPF_DIV:
      return a / b;
    case BPF_AND:
      return a & b;
    case BPF_OR:
      return a | b;
    case BPF_XOR:
      return a ^ b;
    case BPF_LSH:
      return a << (b & 31);
    case BPF_RSH:
      return a >> (b & 31);
    default:
      return -a;
  }
}

bool Compare(uint16_t operation, uint32_t a, uint32_t b) {
  switch (operation) {
    case BPF_JEQ:
      return a == b;
    case BPF_JGT:
      return a > b;
    case BPF_JGE:
      return a >= b;
    default:
      return (a & b) != 0;
  }
}

// The value that a load of either register loads.
uint32_t Load(const Instruction& i, const abi::seccomp_data& data,
              const std::array<uint32_t, kWords>& words) {
  switch (BPF_MODE(i.code)) {
    case BPF_IMM:
      return i.k;
    case BPF_MEM:
      return words[i.k];
    case BPF_LEN:
      return sizeof(data);
    default: {
      uint32_t word;
      memcpy(&word, reinterpret_cast<const char*>(&data) + i.k, sizeof(word));
      return word;
    }
  }
}

int32_t ActionOf(uint32_t value) {
  return static_cast<int32_t>(value & SECCOMP_RET_ACTION_FULL);
}

}  // namespace

SeccompFilter::SeccompFilter(Program program, Ref previous)
    : program_(std::move(program)),
      previous_(std::move(previous)),
      count_(previous_ == nullptr ? 1 : previous_->count_ + 1),
      cost_(program_.size() +
            (previous_ == nullptr ? 0 : previous_->cost_ + kCostOfEach)) {}

// A long chain ends one by one, and not by recursion.
SeccompFilter::~SeccompFilter() {
  Ref next = std::move(previous_);
  while (next != nullptr && next.use_count() == 1) {
    next = std::move(const_cast<SeccompFilter&>(*next).previous_);
  }
}

Result<SeccompFilter::Ref> SeccompFilter::Create(Program program,
                                                 Ref previous) {
  if (!IsValid(program)) return Errno(EINVAL);
  Ref filter(new SeccompFilter(std::move(program), std::move(previous)));
  if (filter->cost_ > kMostCost) return Errno(ENOMEM);
  return filter;
}

bool SeccompFilter::Extends(const SeccompFilter* other) const {
  for (const SeccompFilter* f = this; f != nullptr; f = f->previous_.get()) {
    if (f == other) return true;
  }
  return other == nullptr;
}

uint32_t SeccompFilter::Run(const abi::seccomp_data& data) const {
  uint32_t result = SECCOMP_RET_ALLOW;
  for (const SeccompFilter* f = this; f != nullptr; f = f->previous_.get()) {
    const uint32_t said = f->RunOne(data);
    if (ActionOf(said) < ActionOf(result)) result = said;
  }
  return result;
}

uint32_t SeccompFilter::RunOne(const abi::seccomp_data& data) const {
  uint32_t a = 0, x = 0;
  std::array<uint32_t, kWords> words = {};
  for (size_t at = 0;; ++at) {
    const Instruction& i = program_[at];
    const uint32_t operand = BPF_SRC(i.code) == BPF_X ? x : i.k;
    switch (BPF_CLASS(i.code)) {
      case BPF_LD:
        a = Load(i, data, words);
        break;
      case BPF_LDX:
        x = Load(i, data, words);
        break;
      case BPF_ST:
        words[i.k] = a;
        break;
      case BPF_STX:
        words[i.k] = x;
        break;
      case BPF_ALU:
        // Division by zero is the end.
        if (BPF_OP(i.code) == BPF_DIV && operand == 0) return 0;
        a = Compute(BPF_OP(i.code), a, operand);
        break;
      case BPF_JMP:
        if (BPF_OP(i.code) == BPF_JA) {
          at += i.k;
        } else {
          at += Compare(BPF_OP(i.code), a, operand) ? i.jt : i.jf;
        }
        break;
      case BPF_RET:
        return BPF_RVAL(i.code) == BPF_A ? a : i.k;
      default:  // BPF_MISC
        if (BPF_MISCOP(i.code) == BPF_TAX) {
          x = a;
        } else {
          a = x;
        }
    }
  }
}

}  // namespace emu
