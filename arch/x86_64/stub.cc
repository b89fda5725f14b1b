// SPDX-License-Identifier: Apache-2.0
#include "arch/isa/stub.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

// Addresses within the data page are relative to the code's own, so the code
// can lie here and run there. Offsets are StubPage's.
asm(R"(
  .pushsection .rodata
  .intel_syntax noprefix
  .balign 16
emu_stub_begin:
  .set page, emu_stub_begin + 4096
emu_stub_with_result:
  mov rax, [rip + page + 8]
emu_stub_batch:
  mov [rip + page + 16], rsp
  lea rsp, [rip + page + 512]
  pushfq
  push rax
  push rcx
  push rdx
  push rbx
  push rbp
  push rsi
  push rdi
  push r8
  push r9
  push r10
  push r11
  lea rbx, [rip + page + 512]
  mov rbp, [rip + page + 24]
1:
  mov rax, [rbx]
  mov rdi, [rbx + 8]
  mov rsi, [rbx + 16]
  mov rdx, [rbx + 24]
  mov r10, [rbx + 32]
  mov r8, [rbx + 40]
  mov r9, [rbx + 48]
  syscall
emu_stub_after_syscall:
  mov qword ptr [rbx + 40], 0
  mov qword ptr [rbx + 48], 0
  mov [rbx + 56], rax
  cmp rax, -4095
  jae 3f
  add rbx, 64
  dec rbp
  jnz 1b
2:
  pop r11
  pop r10
  pop r9
  pop r8
  pop rdi
  pop rsi
  pop rbp
  pop rbx
  pop rdx
  pop rcx
  pop rax
  popfq
  mov rsp, [rip + page + 16]
  jmp [rip + page]
emu_stub_trap:
  mov qword ptr [rip + page + 24], 0
  int3
3:                     # not to the guest: calls with the secret are left
  lea rax, [rip + emu_stub_trap]
  mov [rip + page], rax
  jmp 2b
emu_stub_end:
  .att_syntax prefix
  .popsection
)");

extern "C" {
extern const char emu_stub_begin[];
extern const char emu_stub_with_result[];
extern const char emu_stub_batch[];
extern const char emu_stub_after_syscall[];
extern const char emu_stub_trap[];
extern const char emu_stub_end[];
}

namespace emu::isa {
namespace {

GuestAddr InGuest(const char* label) {
  return kStubAddress + static_cast<GuestAddr>(label - emu_stub_begin);
}

constexpr uint32_t UpperHalfOfArg(int n) {
  return offsetof(seccomp_data, args) + n * 8 + 4;
}

}  // namespace

absl::string_view StubCode() {
  return absl::string_view(emu_stub_begin, emu_stub_end - emu_stub_begin);
}

GuestAddr StubBatch() { return InGuest(emu_stub_batch); }
GuestAddr StubWithResult() { return InGuest(emu_stub_with_result); }
GuestAddr StubTrap() { return InGuest(emu_stub_trap); }

// The secret is the upper half of an argument that the call does not use: the
// sixth, but for mmap, of whose descriptor the kernel reads the lower half.
std::vector<sock_filter> StubFilter(uint32_t secret) {
  const GuestAddr ip = InGuest(emu_stub_after_syscall);
  constexpr uint32_t kIp = offsetof(seccomp_data, instruction_pointer);
  return {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 10),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kIp),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(ip), 0, 8),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kIp + 4),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(ip >> 32), 0,
               6),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 2, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, UpperHalfOfArg(5)),
      BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, UpperHalfOfArg(4)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, secret, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
}

void Sign(StubCall& call, uint32_t secret) {
  const uint64_t half = static_cast<uint64_t>(secret) << 32;
  if (call.number == SYS_mmap) {
    call.args[4] = static_cast<uint32_t>(call.args[4]) | half;
  } else {
    call.args[5] = half;
  }
}

}  // namespace emu::isa
