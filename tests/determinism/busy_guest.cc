// SPDX-License-Identifier: Apache-2.0
//
// Computes for ever, in loops of several shapes, and says how far it came when
// SIGINT ends it. Usage: busy_guest SHAPE

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

namespace {

constexpr int kPage = 4096;
// Each counter on a page of its own, none of them on the stack's.
alignas(kPage) volatile uint64_t fast[kPage / sizeof(uint64_t)];
alignas(kPage) volatile uint64_t slow[kPage / sizeof(uint64_t)];
volatile uint64_t* shared = nullptr;

// All that the interrupted code had, and memory.
void Tell(int, siginfo_t*, void* context) {
  const auto& regs = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  uint64_t digest = 0;
  for (int reg = REG_R8; reg <= REG_RIP; ++reg) {
    digest = digest * 31 + static_cast<uint64_t>(regs[reg]);
  }
  printf("r12 %llu, registers %llx, fast %llu, slow %llu, shared %llu\n",
         static_cast<unsigned long long>(regs[REG_R12]),
         static_cast<unsigned long long>(digest),
         static_cast<unsigned long long>(fast[0]),
         static_cast<unsigned long long>(slow[0]),
         static_cast<unsigned long long>(*shared));
  fflush(stdout);
  _exit(3);
}

// Nothing changes but registers.
void CountInRegister() {
  asm volatile(R"(
    xor %%r12d, %%r12d
  1:
    inc %%r12
    mov $300, %%ecx
  2:
    dec %%ecx
    jnz 2b
    jmp 1b
  )" ::: "r12", "rcx", "memory");
}

// Registers are the same in each round.
void CountInMemory(volatile uint64_t* counter) {
  asm volatile(R"(
  1:
    mov $300, %%ecx
  2:
    dec %%ecx
    jnz 2b
    incq (%0)
    jmp 1b
  )" ::"r"(counter)
               : "rcx", "memory");
}

// The inner counter starts again, and all it leaves is in the outer one.
void CountNested() {
  for (;;) {
    fast[0] = 0;
    while (fast[0] < 1000) {
      for (int i = 0; i < 100; ++i) asm volatile("");
      fast[0] = fast[0] + 1;
    }
    slow[0] = slow[0] + 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  shared = static_cast<volatile uint64_t*>(
      mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
           -1, 0));
  struct sigaction action = {};
  action.sa_sigaction = Tell;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGINT, &action, nullptr);
  const char* shape = argc == 2 ? argv[1] : "";
  puts("begun");
  fflush(stdout);
  if (strcmp(shape, "register") == 0) CountInRegister();
  if (strcmp(shape, "memory") == 0) CountInMemory(fast);
  if (strcmp(shape, "shared") == 0) CountInMemory(shared);
  if (strcmp(shape, "nested") == 0) CountNested();
  return 1;
}
