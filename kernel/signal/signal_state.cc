// SPDX-License-Identifier: Apache-2.0

#include "kernel/signal/signal_state.h"

namespace emu {
namespace {
// What an instruction raised comes before what others sent: SYNCHRONOUS_MASK in
// kernel/signal.c.
constexpr SignalSet kSynchronous =
    SignalBit(SIGSEGV) | SignalBit(SIGBUS) | SignalBit(SIGILL) |
    SignalBit(SIGTRAP) | SignalBit(SIGFPE) | SignalBit(SIGSYS);

bool IsOfTimer(const Siginfo& info, int id) {
  return info.code() == SI_TIMER && info.pid() == id;
}

}  // namespace

bool SignalQueue::Add(const Siginfo& info) {
  const int signo = info.signo();
  if (signo < kFirstRealtimeSignal && Has(signo)) return false;
  set_ |= SignalBit(signo);
  queue_.push_back(info);
  return true;
}

std::optional<Siginfo> SignalQueue::Take(SignalSet allowed) {
  SignalSet ready = set_ & allowed;
  if (ready == 0) return std::nullopt;
  if ((ready & kSynchronous) != 0) ready &= kSynchronous;
  const int signo = __builtin_ctzll(ready) + 1;
  std::optional<Siginfo> taken;
  bool more = false;
  for (auto it = queue_.begin(); it != queue_.end();) {
    if (it->signo() != signo) {
      ++it;
    } else if (!taken) {
      taken = *it;
      it = queue_.erase(it);
    } else {
      more = true;
      break;
    }
  }
  if (!more) set_ &= ~SignalBit(signo);
  return taken;
}

void SignalQueue::Discard(SignalSet set) {
  set_ &= ~set;
  queue_.remove_if([set](const Siginfo& info) {
    return (SignalBit(info.signo()) & set) != 0;
  });
}

bool SignalQueue::HasTimer(int id) const {
  for (const Siginfo& info : queue_) {
    if (IsOfTimer(info, id)) return true;
  }
  return false;
}

void SignalQueue::DiscardTimer(int id) {
  queue_.remove_if([id](const Siginfo& info) { return IsOfTimer(info, id); });
  set_ = 0;
  for (const Siginfo& info : queue_) set_ |= SignalBit(info.signo());
}

}  // namespace emu
