// SPDX-License-Identifier: Apache-2.0
//
// What the host charges for each thing that a guest does. README.md quotes it.

#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <memory>
#include <vector>

#include "arch/host/host_page_store.h"
#include "arch/host/host_signals.h"
#include "arch/host/ptrace_machine.h"

namespace emu {
namespace {

constexpr GuestAddr kCode = 0x400000;
constexpr GuestAddr kHeap = 0x10000000;
constexpr int kReadWrite = PROT_READ | PROT_WRITE;
// 1: mov eax, 39; syscall; jmp 1b
constexpr unsigned char kCallsForEver[] = {0xb8, 39,   0,    0,   0,
                                           0x0f, 0x05, 0xeb, 0xf7};
struct Host {
  explicit Host(GuestMemory::Mode mode = GuestMemory::Mode::kBest) {
    signals = *HostSignals::Install();
    pages = *HostPageStore::Create();
    HostMachineOptions options;
    options.signals = signals.get();
    options.page_store = pages.get();
    options.memory_mode = mode;
    options.trap_tsc = false;  // the benchmark reads clocks
    machine = *HostMachine::Create(options);
  }

  Machine::Guest Start() {
    Machine::Guest guest = machine->NewProcess().Take();
    guest.memory->Map({kCode, kPageSize, kReadWrite | PROT_EXEC, false, {}});
    guest.memory->CopyOut(kCode, kCallsForEver, sizeof(kCallsForEver));
    guest.cpu->Reset(kCode, 0x500000);
    return guest;
  }

  std::unique_ptr<HostSignals> signals;
  std::unique_ptr<HostPageStore> pages;
  std::unique_ptr<HostMachine> machine;
};

void BM_StartMachine(benchmark::State& state) {
  for (auto _ : state) Host host;
}
BENCHMARK(BM_StartMachine);

void BM_Syscall(benchmark::State& state) {
  Host host;
  Machine::Guest guest = host.Start();
  for (auto _ : state) {
    guest.cpu->Run({});
    guest.cpu->SetResult(0);
  }
}
BENCHMARK(BM_Syscall);

void BM_SyscallWithSlice(benchmark::State& state) {
  Host host;
  Machine::Guest guest = host.Start();
  for (auto _ : state) {
    guest.cpu->Run({.slice = true});
    guest.cpu->SetResult(0);
  }
}
BENCHMARK(BM_SyscallWithSlice);

// A call that maps and one that unmaps `range(0)` pages.
void BM_SyscallsThatMapAndUnmap(benchmark::State& state) {
  Host host;
  Machine::Guest guest = host.Start();
  const uint64_t length = kPageSize * static_cast<uint64_t>(state.range(0));
  for (auto _ : state) {
    guest.cpu->Run({});
    guest.memory->Map({kHeap, length, kReadWrite, false, {}});
    guest.cpu->SetResult(0);
    guest.cpu->Run({});
    guest.memory->Unmap(kHeap, length);
    guest.cpu->SetResult(0);
  }
}
BENCHMARK(BM_SyscallsThatMapAndUnmap)->Arg(1);

// A call that makes `range(0)` changes.
void BM_SyscallWithChanges(benchmark::State& state) {
  Host host;
  Machine::Guest guest = host.Start();
  for (auto _ : state) {
    guest.cpu->Run({});
    for (int64_t i = 0; i < state.range(0); ++i) {
      guest.memory->Map({kHeap, kPageSize, kReadWrite, false, {}});
    }
    guest.cpu->SetResult(0);
  }
}
BENCHMARK(BM_SyscallWithChanges)->Arg(1)->Arg(2)->Arg(16);

void BM_Step(benchmark::State& state) {
  Host host;
  Machine::Guest guest = host.Start();
  for (auto _ : state) guest.cpu->Run({.step = true});
}
BENCHMARK(BM_Step);

void BM_ForkAndEnd(benchmark::State& state) {
  Host host;
  Machine::Guest guest = host.Start();
  guest.memory->Map({kHeap, 256 * kPageSize, kReadWrite, false, {}});
  std::vector<char> touched(256 * kPageSize, 'x');
  guest.memory->CopyOut(kHeap, touched.data(), touched.size());
  guest.cpu->Run({});
  for (auto _ : state) {
    Machine::Guest child = host.machine->Fork(*guest.memory, *guest.cpu).Take();
    child.cpu->SetResult(0);
    child.cpu->Run({});
  }
}
BENCHMARK(BM_ForkAndEnd);

void BM_NewProcessAndEnd(benchmark::State& state) {
  Host host;
  for (auto _ : state) {
    Machine::Guest guest = host.Start();
    guest.cpu->Run({});
  }
}
BENCHMARK(BM_NewProcessAndEnd);

void BM_NewThreadAndEnd(benchmark::State& state) {
  Host host;
  Machine::Guest guest = host.Start();
  guest.cpu->Run({});
  for (auto _ : state) {
    auto thread = host.machine->NewThread(guest.memory, *guest.cpu).Take();
    thread->SetResult(0);
    thread->Run({});
  }
}
BENCHMARK(BM_NewThreadAndEnd);

void BM_GuestCopy(benchmark::State& state) {
  Host host(static_cast<GuestMemory::Mode>(state.range(0)));
  Machine::Guest guest = host.Start();
  std::vector<char> bytes(static_cast<size_t>(state.range(1)), 'x');
  guest.memory->Map({kHeap, PageUp(bytes.size()), kReadWrite, false, {}});
  guest.memory->CopyOut(kHeap, bytes.data(), bytes.size());
  for (auto _ : state) {
    guest.memory->CopyIn(bytes.data(), kHeap, bytes.size());
  }
}
BENCHMARK(BM_GuestCopy)
    ->ArgNames({"mode", "bytes"})
    ->ArgsProduct({{1, 2, 3}, {8, 64, 4096}})
    ->ArgsProduct({{1, 2}, {16384, 65536, 1 << 20}});

// The same between a guest and the page store; fresh pages are those that the
// store has yet to get.
void BM_StoreCopy(benchmark::State& state) {
  enum { kIn, kOut, kInFresh };
  const int64_t kind = state.range(0);
  Host host;
  Machine::Guest guest = host.Start();
  const uint64_t size = static_cast<uint64_t>(state.range(1));
  const uint64_t store = host.pages->Reserve(PageUp(size)).Take();
  guest.memory->Map({kHeap, PageUp(size), kReadWrite, false, {}});
  guest.cpu->Run({});
  for (auto _ : state) {
    if (kind == kOut) {
      guest.memory->CopyOut(kHeap, host.pages->At(store), size);
    } else {
      guest.memory->CopyIn(host.pages->At(store), kHeap, size);
    }
    if (kind == kInFresh) {
      state.PauseTiming();
      host.pages->Free(store, PageUp(size));
      state.ResumeTiming();
    }
  }
}
BENCHMARK(BM_StoreCopy)
    ->ArgNames({"kind", "bytes"})
    ->ArgsProduct({{0, 1, 2},
                   {16 << 10, 32 << 10, 64 << 10, 192 << 10, 256 << 10,
                    1 << 20}});

}  // namespace
}  // namespace emu

BENCHMARK_MAIN();
