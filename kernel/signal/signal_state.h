// SPDX-License-Identifier: Apache-2.0
//
// Signals as data: sets, the queue of those pending, dispositions. Sending is
// kernel/signal/send.h, delivery kernel/signal/deliver.h.

#ifndef KERNEL_SIGNAL_SIGNAL_STATE_H_
#define KERNEL_SIGNAL_SIGNAL_STATE_H_

#include <signal.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <list>
#include <optional>

#include "arch/signal_frame.h"
#include "arch/user_ptr.h"

namespace emu {

inline constexpr int kSignals = 64;
inline constexpr int kFirstRealtimeSignal = 32;

// Bit n-1 is signal n: the kernel's sigset_t.
using SignalSet = uint64_t;
constexpr SignalSet SignalBit(int signo) { return SignalSet{1} << (signo - 1); }
inline constexpr SignalSet kUnblockable =
    SignalBit(SIGKILL) | SignalBit(SIGSTOP);

// siginfo_t with its fields by name, in the wire layout of 64-bit Linux.
class Siginfo {
 public:
  Siginfo() { bytes_.fill(0); }
  explicit Siginfo(const SiginfoBytes& bytes) : bytes_(bytes) {}
  Siginfo(int signo, int code) : Siginfo() {
    Set<int32_t>(0, signo);
    Set<int32_t>(8, code);
  }
  // kill, tkill, sigqueue: SI_USER, SI_TKILL, SI_QUEUE.
  static Siginfo Kill(int signo, int code, Pid pid, uint32_t uid) {
    Siginfo info(signo, code);
    info.Set<int32_t>(16, pid);
    info.Set<uint32_t>(20, uid);
    return info;
  }
  static Siginfo Fault(const FaultInfo& fault) {
    Siginfo info(fault.signo, fault.code);
    info.Set<uint64_t>(16, fault.addr);
    return info;
  }
  // SIGCHLD: `code` is CLD_*, times in clock ticks.
  static Siginfo Child(int signo, int code, Pid pid, uint32_t uid, int status,
                       int64_t utime, int64_t stime) {
    Siginfo info = Kill(signo, code, pid, uid);
    info.Set<int32_t>(24, status);
    info.Set<int64_t>(32, utime);
    info.Set<int64_t>(40, stime);
    return info;
  }
  // timer_create's: SI_TIMER.
  static Siginfo TimerExpired(int signo, int timer_id, int overrun,
                              uint64_t value) {
    Siginfo info(signo, SI_TIMER);
    info.Set<int32_t>(16, timer_id);
    info.Set<int32_t>(20, overrun);
    info.Set<uint64_t>(24, value);
    return info;
  }

  int signo() const { return Get<int32_t>(0); }
  int error() const { return Get<int32_t>(4); }
  int code() const { return Get<int32_t>(8); }
  Pid pid() const { return Get<int32_t>(16); }
  uint32_t uid() const { return Get<uint32_t>(20); }
  uint64_t value() const { return Get<uint64_t>(24); }

  template <typename T>
  T Get(size_t at) const {
    T value;
    memcpy(&value, bytes_.data() + at, sizeof(value));
    return value;
  }
  template <typename T>
  void Set(size_t at, T value) {
    memcpy(bytes_.data() + at, &value, sizeof(value));
  }
  const SiginfoBytes& bytes() const { return bytes_; }

 private:
  SiginfoBytes bytes_;
};

// Signals sent and not yet taken: of a task, or of a whole process. Standard
// signals are kept once, real-time ones as often as they were sent.
class SignalQueue {
 public:
  SignalSet set() const { return set_; }
  bool Has(int signo) const { return (set_ & SignalBit(signo)) != 0; }
  size_t size() const { return queue_.size(); }
  // Adds it; false when it is a standard one that is pending already.
  bool Add(const Siginfo& info);
  // Takes the next one in `allowed`: synchronous faults first, then by number,
  // then in order of sending.
  std::optional<Siginfo> Take(SignalSet allowed);
  // Forgets all of these.
  void Discard(SignalSet set);
  // Those of timer_create's timer `id`.
  bool HasTimer(int id) const;
  void DiscardTimer(int id);

 private:
  SignalSet set_ = 0;
  std::list<Siginfo> queue_;
};

// sigaction(2), in the kernel's layout.
struct SignalAction {
  GuestAddr handler = 0;  // 0: SIG_DFL, 1: SIG_IGN
  uint64_t flags = 0;     // SA_*
  GuestAddr restorer = 0;
  SignalSet mask = 0;
};
static_assert(sizeof(SignalAction) == 32);

// Dispositions; shared with CLONE_SIGHAND.
struct SignalHandlers {
  std::array<SignalAction, kSignals> actions;
  SignalAction& of(int signo) { return actions[signo - 1]; }
};

}  // namespace emu

#endif  // KERNEL_SIGNAL_SIGNAL_STATE_H_
