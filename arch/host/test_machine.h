// SPDX-License-Identifier: Apache-2.0
//
// For tests of the host's machine: a machine with its surroundings, and guests
// that run pieces of this test program's own assembly.

#ifndef ARCH_HOST_TEST_MACHINE_H_
#define ARCH_HOST_TEST_MACHINE_H_

#include <sys/mman.h>
#include <sys/syscall.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "arch/host/host_page_store.h"
#include "arch/host/host_signals.h"
#include "arch/host/ptrace_machine.h"
#include "arch/machine.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

// Defines `name`, the bytes of some assembly (Intel's syntax) that is copied
// into guests: it must not care where it lies.
#define GUEST_CODE(name, code)                                     \
  extern "C" {                                                     \
  extern const char guest_##name##_begin[];                        \
  extern const char guest_##name##_end[];                          \
  }                                                                \
  asm(".pushsection .rodata\n.intel_syntax noprefix\nguest_" #name \
      "_begin:\n" code "\nguest_" #name                            \
      "_end:\n.att_syntax prefix\n.popsection\n");                 \
  const absl::string_view name(                                    \
      guest_##name##_begin,                                        \
      static_cast<size_t>(guest_##name##_end - guest_##name##_begin));

namespace emu {

inline constexpr GuestAddr kCode = 0x400000;
inline constexpr GuestAddr kData = 0x500000;
inline constexpr GuestAddr kStack = 0x7ffff0000000;
inline constexpr uint64_t kStackSize = 0x10000;

// Everything that a machine needs; one at a time.
struct TestMachine {
  explicit TestMachine(HostMachineOptions options = {}) {
    auto made_signals = HostSignals::Install();
    EXPECT_TRUE(made_signals.ok()) << made_signals.status();
    signals = *std::move(made_signals);
    auto made_pages = HostPageStore::Create();
    EXPECT_TRUE(made_pages.ok()) << made_pages.status();
    pages = *std::move(made_pages);
    options.signals = signals.get();
    options.page_store = pages.get();
    auto made = HostMachine::Create(options);
    EXPECT_TRUE(made.ok()) << made.status();
    machine = *std::move(made);
  }

  // A process with `code` mapped, a page of data and a stack, about to start.
  Machine::Guest Start(absl::string_view code) {
    Result<Machine::Guest> made = machine->NewProcess();
    EXPECT_TRUE(made.ok());
    Machine::Guest guest = std::move(made).Take();
    Load(guest, code);
    return guest;
  }
  static void Load(Machine::Guest& guest, absl::string_view code) {
    AddressSpace& memory = *guest.memory;
    constexpr int kAll = PROT_READ | PROT_WRITE;
    memory.Map({kCode, PageUp(code.size()), kAll, false, {}});
    EXPECT_EQ(memory.CopyOut(kCode, code.data(), code.size()), code.size());
    memory.Protect(kCode, PageUp(code.size()), PROT_READ | PROT_EXEC);
    memory.Map({kData, kPageSize, kAll, false, {}});
    memory.Map({kStack - kStackSize, kStackSize, kAll, false, {}});
    guest.cpu->Reset(kCode, kStack);
  }

  // The host's processes that this test has as children, oldest first: the
  // zygote, then guests.
  static std::vector<pid_t> Children() {
    std::vector<pid_t> pids;
    std::ifstream file("/proc/thread-self/children");
    for (pid_t pid; file >> pid;) pids.push_back(pid);
    return pids;
  }

  std::unique_ptr<HostSignals> signals;
  std::unique_ptr<HostPageStore> pages;
  std::unique_ptr<HostMachine> machine;
};

// The one guest process.
inline pid_t OnlyChild(const TestMachine&) {
  std::vector<pid_t> pids = TestMachine::Children();
  EXPECT_EQ(pids.size(), 2u);
  return pids.back();
}

template <typename T>
T Peek(AddressSpace& memory, GuestAddr addr) {
  T value = {};
  EXPECT_EQ(memory.CopyIn(&value, addr, sizeof(value)), sizeof(value));
  return value;
}

template <typename T>
void Poke(AddressSpace& memory, GuestAddr addr, const T& value) {
  EXPECT_EQ(memory.CopyOut(addr, &value, sizeof(value)), sizeof(value));
}

MATCHER_P(IsSyscall, number, "") {
  return arg.kind == Stop::Kind::kSyscall && !arg.foreign &&
         arg.number == static_cast<uint64_t>(number);
}

MATCHER_P2(IsFault, signo, code, "") {
  return arg.kind == Stop::Kind::kFault && arg.fault.signo == signo &&
         arg.fault.code == code;
}

inline void PrintTo(const Stop& stop, std::ostream* os) {
  *os << "Stop{kind " << static_cast<int>(stop.kind) << ", number "
      << stop.number << ", arg0 " << stop.args[0] << ", signo "
      << stop.fault.signo << ", code " << stop.fault.code << ", addr 0x"
      << std::hex << stop.fault.addr << std::dec << "}";
}

}  // namespace emu

#endif  // ARCH_HOST_TEST_MACHINE_H_
