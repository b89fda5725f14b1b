// SPDX-License-Identifier: Apache-2.0

#include "kernel/syscall.h"

#include <optional>
#include <type_traits>
#include <utility>

#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/seccomp.h"
#include "kernel/signal/mask.h"
#include "kernel/signal/posix_timers.h"
#include "kernel/signal/send.h"
#include "kernel/task.h"

namespace emu {
namespace {

// What a register means as a parameter. Integers are cut to their own width, as
// a C function of the kernel would see them.
template <typename T>
T FromRegister(uint64_t value) {
  if constexpr (std::is_same_v<T, Fd>) {
    return Fd{static_cast<int32_t>(value)};
  } else {
    return static_cast<T>(value);
  }
}

template <typename T>
int64_t ToRegister(const T& value) {
  if constexpr (std::is_same_v<T, Fd>) {
    return value.value;
  } else {
    return static_cast<int64_t>(value);
  }
}

template <auto Handler>
struct Thunk;

template <typename R, typename... P, Result<R> (*Handler)(Task&, P...)>
struct Thunk<Handler> {
  static_assert(sizeof...(P) <= 6);
  static Result<int64_t> Call(Task& task,
                              const std::array<uint64_t, 6>& args) {
    return CallWith(task, args, std::index_sequence_for<P...>());
  }
  template <size_t... I>
  static Result<int64_t> CallWith(
      Task& task, [[maybe_unused]] const std::array<uint64_t, 6>& args,
      std::index_sequence<I...>) {
    Result<R> result = Handler(task, FromRegister<P>(args[I])...);
    if (!result.ok()) return result.error();
    if constexpr (std::is_void_v<R>) {
      return int64_t{0};
    } else {
      return ToRegister(*result);
    }
  }
};

// Entries by name, as constants; the ISA's list of numbers picks them, and does
// not compile where one lacks its row.
namespace entries {
#define SYSCALL(name, result, ...)                                     \
  constexpr SyscallEntry e_##name = {                                   \
      #name,   SyscallEntry::Kind::kServed, "", #__VA_ARGS__,           \
      #result, 0,                           &Thunk<&sys_##name>::Call};
#define PARTIAL(name, missing, result, ...)                             \
  constexpr SyscallEntry e_##name = {                                   \
      #name,   SyscallEntry::Kind::kPartial, missing, #__VA_ARGS__,     \
      #result, 0,                            &Thunk<&sys_##name>::Call};
#define REFUSED(name, error, why)                                       \
  constexpr SyscallEntry e_##name = {                                   \
      #name, SyscallEntry::Kind::kRefused, why, "", "void", error, nullptr};
#include "kernel/syscalls/table.inc"
#undef SYSCALL
#undef PARTIAL
#undef REFUSED

constexpr std::array<const SyscallEntry*, kSyscallNumbers> MakeTable() {
  std::array<const SyscallEntry*, kSyscallNumbers> table = {};
#define NR(number, name) table[number] = &e_##name;
#include "arch/isa/syscall_numbers.inc"
#undef NR
  return table;
}

}  // namespace entries

constexpr std::array<const SyscallEntry*, kSyscallNumbers> kTable =
    entries::MakeTable();

void CountRefused(Task& task, const PendingSyscall& call) {
  task.kernel().refused()[call.entry != nullptr
                              ? std::string(call.entry->name)
                              : "syscall_" + std::to_string(call.number)]++;
}

Result<int64_t> Serve(Task& task) {
  PendingSyscall& call = task.pending();
  if (call.entry == nullptr) {
    CountRefused(task, call);
    return Errno(ENOSYS);
  }
  if (call.entry->call == nullptr) {
    CountRefused(task, call);
    return Errno(call.entry->error);
  }
  return call.entry->call(task, call.args);
}

Result<int64_t> ServeOrRefuse(Task& task, bool foreign) {
  if (JudgesCalls(task)) {
    std::optional<Result<int64_t>> judged = JudgeCall(task, foreign);
    if (judged) return *std::move(judged);
  }
  return Serve(task);
}

void EmitCall(Task& task, Event::Kind kind, int64_t result) {
  const PendingSyscall& call = task.pending();
  Event event{.kind = kind};
  event.number = call.number;
  event.entry = call.entry;
  event.args = call.args;
  event.result = result;
  task.kernel().EmitEvent(event, task);
}

// Whether the value asks delivery to choose between EINTR and a restart.
bool IsRestart(int64_t value) {
  return value <= -ERESTARTSYS && value >= -ERESTART_RESTARTBLOCK;
}

void Answer(Task& task, int64_t value) {
  PendingSyscall& call = task.pending();
  if (IsRestart(value)) {
    task.interrupted = value;
    if (value == -ERESTART_RESTARTBLOCK) {
      task.restart = {call.entry, call.args, call.deadline};
    }
  } else {
    task.cpu().SetResult(value);
    // A call that waited with another mask and was not ended by a signal puts
    // its own back at once; after EINTR the handler runs with the other one.
    if (task.saved_mask && value != -EINTR) RestoreSignalMask(task);
  }
  EmitCall(task, Event::Kind::kExit, value);
  call.active = false;
  call.scratch.reset();
}

// The handler ran: its answer is the guest's, unless it waits, or there is
// nobody to answer any more. A wait that a signal is due in ends as it began.
void Finish(Task& task, const Result<int64_t>& result) {
  if (result.ok()) return Answer(task, *result);
  PendingSyscall& call = task.pending();
  if (result.error() == kNoReturn) {
    call.active = false;
    call.scratch.reset();
    return;
  }
  if (result.error() != kBlocked) return Answer(task, -result.error().value());
  if (!(call.killable_only ? HasFatalSignal(task) : HasSignal(task))) {
    task.Park();
    EmitCall(task, Event::Kind::kBlock, 0);
    return;
  }
  task.StopWaiting();
  if (call.scratch != nullptr) call.scratch->OnInterrupted(task);
  Answer(task, call.on_signal);
}

}  // namespace

const SyscallEntry* FindSyscall(uint64_t number) {
  return number < kSyscallNumbers ? kTable[number] : nullptr;
}

void BeginSyscall(Task& task, const Stop& stop) {
  PendingSyscall& call = task.pending();
  call.active = true;
  call.number = stop.number;
  call.entry = stop.foreign ? nullptr : FindSyscall(stop.number);
  call.args = stop.args;
  call.rerun = false;
  call.deadline = kNever;
  call.done = 0;
  call.on_signal = -ERESTARTSYS;
  call.killable_only = false;
  EmitCall(task, Event::Kind::kEnter, 0);
  Clock& clock = task.clock();
  const Nanos begin = clock.now();
  const Result<int64_t> result = ServeOrRefuse(task, stop.foreign);
  clock.Tick();
  if (task.state() != Task::State::kDead) {
    const Nanos half = (clock.now() - begin) / 2;
    ChargeCpu(task, half, half);
  }
  Finish(task, result);
}

void ResumeSyscall(Task& task) {
  task.pending().rerun = true;
  Finish(task, Serve(task));
}

}  // namespace emu
