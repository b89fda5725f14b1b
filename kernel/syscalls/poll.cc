// SPDX-License-Identifier: Apache-2.0

#include "arch/abi/poll.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "kernel/process.h"
#include "kernel/signal/send.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/poll_wait.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

// What poll was asked; read once.
struct PollCall : CallScratch {
  std::vector<abi::pollfd> fds;
};

constexpr uint32_t kAlways = POLLERR | POLLHUP;

// The file that a descriptor names for polling; null when it names none.
FileDescription* PolledFile(Task& task, int fd) {
  FileDescription* file = task.files->Peek(Fd{fd});
  return file == nullptr || file->path_only() ? nullptr : file;
}

int CountReady(Task& task, std::vector<abi::pollfd>& fds) {
  int ready = 0;
  for (abi::pollfd& p : fds) {
    p.revents = 0;
    if (p.fd < 0) continue;
    FileDescription* file = PolledFile(task, p.fd);
    p.revents = file == nullptr
                    ? POLLNVAL
                    : file->Poll(task) & (uint16_t(p.events) | kAlways);
    if (p.revents != 0) ++ready;
  }
  return ready;
}

Errno WaitForAny(Task& task, const std::vector<abi::pollfd>& fds) {
  for (const abi::pollfd& p : fds) {
    if (p.fd < 0) continue;
    WaitQueue* queue = PolledFile(task, p.fd)->wait_queue();
    if (queue != nullptr) task.WaitOn(*queue, uint16_t(p.events) | kAlways);
  }
  return task.Block();
}

// poll and ppoll; `interrupted` is what a signal turns the wait into.
Result<int> PollFiles(Task& task, UserPtr<abi::pollfd> fds, uint32_t count,
                      int interrupted) {
  PendingSyscall& call = task.pending();
  if (call.scratch == nullptr) {
    if (count > task.process().limit(RLIMIT_NOFILE)) return Errno(EINVAL);
    auto scratch = std::make_unique<PollCall>();
    scratch->fds = TRY(task.ReadArray(fds, count));
    call.scratch = std::move(scratch);
  }
  std::vector<abi::pollfd>& asked = static_cast<PollCall&>(*call.scratch).fds;
  const int ready = CountReady(task, asked);
  if (ready == 0 && !WaitIsOver(task)) {
    task.OnSignal(interrupted);
    return WaitForAny(task, asked);
  }
  TRY(task.WriteArray<abi::pollfd>(fds, asked));
  if (ready == 0 && HasSignal(task)) return Errno(interrupted);
  return ready;
}

// The three sets of select(2), in order: readable, writable, exceptional.
constexpr std::array<uint32_t, 3> kSetEvents = {
    POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR | POLLNVAL,
    POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR | POLLNVAL,
    POLLPRI | POLLNVAL,
};
using FdSet = std::vector<uint64_t>;
using FdSets = std::array<FdSet, 3>;
using FdSetPtrs = std::array<UserPtr<uint64_t>, 3>;

struct SelectCall : CallScratch {
  FdSets asked;
};

bool Has(const FdSet& set, int fd) {
  return !set.empty() && (set[fd / 64] >> (fd % 64) & 1) != 0;
}

// Descriptors that a table of this many slots has room for, as Linux grows it:
// those beyond are not looked at.
int TableRoom(int slots) {
  if (slots <= 64) return 64;
  return std::bit_ceil(static_cast<unsigned>((slots - 1) / 128 + 1)) * 128;
}

// Which events are waited for on `fd`; 0: none.
uint32_t Wanted(const FdSets& sets, int fd) {
  uint32_t events = 0;
  for (int i = 0; i < 3; ++i) {
    if (Has(sets[i], fd)) events |= kSetEvents[i];
  }
  return events;
}

// Sets `found` to those of `asked` that hold now, and counts them. EBADF.
Result<int> SelectReady(Task& task, int count, const FdSets& asked,
                        FdSets& found) {
  int ready = 0;
  for (int i = 0; i < 3; ++i) found[i].assign(asked[i].size(), 0);
  for (int fd = 0; fd < count; ++fd) {
    if (Wanted(asked, fd) == 0) continue;
    FileDescription* file = PolledFile(task, fd);
    if (file == nullptr) return Errno(EBADF);
    const uint32_t events = file->Poll(task);
    for (int i = 0; i < 3; ++i) {
      if (!Has(asked[i], fd) || (events & kSetEvents[i]) == 0) continue;
      found[i][fd / 64] |= uint64_t{1} << (fd % 64);
      ++ready;
    }
  }
  return ready;
}

Result<int> SelectFiles(Task& task, int count, const FdSetPtrs& sets) {
  PendingSyscall& call = task.pending();
  if (count < 0) return Errno(EINVAL);
  count = std::min(count, TableRoom(task.files->size()));
  if (call.scratch == nullptr) {
    auto scratch = std::make_unique<SelectCall>();
    for (int i = 0; i < 3; ++i) {
      if (!sets[i]) continue;
      scratch->asked[i] = TRY(task.ReadArray(sets[i], (count + 63) / 64));
    }
    call.scratch = std::move(scratch);
  }
  const FdSets& asked = static_cast<SelectCall&>(*call.scratch).asked;
  for (const FdSet& set : asked) {
    // The table cannot have shrunk; the copy is as long as it was then.
    if (!set.empty()) count = std::min<int>(count, set.size() * 64);
  }
  FdSets found;
  const int ready = TRY(SelectReady(task, count, asked, found));
  if (ready == 0 && HasSignal(task)) return Errno(ERESTARTNOHAND);
  if (ready == 0 && !task.DeadlinePassed()) {
    for (int fd = 0; fd < count; ++fd) {
      const uint32_t events = Wanted(asked, fd);
      if (events == 0) continue;
      WaitQueue* queue = PolledFile(task, fd)->wait_queue();
      if (queue != nullptr) task.WaitOn(*queue, events);
    }
    task.OnSignal(ERESTARTNOHAND);
    return task.Block();
  }
  for (int i = 0; i < 3; ++i) {
    if (sets[i]) TRY(task.WriteArray<uint64_t>(sets[i], found[i]));
  }
  return ready;
}

}  // namespace

// poll(2).
Result<int> sys_poll(Task& task, UserPtr<abi::pollfd> fds, uint32_t nfds,
                     int timeout) {
  if (timeout >= 0) LimitWait(task, Nanos{timeout} * 1'000'000);
  return PollFiles(task, fds, nfds, ERESTART_RESTARTBLOCK);
}

// ppoll(2).
Result<int> sys_ppoll(Task& task, UserPtr<abi::pollfd> fds, uint32_t nfds,
                      UserPtr<abi::timespec> timeout,
                      UserPtr<const uint64_t> sigmask, size_t sigsetsize) {
  const std::optional<Nanos> limit =
      TRY(ReadTimeout(task, timeout.As<const abi::timespec>()));
  TRY(UseMaskWhileWaiting(task, sigmask, sigsetsize));
  LimitWait(task, limit);
  const Result<int> result = PollFiles(task, fds, nfds, ERESTARTNOHAND);
  if (!timeout || limit == Nanos{0}) return result;
  return WithTimeLeft(task, result, [&](Nanos left) {
    return task.Write(timeout, ToTimespec(left));
  });
}

// select(2).
Result<int> sys_select(Task& task, int nfds, UserPtr<uint64_t> readfds,
                       UserPtr<uint64_t> writefds, UserPtr<uint64_t> exceptfds,
                       UserPtr<abi::timeval> timeout) {
  std::optional<Nanos> limit;
  if (timeout && !task.pending().rerun) {
    const abi::timeval time = TRY(task.Read(timeout));
    limit = TRY(FromTimespec({time.tv_sec + time.tv_usec / 1'000'000,
                              time.tv_usec % 1'000'000 * 1000}));
  }
  LimitWait(task, limit);
  const Result<int> result =
      SelectFiles(task, nfds, {readfds, writefds, exceptfds});
  if (!timeout || limit == Nanos{0}) return result;
  return WithTimeLeft(task, result, [&](Nanos left) {
    return task.Write(timeout, ToTimeval(left));
  });
}

// pselect6(2): the raw call, which does change the timeout.
Result<int> sys_pselect6(Task& task, int nfds, UserPtr<uint64_t> readfds,
                         UserPtr<uint64_t> writefds,
                         UserPtr<uint64_t> exceptfds,
                         UserPtr<abi::timespec> timeout,
                         UserPtr<const abi::sigset_argpack> sigmask) {
  abi::sigset_argpack mask = {};
  if (sigmask && !task.pending().rerun) mask = TRY(task.Read(sigmask));
  const std::optional<Nanos> limit =
      TRY(ReadTimeout(task, timeout.As<const abi::timespec>()));
  TRY(UseMaskWhileWaiting(task, UserPtr<const SignalSet>(mask.mask),
                          mask.size));
  LimitWait(task, limit);
  const Result<int> result =
      SelectFiles(task, nfds, {readfds, writefds, exceptfds});
  if (!timeout || limit == Nanos{0}) return result;
  return WithTimeLeft(task, result, [&](Nanos left) {
    return task.Write(timeout, ToTimespec(left));
  });
}

}  // namespace emu
